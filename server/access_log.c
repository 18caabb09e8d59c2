/* Batches of records, and the thread that makes objects of them (access_log.h). */
#include "server/access_log.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/buf.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/rng.h"
#include "server/access_record.h"
#include "server/config_upload.h"
#include "server/lifecycle_engine.h"
#include "server/s3/common.h"
#include "server/s3/xml.h"
#include "server/world.h"

#define HOUR_NS (3600ll * 1000000000)
#define LANE_INDEX 1001 /* no request's: it only says where a body's temporary files are */

struct batch {
    struct arena *arena; /* of the three */
    str target, prefix, acl;
    bool partitioned, by_event;
    instant first; /* record */
    struct buf lines;
    unsigned count;
    bool closed; /* nothing is added any more: to be written */
};

struct access_log {
    struct world *world;
    struct lane *lane; /* the thread's */
    struct mutex lock;
    struct condition changed;
    struct batch *batches[ACCESS_LOG_BATCHES]; /* in the order in which they were begun */
    unsigned count;
    uint64_t written; /* objects: keys the draws of their names */
    bool stopping, stopped, full;
    pthread_t thread;
};

/* ---- where a bucket's records go ---- */

struct destination {
    str target, prefix, acl;
    bool partitioned, by_event;
};

/* The grants of a log's objects, beside its owner's. */
static str target_grants(struct arena *arena, const struct xml *enabled, str owner)
{
    struct fields grants = { 0 };
    const struct xml *grant = xml_child(xml_child(enabled, "TargetGrants"), "Grant");
    if (grant == NULL)
        return STR_NONE;
    fields_add(arena, &grants, STR("FULL_CONTROL"), str_format(arena, "id=%.*s", STR_ARG(owner)));
    for (; grant; grant = xml_next(grant, "Grant")) {
        const struct xml *grantee = xml_child(grant, "Grantee");
        str id = str_trim(xml_text(grantee, "ID")), uri = str_trim(xml_text(grantee, "URI"));
        fields_add(arena, &grants, str_trim(xml_text(grant, "Permission")),
                   id.size > 0 ? str_format(arena, "id=%.*s", STR_ARG(id))
                               : str_format(arena, "uri=%.*s", STR_ARG(uri)));
    }
    return fields_pack(arena, &grants);
}

/* AWS: the simple form is PREFIX and a time, the partitioned one
 * PREFIX ACCOUNT/REGION/BUCKET/YYYY/MM/DD/ and a time. */
static bool read_destination(struct store_reader *reader, struct arena *arena,
                             const struct bucket_info *bucket, struct destination *out)
{
    str inside;
    if (store_config_get(reader, arena, bucket->id, STR(ACCESS_LOG_KIND), STR(""), &inside) !=
            STORE_OK ||
        inside.size == 0)
        return false;
    const struct xml *enabled = xml_parse(arena, str_format(arena, "<r>%.*s</r>", STR_ARG(inside)));
    enabled = enabled ? xml_child(enabled, "LoggingEnabled") : NULL;
    if (enabled == NULL)
        return false;
    const struct xml *format = xml_child(enabled, "TargetObjectKeyFormat");
    const struct xml *partitioned = format ? xml_child(format, "PartitionedPrefix") : NULL;
    out->target = str_trim(xml_text(enabled, "TargetBucket"));
    out->prefix = xml_text(enabled, "TargetPrefix");
    out->acl = target_grants(arena, enabled, common_canonical_id(arena, bucket->account));
    out->partitioned = partitioned != NULL;
    out->by_event = false;
    if (partitioned) {
        out->by_event = str_is(str_trim(xml_text(partitioned, "PartitionDateSource")), "EventTime");
        out->prefix =
            str_format(arena, "%.*s%.*s/%.*s/%.*s/", STR_ARG(out->prefix), STR_ARG(bucket->account),
                       STR_ARG(bucket->region), STR_ARG(bucket->name));
    }
    return true;
}

/* ---- collecting ---- */

static struct batch *batch_find_locked(struct access_log *log, const struct destination *to)
{
    mutex_assert_held(&log->lock);
    for (unsigned i = 0; i < log->count; i++) {
        struct batch *batch = log->batches[i];
        if (!batch->closed && str_eq(batch->target, to->target) &&
            str_eq(batch->prefix, to->prefix) && batch->by_event == to->by_event)
            return batch;
    }
    return NULL;
}

