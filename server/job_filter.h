/* job_filter: the Filter of a manifest generator, from CreateJob's XML to what storage asks of each
 * version. Pure. Ownership: the arena's; the filter must not outlive it.
 */
#ifndef ATOLL_SERVER_JOB_FILTER_H
#define ATOLL_SERVER_JOB_FILTER_H

#include "server/job.h"

/* NULL: everything. False with a sentence in *problem. */
MUST_CHECK bool job_filter_read(struct arena *arena, const struct xml *filter,
                                struct resync_filter *out, str *problem);

#endif
