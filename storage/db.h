/* db: the storage folder's whole knowledge of SQLite: connections, cached statements, values.
 *
 * Usage: every SQL text is a literal; db_sql finds its prepared statement (made on first use) by
 * the literal's address. Binding and reading go by position, in order:
 *
 *     struct db_stmt *s = db_sql(db, "SELECT body FROM doc WHERE kind=?1 AND id=?2");
 *     db_bind_text(s, kind);
 *     db_bind_text(s, id);
 *     if (db_step(s))
 *         body = db_copy(s, 0, arena);
 *     db_end(s);
 *
 * A statement must be ended before it is used again. Bound bytes must live until db_end (or
 * db_run); bytes of a column live until the next db_step or db_end.
 * Errors: sticky per connection and logged once where they happen; db_step then says "no row".
 * Code that changes rows looks at db_result once, at its end; the writer does so for every write.
 * Threads: a connection belongs to one thread at a time.
 */
#ifndef ATOLL_STORAGE_DB_H
#define ATOLL_STORAGE_DB_H

#include "storage/store.h"

struct db;
struct db_stmt;

enum db_mode { DB_READ, DB_WRITE, DB_CHECKPOINT };

/* Of SQLite, as linked. Static. */
const char *db_library_version(void);
/* NULL on failure with *error filled. `power`: synchronous=FULL. */
MUST_CHECK struct db *db_open(struct arena *arena, const char *path, enum db_mode mode, bool power,
                              str *error);
void db_close(struct db *db); /* NULL is fine */

/* Never NULL. `sql` must be a literal: its address is the key. */
struct db_stmt *db_sql(struct db *db, const char *sql);
void db_bind_i64(struct db_stmt *stmt, int64_t value);
void db_bind_text(struct db_stmt *stmt, str value); /* never NULL in the database */
void db_bind_blob(struct db_stmt *stmt, str value); /* the same; keys are blobs: byte order */
/* NULL when empty: for the many columns that mostly are. */
void db_bind_text_opt(struct db_stmt *stmt, str value);
void db_bind_blob_opt(struct db_stmt *stmt, str value);
void db_bind_null(struct db_stmt *stmt);

bool db_step(struct db_stmt *stmt); /* true: a row is there */
void db_end(struct db_stmt *stmt);
void db_run(struct db_stmt *stmt); /* step to the end, then db_end: for changes */
/* For single-value queries: column 0 of the first row, or the fallback; ends the statement. */
int64_t db_value(struct db_stmt *stmt, int64_t fallback);

int64_t db_i64(struct db_stmt *stmt, int column); /* NULL reads as 0 */
str db_str(struct db_stmt *stmt, int column);     /* text or blob; NULL reads as empty and unset */
str db_copy(struct db_stmt *stmt, int column, struct arena *arena);
bool db_is_null(struct db_stmt *stmt, int column);

/* Several statements, no parameters, no rows: schema, BEGIN, PRAGMA. `sql` need not be a literal.
 */
void db_exec(struct db *db, const char *sql);
/* False also after an error that made SQLite roll back by itself. */
bool db_in_transaction(const struct db *db);
/* The next statement begins a read transaction; nothing is asked of SQLite before. */
void db_snapshot_soon(struct db *db);
/* Ends the read transaction, begun or due. */
void db_snapshot_end(struct db *db);
int64_t db_last_id(struct db *db);
int64_t db_changes(struct db *db); /* rows changed by the last db_run */

/* STORE_OK, or what went wrong since db_clear: STORE_FULL, STORE_BROKEN. */
enum store_result db_result(const struct db *db);
void db_clear(struct db *db);
str db_error(
    const struct db *db); /* the text of what went wrong; lives as long as the connection */

/* Pages now in the WAL as of this connection's last commit or checkpoint; power of the writer to
 * hold it down. */
int db_wal_pages(const struct db *db);
/* Moves what it can from the WAL to the database without waiting; pages left, or -1. `truncate`
 * gives the WAL's room back too, and waits a moment for readers. */
int db_checkpoint(struct db *db, bool truncate);

#endif
