/* The evaluation of one policy: every statement is looked at until one denies. */
#include "server/auth/policy.h"

#include "server/auth/policy_form.h"

static bool any_action(struct policy_run *run, const struct policy_statement *statement, str action)
{
    for (size_t i = 0; i < statement->action_count; i++)
        if (policy_match_text(run, &statement->actions[i], action))
            return true;
    return false;
}

static bool any_resource(struct policy_run *run, const struct policy_statement *statement)
{
    for (size_t i = 0; i < statement->resource_count; i++)
        if (policy_match_arn(run, &statement->resources[i], run->question->resource))
            return true;
    return false;
}

/* The cheap and telling comparisons first. */
static enum policy_named_by applies(struct policy_run *run, const struct policy *policy,
                                    const struct policy_statement *statement, str action)
{
    enum policy_named_by named = NAMED_DIRECTLY;
    if (any_action(run, statement, action) == statement->not_action)
        return NAMED_NOT;
    if (policy->kind != POLICY_IDENTITY)
        named = policy_match_principal(statement, run->question->who);
    if (named == NAMED_NOT)
        return NAMED_NOT;
    if (policy->kind != POLICY_TRUST && any_resource(run, statement) == statement->not_resource)
        return NAMED_NOT;
    for (size_t i = 0; i < statement->condition_count; i++)
        if (!policy_condition_holds(run, &statement->conditions[i]))
            return NAMED_NOT;
    return named;
}

struct policy_verdict policy_evaluate(const struct policy *policy,
                                      const struct policy_question *question)
{
    struct policy_run run = { question, POLICY_STEPS };
    struct policy_verdict verdict = { .effect = POLICY_NONE };
    char lower[128];
    str action = str_first(question->action, sizeof lower);
    for (size_t i = 0; i < action.size; i++) {
        char c = action.ptr[i];
        lower[i] = (char) (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    action.ptr = lower;
    for (size_t i = 0; i < policy->count; i++) {
        const struct policy_statement *statement = &policy->statements[i];
        if (!statement->deny && verdict.effect == POLICY_ALLOW && verdict.direct)
            continue;
        enum policy_named_by named = applies(&run, policy, statement, action);
        bool spent = run.steps == 0;
        if (named == NAMED_NOT && !spent)
            continue;
        verdict = (struct policy_verdict){ .effect = statement->deny || spent ? POLICY_DENY
                                                                              : POLICY_ALLOW,
                                           .direct = named == NAMED_DIRECTLY,
                                           .too_complex = spent,
                                           .sid = statement->sid,
                                           .index = (unsigned) i };
        if (verdict.effect == POLICY_DENY)
            break;
    }
    return verdict;
}

static bool names_everybody(const struct policy_statement *statement)
{
    if (statement->not_principal)
        return true;
    for (size_t i = 0; i < statement->principal_count; i++)
        if (statement->principals[i].kind == PRINCIPAL_ANYBODY)
            return true;
    return false;
}

bool policy_is_public(const struct policy *policy)
{
    for (size_t i = 0; i < policy->count; i++) {
        const struct policy_statement *statement = &policy->statements[i];
        bool narrowed = false;
        if (statement->deny || !names_everybody(statement))
            continue;
        for (size_t j = 0; j < statement->condition_count; j++)
            narrowed = narrowed || policy_condition_narrows(&statement->conditions[j]);
        if (!narrowed)
            return true;
    }
    return false;
}

str policy_verdict_text(struct arena *arena, const struct policy_verdict *verdict)
{
    if (verdict->too_complex)
        return STR("the policy takes too many steps to evaluate");
    const char *effect = verdict->effect == POLICY_DENY    ? "Deny"
                         : verdict->effect == POLICY_ALLOW ? "Allow"
                                                           : "no";
    if (verdict->effect == POLICY_NONE)
        return STR("no statement allows it");
    if (verdict->sid.size > 0)
        return str_format(arena, "%s statement %u (%.*s)", effect, verdict->index + 1,
                          STR_ARG(verdict->sid));
    return str_format(arena, "%s statement %u", effect, verdict->index + 1);
}
