/* Copies under S3 RTC that are late: found by an index that holds no other rows, told once. */
#include "base/limits.h"
#include "storage/txn.h"

static void take_late(struct store_txn *txn, struct queue_page *out)
{
    struct db_stmt *s = db_sql(txn->db, "SELECT " QUEUE_COLUMNS "WHERE q.threshold<=?1"
                                        " ORDER BY q.threshold, q.id LIMIT ?2");
    out->at = ARENA_ARRAY(txn->arena, struct queue_row, LIMIT_WRITE_BATCH_ROWS);
    db_bind_i64(s, txn->now.ns);
    db_bind_i64(s, LIMIT_WRITE_BATCH_ROWS);
    while (db_step(s))
        queue_row_read(s, txn->arena, &out->at[out->count++]);
    db_end(s);
}

static enum store_result run_late(struct store_txn *txn, struct store_write *write)
{
    struct store_late *late = (struct store_late *) write;
    late->out = (struct queue_page){ 0 };
    take_late(txn, &late->out);
    for (size_t i = 0; i < late->out.count; i++) {
        struct db_stmt *s = db_sql(txn->db, "UPDATE queue SET threshold=NULL WHERE id=?1");
        db_bind_i64(s, late->out.at[i].id);
        db_run(s);
    }
    return STORE_OK;
}

void store_late_init(struct store_late *late, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "late", .run = run_late };
    *late = (struct store_late){ .head = { .arena = arena, .kind = &kind } };
}

enum store_result store_queue_next_late(struct store_reader *reader, instant *out)
{
    struct db_stmt *s = db_sql(reader->db, "SELECT threshold FROM queue WHERE threshold IS NOT NULL"
                                           " ORDER BY threshold LIMIT 1");
    *out = (instant){ db_value(s, INSTANT_NEVER.ns) };
    return db_result(reader->db);
}
