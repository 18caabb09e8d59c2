/* The end of a simulated history: everything has healed and arrived; is the world what was
 * promised? Threads: the driver's. */
#ifndef ATOLL_TESTS_SIM_JUDGE_H
#define ATOLL_TESTS_SIM_JUDGE_H

#include "tests/sim/model.h"

static inline const char *judge_status(enum repl_status status)
{
    static const char *const names[] = { "NONE", "PENDING", "COMPLETED", "FAILED", "REPLICA" };
    return names[status];
}

/* Its status is true: nothing is on its way any more. FAILED is the truth only when a change went
 * where the version is not. */
static inline void judge_statuses(struct sim *sim, const struct sim_version *version,
                                  unsigned bucket, enum repl_status status)
{
    bool leaves = false, lacking = false;
    for (unsigned i = 0; i < sim->regions; i++) {
        leaves = leaves || sim_travels(sim, version, version->origin, i);
        lacking = lacking || (sim->edge[bucket][i] && !version->wanted[i]);
    }
    enum repl_status expected = bucket != version->origin ? REPL_STATUS_REPLICA
                                : leaves                  ? REPL_STATUS_COMPLETED
                                                          : REPL_NONE;
    if (status == expected || (lacking && status == REPL_STATUS_FAILED))
        return;
    if (version->retagged && sim->sync && status == REPL_STATUS_COMPLETED)
        return;
    SIM_FAIL(sim, "%.*s %.*s in %.*s is %s, not %s", STR_ARG(version->key), STR_ARG(version->id),
             STR_ARG(sim->names[bucket]), judge_status(status), judge_status(expected));
}

/* A change made where it was written is everywhere. */
static inline void judge_tags(struct sim *sim, const struct sim_version *version, unsigned bucket,
                              str packed)
{
    struct fields tags = { 0 };
    if (version->removed || version->retagged || version->marker)
        return;
    bool sound = packed.size == 0 || fields_unpack(sim->arena, packed, &tags);
    str value = fields_get_exact(&tags, "t");
    if (!sound || !str_eq(value, version->tag))
        SIM_FAIL(sim, "%.*s %.*s in %.*s has the tag '%.*s', not '%.*s'", STR_ARG(version->key),
                 STR_ARG(version->id), STR_ARG(sim->names[bucket]), STR_ARG(value),
                 STR_ARG(version->tag));
}

static inline void judge_version(struct sim *sim, const struct sim_version *version,
                                 unsigned bucket)
{
    struct version_info info;
    bool there = sim_read(sim, bucket, version, &info);
    if (there != version->wanted[bucket])
        SIM_FAIL(sim, "%.*s %.*s of %.*s is %s %.*s", STR_ARG(version->key), STR_ARG(version->id),
                 STR_ARG(sim->names[version->origin]), there ? "still in" : "lost in",
                 STR_ARG(sim->names[bucket]));
    if (!there)
        return;
    judge_statuses(sim, version, bucket, repl_shown(info.repl_status));
    judge_tags(sim, version, bucket, info.meta.tags);
    if (info.marker != version->marker || (!info.marker && info.size_bytes != version->body.size))
        SIM_FAIL(sim, "%.*s %.*s in %.*s is something else", STR_ARG(version->key),
                 STR_ARG(version->id), STR_ARG(sim->names[bucket]));
}

/* (stamp, origin, id), newest first. */
static inline bool judge_is_newer(const struct version_info *a, const struct version_info *b)
{
    if (a->stamp_us != b->stamp_us)
        return a->stamp_us > b->stamp_us;
    int order = str_cmp(a->origin, b->origin);
    return order ? order > 0 : str_cmp(a->id, b->id) > 0;
}

/* Newest first, by what the world goes by? */
static inline bool judge_order(struct sim *sim, unsigned bucket, const struct version_info *newer,
                               const struct version_info *older)
{
    const struct sim_version *a = sim_find(sim, newer->key, newer->id);
    const struct sim_version *b = sim_find(sim, older->key, older->id);
    if (!sim->arrival)
        return judge_is_newer(newer, older);
    return a && b && a->arrived[bucket] > b->arrived[bucket];
}

/* The lists' order is that of the world's version_order, the first is current, and there is nothing
 * that the model does not know. The text is for the transcript, and to compare buckets. */
