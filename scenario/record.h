/* record: the journal of a world as a scenario that replays it.
 *
 * First the world as it is now: buckets, access points, rules, lags, clients; then each object
 * request with its answer's status, Region and freshness as what is expected, and the clock moved
 * by what passed between two. Bodies are not kept by a journal: equal ETags get equal bodies. What
 * cannot be said in the language stands as a comment. Ownership: the arena is for scratch.
 * Threads: any, on the lane's.
 */
#ifndef ATOLL_SCENARIO_RECORD_H
#define ATOLL_SCENARIO_RECORD_H

#include "base/buf.h"
#include "server/world.h"

/* False when the world cannot be read. */
MUST_CHECK bool record_write(struct arena *arena, struct lane *lane, struct buf *out);

#endif
