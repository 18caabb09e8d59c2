/* scene: a small world for replication's tests: a store, a clock, links and the world thread, with
 * verbs that read like a scenario. Buckets are named after their Region's first letters. */
#ifndef ATOLL_TESTS_UNIT_REPLICATION_SCENE_H
#define ATOLL_TESTS_UNIT_REPLICATION_SCENE_H

#include <stdlib.h>

#include "base/fields.h"
#include "replication/timekeeper.h"
#include "storage/body.h"
#include "storage/version.h"
#include "tests/unit/test.h"

#define SCENE_START ((instant){ 1700000000000000000 })

static const struct {
    const char *bucket, *region;
} scene_buckets[] = {
    { "us-data", "us-east-1" },
    { "eu-data", "eu-west-1" },
    { "ap-data", "ap-southeast-1" },
};
enum { US, EU, AP, SCENE_BUCKETS };

struct scene {
    struct arena *arena;
    const char *directory;
    struct clock *clock;
    struct planner *planner;
    struct store *store;
    struct store_reader *reader;
    struct links *links;
    struct timekeeper *keeper;
    struct body_lane *lane;
    int64_t bucket[SCENE_BUCKETS];
    region_set down;
    str refusal; /* copies are refused with it */
    unsigned told[OUTCOME_DROPPED + 1];
    instant last_told;
    struct buf story; /* one line per copy */
};

UNUSED static region_set scene_down(void *ctx, UNUSED instant now)
{
    return ((struct scene *) ctx)->down;
}
UNUSED static str scene_refused(void *ctx, UNUSED const struct queue_row *row)
{
    return ((struct scene *) ctx)->refusal;
}
UNUSED static void scene_told(void *ctx, const struct copy_told *copy)
{
    struct scene *s = ctx;
    s->told[copy->outcome]++;
    s->last_told = copy->at;
    buf_addf(&s->story, "%.3f %.*s>%.*s %d %.*s\n",
             (double) instant_diff(copy->at, SCENE_START).ns / 1e9, STR_ARG(copy->row->key),
             STR_ARG(copy->row->destination), (int) copy->outcome, STR_ARG(copy->reason));
}

UNUSED static void scene_start(struct scene *s, uint64_t seed, enum clock_mode mode)
{
    struct lag lag;
    str error = STR_NONE;
    assert_true(lag_parse(s->arena, STR("15s"), &lag, &error));
    s->clock = clock_new(mode, SCENE_START, 1);
    s->planner = planner_new(NULL, NULL);
    const struct store_options options = { .directory = s->directory,
                                           .clock = s->clock,
                                           .hooks = planner_hooks(s->planner),
                                           .seed = seed };
    s->store = store_open(s->arena, &options, &error);
    if (!s->store)
        fail_msg("%.*s", STR_ARG(error));
    s->reader = store_reader_open(s->store);
    s->links = links_open(s->reader, &lag);
    struct clock_state state;
    if (clock_doc_read(s->reader, &state) == STORE_OK && mode == CLOCK_MANUAL)
        assert_true(clock_move_to(s->clock, clock_state_resumed(&state, clock_wall())));
    planner_attach(s->planner, s->links, s->store);
    s->lane = body_lane_open(s->store);
    const struct timekeeper_options keeper = { .store = s->store,
                                               .clock = s->clock,
                                               .links = s->links,
                                               .planner = s->planner,
                                               .ctx = s,
                                               .regions_down = scene_down,
                                               .refused = scene_refused,
                                               .told = scene_told };
    s->keeper = timekeeper_open(&keeper);
    assert_non_null(s->keeper);
}

UNUSED static void scene_stop(struct scene *s)
{
    timekeeper_close(s->keeper);
    body_lane_close(s->lane);
    links_close(s->links);
    store_reader_close(s->reader);
    store_close(s->store);
    planner_free(s->planner);
    clock_free(s->clock);
}

UNUSED static struct scene *scene_open(uint64_t seed, enum clock_mode mode)
{
    struct scene *s = mem_alloc(sizeof *s);
    s->arena = arena_new();
    s->directory = str_c(s->arena, str_of(test_directory()));
    buf_init_arena(&s->story, s->arena, SIZE_MAX);
    scene_start(s, seed, mode);
    for (size_t i = 0; i < SCENE_BUCKETS; i++) {
        struct store_bucket_create create;
        store_bucket_create_init(&create, s->arena);
        create.name = str_of(scene_buckets[i].bucket);
        create.region = str_of(scene_buckets[i].region);
        create.account = STR("123456789012");
        assert_int_equal(store_write_wait(s->store, &create.head), STORE_OK);
        s->bucket[i] = create.out.id;
        struct store_bucket_versioning versioning;
        store_bucket_versioning_init(&versioning, s->arena);
        versioning.bucket = create.out.id;
        versioning.versioning = VERSIONING_ENABLED;
        assert_int_equal(store_write_wait(s->store, &versioning.head), STORE_OK);
    }
    return s;
}

