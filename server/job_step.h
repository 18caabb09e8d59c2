/* job_step: the bounded pieces of work that a job is made of: preparing its tasks, queueing their
 * copies, telling how it ended. Each commits where it got to.
 *
 * Threads: the world thread's. A step that returns false changed nothing that lasts and is tried
 * again later; a job that cannot go on is FAILED and says why.
 */
#ifndef ATOLL_SERVER_JOB_STEP_H
#define ATOLL_SERVER_JOB_STEP_H

#include "server/auth/job_role.h"
#include "server/job_report.h"

/* What is kept in memory between the steps of one job; another job's step drops it, and a restart:
 * then that piece begins anew. */
struct job_work {
    struct arena *arena;
    str id;
    struct resync_place place;     /* of a walk through the source bucket */
    struct job_manifest *manifest; /* that is being read */
    struct job_manifest_out *out;  /* that is being written */
    struct job_report *report;     /* the same */
};
void job_work_open(struct job_work *work);
void job_work_close(struct job_work *work);

struct job_step {
    struct job_files files;
    struct job *job;
    struct job_spec spec;
    struct job_work *work;
    instant now;
    enum job_status told; /* the last status of which there was an event */
};
/* The next piece, by the job's status. */
MUST_CHECK bool job_step_run(struct job_step *step);
/* Of a job that is ACTIVE: fails it when too many tasks have failed, goes on to its end when no
 * copy is on its way and none is to come. *counts: what it found. */
MUST_CHECK bool job_step_look(struct job_step *step, struct resync_counts *counts);

#endif
