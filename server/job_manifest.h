/* job_manifest, job_report: what a job reads from and writes to buckets: a CSV manifest, the
 * manifest that S3 generated, the report of its end.
 *
 * Each call blocks until it is committed: for the world thread. Ownership: the arena's.
 */
#ifndef ATOLL_SERVER_JOB_MANIFEST_H
#define ATOLL_SERVER_JOB_MANIFEST_H

#include "server/job.h"
#include "server/world.h"

#define JOB_MANIFEST_BYTES (64u << 20) /* [atoll] of a manifest that the caller brings */

struct job_files {
    struct world *world;
    struct lane *lane; /* the world thread's own */
    struct arena *arena;
};
/* The tasks of the caller's manifest and their bucket; false with a sentence in *problem. */
MUST_CHECK bool job_manifest_read(const struct job_files *files, const struct job_spec *spec,
                                  struct job_tasks *out, str *bucket, str *problem);
/* Puts the generated manifest out; its key and ETag go to job->state. */
MUST_CHECK bool job_manifest_write(const struct job_files *files, const struct job_spec *spec,
                                   struct job *job, str *problem);
/* Sums up what became of the tasks in job->state, and writes the report if one is wanted. */
MUST_CHECK bool job_report_write(const struct job_files *files, const struct job_spec *spec,
                                 struct job *job, str *problem);
/* One object into a bucket by name. */
MUST_CHECK bool job_file_put(const struct job_files *files, str bucket, str key, const char *type,
                             str text, str *problem);

#endif
