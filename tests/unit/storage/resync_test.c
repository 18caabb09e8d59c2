/* Resync: which versions it takes, what becomes of their rows, and copies that are late. */
#include "storage/resync.h"

#include "base/buf.h"
#include "storage/state.h"
#include "tests/unit/storage/queue_setting.h"

static void forget_rules(struct setting *s)
{
    const struct store_doc none = { .kind = STR(CONFIG_REPLICATION_RULES), .id = STR("") };
    struct store_config_put put;
    store_config_put_init(&put, s->world.arena);
    put.bucket = s->source;
    put.configs = &none;
    put.count = 1;
    assert_int_equal(store_write_wait(s->world.store, &put.head), STORE_OK);
}

static enum store_result run(struct setting *s, struct store_resync *resync)
{
    struct store_resync made;
    store_resync_init(&made, s->world.arena);
    resync->head = made.head;
    if (!resync->bucket)
        resync->bucket = s->source;
    return store_write_wait(s->world.store, &resync->head);
}

/* The keys that a whole walk finds, "a/1 a/2 a/2 ". */
static str walk(struct setting *s, struct resync_filter filter, bool dry)
{
    struct buf keys;
    buf_init_arena(&keys, s->world.arena, SIZE_MAX);
    struct store_resync resync = { .walk = true, .filter = filter, .dry = dry, .more = true };
    while (resync.more) {
        assert_int_equal(run(s, &resync), STORE_OK);
        for (size_t i = 0; i < resync.count; i++)
            buf_addf(&keys, "%.*s ", STR_ARG(resync.items[i].key));
    }
    return buf_str(&keys);
}

static void old_objects(struct setting *s)
{
    setting_open(s, ORDER_ORIGIN, "left");
    forget_rules(s);
    (void) world_must_put(&s->world, s->source, "a/1", "x");
    (void) world_must_put(&s->world, s->source, "a/2", "x");
    (void) world_must_put(&s->world, s->source, "a/2", "yy");
    (void) world_must_put(&s->world, s->source, "b", "xxx");
    set_rules(&s->world, s->source, "left");
}

TEST(resync_queues_what_live_replication_skipped)
{
    struct setting s;
    old_objects(&s);
    const str a[] = { STR("a/") };
    const struct resync_filter of_a = { .prefixes = { a, 1 } };
    s.world.store->queue_limit = 2;
    struct store_resync full = { .walk = true, .filter = of_a };
    assert_int_equal(run(&s, &full), STORE_BUSY);
    assert_int_equal(rows(&s).count, 0); /* all or nothing */
    s.world.store->queue_limit = 100;
    assert_str(walk(&s, of_a, true), "a/1 a/2 a/2 ");
    assert_int_equal(rows(&s).count, 0);
    assert_str(walk(&s, of_a, false), "a/1 a/2 a/2 ");
    assert_int_equal(rows(&s).count, 3);
    assert_str(walk(&s, of_a, false), ""); /* they are pending */

    const struct resync_filter failed = { .statuses = 1u << REPL_STATUS_FAILED };
    assert_str(walk(&s, failed, false), "");
    const struct copy_verdict fail = { .end = VERDICT_FAIL, .reason = STR("Bad") };
    (void) give(&s, (struct copy_order){ .row = rows(&s).at[0].id, .verdict = fail });
    assert_str(walk(&s, failed, false), "a/1 ");
    assert_int_equal(rows(&s).count, 3); /* the failed row was superseded */
    setting_close(&s);
}

