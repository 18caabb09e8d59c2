/* A running world takes a new document: what changes, what is kept, what is refused. */
#include "tests/unit/server/config_fixture.h"

#include "replication/links.h"
#include "replication/timekeeper.h"
#include "server/auth/credentials.h"
#include "server/clients.h"
#include "server/config_apply.h"
#include "server/config_change.h"
#include "server/configs.h"
#include "server/faults.h"
#include "server/mraps.h"
#include "server/regions.h"

#define BUCKETS                                                                                    \
    "\"buckets\": { \"use1\": { \"region\": \"us-east-1\", \"versioning\": \"enabled\", "          \
    "\"objects\": { \"a\": \"1\" } },"                                                             \
    " \"euw1\": { \"region\": \"eu-west-1\", \"versioning\": \"enabled\" } }"
#define RULES "\"replication\": [ { \"link\": \"use1 -> euw1\" } ]"
#define MRAP                                                                                       \
    "\"mraps\": { \"orders\": { \"alias\": \"orders.mrap\", \"buckets\": [\"use1\", \"euw1\"] } }"
#define WORLD BUCKETS ", " RULES ", " MRAP

struct running {
    struct config_case c;
    struct world *world;
    struct lane *lane;
    struct config_change change;
    enum config_change_result result;
};

static void start(struct running *r, const char *document, const char *flags)
{
    *r = (struct running){ 0 };
    str error = STR_NONE;
    log_configure(LOG_ERROR, LOG_TEXT);
    config_case_open(&r->c);
    config_case_file(&r->c, document, flags, NULL);
    assert_str(config_case_said(&r->c), "");
    r->world = world_open(r->c.arena, &r->c.config.settings, &error);
    assert_non_null(r->world);
    configs_replace(r->world->configs, NULL, &r->c.config);
    r->lane = world_lane_open(r->world, CONFIG_CHANGE_LANE);
    if (!config_apply(r->c.arena, r->world, r->lane, &error))
        fail_msg("%.*s", STR_ARG(error));
}

static void stop(struct running *r)
{
    world_lane_close(r->lane);
    world_close(r->world);
    config_case_close(&r->c);
}

static str names(struct running *r, const struct config_names *list)
{
    struct buf text;
    buf_init_arena(&text, r->c.arena, 1 << 20);
    for (size_t i = 0; i < list->count; i++)
        buf_addf(&text, "%s%.*s", i ? " | " : "", STR_ARG(list->at[i]));
    return buf_str(&text);
}

/* What changed, or what is wrong. */
static str change_to(struct running *r, const char *document)
{
    struct buf text;
    r->change = (struct config_change){ .text = { str_of(document), STR("new"), STR_NONE } };
    r->result = config_change(r->c.arena, r->lane, &r->change);
    if (r->result == CONFIG_CHANGED)
        return names(r, &r->change.changed);
    if (r->result == CONFIG_NOT_APPLIED)
        return r->change.error;
    buf_init_arena(&text, r->c.arena, 1 << 20);
    config_problems_write(r->change.problems, &text);
    return buf_str(&text);
}

TEST(each_part_changes_by_its_name_once_and_goes_back)
{
    static const struct {
        int line;
        const char *with, *changed;
    } rows[] = {
        { __LINE__, "\"links\": { \"*\": { \"lag\": \"fixed(9s)\" } }", "links.*.lag" },
        { __LINE__, "\"links\": { \"us-east-1 -> eu-west-1\": { \"bandwidth\": \"1MB/s\" } }",
          "links.us-east-1 -> eu-west-1.bandwidth" },
        { __LINE__,
          "\"links\": { \"us-east-1 -> eu-west-1\": { \"overrides\": [ { \"prefix\": \"img/\", "
          "\"lag\": \"1m\" } ] } }",
          "links.us-east-1 -> eu-west-1.overrides" },
        { __LINE__, "\"regions\": { \"af-south-1\": { \"enabled\": false } }",
          "regions.af-south-1.enabled" },
        { __LINE__, "\"regions\": { \"us-east-1\": { \"skew\": \"5m\" } }",
          "regions.us-east-1.skew" },
        { __LINE__, "\"clients\": { \"alice\": { \"at\": \"paris\" } }", "clients.alice" },
        { __LINE__, "\"client_networks\": { \"10.0.0.0/8\": \"paris\" }",
          "client_networks.10.0.0.0/8" },
        { __LINE__, "\"accounts\": { \"111122223333\": { \"keys\": { \"AK\": \"sk\" } } }",
          "accounts.111122223333" },
        { __LINE__, "\"roles\": { \"copier\": {} }", "roles.copier" },
        { __LINE__,
          "\"faults\": [ { \"name\": \"f\", \"match\": { \"api\": \"PutObject\" }, \"error\": "
          "\"503:SlowDown\" } ]",
          "faults.f" },
        { __LINE__,
          "\"notification_targets\": { \"arn:aws:sns:us-east-1:1:t\": { \"log\": "
          "\"x.log\" } }",
          "notification_targets.arn:aws:sns:us-east-1:1:t" },
    };
    struct running r;
    start(&r, "{ " WORLD " }", "--clock manual --seed 7");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *document = str_format(r.c.arena, "{ %s, %s }", WORLD, rows[i].with).ptr;
        if (!str_is(change_to(&r, document), rows[i].changed))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(change_to(&r, document)));
        assert_str(change_to(&r, document), "");
        assert_str(change_to(&r, "{ " WORLD " }"), rows[i].changed);
        assert_str(change_to(&r, "{ " WORLD " }"), "");
        assert_int_equal(r.change.kept.count, 0);
    }
    stop(&r);
}

