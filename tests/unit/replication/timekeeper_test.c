/* The world thread over a real store, under a clock that only the test moves. */

#include "tests/unit/replication/scene.h"

static const unsigned to_eu[] = { EU };

TEST(a_copy_arrives_at_its_instant_and_not_a_millisecond_earlier)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    str id = scene_put(s, US, "k");
    assert_int_equal(scene_queue(s).count, 1);
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_PENDING);
    assert_int_equal(scene_advance(s, "14.999s"), 0);
    assert_false(scene_has(s, EU, "k"));
    assert_int_equal(scene_advance(s, "1ms"), 1);
    struct version_info replica;
    assert_true(scene_find(s, EU, "k", &replica));
    assert_true(str_eq(replica.id, id));
    assert_int_equal(replica.repl_status, REPL_STATUS_REPLICA);
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_COMPLETED);
    assert_int_equal(scene_queue(s).count, 0);
    assert_int_equal(s->told[OUTCOME_COPIED], 1);
    assert_true(s->last_told.ns == SCENE_START.ns + 15000000000);
    scene_close(s);
}

TEST(copies_on_one_link_do_not_slow_each_other)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, (const unsigned[]){ EU }, 1);
    const struct link slow = { .has_bandwidth = true, .bandwidth_bytes_per_s = 1 };
    scene_doc(s, link_doc(s->arena, scene_region(US), scene_region(EU), &slow));
    (void) scene_put(s, US, "0123456789"); /* its own bytes */
    (void) scene_put(s, US, "9876543210");
    (void) scene_put(s, US, "0");
    assert_int_equal(scene_advance(s, "16s"), 1);
    assert_int_equal(scene_advance(s, "8999ms"), 0);
    assert_int_equal(scene_advance(s, "1ms"), 2);
    scene_close(s);
}

TEST(copies_arrive_in_the_order_in_which_they_are_due)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    scene_lag(s, "20s");
    (void) scene_put(s, US, "late");
    scene_lag(s, "10s");
    (void) scene_put(s, US, "early");
    (void) scene_put(s, US, "twin");
    assert_int_equal(scene_advance(s, "1h"), 3);
    assert_str(buf_str(&s->story), "10.000 early>eu-data 0 \n"
                                   "10.000 twin>eu-data 0 \n"
                                   "20.000 late>eu-data 0 \n");
    assert_true(scene_seconds(s) == 3600);
    scene_close(s);
}

TEST(two_way_pairs_do_not_loop_and_chains_do_not_form)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    scene_replicate(s, EU, (const unsigned[]){ US, AP }, 2);
    (void) scene_put(s, US, "k");
    assert_int_equal(scene_advance(s, "1h"), 1);
    assert_int_equal(scene_queue(s).count, 0);
    assert_false(scene_has(s, AP, "k"));
    scene_close(s);
}

TEST(delete_markers_travel_and_hide_the_replica)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    str first = scene_put(s, US, "k");
    (void) scene_advance(s, "20s");
    (void) scene_delete(s, US, "k", STR_NONE);
    assert_true(scene_has(s, EU, "k"));
    assert_int_equal(scene_advance(s, "20s"), 1);
    assert_false(scene_has(s, EU, "k"));
    (void) scene_delete(s, US, "k", first); /* of a version: never */
    assert_int_equal(scene_queue(s).count, 0);
    scene_close(s);
}

TEST(a_version_deleted_before_its_copy_just_ends)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    str id = scene_put(s, US, "k");
    (void) scene_delete(s, US, "k", id);
    (void) scene_advance(s, "1m");
    assert_int_equal(s->told[OUTCOME_SOURCE_GONE], 1);
    assert_int_equal(scene_queue(s).count, 0);
    assert_str(buf_str(&s->story), "15.000 k>eu-data 1 SrcVersionNotFound\n");
    scene_close(s);
}

static uint64_t random_below(uint64_t ordinal, uint64_t below)
{
    const struct rng_key key = { .seed = 11, .purpose = RNG_TEST, .ordinal = ordinal };
    return rng_u64(&key) % below;
}

static str current_of(struct scene *s, unsigned bucket, const char *key)
{
    struct version_info version;
    store_read_begin(s->reader);
    if (store_version_get(s->reader, s->arena, s->bucket[bucket], str_of(key), STR_NONE,
                          &version) != STORE_OK)
        return STR("nothing");
    return version.id;
}

