/* Events as text: their names, and one JSON object each. */
#include "base/json.h"
#include "server/events.h"

static const char *const kinds[EVENT_KINDS] = {
    [EVENT_REQUEST] = "request",
    [EVENT_COPY_APPLIED] = "copy.applied",
    [EVENT_COPY_FAILED] = "copy.failed",
    [EVENT_COPY_WAITING] = "copy.waiting",
    [EVENT_COPY_HELD] = "copy.held",
    [EVENT_COPY_DROPPED] = "copy.dropped",
    [EVENT_ROUTE] = "route.submitted",
    [EVENT_PARTITION] = "partition",
    [EVENT_HEAL] = "heal",
    [EVENT_OUTAGE] = "outage",
    [EVENT_CLOCK] = "clock",
    [EVENT_RESET] = "reset",
    [EVENT_FAULT] = "fault",
    [EVENT_CONFIG] = "config",
    [EVENT_ANOMALY] = "anomaly",
    [EVENT_LINK] = "link",
    [EVENT_RULES] = "rules",
    [EVENT_JOB] = "job",
    [EVENT_NOTIFICATION] = "notification",
};

static const char *const fields[EVENT_FIELDS] = {
    [EVENT_ID] = "id",
    [EVENT_CLIENT] = "client",
    [EVENT_PLACE] = "place",
    [EVENT_SESSION] = "session",
    [EVENT_API] = "api",
    [EVENT_METHOD] = "method",
    [EVENT_MRAP] = "mrap",
    [EVENT_BUCKET] = "bucket",
    [EVENT_KEY] = "key",
    [EVENT_REGION] = "region",
    [EVENT_ROUTE_REASON] = "route",
    [EVENT_CODE] = "code",
    [EVENT_ETAG] = "etag",
    [EVENT_VERSION_ID] = "version_id",
    [EVENT_FRESHNESS] = "freshness",
    [EVENT_FROM] = "from",
    [EVENT_TO] = "to",
    [EVENT_DESTINATION] = "destination",
    [EVENT_REASON] = "reason",
    [EVENT_FAULTS] = "fault",
    [EVENT_ANOMALIES] = "anomaly",
    [EVENT_DETAIL] = "detail",
    [EVENT_RULE] = "rule",
};

const char *events_kind_name(enum event_kind kind)
{
    return kinds[kind];
}

static bool is_copy(enum event_kind kind)
{
    return kind >= EVENT_COPY_APPLIED && kind <= EVENT_COPY_DROPPED;
}

static double seconds(duration d)
{
    return (double) d.ns / 1e9;
}

void events_write(struct arena *arena, const struct event *event, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_object(&w, NULL);
    json_integer(&w, "number", (int64_t) event->number);
    json_text(&w, "type", str_of(kinds[event->kind]));
    json_text(&w, "at", instant_iso8601(arena, event->at));
    for (size_t i = 0; i < EVENT_FIELDS; i++)
        if (i == EVENT_DETAIL && event->kind == EVENT_NOTIFICATION)
            json_raw(&w, "message", event->text[i]);
        else if (event->text[i].size > 0)
            json_text(&w, fields[i], event->text[i]);
    if (event->kind == EVENT_REQUEST) {
        json_integer(&w, "status", event->status);
        json_integer(&w, "bytes_in", (int64_t) event->bytes_in);
        json_integer(&w, "bytes_out", (int64_t) event->bytes_out);
        json_real(&w, "ms", seconds(event->took) * 1000);
        json_boolean(&w, "whole", event->whole);
    }
    if (event->behind > 0) {
        json_integer(&w, "behind", event->behind);
        json_real(&w, "age_s", seconds(event->age));
    }
    if (is_copy(event->kind)) {
        json_integer(&w, "bytes", (int64_t) event->bytes_out);
        json_real(&w, "after_s", seconds(event->took));
    }
    json_end(&w);
}

bool events_parse_types(str text, unsigned *types)
{
    str word;
    *types = 0;
    while (str_next(&text, ',', &word)) {
        unsigned found = 0;
        for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
            str name = str_of(kinds[kind]);
            if (str_eq(name, word) ||
                (str_starts(name, word) && word.size < name.size && name.ptr[word.size] == '.'))
                found |= 1u << kind;
        }
        if (found == 0)
            return false;
        *types |= found;
    }
    return *types != 0;
}
