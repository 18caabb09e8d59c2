/* Usage: what midnights saw stays, whatever is written later; what nobody wrote since is now's. */
#include "storage/usage.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/schema.h"
#include "storage/snapshot.h"
#include "storage/upload.h"
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

/* -- sums ------------------------------------------------------------------------------------- */

static void put_in(struct world *world, int64_t bucket, const char *key, const char *class)
{
    struct store_put put;
    store_put_init(&put, world->arena);
    put.bucket = bucket;
    put.key = str_of(key);
    put.meta.storage_class = str_of(class);
    put.draft = world_draft(world, STR("123"));
    assert_int_equal(store_write_wait(world->store, &put.head), STORE_OK);
    body_draft_drop(&put.draft);
}

static void change_class(struct world *world, int64_t bucket, const char *key, const char *class)
{
    struct store_version_change change;
    store_version_change_init(&change, world->arena);
    change.bucket = bucket;
    change.key = str_of(key);
    change.what = CHANGE_STORAGE_CLASS;
    change.meta.storage_class = str_of(class);
    assert_int_equal(store_write_wait(world->store, &change.head), STORE_OK);
}

static str start(struct world *world, int64_t bucket, const char *class)
{
    struct store_upload_create create;
    store_upload_create_init(&create, world->arena);
    create.bucket = bucket;
    create.key = STR("u");
    create.meta.storage_class = str_of(class);
    assert_int_equal(store_write_wait(world->store, &create.head), STORE_OK);
    return create.out_id;
}

static struct complete_part part(struct world *world, int64_t bucket, str upload, const char *bytes)
{
    struct store_part_put put;
    store_part_put_init(&put, world->arena);
    put.bucket = bucket;
    put.key = STR("u");
    put.upload_id = upload;
    put.number = 1 + (unsigned) (strlen(bytes) > 4);
    put.draft = world_draft(world, str_of(bytes));
    assert_int_equal(store_write_wait(world->store, &put.head), STORE_OK);
    body_draft_drop(&put.draft);
    return (struct complete_part){ .number = put.number, .etag = put.out.etag };
}

/* "class objects/bytes" of all classes, in order. */
static str sums(struct world *world, int64_t bucket)
{
    struct usage_list list;
    str out = STR("");
    int64_t today = usage_day(clock_now(world->clock)) + 1;
    usage_check(world->reader);
    store_read_begin(world->reader);
    assert_int_equal(store_usage_at(world->reader, world->arena, bucket, today, &list), STORE_OK);
    store_read_idle(world->reader);
    for (size_t i = 0; i < list.count; i++)
        out = str_format(world->arena, "%.*s%s%.*s %llu/%llu", STR_ARG(out), i ? ", " : "",
                         STR_ARG(list.at[i].class), (unsigned long long) list.at[i].objects,
                         (unsigned long long) list.at[i].bytes);
    return out;
}

TEST(sums_follow_storage_classes_and_deletions)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "us-east-1", VERSIONING_ENABLED);
    put_in(&world, bucket, "a", "STANDARD");
    put_in(&world, bucket, "b", "STANDARD_IA");
    put_in(&world, bucket, "c", "GLACIER");
    (void) world_must_put(&world, bucket, "c", "1");
    assert_str(sums(&world, bucket), " 2/4, GLACIER 1/3, STANDARD_IA 1/3");
    change_class(&world, bucket, "a", "STANDARD_IA"); /* as lifecycle does */
    change_class(&world, bucket, "b", "STANDARD_IA");
    assert_str(sums(&world, bucket), " 1/1, GLACIER 1/3, STANDARD_IA 2/6");
    (void) world_delete(&world, bucket, "a", NULL); /* a marker more */
    assert_str(sums(&world, bucket), " 2/1, GLACIER 1/3, STANDARD_IA 2/6");
    world_close(&world);
}