static struct batch *batch_new_locked(struct access_log *log, const struct destination *to,
                                      instant at)
{
    mutex_assert_held(&log->lock);
    if (log->count == ACCESS_LOG_BATCHES) {
        if (!log->full)
            log_line(LOG_WARN, "access logs for more than %d targets wait: records are dropped",
                     ACCESS_LOG_BATCHES);
        log->full = true;
        return NULL;
    }
    struct batch *batch = mem_alloc(sizeof *batch);
    batch->arena = arena_new();
    batch->target = str_copy(batch->arena, to->target);
    batch->prefix = str_copy(batch->arena, to->prefix);
    batch->acl = str_copy(batch->arena, to->acl);
    batch->partitioned = to->partitioned;
    batch->by_event = to->by_event;
    batch->first = at;
    buf_init(&batch->lines, ACCESS_LOG_BYTES + ACCESS_RECORD_BYTES);
    log->batches[log->count++] = batch;
    return batch;
}

/* True when this is the first of a batch: then there is a new hour to wake up at. */
static bool collect(struct access_log *log, const struct destination *to, str line, instant at)
{
    SCOPED_LOCK(&log->lock);
    if (log->stopping)
        return false;
    struct batch *batch = batch_find_locked(log, to);
    bool first = batch == NULL;
    if (first)
        batch = batch_new_locked(log, to, at);
    if (batch == NULL)
        return false;
    buf_add(&batch->lines, line);
    batch->count++;
    batch->closed = batch->count >= ACCESS_LOG_LINES || batch->lines.size >= ACCESS_LOG_BYTES;
    if (batch->closed)
        condition_wake_all(&log->changed);
    return first;
}

/* AWS records what was refused before anything was asked of the bucket, too. */
static bool find_bucket(struct request *rq, struct bucket_info *bucket)
{
    *bucket = rq->bucket;
    if (rq->has_bucket)
        return true;
    return rq->address.kind == ADDRESS_S3 && rq->address.bucket.size > 0 && rq->code != S3_OK &&
           store_bucket_get(rq->lane->reader, rq->arena, rq->address.bucket, bucket) == STORE_OK;
}

static void record(struct access_log *log, const struct destination *to, str line, instant at)
{
    if (line.size > 0 && collect(log, to, line, at))
        lifecycle_engine_poke(log->world);
}

void access_log_note(struct request *rq, const struct access_note *note)
{
    if (!store_bucket_may_have(note->bucket, STR(ACCESS_LOG_KIND)))
        return;
    struct access_note *kept = arena_copy(rq->arena, note, sizeof *note);
    struct access_note **last = &rq->access_notes;
    while (*last)
        last = &(*last)->next;
    *last = kept;
}

void access_log_world(struct access_log *log, struct store_reader *reader, struct arena *arena,
                      const struct access_note *note)
{
    instant now = clock_now(log->world->clock);
    struct destination to;
    if (read_destination(reader, arena, note->bucket, &to))
        record(log, &to,
               access_record_world(arena, note, common_canonical_id(arena, note->bucket->account),
                                   now),
               now);
}

/* Its own line is wanted, as far as is known without a look. */
static bool may_be_recorded(const struct request *rq)
{
    if (rq->has_bucket)
        return store_bucket_may_have(&rq->bucket, STR(ACCESS_LOG_KIND));
    return rq->code != S3_OK && rq->address.bucket.size > 0;
}

void access_log_request(struct access_log *log, struct request *rq)
{
    struct bucket_info bucket;
    struct destination to;
    if (!rq->answered || (rq->access_notes == NULL && !may_be_recorded(rq)))
        return;
    store_read_begin(rq->lane->reader);
    if (may_be_recorded(rq) && find_bucket(rq, &bucket) &&
        read_destination(rq->lane->reader, rq->arena, &bucket, &to))
        record(log, &to, access_record_line(rq, &bucket), rq->received_at);
    const struct bucket_info *looked = NULL;
    bool found = false;
    for (const struct access_note *note = rq->access_notes; note; note = note->next) {
        if (note->bucket != looked)
            found = read_destination(rq->lane->reader, rq->arena, note->bucket, &to);
        looked = note->bucket;
        if (found)
            record(log, &to, access_record_note(rq, note), rq->received_at);
    }
}

/* ---- writing ---- */

/* AWS: "YYYY-mm-DD-HH-MM-SS-UniqueString", the time in UTC of the delivery. */
static str object_key(struct arena *arena, const struct access_log *log, const struct batch *batch,
                      uint64_t ordinal)
{
    instant now = clock_now(log->world->clock);
    str time = instant_iso8601(arena, now), day = STR("");
    uint64_t unique = rng_u64(&(struct rng_key){ .seed = log->world->seed,
                                                 .purpose = RNG_REQUEST_ID,
                                                 .name = STR("access-log"),
                                                 .ordinal = ordinal });
    if (batch->partitioned) {
        str date = batch->by_event ? instant_iso8601(arena, batch->first) : time;
        day = str_format(arena, "%.4s/%.2s/%.2s/", date.ptr, date.ptr + 5, date.ptr + 8);
    }
    return str_format(arena, "%.*s%.*s%.10s-%.2s-%.2s-%.2s-%016llX", STR_ARG(batch->prefix),
                      STR_ARG(day), time.ptr, time.ptr + 11, time.ptr + 14, time.ptr + 17,
                      (unsigned long long) unique);
}

