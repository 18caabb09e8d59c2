/* Freshness of reads through an access point; see judge.h. */
#include "server/judge.h"

#include "server/mraps.h"
#include "server/operations.h"
#include "server/s3/handlers.h"
#include "server/world.h"
#include "storage/queue.h"

#define MOST_BEHIND 100

static const char *const names[] = { "fresh", "stale", "missing", "resurrected" };

const char *freshness_name(enum freshness_verdict verdict)
{
    return names[verdict];
}

static bool is_judged(const struct request *rq)
{
    return rq->mrap && rq->op && rq->has_bucket &&
           (rq->op->handle == op_get_object || rq->op->handle == op_head_object) &&
           !request_has_query(rq, "versionId") && rq->mrap->member_count > 1 &&
           (rq->code == S3_OK || rq->code == S3_NoSuchKey || rq->code == S3_NotModified);
}

/* The order in which versions of one key supersede each other (storage: origin order). */
static bool is_newer(const struct version_info *a, const struct version_info *b)
{
    if (a->stamp_us != b->stamp_us)
        return a->stamp_us > b->stamp_us;
    int by_origin = str_cmp(a->origin, b->origin);
    return by_origin != 0 ? by_origin > 0 : str_cmp(a->id, b->id) > 0;
}

static bool current_in(struct request *rq, str bucket_name, struct bucket_info *bucket,
                       struct version_info *out)
{
    return store_bucket_get(rq->lane->reader, rq->arena, bucket_name, bucket) == STORE_OK &&
           store_version_get(rq->lane->reader, rq->arena, bucket->id, rq->address.key, STR_NONE,
                             out) == STORE_OK;
}

/* How many versions there, where the newest is, are newer than the one returned. */
static unsigned count_newer(struct request *rq, int64_t bucket, const struct version_info *served)
{
    struct list_page page;
    unsigned newer = 0;
    struct list_query query = {
        .kind = LIST_VERSIONS, .bucket = bucket, .prefix = rq->address.key, .max = MOST_BEHIND
    };
    if (store_list(rq->lane->reader, rq->arena, &query, &page) != STORE_OK)
        return 1;
    for (size_t i = 0; i < page.count && str_eq(page.at[i].key, rq->address.key); i++)
        newer += served == NULL || is_newer(&page.at[i].version, served);
    return newer;
}

static void find_due(struct request *rq, struct freshness *freshness)
{
    struct queue_filter filter = { .any_state = true,
                                   .destination = rq->bucket.name,
                                   .key_prefix = rq->address.key,
                                   .exact_key = true,
                                   .version_id = freshness->version_id };
    struct queue_page page;
    if (store_queue_list(rq->lane->reader, rq->arena, &filter, 1, &page) != STORE_OK ||
        page.count == 0)
        return;
    freshness->is_due = page.at[0].state != QUEUE_FAILED;
    freshness->due = page.at[0].ready_at;
}

static void show(struct request *rq, const struct freshness *freshness)
{
    struct buf text;
    if (!rq->world->settings->explain_headers)
        return;
    buf_init_arena(&text, rq->arena, 512);
    buf_addf(&text, "%s", freshness_name(freshness->verdict));
    if (freshness->verdict != FRESH) {
        buf_addf(&text, "; behind=%u; age=%.*s", freshness->behind,
                 STR_ARG(duration_told(rq->arena, freshness->age)));
        if (freshness->is_due)
            buf_addf(
                &text, "; due=%.*s",
                STR_ARG(duration_told(rq->arena, instant_diff(freshness->due, rq->received_at))));
    }
    request_header(rq, "x-atoll-freshness", buf_str(&text));
}

static duration to_millis(duration d)
{
    return (duration){ d.ns / 1000000 * 1000000 };
}

void judge_read(struct request *rq)
{
    struct version_info newest = { 0 }, seen;
    struct bucket_info bucket;
    int64_t newest_bucket = 0;
    if (!is_judged(rq))
        return;
    struct version_info *found = ARENA_NEW(rq->arena, struct version_info);
    bool has_served = current_in(rq, rq->bucket.name, &bucket, found);
    for (size_t i = 0; i < rq->mrap->member_count; i++) {
        if (str_eq(rq->mrap->members[i].bucket, rq->bucket.name) ||
            !current_in(rq, rq->mrap->members[i].bucket, &bucket, &seen))
            continue;
        if ((has_served && !is_newer(&seen, found)) || (newest_bucket && !is_newer(&seen, &newest)))
            continue;
        newest = seen;
        newest_bucket = bucket.id;
    }
    struct freshness *freshness = ARENA_NEW(rq->arena, struct freshness);
    bool got_object = has_served && !found->marker;
    rq->freshness = freshness;
    freshness->served = has_served ? found : NULL;
    if (newest_bucket && (got_object || !newest.marker)) {
        freshness->verdict = !got_object ? MISSING : newest.marker ? RESURRECTED : STALE;
        freshness->behind = count_newer(rq, newest_bucket, has_served ? found : NULL);
        freshness->etag = newest.etag;
        freshness->version_id = newest.id;
        freshness->region = newest.origin;
        freshness->acknowledged = newest.modified;
        freshness->age = to_millis(instant_diff(rq->received_at, newest.modified));
        find_due(rq, freshness);
    }
    show(rq, freshness);
}
