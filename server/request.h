/* request: one request on its walk, from head to answer. Knows neither sockets nor libmicrohttpd:
 * the front door (or a scenario, or /do) fills the "as received" part, drives the walk with the
 * request_* calls below, and sends `reply`.
 *
 * The walk (walk.c): address, operation, authenticate, route, authorize, faults, body, handle,
 * respond. Each step is one function and never calls the next. An error jumps to respond.
 *
 * Ownership: everything hangs from `arena`, freed by request_free. Threads: one at a time; while it
 * waits for a write it belongs to the store, afterwards to its host's thread again.
 */
#ifndef ATOLL_SERVER_REQUEST_H
#define ATOLL_SERVER_REQUEST_H

#include "base/fields.h"
#include "routing/route.h"
#include "server/errors.h"
#include "storage/upload.h"

struct world;
struct request;
struct mrap;
struct mrap_list;
struct access_point;
struct client;
struct auth_stream;
struct payload;
struct operation;
struct freshness;
struct fault_effect;
struct authority;
struct mismatch;
struct access_note;

#define REQUEST_MAGIC 0x41544f4cu

/* Per worker thread: what its requests share. */
struct lane {
    struct world *world;
    struct store_reader *reader;
    struct body_lane *bodies;
    struct authority *authority; /* server/auth/authority.h: compiled policies */
    unsigned index;
};

/* Where the request came from and how to go on after a wait. */
struct request_host {
    /* Any thread: make request_resume(rq) be called on the request's own thread, once. */
    void (*wake)(struct request *rq);
};

enum address_kind {
    ADDRESS_NONE,
    ADDRESS_S3,      /* service, bucket or object, direct */
    ADDRESS_MRAP,    /* X.accesspoint.s3-global.amazonaws.com, or an alias used as a bucket name */
    ADDRESS_CONTROL, /* S3 Control */
    ADDRESS_STS,
    ADDRESS_IAM,
    ADDRESS_CLOUDWATCH,
    ADDRESS_ADMIN,     /* /_atoll */
    ADDRESS_OTHER_AWS, /* an AWS host that is not emulated */
    ADDRESS_STRANGER   /* not an AWS host */
};

struct address {
    enum address_kind kind;
    str bucket;        /* empty: the service itself */
    str key;           /* decoded; empty: the bucket */
    str raw_key;       /* as on the wire */
    bool virtual_host; /* bucket came from the host */
    str host_region;   /* Region the host names; empty: global or a host of our own */
    bool own_host;     /* localhost, an IP address, a --host-name: Region comes from the scope */
    bool website;
    bool dualstack;
    bool access_point; /* the bucket is NAME-ACCOUNT of an s3-accesspoint host, until route */
    str mrap;          /* "mfzwi23gnjvgw.mrap" or "NAME.mrap" as in the host */
    bool alias_as_bucket;
    str account_label; /* "123456789012" before s3-control or a local host; may be empty */
    str path;          /* raw path of the target, always starts with '/' */
    str service;       /* OTHER_AWS: the host's service label, for the answer */
};

enum auth_algorithm { AUTH_NONE, AUTH_SIGV2, AUTH_SIGV4, AUTH_SIGV4A };

struct identity {
    enum auth_algorithm algorithm;
    bool presigned;
    bool anonymous; /* no credential at all */
    bool verified;  /* the signature was checked and is right */
    bool awaited;   /* a POST form will tell: its fields come with the body */
    str access_key;
    str account; /* who acts; the default account for unknown keys in relaxed mode */
    str arn;     /* arn:aws:iam::ACCOUNT:user/NAME or the assumed role's */
    str scope_date, scope_region, scope_service; /* of the credential; region empty for SigV4A */
    str region_set;                              /* SigV4A */
    str payload_hash;           /* x-amz-content-sha256 as it stands in the canonical request */
    struct auth_stream *stream; /* set when chunk signatures have to be verified */
};

