/* resync: queues copies of versions that live replication skips, as S3 Batch Replication does:
 * objects from before the rule, failed ones, replicas.
 *
 * One write looks at a bounded number of versions: either those that it names, or the next ones of
 * a walk over a bucket, which the caller repeats until `more` is false. Each version that the
 * bucket's rules take somewhere gets its queue rows and is PENDING, in that transaction;
 * destinations to which a copy of it is on its way already get no second one, and failed copies are
 * superseded. STORE_BUSY when the queue is full: then this write did nothing.
 */
#ifndef ATOLL_STORAGE_RESYNC_H
#define ATOLL_STORAGE_RESYNC_H

#include "storage/version.h"

#define RESYNC_ROWS 1000 /* versions that one write looks at */

struct resync_names {
    const str *at; /* one of them fits; none: anything does */
    size_t count;
};
struct resync_filter {
    unsigned statuses;                     /* 1u << enum repl_status; 0: all but PENDING */
    instant created_after, created_before; /* strictly; {0}: any */
    struct resync_names prefixes, suffixes, substrings, storage_classes;
    uint64_t larger_than, smaller_than; /* bytes; 0: any */
    bool eligible;                      /* only what the bucket's rules take somewhere */
    /* What else is asked of a version, on the writer's thread; NULL: nothing. */
    bool (*also)(const void *ctx, struct arena *arena, const struct version_info *version);
    const void *ctx;
};
enum resync_outcome {
    RESYNC_QUEUED,
    RESYNC_FOUND,      /* of a dry run */
    RESYNC_ON_ITS_WAY, /* copies to all its destinations are queued already */
    RESYNC_ABSENT,     /* no such version */
    RESYNC_INELIGIBLE, /* no rule takes it anywhere */
    RESYNC_FORBIDDEN   /* the caller's: never asked for */
};
struct resync_item {
    str key;
    str version_id; /* ptr == NULL: the current one, and then which that was */
    enum resync_outcome outcome;
};
struct resync_place { /* where a walk goes on; {0}: at the beginning */
    str key, origin, id;
    int64_t rank;
};
struct store_resync {
    struct store_write head;
    int64_t bucket;
    str job;  /* marks the rows; empty: none */
    bool dry; /* only finds */
    /* In: what to queue, at most RESYNC_ROWS. Out, of a walk: what it found, in the arena. */
    struct resync_item *items;
    size_t count;
    bool walk;
    struct resync_filter filter; /* of a walk */
    struct resync_place place;   /* in and out */
    bool more;                   /* out: the walk is not over */
    uint64_t queued;             /* out: versions */
};
void store_resync_init(struct store_resync *resync, struct arena *arena);

/* A job has ended: what failed for versions that are gone is forgotten. */
struct store_resync_end {
    struct store_write head;
    str job;
};
void store_resync_end_init(struct store_resync_end *end, struct arena *arena, str job);

/* Of a job: its versions with copies that are still to come, and those with failed ones. Looks at
 * each of its rows. */
struct resync_counts {
    uint64_t unfinished, failed;
};
MUST_CHECK enum store_result store_resync_counts(struct store_reader *reader, str job,
                                                 struct resync_counts *out);

#endif
