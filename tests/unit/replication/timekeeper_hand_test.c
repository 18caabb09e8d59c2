/* Metadata changes, and replication and the clock by hand: hold, release, drop, set, modes. */

#include "tests/unit/replication/scene.h"

static const unsigned to_eu[] = { EU }, to_us[] = { US };

static str tag_of(struct scene *s, unsigned bucket, const char *key)
{
    struct version_info version;
    struct fields tags;
    if (!scene_find(s, bucket, key, &version) || !fields_unpack(s->arena, version.meta.tags, &tags))
        return STR("none");
    return fields_get(&tags, "t");
}

TEST(a_change_travels_after_its_version)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    (void) scene_put(s, US, "k");
    (void) scene_advance(s, "20s");
    scene_tag(s, US, "k", "new");
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_PENDING);
    (void) scene_advance(s, "15s");
    assert_str(tag_of(s, EU, "k"), "new");
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_COMPLETED);
    scene_close(s);
}

TEST(a_change_that_overtakes_its_version_waits_for_it)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    scene_lag(s, "1m");
    (void) scene_put(s, US, "k");
    scene_lag(s, "1s");
    scene_tag(s, US, "k", "new");
    (void) scene_advance(s, "30s");
    assert_int_equal(s->told[OUTCOME_WAITING], 1);
    assert_int_equal(s->told[OUTCOME_FAILED], 0);
    (void) scene_advance(s, "30s");
    assert_int_equal(s->told[OUTCOME_COPIED], 2);
    assert_str(tag_of(s, EU, "k"), "new");
    assert_int_equal(scene_queue(s).count, 0);
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_COMPLETED);
    scene_close(s);
}

TEST(a_change_that_is_due_together_with_its_version_finds_it)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    scene_lag(s, "20s");
    (void) scene_put(s, US, "k");
    scene_lag(s, "10s");
    scene_tag(s, US, "k", "new");
    (void) scene_advance(s, "1h"); /* one batch, the change first */
    assert_int_equal(s->told[OUTCOME_FAILED], 0);
    assert_str(tag_of(s, EU, "k"), "new");
    assert_int_equal(scene_queue(s).count, 0);
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_COMPLETED);
    scene_close(s);
}

TEST(a_change_for_a_version_that_never_comes_fails)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    scene_lag(s, "1m");
    (void) scene_put(s, US, "k");
    scene_lag(s, "1s");
    scene_tag(s, US, "k", "new");
    (void) scene_advance(s, "30s");
    struct time_job drop = scene_job(s, TIME_DROP);
    drop.filter.key_prefix = STR("k");
    drop.reason = STR("DstPutObjectNotPermitted");
    drop.max = 1; /* the version itself */
    assert_int_equal(timekeeper_run(s->keeper, &drop), TIME_OK);
    (void) scene_advance(s, "0s");
    assert_int_equal(s->told[OUTCOME_FAILED], 2);
    struct queue_page queue = scene_queue(s);
    assert_int_equal(queue.count, 2);
    for (size_t i = 0; i < queue.count; i++)
        assert_int_equal(queue.at[i].state, QUEUE_FAILED);
    scene_close(s);
}

TEST(a_change_on_a_replica_goes_back_only_if_asked_and_does_not_bounce)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    scene_replicate(s, EU, to_us, 1);
    (void) scene_put(s, US, "k");
    (void) scene_advance(s, "20s");
    scene_tag(s, EU, "k", "there");
    assert_int_equal(scene_queue(s).count, 0);

    struct repl_rule both = scene_rule(0);
    both.replica_modifications = REPL_ENABLED;
    struct repl_rule back = both;
    scene_rules(s, US, &both, to_eu, 1);
    scene_rules(s, EU, &back, to_us, 1);
    scene_tag(s, EU, "k", "back");
    assert_int_equal(scene_advance(s, "1h"), 1);
    assert_str(tag_of(s, US, "k"), "back");
    assert_int_equal(scene_queue(s).count, 0);
    assert_int_equal(scene_status(s, EU, "k"), REPL_STATUS_REPLICA);
    scene_close(s);
}

/* -- verbs ------------------------------------------------------------------------------------ */

TEST(a_held_link_keeps_what_is_due_until_it_is_released_one_by_one)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    const struct link held = { .held = true };
    scene_doc(s, link_doc(s->arena, scene_region(US), scene_region(EU), &held));
    (void) scene_put(s, US, "a");
    (void) scene_put(s, US, "b");
    (void) scene_advance(s, "1m");
    assert_int_equal(s->told[OUTCOME_HELD], 2);
    struct time_job release = scene_job(s, TIME_RELEASE);
    release.max = 1;
    assert_int_equal(timekeeper_run(s->keeper, &release), TIME_OK);
    assert_int_equal(release.applied, 1);
    assert_true(scene_has(s, EU, "a"));
    assert_false(scene_has(s, EU, "b"));
    scene_close(s);
}

