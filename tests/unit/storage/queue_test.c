/* The replication queue: rows born with their change, copies applied once, status summed up. */
#include "base/fields.h"
#include "storage/state.h"
#include "tests/unit/storage/queue_setting.h"

TEST(a_put_and_its_queue_rows_are_one_commit)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left,right");
    struct version_info put = world_must_put(&s.world, s.source, "k", "body");
    assert_int_equal(put.repl_status, REPL_STATUS_PENDING);
    struct queue_page page = rows(&s);
    assert_int_equal(page.count, 2);
    const struct queue_row *row = &page.at[0];
    assert_int_equal(row->state, QUEUE_PENDING);
    assert_int_equal(row->kind, CHANGED_PUT);
    assert_str(row->source_name, "source");
    assert_str(row->key, "k");
    assert_true(str_eq(row->version_id, put.id));
    assert_str(row->destination, "left");
    assert_int_equal(row->size_bytes, 4);
    assert_int_equal(row->queued_at.ns, WORLD_START.ns);
    instant next;
    assert_int_equal(store_queue_next(s.world.reader, &next), STORE_OK);
    assert_int_equal(next.ns, WORLD_START.ns + DURATION_S(3).ns);
    struct queue_count *counts;
    size_t count;
    assert_int_equal(store_queue_counts(s.world.reader, s.world.arena, &counts, &count), STORE_OK);
    assert_int_equal(count, 1);
    assert_int_equal(counts[0].rows[QUEUE_PENDING], 2);
    assert_int_equal(counts[0].bytes_pending, 8);
    assert_int_equal(counts[0].oldest.ns, WORLD_START.ns);
    /* `queued` comes after `done`: the next write's end proves that it came. */
    (void) world_put(&s.world, s.left, "other", "x");
    assert_true(s.fake.told >= 1);
    assert_int_equal(s.fake.earliest_ns, WORLD_START.ns + DURATION_S(3).ns);
    setting_close(&s);
}

TEST(a_bucket_without_rules_asks_no_plan)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    (void) world_must_put(&s.world, s.left, "k", "x");
    assert_int_equal(s.fake.planned, 0);
    assert_int_equal(rows(&s).count, 0);
    instant next;
    assert_int_equal(store_queue_next(s.world.reader, &next), STORE_OK);
    assert_int_equal(next.ns, INSTANT_NEVER.ns);
    setting_close(&s);
}

TEST(a_copy_arrives_with_everything_and_the_source_is_completed)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    struct version_info put = world_must_put(&s.world, s.source, "k", "body"), got;
    assert_true(clock_move_to(s.world.clock, instant_add(WORLD_START, DURATION_S(9))));
    struct copy_order order = apply(&s, rows(&s).at[0].id);
    assert_true(order.found);
    assert_int_equal(order.became.end, VERDICT_DONE);
    assert_int_equal(s.fake.found, COPY_APPLIED);
    assert_int_equal(world_get(&s.world, s.left, "k", NULL, &got), STORE_OK);
    assert_true(str_eq(got.id, put.id) && str_eq(got.etag, put.etag));
    assert_int_equal(got.stamp_us, put.stamp_us);
    assert_int_equal(got.modified.ns, put.modified.ns);
    assert_str(got.origin, "eu-west-1");
    assert_int_equal(got.repl_status, REPL_STATUS_REPLICA);
    assert_int_equal(got.body, put.body);
    assert_str(world_body(&s.world, &got), "body");
    assert_int_equal(status_of(&s, s.source, put.id), REPL_STATUS_COMPLETED);
    assert_int_equal(rows(&s).count, 0);
    assert_false(apply(&s, order.row).found);

    (void) world_delete(&s.world, s.source, "k", str_c(s.world.arena, put.id));
    assert_str(world_body(&s.world, &got), "body"); /* the replica holds it too */
    /* What is written there later is newer than the replica, whatever the clocks say. */
    assert_true(world_must_put(&s.world, s.left, "k", "x").stamp_us > put.stamp_us);
    setting_close(&s);
}

TEST(the_same_copy_twice_changes_nothing)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left,left");
    struct version_info put = world_must_put(&s.world, s.source, "k", "body");
    struct queue_page page = rows(&s);
    assert_int_equal(apply(&s, page.at[0].id).became.end, VERDICT_DONE);
    assert_int_equal(status_of(&s, s.source, put.id), REPL_STATUS_PENDING);
    assert_int_equal(apply(&s, page.at[1].id).became.end, VERDICT_DONE);
    assert_int_equal(s.fake.found, COPY_APPLIED);
    assert_int_equal(status_of(&s, s.source, put.id), REPL_STATUS_COMPLETED);
    struct list_page list;
    const struct list_query query = { .kind = LIST_VERSIONS, .bucket = s.left, .max = 10 };
    assert_int_equal(store_list(s.world.reader, s.world.arena, &query, &list), STORE_OK);
    assert_int_equal(list.count, 1);
    setting_close(&s);
}

