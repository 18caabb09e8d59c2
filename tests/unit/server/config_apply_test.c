/* A configuration makes a world, makes it again, and goes on with a kept one. */
#include "tests/unit/server/config_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "replication/plan.h"
#include "server/auth/credentials.h"
#include "server/clients.h"
#include "server/config_apply.h"
#include "server/configs.h"
#include "server/mraps.h"

struct applied {
    struct config_case c;
    struct world *world;
    struct lane *lane;
    str error;
};

static bool open_and_apply(struct applied *a)
{
    a->error = STR_NONE;
    a->world = world_open(a->c.arena, &a->c.config.settings, &a->error);
    if (a->world == NULL)
        fail_msg("%.*s", STR_ARG(a->error));
    configs_replace(a->world->configs, NULL, &a->c.config);
    a->lane = world_lane_open(a->world, 0);
    return config_apply(a->c.arena, a->world, a->lane, &a->error);
}

static void close_world(struct applied *a)
{
    world_lane_close(a->lane);
    world_close(a->world);
}

static int64_t bucket_id(struct applied *a, const char *name)
{
    struct bucket_info info;
    store_read_begin(a->lane->reader);
    assert_int_equal(store_bucket_get(a->lane->reader, a->c.arena, str_of(name), &info), STORE_OK);
    return info.id;
}

static struct list_page objects_of(struct applied *a, const char *bucket)
{
    struct list_query query = { .bucket = bucket_id(a, bucket), .max = 100 };
    struct list_page page;
    assert_int_equal(store_list(a->lane->reader, a->c.arena, &query, &page), STORE_OK);
    return page;
}

static str body_of(struct applied *a, const char *bucket, const char *key)
{
    struct version_info version;
    struct body_reader *body;
    int64_t id = bucket_id(a, bucket);
    if (store_version_get(a->lane->reader, a->c.arena, id, str_of(key), STR_NONE, &version) !=
        STORE_OK)
        return STR("(none)");
    char *bytes = arena_alloc(a->c.arena, version.size_bytes + 1);
    assert_int_equal(body_reader_open(a->lane->reader, version.body, 0, version.size_bytes, &body),
                     STORE_OK);
    size_t at = 0;
    for (ssize_t got; (got = body_reader_read(body, bytes + at, version.size_bytes - at)) > 0;)
        at += (size_t) got;
    body_reader_close(body);
    return str_from(bytes, at);
}

TEST(the_demo_world_is_made_and_copies_are_on_their_way)
{
    struct applied a = { 0 };
    config_case_open(&a.c);
    config_case_read(&a.c, "--demo --clock manual --seed 7", NULL);
    assert_str(config_case_said(&a.c), "");
    if (!open_and_apply(&a))
        fail_msg("%.*s", STR_ARG(a.error));
    assert_int_equal(objects_of(&a, "orders-use1").count, 3);
    assert_int_equal(objects_of(&a, "orders-euw1").count, 0);
    assert_str(body_of(&a, "orders-use1", "stock.json"), "{\"lamp\": 7, \"rug\": 2}\n");

    struct queue_filter filter = { .any_state = true };
    struct queue_page copies;
    assert_int_equal(store_queue_list(a.lane->reader, a.c.arena, &filter, 0, &copies), STORE_OK);
    assert_int_equal(copies.count, 6);
    assert_str(copies.at[0].from_region, "us-east-1");
    assert_true(instant_diff(copies.at[0].ready_at, copies.at[0].queued_at).ns ==
                DURATION_S(15).ns);

    const struct mrap_list *list = mraps_acquire(a.world->mraps);
    const struct mrap *mrap = mrap_by_alias(list, STR("orders.mrap"));
    assert_non_null(mrap);
    assert_int_equal(mrap->status, MRAP_READY);
    assert_int_equal(mrap->member_count, 3);
    assert_int_equal(mrap->members[2].dial, 100);
    mraps_release(list);

    struct credential credential;
    assert_str(clients_named(a.world->clients, STR("alice"))->place.name, "paris");
    assert_true(credentials_find(a.world->credentials, a.c.arena, STR("bob"), &credential));
    assert_str(credential.account, "123456789012");
    assert_true(credential.from_config);
    str rules;
    assert_int_equal(store_config_get(a.lane->reader, a.c.arena, bucket_id(&a, "orders-apse1"),
                                      STR(CONFIG_REPLICATION), STR(""), &rules),
                     STORE_OK);
    assert_true(str_find(rules, STR("<ID>to-orders-euw1</ID>")) < rules.size);

    assert_true(config_apply(a.c.arena, a.world, a.lane, &a.error));
    assert_int_equal(objects_of(&a, "orders-use1").count, 3);
    close_world(&a);
    config_case_close(&a.c);
}

