/* spread: how the values of a minute lie, for percentiles: counts of values by magnitude. A
 * percentile is at most 1.6 % too low; values that lie far apart need more buckets than there are,
 * then neighbours are put together: 3 % when the greatest is 16 times the least, 6 % when 256
 * times.
 *
 * Ownership: on the heap, or in an arena (then spread_free is not called). Threads: the owner's.
 * Bounds: SPREAD_BUCKETS. Values: 0 or more.
 */
#ifndef ATOLL_SERVER_SPREAD_H
#define ATOLL_SERVER_SPREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define SPREAD_BUCKETS 256 /* [atoll] */

struct arena;
struct spread_bucket {
    uint32_t magnitude;
    uint32_t count;
};
struct spread {
    struct arena *arena;      /* NULL: heap */
    struct spread_bucket *at; /* by magnitude */
    uint32_t count, room;
    unsigned coarser; /* bits of magnitude given up for room */
};

void spread_free(struct spread *spread);
void spread_add(struct spread *spread, double value, uint64_t times);
void spread_merge(struct spread *into, const struct spread *from);
/* The smallest value that `percent` of the values are not above; 0 when there is none. */
double spread_percentile(const struct spread *spread, double percent);

#endif
