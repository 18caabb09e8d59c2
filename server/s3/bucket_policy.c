/* Resource policies: their grammar as AWS checks it at put, and "public". */
#include "server/s3/bucket_policy.h"

#include "base/json.h"
#include "server/s3/schema.h"

static const struct json *either(const struct json *object, const char *a, const char *b)
{
    const struct json *member = json_member(object, a);
    return member ? member : json_member(object, b);
}

/* One text, or a list: the caller walks `*one` by next; a lone text has no next of its kind. */
static const struct json *first_of(const struct json *value)
{
    return value && value->kind == JSON_ARRAY ? value->child : value;
}

static const struct json *next_of(const struct json *value, const struct json *one)
{
    return value->kind == JSON_ARRAY ? one->next : NULL;
}

static bool are_texts(const struct json *value)
{
    for (const struct json *one = first_of(value); one; one = next_of(value, one))
        if (one->kind != JSON_STRING)
            return false;
    return first_of(value) != NULL;
}

static const char *resource_problem(const struct json *resource, str bucket)
{
    for (const struct json *one = first_of(resource); one; one = next_of(resource, one)) {
        str arn = one->string, partition, rest, name, key;
        if (str_is(arn, "*"))
            continue;
        if (!str_starts(arn, STR("arn:")) || !str_cut(str_skip(arn, 4), ':', &partition, &rest) ||
            !str_starts(rest, STR("s3:::")))
            return "Policy has invalid resource";
        (void) str_cut(str_skip(rest, 5), '/', &name, &key);
        if (!str_eq(name, bucket) && str_find_char(name, '*') == name.size &&
            str_find_char(name, '?') == name.size && str_find(name, STR("${")) == name.size)
            return "Policy has invalid resource";
    }
    return NULL;
}

static const char *action_problem(const struct json *action)
{
    for (const struct json *one = first_of(action); one; one = next_of(action, one))
        if (!str_is(one->string, "*") && !str_starts_nocase(one->string, STR("s3:")))
            return "Policy has invalid action";
    return NULL;
}

static const char *principal_problem(const struct json *principal)
{
    if (principal->kind == JSON_STRING)
        return str_is(principal->string, "*") ? NULL : "Invalid principal in policy";
    if (principal->kind != JSON_OBJECT || principal->child == NULL)
        return "Invalid principal in policy";
    for (const struct json *kind = principal->child; kind; kind = kind->next)
        if (!schema_is_one_of(kind->name, "AWS|Service|Federated|CanonicalUser") ||
            !are_texts(kind))
            return "Invalid principal in policy";
    return NULL;
}

static const char *statement_problem(const struct json *statement, str bucket)
{
    const struct json *action = either(statement, "Action", "NotAction");
    const struct json *resource = either(statement, "Resource", "NotResource");
    const struct json *principal = either(statement, "Principal", "NotPrincipal");
    const struct json *condition = json_member(statement, "Condition");
    if (statement->kind != JSON_OBJECT)
        return "Policies must be valid JSON and the first byte must be '{'";
    str effect = json_string(statement, "Effect", STR_NONE);
    if (!str_is_set(effect))
        return "Missing required field Effect";
    if (!str_is(effect, "Allow") && !str_is(effect, "Deny"))
        return "Invalid effect: only Allow and Deny are accepted";
    if (principal == NULL)
        return "Missing required field Principal";
    if (action == NULL)
        return "Missing required field Action";
    if (resource == NULL)
        return "Missing required field Resource";
    if (!are_texts(action))
        return "Policy has invalid action";
    if (!are_texts(resource))
        return "Policy has invalid resource";
    if (condition && condition->kind != JSON_OBJECT)
        return "Policy has an invalid condition";
    const char *problem = principal_problem(principal);
    if (!problem)
        problem = action_problem(action);
    return problem ? problem : resource_problem(resource, bucket);
}

