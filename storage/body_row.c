/* Bodies as rows. The writer counts in memory how many named bytes each file gains and loses in a
 * batch and writes one row per file at its end: a thousand small puts change one file row. What a
 * flush found (does a row still name the file?) is told to the file table only after COMMIT. A
 * rolled-back batch may have told a flush something that is not so; its files are looked up again
 * before the next COMMIT. */
#include "storage/body_row.h"

#include <stdlib.h>

#include "base/arena.h"
#include "storage/body_batch.h"
#include "storage/lane.h"
#include "storage/txn.h"

static struct body_batch *batch_of(const struct store_txn *txn)
{
    return txn->store->bodies->batch;
}

static void count_bytes(struct store_txn *txn, int64_t file, int64_t bytes)
{
    body_batch_count(batch_of(txn), file, bytes);
}

static int64_t insert_row(struct store_txn *txn, uint64_t size_bytes,
                          const struct body_extent *single)
{
    int64_t id = batch_of(txn)->next_body++;
    struct db_stmt *s =
        db_sql(txn->db, "INSERT INTO body(id,refs,size,file,at) VALUES(?1,1,?2,?3,?4)");
    db_bind_i64(s, id);
    db_bind_i64(s, (int64_t) size_bytes);
    if (single != NULL) {
        db_bind_i64(s, single->file);
        db_bind_i64(s, (int64_t) single->offset_bytes);
    } else {
        db_bind_null(s);
        db_bind_null(s);
    }
    db_run(s);
    return id;
}

static void insert_extent(struct store_txn *txn, int64_t body, uint64_t start_bytes,
                          const struct body_extent *extent)
{
    struct db_stmt *s =
        db_sql(txn->db, "INSERT INTO extent(body,start,file,at,size) VALUES(?1,?2,?3,?4,?5)");
    db_bind_i64(s, body);
    db_bind_i64(s, (int64_t) start_bytes);
    db_bind_i64(s, extent->file);
    db_bind_i64(s, (int64_t) extent->offset_bytes);
    db_bind_i64(s, (int64_t) extent->length_bytes);
    db_run(s);
}

int64_t body_row_insert(struct store_txn *txn, const struct body_draft *draft)
{
    if (draft->size_bytes == 0)
        return 0;
    const struct body_extent extent = { draft->file, draft->offset_bytes, draft->size_bytes };
    body_batch_draft(batch_of(txn), draft->file);
    return body_row_insert_extents(txn, &extent, 1, draft->size_bytes);
}

int64_t body_row_insert_extents(struct store_txn *txn, const struct body_extent *extents,
                                size_t count, uint64_t size_bytes)
{
    if (size_bytes == 0)
        return 0;
    int64_t body = insert_row(txn, size_bytes, count == 1 ? extents : NULL);
    uint64_t start = 0;
    for (size_t i = 0; i < count; i++) {
        if (count > 1)
            insert_extent(txn, body, start, &extents[i]);
        count_bytes(txn, extents[i].file, (int64_t) extents[i].length_bytes);
        start += extents[i].length_bytes;
    }
    return body;
}

static void delete_row(struct store_txn *txn, int64_t body)
{
    struct db_stmt *s = db_sql(txn->db, "DELETE FROM body WHERE id=?1");
    db_bind_i64(s, body);
    db_run(s);
}

static void delete_extents(struct store_txn *txn, int64_t body)
{
    struct db_stmt *s = db_sql(txn->db, "DELETE FROM extent WHERE body=?1");
    db_bind_i64(s, body);
    db_run(s);
}

struct body_columns {
    bool found, single;
    uint64_t size_bytes;
    int64_t refs;
    struct body_extent extent; /* when single */
};

static struct body_columns read_columns(struct db_stmt *s)
{
    struct body_columns row = { .found = db_step(s) };
    if (row.found) {
        row.refs = db_i64(s, 0);
        row.size_bytes = (uint64_t) db_i64(s, 1);
        row.single = !db_is_null(s, 2);
        row.extent = (struct body_extent){ db_i64(s, 2), (uint64_t) db_i64(s, 3), row.size_bytes };
    }
    db_end(s);
    return row;
}

static struct body_columns read_row(struct db *db, int64_t body)
{
    struct db_stmt *s = db_sql(db, "SELECT refs,size,file,at FROM body WHERE id=?1");
    db_bind_i64(s, body);
    return read_columns(s);
}

/* Where each part of an upload starts in the whole. */
#define PART_STARTS                                                                                \
    "(SELECT body, coalesce(sum(size) OVER (ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING "     \
    "AND 1 PRECEDING),0) AS start FROM part WHERE upload=?2) p "

