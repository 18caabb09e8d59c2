/* body_row: rows of bodies, their extents and their files, and what becomes of the files.
 * For the storage folder only.
 *
 * A body with one extent keeps it inline in its row; more go to the table `extent`. The empty body
 * is 0 and has no row. A file has a row exactly while an extent of a body that has a row names it;
 * the row counts those bytes, and the writer flushes the changes once per batch (body_row_flush).
 * When a row is gone after COMMIT, and nobody appends to the file, pins or reads it, it is unlinked
 * (files.h, which also names the files).
 * Threads: the functions with a txn run on the writer thread; the rest say.
 */
#ifndef ATOLL_STORAGE_BODY_ROW_H
#define ATOLL_STORAGE_BODY_ROW_H

#include "storage/body.h"

struct db;
struct store_txn;
struct body_state;

struct body_extent {
    int64_t file;
    uint64_t offset_bytes; /* in the file */
    uint64_t length_bytes;
};

/* One reference, the caller's. 0 for an empty draft. The draft keeps its pin until it is dropped.
 */
int64_t body_row_insert(struct store_txn *txn, const struct body_draft *draft);
/* All parts that an upload has become one body of `size_bytes`, in the order of their numbers. It
 * takes over the parts' references, without moving a byte or a count; the part rows stay. Always
 * has a row, even when empty, so that body_part rows can hang on it. `many`:
 * a part has several extents, as copied ones may. */
int64_t body_row_join(struct store_txn *txn, str upload, uint64_t size_bytes, bool many);
/* Extents may lie in files of other bodies; each counts on its own. count may be 0 or 1. */
int64_t body_row_insert_extents(struct store_txn *txn, const struct body_extent *extents,
                                size_t count, uint64_t size_bytes);
void body_row_ref(struct store_txn *txn, int64_t body);   /* 0 is fine */
void body_row_unref(struct store_txn *txn, int64_t body); /* 0 is fine; the last one deletes it,
                                                           * its extents and its body_part rows */
/* The extents of bytes [offset, offset + length) in order; false when the body has no row.
 * Any thread with its own db. */
MUST_CHECK bool body_row_extents(struct db *db, struct arena *arena, int64_t body,
                                 uint64_t offset_bytes, uint64_t length_bytes,
                                 struct body_extent **out, size_t *count);

/* How many extents a body may have: what one reader resolves at once. */
#define BODY_EXTENTS_MAX 100000
/* How many it has; 0 without a row. */
int64_t body_row_extent_count(struct db *db, int64_t body);

/* Called by the writer: before COMMIT; after it (unlink what became free); after a ROLLBACK or
 * ROLLBACK TO (forget every count of this batch that was not flushed, reload on demand). So that a
 * ROLLBACK TO forgets only its own, the writer calls body_row_flush before each SAVEPOINT. */
void body_row_flush(struct store_txn *txn);
void body_row_committed(struct store *store);
void body_row_rolled_back(struct store *store);
/* Every body, extent and file goes (store_wipe): rows now, files after COMMIT. */
void body_row_wipe(struct store_txn *txn);

/* Rows came from elsewhere: new ones get higher ids. */
void body_row_renumber(struct store_txn *txn);

/* Durability power: syncs the files that this batch's drafts lie in, and their directory. The
 * writer calls it before COMMIT. */
enum store_result body_lane_sync(struct store *store);

/* Called by store_open after the schema is there and before the writer starts: makes the
 * directories, unlinks files without a row, starts the body pool. NULL with *error. */
MUST_CHECK struct body_state *body_state_open(struct store *store, struct db *db,
                                              struct arena *arena, str *error);
void body_state_close(struct body_state *state); /* joins the pool; NULL is fine */

#endif
