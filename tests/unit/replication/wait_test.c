/* Waits, under each kind of clock. */
#include "tests/unit/replication/scene.h"

static const unsigned to_eu[] = { EU };

TEST(a_manual_wait_moves_the_clock_to_the_instant_of_the_last_arrival)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_mesh(s);
    scene_lag(s, "10s");
    (void) scene_put(s, US, "k");
    scene_lag(s, "100s");
    (void) scene_put(s, US, "other");
    const struct wait_target target = { s->bucket[US], STR("k"), false };
    struct time_job wait = scene_job(s, TIME_WAIT);
    wait.targets = &target;
    wait.target_count = 1;
    wait.within = DURATION_S(30);
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_OK);
    assert_true(wait.waited.ns == 10000000000);
    assert_true(scene_has(s, EU, "k") && scene_has(s, AP, "k"));
    assert_false(scene_has(s, EU, "other"));
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_OK); /* there already */
    assert_int_equal(wait.waited.ns, 0);
    scene_close(s);
}

static void count_commits(void *ctx, const char *name)
{
    unsigned *commits = ctx;
    *commits += strcmp(name, "put.after_commit") == 0;
}

TEST(a_wait_for_many_copies_takes_large_steps_and_ends_with_the_last)
{
    enum { COPIES = 2600, LAST_S = COPIES };
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    unsigned commits = 0;
    scene_replicate(s, US, to_eu, 1);
    for (unsigned i = 0; i < COPIES; i++) {
        scene_lag(s, str_format(s->arena, "%us", LAST_S - i).ptr);
        (void) scene_put(s, US, str_format(s->arena, "k%u", i).ptr);
    }
    store_set_sync_point(s->store, count_commits, &commits);
    struct time_job wait = scene_job(s, TIME_WAIT);
    wait.within = DURATION_S(100000);
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_OK);
    store_set_sync_point(s->store, NULL, NULL);
    assert_true(scene_seconds(s) == LAST_S);
    assert_int_equal(wait.applied, COPIES);
    assert_true(commits < COPIES / 2);
    scene_close(s);
}

TEST(a_wait_that_times_out_names_what_is_missing_and_when_it_stopped)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_mesh(s);
    (void) scene_put(s, US, "k");
    struct time_job wait = scene_job(s, TIME_WAIT);
    wait.within = DURATION_S(10);
    wait.regions = region_set_with(0, scene_region(EU));
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_NOT_CONVERGED);
    assert_int_equal(wait.missing_count, 1);
    assert_str(wait.missing[0].destination, "eu-data");
    assert_true(scene_seconds(s) == 10);
    wait.within = DURATION_S(5);
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_OK);
    assert_true(scene_seconds(s) == 15);
    scene_close(s);
}

TEST(a_wait_over_a_partition_ends_with_it_or_in_vain)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    scene_partition(s, instant_add(SCENE_START, DURATION_S(100)));
    (void) scene_put(s, US, "k");
    struct time_job wait = scene_job(s, TIME_WAIT);
    wait.within = DURATION_S(60);
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_NOT_CONVERGED);
    assert_str(wait.missing[0].reason, "Unreachable");
    assert_true(scene_seconds(s) == 60);
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_OK);
    assert_true(scene_seconds(s) == 100);

    scene_partition(s, INSTANT_NEVER);
    (void) scene_put(s, US, "l");
    wait.within = (duration){ -1 }; /* without end, but nothing can ever happen */
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_NOT_CONVERGED);
    assert_true(scene_seconds(s) == 115);
    scene_close(s);
}

TEST(a_wait_fails_at_once_on_a_failed_copy_but_not_on_an_older_versions)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    (void) scene_put(s, US, "k");
    s->refusal = STR("DstPutObjectNotPermitted");
    struct time_job wait = scene_job(s, TIME_WAIT);
    wait.within = DURATION_S(600);
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_COPY_FAILED);
    assert_true(scene_seconds(s) == 15);
    assert_int_equal(wait.missing_count, 1);
    assert_str(wait.missing[0].reason, "DstPutObjectNotPermitted");
    s->refusal = STR_NONE;
    (void) scene_put(s, US, "k");
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_OK);
    assert_true(scene_seconds(s) == 30);
    scene_close(s);
}

TEST(an_auto_wait_jumps_instead_of_sleeping)
{
    struct scene *s = scene_open(7, CLOCK_AUTO);
    scene_replicate(s, US, to_eu, 1);
    scene_lag(s, "10h");
    (void) scene_put(s, US, "k");
    duration began = clock_mono();
    struct time_job wait = scene_job(s, TIME_WAIT);
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_OK);
    assert_true(scene_has(s, EU, "k"));
    assert_true(scene_seconds(s) >= 36000 && scene_seconds(s) < 37000);
    assert_true(clock_mono().ns - began.ns < 10000000000);
    scene_close(s);
}

TEST(a_real_wait_blocks_until_the_copy_arrives_by_itself)
{
    struct scene *s = scene_open(7, CLOCK_REAL_TIME);
    scene_replicate(s, US, to_eu, 1);
    scene_lag(s, "20ms");
    (void) scene_put(s, US, "k");
    struct time_job wait = scene_job(s, TIME_WAIT);
    wait.within = DURATION_S(60);
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_OK);
    assert_true(scene_has(s, EU, "k"));
    assert_true(wait.waited.ns < 10000000000);
    scene_lag(s, "1h");
    (void) scene_put(s, US, "slow");
    wait.within = DURATION_MS(5);
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_NOT_CONVERGED);
    assert_str(wait.missing[0].key, "slow");
    struct time_job advance = scene_job(s, TIME_ADVANCE_BY); /* works in all three modes */
    advance.by = DURATION_S(3600);
    assert_int_equal(timekeeper_run(s->keeper, &advance), TIME_OK);
    assert_true(scene_has(s, EU, "slow"));
    scene_close(s);
}

TEST(a_wall_wait_never_moves_the_clock)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    (void) scene_put(s, US, "k");
    struct time_job wait = scene_job(s, TIME_WAIT);
    wait.wall = true;
    wait.within = DURATION_MS(5);
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_NOT_CONVERGED);
    assert_true(scene_seconds(s) == 0);
    scene_close(s);
}
