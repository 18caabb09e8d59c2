/* writer: the one thread that changes the database, and the one that checkpoints it.
 *
 * Group commit: it takes everything queued, runs each write in one transaction, commits, and then
 * calls each `done`. A batch ends at LIMIT_WRITE_BATCH_ROWS or LIMIT_WRITE_BATCH_MS; clients go
 * first, but each batch keeps room for background writes. For the storage folder only.
 */
#ifndef ATOLL_STORAGE_WRITER_H
#define ATOLL_STORAGE_WRITER_H

#include "storage/txn.h"

/* Takes over `db`. NULL with *error. */
MUST_CHECK struct writer *writer_start(struct store *store, struct db *db, struct arena *arena,
                                       str *error);
void writer_submit(struct writer *writer, struct store_write *write);
/* Ends after what is queued is committed. NULL is fine. */
void writer_stop(struct writer *writer);

#endif
