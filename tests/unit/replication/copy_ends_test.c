/* What goes away under a copy, while it rests in each state: its version, its rules, its
 * destination. COPYING is no state to rest in (machine.h). */

#include "tests/unit/replication/scene.h"

typedef void act_fn(struct scene *s);

/* -- states, each left by what makes it due again ---------------------------------------------- */

static void hand(struct scene *s, enum time_job_kind kind)
{
    struct time_job job = scene_job(s, kind);
    job.reason = kind == TIME_DROP ? STR("DstPutObjectNotPermitted") : STR_NONE;
    assert_int_equal(timekeeper_run(s->keeper, &job), TIME_OK);
}

static void stay(UNUSED struct scene *s)
{
}
static void cut_off(struct scene *s)
{
    scene_partition(s, INSTANT_NEVER);
    (void) scene_advance(s, "1m");
}
static void heal(struct scene *s)
{
    scene_doc(s, (struct store_doc){ .kind = STR(PARTITION_DOC_KIND), .id = STR("") });
}
static void hold(struct scene *s)
{
    hand(s, TIME_HOLD);
}
static void release(struct scene *s)
{
    hand(s, TIME_RELEASE);
}
static void fail_it(struct scene *s)
{
    hand(s, TIME_DROP);
}
static void retry(struct scene *s)
{
    hand(s, TIME_RETRY);
}

static const struct {
    enum queue_state state;
    act_fn *enter, *leave;
} states[] = {
    { QUEUE_PENDING, stay, stay },
    { QUEUE_WAITING, cut_off, heal },
    { QUEUE_HELD, hold, release },
    { QUEUE_FAILED, fail_it, retry },
};

/* -- what goes --------------------------------------------------------------------------------- */

static void version_goes(struct scene *s)
{
    struct version_info version;
    assert_true(scene_find(s, US, "k", &version));
    (void) scene_delete(s, US, "k", version.id);
}
static void rules_go(struct scene *s)
{
    struct store_config_put put;
    const struct store_doc gone = { .kind = STR(CONFIG_REPLICATION_RULES), .id = STR("") };
    store_config_put_init(&put, s->arena);
    put.bucket = s->bucket[US];
    put.configs = &gone;
    put.count = 1;
    assert_int_equal(store_write_wait(s->store, &put.head), STORE_OK);
}
static void rule_is_disabled(struct scene *s)
{
    struct repl_rule rule = scene_rule(0);
    rule.status = REPL_DISABLED;
    scene_rules(s, US, &rule, (const unsigned[]){ EU }, 1);
}
static void rule_is_replaced(struct scene *s)
{
    scene_replicate(s, US, (const unsigned[]){ AP }, 1);
}
static void destination_goes(struct scene *s)
{
    struct store_bucket_delete del;
    store_bucket_delete_init(&del, s->arena);
    del.bucket = s->bucket[EU];
    assert_int_equal(store_write_wait(s->store, &del.head), STORE_OK);
}
static void destination_is_suspended(struct scene *s)
{
    scene_suspend(s, EU);
}
static void source_is_suspended(struct scene *s)
{
    rules_go(s);
    scene_suspend(s, US);
}
static void source_goes(struct scene *s)
{
    version_goes(s);
    struct store_bucket_delete del;
    store_bucket_delete_init(&del, s->arena);
    del.bucket = s->bucket[US];
    assert_int_equal(store_write_wait(s->store, &del.head), STORE_OK);
}

static void one_end(act_fn *goes, size_t at, const char *reason)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    scene_replicate(s, US, (const unsigned[]){ EU }, 1);
    (void) scene_put(s, US, "k");
    states[at].enter(s);
    assert_int_equal(scene_queue(s).at[0].state, states[at].state);
    goes(s);
    states[at].leave(s);
    (void) scene_advance(s, "1h");
    struct queue_page queue = scene_queue(s);
    bool fails = str_starts(str_of(reason), STR("Dst")) || str_starts(str_of(reason), STR("SrcB"));
    if (queue.count != fails ||
        (fails && (queue.at[0].state != QUEUE_FAILED || !str_is(queue.at[0].reason, reason))))
        fail_msg("from state %d: %zu rows, \"%.*s\", not \"%s\"", (int) states[at].state,
                 queue.count, STR_ARG(queue.count ? queue.at[0].reason : STR("")), reason);
    assert_int_equal(scene_has(s, EU, "k"), *reason == 0);
    if (goes != version_goes && goes != source_goes)
        assert_int_equal(scene_status(s, US, "k"),
                         fails ? REPL_STATUS_FAILED : REPL_STATUS_COMPLETED);
    scene_close(s);
}

static void ends(act_fn *goes, const char *reason)
{
    for (size_t at = 0; at < COUNT(states); at++)
        one_end(goes, at, reason);
}

TEST(a_copy_whose_version_goes_just_ends)
{
    ends(version_goes, "SrcVersionNotFound");
}

TEST(a_copy_goes_with_its_source_bucket)
{
    ends(source_goes, "gone");
}

TEST(a_copy_fails_without_a_configuration)
{
    ends(rules_go, "SrcBucketReplicationConfigMissing");
    ends(source_is_suspended, "SrcBucketReplicationConfigMissing");
}

TEST(a_copy_outlives_its_rule_in_a_changed_configuration)
{
    ends(rule_is_disabled, "");
    ends(rule_is_replaced, "");
}

TEST(a_copy_fails_without_its_destination)
{
    ends(destination_goes, "DstBucketNotFound");
    ends(destination_is_suspended, "DstBucketUnversioned");
}
