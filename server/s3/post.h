/* post: what a POST form's fields make of a request: who asks, whether the policy allows it, which
 * key, and the headers that PutObject would have had. Between the form's parser (form.h) and
 * PostObject's handler; called by the payload.
 *
 * Ownership: the request's arena; rq->state holds the struct post from post_begin on.
 */
#ifndef ATOLL_SERVER_S3_POST_H
#define ATOLL_SERVER_S3_POST_H

#include "server/request.h"
#include "server/s3/post_policy.h"

struct post {
    struct fields form; /* as sent, ${filename} replaced */
    bool has_policy;
    struct post_policy policy;
};

/* All fields before the file are there. S3_OK, or the refusal. */
enum s3_code post_begin(struct request *rq, const struct fields *form, str filename);
/* Whether more bytes would break the policy: then they are counted, not kept. */
bool post_is_too_large(const struct request *rq, uint64_t size_bytes);
/* content-length-range, once the size is known. */
enum s3_code post_check_size(struct request *rq, uint64_t size_bytes);

#endif