TEST(status_is_pending_until_each_destination_ended_then_failed_if_any_failed)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left,nowhere");
    struct version_info put = world_must_put(&s.world, s.source, "k", "x");
    struct queue_page page = rows(&s);
    assert_int_equal(apply(&s, page.at[1].id).became.end, VERDICT_FAIL);
    assert_int_equal(s.fake.found, COPY_BUCKET_GONE);
    assert_int_equal(status_of(&s, s.source, put.id), REPL_STATUS_PENDING);
    assert_int_equal(apply(&s, page.at[0].id).became.end, VERDICT_DONE);
    assert_int_equal(status_of(&s, s.source, put.id), REPL_STATUS_FAILED);
    page = rows(&s);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.at[0].state, QUEUE_FAILED);
    assert_str(page.at[0].reason, "Refused");
    assert_int_equal(page.at[0].attempts, 1);

    (void) world_bucket(&s.world, "nowhere", "us-east-1", VERSIONING_ENABLED);
    assert_int_equal(apply(&s, page.at[0].id).became.end, VERDICT_DONE); /* a retry */
    assert_int_equal(status_of(&s, s.source, put.id), REPL_STATUS_COMPLETED);
    setting_close(&s);
}

TEST(each_verdict_leaves_its_row)
{
    static const struct {
        int line;
        struct copy_verdict verdict;
        int state; /* -1: gone */
        int64_t ready_ns;
        enum repl_status status;
    } table[] = {
        { __LINE__,
          { .end = VERDICT_WAIT, .ready_at = { 7 }, .reason = { "Cut", 3 } },
          QUEUE_WAITING,
          7,
          REPL_STATUS_PENDING },
        { __LINE__,
          { .end = VERDICT_WAIT, .ready_at = { 8 } },
          QUEUE_PENDING,
          8,
          REPL_STATUS_PENDING },
        { __LINE__, { .end = VERDICT_HOLD }, QUEUE_HELD, 8, REPL_STATUS_PENDING },
        { __LINE__,
          { .end = VERDICT_DROP, .reason = { "Dropped", 7 } },
          QUEUE_FAILED,
          8,
          REPL_STATUS_FAILED },
        { __LINE__,
          { .end = VERDICT_FAIL, .reason = { "Bad", 3 } },
          QUEUE_FAILED,
          8,
          REPL_STATUS_FAILED },
        { __LINE__, { .end = VERDICT_DROP }, -1, 0, REPL_STATUS_FAILED },
    };
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    struct version_info put = world_must_put(&s.world, s.source, "k", "x");
    int64_t row = rows(&s).at[0].id;
    for (size_t i = 0; i < COUNT(table); i++) {
        (void) give(&s, (struct copy_order){ .row = row, .verdict = table[i].verdict });
        struct queue_page page = rows(&s);
        assert_int_equal(page.count, table[i].state >= 0);
        if (page.count) {
            assert_int_equal(page.at[0].state, table[i].state);
            assert_int_equal(page.at[0].ready_at.ns, table[i].ready_ns);
        }
        assert_int_equal(status_of(&s, s.source, put.id), table[i].status);
    }
    setting_close(&s);
}

TEST(an_apply_says_what_it_met)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    s.fake.said = true;
    s.fake.verdict = (struct copy_verdict){ .end = VERDICT_DROP };

    struct version_info put = world_must_put(&s.world, s.source, "k", "x");
    (void) world_delete(&s.world, s.source, "k", str_c(s.world.arena, put.id));
    (void) apply(&s, rows(&s).at[0].id);
    assert_int_equal(s.fake.found, COPY_SOURCE_GONE);

    (void) world_must_put(&s.world, s.source, "k", "x");
    world_versioning(&s.world, s.left, VERSIONING_SUSPENDED);
    (void) apply(&s, rows(&s).at[0].id);
    assert_int_equal(s.fake.found, COPY_UNVERSIONED);

    struct store_bucket_delete del;
    store_bucket_delete_init(&del, s.world.arena);
    del.bucket = s.left;
    assert_int_equal(store_write_wait(s.world.store, &del.head), STORE_OK);
    (void) world_must_put(&s.world, s.source, "k", "x");
    (void) apply(&s, rows(&s).at[0].id);
    assert_int_equal(s.fake.found, COPY_BUCKET_GONE);
    setting_close(&s);
}

