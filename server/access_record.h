/* access_record: a request as one line of S3's server access log (AWS: "Amazon S3 server access log
 * format"). Pure but for the emulated clock. Ownership: the request's arena. Errors: none; what is
 * not known is "-", as AWS writes it. Threads: the request's. */
#ifndef ATOLL_SERVER_ACCESS_RECORD_H
#define ATOLL_SERVER_ACCESS_RECORD_H

#include "server/request.h"

#define ACCESS_RECORD_BYTES (160 * 1024) /* [atoll] a target and headers at their longest */

/* What is recorded beside a request's own line: the keys of DeleteObjects, the source of a copy,
 * what lifecycle did. */
struct access_note {
    const struct bucket_info *bucket;
    const char *operation; /* "BATCH.DELETE.OBJECT" */
    str key, version_id;
    str uri;    /* "GET /bucket/key HTTP/1.1"; empty: "-" */
    int status; /* 0: "-" */
    str code;   /* of the error; empty: "-" */
    uint64_t size_bytes;
    struct access_note *next;
};

/* With its end of line; of a request for this bucket that was answered. */
str access_record_line(struct request *rq, const struct bucket_info *bucket);
/* A note on such a request. */
str access_record_note(struct request *rq, const struct access_note *note);
/* What S3 did by itself. `owner`: the canonical id of the bucket's owner. */
str access_record_world(struct arena *arena, const struct access_note *note, str owner, instant at);
/* "REST.GET.OBJECT". */
str access_record_operation(struct request *rq);

#endif
