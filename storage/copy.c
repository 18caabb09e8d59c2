/* A new version that shares the body of another one: no byte moves. */
#include "storage/txn.h"

static enum store_result run_copy(struct store_txn *txn, struct store_write *write)
{
    struct store_copy *copy = (struct store_copy *) write;
    struct bucket_row *bucket = txn_bucket(txn, copy->bucket);
    if (!bucket)
        return STORE_NO_BUCKET;
    copy->out_versioning = bucket->info.versioning;
    struct version_info source;
    if (!version_row_by_id(txn->db, txn->arena, copy->source_bucket, copy->source_key,
                           copy->source_version, &source) ||
        source.marker)
        return STORE_CONFLICT;
    enum store_result result =
        version_row_condition(txn, copy->bucket, copy->key, &copy->condition);
    if (result != STORE_OK)
        return result;
    copy->out = (struct version_info){
        .key = copy->key,
        .size_bytes = source.size_bytes,
        .etag = copy->etag.size ? copy->etag : source.etag,
        .body = source.body,
        .meta = copy->meta,
    };
    struct version_write version = { .bucket = bucket, .version = &copy->out, .kind = CHANGED_PUT };
    result = version_row_plan(txn, &version);
    if (result != STORE_OK)
        return result;
    body_row_ref(txn, source.body); /* before the insert, which may replace the source itself */
    version_row_insert(txn, &version);
    return STORE_OK;
}

void store_copy_init(struct store_copy *copy, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "copy", .run = run_copy };
    *copy = (struct store_copy){ .head = { .arena = arena, .kind = &kind } };
}
