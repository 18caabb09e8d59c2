/* Buckets, their sub-resources, and documents. */
#include <stdio.h>

#include "tests/unit/storage/store_world.h"

static enum store_result get_bucket(struct world *world, const char *name, struct bucket_info *out)
{
    store_read_begin(world->reader);
    return store_bucket_get(world->reader, world->arena, str_of(name), out);
}

static enum store_result delete_bucket(struct world *world, int64_t bucket)
{
    struct store_bucket_delete del;
    store_bucket_delete_init(&del, world->arena);
    del.bucket = bucket;
    return store_write_wait(world->store, &del.head);
}

TEST(a_bucket_name_belongs_to_one_bucket_everywhere)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    struct store_bucket_create again;
    store_bucket_create_init(&again, world.arena);
    again.name = STR("b");
    again.region = STR("us-east-1");
    again.account = STR("444455556666");
    assert_int_equal(store_write_wait(world.store, &again.head), STORE_EXISTS);
    assert_int_equal(again.out.id, id);
    assert_str(again.out.region, "eu-west-1");
    assert_str(again.out.account, "111122223333");
    world_close(&world);
}

TEST(readers_see_each_change_of_a_bucket_at_once)
{
    struct world world = world_new();
    struct bucket_info info;
    assert_int_equal(get_bucket(&world, "b", &info), STORE_NO_BUCKET);
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    assert_int_equal(get_bucket(&world, "b", &info), STORE_OK);
    assert_int_equal(info.id, id);
    assert_int_equal(info.versioning, VERSIONING_UNSET);
    assert_int_equal(info.created.ns, WORLD_START.ns);
    world_versioning(&world, id, VERSIONING_ENABLED);
    assert_int_equal(get_bucket(&world, "b", &info), STORE_OK);
    assert_int_equal(info.versioning, VERSIONING_ENABLED);
    assert_int_equal(delete_bucket(&world, id), STORE_OK);
    assert_int_equal(get_bucket(&world, "b", &info), STORE_NO_BUCKET);
    world_close(&world);
}

TEST(a_snapshot_does_not_change_midway)
{
    struct world world = world_new();
    struct version_info got;
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    store_read_begin(world.reader);
    assert_int_equal(store_version_get(world.reader, world.arena, id, STR("k"), STR_NONE, &got),
                     STORE_NO_KEY);
    (void) world_must_put(&world, id, "k", "x");
    assert_int_equal(store_version_get(world.reader, world.arena, id, STR("k"), STR_NONE, &got),
                     STORE_NO_KEY);
    store_read_begin(world.reader);
    assert_int_equal(store_version_get(world.reader, world.arena, id, STR("k"), STR_NONE, &got),
                     STORE_OK);
    store_read_idle(world.reader);
    store_read_idle(world.reader);
    world_close(&world);
}

TEST(a_bucket_goes_when_it_is_empty_and_comes_back_as_another)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    struct version_delete marker = world_delete(&world, id, "k", NULL);
    assert_int_equal(delete_bucket(&world, id), STORE_NOT_EMPTY);
    (void) world_delete(&world, id, "k", str_c(world.arena, marker.id));
    assert_int_equal(delete_bucket(&world, id), STORE_OK);
    assert_int_equal(delete_bucket(&world, id), STORE_NO_BUCKET);
    int64_t again = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    assert_true(again > id);
    assert_int_equal(world_put(&world, id, "k", "x").head.result, STORE_NO_BUCKET);
    world_close(&world);
}

TEST(versioning_stays_on_where_something_needs_it)
{
    struct world world = world_new();
    int64_t plain = world_bucket(&world, "plain", "eu-west-1", VERSIONING_ENABLED);
    int64_t source = world_bucket(&world, "source", "eu-west-1", VERSIONING_ENABLED);
    struct store_bucket_create locked;
    store_bucket_create_init(&locked, world.arena);
    locked.name = STR("locked");
    locked.region = STR("eu-west-1");
    locked.object_lock = true;
    assert_int_equal(store_write_wait(world.store, &locked.head), STORE_OK);
    assert_int_equal(locked.out.versioning, VERSIONING_ENABLED);
    const struct store_doc rules = { .kind = STR(CONFIG_REPLICATION),
                                     .id = STR(""),
                                     .body = STR("<x/>") };
    struct store_config_put put;
    store_config_put_init(&put, world.arena);
    put.bucket = source;
    put.configs = &rules;
    put.count = 1;
    assert_int_equal(store_write_wait(world.store, &put.head), STORE_OK);
    const struct {
        int64_t bucket;
        enum versioning versioning;
        enum store_result result;
    } table[] = {
        { plain, VERSIONING_SUSPENDED, STORE_OK },
        { plain, VERSIONING_UNSET, STORE_STATE_REFUSED },
        { plain, VERSIONING_ENABLED, STORE_OK },
        { source, VERSIONING_SUSPENDED, STORE_STATE_REFUSED },
        { source, VERSIONING_ENABLED, STORE_OK },
        { locked.out.id, VERSIONING_SUSPENDED, STORE_STATE_REFUSED },
        { 999, VERSIONING_ENABLED, STORE_NO_BUCKET },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct store_bucket_versioning change;
        store_bucket_versioning_init(&change, world.arena);
        change.bucket = table[i].bucket;
        change.versioning = table[i].versioning;
        assert_int_equal(store_write_wait(world.store, &change.head), table[i].result);
    }
    world_close(&world);
}

