/* Resync: queues copies of versions that live replication skips (S3 Batch Replication): objects
 * that were there before the rule, and failed ones. */
#include "storage/txn.h"

/* Rows that failed earlier are superseded. */
static void forget_failed(struct store_txn *txn, const struct version_info *version)
{
    struct db_stmt *s = db_sql(txn->db, "DELETE FROM queue WHERE source_bucket=?1 AND key=?2"
                                        " AND version=?3 AND state=?4" QUEUE_SHARE_COLUMNS);
    db_bind_i64(s, version->bucket);
    db_bind_blob(s, version->key);
    db_bind_text(s, version->id);
    db_bind_i64(s, QUEUE_FAILED);
    queue_total_removed(txn, s);
}

static enum store_result queue_version(struct store_txn *txn, struct store_resync *resync,
                                       struct version_info *version)
{
    struct bucket_row *bucket = txn_bucket(txn, resync->bucket);
    struct store_change change = { .kind = version->marker ? CHANGED_MARKER : CHANGED_PUT,
                                   .version = version,
                                   .ordinal = txn_ordinal(txn, bucket) };
    struct store_plan plan;
    enum store_result result = queue_row_plan(txn, bucket, &change, &plan);
    if (result != STORE_OK || plan.count == 0)
        return result;
    forget_failed(txn, version);
    queue_row_insert(txn, &change, &plan);
    version_row_set_status(txn, version->bucket, version->key, version->id, REPL_STATUS_PENDING);
    resync->queued += plan.count;
    return STORE_OK;
}

/* The rows' keys do not change under the open SELECT, so it neither skips nor repeats one. */
static enum store_result run_resync(struct store_txn *txn, struct store_write *write)
{
    struct store_resync *resync = (struct store_resync *) write;
    if (!txn_bucket(txn, resync->bucket))
        return STORE_NO_BUCKET;
    struct db_stmt *s =
        db_sql(txn->db, "SELECT " VERSION_COLUMNS "FROM version WHERE bucket=?1 AND key>=?2 AND"
                        " (repl=?3 OR repl=?4) ORDER BY bucket, key");
    db_bind_i64(s, resync->bucket);
    db_bind_blob(s, resync->prefix);
    db_bind_i64(s, REPL_STATUS_FAILED);
    db_bind_i64(s, resync->only_failed ? REPL_STATUS_FAILED : REPL_NONE);
    struct arena *whole = txn->arena;
    txn->arena = arena_new(); /* a row at a time: a bucket may have millions */
    enum store_result result = STORE_OK;
    while (result == STORE_OK && db_step(s)) {
        struct version_info version;
        version_row_read(s, txn->arena, true, &version);
        if (!str_starts(version.key, resync->prefix))
            break;
        result = queue_version(txn, resync, &version);
        arena_reset(txn->arena);
    }
    db_end(s);
    arena_free(txn->arena);
    txn->arena = whole;
    if (result != STORE_OK)
        resync->queued = 0;
    return result;
}

void store_resync_init(struct store_resync *resync, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "resync",
                                                  .run = run_resync,
                                                  .savepoint = true };
    *resync = (struct store_resync){ .head = { .arena = arena, .kind = &kind } };
}
