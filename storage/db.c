/* The one file that knows SQLite. What lives here is the bargain of db.h: statements found by the
 * address of their text, values by position, errors kept until somebody asks. */
#include "storage/db.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/log.h"

/* Twice the number of SQL literals in this folder and then some; a full table is a bug. */
#define STATEMENT_SLOTS 1024
#define ERROR_TEXT_BYTES 256
#define BUSY_WAIT_MS 10000
#define TRUNCATE_WAIT_MS 100

struct db_stmt {
    struct db *db;
    const char *sql; /* the key; NULL: free slot */
    sqlite3_stmt *raw;
    int bound;
};

struct db {
    sqlite3 *raw;
    enum store_result result;
    int wal_pages;
    bool snapshot_due; /* the next statement begins a read transaction */
    char error[ERROR_TEXT_BYTES];
    size_t statements;
    struct db_stmt slots[STATEMENT_SLOTS];
};

static void fail(struct db *db, int code, const char *doing)
{
    if (db->result != STORE_OK)
        return; /* what follows the first failure is only its echo */
    /* The second: what the log's index grows by had no room. */
    bool full =
        (code & 0xff) == SQLITE_FULL || sqlite3_extended_errcode(db->raw) == SQLITE_IOERR_SHMSIZE;
    db->result = full ? STORE_FULL : STORE_BROKEN;
    (void) sqlite3_snprintf(ERROR_TEXT_BYTES, db->error, "%s (%d): %s", sqlite3_errmsg(db->raw),
                            sqlite3_extended_errcode(db->raw), doing);
    log_line(LOG_ERROR, "database: %s", db->error);
}

static int after_commit(void *ctx, UNUSED sqlite3 *raw, UNUSED const char *name, int pages)
{
    struct db *db = ctx;
    db->wal_pages = pages;
    return SQLITE_OK;
}

/* Settings measured, not guessed: DESIGN.md 5. The page size counts only while the file is new.
 * secure_delete is on in Debian's build and costs 7 %. */
static void configure(struct db *db, enum db_mode mode, bool power)
{
    (void) sqlite3_busy_timeout(db->raw, BUSY_WAIT_MS);
    db_exec(db, "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
                "PRAGMA secure_delete=OFF; PRAGMA mmap_size=2147418112; PRAGMA temp_store=MEMORY;");
    db_exec(db, power ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    if (mode == DB_READ)
        db_exec(db, "PRAGMA query_only=ON; PRAGMA cache_size=-8000");
    if (mode == DB_WRITE) {
        db_exec(db, "PRAGMA cache_size=-64000; PRAGMA journal_size_limit=134217728");
        (void) sqlite3_wal_hook(db->raw, after_commit, db);
    }
}

const char *db_library_version(void)
{
    return sqlite3_libversion();
}

struct db *db_open(struct arena *arena, const char *path, enum db_mode mode, bool power, str *error)
{
    struct db *db = mem_alloc(sizeof *db);
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (mode == DB_WRITE ? SQLITE_OPEN_CREATE : 0);
    int code = sqlite3_open_v2(path, &db->raw, flags, NULL);
    if (code == SQLITE_OK)
        configure(db, mode, power);
    if (code == SQLITE_OK && db->result == STORE_OK)
        return db;
    *error = str_format(arena, "cannot open the database %s: %s", path,
                        db->raw ? sqlite3_errmsg(db->raw) : "out of memory");
    db_close(db);
    return NULL;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < STATEMENT_SLOTS; i++)
        (void) sqlite3_finalize(db->slots[i].raw);
    if (sqlite3_close(db->raw) != SQLITE_OK)
        BUG("a database connection was closed in use");
    free(db);
}

static struct db_stmt *slot_of(struct db *db, const char *sql)
{
    size_t at = ((uintptr_t) sql * 0x9E3779B97F4A7C15u) >> 54;
    while (db->slots[at].sql && db->slots[at].sql != sql)
        at = (at + 1) % STATEMENT_SLOTS;
    return &db->slots[at];
}

struct db_stmt *db_sql(struct db *db, const char *sql)
{
    struct db_stmt *stmt = slot_of(db, sql);
    if (!stmt->sql) {
        if (++db->statements > STATEMENT_SLOTS / 2)
            BUG("more SQL texts than the statement cache has room for");
        *stmt = (struct db_stmt){ .db = db, .sql = sql };
    }
    if (!stmt->raw) {
        int code =
            sqlite3_prepare_v3(db->raw, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->raw, NULL);
        if (code != SQLITE_OK)
            fail(db, code, sql);
    }
    stmt->bound = 0;
    return stmt;
}

static void bound(struct db_stmt *stmt, int code)
{
    if (code != SQLITE_OK && stmt->raw)
        fail(stmt->db, code, stmt->sql);
}

