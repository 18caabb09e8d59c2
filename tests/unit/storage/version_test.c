/* Versions: what put, get and delete do in each state of versioning, conditions, order, locks. */
#include "base/fields.h"
#include <stdio.h>

#include "tests/unit/storage/store_world.h"

/* One line of a key's story: after each step, what the key shows. */
struct step {
    int line;
    enum { PUT, DELETE_KEY, DELETE_NULL, SUSPEND, ENABLE } what;
    const char *shows; /* body of the current version; "marker"; "none" */
    const char *id;    /* "null", "new" (32 characters), "" */
    unsigned versions; /* how many the key has */
};

static unsigned count_versions(struct world *world, int64_t bucket)
{
    struct list_page page;
    const struct list_query query = { .kind = LIST_VERSIONS, .bucket = bucket, .max = 1000 };
    store_read_begin(world->reader);
    assert_int_equal(store_list(world->reader, world->arena, &query, &page), STORE_OK);
    return (unsigned) page.count;
}

static void check_shows(struct world *world, int64_t bucket, const struct step *step, str id)
{
    struct version_info version;
    enum store_result result = world_get(world, bucket, "k", NULL, &version);
    if (strcmp(step->shows, "none") == 0)
        assert_int_equal(result, STORE_NO_KEY);
    else if (strcmp(step->shows, "marker") == 0)
        assert_true(result == STORE_OK && version.marker && version.current);
    else
        assert_str(world_body(world, &version), step->shows);
    if (strcmp(step->id, "new") == 0)
        assert_int_equal(id.size, 32);
    else
        assert_str(id, step->id);
    if (count_versions(world, bucket) != step->versions)
        print_error("line %d: %u versions\n", step->line, count_versions(world, bucket));
    assert_int_equal(count_versions(world, bucket), step->versions);
}

static void run_steps(const struct step *steps, size_t count)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    for (size_t i = 0; i < count; i++) {
        char text[32];
        str id = STR("");
        (void) snprintf(text, sizeof text, "body %zu", i);
        switch (steps[i].what) {
        case PUT:
            id = world_must_put(&world, bucket, "k", text).id;
            break;
        case DELETE_KEY:
            id = world_delete(&world, bucket, "k", NULL).id;
            break;
        case DELETE_NULL:
            id = world_delete(&world, bucket, "k", "null").id;
            break;
        case SUSPEND:
            world_versioning(&world, bucket, VERSIONING_SUSPENDED);
            break;
        case ENABLE:
            world_versioning(&world, bucket, VERSIONING_ENABLED);
            break;
        }
        check_shows(&world, bucket, &steps[i], id);
    }
    world_close(&world);
}

TEST(an_unversioned_key_has_one_version_and_no_markers)
{
    static const struct step steps[] = {
        { __LINE__, DELETE_KEY, "none", "", 0 }, { __LINE__, PUT, "body 1", "null", 1 },
        { __LINE__, PUT, "body 2", "null", 1 },  { __LINE__, DELETE_KEY, "none", "", 0 },
        { __LINE__, PUT, "body 4", "null", 1 },  { __LINE__, DELETE_NULL, "none", "null", 0 },
    };
    run_steps(steps, COUNT(steps));
}

TEST(an_enabled_bucket_keeps_everything_and_marks_deletes)
{
    static const struct step steps[] = {
        { __LINE__, PUT, "body 0", "null", 1 },
        { __LINE__, ENABLE, "body 0", "", 1 },
        { __LINE__, PUT, "body 2", "new", 2 },
        { __LINE__, PUT, "body 3", "new", 3 },
        { __LINE__, DELETE_KEY, "marker", "new", 4 },
        { __LINE__, DELETE_KEY, "marker", "new", 5 },
        { __LINE__, DELETE_NULL, "marker", "null", 4 },
        { __LINE__, PUT, "body 7", "new", 5 },
    };
    run_steps(steps, COUNT(steps));
}

