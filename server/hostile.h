/* hostile: what --preset hostile does by itself on the emulated clock: now and then one Region that
 * has buckets cannot reach the others, and after a while it can again.
 *
 * When, which and for how long come from the seed and the emulated time alone, so the same seed and
 * clock give the same partitions, over a restart too. One that somebody made stays as it is.
 * Threads: the world thread.
 */
#ifndef ATOLL_SERVER_HOSTILE_H
#define ATOLL_SERVER_HOSTILE_H

#include "server/world.h"

struct hostile;
/* NULL when the database cannot be read. */
struct hostile *hostile_open(struct world *world);
void hostile_close(struct hostile *hostile); /* NULL is fine */
/* The next partition after `now`; INSTANT_NEVER under another preset. */
instant hostile_next(const struct hostile *hostile, instant now);
void hostile_timer(struct hostile *hostile, instant now);

#endif
