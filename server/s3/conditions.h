/* conditions: If-Match and its kin. Reads and copy sources compare an object with what the client
 * knows; writes carry a condition into the transaction, where the writer judges it. The core is
 * pure; the rest says AWS's words through the request. */
#ifndef ATOLL_SERVER_S3_CONDITIONS_H
#define ATOLL_SERVER_S3_CONDITIONS_H

#include "server/request.h"

/* As the client sent them; STR_NONE when absent. */
struct conditions {
    str match, none_match;                /* etags, "*" or a list of them */
    str modified_since, unmodified_since; /* HTTP dates; unreadable ones are ignored */
};
enum conditions_result { CONDITIONS_HOLD, CONDITIONS_NOT_MODIFIED, CONDITIONS_FAILED };
struct conditions_verdict {
    enum conditions_result result;
    const char *failed; /* "If-Match", ... */
};
/* Headers `prefix`If-Match, ... ("" or "x-amz-copy-source-"). False when there is none of them. */
bool conditions_read(const struct fields *headers, const char *prefix, struct conditions *out);
struct conditions_verdict conditions_judge(const struct conditions *conditions, str etag,
                                           instant modified, instant now);
/* Whether a header's list of etags names this one; quotes are optional, W/ is ignored. */
bool conditions_list_has(str list, str etag);

/* A write's condition; what S3 does not take is NULL-terminated in *refused (the Header element)
 * with *why. Deleting takes If-Match: * as well. */
struct conditions_refusal {
    const char *header; /* NULL: nothing is refused */
    const char *why;
};
struct conditions_refusal conditions_for_write(const struct fields *headers, bool deleting,
                                               struct write_condition *out);
/* The same for a handler: S3_OK or NotImplemented with AWS's elements. */
enum s3_code conditions_write(struct request *rq, bool deleting, struct write_condition *out);
/* What a write's result means to the client, condition included. */
enum s3_code conditions_result(struct request *rq, const struct write_condition *condition,
                               enum store_result result);

#endif
