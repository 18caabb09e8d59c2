/* events: what happened in a world, typed and numbered, each with its emulated instant.
 *
 *     writers --> intake (bounded, lock-free) --> drain --> metrics, the last N, subscribers
 *
 * A writer never blocks and never wakes anybody unless somebody listens or the intake fills: what
 * finds no room is dropped and counted. Whoever asks drains first, so it sees all that was emitted
 * before; a stream is told of a first event at once, and of those behind it every few milliseconds.
 * Numbers are given at the intake, without holes; those of another process are never given again.
 *
 * Ownership: events_emit copies. Threads: any. Bounds: EVENTS_INTAKE on the way, `kept` (--journal)
 * remembered; a subscriber has a cursor, no queue, and is told how many it missed.
 */
#ifndef ATOLL_SERVER_EVENTS_H
#define ATOLL_SERVER_EVENTS_H

#include "base/buf.h"
#include "base/time.h"

#define EVENTS_INTAKE 16384     /* [atoll] a power of two */
#define EVENTS_NUMBER_BITS 32   /* of a number that count events; above them, starts */
#define EVENTS_DRAIN_AFTER 1024 /* [atoll] undrained events that wake the thread unasked */

struct request;
struct events;
struct subscription;

enum event_kind {
    EVENT_REQUEST,
    EVENT_COPY_APPLIED,
    EVENT_COPY_FAILED,
    EVENT_COPY_WAITING,
    EVENT_COPY_HELD,
    EVENT_COPY_DROPPED,
    EVENT_ROUTE, /* submitted */
    EVENT_PARTITION,
    EVENT_HEAL,
    EVENT_OUTAGE,
    EVENT_CLOCK,
    EVENT_RESET,
    EVENT_FAULT,
    EVENT_CONFIG, /* detail: what changed, with commas */
    EVENT_ANOMALY,
    EVENT_LINK,         /* lag, bandwidth, hold */
    EVENT_RULES,        /* of replication */
    EVENT_JOB,          /* of S3 Batch Operations: another status */
    EVENT_NOTIFICATION, /* detail: the message, JSON */
    EVENT_KINDS
};

/* Texts of an event; which are set depends on its kind. */
enum event_field {
    EVENT_ID, /* x-amz-request-id */
    EVENT_CLIENT,
    EVENT_PLACE,
    EVENT_SESSION,
    EVENT_API,
    EVENT_METHOD,
    EVENT_MRAP,
    EVENT_BUCKET, /* that served; of a copy: the source */
    EVENT_KEY,
    EVENT_REGION,
    EVENT_ROUTE_REASON,
    EVENT_CODE, /* S3's error code */
    EVENT_ETAG,
    EVENT_VERSION_ID,
    EVENT_FRESHNESS,
    EVENT_FROM, /* Region */
    EVENT_TO,
    EVENT_DESTINATION, /* bucket */
    EVENT_REASON,
    EVENT_FAULTS, /* names, with commas */
    EVENT_ANOMALIES,
    EVENT_DETAIL,
    EVENT_RULE, /* of a copy: its ID */
    EVENT_FIELDS
};

struct event {
    uint64_t number;
    enum event_kind kind;
    instant at;
    str text[EVENT_FIELDS];
    bool client_declared;
    bool whole; /* the answer went out whole */
    int status;
    unsigned behind;
    uint64_t bytes_in, bytes_out;
    duration took; /* request: wall; copy: emulated, since it was queued */
    duration age;  /* of what a stale read missed */
};

struct events_options {
    unsigned kept;
    uint64_t before; /* numbers up to this one were of earlier processes */
    /* Each event once, in order, before anybody else sees it; under the lock: must not call back.
     * May be NULL. */
    void (*each)(void *ctx, const struct event *event);
    void *ctx;
};
MUST_CHECK struct events *events_new(const struct events_options *options);
/* No subscription may be left. */
void events_free(struct events *events);

/* Copies; event->number is ignored. A world without events (tests) may pass NULL. */
void events_emit(struct events *events, const struct event *event);
/* All that was emitted so far has gone through `each` when it returns. */
void events_flush(struct events *events);
uint64_t events_dropped(const struct events *events);
unsigned events_subscribers(const struct events *events);
/* Calls `see` with the remembered events, oldest first, under the lock, until it returns false. */
void events_walk(struct events *events, bool (*see)(void *ctx, const struct event *event),
                 void *ctx);

const char *events_kind_name(enum event_kind kind); /* "copy.applied" */
/* One JSON object. */
void events_write(struct arena *arena, const struct event *event, struct buf *out);

/* Streams. `types` is a bit set of kinds; `after`: numbers above it, UINT64_MAX: only new ones. Who
 * comes with a number of an earlier process is told of a gap, and then all that is remembered. */
enum events_format { EVENTS_SSE, EVENTS_NDJSON };
#define EVENTS_ALL_TYPES ((1u << EVENT_KINDS) - 1)
/* "request,copy": kinds, or all that begin with the word and a dot. False: an unknown word. */
MUST_CHECK bool events_parse_types(str text, unsigned *types);
/* Ends with the request's arena. rq->host->wake is called when there is something to read. */
struct subscription *events_subscribe(struct events *events, struct request *rq,
                                      enum events_format format, unsigned types, uint64_t after);
/* As struct reply's stream: *size 0 means nothing now. */
bool events_read(struct subscription *subscription, char *out, size_t room, size_t *size);

#endif