TEST(sums_follow_null_versions_that_replace_each_other)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "us-east-1", VERSIONING_UNSET);
    (void) world_must_put(&world, bucket, "k", "12");
    put_in(&world, bucket, "k", "GLACIER");
    assert_str(sums(&world, bucket), "GLACIER 1/3");
    world_versioning(&world, bucket, VERSIONING_ENABLED);
    (void) world_must_put(&world, bucket, "k", "1");
    world_versioning(&world, bucket, VERSIONING_SUSPENDED);
    (void) world_must_put(&world, bucket, "k", "1234");
    assert_str(sums(&world, bucket), " 2/5");
    (void) world_delete(&world, bucket, "k", VERSION_NULL);
    assert_str(sums(&world, bucket), " 1/1");
    world_close(&world);
}

TEST(sums_follow_parts_of_uploads)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "us-east-1", VERSIONING_ENABLED);
    str upload = start(&world, bucket, "GLACIER"), other = start(&world, bucket, "STANDARD");
    struct complete_part first = part(&world, bucket, upload, "1");
    assert_str(sums(&world, bucket), "GLACIER 1/1");
    first = part(&world, bucket, upload, "123"); /* again */
    (void) part(&world, bucket, upload, "12345");
    (void) part(&world, bucket, other, "1234");
    assert_str(sums(&world, bucket), " 1/4, GLACIER 2/8");
    struct store_complete complete; /* of the first part alone */
    store_complete_init(&complete, world.arena);
    complete.bucket = bucket;
    complete.key = STR("u");
    complete.upload_id = upload;
    complete.parts = &first;
    complete.part_count = 1;
    assert_int_equal(store_write_wait(world.store, &complete.head), STORE_OK);
    assert_str(sums(&world, bucket), " 1/4, GLACIER 1/3");
    struct store_abort stop;
    store_abort_init(&stop, world.arena);
    stop.bucket = bucket;
    stop.key = STR("u");
    stop.upload_id = other;
    assert_int_equal(store_write_wait(world.store, &stop.head), STORE_OK);
    assert_str(sums(&world, bucket), "GLACIER 1/3");
    world_close(&world);
}

TEST(sums_come_back_with_a_restart_and_with_a_snapshot)
{
    struct store_snapshot_info info;
    str problem;
    struct world world = world_new();
    struct store_options options = world.options;
    int64_t bucket = world_bucket(&world, "b", "us-east-1", VERSIONING_ENABLED);
    put_in(&world, bucket, "a", "GLACIER");
    struct store_snapshot snapshot;
    store_snapshot_init(&snapshot, world.arena);
    snapshot.name = STR("s");
    assert_int_equal(store_write_wait(world.store, &snapshot.head), STORE_OK);
    put_in(&world, bucket, "a", "STANDARD");
    world_close(&world);
    world = world_open(options);
    assert_str(sums(&world, bucket), " 1/3, GLACIER 1/3");
    put_in(&world, bucket, "a", "DEEP_ARCHIVE");
    assert_str(sums(&world, bucket), " 1/3, DEEP_ARCHIVE 1/3, GLACIER 1/3");
    assert_int_equal(store_snapshot_restore(world.store, world.arena, STR("s"), &info, &problem),
                     STORE_OK);
    assert_str(sums(&world, bucket), "GLACIER 1/3");
    put_in(&world, bucket, "b", "GLACIER");
    assert_str(sums(&world, bucket), "GLACIER 2/6");
    world_close(&world);
}

TEST(sums_of_an_older_world_are_counted_when_it_is_opened)
{
    struct world world = world_new();
    struct store_options options = world.options;
    int64_t bucket = world_bucket(&world, "b", "us-east-1", VERSIONING_ENABLED);
    int64_t other = world_bucket(&world, "other", "us-east-1", VERSIONING_ENABLED);
    put_in(&world, bucket, "a", "GLACIER");
    put_in(&world, bucket, "b", "STANDARD");
    (void) part(&world, other, start(&world, other, "GLACIER"), "12");
    char *path = str_c(world.arena, str_format(world.arena, "%s/world.db", options.directory));
    path = strdup(path);
    world_close(&world);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    char sql[128];
    (void) snprintf(sql, sizeof sql, "ALTER TABLE bucket DROP COLUMN held; PRAGMA user_version=%d",
                    (int) schema_version() - 1);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    free(path);
    world = world_open(options);
    assert_str(sums(&world, bucket), " 1/3, GLACIER 1/3");
    assert_str(sums(&world, other), "GLACIER 1/2");
    world_close(&world);
}
