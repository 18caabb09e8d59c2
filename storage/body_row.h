/* body_row: rows of bodies, their extents and their files, and what becomes of the files.
 * For the storage folder only.
 *
 * A body with one extent keeps it inline in its row; more go to the table `extent`. The empty body
 * is 0 and has no row. A file's live_bytes counts the bytes of extents whose body has a row; the
 * writer keeps those counts in memory and flushes them once per batch (body_row_flush). A file
 * whose count is 0, which is sealed and which no draft pins is deleted: its row in the transaction,
 * the file itself after COMMIT.
 * Files: DIR/bodies/ID, ID as 16 hex digits; ids are never reused while a row or file has them.
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

/* Called by the writer: before COMMIT; after it (unlink what became free); after a ROLLBACK or
 * ROLLBACK TO (forget every count of this batch that was not flushed, reload on demand). So that a
 * ROLLBACK TO forgets only its own, the writer calls body_row_flush before each SAVEPOINT. */
void body_row_flush(struct store_txn *txn);
void body_row_committed(struct store *store);
void body_row_rolled_back(struct store *store);
/* Every body, extent and file goes (store_wipe): rows now, files after COMMIT. */
void body_row_wipe(struct store_txn *txn);

/* Durability power: syncs the files that this batch's drafts lie in, and their directory. The
 * writer calls it before COMMIT. */
enum store_result body_lane_sync(struct store *store);

/* Called by store_open after the schema is there and before the writer starts: makes DIR/bodies,
 * unlinks files without a row, seals what was open, starts the body pool. NULL with *error. */
MUST_CHECK struct body_state *body_state_open(struct store *store, struct db *db,
                                              struct arena *arena, str *error);
void body_state_close(struct body_state *state); /* joins the pool; NULL is fine */

#endif
