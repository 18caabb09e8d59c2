/* Everything goes but the numbers that must never come back: a wiped world draws as a new one. */
#include "storage/hot.h"
#include "storage/txn.h"

static bool kept(const struct store_wipe *wipe, str kind)
{
    for (size_t i = 0; i < wipe->keep_count; i++)
        if (str_eq(wipe->keep_kinds[i], kind))
            return true;
    return false;
}

static void delete_docs(struct store_txn *txn, const struct store_wipe *wipe)
{
    str kind = STR_NONE;
    for (;;) {
        struct db_stmt *s = db_sql(txn->db, "SELECT min(kind) FROM doc WHERE kind>?1");
        db_bind_text(s, kind);
        kind = db_step(s) ? db_copy(s, 0, txn->arena) : STR_NONE;
        db_end(s);
        if (!kind.size)
            return;
        if (kept(wipe, kind))
            continue;
        s = db_sql(txn->db, "DELETE FROM doc WHERE kind=?1");
        db_bind_text(s, kind);
        db_run(s);
    }
}

static void set_world(struct store_txn *txn, str name, int64_t value)
{
    struct db_stmt *s = db_sql(txn->db, "UPDATE world SET value=?2 WHERE name=?1");
    db_bind_text(s, name);
    db_bind_i64(s, value);
    db_run(s);
}

static enum store_result run_wipe(struct store_txn *txn, struct store_write *write)
{
    const struct store_wipe *wipe = (struct store_wipe *) write;
    static const char *const deletes[] = {
        "DELETE FROM version",   "DELETE FROM upload",       "DELETE FROM part",
        "DELETE FROM completed", "DELETE FROM config",       "DELETE FROM queue",
        "DELETE FROM bucket",    "DELETE FROM hard_deleted", "DELETE FROM usage",
    };
    txn_buckets_changed(txn);
    txn->cache->usage_known = false;
    hot_touch_all(txn->store, &txn->cache->touched);
    for (size_t i = 0; i < COUNT(deletes); i++)
        db_exec(txn->db, deletes[i]);
    body_row_wipe(txn);
    delete_docs(txn, wipe);
    txn->cache->seed = wipe->seed;
    txn->cache->first_bucket =
        db_value(db_sql(txn->db, "SELECT seq FROM sqlite_sequence WHERE name='bucket'"), 0);
    queue_total_wipe(txn);
    set_world(txn, STR("seed"), (int64_t) wipe->seed);
    set_world(txn, STR("first-bucket"), txn->cache->first_bucket);
    return STORE_OK;
}

void store_wipe_init(struct store_wipe *wipe, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "wipe", .run = run_wipe, .frees = true };
    *wipe = (struct store_wipe){ .head = { .arena = arena, .kind = &kind } };
}