TEST(the_tables_hold_what_the_document_says)
{
    struct running r;
    struct credential credential;
    start(&r,
          "{ " WORLD ", \"clients\": { \"alice\": { \"at\": \"paris\" }, \"bob\": { \"at\": "
          "\"tokyo\" } } }",
          "--clock manual --seed 7");
    const struct client *held = clients_named(r.world->clients, STR("alice"));
    const struct client *bob = clients_named(r.world->clients, STR("bob"));
    assert_str(change_to(&r, "{ " WORLD ", \"clients\": { \"alice\": { \"at\": \"london\", "
                             "\"access_key\": \"AK\" }, \"bob\": { \"at\": \"tokyo\" } }, "
                             "\"preset\": \"aws-like\" }"),
               "preset | clients.alice | links.*.lag | mraps.orders.routing");
    assert_str(clients_named(r.world->clients, STR("alice"))->place.name, "london");
    assert_str(held->place.name, "paris"); /* of a request in progress */
    assert_ptr_equal(clients_named(r.world->clients, STR("bob")), bob);
    assert_true(credentials_find(r.world->credentials, r.c.arena, STR("AK"), &credential));
    assert_false(credentials_find(r.world->credentials, r.c.arena, STR("alice"), &credential));
    assert_str(world_preset(r.world), "aws-like");
    stop(&r);
}

TEST(routes_and_the_clock_become_what_the_document_says)
{
    struct running r;
    struct time_job job = { .kind = TIME_MODE, .mode = CLOCK_AUTO };
    start(&r, "{ " WORLD " }", "--clock-start 2026-03-01T12:00:00Z");
    assert_str(change_to(&r, "{ " BUCKETS ", " RULES
                             ", \"mraps\": { \"orders\": { \"buckets\": [\"euw1\", \"use1\"], "
                             "\"routes\": { \"eu-west-1\": \"passive\" }, \"routing\": { "
                             "\"proximity\": \"distance\" } } }, \"clock\": { \"mode\": "
                             "\"manual\", \"rate\": 60 } }"),
               "mraps.orders.routes | mraps.orders.routing | clock.mode | clock.rate");
    const struct mrap_list *list = mraps_acquire(r.world->mraps);
    const struct mrap *mrap = mrap_by_alias(list, STR("orders.mrap"));
    assert_int_equal(mrap->members[0].dial, 100); /* use1: the order of its making stays */
    assert_int_equal(mrap->members[1].dial, 0);
    assert_int_equal(mrap->routes_effective_at.ns, mrap->routes_at.ns);
    mraps_release(list);
    assert_int_equal(clock_mode_get(r.world->clock), CLOCK_MANUAL);
    job.arena = r.c.arena;
    assert_int_equal(timekeeper_run(r.world->timekeeper, &job), TIME_OK);
    assert_str(change_to(&r, "{ " WORLD " }"), "mraps.orders.routes | mraps.orders.routing");
    assert_int_equal(clock_mode_get(r.world->clock), CLOCK_AUTO); /* nothing was said of it */
    stop(&r);
}

static bool is_there(struct running *r, const char *bucket, const char *key)
{
    struct bucket_info info;
    struct version_info version;
    store_read_begin(r->lane->reader);
    return store_bucket_get(r->lane->reader, r->c.arena, str_of(bucket), &info) == STORE_OK &&
           store_version_get(r->lane->reader, r->c.arena, info.id, str_of(key), STR_NONE,
                             &version) == STORE_OK;
}

