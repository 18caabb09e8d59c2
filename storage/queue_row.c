/* Rows of the replication queue as the writer sees them: born from a plan in the transaction of
 * the change that causes them, and summed up into the source version's status. */
#include "storage/txn.h"

enum store_result queue_row_plan(struct store_txn *txn, const struct bucket_row *bucket,
                                 struct store_change *change, struct store_plan *plan)
{
    const struct store_hooks *hooks = txn->store->options.hooks;
    change->bucket = &bucket->info;
    change->scope = txn_draw_scope(txn, bucket->info.id);
    change->now = txn->now;
    *plan = (struct store_plan){ 0 };
    if (!str_is_set(bucket->rules) || !hooks || !hooks->plan)
        return STORE_OK;
    hooks->plan(hooks->ctx, txn->arena, change, bucket->rules, plan);
    if (txn->cache->queue_rows + plan->count <= txn->store->queue_limit)
        return STORE_OK;
    *plan = (struct store_plan){ 0 };
    return STORE_BUSY;
}

static uint64_t size_of(const struct store_change *change)
{
    return change->kind == CHANGED_PUT ? change->version->size_bytes : 0;
}

/* A copy that is due at its very threshold is not late. */
static instant late_at(instant now, const struct plan_row *row)
{
    instant late = instant_add(now, row->threshold);
    return late.ns == row->ready_at.ns ? (instant){ late.ns + 1 } : late;
}

static void insert_one(struct store_txn *txn, const struct store_change *change,
                       const struct plan_row *row, str job)
{
    const struct version_info *version = change->version;
    struct db_stmt *s =
        db_sql(txn->db,
               "INSERT INTO queue(state,kind,what,source_bucket,from_region,to_region,key,version,"
               "destination,rule,options,size,queued_at,ready_at,attempts,threshold,job) VALUES("
               "?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,0,?15,?16)");
    db_bind_i64(s, QUEUE_PENDING);
    db_bind_i64(s, (int64_t) change->kind);
    db_bind_i64(s, change->what);
    db_bind_i64(s, version->bucket);
    db_bind_text(s, row->from_region);
    db_bind_text(s, row->to_region);
    db_bind_blob(s, version->key);
    db_bind_text(s, version->id);
    db_bind_blob(s, row->destination);
    db_bind_text(s, row->rule);
    db_bind_blob_opt(s, row->options);
    db_bind_i64(s, (int64_t) size_of(change));
    db_bind_i64(s, change->now.ns);
    db_bind_i64(s, row->ready_at.ns);
    if (row->threshold.ns)
        db_bind_i64(s, late_at(change->now, row).ns);
    else
        db_bind_null(s);
    db_bind_text_opt(s, job);
    db_run(s);
}

void queue_row_insert(struct store_txn *txn, const struct store_change *change,
                      const struct store_plan *plan, str job)
{
    struct txn_cache *cache = txn->cache;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_row *row = &plan->rows[i];
        const struct queue_share share = { .from_region = row->from_region,
                                           .to_region = row->to_region,
                                           .state = QUEUE_PENDING,
                                           .size_bytes = size_of(change) };
        insert_one(txn, change, row, job);
        queue_total_add(txn, &share, 1);
        if (instant_before(row->ready_at, cache->queue_earliest))
            cache->queue_earliest = row->ready_at;
    }
}

void queue_row_read(struct db_stmt *s, struct arena *arena, struct queue_row *out)
{
    *out = (struct queue_row){
        .id = db_i64(s, 0),
        .state = (enum queue_state) db_i64(s, 1),
        .kind = (enum change_kind) db_i64(s, 2),
        .what = (unsigned) db_i64(s, 3),
        .source_bucket = db_i64(s, 4),
        .source_name = db_copy(s, 5, arena),
        .from_region = db_copy(s, 6, arena),
        .to_region = db_copy(s, 7, arena),
        .key = db_copy(s, 8, arena),
        .version_id = db_copy(s, 9, arena),
        .destination = db_copy(s, 10, arena),
        .rule = db_copy(s, 11, arena),
        .options = db_copy(s, 12, arena),
        .size_bytes = (uint64_t) db_i64(s, 13),
        .queued_at = { db_i64(s, 14) },
        .ready_at = { db_i64(s, 15) },
        .attempts = (unsigned) db_i64(s, 16),
        .reason = db_copy(s, 17, arena),
        .job = db_copy(s, 18, arena),
    };
}

void queue_row_remove(struct store_txn *txn, int64_t id)
{
    struct db_stmt *s = db_sql(txn->db, "DELETE FROM queue WHERE id=?1" QUEUE_SHARE_COLUMNS);
    db_bind_i64(s, id);
    queue_total_removed(txn, s);
}

/* A job's rows stay until they are due, and fail then: a job counts each of its tasks. */
void queue_row_forget_bucket(struct store_txn *txn, int64_t bucket)
{
    struct db_stmt *s = db_sql(txn->db, "DELETE FROM queue WHERE source_bucket=?1 AND"
                                        " ifnull(job,'')=''" QUEUE_SHARE_COLUMNS);
    db_bind_i64(s, bucket);
    queue_total_removed(txn, s);
}

/* With several destinations the status is PENDING until each has ended, then FAILED if any failed
 * (S3: "Replication status information"). */
void queue_row_settle(struct store_txn *txn, const struct queue_row *row, enum repl_status none)
{
    struct db_stmt *s = db_sql(txn->db, "SELECT count(*), count(nullif(state,?4)) FROM queue"
                                        " WHERE source_bucket=?1 AND key=?2 AND version=?3");
    db_bind_i64(s, row->source_bucket);
    db_bind_blob(s, row->key);
    db_bind_text(s, row->version_id);
    db_bind_i64(s, QUEUE_FAILED);
    int64_t rows = 0, unfinished = 0;
    if (db_step(s)) {
        rows = db_i64(s, 0);
        unfinished = db_i64(s, 1);
    }
    db_end(s);
    version_row_set_status(txn, row->source_bucket, row->key, row->version_id,
                           unfinished ? none == REPL_STATUS_FAILED ? REPL_STATUS_PENDING_LOST
                                                                   : REPL_STATUS_PENDING
                           : rows     ? REPL_STATUS_FAILED
                                      : none);
}
