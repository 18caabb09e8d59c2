/* Watching: the stream of events, anomalies, and the API's own description. */
#include "server/admin/call.h"
#include "server/admin/openapi.h"
#include "server/anomalies.h"
#include "server/events.h"

static bool stream_events(struct request *rq, char *out, size_t room, size_t *size)
{
    return events_read(admin_call_of(rq)->state, out, room, size);
}

/* ?follow=0: what is remembered, and then it ends. */
static bool stream_past(struct request *rq, char *out, size_t room, size_t *size)
{
    return events_read(admin_call_of(rq)->state, out, room, size) && *size > 0;
}

struct first_event {
    instant since;
    uint64_t last, number, newest; /* number: the first one at or after `since`; 0: none */
};

static bool see_first(void *ctx, const struct event *event)
{
    struct first_event *first = ctx;
    first->newest = event->number;
    if (first->number == 0 && !instant_before(event->at, first->since))
        first->number = event->number;
    return true;
}

/* ?since= an instant, or that long ago on the emulated clock; ?last= so many of those remembered.
 * False: neither is readable. */
static bool read_from(const struct request *rq, uint64_t *after)
{
    str since = request_query(rq, "since"), last = request_query(rq, "last");
    struct first_event first = { .since = { INT64_MIN } };
    duration ago;
    if (since.size > 0 && duration_parse(since, &ago))
        first.since = (instant){ rq->received_at.ns - ago.ns };
    else if (since.size > 0 && !instant_parse_iso8601(since, &first.since))
        return false;
    if (last.size > 0 && !str_to_u64(last, &first.last))
        return false;
    if (since.size == 0 && last.size == 0)
        return true;
    events_walk(rq->world->events, see_first, &first);
    if (first.number == 0)
        return true; /* nothing is as new: only what comes */
    *after = first.number - 1;
    if (last.size > 0 && first.newest > *after + first.last)
        *after = first.newest - first.last;
    return true;
}

/* ?after=, else Last-Event-ID, else ?since= and ?last=, else only what comes. */
static bool read_after(const struct request *rq, uint64_t *after)
{
    str text = request_query(rq, "after");
    if (!str_is_set(text))
        text = str_trim(request_get_header(rq, "Last-Event-ID"));
    *after = UINT64_MAX;
    return text.size == 0 ? read_from(rq, after) : str_to_u64(text, after);
}

static bool wants_ndjson(const struct request *rq)
{
    str accept = request_get_header(rq, "Accept");
    return str_find(accept, STR("ndjson")) < accept.size ||
           str_find(accept, STR("application/json")) < accept.size;
}

enum s3_code admin_events(struct admin_call *call)
{
    struct request *rq = call->rq;
    unsigned types = EVENTS_ALL_TYPES;
    uint64_t after;
    str wanted = request_query(rq, "types");
    if (wanted.size > 0 && !events_parse_types(wanted, &types))
        return admin_problem(
            rq, 400, "unknown-type",
            str_format(rq->arena, "'%.*s' is no list of types of events", STR_ARG(wanted)),
            STR("request, copy, route, partition, heal, outage, clock, reset, "
                "fault, anomaly"));
    if (!read_after(rq, &after))
        return admin_problem(rq, 400, "bad-number",
                             STR("after is the number of an event, last a count, and since "
                                 "a duration such as 5m or an instant"),
                             STR_NONE);
    bool ndjson = wants_ndjson(rq);
    call->state =
        events_subscribe(rq->world->events, rq, ndjson ? EVENTS_NDJSON : EVENTS_SSE, types, after);
    rq->reply.status = 200;
    rq->reply.stream = str_is(request_query(rq, "follow"), "0") ? stream_past : stream_events;
    request_header_c(rq, "Content-Type", ndjson ? "application/x-ndjson" : "text/event-stream");
    request_header_c(rq, "Cache-Control", "no-store");
    return S3_OK;
}

enum s3_code admin_anomalies(struct admin_call *call)
{
    struct request *rq = call->rq;
    unsigned kinds = ANOMALIES_ALL_KINDS;
    instant since = { 0 };
    str kind = request_query(rq, "kind"), from = request_query(rq, "since"), unknown;
    struct buf buf;
    if (kind.size > 0 && !anomalies_parse_kinds(kind, &kinds, &unknown))
        return admin_problem(
            rq, 400, "unknown-kind",
            str_format(rq->arena, "there is no kind of anomaly '%.*s'", STR_ARG(unknown)),
            STR("stale-read, not-found-after-write, resurrected, read-your-writes, "
                "monotonic-reads, monotonic-writes, writes-follow-reads, lost-update, "
                "double-create, diverged"));
    if (from.size > 0 && !instant_parse_iso8601(from, &since))
        return admin_problem(rq, 400, "bad-instant",
                             STR("since is an instant such as 2026-01-02T03:04:05Z"), STR_NONE);
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    anomalies_show(rq->world->anomalies, kinds, since, &buf);
    return admin_reply(rq, &buf);
}

enum s3_code admin_clear_anomalies(struct admin_call *call)
{
    struct buf buf;
    anomalies_clear(call->rq->world->anomalies);
    buf_init_arena(&buf, call->rq->arena, LIMIT_ANSWER_BYTES);
    anomalies_show(call->rq->world->anomalies, ANOMALIES_ALL_KINDS, (instant){ 0 }, &buf);
    return admin_reply(call->rq, &buf);
}

enum s3_code admin_openapi(struct admin_call *call)
{
    request_reply(call->rq, 200, "application/json", admin_openapi_text());
    return S3_OK;
}
