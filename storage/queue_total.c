/* How much of the replication queue is between which Regions, in which state: sums that each change
 * of a row adds to, so that asking costs nothing that grows with the queue. Within a batch they are
 * differences in memory; they go to their rows before COMMIT and before a SAVEPOINT. */
#include "storage/txn.h"

void queue_total_forget(struct txn_cache *cache)
{
    cache->total_count = 0;
    arena_reset(cache->total_names);
}

static struct queue_total *total_of(struct txn_cache *cache, str from, str to)
{
    for (size_t i = 0; i < cache->total_count; i++)
        if (str_eq(cache->totals[i].from_region, from) && str_eq(cache->totals[i].to_region, to))
            return &cache->totals[i];
    return NULL;
}

/* The difference between two Regions; the table is emptied when it is full. */
static struct queue_total *total_for(struct store_txn *txn, str from, str to)
{
    struct txn_cache *cache = txn->cache;
    struct queue_total *total = total_of(cache, from, to);
    if (total)
        return total;
    if (cache->total_count == TXN_QUEUE_TOTALS)
        queue_total_flush(txn);
    total = &cache->totals[cache->total_count++];
    *total = (struct queue_total){ .from_region = str_copy(cache->total_names, from),
                                   .to_region = str_copy(cache->total_names, to) };
    return total;
}

void queue_total_add(struct store_txn *txn, const struct queue_share *share, int sign)
{
    struct queue_total *total = total_for(txn, share->from_region, share->to_region);
    total->rows[share->state] += sign;
    total->bytes[share->state] += sign * (int64_t) share->size_bytes;
    txn->cache->queue_rows += (uint64_t) (int64_t) sign;
    txn->cache->queue_touched = true;
}

void queue_total_removed(struct store_txn *txn, struct db_stmt *removed)
{
    while (db_step(removed)) {
        const struct queue_share share = { .from_region = db_str(removed, 0),
                                           .to_region = db_str(removed, 1),
                                           .state = (enum queue_state) db_i64(removed, 2),
                                           .size_bytes = (uint64_t) db_i64(removed, 3) };
        queue_total_add(txn, &share, -1);
    }
    db_end(removed);
}

static void flush_one(struct store_txn *txn, const struct queue_total *total, int state)
{
    struct db_stmt *s = db_sql(txn->db, "INSERT INTO queue_total VALUES(?1,?2,?3,?4,?5)"
                                        " ON CONFLICT DO UPDATE SET rows=rows+?4,bytes=bytes+?5");
    db_bind_text(s, total->from_region);
    db_bind_text(s, total->to_region);
    db_bind_i64(s, state);
    db_bind_i64(s, total->rows[state]);
    db_bind_i64(s, total->bytes[state]);
    db_run(s);
}

void queue_total_flush(struct store_txn *txn)
{
    struct txn_cache *cache = txn->cache;
    for (size_t i = 0; i < cache->total_count; i++)
        for (int state = 0; state < QUEUE_STATES; state++)
            if (cache->totals[i].rows[state] || cache->totals[i].bytes[state])
                flush_one(txn, &cache->totals[i], state);
    queue_total_forget(cache);
}

void queue_total_wipe(struct store_txn *txn)
{
    db_exec(txn->db, "DELETE FROM queue_total");
    queue_total_forget(txn->cache);
    txn->cache->queue_rows = 0;
    txn->cache->queue_touched = true;
}
