/* async: one asynchronous request about a Multi-Region Access Point, as a document of kind "async",
 * id = the opaque end of its token. It is written when the call is accepted and again when its work
 * was done (async_work.h); what Describe shows is read from it. Strings live in the caller's arena.
 */
#ifndef ATOLL_SERVER_ASYNC_H
#define ATOLL_SERVER_ASYNC_H

#include "base/limits.h"
#include "base/time.h"
#include "server/errors.h"

#define ASYNC_KIND "async"

enum async_kind { ASYNC_CREATE, ASYNC_DELETE, ASYNC_PUT_POLICY };
struct async_region {
    str bucket;
    str account; /* empty: not given */
    str region;  /* where the bucket is; empty when it does not exist */
    bool failed; /* alone; of a request that failed as a whole every Region failed */
};
struct async_record {
    enum async_kind kind;
    str token; /* opaque end */
    str account;
    str client_token;
    str request_id; /* of the call that was accepted */
    instant created_at;
    instant due_at;   /* its work is done then, or when us-west-2's control plane is back */
    bool over;        /* it was done */
    uint64_t ordinal; /* incarnation of the access point that it is about */
    str name;
    str policy;
    bool block[4];
    struct async_region regions[LIMIT_REGIONS_PER_MRAP];
    size_t region_count;
    str error_code; /* empty: it succeeds */
    str error_message;
    str error_resource; /* what it is about: the access point, or a bucket */
};

/* "CreateMultiRegionAccessPoint" */
const char *async_operation(enum async_kind kind);
/* AWS's code and words for it; the first cause stands. */
void async_fail(struct async_record *record, enum s3_code code, str resource);
struct store_doc async_to_doc(struct arena *arena, const struct async_record *record);
MUST_CHECK bool async_from_doc(struct arena *arena, const struct store_doc *doc,
                               struct async_record *out);
str async_arn(struct arena *arena, const struct async_record *record);

#endif