TEST(a_suspended_bucket_replaces_the_null_version_wherever_it_is)
{
    static const struct step steps[] = {
        { __LINE__, PUT, "body 0", "null", 1 },
        { __LINE__, ENABLE, "body 0", "", 1 },
        { __LINE__, PUT, "body 2", "new", 2 },
        { __LINE__, SUSPEND, "body 2", "", 2 },
        { __LINE__, PUT, "body 4", "null", 2 },
        { __LINE__, PUT, "body 5", "null", 2 },
        { __LINE__, DELETE_KEY, "marker", "null", 2 },
        { __LINE__, DELETE_KEY, "marker", "null", 2 },
        { __LINE__, ENABLE, "marker", "", 2 },
        { __LINE__, PUT, "body 9", "new", 3 },
        { __LINE__, SUSPEND, "body 9", "", 3 },
        { __LINE__, PUT, "body 11", "null", 3 },
        { __LINE__, DELETE_NULL, "body 9", "null", 2 },
    };
    run_steps(steps, COUNT(steps));
}

TEST(deleting_the_current_version_by_id_shows_the_one_before_it)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    struct version_info one = world_must_put(&world, bucket, "k", "one");
    struct version_info two = world_must_put(&world, bucket, "k", "two");
    struct version_delete marker = world_delete(&world, bucket, "k", NULL);
    assert_true(marker.made_marker);
    struct version_info got;
    assert_int_equal(world_get(&world, bucket, "k", str_c(world.arena, marker.id), &got), STORE_OK);
    assert_true(got.marker);

    struct version_delete undone = world_delete(&world, bucket, "k", str_c(world.arena, marker.id));
    assert_true(undone.removed_marker);
    assert_true(str_eq(undone.id, marker.id));
    assert_int_equal(world_get(&world, bucket, "k", NULL, &got), STORE_OK);
    assert_true(str_eq(got.id, two.id) && got.current);
    assert_false(world_delete(&world, bucket, "k", str_c(world.arena, two.id)).removed_marker);
    assert_int_equal(world_get(&world, bucket, "k", NULL, &got), STORE_OK);
    assert_true(str_eq(got.id, one.id) && got.current);
    assert_str(world_body(&world, &got), "one");
    assert_int_equal(world_delete(&world, bucket, "k", str_c(world.arena, two.id)).result,
                     STORE_NO_VERSION);
    world_close(&world);
}

TEST(versions_are_found_by_id_current_or_not)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    struct version_info made[5], got;
    for (size_t i = 0; i < COUNT(made); i++)
        made[i] = world_must_put(&world, bucket, "k", i % 2 ? "odd" : "even");
    for (size_t i = 0; i < COUNT(made); i++) {
        const char *id = str_c(world.arena, made[i].id);
        assert_int_equal(world_get(&world, bucket, "k", id, &got), STORE_OK);
        assert_int_equal(got.stamp_us, made[i].stamp_us);
        assert_int_equal(got.current, i == COUNT(made) - 1);
        assert_int_equal(world_get(&world, bucket, "other", id, &got), STORE_NO_VERSION);
    }
    assert_int_equal(world_get(&world, bucket, "k", "null", &got), STORE_NO_VERSION);
    assert_int_equal(world_get(&world, bucket, "other", NULL, &got), STORE_NO_KEY);
    world_close(&world);
}

TEST(everything_said_about_an_object_comes_back)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    struct store_put put;
    store_put_init(&put, world.arena);
    put.bucket = bucket;
    put.key = str_from("k\0\xff", 3);
    put.meta = (struct object_meta){
        .fields = str_from("f\0f", 3),
        .tags = STR("tags"),
        .acl = STR("acl"),
        .storage_class = STR("STANDARD_IA"),
        .checksum = { .kind = DIGEST_CRC32,
                      .composite = true,
                      .value = { .bytes = { 1, 0, 3, 4 }, .size = 4 } },
        .lock_mode = LOCK_GOVERNANCE,
        .lock_until = { WORLD_START.ns + 7 },
        .legal_hold = true,
    };
    assert_int_equal(store_write_wait(world.store, &put.head), STORE_OK);
    struct version_info got;
    store_read_begin(world.reader);
    assert_int_equal(store_version_get(world.reader, world.arena, bucket, put.key, STR_NONE, &got),
                     STORE_OK);
    assert_true(str_eq(got.key, put.key));
    assert_true(str_eq(got.meta.fields, put.meta.fields));
    assert_str(got.meta.tags, "tags");
    assert_str(got.meta.acl, "acl");
    assert_str(got.meta.storage_class, "STANDARD_IA");
    assert_int_equal(got.meta.checksum.kind, DIGEST_CRC32);
    assert_true(got.meta.checksum.composite);
    assert_int_equal(got.meta.checksum.value.size, 4);
    assert_memory_equal(got.meta.checksum.value.bytes, put.meta.checksum.value.bytes, 4);
    assert_int_equal(got.meta.lock_mode, LOCK_GOVERNANCE);
    assert_int_equal(got.meta.lock_until.ns, WORLD_START.ns + 7);
    assert_true(got.meta.legal_hold);
    assert_str(got.origin, "eu-west-1");
    assert_str(got.etag, "d41d8cd98f00b204e9800998ecf8427e");
    assert_int_equal(got.modified.ns, WORLD_START.ns);
    assert_int_equal(got.body, 0);
    world_close(&world);
}

