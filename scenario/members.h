/* members: the buckets behind a target, "orders/cart.json": those of an access point; of a bucket,
 * those of the access point that it belongs to. Ownership: the run's arena. Threads: the run's. */
#ifndef ATOLL_SCENARIO_MEMBERS_H
#define ATOLL_SCENARIO_MEMBERS_H

#include "base/limits.h"
#include "scenario/run.h"

struct member {
    str region, name;
    int64_t bucket; /* 0: gone */
};

struct members {
    struct member at[LIMIT_REGIONS_PER_MRAP];
    size_t count;
    str key; /* of the target */
};

/* False when the target is no access point. Begins a read. */
bool members_of_mrap(struct run *run, str target, struct members *out);
/* Also for a bucket: false when it belongs to none. */
bool members_of(struct run *run, str target, struct members *out);

#endif
