/* jobs: runs the jobs of S3 Batch Operations (S3ReplicateObject) on the emulated clock, on the
 * world thread: finds or reads their tasks, queues their copies page by page, and ends them with a
 * report when the last of these copies has arrived or failed.
 *
 * A step is what one call of jobs_timer does: it is bounded, and commits where it got to, so that a
 * restart goes on there. Of jobs that can go on, the one with the highest priority does.
 * Threads: all but jobs_changed (any) on the world thread. Errors: a job that cannot go on FAILS
 * and says why; a full queue makes it wait a second.
 */
#ifndef ATOLL_SERVER_JOBS_H
#define ATOLL_SERVER_JOBS_H

#include "base/time.h"

struct copy_told;
struct jobs;
struct world;

MUST_CHECK struct jobs *jobs_open(struct world *world);
void jobs_close(struct jobs *jobs);

/* When a job goes on; INSTANT_NEVER: none does by itself. */
instant jobs_next(struct jobs *jobs, instant now);
void jobs_timer(struct jobs *jobs, instant now);
void jobs_copy_told(struct jobs *jobs, const struct copy_told *copy);
/* Documents of jobs were written, or wiped; wakes the world thread. */
void jobs_changed(struct jobs *jobs);

/* How long a new job is being prepared in this world. */
duration jobs_preparation(const struct world *world, str job);

#endif