TEST(rows_are_held_resumed_released_early_and_dropped_by_filter)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    (void) scene_put(s, US, "a/1");
    (void) scene_put(s, US, "a/2");
    (void) scene_put(s, US, "b/1");
    (void) scene_put(s, US, "c/1");
    struct time_job hold = scene_job(s, TIME_HOLD);
    hold.filter.key_prefix = STR("a/");
    assert_int_equal(timekeeper_run(s->keeper, &hold), TIME_OK);
    assert_int_equal(hold.applied, 2);
    struct time_job early = scene_job(s, TIME_RELEASE);
    early.filter.key_prefix = STR("b/");
    early.early = true;
    assert_int_equal(timekeeper_run(s->keeper, &early), TIME_OK);
    assert_true(scene_has(s, EU, "b/1"));
    struct time_job drop = scene_job(s, TIME_DROP);
    drop.filter.key_prefix = STR("c/");
    assert_int_equal(timekeeper_run(s->keeper, &drop), TIME_OK);
    assert_int_equal(s->told[OUTCOME_DROPPED], 1);
    assert_int_equal(scene_advance(s, "14s"), 0);
    struct time_job resume = scene_job(s, TIME_RESUME);
    resume.filter.key_prefix = STR("a/1");
    assert_int_equal(timekeeper_run(s->keeper, &resume), TIME_OK);
    assert_false(scene_has(s, EU, "a/1"));
    assert_int_equal(scene_advance(s, "1s"), 1); /* at its own time */
    assert_true(scene_has(s, EU, "a/1"));
    assert_false(scene_has(s, EU, "a/2"));
    assert_false(scene_has(s, EU, "c/1"));
    assert_int_equal(scene_queue(s).count, 1);
    scene_close(s);
}

TEST(what_one_destination_never_got_makes_the_status_failed)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, (const unsigned[]){ EU, AP }, 2);
    (void) scene_put(s, US, "k");
    struct time_job drop = scene_job(s, TIME_DROP);
    drop.filter.destination = STR("ap-data");
    assert_int_equal(timekeeper_run(s->keeper, &drop), TIME_OK);
    assert_int_equal(repl_shown(scene_status(s, US, "k")), REPL_STATUS_PENDING);
    scene_tag(s, US, "k", "new"); /* goes to both, and finds nothing in one */
    struct time_job again = scene_job(s, TIME_DROP);
    again.filter.destination = STR("ap-data");
    assert_int_equal(timekeeper_run(s->keeper, &again), TIME_OK);
    (void) scene_advance(s, "1h");
    assert_int_equal(scene_queue(s).count, 0);
    assert_true(scene_has(s, EU, "k"));
    assert_int_equal(scene_status(s, US, "k"), REPL_STATUS_FAILED);
    scene_close(s);
}

/* -- the clock -------------------------------------------------------------------------------- */

TEST(the_clock_goes_to_the_next_instant_and_never_back)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    (void) scene_put(s, US, "k");
    struct time_job next = scene_job(s, TIME_NEXT);
    assert_int_equal(timekeeper_run(s->keeper, &next), TIME_OK);
    assert_true(scene_seconds(s) == 15);
    assert_int_equal(next.applied, 1);
    assert_int_equal(timekeeper_run(s->keeper, &next), TIME_OK); /* nothing is next */
    assert_true(scene_seconds(s) == 15);
    struct time_job back = scene_job(s, TIME_ADVANCE_TO);
    back.to = SCENE_START;
    assert_int_equal(timekeeper_run(s->keeper, &back), TIME_REFUSED);
    struct time_job rate = scene_job(s, TIME_RATE);
    rate.rate = -1;
    assert_int_equal(timekeeper_run(s->keeper, &rate), TIME_REFUSED);
    scene_close(s);
}

TEST(the_clock_is_not_moved_past_its_end)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    (void) scene_put(s, US, "k");
    struct time_job by = scene_job(s, TIME_ADVANCE_BY), to = scene_job(s, TIME_ADVANCE_TO);
    by.by = (duration){ INT64_MAX };
    to.to = instant_add(CLOCK_END, (duration){ 1 });
    assert_int_equal(timekeeper_run(s->keeper, &by), TIME_REFUSED);
    assert_int_equal(timekeeper_run(s->keeper, &to), TIME_REFUSED);
    assert_true(scene_seconds(s) == 0);
    assert_false(scene_has(s, EU, "k"));
    to.to = CLOCK_END;
    assert_int_equal(timekeeper_run(s->keeper, &to), TIME_OK);
    assert_true(scene_has(s, EU, "k"));
    scene_close(s);
}

TEST(a_wait_that_may_take_for_ever_does_not_take_the_clock_there)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    (void) scene_put(s, US, "k");
    struct time_job hold = scene_job(s, TIME_HOLD), wait = scene_job(s, TIME_WAIT);
    assert_int_equal(timekeeper_run(s->keeper, &hold), TIME_OK);
    wait.within = (duration){ INT64_MAX };
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_NOT_CONVERGED);
    assert_true(scene_seconds(s) == 0);
    scene_close(s);
}

TEST(a_change_of_mode_sets_the_flow_going)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, to_eu, 1);
    scene_lag(s, "1m");
    (void) scene_put(s, US, "k");
    struct time_job rate = scene_job(s, TIME_RATE);
    rate.rate = 10000;
    assert_int_equal(timekeeper_run(s->keeper, &rate), TIME_OK);
    struct time_job mode = scene_job(s, TIME_MODE);
    mode.mode = CLOCK_REAL_TIME;
    assert_int_equal(timekeeper_run(s->keeper, &mode), TIME_OK);
    struct time_job wait = scene_job(s, TIME_WAIT);
    assert_int_equal(timekeeper_run(s->keeper, &wait), TIME_OK);
    assert_true(scene_has(s, EU, "k"));
    scene_close(s);
}
