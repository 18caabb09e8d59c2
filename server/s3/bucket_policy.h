/* bucket_policy: what AWS checks of a resource policy when it is put, and whether it makes its
 * resource public. Evaluating it against requests is not done here. Pure but for the arena. */
#ifndef ATOLL_SERVER_S3_BUCKET_POLICY_H
#define ATOLL_SERVER_S3_BUCKET_POLICY_H

#include "base/str.h"

/* NULL when `text` is a policy for `bucket`; else AWS's message of MalformedPolicy. */
MUST_CHECK const char *bucket_policy_problem(struct arena *arena, str text, str bucket);
/* AWS, "The meaning of public": some statement allows any principal, without a condition that
 * narrows it to fixed values. */
bool bucket_policy_is_public(struct arena *arena, str text);

#endif