const char *bucket_policy_problem(struct arena *arena, str text, str bucket)
{
    struct json_error error;
    const struct json *policy =
        text.size > 0 && text.ptr[0] == '{' ? json_parse(arena, text, &error) : NULL;
    if (policy == NULL)
        return "Policies must be valid JSON and the first byte must be '{'";
    const struct json *statements = json_member(policy, "Statement");
    const struct json *version = json_member(policy, "Version");
    if (statements == NULL)
        return "Missing required field Statement";
    if (version && (version->kind != JSON_STRING ||
                    !schema_is_one_of(version->string, "2012-10-17|2008-10-17")))
        return "The policy must contain a valid version string";
    if (first_of(statements) == NULL)
        return "Could not parse the policy: Statement is empty!";
    for (const struct json *one = first_of(statements); one; one = next_of(statements, one)) {
        const char *problem = statement_problem(one, bucket);
        if (problem)
            return problem;
    }
    return NULL;
}

/* ---- public ---- */

static bool is_anybody(const struct json *principal)
{
    if (principal == NULL)
        return false;
    if (principal->kind == JSON_STRING)
        return str_is(principal->string, "*");
    const struct json *aws = json_member(principal, "AWS");
    for (const struct json *one = first_of(aws); one; one = next_of(aws, one))
        if (str_is(one->string, "*"))
            return true;
    return false;
}

static bool is_fixed(str value)
{
    return value.size > 0 && str_find_char(value, '*') == value.size &&
           str_find_char(value, '?') == value.size && str_find(value, STR("${")) == value.size;
}

/* AWS's list of keys that narrow a policy when they are compared with fixed values. */
static bool narrows(str key)
{
    return str_eq_nocase(key, STR("aws:SourceArn")) || str_eq_nocase(key, STR("aws:SourceVpc")) ||
           str_eq_nocase(key, STR("aws:SourceVpce")) ||
           str_eq_nocase(key, STR("aws:SourceOwner")) ||
           str_eq_nocase(key, STR("aws:SourceAccount")) || str_eq_nocase(key, STR("aws:userid")) ||
           str_eq_nocase(key, STR("aws:PrincipalArn")) ||
           str_eq_nocase(key, STR("aws:PrincipalOrgID")) ||
           str_eq_nocase(key, STR("aws:PrincipalAccount")) ||
           str_eq_nocase(key, STR("aws:SourceIp")) ||
           str_eq_nocase(key, STR("s3:x-amz-server-side-encryption-aws-kms-key-id")) ||
           str_eq_nocase(key, STR("s3:DataAccessPointAccount")) ||
           str_eq_nocase(key, STR("s3:DataAccessPointArn"));
}

/* "Broad" IP ranges do not narrow (AWS: wider than /8 for IPv4). */
static bool values_narrow(str key, const struct json *values)
{
    for (const struct json *one = first_of(values); one; one = next_of(values, one)) {
        str address, bits;
        uint64_t width;
        if (one->kind != JSON_STRING || !is_fixed(one->string))
            return false;
        if (str_eq_nocase(key, STR("aws:SourceIp")) && str_cut(one->string, '/', &address, &bits) &&
            str_to_u64(bits, &width) && width < 8)
            return false;
    }
    return first_of(values) != NULL;
}

static bool has_narrow_condition(const struct json *statement)
{
    const struct json *condition = json_member(statement, "Condition");
    for (const struct json *op = condition ? condition->child : NULL; op; op = op->next) {
        if (str_find(op->name, STR("Not")) < op->name.size)
            continue;
        for (const struct json *key = op->child; key; key = key->next)
            if (narrows(key->name) && values_narrow(key->name, key))
                return true;
    }
    return false;
}

bool bucket_policy_is_public(struct arena *arena, str text)
{
    struct json_error error;
    const struct json *policy = json_parse(arena, text, &error);
    const struct json *statements = json_member(policy, "Statement");
    for (const struct json *one = first_of(statements); one; one = next_of(statements, one))
        if (str_is(json_string(one, "Effect", STR_NONE), "Allow") &&
            (is_anybody(json_member(one, "Principal")) || json_member(one, "NotPrincipal")) &&
            !has_narrow_condition(one))
            return true;
    return false;
}
