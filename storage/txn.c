/* What the writer keeps between writes: bucket rows with their running numbers, the seed, the size
 * of the queue. It saves each write a look at the bucket, and a row update per version. */
#include "storage/txn.h"

#include "base/encode.h"

#define CACHED_BUCKETS 4096

void txn_cache_open(struct txn_cache *cache)
{
    *cache = (struct txn_cache){ .arena = arena_new(), .total_names = arena_new() };
    buf_init(&cache->usage_text, SIZE_MAX);
}

void txn_cache_close(struct txn_cache *cache)
{
    arena_free(cache->arena);
    arena_free(cache->total_names);
    buf_fini(&cache->usage_text);
}

static void forget_buckets(struct txn_cache *cache)
{
    arena_reset(cache->arena);
    memset(cache->slots, 0, sizeof cache->slots);
    cache->bucket_count = 0;
    cache->dirty = NULL;
    cache->named = NULL;
}

static void load_world(struct store_txn *txn)
{
    struct txn_cache *cache = txn->cache;
    cache->seed =
        (uint64_t) db_value(db_sql(txn->db, "SELECT value FROM world WHERE name='seed'"), 0);
    cache->first_bucket =
        db_value(db_sql(txn->db, "SELECT value FROM world WHERE name='first-bucket'"), 0);
    cache->queue_rows =
        (uint64_t) db_value(db_sql(txn->db, "SELECT sum(rows) FROM queue_total"), 0);
    cache->loaded = true;
}

void txn_begin(struct store_txn *txn)
{
    struct txn_cache *cache = txn->cache;
    cache->buckets_changed = false;
    cache->queue_touched = false;
    cache->queue_earliest = INSTANT_NEVER;
    if (!cache->loaded)
        load_world(txn);
    if (cache->bucket_count > CACHED_BUCKETS)
        forget_buckets(cache);
}

void txn_flush(struct store_txn *txn)
{
    struct bucket_row *next;
    for (struct bucket_row *row = txn->cache->dirty; row; row = next) {
        struct db_stmt *s =
            db_sql(txn->db, "UPDATE bucket SET last_stamp=?1, ordinal=?2, arrivals=?3, objects=?5,"
                            " object_bytes=?6, held=?7 WHERE id=?4");
        db_bind_i64(s, row->last_stamp_us);
        db_bind_i64(s, (int64_t) row->ordinal);
        db_bind_i64(s, (int64_t) row->arrivals);
        db_bind_i64(s, row->info.id);
        db_bind_i64(s, row->objects);
        db_bind_i64(s, row->object_bytes);
        db_bind_text(s, usage_sums_text(txn->cache, row->held));
        db_run(s);
        next = row->next_dirty;
        row->next_dirty = NULL;
        row->dirty = false;
    }
    txn->cache->dirty = NULL;
    queue_total_flush(txn);
}

void txn_rolled_back(struct store_txn *txn)
{
    forget_buckets(txn->cache);
    queue_total_forget(txn->cache);
    txn->cache->loaded = txn->cache->usage_known = false;
}

void txn_buckets_changed(struct store_txn *txn)
{
    txn_flush(txn);
    forget_buckets(txn->cache);
    txn->cache->buckets_changed = true;
}

void txn_reload(struct store_txn *txn)
{
    forget_buckets(txn->cache);
    queue_total_forget(txn->cache);
    txn->cache->usage_known = false;
    load_world(txn);
    txn->cache->buckets_changed = true;
    txn->cache->queue_touched = true;
}

static str load_rules(struct store_txn *txn, int64_t bucket)
{
    struct db_stmt *s = db_sql(txn->db, "SELECT body FROM config WHERE bucket=?1 AND kind=?2");
    db_bind_i64(s, bucket);
    db_bind_text(s, STR(CONFIG_REPLICATION_RULES));
    str rules = db_step(s) ? db_copy(s, 0, txn->cache->arena) : STR_NONE;
    db_end(s);
    return rules;
}

static struct bucket_row *load_bucket(struct store_txn *txn, int64_t id)
{
    struct arena *arena = txn->cache->arena;
    struct db_stmt *s = db_sql(txn->db, "SELECT name,region,account,created,versioning,object_lock,"
                                        "last_stamp,ordinal,arrivals,objects,object_bytes,held"
                                        " FROM bucket WHERE id=?1");
    db_bind_i64(s, id);
    struct bucket_row *row = NULL;
    if (db_step(s)) {
        row = ARENA_NEW(arena, struct bucket_row);
        row->info = (struct bucket_info){
            .id = id,
            .name = db_copy(s, 0, arena),
            .region = db_copy(s, 1, arena),
            .account = db_copy(s, 2, arena),
            .created = { db_i64(s, 3) },
            .versioning = (enum versioning) db_i64(s, 4),
            .object_lock = db_i64(s, 5) != 0,
        };
        row->last_stamp_us = db_i64(s, 6);
        row->ordinal = (uint64_t) db_i64(s, 7);
        row->arrivals = (uint64_t) db_i64(s, 8);
        row->objects = db_i64(s, 9);
        row->object_bytes = db_i64(s, 10);
        row->held = usage_sums_read(arena, db_str(s, 11));
    }
    db_end(s);
    if (row)
        row->rules = load_rules(txn, id);
    return row;
}

struct bucket_row *txn_bucket(struct store_txn *txn, int64_t id)
{
    struct bucket_row **slot = &txn->cache->slots[(uint64_t) id % TXN_BUCKET_SLOTS];
    for (struct bucket_row *row = *slot; row; row = row->next)
        if (row->info.id == id)
            return row;
    struct bucket_row *row = load_bucket(txn, id);
    if (row) {
        row->next = *slot;
        *slot = row;
        txn->cache->bucket_count++;
    }
    return row;
}

struct bucket_row *txn_bucket_named(struct store_txn *txn, str name)
{
    struct txn_cache *cache = txn->cache;
    if (cache->named && str_eq(cache->named->info.name, name))
        return cache->named;
    struct db_stmt *s = db_sql(txn->db, "SELECT id FROM bucket WHERE name=?1");
    db_bind_blob(s, name);
    int64_t id = db_value(s, 0);
    cache->named = id ? txn_bucket(txn, id) : NULL;
    return cache->named;
}

void txn_bucket_dirty(struct store_txn *txn, struct bucket_row *bucket)
{
    if (bucket->dirty)
        return;
    bucket->dirty = true;
    bucket->next_dirty = txn->cache->dirty;
    txn->cache->dirty = bucket;
}

int64_t txn_stamp(struct store_txn *txn, struct bucket_row *bucket)
{
    int64_t now_us = instant_add(txn->now, txn->skew).ns / 1000;
    int64_t next = bucket->last_stamp_us + 1;
    bucket->last_stamp_us = now_us > next ? now_us : next;
    txn_bucket_dirty(txn, bucket);
    return bucket->last_stamp_us;
}

uint64_t txn_ordinal(struct store_txn *txn, struct bucket_row *bucket)
{
    txn_bucket_dirty(txn, bucket);
    return bucket->ordinal++;
}

uint64_t txn_draw_scope(const struct store_txn *txn, int64_t bucket)
{
    return (uint64_t) (bucket - txn->cache->first_bucket);
}