TEST(markers_and_changes_travel_too)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    struct version_info put = world_must_put(&s.world, s.source, "k", "x"), got;
    struct store_version_change change;
    store_version_change_init(&change, s.world.arena);
    change.bucket = s.source;
    change.key = STR("k");
    change.what = CHANGE_TAGS;
    change.meta.tags = STR("new tags");
    assert_int_equal(store_write_wait(s.world.store, &change.head), STORE_OK);
    struct queue_page page = rows(&s);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.at[1].kind, CHANGED_META);
    assert_int_equal(page.at[1].what, CHANGE_TAGS);

    s.fake.said = true; /* the change came first */
    s.fake.verdict = (struct copy_verdict){ .end = VERDICT_WAIT, .ready_at = { 5 } };
    (void) apply(&s, page.at[1].id);
    assert_int_equal(s.fake.found, COPY_VERSION_MISSING);
    s.fake.said = false;
    (void) apply(&s, page.at[0].id);
    (void) apply(&s, page.at[1].id);
    assert_int_equal(world_get(&s.world, s.left, "k", NULL, &got), STORE_OK);
    assert_str(got.meta.tags, "new tags");
    assert_int_equal(got.repl_status, REPL_STATUS_REPLICA);
    assert_int_equal(status_of(&s, s.source, put.id), REPL_STATUS_COMPLETED);

    struct version_delete marker = world_delete(&s.world, s.source, "k", NULL);
    page = rows(&s);
    assert_int_equal(page.at[0].kind, CHANGED_MARKER);
    (void) apply(&s, page.at[0].id);
    assert_int_equal(world_get(&s.world, s.left, "k", NULL, &got), STORE_OK);
    assert_true(got.marker && str_eq(got.id, marker.id));
    setting_close(&s);
}

TEST(options_override_the_storage_class)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    struct fields fields = { 0 };
    fields_add(s.world.arena, &fields, STR("storage-class"), STR("GLACIER"));
    s.fake.options = fields_pack(s.world.arena, &fields);
    (void) world_must_put(&s.world, s.source, "k", "x");
    (void) apply(&s, rows(&s).at[0].id);
    struct version_info got;
    assert_int_equal(world_get(&s.world, s.left, "k", NULL, &got), STORE_OK);
    assert_str(got.meta.storage_class, "GLACIER");
    setting_close(&s);
}

/* The destination wrote later than the source, and the replica arrives after that. */
static bool late_replica_wins(enum version_order order)
{
    struct setting s;
    setting_open(&s, order, "left");
    struct version_info early = world_must_put(&s.world, s.source, "k", "early"), got;
    assert_true(clock_move_to(s.world.clock, instant_add(WORLD_START, DURATION_S(1))));
    struct version_info later = world_must_put(&s.world, s.left, "k", "later");
    (void) apply(&s, rows(&s).at[0].id);
    assert_int_equal(world_get(&s.world, s.left, "k", NULL, &got), STORE_OK);
    bool wins = str_eq(got.id, early.id);
    assert_true(wins || str_eq(got.id, later.id));
    assert_str(world_body(&s.world, &got), wins ? "early" : "later");
    const char *other = str_c(s.world.arena, wins ? later.id : early.id);
    assert_int_equal(world_get(&s.world, s.left, "k", other, &got), STORE_OK);
    assert_false(got.current);
    setting_close(&s);
    return wins;
}

TEST(a_late_replica_is_current_by_arrival_and_old_by_origin)
{
    assert_false(late_replica_wins(ORDER_ORIGIN));
    assert_true(late_replica_wins(ORDER_ARRIVAL));
}

TEST(equal_stamps_fall_in_the_same_order_on_both_sides)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    set_rules(&s.world, s.left, "source");
    struct version_info here = world_must_put(&s.world, s.source, "k", "eu");
    struct version_info there = world_must_put(&s.world, s.left, "k", "us"), got;
    assert_int_equal(here.stamp_us, there.stamp_us);
    struct queue_page page = rows(&s);
    (void) apply(&s, page.at[0].id);
    (void) apply(&s, page.at[1].id);
    assert_int_equal(world_get(&s.world, s.source, "k", NULL, &got), STORE_OK);
    assert_true(str_eq(got.id, there.id));
    assert_int_equal(world_get(&s.world, s.left, "k", NULL, &got), STORE_OK);
    assert_true(str_eq(got.id, there.id));
    assert_int_equal(rows(&s).count, 0); /* arrivals cause no copies: no loop */
    setting_close(&s);
}