static void write_batch(struct access_log *log, struct arena *arena, const struct batch *batch,
                        uint64_t ordinal)
{
    struct bucket_info target;
    str error = STR_NONE;
    store_read_begin(log->lane->reader);
    enum store_result found = store_bucket_get(log->lane->reader, arena, batch->target, &target);
    store_read_idle(log->lane->reader);
    struct config_upload upload = { .key = object_key(arena, log, batch, ordinal),
                                    .text = buf_str(&batch->lines),
                                    .acl = batch->acl,
                                    .fd = -1 };
    fields_add(arena, &upload.meta, STR("Content-Type"), STR("text/plain"));
    if (found == STORE_OK) {
        upload.bucket = target.id;
        if (config_upload(arena, log->lane, &upload, &error))
            return;
    } else
        error = str_of(store_result_name(found));
    log_line(LOG_WARN, "an access log of %u records was not written to bucket '%.*s': %.*s",
             batch->count, STR_ARG(batch->target), STR_ARG(error));
}

static void batch_free(struct batch *batch)
{
    buf_fini(&batch->lines);
    arena_free(batch->arena);
    free(batch);
}

/* The oldest that is to be written; NULL when it is time to end. It stays in its place, so that
 * whoever flushes sees it, until finish. */
static struct batch *take(struct access_log *log, uint64_t *ordinal)
{
    SCOPED_LOCK(&log->lock);
    for (;;) {
        for (unsigned i = 0; i < log->count; i++)
            if (log->batches[i]->closed || log->stopping) {
                log->batches[i]->closed = true;
                *ordinal = log->written++;
                return log->batches[i];
            }
        if (log->stopping)
            return NULL;
        condition_wait(&log->changed, &log->lock);
    }
}

static void finish(struct access_log *log, struct batch *batch)
{
    SCOPED_LOCK(&log->lock);
    unsigned kept = 0;
    for (unsigned i = 0; i < log->count; i++)
        if (log->batches[i] != batch)
            log->batches[kept++] = log->batches[i];
    log->count = kept;
    log->full = false;
    batch_free(batch);
    condition_wake_all(&log->changed);
}

static void *run(void *arg)
{
    struct access_log *log = arg;
    struct arena *arena = arena_new();
    struct batch *batch;
    uint64_t ordinal;
    while ((batch = take(log, &ordinal)) != NULL) {
        write_batch(log, arena, batch, ordinal);
        finish(log, batch);
        arena_reset(arena);
    }
    arena_free(arena);
    return NULL;
}

/* ---- when ---- */

instant access_log_next(struct access_log *log, instant now)
{
    SCOPED_LOCK(&log->lock);
    return log->count > 0 ? (instant){ (now.ns / HOUR_NS + 1) * HOUR_NS } : INSTANT_NEVER;
}

void access_log_flush(struct access_log *log)
{
    SCOPED_LOCK(&log->lock);
    for (unsigned i = 0; i < log->count; i++)
        log->batches[i]->closed = true;
    condition_wake_all(&log->changed);
    while (log->count > 0 && !log->stopped)
        condition_wait(&log->changed, &log->lock);
}

void access_log_timer(struct access_log *log, instant now)
{
    if (now.ns % HOUR_NS == 0)
        access_log_flush(log);
}

/* ---- life ---- */

struct access_log *access_log_open(struct world *world)
{
    struct access_log *log = mem_alloc(sizeof *log);
    log->world = world;
    log->lane = world_lane_open(world, LANE_INDEX);
    if (log->lane == NULL) {
        free(log);
        return NULL;
    }
    mutex_init(&log->lock);
    condition_init(&log->changed);
    log->thread = thread_start("access-log", run, log);
    return log;
}

void access_log_stop(struct access_log *log)
{
    if (log == NULL)
        return;
    mutex_lock(&log->lock);
    log->stopping = true;
    condition_wake_all(&log->changed);
    mutex_unlock(&log->lock);
    BUG_UNLESS(pthread_join(log->thread, NULL) == 0);
    SCOPED_LOCK(&log->lock);
    log->stopped = true;
    condition_wake_all(&log->changed);
}

void access_log_close(struct access_log *log)
{
    if (log == NULL)
        return;
    world_lane_close(log->lane);
    condition_fini(&log->changed);
    mutex_fini(&log->lock);
    free(log);
}
