/* Is the world what was promised? In the middle of a history: what was acknowledged is there, the
 * sums of the queue are those of its rows, statuses say what the rows say. At its end, when all has
 * healed and arrived: every version is where it must be and nowhere else, with the metadata it must
 * have, in the right order. Threads: the driver's. */
#ifndef ATOLL_TESTS_SIM_JUDGE_H
#define ATOLL_TESTS_SIM_JUDGE_H

#include "tests/sim/model.h"

/* --- the queue --- */

static inline struct queue_page judge_rows(struct sim *sim)
{
    struct queue_page page = { 0 };
    store_read_begin(sim->lane->reader);
    if (store_queue_list(sim->lane->reader, sim->arena, &(struct queue_filter){ .any_state = true },
                         0, &page) != STORE_OK)
        SIM_FAIL(sim, "the queue cannot be read");
    return page;
}

static inline void judge_sum(struct sim *sim, const struct queue_count *kept,
                             const struct queue_page *page)
{
    struct queue_count sum = { 0 };
    for (size_t i = 0; i < page->count; i++) {
        const struct queue_row *row = &page->at[i];
        if (!str_eq(row->from_region, kept->from_region) ||
            !str_eq(row->to_region, kept->to_region))
            continue;
        sum.rows[row->state]++;
        sum.bytes_pending += row->state == QUEUE_FAILED ? 0 : row->size_bytes;
    }
    if (memcmp(sum.rows, kept->rows, sizeof sum.rows) != 0 ||
        sum.bytes_pending != kept->bytes_pending)
        SIM_FAIL(sim, "the sums of %.*s -> %.*s are not those of its rows",
                 STR_ARG(kept->from_region), STR_ARG(kept->to_region));
}

/* The sums that are kept of the queue are those of its rows. */
static inline void judge_sums(struct sim *sim, const struct queue_page *page)
{
    struct queue_count *counts;
    size_t pairs, rows = 0;
    if (store_queue_counts(sim->lane->reader, sim->arena, &counts, &pairs) != STORE_OK) {
        SIM_FAIL(sim, "the sums of the queue cannot be read");
        return;
    }
    for (size_t i = 0; i < pairs; i++) {
        judge_sum(sim, &counts[i], page);
        for (int state = 0; state < QUEUE_STATES; state++)
            rows += counts[i].rows[state];
    }
    if (rows != page->count)
        SIM_FAIL(sim, "the queue has %zu rows, its sums say %zu", page->count, rows);
}

/* Nothing is left to be done; what FAILED is a change that went where the version is not. */
static inline void judge_left(struct sim *sim, const struct queue_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct queue_row *row = &page->at[i];
        const struct sim_version *version = sim_find(sim, row->key, row->version_id);
        unsigned to = sim_bucket(sim, row->destination);
        if (row->state != QUEUE_FAILED || row->kind != CHANGED_META || version == NULL ||
            to >= sim->regions || version->wanted[to])
            SIM_FAIL(sim, "left in the queue: %.*s %.*s to %.*s: %.*s", STR_ARG(row->key),
                     STR_ARG(row->version_id), STR_ARG(row->destination), STR_ARG(row->reason));
    }
}

/* --- statuses --- */

static inline const char *judge_status(enum repl_status status)
{
    static const char *const names[] = { "NONE", "PENDING", "COMPLETED", "FAILED", "REPLICA" };
    return names[status];
}

/* PENDING while a row of it is unfinished, FAILED while one is, else what it is by itself. */
static inline void judge_truth(struct sim *sim, const struct sim_version *version, unsigned bucket,
                               enum repl_status status, const struct queue_page *page)
{
    enum repl_status expected = bucket != version->origin  ? REPL_STATUS_REPLICA
                                : sim_leaves(sim, version) ? REPL_STATUS_COMPLETED
                                                           : REPL_NONE;
    bool unfinished = false, failed = false;
    for (size_t i = 0; i < page->count; i++) {
        const struct queue_row *row = &page->at[i];
        if (!str_eq(row->source_name, sim->names[bucket]) || !str_eq(row->key, version->key) ||
            !str_eq(row->version_id, version->id))
            continue;
        failed = failed || row->state == QUEUE_FAILED;
        unfinished = unfinished || row->state != QUEUE_FAILED;
    }
    if (unfinished || failed)
        expected = unfinished ? REPL_STATUS_PENDING : REPL_STATUS_FAILED;
    if (status == expected || (version->dropped && !unfinished && status == REPL_STATUS_FAILED))
        return;
    SIM_FAIL(sim, "%.*s %.*s in %.*s is %s, not %s", STR_ARG(version->key), STR_ARG(version->id),
             STR_ARG(sim->names[bucket]), judge_status(status), judge_status(expected));
}

