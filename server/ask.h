/* ask: S3 operations in words, "put orders/cart.json", made into requests of this world without
 * sockets and signatures: for scenarios and for /do, so that both say the same.
 *
 * A target is ACCESS-POINT/KEY, asked at the host of its alias, or BUCKET/KEY, asked at its
 * Region's own endpoint. Ownership: what is made lives in the arena. Threads: any with a lane of
 * its own.
 */
#ifndef ATOLL_SERVER_ASK_H
#define ATOLL_SERVER_ASK_H

#include "server/request.h"

struct ask_part { /* of an upload, for mpu-complete */
    uint64_t number;
    str etag;
};

struct ask {
    str op;                      /* a word of ask_op_at */
    str target;                  /* of a list: ACCESS-POINT/PREFIX or BUCKET/PREFIX */
    str source;                  /* copy: BUCKET/KEY or ACCESS-POINT/KEY */
    str version;                 /* of a copy: its source's */
    str if_match, if_none_match; /* with or without quotation marks */
    struct fields headers;       /* more of them */
    str body;                    /* put, mpu-part */
    struct fields tags;          /* tag */
    const str *targets;          /* delete-many: all of them, in one bucket */
    size_t target_count;
    str max, token;               /* list */
    str upload;                   /* mpu-part, mpu-complete, mpu-abort */
    str part;                     /* mpu-part: its number */
    const struct ask_part *parts; /* mpu-complete, ascending */
    size_t part_count;
};

/* The words, and which members of `ask` each takes, "version if-match"; NULL after the last. */
struct ask_op {
    const char *word;
    const char *members;
};
const struct ask_op *ask_op_at(size_t i);

/* One request as it would come over the wire. */
struct ask_line {
    const char *method;
    str host, target;
    struct fields headers;
    str body;
};
/* False with a sentence in *problem: no such word, targets in two buckets. Takes a look at the
 * store through the lane's reader. */
MUST_CHECK bool ask_read(struct lane *lane, struct arena *arena, const struct ask *ask,
                         struct ask_line *out, str *problem);
/* Made and filled, to be run with line->body; the caller frees it. `client` may be empty. */
struct request *ask_request(struct lane *lane, const struct request_host *host,
                            const struct ask_line *line, str client);

#endif
