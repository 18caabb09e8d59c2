/* Lags: what people write, what comes back, and whether the draws follow the distribution. */
#include "replication/lag.h"

#include <math.h>
#include <stdlib.h>

#include "tests/unit/test.h"

TEST(lags_that_are_understood_and_their_canonical_text)
{
    static const struct {
        int line;
        const char *in, *out;
    } rows[] = {
        { __LINE__, "15s", "fixed(15s)" },
        { __LINE__, " 250ms ", "fixed(250ms)" },
        { __LINE__, "0s", "fixed(0s)" },
        { __LINE__, "fixed(15s)", "fixed(15s)" },
        { __LINE__, "fixed( 1m30s )", "fixed(1m30s)" },
        { __LINE__, "uniform(5s,30s)", "uniform(5s,30s)" },
        { __LINE__, "uniform( 5s , 5s )", "uniform(5s,5s)" },
        { __LINE__, "exp(10s)", "exp(10s)" },
        { __LINE__, "lognormal(p50=12s,p99=3m)", "lognormal(p50=12s,p99=3m)" },
        { __LINE__, "lognormal(p50=12s,p99.99=15m)", "lognormal(p50=12s,p99.99=15m)" },
        { __LINE__, "lognormal(p90=1m, p10=1s)", "lognormal(p90=1m,p10=1s)" },
        { __LINE__, "mix(0.99 fixed(1s), 0.01 fixed(15m))",
          "mix(0.99 fixed(1s), 0.01 fixed(15m))" },
        { __LINE__, "mix(0.5 1s,0.5 mix(0.3 exp(2s),0.7 uniform(1s,2s)))",
          "mix(0.5 fixed(1s), 0.5 mix(0.3 exp(2s), 0.7 uniform(1s,2s)))" },
        { __LINE__, "mix(1 mix(1 mix(1 mix(1 fixed(1s)))))",
          "mix(1 mix(1 mix(1 mix(1 fixed(1s)))))" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lag lag, again;
        str error;
        if (!lag_parse(arena, str_of(rows[i].in), &lag, &error))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(error));
        str text = lag_text(arena, &lag);
        if (!str_is(text, rows[i].out))
            fail_msg("line %d: got %.*s", rows[i].line, STR_ARG(text));
        assert_true(lag_parse(arena, text, &again, &error));
        assert_true(str_eq(lag_text(arena, &again), text));
        assert_memory_equal(&lag, &again, sizeof lag);
    }
    arena_free(arena);
}

TEST(lags_that_are_refused_say_why_and_what_to_write)
{
    static const struct {
        int line;
        const char *in, *error;
    } rows[] = {
        { __LINE__, "", "a duration is missing: write for example 15s" },
        { __LINE__, "15", "'15' has no unit: write 15s or 15ms" },
        { __LINE__, "soon", "'soon' is no duration: write for example 250ms, 15s or 1m30s" },
        { __LINE__, "-5s", "'-5s' is no duration: write for example 250ms, 15s or 1m30s" },
        { __LINE__, "fixd(15s)", "unknown distribution 'fixd' (did you mean 'fixed'?)" },
        { __LINE__, "zipf(15s)", NULL },
        { __LINE__, "fixed(15s", "'fixed(15s' lacks its closing parenthesis" },
        { __LINE__, "fixed(15s,16s)", "fixed takes other arguments: write for example fixed(15s)" },
        { __LINE__, "fixed()", "a duration is missing: write for example 15s" },
        { __LINE__, "uniform(5s)",
          "uniform takes other arguments: write for example uniform(5s,30s)" },
        { __LINE__, "uniform(30s,5s)",
          "uniform(30s,5s) ends before it begins: write the shorter duration first" },
        { __LINE__, "lognormal(12s,3m)",
          "lognormal takes other arguments: write for example lognormal(p50=12s,p99=3m)" },
        { __LINE__, "lognormal(p50=12s,p100=3m)",
          "p100 is no percentile: it must be between 0 and 100, both excluded" },
        { __LINE__, "lognormal(p50=0s,p99=3m)",
          "a lognormal lag is never 0: write fixed(0s) for none" },
        { __LINE__, "lognormal(p50=3m,p99=12s)",
          "the higher percentile of a lognormal must have the longer duration: write for example "
          "lognormal(p50=12s,p99=3m)" },
        { __LINE__, "lognormal(p50=3m,p50=4m)", NULL },
        { __LINE__, "mix(0.5 1s)", "the shares of mix add up to 0.5: they must add up to 1" },
        { __LINE__, "mix(1s)",
          "'1s' has no share between 0 and 1 in front: write for example "
          "mix(0.99 fixed(1s), 0.01 fixed(15m))" },
        { __LINE__, "mix(0 1s, 1 2s)", NULL },
        { __LINE__, "mix(1 mix(1 mix(1 mix(1 mix(1 1s)))))",
          "mix is nested deeper than 4: write it flatter" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lag lag;
        str error = STR_NONE;
        if (lag_parse(arena, str_of(rows[i].in), &lag, &error))
            fail_msg("line %d: \"%s\" was accepted", rows[i].line, rows[i].in);
        if (error.size == 0 || (rows[i].error && !str_is(error, rows[i].error)))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(error));
    }
    arena_free(arena);
}

