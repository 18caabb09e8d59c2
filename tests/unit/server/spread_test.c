/* Percentiles from counts by magnitude. */
#include "server/spread.h"

#include <math.h>

#include "tests/unit/test.h"

static bool is_near(double value, double wanted)
{
    return fabs(value - wanted) <= wanted * 0.016;
}

TEST(a_percentile_is_right_to_within_a_sixtieth)
{
    struct spread spread = { .at = NULL };
    static const double percents[] = { 1, 10, 50, 90, 99, 100 };
    for (int i = 1; i <= 200; i++)
        spread_add(&spread, i, 1);
    for (size_t i = 0; i < COUNT(percents); i++) {
        double value = spread_percentile(&spread, percents[i]);
        if (!is_near(value, 2 * percents[i]) && fabs(value - 2 * percents[i]) > 2)
            fail_msg("p%g is %g", percents[i], value);
    }
    spread_free(&spread);
}

TEST(values_of_every_size_keep_their_order)
{
    struct spread spread = { .at = NULL };
    spread_add(&spread, 0, 5);
    spread_add(&spread, 1e-6, 5);
    spread_add(&spread, 1e12, 10);
    assert_true(spread_percentile(&spread, 25) <= 0);
    assert_true(is_near(spread_percentile(&spread, 50), 1e-6));
    assert_true(is_near(spread_percentile(&spread, 51), 1e12));
    spread_free(&spread);
    assert_true(spread_percentile(&spread, 50) <= 0);
}

TEST(two_spreads_become_one)
{
    struct arena *arena = arena_new();
    struct spread one = { .at = NULL }, both = { .arena = arena };
    for (int i = 1; i <= 50; i++) {
        spread_add(&one, i, 1);
        spread_add(&both, i + 50, 1);
    }
    spread_merge(&both, &one);
    assert_true(is_near(spread_percentile(&both, 50), 50));
    assert_true(is_near(spread_percentile(&both, 100), 100));
    spread_free(&one);
    arena_free(arena);
}

TEST(values_far_apart_share_buckets_and_keep_most_of_their_precision)
{
    struct spread spread = { .at = NULL };
    double value = 1;
    for (int i = 0; i < 1000; i++, value *= 1.02)
        spread_add(&spread, value, 1);
    assert_true(spread.count <= SPREAD_BUCKETS && spread.coarser > 0);
    double median = spread_percentile(&spread, 50), wanted = pow(1.02, 499);
    assert_true(fabs(median - wanted) < wanted * 0.06);
    spread_free(&spread);
}
