/* The role of a job (job_role.h). */
#include "server/auth/job_role.h"

#include "server/settings.h"
#include "server/world.h"

static bool value_of(void *ctx, str key, struct policy_values *out)
{
    struct job_role *role = ctx;
    *out = (struct policy_values){ &role->one, 1 };
    if (str_is(key, "aws:principalarn"))
        role->one = role->ask.role.arn;
    else if (str_is(key, "aws:principalaccount"))
        role->one = role->ask.role.account;
    else if (str_is(key, "aws:sourceaccount"))
        role->one = role->account;
    else if (str_is(key, "aws:securetransport"))
        role->one = STR("true");
    else
        return false;
    return true;
}

bool job_role_assume(struct job_role *role, struct lane *lane, struct arena *arena, str arn,
                     str account)
{
    enum iam_mode iam = lane->world->settings->iam;
    *role = (struct job_role){ .ask = { .lane = lane, .arena = arena, .values = value_of },
                               .account = account };
    role->ask.ctx = role;
    if (iam == IAM_OFF)
        return true;
    if (!role_ask_find(&role->ask, arn, "s3-batch-operations"))
        return iam != IAM_ENFORCE;
    role->judged = true;
    return role_ask_trusts(&role->ask, "batchoperations.s3.amazonaws.com");
}

bool job_role_may(struct job_role *role, str bucket, const char *action, str key)
{
    struct bucket_info info;
    struct arena *arena = role->ask.arena;
    if (!role->judged || store_bucket_get(role->ask.lane->reader, arena, bucket, &info) != STORE_OK)
        return true;
    return role_ask_may(&role->ask, &info, action,
                        str_format(arena, "arn:aws:s3:::%.*s%s%.*s", STR_ARG(bucket),
                                   key.size > 0 ? "/" : "", STR_ARG(key)));
}