static void run_for_upload(struct db_stmt *s, int64_t body, str upload)
{
    db_bind_i64(s, body);
    db_bind_text(s, upload);
    db_run(s);
}

int64_t body_row_join(struct store_txn *txn, str upload, uint64_t size_bytes, bool many)
{
    struct db *db = txn->db;
    int64_t whole = insert_row(txn, size_bytes, NULL);

    run_for_upload(db_sql(db, "INSERT INTO extent(body,start,file,at,size) "
                              "SELECT ?1,p.start,b.file,b.at,b.size FROM " PART_STARTS
                              "JOIN body b ON b.id=p.body WHERE b.file IS NOT NULL"),
                   whole, upload);
    if (many) {
        run_for_upload(db_sql(db, "INSERT INTO extent(body,start,file,at,size) "
                                  "SELECT ?1,p.start+e.start,e.file,e.at,e.size FROM " PART_STARTS
                                  "JOIN extent e ON e.body=p.body"),
                       whole, upload);
        run_for_upload(db_sql(db, "DELETE FROM extent WHERE body<>?1 AND body IN "
                                  "(SELECT body FROM part WHERE upload=?2)"),
                       whole, upload);
    }
    run_for_upload(db_sql(db, "DELETE FROM body WHERE id<>?1 AND id IN "
                              "(SELECT body FROM part WHERE upload=?2)"),
                   whole, upload);
    return whole;
}

void body_row_ref(struct store_txn *txn, int64_t body)
{
    if (body == 0)
        return;
    struct db_stmt *s = db_sql(txn->db, "UPDATE body SET refs=refs+1 WHERE id=?1");
    db_bind_i64(s, body);
    db_run(s);
}

static void free_extents(struct store_txn *txn, int64_t body)
{
    struct db_stmt *s = db_sql(txn->db, "SELECT file,size FROM extent WHERE body=?1");
    db_bind_i64(s, body);
    while (db_step(s))
        count_bytes(txn, db_i64(s, 0), -db_i64(s, 1));
    db_end(s);
    delete_extents(txn, body);
}

void body_row_unref(struct store_txn *txn, int64_t body)
{
    if (body == 0)
        return;
    struct db_stmt *s =
        db_sql(txn->db, "UPDATE body SET refs=refs-1 WHERE id=?1 RETURNING refs,size,file,at");
    db_bind_i64(s, body);
    struct body_columns row = read_columns(s);
    if (!row.found || row.refs > 0)
        return;
    if (row.single)
        count_bytes(txn, row.extent.file, -(int64_t) row.size_bytes);
    else
        free_extents(txn, body);
    delete_row(txn, body);
    s = db_sql(txn->db, "DELETE FROM body_part WHERE body=?1");
    db_bind_i64(s, body);
    db_run(s);
}

/* The part of `extent`, which starts at `start` in its body, that lies in [from, to). */
static struct body_extent clip(struct body_extent extent, uint64_t start, uint64_t from,
                               uint64_t to)
{
    uint64_t end = start + extent.length_bytes;
    uint64_t first = start > from ? start : from;
    uint64_t last = end < to ? end : to;
    return (struct body_extent){ extent.file, extent.offset_bytes + (first - start),
                                 last > first ? last - first : 0 };
}

static void read_extents(struct db *db, struct arena *arena, int64_t body, uint64_t from,
                         uint64_t to, struct body_extent **out, size_t *count)
{
    size_t capacity = 0;
    struct db_stmt *s =
        db_sql(db, "SELECT start,file,at,size FROM extent WHERE body=?1 AND start>=coalesce("
                   "(SELECT max(start) FROM extent WHERE body=?1 AND start<=?2),0) AND start<?3 "
                   "ORDER BY start");
    db_bind_i64(s, body);
    db_bind_i64(s, (int64_t) from);
    db_bind_i64(s, (int64_t) to);
    while (db_step(s)) {
        if (*count == capacity) {
            struct body_extent *old = *out;
            capacity = capacity > 0 ? capacity * 2 : 16;
            *out = ARENA_ARRAY(arena, struct body_extent, capacity);
            if (*count > 0)
                memcpy(*out, old, *count * sizeof(**out));
        }
        struct body_extent extent = { db_i64(s, 1), (uint64_t) db_i64(s, 2),
                                      (uint64_t) db_i64(s, 3) };
        (*out)[(*count)++] = clip(extent, (uint64_t) db_i64(s, 0), from, to);
    }
    db_end(s);
}

