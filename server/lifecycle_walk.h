/* lifecycle_walk: one bucket on one night: what its rules ask for is decided page by page and
 * written. For lifecycle_engine.c; the world thread's. */
#ifndef ATOLL_SERVER_LIFECYCLE_WALK_H
#define ATOLL_SERVER_LIFECYCLE_WALK_H

#include <stdatomic.h>

#include "storage/upload.h"

struct world;

struct lifecycle_night {
    struct world *world;
    struct store_reader *reader;
    const _Atomic bool *stopping;
    instant now;
    /* out */
    instant due; /* the earliest that was not due yet */
    uint64_t actions;
};

void lifecycle_walk_bucket(struct lifecycle_night *night, const struct bucket_info *bucket);

#endif