/* -- conditions (aws-behaviour E.7) --------------------------------------------------------------
 */

enum before { ABSENT, OBJECT, MARKER };

static int64_t prepared(struct world *world, const char *name, enum before before)
{
    int64_t bucket = world_bucket(world, name, "eu-west-1", VERSIONING_ENABLED);
    if (before != ABSENT)
        (void) world_must_put(world, bucket, "k", "");
    if (before == MARKER)
        (void) world_delete(world, bucket, "k", NULL);
    return bucket;
}

#define EMPTY_ETAG "d41d8cd98f00b204e9800998ecf8427e"

TEST(a_condition_looks_at_the_current_version_only)
{
    static const struct {
        int line;
        enum before before;
        bool none_match, match_any;
        const char *match;
        enum store_result put, del;
    } rows[] = {
        { __LINE__, ABSENT, true, false, NULL, STORE_OK, STORE_OK },
        { __LINE__, MARKER, true, false, NULL, STORE_OK, STORE_OK },
        { __LINE__, OBJECT, true, false, NULL, STORE_PRECONDITION, STORE_PRECONDITION },
        { __LINE__, OBJECT, false, false, EMPTY_ETAG, STORE_OK, STORE_OK },
        { __LINE__, OBJECT, false, false, "x", STORE_PRECONDITION, STORE_PRECONDITION },
        { __LINE__, OBJECT, false, false, "", STORE_PRECONDITION, STORE_PRECONDITION },
        { __LINE__, ABSENT, false, false, EMPTY_ETAG, STORE_NO_KEY, STORE_NO_KEY },
        { __LINE__, MARKER, false, false, EMPTY_ETAG, STORE_NO_KEY, STORE_NO_KEY },
        { __LINE__, OBJECT, false, true, NULL, STORE_OK, STORE_OK },
        { __LINE__, MARKER, false, true, NULL, STORE_PRECONDITION, STORE_PRECONDITION },
        { __LINE__, ABSENT, false, true, NULL, STORE_NO_KEY, STORE_NO_KEY },
    };
    struct world world = world_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct write_condition condition = { .if_none_match_any = rows[i].none_match,
                                                   .if_match_any = rows[i].match_any,
                                                   .if_match = str_of(rows[i].match) };
        char name[32];
        (void) snprintf(name, sizeof name, "put-%zu", i);
        struct store_put put;
        store_put_init(&put, world.arena);
        put.bucket = prepared(&world, str_c(world.arena, str_of(name)), rows[i].before);
        put.key = STR("k");
        put.condition = condition;
        if (store_write_wait(world.store, &put.head) != rows[i].put)
            print_error("line %d: put gave %s\n", rows[i].line, store_result_name(put.head.result));
        assert_int_equal(put.head.result, rows[i].put);

        (void) snprintf(name, sizeof name, "delete-%zu", i);
        struct version_delete entry = { .key = STR("k"), .condition = condition };
        struct store_delete del;
        store_delete_init(&del, world.arena);
        del.bucket = prepared(&world, str_c(world.arena, str_of(name)), rows[i].before);
        del.at = &entry;
        del.count = 1;
        assert_int_equal(store_write_wait(world.store, &del.head), STORE_OK);
        assert_int_equal(entry.result, rows[i].del);
    }
    world_close(&world);
}

