/* sse: server-side encryption as clients see it: which headers a write may have and which are kept
 * with the object, the customer's key that reads of SSE-C objects must repeat, opaque ETags.
 *
 * Bytes are not encrypted: keys are compared, never used, and only a key's MD5 is kept. What is
 * kept stands among object_meta.fields under its header's name. Strings live in the request's
 * arena.
 */
#ifndef ATOLL_SERVER_S3_SSE_H
#define ATOLL_SERVER_S3_SSE_H

#include "server/request.h"

/* Of a write: judges the headers and adds what is kept; without any, the bucket's default. */
enum s3_code sse_of_write(struct request *rq, struct fields *fields);
/* Of GET, HEAD and GetObjectAttributes: the object's key must come along, and no other headers. */
enum s3_code sse_of_read(struct request *rq, str packed_fields);
/* The same for the source of a copy, with its own headers. */
enum s3_code sse_of_source(struct request *rq, str packed_fields);
/* A part must repeat the upload's key. */
enum s3_code sse_of_part(struct request *rq, str upload_fields);
/* Complete "only when the object was created using a checksum algorithm" (CompleteMultipartUpload);
 * a key that is said must be the right one always. */
enum s3_code sse_of_complete(struct request *rq, str upload_fields, bool with_checksum);
/* Encrypted so that the ETag says nothing about the bytes. */
bool sse_is_opaque(struct request *rq, str packed_fields);
/* The ETag of an object put in one piece: empty (its MD5) under SSE-S3; opaque otherwise. */
str sse_etag(struct request *rq, str packed_fields);

#endif
