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
struct timeline_event {
    instant at;
    str text;
    str detail; /* may be empty; a verbose report shows it below the line, indented */
    str region; /* where it happened; empty: nowhere in particular */
    str from;   /* of a copy: the Region that it left */
};
/* Copies the strings. */
void timeline_add(struct timeline *timeline, const struct timeline_event *event);
/* For world->watch. */
void timeline_copy(void *timeline, const struct copy_told *copy);
/* "        15.0 s  copy profile ...", the last `most` lines (0: all). */
void timeline_write(struct timeline *timeline, size_t most, bool details, struct buf *out);
/* All events, in order; theirs is the arena. */
const struct timeline_event *timeline_events(struct timeline *timeline, struct arena *arena,
                                             size_t *count);
/* "15.0" seconds. */
str timeline_seconds(struct arena *arena, duration d);

#endif
