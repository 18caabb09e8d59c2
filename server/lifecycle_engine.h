/* lifecycle_engine: acts on objects as the lifecycle rules of their buckets say, at each midnight
 * of the emulated clock (DESIGN.md 3): expires, removes old versions and lone markers, changes
 * storage classes, aborts uploads.
 *
 * It walks the buckets that have rules, page by page over one snapshot, and writes a page's actions
 * together; what a client changed meanwhile is left for the next night. Versions that are PENDING
 * or FAILED in replication are left, and so are locked ones (AWS: "lifecycle and replication").
 *
 * Threads: open, stop and close belong to whoever opens the world; next and timer are the world
 * thread's, poke anybody's. Errors are logged; the next midnight tries again.
 */
#ifndef ATOLL_SERVER_LIFECYCLE_ENGINE_H
#define ATOLL_SERVER_LIFECYCLE_ENGINE_H

#include "base/time.h"

struct world;
struct lifecycle_engine;

struct lifecycle_engine *lifecycle_engine_open(struct world *world);
/* A run under way ends with its page. */
void lifecycle_engine_stop(struct lifecycle_engine *engine);
void lifecycle_engine_close(struct lifecycle_engine *engine);

/* The next midnight after `now` at which something may be due; INSTANT_NEVER: none. */
instant lifecycle_engine_next(struct lifecycle_engine *engine, instant now);
/* Timers of others fall between midnights: then nothing is done. */
void lifecycle_engine_timer(struct lifecycle_engine *engine, instant now);

/* Runs it now instead of at midnight; how many objects, versions and uploads it acted on. On the
 * world thread: from a TIME_TASK. What a midnight that has not come would do is not done. */
uint64_t lifecycle_engine_run(struct lifecycle_engine *engine);

/* Rules have come: the world thread, which may sleep without end, looks at its timers again. */
void lifecycle_engine_poke(struct world *world);

#endif