static inline str judge_list(struct sim *sim, unsigned bucket)
{
    struct bucket_info info;
    struct list_query query = { .kind = LIST_VERSIONS, .max = SIM_VERSIONS };
    struct list_page page = { 0 };
    struct buf out;
    buf_init_arena(&out, sim->arena, 1 << 20);
    store_read_begin(sim->lane->reader);
    if (store_bucket_get(sim->lane->reader, sim->arena, sim->names[bucket], &info) != STORE_OK)
        return STR_NONE;
    query.bucket = info.id;
    if (store_list(sim->lane->reader, sim->arena, &query, &page) != STORE_OK || page.truncated)
        SIM_FAIL(sim, "%.*s cannot be listed", STR_ARG(sim->names[bucket]));
    for (size_t i = 0; i < page.count; i++) {
        const struct version_info *at = &page.at[i].version;
        bool first = i == 0 || !str_eq(page.at[i].key, page.at[i - 1].key);
        buf_addf(&out, "%.*s %.*s %.*s %lld %s\n", STR_ARG(page.at[i].key), STR_ARG(at->id),
                 STR_ARG(at->etag), (long long) at->stamp_us, at->marker ? "marker" : "object");
        if (sim_find(sim, page.at[i].key, at->id) == NULL)
            SIM_FAIL(sim, "nobody wrote %.*s %.*s", STR_ARG(page.at[i].key), STR_ARG(at->id));
        if (at->current != first)
            SIM_FAIL(sim, "the current version of %.*s in %.*s is not the newest",
                     STR_ARG(page.at[i].key), STR_ARG(sim->names[bucket]));
        if (!first && !judge_order(sim, bucket, &page.at[i - 1].version, at))
            SIM_FAIL(sim, "%.*s in %.*s is out of order", STR_ARG(page.at[i].key),
                     STR_ARG(sim->names[bucket]));
    }
    return buf_str(&out);
}

/* Every bucket sends everything to every other, nothing was removed by id, and all order alike:
 * then all lists are equal. */
static inline bool judge_all_alike(const struct sim *sim)
{
    if (sim->arrival || !sim->markers)
        return false;
    for (unsigned i = 0; i < sim->regions; i++)
        for (unsigned j = 0; j < sim->regions; j++)
            if (i != j && !sim->edge[i][j])
                return false;
    for (size_t i = 0; i < sim->count; i++)
        if (sim->versions[i].removed)
            return false;
    return true;
}

/* The sums that are kept of the queue are those of its rows. */
static inline void judge_sums(struct sim *sim, const struct queue_page *page)
{
    struct queue_count *counts;
    size_t pairs;
    uint64_t failed = 0, others = 0;
    if (store_queue_counts(sim->lane->reader, sim->arena, &counts, &pairs) != STORE_OK)
        SIM_FAIL(sim, "the sums of the queue cannot be read");
    for (size_t i = 0; i < pairs; i++)
        for (int state = 0; state < QUEUE_STATES; state++)
            *(state == QUEUE_FAILED ? &failed : &others) += counts[i].rows[state];
    if (failed != page->count || others != 0)
        SIM_FAIL(sim, "the queue has %zu rows, its sums say %llu FAILED and %llu others",
                 page->count, (unsigned long long) failed, (unsigned long long) others);
}

/* Nothing is left to be done; what FAILED is a change that went where the version is not. */
static inline void judge_queue(struct sim *sim)
{
    struct queue_page page = { 0 };
    store_read_begin(sim->lane->reader);
    if (store_queue_list(sim->lane->reader, sim->arena, &(struct queue_filter){ .any_state = true },
                         0, &page) != STORE_OK)
        SIM_FAIL(sim, "the queue cannot be read");
    judge_sums(sim, &page);
    for (size_t i = 0; i < page.count; i++) {
        const struct sim_version *version = sim_find(sim, page.at[i].key, page.at[i].version_id);
        unsigned to = sim_bucket(sim, page.at[i].destination);
        if (page.at[i].state != QUEUE_FAILED || page.at[i].kind != CHANGED_META ||
            version == NULL || to >= sim->regions || version->wanted[to])
            SIM_FAIL(sim, "left in the queue: %.*s %.*s to %.*s: %.*s", STR_ARG(page.at[i].key),
                     STR_ARG(page.at[i].version_id), STR_ARG(page.at[i].destination),
                     STR_ARG(page.at[i].reason));
    }
}

static inline void judge_world(struct sim *sim)
{
    str first = STR_NONE;
    judge_queue(sim);
    for (size_t i = 0; i < sim->count; i++)
        for (unsigned bucket = 0; bucket < sim->regions; bucket++)
            judge_version(sim, &sim->versions[i], bucket);
    for (unsigned bucket = 0; bucket < sim->regions; bucket++) {
        str list = judge_list(sim, bucket);
        buf_addf(&sim->log, "== %.*s\n%.*s", STR_ARG(sim->names[bucket]), STR_ARG(list));
        if (bucket == 0)
            first = list;
        else if (judge_all_alike(sim) && !str_eq(first, list))
            SIM_FAIL(sim, "%.*s differs from %.*s", STR_ARG(sim->names[bucket]),
                     STR_ARG(sim->names[0]));
    }
}

#endif
