/* job_report: the completion report of a job, chunk by chunk, so that no call takes long. It also
 * counts what became of the tasks, whether a report is wanted or not.
 *
 * Ownership: open to close; texts of its own. Each call blocks: for the world thread. What was
 * written before a restart is written again, the same.
 */
#ifndef ATOLL_SERVER_JOB_REPORT_H
#define ATOLL_SERVER_JOB_REPORT_H

#include "server/job_manifest.h"

struct job_report;
MUST_CHECK struct job_report *job_report_open(const struct job_files *files, const struct job *job);
void job_report_close(struct job_report *report); /* NULL is fine */
/* The next chunk of tasks; after the last one its manifest: then it is over and job->state has the
 * counts. False with a sentence in *problem. */
MUST_CHECK bool job_report_next(struct job_report *report, const struct job_files *files,
                                const struct job_spec *spec, struct job *job, str *problem);
bool job_report_is_over(const struct job_report *report);

#endif
