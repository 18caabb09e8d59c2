/* exchange: one request and its answer on libmicrohttpd's side: where it stands in the dance of
 * callbacks, and what it waits for.
 *
 *     first call --- upload calls --- final call --- sending --- completed
 *
 * libmicrohttpd repeats the call in which a connection was suspended. An answer queued in the first
 * call costs the connection, in an upload call it is impossible; so an early answer is given in the
 * first call only when that spares the body, and otherwise in the final one.
 *
 * Ownership: the connection's, from the first call to NOTIFY_COMPLETED; an orphan (its client went
 * while the walk waited) its own, until the wake. Threads: the worker's own, but for `woken`.
 */
#ifndef ATOLL_SERVER_FRONT_EXCHANGE_H
#define ATOLL_SERVER_FRONT_EXCHANGE_H

#include <microhttpd.h>

#include "server/front/connection.h"

#define EXCHANGE_MAGIC 0x41455843u

struct exchange {
    uint32_t magic;
    struct worker *worker;
    struct connection *connection; /* NULL: an orphan */
    struct request *rq;
    enum request_next next; /* what the walk said last */
    struct errand woken;
    struct timer timer; /* delay, throttle, a quiet stream, a slow drain */

    bool first;     /* libmicrohttpd has not left the first call */
    bool paused;    /* whole, and libmicrohttpd has left the state in which it reads */
    bool waiting;   /* for a wake */
    bool suspended; /* libmicrohttpd lets the connection rest */
    bool cut;       /* the worker stops, or the client gave up */
    bool expects_continue;
    bool has_body;
    bool delayed;      /* the answer's delay is over or has begun */
    bool queued;       /* the answer is on its way */
    bool stream_quiet; /* nothing was said for a while */
    bool stream_ended;
    uint64_t taken_bytes;   /* of the body, so far */
    uint64_t drained_bytes; /* of a body that nobody wants */
    char *rest;             /* bytes of a body, often the last, which the walk could not take yet */
    size_t rest_size;
    duration sending_since;
    duration stuck_since; /* bytes are there and libmicrohttpd does not take them; 0: it does */
};

struct refusal {
    int status;
    const char *code;
    const char *message;
};

/* exchange.c */
struct exchange *exchange_new(struct connection *connection);
/* The answer went out, or the client away. Frees, or leaves an orphan. */
void exchange_end(struct exchange *exchange, bool sent_whole);
void exchange_suspend(struct exchange *exchange);
/* Goes on when the time has come, whatever it was suspended for. */
void exchange_sleep(struct exchange *exchange, duration for_how_long);
void exchange_continue(struct exchange *exchange);
/* Bytes of a body which the walk could not take yet, and their end. */
void exchange_keep(struct exchange *exchange, const char *bytes, size_t size);
void exchange_drop_kept(struct exchange *exchange);
extern const struct request_host exchange_host;

/* head.c: reads the head; NULL and *out set, or why it is refused. */
struct head {
    str method;
    str target;
    struct field *fields; /* in libmicrohttpd's memory */
    size_t count;
    size_t text_bytes; /* of all names and values */
    str proxy_authorization;
    uint64_t content_length; /* UINT64_MAX: not said */
    bool chunked;
    bool expects_continue;
};
const struct refusal *head_read(struct connection *connection, const char *method,
                                const char *version, struct field fields[], struct head *out);
/* Fills the request's "as received" with copies in its arena. */
void head_fill(struct exchange *exchange, const struct head *head);

/* answer.c */
enum MHD_Result answer_send(struct exchange *exchange);
/* A bare S3 error document; the connection ends. */
enum MHD_Result answer_refusal(struct connection *connection, const struct refusal *refusal);

#endif
