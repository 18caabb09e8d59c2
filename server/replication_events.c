/* From copies to notifications (replication_events.h). */
#include "server/replication_events.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/fields.h"
#include "replication/timekeeper.h"
#include "server/notifications.h"
#include "server/world.h"

struct replication_events {
    struct world *world;
    struct store_reader *reader;
    struct arena *arena; /* of one call */
    uint64_t seen;       /* commits when `late` was read */
    instant late;
};

struct replication_events *replication_events_open(struct world *world)
{
    struct replication_events *events = mem_alloc(sizeof *events);
    events->world = world;
    events->reader = store_reader_open(world->store);
    events->arena = arena_new();
    events->seen = UINT64_MAX;
    return events;
}

void replication_events_close(struct replication_events *events)
{
    if (events == NULL)
        return;
    store_reader_close(events->reader);
    arena_free(events->arena);
    free(events);
}

/* -- what is told ----------------------------------------------------------------------------- */

static void tell(struct replication_events *events, str name, const struct notification *what)
{
    struct bucket_info bucket;
    store_read_begin(events->reader);
    if (store_bucket_get(events->reader, events->arena, name, &bucket) != STORE_OK ||
        !store_bucket_may_have(&bucket, STR(NOTIFICATIONS_KIND)))
        return;
    const struct notifications_from from = {
        .world = events->world, .reader = events->reader, .arena = events->arena, .bucket = &bucket
    };
    struct notification found = *what;
    struct version_info version;
    if (store_version_get(events->reader, events->arena, bucket.id, what->key, what->version_id,
                          &version) == STORE_OK &&
        !version.marker) {
        found.has_object = true;
        found.etag = version.etag;
        found.size_bytes = version.size_bytes;
    }
    notifications_of_world(&from, &found);
}

static void tell_trouble(struct replication_events *events, const char *name,
                         const struct queue_row *row, str reason)
{
    const struct notification what = { .name = str_of(name),
                                       .key = row->key,
                                       .version_id = row->version_id,
                                       .copy = row,
                                       .failure = reason };
    tell(events, row->source_name, &what);
}

static void tell_arrival(struct replication_events *events, const struct queue_row *row)
{
    const struct notification what = { .name = row->kind == CHANGED_MARKER
                                                   ? STR("ObjectRemoved:DeleteMarkerCreated")
                                                   : STR("ObjectCreated:Put"),
                                       .key = row->key,
                                       .version_id = row->version_id };
    tell(events, row->destination, &what);
}

/* -- copies ----------------------------------------------------------------------------------- */

/* Most rules have no options: nothing is unpacked for them. */
static bool has_option(struct replication_events *events, const struct queue_row *row,
                       const char *name)
{
    struct fields fields;
    return row->options.size > 0 && fields_unpack(events->arena, row->options, &fields) &&
           fields_get_exact(&fields, name).size > 0;
}

static bool is_timed(struct replication_events *events, const struct queue_row *row)
{
    return row->kind != CHANGED_MARKER && row->job.size == 0 &&
           has_option(events, row, PLAN_OPTION_RTC);
}

void replication_events_told(struct replication_events *events, const struct copy_told *copy)
{
    const struct queue_row *row = copy->row;
    duration took = instant_diff(copy->at, row->queued_at);
    arena_reset(events->arena);
    switch (copy->outcome) {
    case OUTCOME_COPIED:
        if (took.ns > PLAN_RTC_THRESHOLD.ns && is_timed(events, row))
            tell_trouble(events, "Replication:OperationReplicatedAfterThreshold", row, STR_NONE);
        if (row->kind != CHANGED_META)
            tell_arrival(events, row);
        break;
    case OUTCOME_FAILED:
        if (has_option(events, row, PLAN_OPTION_METRICS))
            tell_trouble(events, "Replication:OperationFailedReplication", row, copy->reason);
        break;
    case OUTCOME_SOURCE_GONE:
    case OUTCOME_DROPPED:
        if (is_timed(events, row))
            tell_trouble(events, "Replication:OperationNotTracked", row, copy->reason);
        break;
    case OUTCOME_WAITING:
    case OUTCOME_HELD:
        break;
    }
}

/* -- what is late ----------------------------------------------------------------------------- */

instant replication_events_next(struct replication_events *events)
{
    uint64_t commits = store_commit_count(events->world->store);
    if (commits == events->seen)
        return events->late;
    store_read_begin(events->reader);
    if (store_queue_next_late(events->reader, &events->late) != STORE_OK)
        events->late = INSTANT_NEVER;
    store_read_idle(events->reader);
    events->seen = commits;
    return events->late;
}

void replication_events_timer(struct replication_events *events, instant now)
{
    struct store_late late;
    if (instant_before(now, replication_events_next(events)))
        return;
    arena_reset(events->arena);
    store_late_init(&late, events->arena);
    late.head.at = now;
    late.head.background = true;
    if (store_write_wait(events->world->store, &late.head) != STORE_OK)
        return;
    for (size_t i = 0; i < late.out.count; i++)
        tell_trouble(events, "Replication:OperationMissedThreshold", &late.out.at[i], STR_NONE);
    store_read_idle(events->reader);
}
