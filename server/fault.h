/* fault: one rule: which requests it is for, and what it does to them. As people write it:
 *
 *   { "name": "eu-throttles", "match": { "region": "eu-west-1", "api": "PutObject",
 *     "key": "img?*", "client": "alice", "attempt": "<=2" }, "error": "503:SlowDown",
 *     "probability": 0.2, "times": 5 }
 *
 *   error "503:SlowDown" or "SlowDown" (any code of errors.def; "200:CODE" is the error document
 *   under a good status, as CopyObject and CompleteMultipartUpload may give it), delay DIST,
 *   throttle "10/s", cut before|during|close, truncate BYTES, slow "10KB/s",
 *   script ["503:SlowDown", "cut:before", "ok", ...]: one step for each matching request
 *   of MRAP requests: match { api, region (of a member), mrap }, "async": "InternalErrors": the
 *   request is accepted and fails in that Region, as Describe tells
 *   of copies: match { link: "us-east-1 -> eu-west-1", key }, "replication": "fail", reason
 *
 * Everything in match is a glob ('*', '?'). A struct fault is a value; its texts live in the arena
 * given. Threads: pure.
 */
#ifndef ATOLL_SERVER_FAULT_H
#define ATOLL_SERVER_FAULT_H

#include "base/json.h"
#include "replication/lag.h"
#include "server/errors.h"

#define FAULT_SCRIPT_STEPS 100   /* [atoll] */
#define FAULT_NAME_BYTES 64      /* [atoll] */
#define FAULT_ATTEMPTS_MOST 1000 /* [atoll] */

enum fault_cut {
    FAULT_CUT_NONE,
    FAULT_CUT_BEFORE, /* nothing is done, the connection is reset */
    FAULT_CUT_DURING, /* it is done, and the answer breaks off with a reset */
    FAULT_CUT_CLOSE   /* nothing is done, the connection is closed in order */
};

/* What is done to one request. */
struct fault_action {
    enum s3_code code; /* S3_OK: none */
    int status;        /* 0: the code's own */
    enum fault_cut cut;
    bool truncates;
    uint64_t truncate_bytes;
    uint64_t slow_bytes_per_s; /* 0: none */
    duration delay;            /* of a script's step; a rule's own is drawn */
};

enum fault_match { /* globs; unset: any */
                   FAULT_REGION,
                   FAULT_MRAP,
                   FAULT_API,
                   FAULT_BUCKET,
                   FAULT_KEY,
                   FAULT_CLIENT,
                   FAULT_MATCHES
};

struct fault {
    str name;
    str match[FAULT_MATCHES];
    unsigned attempt_from, attempt_to; /* 0: any */
    str attempt;                       /* as written */
    str link_from, link_to;            /* Regions; of copies */
    struct fault_action action;
    str error, message, delay_text, throttle, cut, slow; /* as written */
    bool has_delay;
    struct lag delay;
    double per_s;       /* throttle; 0: none */
    double probability; /* 1: always */
    uint64_t times;     /* 0: without end */
    struct fault_action *steps;
    str *step_texts;
    size_t step_count;
    bool fails_copies;
    const char *async;  /* static: AWS's code for Describe; NULL: not of asynchronous requests */
    const char *reason; /* static: AWS's word */
};

/* What a request looks like to a rule. */
struct fault_subject {
    str text[FAULT_MATCHES];
    unsigned attempt;
};

/* False with a sentence in *error, and what should be said instead in *hint (may stay empty). */
MUST_CHECK bool fault_parse(struct arena *arena, const struct json *json, struct fault *out,
                            str *error, str *hint);
/* Members only: the caller opens and closes the object. */
void fault_write(struct json_writer *writer, const struct fault *fault);
bool fault_matches(const struct fault *fault, const struct fault_subject *subject);
bool fault_matches_copy(const struct fault *fault, str from_region, str to_region, str key);
/* Of this operation's work for access point `mrap` in one Region. */
bool fault_matches_async(const struct fault *fault, str api, str mrap, str region);
/* True for one of AWS's reasons why a copy fails; else the nearest one, or none, in *near. */
bool fault_reason(str word, str *near);
/* 1 to 64 printable characters without slash and comma. */
bool fault_name_is_valid(str name);

#endif