/* --- one version --- */

static inline void judge_values(struct sim *sim, const struct sim_version *version, unsigned bucket,
                                const struct version_info *info)
{
    static const char *const names[] = { "tags", "ACL", "legal hold", "retention" };
    for (unsigned i = 0; i < SIM_ASPECTS && !version->marker; i++) {
        str value = sim_aspect(sim, info, (enum sim_aspect) i);
        if (!version->unsure[i][bucket] && !str_eq(value, version->value[i][bucket]))
            SIM_FAIL(sim, "the %s of %.*s %.*s in %.*s are '%.*s', not '%.*s'", names[i],
                     STR_ARG(version->key), STR_ARG(version->id), STR_ARG(sim->names[bucket]),
                     STR_ARG(value), STR_ARG(version->value[i][bucket]));
    }
}

static inline void judge_version(struct sim *sim, const struct sim_version *version,
                                 unsigned bucket, const struct queue_page *page)
{
    struct version_info info;
    bool there = sim_read(sim, bucket, version, &info);
    if (there != version->wanted[bucket])
        SIM_FAIL(sim, "%.*s %.*s of %.*s is %s %.*s", STR_ARG(version->key), STR_ARG(version->id),
                 STR_ARG(sim->names[version->origin]), there ? "still in" : "lost in",
                 STR_ARG(sim->names[bucket]));
    if (!there)
        return;
    judge_truth(sim, version, bucket, repl_shown(info.repl_status), page);
    judge_values(sim, version, bucket, &info);
    if (info.marker != version->marker || (!info.marker && info.size_bytes != version->body.size))
        SIM_FAIL(sim, "%.*s %.*s in %.*s is something else", STR_ARG(version->key),
                 STR_ARG(version->id), STR_ARG(sim->names[bucket]));
}

/* --- lists --- */

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

/* Every version has to be everywhere, and all order alike: then all lists are equal. */
static inline bool judge_all_alike(const struct sim *sim)
{
    for (size_t i = 0; i < sim->count; i++)
        for (unsigned bucket = 0; bucket < sim->regions; bucket++)
            if (sim->versions[i].wanted[bucket] != sim->versions[i].wanted[0])
                return false;
    return !sim->arrival;
}

static inline void judge_lists(struct sim *sim)
{
    str first = STR_NONE;
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

/* --- the world --- */

/* At any moment between two requests. */
static inline void judge_now(struct sim *sim)
{
    struct queue_page page = judge_rows(sim);
    struct version_info info;
    judge_sums(sim, &page);
    for (size_t i = 0; i < sim->count; i++) {
        const struct sim_version *version = &sim->versions[i];
        for (unsigned bucket = 0; bucket < sim->regions; bucket++) {
            bool there = sim_read(sim, bucket, version, &info);
            if (there)
                judge_truth(sim, version, bucket, repl_shown(info.repl_status), &page);
            if (there ? !version->wanted[bucket]
                      : bucket == version->origin && version->wanted[bucket])
                SIM_FAIL(sim, "%.*s %.*s is %s %.*s", STR_ARG(version->key), STR_ARG(version->id),
                         there ? "in" : "lost in", STR_ARG(sim->names[bucket]));
        }
    }
}

/* When nothing is left to be done. */
static inline void judge_world(struct sim *sim)
{
    struct queue_page page = judge_rows(sim);
    judge_sums(sim, &page);
    judge_left(sim, &page);
    for (size_t i = 0; i < sim->count; i++)
        for (unsigned bucket = 0; bucket < sim->regions; bucket++)
            judge_version(sim, &sim->versions[i], bucket, &page);
    judge_lists(sim);
}

#endif
