/* state: what hangs from a struct store. For the storage folder only.
 *
 * Threads: everything is set by store_open and constant after it, but the atomics.
 */
#ifndef ATOLL_STORAGE_STATE_H
#define ATOLL_STORAGE_STATE_H

#include <stdatomic.h>

#include "storage/queue.h"
#include "storage/reserve.h"

/* Generations of hot objects (hot.h): what collides costs a look into the database, no more. */
#define HOT_STRIPES 4096

struct db;
struct writer;     /* writer.h */
struct body_state; /* body_row.h */

struct store {
    struct store_options options; /* fs and clock never NULL; directory copied */
    struct arena *arena;          /* holds the strings above */
    const char *db_path, *reserve_path;
    int lock_fd;
    _Atomic uint64_t seed;        /* a wipe changes it */
    int64_t starts;               /* of this directory, before this one */
    _Atomic int64_t first_bucket; /* the highest bucket id at the last wipe */
    _Atomic uint64_t commits;
    _Atomic uint64_t bucket_generation; /* rises with each change of a bucket row, after COMMIT */
    _Atomic uint64_t hot_generations[HOT_STRIPES]; /* hot.h */
    uint64_t queue_limit; /* of the options; tests lower it before any write */
    _Atomic int readers;
    struct writer *writer;
    struct body_state *bodies;
    struct reserve reserve; /* opened before the bodies */
    void (*reached)(void *ctx, const char *name);
    void *reached_ctx;
};

/* The stripes under which the writer changed version rows in this batch, a bit each. */
struct hot_touched {
    uint64_t stripes[HOT_STRIPES / 64];
};

struct bucket_cache; /* bucket.c: a reader's copies of bucket rows */
struct hot_cache;    /* hot.c: a reader's copies of small objects */

struct store_reader {
    struct store *store;
    struct db *db;
    uint64_t commits; /* the counter's value before the snapshot was taken */
    bool open;        /* a snapshot is taken, or will be by the next statement */
    struct bucket_cache *buckets;
    struct hot_cache *hot;
};

/* Calls the sync point hook, if any. */
void store_reached(struct store *store, const char *name);

#endif