static void delete_object(struct applied *a, const char *bucket, const char *key)
{
    struct version_delete one = { .key = str_of(key) };
    struct store_delete del;
    store_delete_init(&del, a->c.arena);
    del.bucket = bucket_id(a, bucket);
    del.at = &one;
    del.count = 1;
    assert_int_equal(store_write_wait(a->world->store, &del.head), STORE_OK);
}

TEST(a_kept_world_goes_on)
{
    const char *file = "{ \"buckets\": { \"one\": { \"region\": \"us-east-1\", \"objects\": { "
                       "\"a\": \"1\", \"b\": "
                       "\"2\" } } },"
                       " \"mraps\": { \"kept\": { \"buckets\": [\"one\"] } } }";
    struct applied a = { 0 };
    config_case_open(&a.c);
    const char *flags = str_format(a.c.arena, "--data %s/world --seed 1", a.c.directory).ptr;
    config_case_file(&a.c, file, flags, NULL);
    if (!open_and_apply(&a))
        fail_msg("%.*s", STR_ARG(a.error));
    const struct mrap_list *list = mraps_acquire(a.world->mraps);
    str alias = str_copy(a.c.arena, mrap_list_at(list, 0)->alias);
    assert_int_equal(alias.size, 18);
    mraps_release(list);
    delete_object(&a, "one", "a");
    close_world(&a);

    config_case_file(
        &a.c,
        "{ \"buckets\": { \"one\": { \"region\": \"us-east-1\", \"versioning\": "
        "\"enabled\", \"objects\": { \"a\": \"1\" } }, \"two\": { \"region\": "
        "\"eu-west-1\", \"versioning\": \"enabled\", \"objects\": { \"c\": \"3\" } } },"
        " \"mraps\": { \"kept\": { \"buckets\": [\"one\"] } },"
        " \"replication\": [ { \"link\": \"one -> two\" } ],"
        " \"links\": { \"us-east-1 -> eu-west-1\": { \"bandwidth\": \"1MB/s\" } } }",
        flags, NULL);
    assert_str(config_case_said(&a.c), "");
    if (!open_and_apply(&a))
        fail_msg("%.*s", STR_ARG(a.error));
    assert_int_equal(objects_of(&a, "one").count, 1);
    assert_int_equal(objects_of(&a, "two").count, 1);
    struct link link = links_get(a.world->links, a.c.arena, region_find(STR("us-east-1")),
                                 region_find(STR("eu-west-1")));
    assert_true(link.bandwidth_bytes_per_s == 1000000 && !link.has_lag);
    list = mraps_acquire(a.world->mraps);
    assert_int_equal(mrap_list_count(list), 1);
    assert_true(str_eq(mrap_list_at(list, 0)->alias, alias));
    mraps_release(list);
    close_world(&a);

    config_case_file(&a.c, "{ \"buckets\": { \"one\": { \"region\": \"eu-west-1\" } } }", flags,
                     NULL);
    assert_false(open_and_apply(&a));
    assert_str(a.error,
               "bucket 'one' is in us-east-1 already, but the configuration says eu-west-1");
    close_world(&a);
    config_case_close(&a.c);
}