UNUSED static void scene_close(struct scene *s)
{
    scene_stop(s);
    arena_free(s->arena);
    free(s);
}

UNUSED static void scene_restart(struct scene *s)
{
    scene_stop(s);
    scene_start(s, 0, CLOCK_MANUAL);
}

/* -- rules and links -------------------------------------------------------------------------- */

UNUSED static struct repl_rule scene_rule(unsigned to)
{
    struct repl_rule rule = {
        .has_priority = true,
        .priority = to,
        .filter = REPL_FILTER_EMPTY,
        .status = REPL_ENABLED,
        .delete_markers = REPL_ENABLED,
        .destination = { .present = true },
    };
    return rule;
}

UNUSED static void scene_rules(struct scene *s, unsigned from, struct repl_rule *rules,
                               const unsigned *to, size_t count)
{
    struct repl_config config = { .role = STR("arn:aws:iam::123456789012:role/r"),
                                  .rules = rules,
                                  .rule_count = count };
    const struct repl_context context = { .source_bucket = str_of(scene_buckets[from].bucket) };
    struct repl_problem problem;
    for (size_t i = 0; i < count; i++)
        rules[i].destination.bucket_arn =
            str_format(s->arena, "arn:aws:s3:::%s", scene_buckets[to[i]].bucket);
    if (!repl_config_validate(s->arena, &config, &context, &problem))
        fail_msg("%.*s", STR_ARG(problem.message));
    for (size_t i = 0; i < count; i++)
        repl_config_locate(&config, str_of(scene_buckets[to[i]].bucket),
                           str_of(scene_buckets[to[i]].region));
    struct store_doc doc = { .kind = STR(CONFIG_REPLICATION_RULES),
                             .id = STR(""),
                             .body = repl_config_pack(s->arena, &config) };
    struct store_config_put put;
    store_config_put_init(&put, s->arena);
    put.bucket = s->bucket[from];
    put.configs = &doc;
    put.count = 1;
    assert_int_equal(store_write_wait(s->store, &put.head), STORE_OK);
}

/* Everything from `from` to each of the others. */
UNUSED static void scene_replicate(struct scene *s, unsigned from, const unsigned *to, size_t count)
{
    struct repl_rule rules[SCENE_BUCKETS];
    for (size_t i = 0; i < count; i++)
        rules[i] = scene_rule(to[i]);
    scene_rules(s, from, rules, to, count);
}

UNUSED static void scene_mesh(struct scene *s)
{
    scene_replicate(s, US, (const unsigned[]){ EU, AP }, 2);
    scene_replicate(s, EU, (const unsigned[]){ US, AP }, 2);
    scene_replicate(s, AP, (const unsigned[]){ US, EU }, 2);
}

UNUSED static void scene_doc(struct scene *s, struct store_doc doc)
{
    struct store_write write;
    store_docs_init(&write, s->arena);
    write.docs = &doc;
    write.doc_count = 1;
    assert_int_equal(store_write_wait(s->store, &write), STORE_OK);
    links_apply(s->links, &doc, 1);
    struct time_job job = { .kind = TIME_LINKS_CHANGED, .arena = s->arena };
    assert_int_equal(timekeeper_run(s->keeper, &job), TIME_OK);
}

UNUSED static region_id scene_region(unsigned bucket)
{
    return region_find(str_of(scene_buckets[bucket].region));
}

UNUSED static void scene_lag(struct scene *s, const char *text)
{
    struct link link = { .has_lag = true };
    str error;
    assert_true(lag_parse(s->arena, str_of(text), &link.lag, &error));
    scene_doc(s, link_doc(s->arena, REGION_NONE, REGION_NONE, &link));
}

UNUSED static void scene_partition(struct scene *s, instant until)
{
    const region_set groups[] = { region_set_with(0, scene_region(US)),
                                  region_set_with(0, scene_region(EU)) };
    scene_doc(s, links_partition_doc(s->arena, groups, 2, until, false));
}

