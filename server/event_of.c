/* What is told about each kind of event. */
#include "server/event_of.h"

#include "replication/timekeeper.h"
#include "server/clients.h"
#include "server/config_change.h"
#include "server/faults.h"
#include "server/judge.h"
#include "server/mraps.h"
#include "server/operations.h"
#include "server/world.h"

static str unquoted(str etag)
{
    return etag.size > 2 ? str_from(etag.ptr + 1, etag.size - 2) : STR_NONE;
}

static void add_who(struct event *event, const struct request *rq)
{
    event->text[EVENT_ID] = rq->id;
    event->text[EVENT_CLIENT] = rq->client->name;
    event->text[EVENT_PLACE] = rq->client->place.name;
    event->text[EVENT_API] = rq->op ? str_of(rq->op->name) : STR_NONE;
    event->text[EVENT_MRAP] = rq->mrap ? rq->mrap->name : STR_NONE;
    event->text[EVENT_BUCKET] = rq->has_bucket ? rq->bucket.name : rq->address.bucket;
    event->text[EVENT_KEY] = rq->address.key;
    event->text[EVENT_REGION] = rq->region;
    event->client_declared = rq->client->declared;
}

void event_of_request(const struct request *rq, bool sent_whole)
{
    struct event event = { .kind = EVENT_REQUEST, .at = rq->received_at, .whole = sent_whole };
    if (rq->world->events == NULL || rq->client == NULL)
        return;
    add_who(&event, rq);
    event.text[EVENT_SESSION] = request_get_header(rq, "x-atoll-session");
    event.text[EVENT_METHOD] = rq->method;
    if (rq->mrap)
        event.text[EVENT_ROUTE_REASON] = route_reason_name(rq->route.reason);
    if (rq->code != S3_OK)
        event.text[EVENT_CODE] = s3_error_of(rq->code)->code;
    event.text[EVENT_ETAG] = unquoted(str_trim(fields_get(&rq->reply.headers, "ETag")));
    event.text[EVENT_VERSION_ID] = fields_get(&rq->reply.headers, "x-amz-version-id");
    if (rq->fault)
        event.text[EVENT_FAULTS] = rq->fault->names;
    event.text[EVENT_ANOMALIES] = rq->anomalies;
    if (rq->freshness) {
        event.text[EVENT_FRESHNESS] = str_of(freshness_name(rq->freshness->verdict));
        event.behind = rq->freshness->behind;
        event.age = rq->freshness->age;
    }
    event.status = rq->reply.status;
    event.bytes_in = rq->content_length == UINT64_MAX ? 0 : rq->content_length;
    event.bytes_out = rq->reply.head ? 0 : rq->reply.size_bytes;
    event.took = (duration){ clock_mono().ns - rq->received.ns };
    events_emit(rq->world->events, &event);
}

void event_of_copy(struct events *events, const struct copy_told *copy)
{
    static const enum event_kind kinds[] = {
        [OUTCOME_COPIED] = EVENT_COPY_APPLIED,  [OUTCOME_SOURCE_GONE] = EVENT_COPY_DROPPED,
        [OUTCOME_WAITING] = EVENT_COPY_WAITING, [OUTCOME_HELD] = EVENT_COPY_HELD,
        [OUTCOME_FAILED] = EVENT_COPY_FAILED,   [OUTCOME_DROPPED] = EVENT_COPY_DROPPED,
    };
    const struct queue_row *row = copy->row;
    struct event event = { .kind = kinds[copy->outcome],
                           .at = copy->at,
                           .bytes_out = row->size_bytes,
                           .took = instant_diff(copy->at, row->queued_at) };
    event.text[EVENT_BUCKET] = row->source_name;
    event.text[EVENT_KEY] = row->key;
    event.text[EVENT_VERSION_ID] = row->version_id;
    event.text[EVENT_FROM] = row->from_region;
    event.text[EVENT_TO] = row->to_region;
    event.text[EVENT_DESTINATION] = row->destination;
    event.text[EVENT_RULE] = row->rule;
    event.text[EVENT_REASON] = copy->outcome == OUTCOME_SOURCE_GONE && copy->reason.size == 0
                                   ? STR("SrcVersionNotFound")
                                   : copy->reason;
    events_emit(events, &event);
}

void event_of_change(struct world *world, enum event_kind kind, str subject, str detail)
{
    enum event_field field = kind == EVENT_ROUTE    ? EVENT_MRAP
                             : kind == EVENT_OUTAGE ? EVENT_REGION
                             : kind == EVENT_FAULT  ? EVENT_FAULTS
                                                    : EVENT_REASON;
    struct event event = { .kind = kind, .at = clock_now(world->clock) };
    event.text[field] = subject;
    event.text[EVENT_DETAIL] = detail;
    events_emit(world->events, &event);
}

void event_of_config(struct world *world, struct arena *arena, const struct config_names *changed)
{
    struct buf detail;
    buf_init_arena(&detail, arena, 4096);
    for (size_t i = 0; i < changed->count; i++)
        buf_addf(&detail, "%s%.*s", i ? ", " : "", STR_ARG(changed->at[i]));
    if (changed->count > 0)
        event_of_change(world, EVENT_CONFIG, STR_NONE, buf_str(&detail));
}

void event_of_fault(const struct request *rq, str name, str detail)
{
    struct event event = { .kind = EVENT_FAULT, .at = rq->received_at };
    add_who(&event, rq);
    event.text[EVENT_FAULTS] = name;
    event.text[EVENT_REASON] = STR("injected");
    event.text[EVENT_DETAIL] = detail;
    events_emit(rq->world->events, &event);
}