TEST(what_is_new_is_made_and_no_data_are_destroyed)
{
    struct running r;
    start(&r, "{ " WORLD " }", "--clock manual --seed 7");
    assert_str(change_to(&r, "{ \"buckets\": { \"use1\": { \"region\": \"us-east-1\", "
                             "\"versioning\": \"suspended\", \"objects\": { \"a\": \"other\", "
                             "\"b\": \"2\" } }, \"new\": { \"region\": \"eu-west-2\", "
                             "\"objects\": { \"c\": \"3\" } } }, \"mraps\": { \"more\": { "
                             "\"buckets\": [\"new\"] } } }"),
               "buckets.new | replication.use1 | buckets.use1.versioning | mraps.more | "
               "buckets.use1.objects.b | buckets.new.objects.c");
    assert_str(names(&r, &r.change.kept), "buckets.euw1 | mraps.orders | buckets.use1.objects.a");
    assert_true(is_there(&r, "use1", "a") && is_there(&r, "use1", "b") && is_there(&r, "new", "c"));
    assert_str(change_to(&r, "{ " WORLD " }"), "buckets.use1.versioning | replication.use1");
    assert_str(names(&r, &r.change.kept),
               "buckets.new | mraps.more | buckets.use1.objects.a | buckets.use1.objects.b");
    stop(&r);
}

TEST(a_refused_document_says_all_that_is_wrong_and_changes_nothing)
{
    struct running r;
    start(&r, "{ \"seed\": 7, " WORLD ", \"server\": { \"auth\": \"relaxed\" } }",
          "--clock manual --no-hints");
    assert_str(change_to(&r, "{\n"
                             "\"seed\": 8,\n"
                             "\"account\": \"111122223333\",\n"
                             "\"server\": { \"auth\": \"strict\", \"hints\": true,\n"
                             "\"data\": \"elsewhere\" },\n"
                             "\"clock\": { \"start\": \"2020-01-01T00:00:00Z\" },\n"
                             "\"links\": { \"*\": { \"lag\": \"fixed(9s)\" } },\n"
                             "\"buckets\": { \"use1\": { \"region\": \"eu-west-2\", "
                             "\"versioning\": \"enabled\" },\n"
                             "\"euw1\": { \"region\": \"eu-west-1\", \"object_lock\": true } },\n"
                             "\"mraps\": { \"orders\": { \"buckets\": [\"euw1\"] },\n"
                             "\"second\": { \"alias\": \"orders.mrap\", \"buckets\": [\"euw1\"] } "
                             "},\n"
                             "\"nonsense\": 1 }"),
               "new:2:9: seed: cannot change while the server runs (it is '7'): leave it out, or "
               "start the server again\n"
               "new:3:12: account: cannot change while the server runs (it is '123456789012'): "
               "leave it out, or start the server again\n"
               "new:4:21: server.auth: cannot change while the server runs (it is 'relaxed'): "
               "leave it out, or start the server again\n"
               "new:5:9: server.data: cannot change while the server runs (it is 'memory'): leave "
               "it out, or start the server again\n"
               "new:6:21: clock.start: cannot change while the server runs (it is 'now'): leave it "
               "out, or start the server again\n"
               "new:8:22: buckets.use1.region: the bucket is in us-east-1 already, and a bucket "
               "cannot move: delete it first, or take another name\n"
               "new:9:9: buckets.euw1.object_lock: the bucket was made without Object Lock: give "
               "it one with PutObjectLockConfiguration, or delete the bucket first\n"
               "new:10:22: mraps.orders.buckets: the buckets of an access point cannot change once "
               "it is made, as on AWS: delete it first, or take another name\n"
               "new:11:11: mraps.second.alias: access point 'orders' has the alias orders.mrap "
               "already\n"
               "new:12:13: nonsense: unknown key 'nonsense'\n");
    assert_int_equal(r.result, CONFIG_UNSOUND);
    struct link any = links_effective(r.world->links, r.c.arena, REGION_NONE, REGION_NONE);
    assert_str(lag_text(r.c.arena, &any.lag), "fixed(3s)");
    assert_str(change_to(&r, "{ \"seed\": 7, \"server\": { \"data\": \"memory\" }, " WORLD " }"),
               "");
    stop(&r);
}