TEST(a_refused_put_leaves_its_bytes_with_the_caller_and_changes_nothing)
{
    struct world world = world_new();
    int64_t bucket = prepared(&world, "b", OBJECT);
    struct store_put put;
    store_put_init(&put, world.arena);
    put.bucket = bucket;
    put.key = STR("k");
    put.draft = world_draft(&world, STR("refused"));
    put.condition.if_none_match_any = true;
    assert_int_equal(store_write_wait(world.store, &put.head), STORE_PRECONDITION);
    assert_int_equal(put.draft.size_bytes, 7);
    body_draft_drop(&put.draft);
    assert_int_equal(count_versions(&world, bucket), 1);
    world_close(&world);
}

/* -- order and chance -----------------------------------------------------------------------------
 */

TEST(stamps_rise_even_when_the_clock_stands_still)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    for (int i = 0; i < 3; i++) {
        struct version_info version = world_must_put(&world, bucket, "k", "x");
        assert_int_equal(version.stamp_us, WORLD_START_US + i);
        assert_int_equal(version.modified.ns, WORLD_START.ns);
    }
    assert_true(clock_move_to(world.clock, instant_add(WORLD_START, DURATION_S(5))));
    assert_int_equal(world_must_put(&world, bucket, "k", "x").stamp_us, WORLD_START_US + 5000000);
    world_close(&world);
}

TEST(the_same_seed_draws_the_same_ids)
{
    str ids[2][3];
    struct arena *arena = arena_new();
    for (int run = 0; run < 2; run++) {
        struct world world = world_new();
        int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
        for (int i = 0; i < 3; i++)
            ids[run][i] = str_copy(arena, world_must_put(&world, bucket, "k", "x").id);
        world_close(&world);
    }
    for (int i = 0; i < 3; i++)
        assert_true(str_eq(ids[0][i], ids[1][i]));
    assert_false(str_eq(ids[0][0], ids[0][1]));
    arena_free(arena);
}

/* -- copies, changes, locks
 * ------------------------------------------------------------------------ */

TEST(a_copy_shares_the_body_and_outlives_its_source)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    struct version_info source = world_must_put(&world, bucket, "from", "shared");
    struct store_copy copy;
    store_copy_init(&copy, world.arena);
    copy.source_bucket = copy.bucket = bucket;
    copy.source_key = STR("from");
    copy.source_version = source.id;
    copy.key = STR("to");
    assert_int_equal(store_write_wait(world.store, &copy.head), STORE_OK);
    assert_int_equal(copy.out.body, source.body);
    (void) world_delete(&world, bucket, "from", NULL);
    struct version_info got;
    assert_int_equal(world_get(&world, bucket, "to", NULL, &got), STORE_OK);
    assert_str(world_body(&world, &got), "shared");

    assert_int_equal(store_write_wait(world.store, &copy.head), STORE_CONFLICT);
    copy.source_key = STR("to"); /* onto itself: the row is replaced, the bytes stay */
    assert_int_equal(store_write_wait(world.store, &copy.head), STORE_OK);
    assert_int_equal(world_get(&world, bucket, "to", NULL, &got), STORE_OK);
    assert_str(world_body(&world, &got), "shared");
    world_close(&world);
}

static enum store_result change(struct world *world, int64_t bucket, str id, unsigned what,
                                struct object_meta meta, bool bypass)
{
    struct store_version_change write;
    store_version_change_init(&write, world->arena);
    write.bucket = bucket;
    write.key = STR("k");
    write.version_id = id;
    write.what = what;
    write.meta = meta;
    write.bypass_governance = bypass;
    return store_write_wait(world->store, &write.head);
}

