/* Usage: what midnights saw stays, whatever is written later; what nobody wrote since is now's. */
#include "storage/usage.h"

#include "tests/unit/storage/store_world.h"

#define FIRST 20454 /* 2026-01-01 */

static void forward(struct world *world, int64_t days)
{
    instant to = instant_add(clock_now(world->clock), DURATION_S(days * 86400));
    assert_true(clock_move_to(world->clock, to));
}

/* "objects/bytes" of the one storage class that the test writes. */
static str held(struct world *world, int64_t bucket, int64_t day)
{
    struct usage_list list;
    store_read_begin(world->reader);
    assert_int_equal(store_usage_at(world->reader, world->arena, bucket, day, &list), STORE_OK);
    store_read_idle(world->reader);
    if (list.count == 0)
        return STR("none");
    assert_int_equal(list.count, 1);
    return str_format(world->arena, "%llu/%llu", (unsigned long long) list.at[0].objects,
                      (unsigned long long) list.at[0].bytes);
}

static void judge(struct world *world, int64_t bucket, const char *const *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        str got = held(world, bucket, FIRST + (int64_t) i);
        if (!str_is(got, wanted[i]))
            fail_msg("day %zu: %.*s, not %s", i, STR_ARG(got), wanted[i]);
    }
}

TEST(a_midnight_keeps_what_it_saw)
{
    static const char *const wanted[] = { "none", "2/5", "2/5", "3/9", "3/9" };
    static const char *const others[] = { "none", "none", "none", "1/1", "1/1" };
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "us-east-1", VERSIONING_ENABLED);
    int64_t other = world_bucket(&world, "other", "us-east-1", VERSIONING_ENABLED);
    (void) world_must_put(&world, bucket, "k", "12");
    (void) world_must_put(&world, bucket, "k", "123"); /* the old version stays */
    forward(&world, 2);
    (void) world_must_put(&world, other, "k", "1");
    (void) world_must_put(&world, bucket, "l", "1234");
    forward(&world, 1);
    (void) world_must_put(&world, bucket, "m", "12345");
    forward(&world, 1); /* nothing is written on this day */
    judge(&world, bucket, wanted, COUNT(wanted) - 1);
    judge(&world, other, others, COUNT(others));
    assert_true(str_is(held(&world, bucket, FIRST + 4), "4/14"));
    world_close(&world);
}

TEST(an_answer_says_up_to_which_midnight_it_holds)
{
    struct world world = world_new();
    struct usage_list list;
    int64_t bucket = world_bucket(&world, "b", "us-east-1", VERSIONING_ENABLED);
    (void) world_must_put(&world, bucket, "k", "12");
    forward(&world, 5); /* in which nobody writes */
    (void) world_must_put(&world, bucket, "l", "3");
    store_read_begin(world.reader);
    assert_int_equal(store_usage_at(world.reader, world.arena, bucket, FIRST + 1, &list), STORE_OK);
    assert_int_equal(list.through, FIRST + 5);
    assert_int_equal(store_usage_at(world.reader, world.arena, bucket, FIRST + 6, &list), STORE_OK);
    assert_true(list.through == INT64_MAX);
    store_read_idle(world.reader);
    world_close(&world);
}

TEST(a_reopened_or_wiped_world_does_not_change_what_midnights_saw)
{
    struct world world = world_new();
    struct store_options options = world.options;
    int64_t bucket = world_bucket(&world, "b", "us-east-1", VERSIONING_ENABLED);
    (void) world_must_put(&world, bucket, "k", "12");
    world_close(&world);
    world = world_open(options);
    (void) world_must_put(&world, bucket, "l", "123"); /* the same day: it was looked at */
    assert_true(str_is(held(&world, bucket, FIRST), "none"));
    forward(&world, 1);
    assert_true(str_is(held(&world, bucket, FIRST + 1), "2/5"));
    struct store_wipe wipe;
    store_wipe_init(&wipe, world.arena);
    assert_int_equal(store_write_wait(world.store, &wipe.head), STORE_OK);
    bucket = world_bucket(&world, "b", "us-east-1", VERSIONING_ENABLED);
    (void) world_must_put(&world, bucket, "k", "1");
    assert_true(str_is(held(&world, bucket, FIRST + 1), "none"));
    world_close(&world);
}

TEST(days_beyond_those_that_are_kept_are_forgotten)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "us-east-1", VERSIONING_ENABLED);
    (void) world_must_put(&world, bucket, "k", "12");
    forward(&world, 1);
    (void) world_must_put(&world, bucket, "k", "12");
    forward(&world, USAGE_DAYS + 1);
    (void) world_must_put(&world, bucket, "k", "12");
    assert_true(str_is(held(&world, bucket, FIRST + 1), "2/4")); /* the oldest that is kept */
    world_close(&world);
}