TEST(buckets_are_listed_by_name_with_filters_and_pages)
{
    struct world world = world_new();
    static const char *const names[] = { "b-2", "a", "b-1", "c", "b" };
    for (size_t i = 0; i < COUNT(names); i++)
        (void) world_bucket(&world, names[i], i % 2 ? "us-east-1" : "eu-west-1", VERSIONING_UNSET);
    static const struct {
        int line;
        struct bucket_list_query query;
        const char *names;
        bool truncated;
    } table[] = {
        { __LINE__, { .max = 0 }, "a b b-1 b-2 c ", false },
        { __LINE__, { .max = 2 }, "a b ", true },
        { __LINE__, { .after = { "b", 1 }, .max = 3 }, "b-1 b-2 c ", false },
        { __LINE__, { .prefix = { "b", 1 } }, "b b-1 b-2 ", false },
        { __LINE__, { .prefix = { "b-", 2 }, .after = { "b-1", 3 } }, "b-2 ", false },
        { __LINE__, { .region = { "us-east-1", 9 } }, "a c ", false },
        { __LINE__, { .region = { "us-east-1", 9 }, .max = 1 }, "a ", true },
        { __LINE__, { .account = { "nobody", 6 } }, "", false },
    };
    store_read_begin(world.reader);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct bucket_list list;
        char text[64] = "";
        assert_int_equal(store_bucket_list(world.reader, world.arena, &table[i].query, &list),
                         STORE_OK);
        for (size_t j = 0; j < list.count; j++)
            (void) snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s ",
                            STR_ARG(list.at[j].name));
        assert_string_equal(text, table[i].names);
        assert_int_equal(list.truncated, table[i].truncated);
    }
    world_close(&world);
}

TEST(configurations_are_put_got_listed_and_deleted_together)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    const struct store_doc configs[] = {
        { .kind = STR("inventory"), .id = STR("two"), .body = STR("2") },
        { .kind = STR("inventory"), .id = STR("one"), .body = STR("1") },
        { .kind = STR("policy"), .id = STR(""), .body = STR("{}") },
    };
    struct store_config_put put;
    store_config_put_init(&put, world.arena);
    put.bucket = id;
    put.configs = configs;
    put.count = COUNT(configs);
    assert_int_equal(store_write_wait(world.store, &put.head), STORE_OK);
    str body;
    struct store_doc_list list;
    store_read_begin(world.reader);
    assert_int_equal(store_config_get(world.reader, world.arena, id, STR("policy"), STR(""), &body),
                     STORE_OK);
    assert_str(body, "{}");
    assert_int_equal(store_config_list(world.reader, world.arena, id, STR("inventory"), &list),
                     STORE_OK);
    assert_int_equal(list.count, 2);
    assert_str(list.at[0].id, "one");
    assert_str(list.at[1].body, "2");

    const struct store_doc gone = { .kind = STR("policy"), .id = STR("") };
    put.configs = &gone;
    put.count = 1;
    assert_int_equal(store_write_wait(world.store, &put.head), STORE_OK);
    store_read_begin(world.reader);
    assert_int_equal(store_config_get(world.reader, world.arena, id, STR("policy"), STR(""), &body),
                     STORE_ABSENT);
    put.bucket = 999;
    assert_int_equal(store_write_wait(world.store, &put.head), STORE_NO_BUCKET);
    world_close(&world);
}

TEST(a_configuration_is_refused_when_a_bucket_it_names_is_not_versioned)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    (void) world_bucket(&world, "good", "eu-west-1", VERSIONING_ENABLED);
    (void) world_bucket(&world, "bad", "eu-west-1", VERSIONING_SUSPENDED);
    const str needs[] = { STR("good"), STR("bad") };
    const struct store_doc config = { .kind = STR(CONFIG_REPLICATION),
                                      .id = STR(""),
                                      .body = STR("x") };
    struct store_config_put put;
    store_config_put_init(&put, world.arena);
    put.bucket = id;
    put.configs = &config;
    put.count = 1;
    put.needs_versioning = true;
    assert_int_equal(store_write_wait(world.store, &put.head), STORE_STATE_REFUSED);
    assert_str(put.head.detail, "source");
    world_versioning(&world, id, VERSIONING_ENABLED);
    put.needs_versioned_buckets = needs;
    put.needs_count = 2;
    assert_int_equal(store_write_wait(world.store, &put.head), STORE_STATE_REFUSED);
    assert_str(put.head.detail, "bad");
    put.needs_count = 1;
    assert_int_equal(store_write_wait(world.store, &put.head), STORE_OK);
    world_close(&world);
}