TEST(each_filter_of_a_walk_leaves_out_what_does_not_fit)
{
    struct setting s;
    old_objects(&s);
    static const str b[] = { { "x", 1 }, { "b", 1 } }, two[] = { { "/2", 2 } },
                     slash[] = { { "/", 1 } }, cold[] = { { "GLACIER", 7 } },
                     standard[] = { { "STANDARD", 8 } };
    const instant start = WORLD_START;
    const struct {
        int line;
        struct resync_filter filter;
        const char *keys;
    } table[] = {
        { __LINE__, { 0 }, "a/1 a/2 a/2 b " },
        { __LINE__, { .eligible = true }, "a/1 a/2 a/2 b " },
        { __LINE__, { .statuses = 1u << REPL_NONE }, "a/1 a/2 a/2 b " },
        { __LINE__, { .statuses = 1u << REPL_STATUS_REPLICA }, "" },
        { __LINE__, { .prefixes = { b, 2 } }, "b " },
        { __LINE__, { .suffixes = { two, 1 } }, "a/2 a/2 " },
        { __LINE__, { .substrings = { slash, 1 } }, "a/1 a/2 a/2 " },
        { __LINE__, { .storage_classes = { cold, 1 } }, "" },
        { __LINE__, { .storage_classes = { standard, 1 } }, "a/1 a/2 a/2 b " },
        { __LINE__, { .larger_than = 1 }, "a/2 b " },
        { __LINE__, { .larger_than = 1, .smaller_than = 3 }, "a/2 " },
        { __LINE__, { .created_after = start }, "" },
        { __LINE__, { .created_after = { start.ns - 1 } }, "a/1 a/2 a/2 b " },
        { __LINE__, { .created_before = start }, "" },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        str got = walk(&s, table[i].filter, true);
        if (!str_is(got, table[i].keys))
            fail_msg("line %d: %.*s", table[i].line, STR_ARG(got));
    }
    forget_rules(&s);
    assert_str(walk(&s, (struct resync_filter){ .eligible = true }, true), "");
    setting_close(&s);
}

TEST(a_walk_goes_on_where_it_was_even_within_one_key)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    forget_rules(&s);
    for (int i = 0; i < RESYNC_ROWS + 5; i++)
        (void) world_must_put(&s.world, s.source, "k", "x");
    (void) world_must_put(&s.world, s.source, "l", "x");
    struct store_resync resync = { .walk = true, .dry = true };
    assert_int_equal(run(&s, &resync), STORE_OK);
    assert_int_equal(resync.count, RESYNC_ROWS);
    assert_true(resync.more);
    str last = resync.items[RESYNC_ROWS - 1].version_id;
    assert_int_equal(run(&s, &resync), STORE_OK);
    assert_int_equal(resync.count, 6);
    assert_false(resync.more);
    assert_false(str_eq(resync.items[0].version_id, last));
    assert_str(resync.items[5].key, "l");
    setting_close(&s);
}

TEST(named_versions_say_what_became_of_each)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left,right");
    struct version_info live = world_must_put(&s.world, s.source, "live", "x");
    struct resync_item items[] = { { .key = STR("live") },
                                   { .key = STR("none") },
                                   { .key = STR("live"), .version_id = STR("none") } };
    struct store_resync resync = { .items = items, .count = 3, .job = STR("J") };
    assert_int_equal(run(&s, &resync), STORE_OK);
    assert_int_equal(items[0].outcome, RESYNC_ON_ITS_WAY);
    assert_true(str_eq(items[0].version_id, live.id));
    assert_int_equal(items[1].outcome, RESYNC_ABSENT);
    assert_int_equal(items[2].outcome, RESYNC_ABSENT);
    assert_int_equal(resync.queued, 0);

    /* One destination failed, the other is on its way: only the first gets a new copy. */
    const struct copy_verdict fail = { .end = VERDICT_FAIL, .reason = STR("Bad") };
    (void) give(&s, (struct copy_order){ .row = rows(&s).at[0].id, .verdict = fail });
    assert_int_equal(run(&s, &resync), STORE_OK);
    assert_int_equal(items[0].outcome, RESYNC_QUEUED);
    assert_int_equal(rows(&s).count, 2);

    struct resync_counts counts;
    store_read_begin(s.world.reader);
    assert_int_equal(store_resync_counts(s.world.reader, STR("J"), &counts), STORE_OK);
    assert_int_equal(counts.unfinished, 1);
    assert_int_equal(counts.failed, 0);
    (void) give(&s, (struct copy_order){ .row = rows(&s).at[1].id, .verdict = fail });
    store_read_begin(s.world.reader);
    assert_int_equal(store_resync_counts(s.world.reader, STR("J"), &counts), STORE_OK);
    assert_int_equal(counts.unfinished, 0);
    assert_int_equal(counts.failed, 1);

    forget_rules(&s);
    assert_int_equal(run(&s, &resync), STORE_OK);
    assert_int_equal(items[0].outcome, RESYNC_INELIGIBLE);
    setting_close(&s);
}