TEST(three_regions_converge_after_random_writes_with_random_lags)
{
    static const char *const keys[] = { "a", "b", "c", "d" };
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_mesh(s);
    scene_lag(s, "mix(0.9 uniform(0s,1m), 0.1 exp(5m))");
    for (uint64_t i = 0; i < 200; i++) {
        unsigned bucket = (unsigned) random_below(3 * i, SCENE_BUCKETS);
        const char *key = keys[random_below(3 * i + 1, COUNT(keys))];
        if (random_below(3 * i + 2, 4) == 0)
            (void) scene_delete(s, bucket, key, STR_NONE);
        else
            (void) scene_put(s, bucket, key);
        (void) scene_advance(s, "1s");
    }
    (void) scene_advance(s, "1d");
    assert_int_equal(scene_queue(s).count, 0);
    assert_int_equal(s->told[OUTCOME_COPIED], 400);
    for (size_t i = 0; i < COUNT(keys); i++) {
        str us = current_of(s, US, keys[i]);
        assert_true(str_eq(us, current_of(s, EU, keys[i])));
        assert_true(str_eq(us, current_of(s, AP, keys[i])));
    }
    scene_close(s);
}

TEST(a_partition_makes_copies_wait_until_it_is_healed)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, (const unsigned[]){ EU, AP }, 2);
    scene_partition(s, INSTANT_NEVER);
    (void) scene_put(s, US, "k");
    (void) scene_advance(s, "1h");
    assert_false(scene_has(s, EU, "k"));
    assert_true(scene_has(s, AP, "k"));
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_PENDING);
    struct queue_page queue = scene_queue(s);
    assert_int_equal(queue.count, 1);
    assert_int_equal(queue.at[0].state, QUEUE_WAITING);
    assert_str(queue.at[0].reason, "Unreachable");
    struct time_job next = scene_job(s, TIME_NEXT);
    assert_int_equal(timekeeper_run(s->keeper, &next), TIME_OK);
    assert_true(next.next_event.ns == INSTANT_NEVER.ns); /* waiting work is not runnable */

    scene_doc(s, links_heal_doc());
    assert_false(scene_has(s, EU, "k")); /* manual: due, but the clock has not been asked */
    assert_int_equal(scene_advance(s, "0s"), 1);
    assert_true(scene_has(s, EU, "k"));
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_COMPLETED);
    assert_true(scene_seconds(s) == 3600);
    scene_close(s);
}

TEST(a_partition_with_an_end_heals_by_itself_on_the_emulated_clock)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    scene_partition(s, instant_add(SCENE_START, DURATION_S(300)));
    (void) scene_put(s, US, "a");
    (void) scene_put(s, US, "b");
    assert_int_equal(scene_advance(s, "299s"), 2);
    assert_int_equal(s->told[OUTCOME_WAITING], 2);
    assert_int_equal(scene_advance(s, "1s"), 2);
    assert_int_equal(s->told[OUTCOME_COPIED], 2);
    assert_true(s->last_told.ns == SCENE_START.ns + 300000000000);
    scene_close(s);
}

TEST(an_outage_makes_copies_wait)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    s->down = region_set_with(0, scene_region(EU));
    (void) scene_put(s, US, "k");
    (void) scene_advance(s, "1m");
    assert_int_equal(s->told[OUTCOME_WAITING], 1);
    s->down = REGION_SET_NONE;
    struct time_job job = scene_job(s, TIME_LINKS_CHANGED);
    assert_int_equal(timekeeper_run(s->keeper, &job), TIME_OK);
    assert_int_equal(scene_advance(s, "0s"), 1);
    assert_true(scene_has(s, EU, "k"));
    scene_close(s);
}

TEST(an_unversioned_destination_fails_for_good_until_it_is_retried)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    scene_suspend(s, EU);
    (void) scene_put(s, US, "k");
    (void) scene_advance(s, "1m");
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_FAILED);
    assert_str(buf_str(&s->story), "15.000 k>eu-data 4 DstBucketUnversioned\n");
    struct store_bucket_versioning on;
    store_bucket_versioning_init(&on, s->arena);
    on.bucket = s->bucket[EU];
    on.versioning = VERSIONING_ENABLED;
    assert_int_equal(store_write_wait(s->store, &on.head), STORE_OK);
    (void) scene_advance(s, "1d");
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_FAILED);
    struct time_job retry = scene_job(s, TIME_RETRY);
    assert_int_equal(timekeeper_run(s->keeper, &retry), TIME_OK);
    assert_int_equal(retry.applied, 1);
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_COMPLETED);
    scene_close(s);
}