#define SAMPLES 40000

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

static int64_t *sorted_samples(const char *text)
{
    struct arena *arena = arena_new();
    struct lag lag;
    str error;
    assert_true(lag_parse(arena, str_of(text), &lag, &error));
    int64_t *samples = mem_alloc(SAMPLES * sizeof *samples);
    for (uint64_t i = 0; i < SAMPLES; i++) {
        const struct rng_key key = { .seed = 7, .purpose = RNG_LAG, .ordinal = i };
        double units[LAG_DRAWS];
        lag_draw(&key, units);
        samples[i] = lag_sample(&lag, units).ns;
    }
    qsort(samples, SAMPLES, sizeof *samples, by_size);
    arena_free(arena);
    return samples;
}

TEST(the_quantiles_of_many_draws_are_those_of_the_distribution)
{
    static const struct {
        int line;
        const char *lag;
        double quantile, seconds, tolerance; /* relative */
    } rows[] = {
        { __LINE__, "fixed(15s)", 0.5, 15, 0 },
        { __LINE__, "uniform(5s,30s)", 0.5, 17.5, 0.02 },
        { __LINE__, "uniform(5s,30s)", 0.999, 30, 0.01 },
        { __LINE__, "exp(10s)", 0.5, 6.931, 0.03 },
        { __LINE__, "exp(10s)", 0.99, 46.05, 0.05 },
        { __LINE__, "lognormal(p50=12s,p99=3m)", 0.5, 12, 0.03 },
        { __LINE__, "lognormal(p50=12s,p99=3m)", 0.99, 180, 0.08 },
        { __LINE__, "lognormal(p10=1s,p90=1m)", 0.9, 60, 0.05 },
        { __LINE__, "mix(0.9 fixed(1s), 0.1 fixed(15m))", 0.89, 1, 0 },
        { __LINE__, "mix(0.9 fixed(1s), 0.1 fixed(15m))", 0.91, 900, 0 },
        { __LINE__, "mix(0.5 1s, 0.5 mix(0.5 2s, 0.5 3s))", 0.6, 2, 0 },
        { __LINE__, "mix(0.5 1s, 0.5 mix(0.5 2s, 0.5 3s))", 0.9, 3, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t *samples = sorted_samples(rows[i].lag);
        double got = (double) samples[(size_t) (rows[i].quantile * SAMPLES)] / 1e9;
        assert_true(samples[0] >= 0);
        if (fabs(got - rows[i].seconds) > rows[i].seconds * rows[i].tolerance + 1e-9)
            fail_msg("line %d: %s: got %g", rows[i].line, rows[i].lag, got);
        free(samples);
    }
}

TEST(the_ends_of_the_unit_interval_give_finite_lags)
{
    static const char *const texts[] = { "exp(10s)", "lognormal(p50=12s,p99=3m)", "uniform(0s,1s)",
                                         "mix(0.5 1s, 0.5 2s)" };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct lag lag;
        str error;
        assert_true(lag_parse(arena, str_of(texts[i]), &lag, &error));
        const double low[LAG_DRAWS] = { 0 };
        const double high[LAG_DRAWS] = { 1 - 0x1p-53, 1 - 0x1p-53, 1 - 0x1p-53, 1 - 0x1p-53,
                                         1 - 0x1p-53 };
        assert_true(lag_sample(&lag, low).ns >= 0);
        assert_true(lag_sample(&lag, high).ns > 0);
        assert_true(lag_sample(&lag, high).ns <= (int64_t) 10 * 365 * 86400 * 1000000000);
    }
    arena_free(arena);
}
