/* job_shared: tasks of a job whose copies somebody else had queued: live replication, a resync or
 * another job. They get no second copy, and the job ends when these have ended too.
 *
 * Threads: the world thread, inside a read.
 */
#ifndef ATOLL_SERVER_JOB_SHARED_H
#define ATOLL_SERVER_JOB_SHARED_H

#include "server/job_manifest.h"

/* How many such tasks of the first chunk that has any still wait; 0: none of the whole job does.
 * Chunks before it are settled, and noted so in job->state. */
uint64_t job_shared_wait(const struct job_files *files, struct job *job);

#endif