/* A fault that was asked for: how the answer ends otherwise than in order. */
enum reply_cut {
    REPLY_CUT_NONE,
    REPLY_CUT_RESET,     /* no answer, the connection is reset */
    REPLY_CUT_CLOSE,     /* no answer, the connection is closed */
    REPLY_CUT_BODY,      /* the body breaks off after cut_after_bytes, then closed */
    REPLY_CUT_BODY_RESET /* the same, then reset */
};

struct reply {
    int status;
    struct fields headers;
    str bytes;                /* small answers */
    struct body_reader *body; /* or a stored body; the front closes it */
    uint64_t size_bytes;      /* Content-Length; of HEAD too */
    bool head;                /* no body is sent, size stands */
    bool close;               /* Connection: close after it */
    duration delay;           /* wall time to hold the answer: simulated latency, faults */
    uint64_t bytes_per_s;     /* 0: as fast as it goes */
    enum reply_cut cut;
    uint64_t cut_after_bytes;
    bool (*stream)(struct request *rq, char *out, size_t room,
                   size_t *size); /* events: see admin */
};

/* What a connection remembers of the access point that last sent it somewhere: affinity
 * "connection". */
struct kept_route {
    uint64_t mrap; /* hash of its alias; 0: none */
    region_id region;
};

struct request {
    uint32_t magic;
    struct arena *arena;
    struct world *world;
    struct lane *lane;
    const struct request_host *host;
    void *connection;        /* the host's own */
    struct kept_route *kept; /* the connection's; NULL: there is none, or it is gone */

    /* as received */
    str method;
    str target; /* raw, origin or absolute form, as on the wire */
    struct fields headers;
    bool tls;
    str tls_version, tls_cipher; /* as GnuTLS names them; empty without TLS; static */
    str tunnel_host; /* CONNECT host:port that this connection came through; may be empty */
    str proxy_user;  /* from Proxy-Authorization of the CONNECT or of this request */
    str peer;        /* "127.0.0.1" */
    bool peer_is_loopback;
    bool inside;         /* the admin API asks by itself: there is nobody to sign */
    duration received;   /* clock_mono */
    instant received_at; /* emulated */
    instant received_wall;
    uint64_t ordinal; /* number of this request in its world: keys draws */
    str id;           /* x-amz-request-id, 16 characters */

    /* address and operation */
    struct address address;
    struct fields query; /* decoded, in order */
    str raw_query;
    const struct operation *op;

    /* who and where from */
    struct identity who;
    const struct client *client; /* declared or made for this request; never NULL after address */

    /* where to */
    struct bucket_info bucket; /* set by route for bucket and object operations */
    bool has_bucket;
    const struct mrap_list *mraps; /* pinned for MRAP requests; released by request_free */
    const struct mrap *mrap;       /* in it */
    const struct access_point *access_point; /* that it came through; NULL: none */
    struct route_choice route;
    str region; /* Region that serves; empty before route */

    /* body */
    uint64_t content_length; /* as declared; UINT64_MAX when unknown (chunked) */
    bool has_body;
    struct payload *payload;
    str body;                        /* whole, for operations that read documents */
    struct body_draft draft;         /* for operations that store the body */
    struct object_checksum checksum; /* of the draft, as declared or computed */

    /* handle */
    enum s3_code (*resume)(struct request *rq); /* continuation after S3_WAIT */
    /* The client closed its side while this waits: the answer is given up, and this is called, on
     * the worker. NULL: a client may do so and still be answered (rule 8 of front/README.md). */
    void (*left)(struct request *rq);
    void *state;           /* the handler's own, between continuations */
    bool late;             /* the handler has waited at least once */
    enum s3_code code;     /* the outcome */
    str message;           /* overrides the table's */
    struct fields extra;   /* extra elements of the error document */
    str hint;              /* <Hint> */
    const char *denied_by; /* which layer refused, "bucket policy" or so; NULL: none did */
    str denied_why;
    bool bare;                 /* the error comes without a document */
    struct fields nonstandard; /* name = mark, value = what AWS says; see request_nonstandard */

