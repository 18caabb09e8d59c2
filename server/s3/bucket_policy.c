/* Resource policies as they are put: the evaluator's own reading (server/auth/policy.h), so that
 * what is accepted here is what is evaluated later. */
#include "server/s3/bucket_policy.h"

#include "server/auth/policy.h"

const char *bucket_policy_problem(struct arena *arena, str text, str bucket)
{
    str arn = str_format(arena, "arn:aws:s3:::%.*s", STR_ARG(bucket)), why;
    return policy_parse(arena, text, POLICY_RESOURCE, arn, &why) ? NULL : str_c(arena, why);
}

bool bucket_policy_is_public(struct arena *arena, str text)
{
    str why;
    const struct policy *policy = policy_parse(arena, text, POLICY_RESOURCE, STR_NONE, &why);
    return policy && policy_is_public(policy);
}
