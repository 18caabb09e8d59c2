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

#include "base/buf.h"
#include "base/rng.h"
#include "storage/body_row.h"
#include "storage/db.h"
#include "storage/state.h"

struct store_txn {
    struct store *store;
    struct db *db;
    struct arena *arena; /* the running write's */
    instant now;         /* emulated: head.at, or the clock's */
    duration skew;       /* head.skew */
    struct txn_cache *cache;
    bool tight; /* only what frees room may run: reserve.h */
};

struct store_write_kind {
    const char *name;
    enum store_result (*run)(struct store_txn *txn, struct store_write *write);
    /* After COMMIT, before done: to drop drafts that were taken. May be NULL. */
    void (*committed)(struct store_write *write);
    bool frees;     /* gives room back: is run on a full disk too */
    bool savepoint; /* may fail after its first change; the writer then undoes all of it */
};

/* -- buckets (txn.c) ------------------------------------------------------------------------ */

/* The writer's copy of a bucket's row. Valid to the end of the write. */
struct bucket_row {
    struct bucket_info info;
    int64_t last_stamp_us;
    uint64_t ordinal;  /* versions born here, ever: keys the draws */
    uint64_t arrivals; /* versions that arrived here, replicas too: the rank of ORDER_ARRIVAL */
    int64_t objects, object_bytes; /* current ones that are no markers */
    struct usage_sum *held;        /* usage.c */
    str rules;                     /* CONFIG_REPLICATION_RULES; unset when there are none */
    bool dirty; /* numbers above changed; the writer flushes them once per batch */
    struct bucket_row *next, *next_dirty;
};

struct queue_total {            /* what this batch changes between two Regions; queue_total.c */
    str from_region, to_region; /* in total_names */
    int64_t rows[QUEUE_STATES], bytes[QUEUE_STATES];
};

/* What the writer keeps from one write to the next. Dropped whole when a COMMIT fails. */
#define TXN_BUCKET_SLOTS 256
#define TXN_QUEUE_TOTALS 32
struct txn_cache {
    struct arena *arena; /* of the bucket rows */
    struct bucket_row *slots[TXN_BUCKET_SLOTS];
    size_t bucket_count;
    struct bucket_row *dirty;
    struct bucket_row *named;   /* the last one found by its name: that of the next copy too */
    bool buckets_changed;       /* in this batch: readers must drop their copies */
    bool attached;              /* a snapshot's database, as "snapshot": until the batch's end */
    struct hot_touched touched; /* in this batch: hot.h */
    bool loaded;                /* the four below are read from the database */
    uint64_t seed;
    int64_t first_bucket; /* bucket ids up to it are of the time before the last wipe */
    uint64_t queue_rows;  /* all states */
    struct queue_total totals[TXN_QUEUE_TOTALS];
    size_t total_count;
    struct arena *total_names;
    struct buf usage_text; /* of the row that is being written */
    bool usage_known;
    int64_t usage_day;      /* the last one that usage.c looked at */
    bool queue_touched;     /* in this batch */
    instant queue_earliest; /* ready_at of what this batch queued */
};
void txn_cache_open(struct txn_cache *cache);
void txn_cache_close(struct txn_cache *cache);
void txn_begin(struct store_txn *txn); /* after BEGIN */
void txn_flush(struct store_txn *txn); /* writes the dirty numbers: before COMMIT, SAVEPOINT */
void txn_rolled_back(struct store_txn *txn); /* after ROLLBACK: forgets everything */
struct bucket_row *txn_bucket(struct store_txn *txn, int64_t id);     /* NULL: no such bucket */
struct bucket_row *txn_bucket_named(struct store_txn *txn, str name); /* the same */
/* Forget all copies, after a change of a bucket's row or its rules; dirty numbers are flushed. */
void txn_buckets_changed(struct store_txn *txn);
void txn_reload(struct store_txn *txn); /* every row may be another one: forgets, looks again */
/* The next stamp of this bucket: max(now in us, highest + 1). */
int64_t txn_stamp(struct store_txn *txn, struct bucket_row *bucket);
/* The next ordinal of this bucket. */
uint64_t txn_ordinal(struct store_txn *txn, struct bucket_row *bucket);
void txn_bucket_dirty(struct store_txn *txn, struct bucket_row *bucket); /* a number changed */

/* -- versions (version_row.c) ---------------------------------------------------------------- */