TEST(a_refused_copy_fails_with_the_given_reason)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    s->refusal = STR("DstKmsKeyInvalidState");
    (void) scene_put(s, US, "k");
    (void) scene_advance(s, "15s");
    assert_str(scene_queue(s).at[0].reason, "DstKmsKeyInvalidState");
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_FAILED);
    struct time_job retry = scene_job(s, TIME_RETRY); /* still refused: ends, and stays failed */
    assert_int_equal(timekeeper_run(s->keeper, &retry), TIME_OK);
    assert_int_equal(scene_queue(s).count, 1);
    scene_close(s);
}

TEST(a_restart_in_the_middle_goes_on_where_it_was)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    (void) scene_put(s, US, "k");
    (void) scene_advance(s, "10s");
    scene_restart(s);
    assert_true(scene_seconds(s) == 10);
    assert_int_equal(scene_advance(s, "4.999s"), 0);
    assert_int_equal(scene_advance(s, "1ms"), 1);
    assert_true(scene_has(s, EU, "k"));

    scene_partition(s, INSTANT_NEVER);
    (void) scene_put(s, US, "l");
    (void) scene_advance(s, "1m");
    scene_restart(s); /* links and waiting rows too */
    assert_int_equal(scene_advance(s, "1m"), 0);
    scene_doc(s, links_heal_doc());
    assert_int_equal(scene_advance(s, "0s"), 1);
    scene_close(s);
}

TEST(the_same_seed_gives_the_same_instants_and_another_does_not)
{
    str stories[3];
    struct arena *arena = arena_new();
    const uint64_t seeds[] = { 7, 7, 8 };
    for (size_t i = 0; i < 3; i++) {
        struct scene *s = scene_open(seeds[i], CLOCK_MANUAL);
        scene_mesh(s);
        scene_lag(s, "lognormal(p50=12s,p99=3m)");
        for (unsigned j = 0; j < 20; j++)
            (void) scene_put(s, j % SCENE_BUCKETS, str_c(s->arena, str_format(s->arena, "%u", j)));
        (void) scene_advance(s, "1d");
        stories[i] = str_copy(arena, buf_str(&s->story));
        scene_close(s);
    }
    assert_true(stories[0].size > 0);
    assert_true(str_eq(stories[0], stories[1]));
    assert_false(str_eq(stories[0], stories[2]));
    arena_free(arena);
}

struct bell { /* a timer of the world that rings every minute */
    unsigned rung;
    instant last;
};
static instant next_bell(UNUSED void *ctx, instant now)
{
    return (instant){ now.ns - (now.ns - SCENE_START.ns) % 60000000000 + 60000000000 };
}
static void ring(void *ctx, instant now)
{
    struct bell *bell = ctx;
    bell->rung++;
    bell->last = now;
}

TEST(timers_of_the_world_run_at_their_instants)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    timekeeper_close(s->keeper);
    struct bell bell = { 0 };
    const struct timekeeper_options options = { .store = s->store,
                                                .clock = s->clock,
                                                .links = s->links,
                                                .planner = s->planner,
                                                .ctx = &bell,
                                                .next_timer = next_bell,
                                                .timer = ring };
    s->keeper = timekeeper_open(&options);
    (void) scene_advance(s, "59.999s");
    assert_int_equal(bell.rung, 0);
    (void) scene_advance(s, "2m");
    assert_int_equal(bell.rung, 2);
    assert_true(bell.last.ns == SCENE_START.ns + 120000000000);
    scene_close(s);
}

TEST(many_due_copies_are_applied_in_bounded_batches)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    scene_lag(s, "uniform(0s,1h)");
    for (size_t i = 0; i < 3000; i++)
        (void) scene_put(s, US, str_c(s->arena, str_format(s->arena, "k%zu", i)));
    uint64_t before = store_commit_count(s->store);
    assert_int_equal(scene_advance(s, "1h"), 3000);
    assert_true(store_commit_count(s->store) - before <= 6);
    assert_int_equal(scene_queue(s).count, 0);
    scene_close(s);
}