TEST(versioning_is_not_undone_nor_suspended_under_rules_of_others)
{
    struct running r;
    start(&r, "{ " BUCKETS " }", "--clock manual --seed 7");
    assert_str(change_to(&r, "{ \"buckets\": { \"use1\": { \"region\": \"us-east-1\", "
                             "\"objects\": { \"a\": \"1\" } } } }"),
               "new:1:24: buckets.use1.versioning: versioning cannot be switched off again: say "
               "\"enabled\" or \"suspended\"\n");
    struct store_config_put put;
    const struct store_doc docs[] = {
        { .kind = STR(CONFIG_REPLICATION), .id = STR(""), .body = STR("<x/>") },
        { .kind = STR(CONFIG_REPLICATION_RULES), .id = STR(""), .body = STR("by hand") }
    };
    struct bucket_info use1;
    store_read_begin(r.lane->reader);
    assert_int_equal(store_bucket_get(r.lane->reader, r.c.arena, STR("use1"), &use1), STORE_OK);
    store_config_put_init(&put, r.c.arena);
    put.bucket = use1.id;
    put.configs = docs;
    put.count = COUNT(docs);
    assert_int_equal(store_write_wait(r.world->store, &put.head), STORE_OK);
    assert_str(change_to(&r, "{ \"buckets\": { \"use1\": { \"region\": \"us-east-1\", "
                             "\"versioning\": \"suspended\" } } }"),
               "new:1:24: buckets.use1.versioning: the bucket has replication rules that this "
               "configuration did not make, and S3 does not suspend versioning under rules: "
               "delete them first\n");
    stop(&r);
}

TEST(a_flag_wins_over_the_new_document_too)
{
    struct running r;
    start(&r, "{ " WORLD " }", "--clock manual --seed 7 --lag 20s --auth strict");
    assert_str(change_to(&r, "{ \"server\": { \"auth\": \"off\" }, \"clock\": { \"mode\": "
                             "\"real\" }, \"links\": { \"*\": { \"lag\": \"1s\" } }, " WORLD " }"),
               "");
    assert_int_equal(clock_mode_get(r.world->clock), CLOCK_MANUAL);
    stop(&r);
}

TEST(a_lag_set_by_hand_gives_way_to_a_document_that_names_one_only)
{
    struct running r;
    start(&r, "{ " WORLD " }", "--clock manual --seed 7");
    struct link by_hand = { .has_lag = true, .lag = lag_fixed(DURATION_S(40)), .held = true };
    struct store_doc doc = link_doc(r.c.arena, REGION_NONE, REGION_NONE, &by_hand);
    struct store_write write;
    store_docs_init(&write, r.c.arena);
    write.docs = &doc;
    write.doc_count = 1;
    assert_int_equal(store_write_wait(r.world->store, &write), STORE_OK);
    links_apply(r.world->links, &doc, 1);
    assert_str(change_to(&r, "{ " WORLD " }"), "");
    struct link any = links_effective(r.world->links, r.c.arena, REGION_NONE, REGION_NONE);
    assert_str(lag_text(r.c.arena, &any.lag), "fixed(40s)");
    assert_str(change_to(&r, "{ " WORLD ", \"links\": { \"*\": { \"lag\": \"1s\" } } }"),
               "links.*.lag");
    any = links_effective(r.world->links, r.c.arena, REGION_NONE, REGION_NONE);
    assert_str(lag_text(r.c.arena, &any.lag), "fixed(1s)");
    assert_true(any.held);
    stop(&r);
}

TEST(who_holds_a_configuration_keeps_it_while_another_is_in_effect)
{
    struct running r;
    struct arena *request = arena_new();
    start(&r, "{ " WORLD " }", "--clock manual --seed 7");
    assert_str(change_to(&r, "{ " WORLD ", \"accounts\": { \"111122223333\": { \"policies\": [ { "
                             "\"Version\": \"2012-10-17\", \"Statement\": [ { \"Effect\": "
                             "\"Deny\", \"Action\": \"s3:*\", \"Resource\": \"*\" } ] } ] } } }"),
               "accounts.111122223333");
    const struct config *held = configs_of(r.world->configs, request);
    assert_true(configs_has_accounts(r.world->configs));
    assert_str(change_to(&r, "{ " WORLD " }"), "accounts.111122223333");
    assert_false(configs_has_accounts(r.world->configs));
    assert_int_equal(held->document.account_count, 1);
    assert_str(held->document.accounts[0].id, "111122223333");
    arena_free(request);
    stop(&r);
}