/* -- what clients do -------------------------------------------------------------------------- */

UNUSED static str scene_put_tagged(struct scene *s, unsigned bucket, str key, str tags)
{
    struct body_sink *sink =
        body_sink_open(s->lane, &(struct body_sink_options){ .limit_bytes = 1000 });
    struct store_put put;
    store_put_init(&put, s->arena);
    assert_int_equal(body_sink_push(sink, key.ptr, key.size), BODY_TAKEN);
    assert_int_equal(body_sink_finish(sink, &put.draft), BODY_TAKEN);
    put.bucket = s->bucket[bucket];
    put.key = key;
    put.meta.tags = tags;
    assert_int_equal(store_write_wait(s->store, &put.head), STORE_OK);
    body_draft_drop(&put.draft);
    return put.out.id;
}

UNUSED static str scene_put(struct scene *s, unsigned bucket, const char *key)
{
    return scene_put_tagged(s, bucket, str_of(key), STR_NONE);
}

UNUSED static str scene_delete(struct scene *s, unsigned bucket, const char *key, str version)
{
    struct version_delete one = { .key = str_of(key), .version_id = version };
    struct store_delete del;
    store_delete_init(&del, s->arena);
    del.bucket = s->bucket[bucket];
    del.at = &one;
    del.count = 1;
    assert_int_equal(store_write_wait(s->store, &del.head), STORE_OK);
    assert_int_equal(one.result, STORE_OK);
    return one.id;
}

UNUSED static str scene_tags(struct scene *s, const char *name, const char *value)
{
    struct fields tags = { 0 };
    fields_add(s->arena, &tags, str_of(name), str_of(value));
    return fields_pack(s->arena, &tags);
}

UNUSED static void scene_tag(struct scene *s, unsigned bucket, const char *key, const char *value)
{
    struct store_version_change change;
    store_version_change_init(&change, s->arena);
    change.bucket = s->bucket[bucket];
    change.key = str_of(key);
    change.what = CHANGE_TAGS;
    change.meta.tags = scene_tags(s, "t", value);
    assert_int_equal(store_write_wait(s->store, &change.head), STORE_OK);
}

UNUSED static void scene_suspend(struct scene *s, unsigned bucket)
{
    struct store_bucket_versioning change;
    store_bucket_versioning_init(&change, s->arena);
    change.bucket = s->bucket[bucket];
    change.versioning = VERSIONING_SUSPENDED;
    assert_int_equal(store_write_wait(s->store, &change.head), STORE_OK);
}

/* -- what is there ---------------------------------------------------------------------------- */

UNUSED static bool scene_find(struct scene *s, unsigned bucket, const char *key,
                              struct version_info *out)
{
    store_read_begin(s->reader);
    enum store_result result =
        store_version_get(s->reader, s->arena, s->bucket[bucket], str_of(key), STR_NONE, out);
    store_read_idle(s->reader);
    return result == STORE_OK && !out->marker;
}

UNUSED static bool scene_has(struct scene *s, unsigned bucket, const char *key)
{
    struct version_info version;
    return scene_find(s, bucket, key, &version);
}

UNUSED static enum repl_status scene_status(struct scene *s, unsigned bucket, const char *key)
{
    struct version_info version;
    return scene_find(s, bucket, key, &version) ? version.repl_status : REPL_NONE;
}

UNUSED static struct queue_page scene_queue(struct scene *s)
{
    struct queue_page page;
    const struct queue_filter filter = { .any_state = true };
    store_read_begin(s->reader);
    assert_int_equal(store_queue_list(s->reader, s->arena, &filter, 0, &page), STORE_OK);
    store_read_idle(s->reader);
    return page;
}

/* -- time ------------------------------------------------------------------------------------- */

UNUSED static struct time_job scene_job(struct scene *s, enum time_job_kind kind)
{
    return (struct time_job){
        .kind = kind, .arena = s->arena, .filter = { .any_state = true }, .within = { -1 }
    };
}

UNUSED static uint64_t scene_advance(struct scene *s, const char *by)
{
    struct time_job job = scene_job(s, TIME_ADVANCE_BY);
    assert_true(duration_parse(str_of(by), &job.by));
    assert_int_equal(timekeeper_run(s->keeper, &job), TIME_OK);
    return job.applied;
}

UNUSED static double scene_seconds(const struct scene *s)
{
    return (double) instant_diff(clock_now(s->clock), SCENE_START).ns / 1e9;
}

#endif
