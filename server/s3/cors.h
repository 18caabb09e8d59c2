/* cors: which browser pages may read a bucket: its configuration against an Origin.
 *
 * Strings live in the request's arena. Threads: the request's. */
#ifndef ATOLL_SERVER_S3_CORS_H
#define ATOLL_SERVER_S3_CORS_H

#include "server/s3/document.h"

extern const struct document cors_document;

/* Adds the Access-Control-* headers that an actual request with an Origin is answered with, also
 * when it failed; nothing when it has none, or no rule allows it. Called by respond(). */
void cors_headers(struct request *rq);
/* The answer to a preflight (OPTIONS). */
enum s3_code cors_preflight(struct request *rq);

#endif
