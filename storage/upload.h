/* Multipart uploads: create, parts, complete, abort, and their listings.
 *
 * Complete moves no bytes: the object's body names the parts' extents. Parts that Complete does not
 * list are dropped. Repeating Complete with the same list soon after success gives the same answer.
 */
#ifndef ATOLL_STORAGE_UPLOAD_H
#define ATOLL_STORAGE_UPLOAD_H

#include "storage/version.h"

struct upload_info {
    str id;
    int64_t bucket;
    str key;
    instant initiated;
    enum digest_kind checksum_kind; /* as asked at creation; DIGEST_NONE */
    bool checksum_composite;
    struct object_meta meta;
};

struct store_upload_create {
    struct store_write head;
    int64_t bucket;
    str key;
    enum digest_kind checksum_kind;
    bool checksum_composite;
    struct object_meta meta;
    str out_id;
};
void store_upload_create_init(struct store_upload_create *create, struct arena *arena);

/* bucket and key must be those of the upload, else STORE_NO_UPLOAD. */
MUST_CHECK enum store_result store_upload_get(struct store_reader *reader, struct arena *arena,
                                              int64_t bucket, str key, str upload_id,
                                              struct upload_info *out);
/* Which bucket issued this id, whatever the key: for upload affinity of MRAPs. */
MUST_CHECK enum store_result store_upload_bucket(struct store_reader *reader, str upload_id,
                                                 int64_t *bucket);
/* Parts with number > after, at most max. */
MUST_CHECK enum store_result store_upload_parts(struct store_reader *reader, struct arena *arena,
                                                str upload_id, unsigned after, unsigned max,
                                                struct part_list *out);

struct store_part_put { /* a re-upload of a number replaces it */
    struct store_write head;
    int64_t bucket;
    str key;
    str upload_id;
    unsigned number;
    struct body_draft draft; /* taken on STORE_OK */
    struct object_checksum checksum;
    struct part_info out;
};
void store_part_put_init(struct store_part_put *put, struct arena *arena);

struct store_part_copy { /* a part that shares a range of another body */
    struct store_write head;
    int64_t bucket;
    str key;
    str upload_id;
    unsigned number;
    int64_t source_bucket;
    str source_key, source_version; /* exact; STORE_CONFLICT when it is gone */
    uint64_t offset_bytes, length_bytes;
    struct digest_value md5; /* hashed by the handler (body_hashing) */
    struct object_checksum checksum;
    struct part_info out;
};
void store_part_copy_init(struct store_part_copy *copy, struct arena *arena);

struct complete_part {
    unsigned number;
    str etag;                        /* without quotes */
    struct object_checksum checksum; /* kind NONE: not given */
};
struct store_complete {
    struct store_write head;
    int64_t bucket;
    str key;
    str upload_id;
    const struct complete_part *parts; /* ascending, checked by the handler */
    size_t part_count;
    struct object_checksum expected; /* of the whole object, if the client gave one */
    bool has_size;                   /* x-amz-mp-object-size */
    uint64_t size_bytes;
    struct write_condition condition;
    /* On STORE_BAD_PART and STORE_PART_TOO_SMALL: head.detail is the part number in decimal,
     * bad_part its index in `parts`, bad_size_bytes its size. bad_part == part_count: the object
     * as a whole is not of `size_bytes` (bad_size_bytes is what it is), or, with bad_checksum, its
     * checksum is not `expected`. */
    size_t bad_part;
    uint64_t bad_size_bytes;
    bool bad_checksum; /* STORE_BAD_PART because a checksum differs or is missing */
    struct version_info out;
    enum versioning out_versioning;
};
void store_complete_init(struct store_complete *complete, struct arena *arena);

struct store_abort {
    struct store_write head;
    int64_t bucket;
    str key;
    str upload_id;
};
void store_abort_init(struct store_abort *abort_write, struct arena *arena);

#endif