TEST(a_change_touches_what_it_names)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    struct object_meta meta = { .tags = STR("t"), .acl = STR("a") };
    assert_int_equal(change(&world, bucket, STR_NONE, CHANGE_TAGS, meta, false), STORE_NO_KEY);
    assert_int_equal(change(&world, bucket, STR("x"), CHANGE_TAGS, meta, false), STORE_NO_VERSION);
    struct version_info one = world_must_put(&world, bucket, "k", "one"), got;
    (void) world_must_put(&world, bucket, "k", "two");
    assert_int_equal(change(&world, bucket, one.id, CHANGE_TAGS, meta, false), STORE_OK);
    assert_int_equal(world_get(&world, bucket, "k", str_c(world.arena, one.id), &got), STORE_OK);
    assert_str(got.meta.tags, "t");
    assert_str(got.meta.acl, "");
    assert_false(got.current);
    assert_int_equal(world_get(&world, bucket, "k", NULL, &got), STORE_OK);
    assert_str(got.meta.tags, "");
    struct version_delete marker = world_delete(&world, bucket, "k", NULL);
    assert_int_equal(change(&world, bucket, STR_NONE, CHANGE_TAGS, meta, false), STORE_NO_KEY);
    assert_int_equal(change(&world, bucket, marker.id, CHANGE_TAGS, meta, false), STORE_IS_MARKER);
    world_close(&world);
}

static enum store_result change_field(struct world *world, const struct version_info *seen,
                                      struct field_change field)
{
    struct store_version_change write;
    store_version_change_init(&write, world->arena);
    write.bucket = seen->bucket;
    write.key = seen->key;
    write.what = CHANGE_FIELDS;
    write.field = field;
    return store_write_wait(world->store, &write.head);
}

static str field_now(struct world *world, int64_t bucket, const char *name)
{
    struct version_info got;
    struct fields fields = { 0 };
    assert_int_equal(world_get(world, bucket, "k", NULL, &got), STORE_OK);
    assert_true(fields_unpack(world->arena, got.meta.fields, &fields));
    return fields_get(&fields, name);
}

TEST(a_change_of_one_field_loses_no_other)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    struct version_info seen = world_must_put(&world, bucket, "k", "one");
    struct field_change a = { .name = "a", .value = STR("1") },
                        b = { .name = "b", .value = STR("") };
    assert_int_equal(change_field(&world, &seen, a), STORE_OK);
    assert_int_equal(change_field(&world, &seen, b), STORE_OK);
    assert_str(field_now(&world, bucket, "a"), "1");
    assert_true(str_is_set(field_now(&world, bucket, "b")));

    a.judged = true; /* of the time before the first change */
    a.stamp_us = seen.stamp_us;
    assert_int_equal(change_field(&world, &seen, a), STORE_CONFLICT);
    a.was = STR("1");
    a.value = STR("2");
    assert_int_equal(change_field(&world, &seen, a), STORE_OK);
    assert_str(field_now(&world, bucket, "a"), "2");
    a.value = STR_NONE;
    a.was = STR("2");
    assert_int_equal(change_field(&world, &seen, a), STORE_OK);
    assert_false(str_is_set(field_now(&world, bucket, "a")));
    assert_true(str_is_set(field_now(&world, bucket, "b")));

    a.was = STR_NONE; /* the same fields, another version */
    (void) world_must_put(&world, bucket, "k", "two");
    assert_int_equal(change_field(&world, &seen, a), STORE_CONFLICT);
    world_close(&world);
}

TEST(object_lock_forbids_deleting_a_version_until_its_time)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    const instant later = instant_add(WORLD_START, DURATION_S(60));
    static const struct {
        int line;
        enum lock_mode mode;
        bool hold, bypass;
        enum store_result before, after;
    } rows[] = {
        { __LINE__, LOCK_NONE, false, false, STORE_OK, STORE_OK },
        { __LINE__, LOCK_NONE, true, true, STORE_LOCKED, STORE_LOCKED },
        { __LINE__, LOCK_GOVERNANCE, false, false, STORE_LOCKED, STORE_OK },
        { __LINE__, LOCK_GOVERNANCE, false, true, STORE_OK, STORE_OK },
        { __LINE__, LOCK_COMPLIANCE, false, true, STORE_LOCKED, STORE_OK },
    };
    for (int late = 0; late < 2; late++) {
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct store_put put;
            store_put_init(&put, world.arena);
            put.bucket = bucket;
            put.key = STR("k");
            put.meta.lock_mode = rows[i].mode;
            put.meta.lock_until = later;
            put.meta.legal_hold = rows[i].hold;
            assert_int_equal(store_write_wait(world.store, &put.head), STORE_OK);
            struct version_delete entry = { .key = put.key,
                                            .version_id = put.out.id,
                                            .bypass_governance = rows[i].bypass };
            struct store_delete del;
            store_delete_init(&del, world.arena);
            del.bucket = bucket;
            del.at = &entry;
            del.count = 1;
            assert_int_equal(store_write_wait(world.store, &del.head), STORE_OK);
            assert_int_equal(entry.result, late ? rows[i].after : rows[i].before);
        }
        assert_true(clock_move_to(world.clock, instant_add(WORLD_START, DURATION_S(60))));
    }
    world_close(&world);
}

