/* txn: what a write's run function sees inside the writer's transaction, and the helpers shared by
 * the writes: bucket rows, conditions, versions. For the storage folder only.
 *
 * A run function first judges everything that can refuse it, then changes rows: a kind without
 * `savepoint` that returns other than STORE_OK must have changed nothing. Database errors need no
 * look: they are sticky (db.h), and the writer fails the batch.
 * Threads: the writer thread alone.
 */
#ifndef ATOLL_STORAGE_TXN_H
#define ATOLL_STORAGE_TXN_H

#include "base/rng.h"
#include "storage/body_row.h"
#include "storage/db.h"
#include "storage/state.h"

struct store_txn {
    struct store *store;
    struct db *db;
    struct arena *arena; /* the running write's */
    instant now;         /* emulated: head.at, or the clock's */
    struct txn_cache *cache;
};

struct store_write_kind {
    const char *name;
    enum store_result (*run)(struct store_txn *txn, struct store_write *write);
    /* After COMMIT, before done: to drop drafts that were taken. May be NULL. */
    void (*committed)(struct store_write *write);
    bool savepoint; /* may fail after its first change; the writer then undoes all of it */
};

/* -- buckets (txn.c) ------------------------------------------------------------------------ */

/* The writer's copy of a bucket's row. Valid to the end of the write. */
struct bucket_row {
    struct bucket_info info;
    int64_t last_stamp_us;
    uint64_t ordinal;  /* versions born here, ever: keys the draws */
    uint64_t arrivals; /* versions that arrived here, replicas too: the rank of ORDER_ARRIVAL */
    str rules;         /* CONFIG_REPLICATION_RULES; unset when there are none */
    bool dirty;        /* numbers above changed; the writer flushes them once per batch */
    struct bucket_row *next, *next_dirty;
};
struct bucket_row *txn_bucket(struct store_txn *txn, int64_t id);     /* NULL: no such bucket */
struct bucket_row *txn_bucket_named(struct store_txn *txn, str name); /* the same */
/* Forget all copies, after a change of a bucket's row or its rules; dirty numbers are flushed. */
void txn_buckets_changed(struct store_txn *txn);
/* The next stamp of this bucket: max(now in us, highest + 1). */
int64_t txn_stamp(struct store_txn *txn, struct bucket_row *bucket);
/* The next ordinal of this bucket. */
uint64_t txn_ordinal(struct bucket_row *bucket);

/* -- versions (version_row.c) ---------------------------------------------------------------- */

/* The columns of version_row_read, in its order; "FROM version ..." follows. */
#define VERSION_COLUMNS                                                                            \
    "bucket,key,id,stamp,origin,modified,size,etag,marker,current,parts,body,repl,lifecycle,"      \
    "class,sum_kind,sum_composite,sum,lock_mode,lock_until,hold,rank,fields,tags,acl "
/* Reads a row selected by VERSION_COLUMNS; strings are copied. `whole` also reads fields, tags and
 * acl. */
void version_row_read(struct db_stmt *row, struct arena *arena, bool whole,
                      struct version_info *out);

/* The current version (a marker too), or by id. False: none. */
bool version_row_current(struct db *db, struct arena *arena, int64_t bucket, str key,
                         struct version_info *out);
bool version_row_by_id(struct db *db, struct arena *arena, int64_t bucket, str key, str id,
                       struct version_info *out);

/* STORE_OK, STORE_PRECONDITION or STORE_NO_KEY (aws-behaviour E.7: current version only). */
enum store_result version_row_condition(struct store_txn *txn, int64_t bucket, str key,
                                        const struct write_condition *condition);

/* A new version by a client's hand: put, copy, complete, marker. */
struct version_write {
    struct bucket_row *bucket;
    struct version_info
        *version;          /* caller: key, size, etag, marker, lifecycle, parts, body, meta */
    enum change_kind kind; /* CHANGED_PUT or CHANGED_MARKER */
    /* filled by version_row_plan */
    struct store_plan plan;
    struct store_change change;
};
/* Judges and draws, changes no row: fills bucket, id, stamp_us, origin, modified, current,
 * repl_status of the version. STORE_BUSY when the replication queue is full. STORE_LOCKED when the
 * null version that it would replace is locked. */
MUST_CHECK enum store_result version_row_plan(struct store_txn *txn, struct version_write *write);
/* Inserts it as the current version, replaces the null version where the bucket's state says so
 * (its body loses a reference), and inserts the planned queue rows. version->body must be set and
 * owned (one reference) by now. */
void version_row_insert(struct store_txn *txn, struct version_write *write);

/* Inserts a version that came from another bucket, id, stamp and all, at its place in the order;
 * its body must have been referenced. version->current is filled. */
void version_row_insert_replica(struct store_txn *txn, struct bucket_row *bucket,
                                struct version_info *version);
/* Deletes exactly this row, drops its body's reference and makes the next one current. */
void version_row_delete(struct store_txn *txn, const struct version_info *version);
void version_row_set_status(struct store_txn *txn, const struct version_info *version,
                            enum repl_status status);
/* False: object lock forbids removing it now. */
bool version_row_may_delete(const struct store_txn *txn, const struct version_info *version,
                            bool bypass_governance);

/* 32 URL-safe characters, keyed by (bucket incarnation, name, ordinal). */
str txn_draw_id(struct store_txn *txn, enum rng_purpose purpose, int64_t bucket, str name,
                uint64_t ordinal);

#endif