static void write_file(struct applied *a, const char *path, str text)
{
    str whole = str_format(a->c.arena, "%s/load/%s", a->c.directory, path);
    size_t end = whole.size;
    while (whole.ptr[end - 1] != '/')
        end--;
    assert_int_equal(fs_make_dirs(fs_real(), str_c(a->c.arena, str_first(whole, end))), 0);
    assert_int_equal(fs_replace_file(whole.ptr, text, 0600), 0);
}

TEST(a_directory_is_loaded_without_following_links)
{
    struct applied a = { 0 };
    config_case_open(&a.c);
    struct buf large;
    buf_init_arena(&large, a.c.arena, 4 << 20);
    for (unsigned i = 0; large.size < (3u << 20); i++)
        buf_addf(&large, "line %u\n", i);
    write_file(&a, "there/a.txt", STR("a"));
    write_file(&a, "there/deep/er/b.txt", STR("b"));
    write_file(&a, "there/large.bin", buf_str(&large));
    write_file(&a, "there/empty", STR(""));
    write_file(&a, "new-one/c", STR("c"));
    write_file(&a, "stray.txt", STR("no bucket"));
    write_file(&a, "../secret/s", STR("secret"));
    assert_int_equal(
        symlink("../../secret/s", str_format(a.c.arena, "%s/load/there/link", a.c.directory).ptr),
        0);
    assert_int_equal(
        symlink("../../secret", str_format(a.c.arena, "%s/load/there/dir", a.c.directory).ptr), 0);
    assert_int_equal(
        symlink("../secret", str_format(a.c.arena, "%s/load/linked", a.c.directory).ptr), 0);
    assert_int_equal(mkfifo(str_format(a.c.arena, "%s/load/there/fifo", a.c.directory).ptr, 0600),
                     0);
    config_case_file(&a.c, "{ \"buckets\": { \"there\": { \"region\": \"eu-west-1\" } } }",
                     str_format(a.c.arena, "--load %s/load", a.c.directory).ptr, NULL);
    if (!open_and_apply(&a))
        fail_msg("%.*s", STR_ARG(a.error));
    struct list_page page = objects_of(&a, "there");
    assert_int_equal(page.count, 4);
    assert_str(page.at[1].key, "deep/er/b.txt");
    assert_true(str_eq(body_of(&a, "there", "large.bin"), buf_str(&large)));
    assert_str(body_of(&a, "new-one", "c"), "c");
    struct bucket_info info;
    assert_int_equal(store_bucket_get(a.lane->reader, a.c.arena, STR("new-one"), &info), STORE_OK);
    assert_str(info.region, "us-east-1");
    assert_int_equal(store_bucket_get(a.lane->reader, a.c.arena, STR("linked"), &info),
                     STORE_NO_BUCKET);

    assert_false(config_load(a.c.arena, a.lane, STR("/nowhere/at/all"), &a.error));
    assert_str(a.error, "--load /nowhere/at/all: No such file or directory");
    write_file(&a, "Bad_Name/x", STR("x"));
    assert_false(config_apply(a.c.arena, a.world, a.lane, &a.error));
    assert_true(str_ends(a.error, STR("Bad_Name: this is no bucket name")));
    close_world(&a);
    config_case_close(&a.c);
}

TEST(a_file_that_an_object_names_must_be_there)
{
    struct applied a = { 0 };
    config_case_open(&a.c);
    config_case_file(&a.c,
                     "{ \"buckets\": { \"one\": { \"region\": \"us-east-1\", \"objects\": { \"k\": "
                     "{ \"file\": \"gone.png\" } } } } }",
                     "", NULL);
    assert_true(a.c.sound);
    assert_false(open_and_apply(&a));
    assert_true(str_ends(a.error, STR("gone.png: No such file or directory")));
    close_world(&a);
    config_case_close(&a.c);
}