/* The columns of version_row_read, in its order; "FROM version ..." follows. */
#define VERSION_COLUMNS                                                                            \
    "bucket,key,id,stamp,origin,modified,size,etag,marker,current,parts,body,repl,lifecycle,"      \
    "class,sum_kind,sum_composite,sum,lock_mode,lock_until,hold,rank,fields,tags,acl "
/* Reads a row selected by VERSION_COLUMNS; strings are copied. `whole` also reads fields, tags and
 * acl. */
void version_row_read(struct db_stmt *row, struct arena *arena, bool whole,
                      struct version_info *out);

/* Of such a row: it is current, and no delete marker. */
bool version_row_is_object(struct db_stmt *row);
/* And its place among the versions of its key. */
int64_t version_row_rank(struct db_stmt *row);

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
 * repl_status of the version. STORE_BUSY when the replication queue is full. (A null version that
 * it would replace cannot be locked: object lock keeps a bucket's versioning enabled.) */
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
/* Writes version->meta and repl_status. */
void version_row_set_meta(struct store_txn *txn, const struct version_info *version);
/* PENDING, COMPLETED or FAILED; a replica is REPLICA again once what was changed on it travelled.
 */
void version_row_set_status(struct store_txn *txn, int64_t bucket, str key, str id,
                            enum repl_status status);
/* False: object lock forbids removing it now. */
bool version_row_may_delete(const struct store_txn *txn, const struct version_info *version,
                            bool bypass_governance);

/* -- replication queue (queue_row.c) ------------------------------------------------------------
 */

/* Asks the plan about a change whose bucket, version, kind and what are set; the rest is filled.
 * STORE_BUSY when the queue has no room. */
MUST_CHECK enum store_result queue_row_plan(struct store_txn *txn, const struct bucket_row *bucket,
                                            struct store_change *change, struct store_plan *plan);
/* `job`: of a resync; empty: none. */
void queue_row_insert(struct store_txn *txn, const struct store_change *change,
                      const struct store_plan *plan, str job);
/* The columns of queue_row_read, in its order. */
#define QUEUE_COLUMNS                                                                              \
    "q.id,q.state,q.kind,q.what,q.source_bucket,b.name,q.from_region,q.to_region,q.key,"           \
    "q.version,q.destination,q.rule,q.options,q.size,q.queued_at,q.ready_at,q.attempts,"           \
    "q.reason,q.job FROM queue q LEFT JOIN bucket b ON b.id=q.source_bucket "
void queue_row_read(struct db_stmt *s, struct arena *arena, struct queue_row *out);
void queue_row_remove(struct store_txn *txn, int64_t id);
void queue_row_forget_bucket(struct store_txn *txn, int64_t bucket);
/* Sets the status of a source version by the rows that it still has; `none` is for no rows. */
void queue_row_settle(struct store_txn *txn, const struct queue_row *row, enum repl_status none);

/* -- totals of the queue (queue_total.c) ---------------------------------------------------------
 */

struct queue_share { /* what one row is of them */
    str from_region, to_region;
    enum queue_state state;
    uint64_t size_bytes;
};
/* A row came (1) or went (-1): each change of a row says so. */
void queue_total_add(struct store_txn *txn, const struct queue_share *share, int sign);
#define QUEUE_SHARE_COLUMNS " RETURNING from_region,to_region,state,size"
/* Runs a DELETE of rows that ends in QUEUE_SHARE_COLUMNS. */
void queue_total_removed(struct store_txn *txn, struct db_stmt *removed);
void queue_total_flush(struct store_txn *txn);
void queue_total_forget(struct txn_cache *cache); /* what was rolled back */
void queue_total_wipe(struct store_txn *txn);

/* -- usage (usage.c) ------------------------------------------------------------------------- */

void usage_note(struct store_txn *txn); /* before the first change of a day */
/* So many objects and bytes more, or less, of a storage class: each version and each part of an
 * upload that comes, goes or changes its class says so. */
struct usage_change {
    str class;
    int64_t objects, bytes;
};
void usage_count(struct store_txn *txn, int64_t bucket, const struct usage_change *change);
/* The column `held` of a bucket, and back; the text is valid until the next. */
struct usage_sum *usage_sums_read(struct arena *arena, str text);
str usage_sums_text(struct txn_cache *cache, const struct usage_sum *sums);

/* -- chance --------------------------------------------------------------------------------------
 */

/* What keys draws about a bucket: its incarnation, counted from the last wipe, so that a wiped
 * world draws as a new one does. */
uint64_t txn_draw_scope(const struct store_txn *txn, int64_t bucket);

#endif
