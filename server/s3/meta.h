/* meta: what a client says about an object in headers, and how it is told again.
 *
 * object_meta.fields keeps (header name as S3 writes it, value) pairs: the system headers, then
 * x-amz-meta-*, so that answering is handing them on. Strings live in the request's arena. */
#ifndef ATOLL_SERVER_S3_META_H
#define ATOLL_SERVER_S3_META_H

#include "server/request.h"

#define META_USER_PREFIX "x-amz-meta-"
#define META_SSE "x-amz-server-side-encryption"
#define META_REDIRECT "x-amz-website-redirect-location"

/* Pure: adds the headers that an object keeps; returns the bytes of user names and values, as the
 * 2 KB limit counts them. */
size_t meta_collect(struct arena *arena, const struct fields *headers, struct fields *out);
/* Pure: a user value as a header may carry it: RFC 2047 when not ASCII, after what is RFC 2047 in
 * it was decoded. False when it cannot be shown at all (control characters). */
MUST_CHECK bool meta_shown(struct arena *arena, str value, str *shown);

/* System and user headers, within AWS's limit. */
enum s3_code meta_headers(struct request *rq, struct fields *out);
/* Everything but headers and tags: storage class, object lock, encryption, website redirect, ACL.
 * What is answered as a header is added to `fields`. */
enum s3_code meta_options(struct request *rq, struct object_meta *meta, struct fields *fields);
/* All of it, for PutObject and CreateMultipartUpload. */
enum s3_code meta_read(struct request *rq, struct object_meta *meta);

/* The stored headers of GET and HEAD, with x-amz-missing-meta and the default Content-Type.
 * response-* overrides of the query replace stored ones. */
void meta_reply(struct request *rq, str packed_fields);
/* x-amz-server-side-encryption and its companions: answers of writes have them too. */
void meta_reply_encryption(struct request *rq, str packed_fields);
/* response-* overrides are for signed requests, and must fit into ISO-8859-1. */
enum s3_code meta_judge_overrides(struct request *rq);

#endif
