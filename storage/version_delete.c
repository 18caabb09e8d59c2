/* Deleting: a key by name (a marker, or the null version's end) or one version by id.
 *
 *   versioning   by name                               by id
 *   unset        the null version goes                 that version goes; if it was current,
 *   enabled      a marker with a new id                the next one is
 *   suspended    a null marker replaces the null one
 */
#include "storage/txn.h"

/* "S3 Batch Replication doesn't support re-replicating objects that were deleted with the version
 * ID of the object from the destination bucket": a resync asks for it. */
static void note_hard_deleted(struct store_txn *txn, const struct version_info *version)
{
    struct db_stmt *s = db_sql(txn->db, "INSERT INTO hard_deleted(bucket,key,id) VALUES(?1,?2,?3)"
                                        " ON CONFLICT DO NOTHING");
    db_bind_i64(s, version->bucket);
    db_bind_blob(s, version->key);
    db_bind_text(s, version->id);
    db_run(s);
}

static enum store_result delete_version(struct store_txn *txn, const struct bucket_row *bucket,
                                        struct version_delete *entry)
{
    struct version_info version;
    if (!version_row_by_id(txn->db, txn->arena, bucket->info.id, entry->key, entry->version_id,
                           &version))
        return STORE_NO_VERSION;
    if (!version_row_may_delete(txn, &version, entry->bypass_governance))
        return STORE_LOCKED;
    version_row_delete(txn, &version);
    if (repl_is_replica(version.repl_status))
        note_hard_deleted(txn, &version);
    entry->removed_marker = version.marker;
    entry->id = version.id;
    return STORE_OK;
}

static enum store_result make_marker(struct store_txn *txn, struct bucket_row *bucket,
                                     bool lifecycle, struct version_delete *entry)
{
    if (txn->tight) /* it would take room, not give it */
        return STORE_FULL;
    struct version_info *marker = ARENA_NEW(txn->arena, struct version_info);
    *marker = (struct version_info){ .key = entry->key, .marker = true, .lifecycle = lifecycle };
    struct version_write write = { .bucket = bucket, .version = marker, .kind = CHANGED_MARKER };
    enum store_result result = version_row_plan(txn, &write);
    if (result != STORE_OK)
        return result;
    version_row_insert(txn, &write);
    entry->made_marker = true;
    entry->id = marker->id;
    return STORE_OK;
}

/* Deleting what is not there succeeds (S3: DeleteObject is idempotent). */
static enum store_result delete_unversioned(struct store_txn *txn, const struct bucket_row *bucket,
                                            const struct version_delete *entry)
{
    struct version_info version;
    if (!version_row_current(txn->db, txn->arena, bucket->info.id, entry->key, &version))
        return STORE_OK;
    if (!version_row_may_delete(txn, &version, entry->bypass_governance))
        return STORE_LOCKED;
    version_row_delete(txn, &version);
    return STORE_OK;
}

static enum store_result delete_one(struct store_txn *txn, struct bucket_row *bucket,
                                    bool lifecycle, struct version_delete *entry)
{
    entry->made_marker = entry->removed_marker = false;
    entry->id = STR("");
    enum store_result result =
        version_row_condition(txn, bucket->info.id, entry->key, &entry->condition);
    if (result != STORE_OK)
        return result;
    if (str_is_set(entry->version_id))
        return delete_version(txn, bucket, entry);
    if (bucket->info.versioning == VERSIONING_UNSET)
        return delete_unversioned(txn, bucket, entry);
    return make_marker(txn, bucket, lifecycle, entry);
}

static enum store_result run_delete(struct store_txn *txn, struct store_write *write)
{
    struct store_delete *del = (struct store_delete *) write;
    struct bucket_row *bucket = txn_bucket(txn, del->bucket);
    if (!bucket)
        return STORE_NO_BUCKET;
    for (size_t i = 0; i < del->count; i++)
        del->at[i].result = delete_one(txn, bucket, del->lifecycle, &del->at[i]);
    return STORE_OK;
}

void store_delete_init(struct store_delete *del, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "delete",
                                                  .run = run_delete,
                                                  .frees = true };
    *del = (struct store_delete){ .head = { .arena = arena, .kind = &kind } };
}