bool body_row_extents(struct db *db, struct arena *arena, int64_t body, uint64_t offset_bytes,
                      uint64_t length_bytes, struct body_extent **out, size_t *count)
{
    *out = NULL;
    *count = 0;
    if (body == 0)
        return true;
    struct body_columns row = read_row(db, body);
    if (!row.found)
        return false;
    if (offset_bytes >= row.size_bytes || length_bytes == 0)
        return true;
    uint64_t left = row.size_bytes - offset_bytes;
    uint64_t to = offset_bytes + (length_bytes < left ? length_bytes : left);
    if (row.single) {
        *out = ARENA_NEW(arena, struct body_extent);
        **out = clip(row.extent, 0, offset_bytes, to);
        *count = 1;
    } else {
        read_extents(db, arena, body, offset_bytes, to, out, count);
    }
    return true;
}

int64_t body_row_extent_count(struct db *db, int64_t body)
{
    struct body_columns row = read_row(db, body);
    if (!row.found || row.single)
        return row.found ? 1 : 0;
    struct db_stmt *s = db_sql(db, "SELECT count(*) FROM extent WHERE body=?1");
    db_bind_i64(s, body);
    return db_value(s, 0);
}

static void flush_file(struct store_txn *txn, struct body_batch_file *file)
{
    struct db_stmt *s =
        db_sql(txn->db, "INSERT INTO file(id,live_bytes) VALUES(?1,?2) ON CONFLICT(id) DO UPDATE "
                        "SET live_bytes=live_bytes+excluded.live_bytes RETURNING live_bytes");
    db_bind_i64(s, file->id);
    db_bind_i64(s, file->bytes);
    int64_t live = db_value(s, 1);
    if (live == 0) {
        s = db_sql(txn->db, "DELETE FROM file WHERE id=?1");
        db_bind_i64(s, file->id);
        db_run(s);
    }
    file->bytes = 0;
    file->known = true;
    file->named = live != 0;
}

void body_row_flush(struct store_txn *txn)
{
    struct body_batch *batch = batch_of(txn);

    for (size_t i = 0; batch->look && i < batch->count; i++) {
        struct body_batch_file *file = &batch->at[i];
        struct db_stmt *s = db_sql(txn->db, "SELECT 1 FROM file WHERE id=?1");
        db_bind_i64(s, file->id);
        file->named = db_value(s, 0) != 0;
        file->known = true;
    }
    batch->look = false;
    for (size_t i = 0; i < batch->changed_count; i++) {
        struct body_batch_file *file = &batch->at[batch->changed[i]];
        file->changed = false;
        flush_file(txn, file);
    }
    batch->changed_count = 0;
}

void body_row_committed(struct store *store)
{
    struct body_state *bodies = store->bodies;
    struct body_batch *batch = bodies->batch;
    bool freed = false;

    for (size_t i = 0; i < batch->count; i++)
        freed = freed || (batch->at[i].known && !batch->at[i].named);
    /* Before the first file goes: a reader that finds one gone must also find this risen. */
    if (freed)
        atomic_store(&bodies->freed_at, atomic_load(&store->commits) + 1);
    for (size_t i = 0; i < batch->count; i++)
        if (batch->at[i].known)
            files_committed(&bodies->files, batch->at[i].id, batch->at[i].named);
    body_batch_clear(batch);
    if (freed)
        files_reap(&bodies->files);
}

void body_row_rolled_back(struct store *store)
{
    body_batch_undo(store->bodies->batch);
}

void body_row_wipe(struct store_txn *txn)
{
    struct body_batch *batch = batch_of(txn);
    struct db_stmt *s = db_sql(txn->db, "SELECT id FROM file");
    while (db_step(s))
        count_bytes(txn, db_i64(s, 0), 0);
    db_end(s);
    body_row_flush(txn);
    for (size_t i = 0; i < batch->count; i++)
        batch->at[i].named = false;
    db_exec(txn->db, "DELETE FROM body; DELETE FROM extent; DELETE FROM body_part;"
                     "DELETE FROM file");
}

void body_row_renumber(struct store_txn *txn)
{
    int64_t next = db_value(db_sql(txn->db, "SELECT max(id) FROM body"), 0) + 1;
    if (next > batch_of(txn)->next_body)
        batch_of(txn)->next_body = next;
}

enum store_result body_lane_sync(struct store *store)
{
    const struct body_batch *batch = store->bodies->batch;
    for (size_t i = 0; i < batch->draft_count; i++) {
        int synced = files_sync(&store->bodies->files, batch->drafts[i]);
        if (synced < 0)
            return body_error(synced);
    }
    return STORE_OK;
}
