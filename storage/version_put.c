/* A new object version from a client's bytes. */
#include "storage/txn.h"

#include "base/encode.h"

/* The ETag of a plain object is its MD5 (S3: "Common response headers"). */
static str etag_of(struct store_txn *txn, const struct store_put *put)
{
    if (put->etag.size)
        return put->etag;
    struct digest_value md5 = put->draft.md5;
    if (!md5.size) /* an empty body that no sink made */
        md5 = digest_of(DIGEST_MD5, "", 0);
    return encode_hex(txn->arena, md5.bytes, md5.size);
}

static enum store_result run_put(struct store_txn *txn, struct store_write *write)
{
    struct store_put *put = (struct store_put *) write;
    struct bucket_row *bucket = txn_bucket(txn, put->bucket);
    if (!bucket)
        return STORE_NO_BUCKET;
    put->out_versioning = bucket->info.versioning;
    enum store_result result = version_row_condition(txn, put->bucket, put->key, &put->condition);
    if (result != STORE_OK)
        return result;
    put->out = (struct version_info){
        .key = put->key,
        .size_bytes = put->draft.size_bytes,
        .etag = etag_of(txn, put),
        .meta = put->meta,
    };
    struct version_write version = { .bucket = bucket, .version = &put->out, .kind = CHANGED_PUT };
    result = version_row_plan(txn, &version);
    if (result != STORE_OK)
        return result;
    put->out.body = body_row_insert(txn, &put->draft);
    version_row_insert(txn, &version);
    return STORE_OK;
}

static void committed(struct store_write *write)
{
    body_draft_drop(&((struct store_put *) write)->draft); /* the row keeps the bytes now */
}

void store_put_init(struct store_put *put, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "put",
                                                  .run = run_put,
                                                  .committed = committed };
    *put = (struct store_put){ .head = { .arena = arena, .kind = &kind } };
}