void db_bind_i64(struct db_stmt *stmt, int64_t value)
{
    bound(stmt, sqlite3_bind_int64(stmt->raw, ++stmt->bound, value));
}

void db_bind_text(struct db_stmt *stmt, str value)
{
    bound(stmt, sqlite3_bind_text64(stmt->raw, ++stmt->bound, value.ptr ? value.ptr : "",
                                    value.size, SQLITE_STATIC, SQLITE_UTF8));
}

void db_bind_blob(struct db_stmt *stmt, str value)
{
    bound(stmt, sqlite3_bind_blob64(stmt->raw, ++stmt->bound, value.ptr ? value.ptr : "",
                                    value.size, SQLITE_STATIC));
}

void db_bind_null(struct db_stmt *stmt)
{
    bound(stmt, sqlite3_bind_null(stmt->raw, ++stmt->bound));
}

void db_bind_text_opt(struct db_stmt *stmt, str value)
{
    if (value.size)
        db_bind_text(stmt, value);
    else
        db_bind_null(stmt);
}

void db_bind_blob_opt(struct db_stmt *stmt, str value)
{
    if (value.size)
        db_bind_blob(stmt, value);
    else
        db_bind_null(stmt);
}

bool db_step(struct db_stmt *stmt)
{
    if (stmt->db->snapshot_due) {
        stmt->db->snapshot_due = false;
        db_run(db_sql(stmt->db, "BEGIN"));
    }
    if (!stmt->raw)
        return false; /* it could not be prepared; said already */
    int code = sqlite3_step(stmt->raw);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        fail(stmt->db, code, stmt->sql);
    return false;
}

void db_end(struct db_stmt *stmt)
{
    (void) sqlite3_reset(stmt->raw); /* repeats the error of db_step, which said it */
}

void db_run(struct db_stmt *stmt)
{
    while (db_step(stmt))
        ;
    db_end(stmt);
}

int64_t db_value(struct db_stmt *stmt, int64_t fallback)
{
    int64_t value = db_step(stmt) && !db_is_null(stmt, 0) ? db_i64(stmt, 0) : fallback;
    db_end(stmt);
    return value;
}

int64_t db_i64(struct db_stmt *stmt, int column)
{
    return sqlite3_column_int64(stmt->raw, column);
}

str db_str(struct db_stmt *stmt, int column)
{
    const void *bytes = sqlite3_column_blob(stmt->raw, column);
    int size = sqlite3_column_bytes(stmt->raw, column);
    if (!bytes) /* NULL, or a value of no bytes, which SQLite also gives as no pointer */
        return db_is_null(stmt, column) ? STR_NONE : STR("");
    return str_from(bytes, (size_t) size);
}

str db_copy(struct db_stmt *stmt, int column, struct arena *arena)
{
    str value = db_str(stmt, column);
    return value.size ? str_copy(arena, value) : value;
}

bool db_is_null(struct db_stmt *stmt, int column)
{
    return sqlite3_column_type(stmt->raw, column) == SQLITE_NULL;
}

void db_exec(struct db *db, const char *sql)
{
    int code = sqlite3_exec(db->raw, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        fail(db, code, sql);
}

int64_t db_last_id(struct db *db)
{
    return sqlite3_last_insert_rowid(db->raw);
}

int64_t db_changes(struct db *db)
{
    return sqlite3_changes64(db->raw);
}

enum store_result db_result(const struct db *db)
{
    return db->result;
}

void db_clear(struct db *db)
{
    db->result = STORE_OK;
}

str db_error(const struct db *db)
{
    return str_of(db->error);
}

bool db_in_transaction(const struct db *db)
{
    return !sqlite3_get_autocommit(db->raw);
}

void db_snapshot_soon(struct db *db)
{
    db->snapshot_due = true;
}

void db_snapshot_end(struct db *db)
{
    db->snapshot_due = false;
    if (db_in_transaction(db))
        db_run(db_sql(db, "COMMIT"));
}

int db_wal_pages(const struct db *db)
{
    return db->wal_pages;
}

int db_checkpoint(struct db *db, bool truncate)
{
    int pages = 0, moved = 0;
    if (truncate) /* it waits for readers, who may wait for the writer */
        (void) sqlite3_busy_timeout(db->raw, TRUNCATE_WAIT_MS);
    int code = sqlite3_wal_checkpoint_v2(
        db->raw, NULL, truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &pages,
        &moved);
    if (truncate)
        (void) sqlite3_busy_timeout(db->raw, BUSY_WAIT_MS);
    if (code == SQLITE_OK)
        return pages - moved;
    if (code != SQLITE_BUSY) /* busy: the other checkpointing thread is at it */
        fail(db, code, "checkpoint");
    return -1;
}
