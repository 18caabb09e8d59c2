/* A role's policies and a bucket's, put together as AWS does within and between accounts. */
#include "server/auth/role_ask.h"

#include "server/auth/authority.h"

bool role_ask_find(struct role_ask *ask, str arn, const char *session)
{
    str account, name;
    if (!role_arn_parse(arn, &account, &name) ||
        !role_find(ask->lane->reader, ask->arena, account, name, &ask->role)) {
        ask->missing = str_format(ask->arena, "Role %.*s does not exist.", STR_ARG(arn));
        return false;
    }
    ask->who = (struct policy_principal){ .account = account,
                                          .arn = str_format(
                                              ask->arena, "arn:aws:sts::%.*s:assumed-role/%.*s/%s",
                                              STR_ARG(account), STR_ARG(name), session),
                                          .role = name };
    return true;
}

static struct policy_verdict judge(struct role_ask *ask, const struct policy_principal *who,
                                   str text, enum policy_kind kind,
                                   const struct policy_question *asked)
{
    struct policy_question question = *asked;
    const struct policy *policy = authority_policy(ask->lane->authority, text, kind);
    question.who = who;
    question.values = ask->values;
    question.ctx = ask->ctx;
    return policy ? policy_evaluate(policy, &question)
                  : (struct policy_verdict){ .effect = POLICY_NONE };
}

bool role_ask_trusts(struct role_ask *ask, const char *service)
{
    const struct policy_principal who = { .service = str_of(service) };
    const struct policy_question question = { .action = STR("sts:AssumeRole"),
                                              .resource = STR("") };
    if (judge(ask, &who, ask->role.trust, POLICY_TRUST, &question).effect == POLICY_ALLOW)
        return true;
    ask->missing = str_format(ask->arena,
                              "The trust policy of role %.*s needs {\"Effect\":\"Allow\","
                              "\"Principal\":{\"Service\":\"%s\"},"
                              "\"Action\":\"sts:AssumeRole\"}.",
                              STR_ARG(ask->role.arn), service);
    return false;
}

enum policy_effect role_ask_own(struct role_ask *ask, const char *action, str resource)
{
    const struct policy_question question = { .action = str_of(action), .resource = resource };
    enum policy_effect effect = POLICY_NONE;
    for (size_t i = 0; i < ask->role.policies.count && effect != POLICY_DENY; i++) {
        struct policy_verdict verdict =
            judge(ask, &ask->who, ask->role.policies.at[i].value, POLICY_IDENTITY, &question);
        effect = verdict.effect > effect ? verdict.effect : effect;
    }
    return effect;
}

/* The statement that would help: of the role, or of the policy of another's bucket. */
static str lacks(const struct role_ask *ask, const struct bucket_info *bucket,
                 const struct policy_question *asked, bool role_lacks)
{
    str principal =
        str_format(ask->arena, "\"Principal\":{\"AWS\":\"%.*s\"},", STR_ARG(ask->role.arn));
    return str_format(
        ask->arena,
        "%s %.*s needs {\"Effect\":\"Allow\",%.*s\"Action\":\"%.*s\",\"Resource\":\"%.*s\"}.",
        role_lacks ? "Role" : "The policy of bucket",
        STR_ARG(role_lacks ? ask->role.arn : bucket->name),
        STR_ARG(role_lacks ? STR("") : principal), STR_ARG(asked->action),
        STR_ARG(asked->resource));
}

bool role_ask_may(struct role_ask *ask, const struct bucket_info *bucket, const char *action,
                  str resource)
{
    const struct policy_question question = { .action = str_of(action), .resource = resource };
    const struct authority_bucket *rules =
        authority_bucket(ask->lane->authority, ask->lane->reader, bucket->id);
    bool own = str_eq(bucket->account, ask->role.account);
    struct policy_verdict verdict = { .effect = POLICY_NONE };
    if (rules->policy.size > 0)
        verdict = judge(ask, &ask->who, rules->policy, POLICY_RESOURCE, &question);
    enum policy_effect by_role = role_ask_own(ask, action, resource);
    if (verdict.effect == POLICY_DENY || by_role == POLICY_DENY) {
        ask->missing = str_format(ask->arena, "%s on %.*s is denied to role %.*s by %s.", action,
                                  STR_ARG(resource), STR_ARG(ask->role.arn),
                                  by_role == POLICY_DENY ? "its policy" : "the bucket's policy");
        return false;
    }
    bool by_bucket = verdict.effect == POLICY_ALLOW;
    if (own ? by_role == POLICY_ALLOW || (by_bucket && verdict.direct)
            : by_role == POLICY_ALLOW && by_bucket)
        return true;
    ask->missing = lacks(ask, bucket, &question, by_role != POLICY_ALLOW);
    return false;
}