    const struct mismatch *mismatch;   /* auth/mismatch.h; NULL unless a signature was refused */
    const struct fault_effect *fault;  /* faults.h; NULL when no fault met it */
    const struct freshness *freshness; /* judge.h; NULL when nothing was judged */
    struct access_note *access_notes;  /* access_log.h; what is recorded beside it */
    str anomalies;                     /* "stale-read#3,monotonic-reads#4" */
    struct reply reply;
    unsigned step; /* index into the walk; the trace prints its name */
    bool answered;
    bool told;
};

/* The drive. Each returns what the caller has to do next. */
enum request_next {
    REQUEST_WANTS_BODY, /* feed it: request_body, then request_body_end */
    REQUEST_WAITS,      /* suspend; host->wake will be called */
    REQUEST_READY       /* send rq->reply */
};

struct request *request_new(struct lane *lane, const struct request_host *host);
/* After the head is complete. May answer READY at once (an error before the body). */
enum request_next request_head(struct request *rq);
/* All or nothing: REQUEST_WAITS took nothing, feed the same bytes again once woken.
 * REQUEST_READY: an error; the rest of the body need not be fed. */
enum request_next request_body(struct request *rq, const void *bytes, size_t size_bytes);
enum request_next request_body_end(struct request *rq);
/* After a wake: repeats what it waited for. REQUEST_WANTS_BODY: go on feeding. */
enum request_next request_resume(struct request *rq);
/* For hosts that have the body at hand: feeds from *body, and takes off it what was taken, until
 * the request waits or is ready. `next` is what the call before said. */
enum request_next request_feed(struct request *rq, enum request_next next, str *body);
/* Into log, journal, events and access log, once. A host says it before the client can have read
 * the whole answer: then who asks next, on whatever connection, finds the request there and stands
 * behind it. */
void request_tell(struct request *rq, bool sent_whole);
/* The answer went out (or the client went away): tells, if nobody did, and frees. */
void request_free(struct request *rq, bool sent_whole);

/* For steps and handlers. */

/* Submits a write and goes on with `then` when it is committed: return request_write(...). */
enum s3_code request_write(struct request *rq, struct store_write *write,
                           enum s3_code (*then)(struct request *rq));
/* Suspends without a write; somebody calls rq->host->wake. return request_wait(...). */
enum s3_code request_wait(struct request *rq, enum s3_code (*then)(struct request *rq));

void request_header(struct request *rq, const char *name, str value);
void request_header_c(struct request *rq, const char *name, const char *value);
/* Error details: elements in order after Message. */
void request_extra(struct request *rq, const char *element, str value);
void request_message(struct request *rq, const char *format, ...) PRINTF_LIKE(2, 3);
void request_hint(struct request *rq, const char *format, ...) PRINTF_LIKE(2, 3);
/* A hint that the journal keeps too: which layer refused what was asked, and why. */
void request_denied(struct request *rq, const char *by, const char *format, ...) PRINTF_LIKE(3, 4);
/* AWS would refuse this: sets x-atoll-nonstandard: MARK and logs a line that quotes AWS's refusal.
 * Returns false when --strict is on: then the caller refuses, as AWS does. */
MUST_CHECK bool request_nonstandard(struct request *rq, const char *mark, const char *aws_says);
/* A mark without the choice (strict was asked already, or does not apply). */
void request_mark(struct request *rq, const char *mark, const char *aws_says);
str request_query(const struct request *rq, const char *name); /* STR_NONE if absent */
bool request_has_query(const struct request *rq, const char *name);
str request_get_header(const struct request *rq, const char *name); /* STR_NONE if absent */
/* Answers with a whole XML or JSON document already in the arena. */
void request_reply(struct request *rq, int status, const char *content_type, str bytes);
void request_reply_empty(struct request *rq, int status);

#endif
