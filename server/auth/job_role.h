/* job_role: what the role of an S3 Batch Operations job may do, of its policies and of those of the
 * buckets, and whether it lets S3 Batch Operations assume it.
 *
 * A role that nobody declared passes, unless --iam enforce. Ownership: the arena's. Threads: the
 * lane's, inside its read snapshot. Source: S3 user guide, "Configuring an IAM role for S3 Batch
 * Replication".
 */
#ifndef ATOLL_SERVER_AUTH_JOB_ROLE_H
#define ATOLL_SERVER_AUTH_JOB_ROLE_H

#include "server/auth/role_ask.h"

struct job_role {
    struct role_ask ask;
    str account; /* of the job */
    str one;     /* a value of a condition key */
    bool judged; /* false: it may do everything */
};
/* False, and role->ask.missing says it: it cannot be assumed. */
MUST_CHECK bool job_role_assume(struct job_role *role, struct lane *lane, struct arena *arena,
                                str arn, str account);
/* Of the bucket itself, or of a key ("*" for any). A bucket that is not there is another's to tell.
 */
MUST_CHECK bool job_role_may(struct job_role *role, str bucket, const char *action, str key);

#endif