TEST(a_full_queue_refuses_writes_that_would_add_to_it)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    s.world.store->queue_limit = 2;
    (void) world_must_put(&s.world, s.source, "k", "x");
    (void) world_must_put(&s.world, s.source, "k", "x");
    assert_int_equal(world_put(&s.world, s.source, "k", "x").head.result, STORE_BUSY);
    assert_int_equal(world_delete(&s.world, s.source, "k", NULL).result, STORE_BUSY);
    (void) world_must_put(&s.world, s.left, "k", "x");
    (void) apply(&s, rows(&s).at[0].id);
    (void) world_must_put(&s.world, s.source, "k", "x");
    setting_close(&s);
}

TEST(queue_rows_are_found_by_every_filter)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left,right");
    (void) world_must_put(&s.world, s.source, "a%1", "x");
    struct version_info two = world_must_put(&s.world, s.source, "a%12", "x");
    const struct copy_verdict hold = { .end = VERDICT_HOLD };
    (void) give(&s, (struct copy_order){ .row = rows(&s).at[3].id, .verdict = hold });
    const instant due = instant_add(WORLD_START, DURATION_S(3));
    const struct {
        int line;
        struct queue_filter filter;
        unsigned max;
        size_t count;
    } table[] = {
        { __LINE__, { .any_state = true }, 0, 4 },
        { __LINE__, { .any_state = true }, 3, 3 },
        { __LINE__, { .state = QUEUE_PENDING }, 0, 3 },
        { __LINE__, { .state = QUEUE_HELD }, 0, 1 },
        { __LINE__, { .state = QUEUE_PENDING, .due_until = due }, 0, 3 },
        { __LINE__, { .state = QUEUE_PENDING, .due_until = { due.ns - 1 } }, 0, 0 },
        { __LINE__, { .any_state = true, .destination = STR("left") }, 0, 2 },
        { __LINE__, { .any_state = true, .to_region = STR("us-east-1") }, 0, 4 },
        { __LINE__, { .any_state = true, .from_region = STR("us-east-1") }, 0, 0 },
        { __LINE__, { .any_state = true, .key_prefix = STR("a%1") }, 0, 4 },
        { __LINE__, { .any_state = true, .key_prefix = STR("a%1"), .exact_key = true }, 0, 2 },
        { __LINE__, { .any_state = true, .key_prefix = STR("") }, 0, 4 },
        { __LINE__, { .any_state = true, .version_id = two.id }, 0, 2 },
        { __LINE__,
          { .any_state = true,
            .source_bucket = s.source,
            .key_prefix = STR("a%12"),
            .exact_key = true },
          0,
          2 },
        { __LINE__, { .any_state = true, .source_bucket = s.left }, 0, 0 },
        { __LINE__, { .any_state = true, .job = STR("none") }, 0, 0 },
    };
    store_read_begin(s.world.reader);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct queue_page page;
        assert_int_equal(
            store_queue_list(s.world.reader, s.world.arena, &table[i].filter, table[i].max, &page),
            STORE_OK);
        if (page.count != table[i].count)
            print_error("line %d: %zu rows\n", table[i].line, page.count);
        assert_int_equal(page.count, table[i].count);
    }
    setting_close(&s);
}

TEST(counts_follow_the_rows_through_a_restart_and_a_wipe)
{
    struct setting s;
    setting_open(&s, ORDER_ORIGIN, "left");
    (void) world_must_put(&s.world, s.source, "k", "body");
    assert_true(clock_move_to(s.world.clock, instant_add(WORLD_START, DURATION_S(1))));
    (void) world_must_put(&s.world, s.source, "k", "longer body");
    judge_counts(&s);
    (void) apply(&s, rows(&s).at[0].id);
    judge_counts(&s); /* the oldest is the second now */
    (void) give(
        &s, (struct copy_order){ .row = rows(&s).at[0].id, .verdict = { .end = VERDICT_HOLD } });
    judge_counts(&s);
    world_close(&s.world);

    struct store_options options = s.world.options;
    s.world = world_open(options);
    assert_int_equal(rows(&s).count, 1);
    judge_counts(&s);
    struct store_wipe wipe;
    store_wipe_init(&wipe, s.world.arena);
    assert_int_equal(store_write_wait(s.world.store, &wipe.head), STORE_OK);
    assert_int_equal(rows(&s).count, 0);
    setting_close(&s);
}
