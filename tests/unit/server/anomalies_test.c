/* Anomalies, in a whole world on a manual clock: each is seen when it must be, and not otherwise.
 * Two Regions, one access point; alice is near eu-west-1, bob near us-east-1; copies take 15 s. */
#include "server/anomalies.h"

#include "replication/timekeeper.h"
#include "server/config_apply.h"
#include "server/configs.h"
#include "server/events.h"
#include "server/faults.h"
#include "tests/unit/server/config_fixture.h"

#define WORLD                                                                                      \
    "{\"clock\":{\"mode\":\"manual\",\"start\":\"2026-03-01T12:00:00Z\"},\"seed\":1,"              \
    "\"server\":{\"log\":{\"level\":\"error\"}},"                                                  \
    "\"buckets\":{\"a-use1\":{\"region\":\"us-east-1\",\"versioning\":\"enabled\"},"               \
    "\"b-euw1\":{\"region\":\"eu-west-1\",\"versioning\":\"enabled\"}},"                           \
    "\"mraps\":{\"orders\":{\"alias\":\"orders.mrap\",\"buckets\":[\"a-use1\",\"b-euw1\"]}},"      \
    "\"replication\":[{\"link\":\"a-use1 <-> b-euw1\",\"delete_markers\":true}],"                  \
    "\"clients\":{\"alice\":{\"at\":\"paris\"},\"bob\":{\"at\":\"new-york\"}},"                    \
    "\"links\":{\"*\":{\"lag\":\"fixed(15s)\"}}}"

struct stage {
    struct config_case config;
    struct world *world;
    struct lane *lane;
};

static void stage_open(struct stage *stage)
{
    str error = STR_NONE;
    config_case_open(&stage->config);
    config_case_file(&stage->config, WORLD, "", NULL);
    assert_true(stage->config.sound);
    log_configure(LOG_ERROR, LOG_TEXT);
    stage->world = world_open(stage->config.arena, &stage->config.config.settings, &error);
    assert_non_null(stage->world);
    configs_replace(stage->world->configs, NULL, &stage->config.config);
    stage->lane = world_lane_open(stage->world, 0);
    assert_true(config_apply(stage->config.arena, stage->world, stage->lane, &error));
}

static void stage_close(struct stage *stage)
{
    world_lane_close(stage->lane);
    world_close(stage->world);
    config_case_close(&stage->config);
}

static void advance(struct stage *stage, int64_t seconds)
{
    struct time_job job = { .kind = TIME_ADVANCE_BY,
                            .by = DURATION_S(seconds),
                            .arena = stage->config.arena };
    assert_int_equal(timekeeper_run(stage->world->timekeeper, &job), TIME_OK);
}

/* "alice", "alice/SESSION"; a body makes it a PUT, "" a DELETE, NULL a GET. */
static int act(struct stage *stage, const char *who, const char *key, const char *body,
               bool if_none_match)
{
    struct request *rq = request_new(stage->lane, &world_request_host);
    str client, session, text = str_of(body);
    bool has_session = str_cut(str_of(who), '/', &client, &session);
    rq->method = body == NULL ? STR("GET") : text.size ? STR("PUT") : STR("DELETE");
    rq->target = str_format(rq->arena, "/%s", key);
    rq->peer = STR("127.0.0.1");
    fields_add(rq->arena, &rq->headers, STR("Host"),
               STR("orders.mrap.accesspoint.s3-global.amazonaws.com"));
    fields_add(rq->arena, &rq->headers, STR("x-atoll-client"), client);
    if (has_session)
        fields_add(rq->arena, &rq->headers, STR("x-atoll-session"), session);
    if (if_none_match)
        fields_add(rq->arena, &rq->headers, STR("If-None-Match"), STR("*"));
    world_request(rq, text);
    int status = rq->reply.status;
    request_free(rq, true);
    return status;
}

static int get(struct stage *stage, const char *who, const char *key)
{
    return act(stage, who, key, NULL, false);
}

static int put(struct stage *stage, const char *who, const char *key, const char *body)
{
    return act(stage, who, key, body, false);
}

/* The kinds that were seen, each with its count: "stale-read:1 lost-update:1". */
static str seen(struct stage *stage)
{
    struct arena *arena = stage->config.arena;
    struct json_error bad;
    struct buf text, out;
    buf_init_arena(&text, arena, 1u << 20);
    buf_init_arena(&out, arena, 4096);
    anomalies_show(stage->world->anomalies, ANOMALIES_ALL_KINDS, (instant){ 0 }, &text);
    const struct json *document = json_parse(arena, buf_str(&text), &bad);
    for (const struct json *c = json_member(document, "counts")->child; c; c = c->next)
        if (c->number > 0)
            buf_addf(&out, "%s%.*s:%.0f", out.size ? " " : "", STR_ARG(c->name), c->number);
    return buf_str(&out);
}

