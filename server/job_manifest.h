/* job_manifest: the lists of a job in buckets: the manifest that the caller brings, as CSV or as an
 * S3 Inventory report, and the one that S3 generated and puts out.
 *
 * Each call blocks: for the world thread. Reading keeps its text in memory of its own between
 * calls, one file at a time.
 */
#ifndef ATOLL_SERVER_JOB_MANIFEST_H
#define ATOLL_SERVER_JOB_MANIFEST_H

#include "server/job.h"
#include "server/world.h"

#define JOB_MANIFEST_BYTES (64u << 20) /* [atoll] of a CSV file, inflated */

struct job_files {
    struct world *world;
    struct lane *lane; /* the world thread's own */
    struct arena *arena;
};

/* NULL with a sentence in *problem. */
struct job_manifest;
MUST_CHECK struct job_manifest *job_manifest_open(const struct job_files *files,
                                                  const struct job_spec *spec, str *problem);
void job_manifest_close(struct job_manifest *manifest); /* NULL is fine */
/* At most RESYNC_ROWS tasks more, in files->arena; none: the end. *bucket is that of all tasks. */
MUST_CHECK bool job_manifest_next(struct job_manifest *manifest, const struct job_files *files,
                                  struct job_tasks *out, str *bucket, str *problem);

/* The generated manifest, put out chunk by chunk; at its end its key and ETag go to job->state. */
struct job_manifest_out;
MUST_CHECK struct job_manifest_out *job_manifest_out_open(const struct job_files *files);
void job_manifest_out_close(
    struct job_manifest_out *out); /* NULL is fine; drops what is not over */
MUST_CHECK bool job_manifest_out_next(struct job_manifest_out *out, const struct job_files *files,
                                      const struct job_spec *spec, struct job *job, str *problem);
bool job_manifest_out_is_over(const struct job_manifest_out *out);

#endif