TEST(a_dropped_copy_that_a_resync_sends_again_is_no_failure)
{
    struct setting s;
    const struct resync_filter pending = { .statuses = 1u << REPL_STATUS_PENDING };
    setting_open(&s, ORDER_ORIGIN, "left,right");
    struct version_info put = world_must_put(&s.world, s.source, "k", "x");
    (void) give(
        &s, (struct copy_order){ .row = rows(&s).at[0].id, .verdict = { .end = VERDICT_DROP } });
    assert_int_equal(status_of(&s, s.source, put.id), REPL_STATUS_PENDING_LOST);
    assert_str(walk(&s, pending, false), "k ");
    assert_int_equal(status_of(&s, s.source, put.id), REPL_STATUS_PENDING);
    assert_int_equal(rows(&s).count, 2);
    (void) apply(&s, rows(&s).at[0].id);
    (void) apply(&s, rows(&s).at[0].id);
    assert_int_equal(status_of(&s, s.source, put.id), REPL_STATUS_COMPLETED);
    setting_close(&s);
}

TEST(a_replica_that_was_hard_deleted_is_not_brought_back_by_a_resync)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    struct version_info version = world_must_put(&s.world, s.source, "k", "x");
    (void) apply(&s, rows(&s).at[0].id);
    (void) world_delete(&s.world, s.left, "k", str_c(s.world.arena, version.id));
    const struct resync_filter done = { .statuses = 1u << REPL_STATUS_COMPLETED };
    struct store_resync resync = { .walk = true, .filter = done, .job = STR("J") };
    assert_int_equal(run(&s, &resync), STORE_OK);
    assert_int_equal(resync.queued, 1);
    assert_int_equal(status_of(&s, s.source, version.id), REPL_STATUS_PENDING);
    (void) apply(&s, rows(&s).at[0].id);
    assert_int_equal(s.fake.found, COPY_HARD_DELETED);
    assert_int_equal(status_of(&s, s.source, version.id), REPL_STATUS_FAILED);
    setting_close(&s);
}

TEST(a_replica_is_pending_while_a_resync_takes_it_on)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    set_rules(&s.world, s.left, "right");
    struct version_info version = world_must_put(&s.world, s.source, "k", "x"), got;
    (void) apply(&s, rows(&s).at[0].id);
    struct store_resync resync = { .walk = true, .bucket = s.left };
    assert_int_equal(run(&s, &resync), STORE_OK);
    assert_int_equal(status_of(&s, s.left, version.id), REPL_STATUS_REPLICA_PENDING);
    (void) apply(&s, rows(&s).at[0].id);
    assert_int_equal(status_of(&s, s.left, version.id), REPL_STATUS_REPLICA);
    assert_int_equal(world_get(&s.world, s.right, "k", NULL, &got), STORE_OK);
    assert_true(str_eq(got.id, version.id));
    setting_close(&s);
}

static instant next_late(struct setting *s)
{
    instant next;
    store_read_begin(s->world.reader);
    assert_int_equal(store_queue_next_late(s->world.reader, &next), STORE_OK);
    return next;
}

static size_t late_at(struct setting *s, int64_t seconds)
{
    struct store_late late;
    store_late_init(&late, s->world.arena);
    late.head.at = instant_add(WORLD_START, DURATION_S(seconds));
    assert_int_equal(store_write_wait(s->world.store, &late.head), STORE_OK);
    return late.out.count;
}

TEST(a_copy_that_is_late_is_told_once)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    (void) world_must_put(&s.world, s.source, "untimed", "x");
    assert_int_equal(next_late(&s).ns, INSTANT_NEVER.ns);
    s.fake.threshold = DURATION_S(900);
    (void) world_must_put(&s.world, s.source, "k", "x");
    assert_int_equal(next_late(&s).ns, instant_add(WORLD_START, DURATION_S(900)).ns);
    assert_int_equal(late_at(&s, 899), 0);
    assert_int_equal(late_at(&s, 900), 1);
    assert_int_equal(late_at(&s, 900), 0);

    s.fake.threshold = DURATION_S(3); /* due at its very threshold */
    (void) world_must_put(&s.world, s.source, "k", "x");
    assert_int_equal(late_at(&s, 3), 0);
    const struct copy_verdict fail = { .end = VERDICT_FAIL, .reason = STR("Bad") };
    (void) give(&s, (struct copy_order){ .row = rows(&s).at[2].id, .verdict = fail });
    assert_int_equal(next_late(&s).ns, INSTANT_NEVER.ns);
    setting_close(&s);
}