TEST(nothing_is_seen_where_nothing_is_wrong)
{
    struct stage stage;
    stage_open(&stage);
    assert_int_equal(put(&stage, "bob", "k", "1"), 200);
    assert_int_equal(get(&stage, "bob", "k"), 200);
    advance(&stage, 20);
    assert_int_equal(get(&stage, "alice", "k"), 200);
    assert_int_equal(put(&stage, "alice", "k", "2"), 200);
    assert_int_equal(get(&stage, "alice", "k"), 200);
    assert_int_equal(put(&stage, "alice", "k", ""), 204);
    assert_int_equal(get(&stage, "alice", "k"), 404);
    assert_str(seen(&stage), "");
    stage_close(&stage);
}

TEST(writes_that_do_not_follow_what_was_read_before_them_are_named)
{
    struct stage stage;
    stage_open(&stage);
    put(&stage, "bob", "data", "d");
    advance(&stage, 20);
    put(&stage, "bob", "data2", "d2");
    assert_int_equal(put(&stage, "bob", "index", "data2"), 200);
    assert_int_equal(get(&stage, "bob", "index"), 200); /* where it was written all is there */
    assert_str(seen(&stage), "");
    advance(&stage, 20);
    assert_int_equal(get(&stage, "alice", "index"), 200);
    assert_str(seen(&stage), ""); /* both arrived */
    stage_close(&stage);
}

TEST(a_read_that_missed_something_is_named_by_what_it_got)
{
    struct stage stage;
    stage_open(&stage);
    put(&stage, "bob", "k", "1");
    assert_int_equal(get(&stage, "alice", "k"), 404);
    assert_str(seen(&stage), "not-found-after-write:1");
    advance(&stage, 20);
    put(&stage, "bob", "k", "2");
    assert_int_equal(get(&stage, "alice", "k"), 200);
    assert_str(seen(&stage), "stale-read:1 not-found-after-write:1");
    advance(&stage, 20);
    put(&stage, "bob", "k", "");
    assert_int_equal(get(&stage, "alice", "k"), 200);
    assert_str(seen(&stage), "stale-read:1 not-found-after-write:1 resurrected:1");
    stage_close(&stage);
}

TEST(a_session_misses_its_own_write_and_what_it_saw_before)
{
    struct stage stage;
    stage_open(&stage);
    put(&stage, "bob/s", "k", "1");
    get(&stage, "alice/other", "k");
    assert_str(seen(&stage), "not-found-after-write:1");
    get(&stage, "alice/s", "k");
    assert_str(seen(&stage), "not-found-after-write:2 read-your-writes:1");
    get(&stage, "bob/t", "k");
    get(&stage, "alice/t", "k");
    assert_str(seen(&stage), "not-found-after-write:3 read-your-writes:1 monotonic-reads:1");
    stage_close(&stage);
}

TEST(an_update_is_lost_only_when_it_was_never_seen)
{
    struct stage stage;
    stage_open(&stage);
    put(&stage, "bob", "k", "1");
    advance(&stage, 20);
    get(&stage, "alice", "k");
    put(&stage, "alice", "k", "2"); /* alice knows 1 and her own */
    advance(&stage, 1);
    put(&stage, "alice", "k", "3");
    assert_str(seen(&stage), "");
    advance(&stage, 20);
    get(&stage, "bob", "k");
    advance(&stage, 1);
    put(&stage, "alice", "k", "4");
    advance(&stage, 1);
    put(&stage, "bob", "k", "5"); /* bob knows 3; 4 is on its way */
    assert_str(seen(&stage), "lost-update:1");
    put(&stage, "carol", "k", "6"); /* never read, and 5 lies where she writes */
    assert_str(seen(&stage), "lost-update:1");
    stage_close(&stage);
}

TEST(a_blind_write_buries_what_had_not_come_to_its_region)
{
    struct stage stage;
    stage_open(&stage);
    put(&stage, "bob", "k", "1");
    advance(&stage, 20);
    put(&stage, "alice", "k", "2"); /* 1 is there */
    assert_str(seen(&stage), "");
    advance(&stage, 1);
    put(&stage, "bob", "k", "3"); /* 2 is on its way */
    assert_str(seen(&stage), "lost-update:1");
    put(&stage, "bob", "k", "4"); /* nobody buries 2 again */
    advance(&stage, 20);
    put(&stage, "bob", "d", "1");
    advance(&stage, 1);
    put(&stage, "alice", "d", ""); /* a deletion is no update */
    assert_str(seen(&stage), "lost-update:1");
    stage_close(&stage);
}

TEST(a_key_is_created_twice_only_while_the_first_is_there)
{
    struct stage stage;
    stage_open(&stage);
    assert_int_equal(act(&stage, "bob", "k", "1", true), 200);
    assert_int_equal(act(&stage, "alice", "k", "2", true), 200);
    assert_str(seen(&stage), "double-create:1");
    assert_int_equal(act(&stage, "bob", "d", "1", true), 200);
    put(&stage, "bob", "d", "");
    assert_int_equal(act(&stage, "bob", "d", "2", true), 200);
    assert_str(seen(&stage), "double-create:1");
    stage_close(&stage);
}

TEST(clearing_forgets_sessions_too)
{
    struct stage stage;
    stage_open(&stage);
    put(&stage, "bob/s", "k", "1");
    anomalies_clear(stage.world->anomalies);
    get(&stage, "alice/s", "k");
    assert_str(seen(&stage), "not-found-after-write:1");
    stage_close(&stage);
}
