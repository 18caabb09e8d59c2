/* The replication queue: rows that say which version still has to reach which bucket.
 *
 * Rows are born in the transaction of the version that causes them, from the plan that replication
 * injects (store_hooks), and end in the transaction that applies the copy. So a replica's arrival,
 * its row's end and the source's status are one commit. storage knows neither lag nor rules: the
 * plan gives `ready_at`, and an order's verdict gives what becomes of the row.
 */
#ifndef ATOLL_STORAGE_QUEUE_H
#define ATOLL_STORAGE_QUEUE_H

#include "storage/version.h"

/* What happened to a version, for the plan. */
enum change_kind { CHANGED_PUT, CHANGED_MARKER, CHANGED_META };

struct store_change {
    enum change_kind kind;
    const struct bucket_info *bucket;
    const struct version_info *version;
    unsigned what;    /* CHANGED_META: of enum version_change */
    instant now;      /* emulated */
    uint64_t scope;   /* of the bucket: keys the draws, with */
    uint64_t ordinal; /* of this version (or change) in its bucket */
    bool resync;      /* no change: an existing version, replicas too (S3 Batch Replication) */
};
struct plan_row {
    str rule;        /* rule ID */
    str destination; /* bucket name */
    str options;     /* opaque to storage: storage class, owner override, ... */
    instant ready_at;
    str from_region, to_region;
    duration threshold; /* the copy is late after so long (S3 RTC); 0: never */
};
struct store_plan {
    struct plan_row *rows; /* in the arena */
    size_t count;
};
/* Pure: which copies does this change cause under these rules (CONFIG_REPLICATION_RULES' text as of
 * this transaction)? Replicas cause none unless the rules say so. */
typedef void store_plan_fn(void *ctx, struct arena *arena, const struct store_change *change,
                           str rules, struct store_plan *out);

enum queue_state { QUEUE_PENDING, QUEUE_WAITING, QUEUE_HELD, QUEUE_FAILED, QUEUE_STATES };

struct queue_row {
    int64_t id;
    enum queue_state state;
    enum change_kind kind;
    unsigned what;
    int64_t source_bucket;
    str source_name, from_region, to_region;
    str key, version_id;
    str destination, rule, options;
    uint64_t size_bytes;
    instant queued_at, ready_at;
    unsigned attempts;
    str job;    /* the resync that queued it; empty: none */
    str reason; /* QUEUE_FAILED, QUEUE_WAITING: AWS's reason word, e.g. DstBucketUnversioned */
};

/* What applying a copy met, as seen inside the transaction. */
enum copy_finding {
    COPY_APPLIED,        /* now there, or was already there (idempotent by version id) */
    COPY_SOURCE_GONE,    /* version deleted before it was copied */
    COPY_RULES_GONE,     /* the source bucket has no replication configuration any more */
    COPY_BUCKET_GONE,    /* destination bucket does not exist */
    COPY_UNVERSIONED,    /* destination versioning is not Enabled */
    COPY_LOCK_MISSING,   /* the source bucket has Object Lock, the destination has not */
    COPY_HARD_DELETED,   /* a resync of a replica that was deleted by its version id */
    COPY_VERSION_MISSING /* a metadata change for a version the destination lacks */
};
struct copy_verdict { /* what becomes of the row */
    enum { VERDICT_DONE, VERDICT_WAIT, VERDICT_FAIL, VERDICT_HOLD, VERDICT_DROP } end;
    instant ready_at; /* VERDICT_WAIT */
    /* Static text. VERDICT_WAIT with one is QUEUE_WAITING; without, the row is QUEUE_PENDING again
     * (release, resume, reorder). VERDICT_DROP with one is as VERDICT_FAIL; without, the row goes.
     */
    str reason;
};
/* Pure: replication's table of transitions, asked inside the transaction. */
typedef struct copy_verdict copy_judge_fn(void *ctx, const struct queue_row *row,
                                          enum copy_finding finding);

/* Pure: what the access control list `acl` of an object that `account` owns by default says in a
 * bucket of another account, in `arena`. */
typedef str acl_abroad_fn(struct arena *arena, str acl, str account);

/* Pure: gives *meta the default retention of a bucket whose CONFIG_OBJECT_LOCK is `document`, if it
 * has one, counted from `created`. */
typedef void lock_default_fn(struct arena *arena, str document, instant created,
                             struct object_meta *meta);

struct store_hooks {
    void *ctx;
    store_plan_fn *plan;
    copy_judge_fn *judge;
    acl_abroad_fn *acl_abroad;     /* NULL: lists travel as they are */
    lock_default_fn *lock_default; /* NULL: destinations have no default retention */
    /* After each commit that added or freed rows: the earliest ready_at of what was added. Any
     * thread may be woken by it; must not block. */
    void (*queued)(void *ctx, instant earliest);
};

/* One order for one row: apply it now, or give it this verdict without looking. */
struct copy_order {
    int64_t row;
    bool apply;
    struct copy_verdict verdict; /* when !apply */
    /* out */
    bool found;           /* the row existed */
    struct queue_row was; /* in the write's arena, for events */
    struct copy_verdict became;
};
struct store_copies {
    struct store_write
        head; /* head.at: the instant of the copies; head.docs: the clock's position */
    struct copy_order *at;
    size_t count;
};
void store_copies_init(struct store_copies *copies, struct arena *arena);

struct queue_filter {
    bool any_state;
    enum queue_state state;
    str from_region, to_region; /* ptr == NULL: any */
    int64_t source_bucket;      /* 0: any */
    str destination;            /* ptr == NULL: any */
    str key_prefix;             /* ptr == NULL: any */
    bool exact_key;             /* key_prefix is the whole key */
    str version_id;             /* ptr == NULL: any */
    str job;                    /* ptr == NULL: any */
    str rule;                   /* ptr == NULL: any */
    instant due_until;          /* rows with ready_at <= it; {0}: any */
};
/* Rows by (ready_at, id), at most max (0: all). */
struct queue_page {
    struct queue_row *at;
    size_t count;
};
MUST_CHECK enum store_result store_queue_list(struct store_reader *reader, struct arena *arena,
                                              const struct queue_filter *filter, unsigned max,
                                              struct queue_page *out);
/* Earliest ready_at among QUEUE_PENDING rows; INSTANT_NEVER when there is none. One seek. */
MUST_CHECK enum store_result store_queue_next(struct store_reader *reader, instant *out);

struct queue_count { /* per pair of Regions */
    str from_region, to_region;
    uint64_t rows[QUEUE_STATES];
    uint64_t bytes_pending;
    instant oldest;
};
MUST_CHECK enum store_result store_queue_counts(struct store_reader *reader, struct arena *arena,
                                                struct queue_count **out, size_t *count);

/* Copies under S3 RTC that are late at head.at, and not yet told: each comes once. */
struct store_late {
    struct store_write head;
    struct queue_page out; /* at most LIMIT_WRITE_BATCH_ROWS */
};
void store_late_init(struct store_late *late, struct arena *arena);
/* When the next copy will be late; INSTANT_NEVER: none under S3 RTC. One seek. */
MUST_CHECK enum store_result store_queue_next_late(struct store_reader *reader, instant *out);

#endif
