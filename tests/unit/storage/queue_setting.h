/* queue_setting: three buckets of a store whose plan and judge are fakes: storage must not care
 * what they decide. For the tests of the replication queue. */
#ifndef ATOLL_TESTS_UNIT_STORAGE_QUEUE_SETTING_H
#define ATOLL_TESTS_UNIT_STORAGE_QUEUE_SETTING_H

#include "storage/queue.h"
#include "tests/unit/storage/store_world.h"

/* A plan that copies to each bucket named in the rules ("left,right"), 3 s later; replicas' changes
 * too, so that what storage itself leaves out shows. */
struct fake {
    str options;
    duration threshold;
    unsigned planned;
    struct copy_verdict verdict; /* of the next findings; DONE for COPY_APPLIED when !said */
    bool said;
    enum copy_finding found;
    _Atomic unsigned told;
    _Atomic int64_t earliest_ns;
};

UNUSED static void fake_plan(void *ctx, struct arena *arena, const struct store_change *change,
                             str rules, struct store_plan *out)
{
    struct fake *fake = ctx;
    fake->planned++;
    str name;
    out->rows = ARENA_ARRAY(arena, struct plan_row, 8);
    while (out->count < 8 && str_next(&rules, ',', &name))
        out->rows[out->count++] =
            (struct plan_row){ .rule = STR("r"),
                               .destination = name,
                               .options = fake->options,
                               .ready_at = instant_add(change->now, DURATION_S(3)),
                               .from_region = change->bucket->region,
                               .threshold = fake->threshold,
                               .to_region = STR("us-east-1") };
}

UNUSED static struct copy_verdict fake_judge(void *ctx, UNUSED const struct queue_row *row,
                                             enum copy_finding finding)
{
    struct fake *fake = ctx;
    fake->found = finding;
    if (fake->said)
        return fake->verdict;
    if (finding == COPY_APPLIED)
        return (struct copy_verdict){ .end = VERDICT_DONE };
    return (struct copy_verdict){ .end = VERDICT_FAIL, .reason = STR("Refused") };
}

UNUSED static void fake_queued(void *ctx, instant earliest)
{
    struct fake *fake = ctx;
    fake->earliest_ns = earliest.ns;
    fake->told++;
}

struct setting {
    struct fake fake;
    struct store_hooks hooks;
    struct world world;
    int64_t source, left, right;
};

UNUSED static void set_rules(struct world *world, int64_t bucket, const char *rules)
{
    const struct store_doc config = { .kind = STR(CONFIG_REPLICATION_RULES),
                                      .id = STR(""),
                                      .body = str_of(rules) };
    struct store_config_put put;
    store_config_put_init(&put, world->arena);
    put.bucket = bucket;
    put.configs = &config;
    put.count = 1;
    assert_int_equal(store_write_wait(world->store, &put.head), STORE_OK);
}

UNUSED static void setting_open(struct setting *setting, enum version_order order,
                                const char *rules)
{
    *setting = (struct setting){ 0 };
    setting->hooks = (struct store_hooks){
        .ctx = &setting->fake, .plan = fake_plan, .judge = fake_judge, .queued = fake_queued
    };
    struct store_options options = world_options(test_directory());
    options.hooks = &setting->hooks;
    options.version_order = order;
    setting->world = world_open(options);
    struct world *world = &setting->world;
    setting->source = world_bucket(world, "source", "eu-west-1", VERSIONING_ENABLED);
    setting->left = world_bucket(world, "left", "us-east-1", VERSIONING_ENABLED);
    setting->right = world_bucket(world, "right", "us-east-1", VERSIONING_ENABLED);
    set_rules(world, setting->source, rules);
}

UNUSED static struct queue_page rows(struct setting *setting)
{
    struct queue_page page;
    const struct queue_filter all = { .any_state = true };
    store_read_begin(setting->world.reader);
    assert_int_equal(store_queue_list(setting->world.reader, setting->world.arena, &all, 0, &page),
                     STORE_OK);
    return page;
}

/* The sums that are kept are those of the rows that are there. */
UNUSED static void judge_counts(struct setting *setting)
{
    struct queue_count *counts;
    size_t pairs;
    struct queue_page page = rows(setting);
    assert_int_equal(
        store_queue_counts(setting->world.reader, setting->world.arena, &counts, &pairs), STORE_OK);
    assert_true(pairs <= 1);
    struct queue_count want = { .oldest = INSTANT_NEVER }, none = { .oldest = INSTANT_NEVER },
                       *got = pairs ? &counts[0] : &none;
    for (size_t i = 0; i < page.count; i++) {
        const struct queue_row *row = &page.at[i];
        want.rows[row->state]++;
        if (row->state == QUEUE_FAILED)
            continue;
        want.bytes_pending += row->size_bytes;
        if (instant_before(row->queued_at, want.oldest))
            want.oldest = row->queued_at;
    }
    for (int state = 0; state < QUEUE_STATES; state++)
        assert_int_equal(got->rows[state], want.rows[state]);
    assert_int_equal(got->bytes_pending, want.bytes_pending);
    assert_int_equal(got->oldest.ns, want.oldest.ns);
}

UNUSED static void setting_close(struct setting *setting)
{
    judge_counts(setting);
    world_close(&setting->world);
}

UNUSED static struct copy_order give(struct setting *setting, struct copy_order order)
{
    struct store_copies copies;
    store_copies_init(&copies, setting->world.arena);
    copies.at = &order;
    copies.count = 1;
    copies.head.background = true;
    assert_int_equal(store_write_wait(setting->world.store, &copies.head), STORE_OK);
    return order;
}

UNUSED static struct copy_order apply(struct setting *setting, int64_t row)
{
    return give(setting, (struct copy_order){ .row = row, .apply = true });
}

UNUSED static enum repl_status status_of(struct setting *setting, int64_t bucket, str id)
{
    struct version_info got;
    const char *text = str_c(setting->world.arena, id);
    assert_int_equal(world_get(&setting->world, bucket, "k", text, &got), STORE_OK);
    return got.repl_status;
}

#endif
