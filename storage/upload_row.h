/* upload_row: rows of unfinished uploads and their parts. For the storage folder only. */
#ifndef ATOLL_STORAGE_UPLOAD_ROW_H
#define ATOLL_STORAGE_UPLOAD_ROW_H

#include "storage/txn.h"
#include "storage/upload.h"

#define UPLOAD_COLUMNS                                                                             \
    "bucket,key,id,initiated,sum_kind,sum_composite,class,lock_mode,lock_until,hold,fields,tags,"  \
    "acl,stamp "

struct upload_row {
    struct upload_info info;
    int64_t stamp_us; /* of the key's current version when the upload began; 0: there was none */
};
/* Reads a row selected by UPLOAD_COLUMNS; strings are copied. */
void upload_row_read(struct db_stmt *row, struct arena *arena, struct upload_row *out);
/* False: no such upload of this bucket and key. */
MUST_CHECK bool upload_row_find(struct db *db, struct arena *arena, int64_t bucket, str key, str id,
                                struct upload_row *out);
/* A checksum's bytes; size 0 for NULL. */
struct digest_value upload_row_sum(struct db_stmt *row, int column);
/* The upload and its parts go; the parts' bodies lose their reference. */
void upload_row_drop(struct store_txn *txn, const struct upload_info *upload);
/* A part came (1) or went (-1). */
void upload_row_count(struct store_txn *txn, const struct upload_info *upload, int64_t size,
                      int sign);

#endif
