/* copy_source: x-amz-copy-source: which version a copy reads, in whatever Region its bucket lies,
 * and whether it may. */
#ifndef ATOLL_SERVER_S3_COPY_SOURCE_H
#define ATOLL_SERVER_S3_COPY_SOURCE_H

#include "server/request.h"

struct copy_source_name {
    str bucket; /* or an access point: an ARN's resource, or an alias */
    str key;
    str version_id; /* ptr == NULL: the current one */
    bool access_point;
};
/* Pure. "bucket/key[?versionId=ID]", URL-encoded, a leading '/' allowed; or an access point's ARN
 * and "/object/key". False when there is no bucket or no key in it. */
MUST_CHECK bool copy_source_parse(struct arena *arena, str header, struct copy_source_name *out);

struct copy_source {
    struct copy_source_name name;
    struct bucket_info bucket;
    struct version_info version;
};
/* Looks it up and judges the x-amz-copy-source-if-* headers; sets x-amz-copy-source-version-id. */
enum s3_code copy_source_find(struct request *rq, struct copy_source *out);

/* It was read: recorded in its bucket's access log as "REST.COPY.OBJECT_GET" or "..._PART_GET". */
void copy_source_was_read(struct request *rq, const struct copy_source *source,
                          const char *operation);

/* The digests a copy needs of its source's bytes: known from the source, computed at once for no
 * bytes, or hashed in the pool while the request waits. */
struct copy_digests {
    enum digest_kind kind;               /* in: which checksum besides MD5 */
    uint64_t offset_bytes, length_bytes; /* in */
    struct digest_value md5;
    struct object_checksum checksum;
    struct body_hashing hashing; /* own */
};
/* S3_OK: they are there. S3_WAIT: `then` is called, and begins with copy_source_digests_end. */
enum s3_code copy_source_digests(struct request *rq, const struct copy_source *source,
                                 struct copy_digests *digests,
                                 enum s3_code (*then)(struct request *rq));
enum s3_code copy_source_digests_end(struct request *rq, struct copy_digests *digests);

#endif
