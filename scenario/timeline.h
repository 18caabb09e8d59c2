/* timeline: what happened in a run, in order: requests, commands, copies, each with its emulated
 * time. A failure prints it, and --verbose always does.
 *
 * Ownership: lines live until timeline_free. Threads: timeline_add any (copies are told by the
 * world thread, which only ever runs while the scenario waits for it, or beside it when time
 * flows).
 */
#ifndef ATOLL_SCENARIO_TIMELINE_H
#define ATOLL_SCENARIO_TIMELINE_H

#include "base/buf.h"
#include "replication/timekeeper.h"

struct timeline;
struct timeline *timeline_new(instant began);
void timeline_free(struct timeline *timeline);
/* `detail` may be empty; it is shown below the line, indented, by a verbose report. */
void timeline_add(struct timeline *timeline, instant at, str text, str detail);
/* For world->watch. */
void timeline_copy(void *timeline, const struct copy_told *copy);
/* "        15.0 s  copy profile ...", the last `most` lines (0: all). */
void timeline_write(struct timeline *timeline, size_t most, bool details, struct buf *out);
/* "15.0" seconds. */
str timeline_seconds(struct arena *arena, duration d);

#endif