/* -- documents
 * ------------------------------------------------------------------------------------- */

static enum store_result put_docs(struct world *world, const struct store_doc *docs, size_t count)
{
    struct store_write write;
    store_docs_init(&write, world->arena);
    write.docs = docs;
    write.doc_count = count;
    return store_write_wait(world->store, &write);
}

TEST(documents_commit_with_the_write_that_carries_them)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    const struct store_doc doc = { .kind = STR("clock"), .id = STR(""), .body = STR("t") };
    struct store_put put;
    store_put_init(&put, world.arena);
    put.bucket = 999;
    put.key = STR("k");
    put.head.docs = &doc;
    put.head.doc_count = 1;
    assert_int_equal(store_write_wait(world.store, &put.head), STORE_NO_BUCKET);
    str body;
    store_read_begin(world.reader);
    assert_int_equal(store_doc_get(world.reader, world.arena, doc.kind, doc.id, &body),
                     STORE_ABSENT);
    put.bucket = id;
    assert_int_equal(store_write_wait(world.store, &put.head), STORE_OK);
    store_read_begin(world.reader);
    assert_int_equal(store_doc_get(world.reader, world.arena, doc.kind, doc.id, &body), STORE_OK);
    assert_str(body, "t");
    world_close(&world);
}

TEST(documents_are_replaced_deleted_listed_and_made_once)
{
    struct world world = world_new();
    const struct store_doc two[] = { { .kind = STR("mrap"), .id = STR("b"), .body = STR("1") },
                                     { .kind = STR("mrap"), .id = STR("a"), .body = STR("") } };
    assert_int_equal(put_docs(&world, two, 2), STORE_OK);
    const struct store_doc again[] = { { .kind = STR("mrap"), .id = STR("b"), .body = STR("2") } };
    assert_int_equal(put_docs(&world, again, 1), STORE_OK);
    const struct store_doc new[] = {
        { .kind = STR("mrap"), .id = STR("c"), .body = STR("x") },
        { .kind = STR("mrap"), .id = STR("b"), .body = STR("3"), .if_absent = true }
    };
    assert_int_equal(put_docs(&world, new, 2), STORE_EXISTS); /* neither */
    struct store_doc_list list;
    store_read_begin(world.reader);
    assert_int_equal(store_doc_list(world.reader, world.arena, STR("mrap"), &list), STORE_OK);
    assert_int_equal(list.count, 2);
    assert_str(list.at[0].id, "a");
    assert_true(str_is_set(list.at[0].body));
    assert_str(list.at[1].body, "2");
    const struct store_doc gone[] = { { .kind = STR("mrap"), .id = STR("b") },
                                      { .kind = STR("mrap"), .id = STR("nonesuch") } };
    assert_int_equal(put_docs(&world, gone, 2), STORE_OK);
    store_read_begin(world.reader);
    assert_int_equal(store_doc_list(world.reader, world.arena, STR("mrap"), &list), STORE_OK);
    assert_int_equal(list.count, 1);
    world_close(&world);
}

TEST(a_sub_resource_is_put_only_in_place_of_what_was_read)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "us-east-1", VERSIONING_UNSET);
    static const struct {
        int line;
        bool if_absent;
        str was, body;
        enum store_result result;
    } rows[] = {
        { __LINE__, false, { "0", 1 }, { "1", 1 }, STORE_CONFLICT }, /* nothing is there */
        { __LINE__, true, { NULL, 0 }, { "1", 1 }, STORE_OK },
        { __LINE__, true, { NULL, 0 }, { "2", 1 }, STORE_CONFLICT },
        { __LINE__, false, { "2", 1 }, { "3", 1 }, STORE_CONFLICT },
        { __LINE__, false, { "1", 1 }, { "2", 1 }, STORE_OK },
        { __LINE__, false, { "2", 1 }, { NULL, 0 }, STORE_OK },
        { __LINE__, false, { "2", 1 }, { "3", 1 }, STORE_CONFLICT },
        { __LINE__, false, { NULL, 0 }, { "4", 1 }, STORE_OK },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct store_doc config = { .kind = STR("tagging"),
                                          .id = STR(""),
                                          .body = rows[i].body,
                                          .if_absent = rows[i].if_absent,
                                          .was = rows[i].was };
        struct store_config_put put;
        store_config_put_init(&put, world.arena);
        put.bucket = id;
        put.configs = &config;
        put.count = 1;
        enum store_result result = store_write_wait(world.store, &put.head);
        if (result != rows[i].result)
            fail_msg("line %d: %s", rows[i].line, store_result_name(result));
    }
    world_close(&world);
}