TEST(a_retention_in_force_is_only_lengthened)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    static const struct {
        int line;
        enum lock_mode from, to;
        int seconds; /* against the old end */
        bool bypass;
        enum store_result result;
    } rows[] = {
        { __LINE__, LOCK_NONE, LOCK_COMPLIANCE, -5, false, STORE_OK },
        { __LINE__, LOCK_GOVERNANCE, LOCK_GOVERNANCE, 5, false, STORE_OK },
        { __LINE__, LOCK_GOVERNANCE, LOCK_COMPLIANCE, 0, false, STORE_LOCKED },
        { __LINE__, LOCK_GOVERNANCE, LOCK_COMPLIANCE, 0, true, STORE_OK },
        { __LINE__, LOCK_GOVERNANCE, LOCK_GOVERNANCE, -5, false, STORE_LOCKED },
        { __LINE__, LOCK_GOVERNANCE, LOCK_NONE, 0, false, STORE_LOCKED },
        { __LINE__, LOCK_GOVERNANCE, LOCK_NONE, 0, true, STORE_OK },
        { __LINE__, LOCK_COMPLIANCE, LOCK_COMPLIANCE, 5, false, STORE_OK },
        { __LINE__, LOCK_COMPLIANCE, LOCK_GOVERNANCE, 5, true, STORE_LOCKED },
        { __LINE__, LOCK_COMPLIANCE, LOCK_COMPLIANCE, -5, true, STORE_LOCKED },
    };
    const instant until = instant_add(WORLD_START, DURATION_S(60));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct store_put put;
        store_put_init(&put, world.arena);
        put.bucket = bucket;
        put.key = STR("k");
        put.meta.lock_mode = rows[i].from;
        put.meta.lock_until = until;
        assert_int_equal(store_write_wait(world.store, &put.head), STORE_OK);
        const struct object_meta meta = { .lock_mode = rows[i].to,
                                          .lock_until =
                                              instant_add(until, DURATION_S(rows[i].seconds)) };
        enum store_result result =
            change(&world, bucket, STR_NONE, CHANGE_RETENTION, meta, rows[i].bypass);
        if (result != rows[i].result)
            print_error("line %d\n", rows[i].line);
        assert_int_equal(result, rows[i].result);
    }
    world_close(&world);
}

TEST(many_deletes_have_a_result_each_in_one_commit)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    (void) world_must_put(&world, bucket, "a", "x");
    (void) world_must_put(&world, bucket, "b", "x");
    struct version_delete entries[] = { { .key = STR("a") },
                                        { .key = STR("b"), .version_id = STR("nonesuch") },
                                        { .key = STR("c") } };
    struct store_delete del;
    store_delete_init(&del, world.arena);
    del.bucket = bucket;
    del.at = entries;
    del.count = COUNT(entries);
    uint64_t commits = store_commit_count(world.store);
    assert_int_equal(store_write_wait(world.store, &del.head), STORE_OK);
    assert_int_equal(store_commit_count(world.store), commits + 1);
    assert_int_equal(entries[0].result, STORE_OK);
    assert_int_equal(entries[1].result, STORE_NO_VERSION);
    assert_int_equal(entries[2].result, STORE_OK);
    assert_int_equal(count_versions(&world, bucket), 1);
    del.bucket = 999;
    assert_int_equal(store_write_wait(world.store, &del.head), STORE_NO_BUCKET);
    world_close(&world);
}
