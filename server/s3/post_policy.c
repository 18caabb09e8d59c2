/* POST policies. Names compare without case, values exactly; every field must be covered by some
 * condition, the few that make up the signature excepted. */
#include "server/s3/post_policy.h"

#include "base/arena.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/limits.h"

static struct post_problem invalid(struct arena *arena, const char *what)
{
    return (struct post_problem){ S3_InvalidPolicyDocument,
                                  str_format(arena, "Invalid Policy: %s", what) };
}

static struct post_problem denied(struct arena *arena, str what)
{
    return (struct post_problem){
        S3_AccessDenied, str_format(arena, "Invalid according to Policy: %.*s", STR_ARG(what))
    };
}

/* Strings and numbers alike, as AWS quotes them back. */
static str text_of(struct arena *arena, const struct json *value)
{
    if (value && value->kind == JSON_STRING)
        return value->string;
    if (value && value->kind == JSON_NUMBER)
        return str_format(arena, "%.0f", value->number);
    return STR_NONE;
}

static bool is_list(const struct json *condition)
{
    return condition->kind == JSON_ARRAY;
}

static bool is_range(struct arena *arena, const struct json *condition)
{
    return is_list(condition) && condition->child &&
           str_eq_nocase(text_of(arena, condition->child), STR("content-length-range"));
}

static struct post_problem condition_failed(struct arena *arena, str op, str name, str value)
{
    struct buf buf;
    buf_init_arena(&buf, arena, LIMIT_FORM_BYTES * 8);
    buf_add(&buf, STR("Policy Condition failed: ["));
    json_quote(&buf, op);
    buf_add(&buf, STR(", "));
    json_quote(&buf, name);
    buf_add(&buf, STR(", "));
    json_quote(&buf, value);
    buf_add_char(&buf, ']');
    return denied(arena, buf_str(&buf));
}

static struct post_problem read_range(struct arena *arena, const struct json *condition,
                                      struct post_policy *out)
{
    if (condition->count != 3)
        return invalid(arena, "content-length-range must have exactly two arguments.");
    str least = text_of(arena, condition->child->next);
    str most = text_of(arena, condition->child->next->next);
    uint64_t from, to;
    int64_t negative;
    if ((str_to_i64(least, &negative) && negative < 0) ||
        (str_to_i64(most, &negative) && negative < 0))
        return invalid(arena, "content-length-range must not be negative.");
    if (!str_to_u64(least, &from) || !str_to_u64(most, &to))
        return condition_failed(arena, condition->child->string, least, most);
    if (!out->has_range || from > out->least_bytes)
        out->least_bytes = from;
    if (!out->has_range || to < out->most_bytes)
        out->most_bytes = to;
    out->has_range = true;
    return (struct post_problem){ S3_OK, STR_NONE };
}

/* Its form alone. */
static struct post_problem check_condition(struct arena *arena, const struct json *condition)
{
    const struct post_problem fine = { S3_OK, STR_NONE };
    if (condition->kind == JSON_OBJECT)
        return condition->count == 1 && str_is_set(text_of(arena, condition->child))
                   ? fine
                   : invalid(arena, "Invalid Simple-Condition: Simple-Conditions must have exactly "
                                    "one property specified.");
    if (!is_list(condition) || condition->child == NULL || condition->child->kind != JSON_STRING)
        return invalid(arena, "Invalid Condition: a condition is an object or a list.");
    if (is_range(arena, condition))
        return fine;
    str op = condition->child->string;
    if (!str_eq_nocase(op, STR("eq")) && !str_eq_nocase(op, STR("starts-with")))
        return invalid(arena, "Invalid Condition: unknown operation.");
    return condition->count == 3 && condition->child->next->kind == JSON_STRING &&
                   str_is_set(text_of(arena, condition->child->next->next))
               ? fine
               : invalid(arena, "Invalid Condition: wrong number of arguments.");
}

struct post_problem post_policy_read(struct arena *arena, str text, struct post_policy *out)
{
    struct json_error error;
    str document;
    *out = (struct post_policy){ .conditions = NULL };
    if (!decode_base64(arena, text, &document))
        return invalid(arena, "Invalid Base64.");
    const struct json *root = json_parse(arena, document, &error);
    if (root == NULL || root->kind != JSON_OBJECT)
        return invalid(arena, "Invalid JSON.");
    str expiration = json_string(root, "expiration", STR_NONE);
    const struct json *conditions = json_member(root, "conditions");
    if (!str_is_set(expiration))
        return invalid(arena, "Policy missing expiration.");
    if (!instant_parse_iso8601(expiration, &out->expires))
        return invalid(arena, str_c(arena, str_format(arena, "Invalid 'expiration' value: '%.*s'",
                                                      STR_ARG(str_first(expiration, 128)))));
    if (conditions == NULL || conditions->kind != JSON_ARRAY)
        return invalid(arena, "Policy missing conditions.");
    for (const struct json *at = conditions->child; at; at = at->next) {
        struct post_problem problem = check_condition(arena, at);
        if (problem.code == S3_OK && is_range(arena, at))
            problem = read_range(arena, at, out);
        if (problem.code != S3_OK)
            return problem;
    }
    out->conditions = conditions;
    return (struct post_problem){ S3_OK, STR_NONE };
}

struct condition {
    str op, name, value; /* name with its '$' */
};

static struct condition condition_of(struct arena *arena, const struct json *json)
{
    if (json->kind == JSON_OBJECT)
        return (struct condition){ STR("eq"),
                                   str_format(arena, "$%.*s", STR_ARG(json->child->name)),
                                   text_of(arena, json->child) };
    return (struct condition){ json->child->string, json->child->next->string,
                               text_of(arena, json->child->next->next) };
}

static bool holds(const struct condition *condition, str value)
{
    return str_eq_nocase(condition->op, STR("eq")) ? str_eq(value, condition->value)
                                                   : str_starts(value, condition->value);
}

static bool names(const struct condition *condition, str field)
{
    return condition->name.size > 0 && condition->name.ptr[0] == '$' &&
           str_eq_nocase(str_skip(condition->name, 1), field);
}

/* A field that is not there is empty: starts-with "" asks for nothing. */
static bool is_obeyed(const struct condition *condition, const struct fields *form)
{
    bool seen = false;
    for (size_t i = 0; i < form->count; i++) {
        if (!names(condition, form->at[i].name))
            continue;
        seen = true;
        if (!holds(condition, form->at[i].value))
            return false;
    }
    return seen || (condition->name.size > 0 && condition->name.ptr[0] == '$' &&
                    condition->value.size == 0 && str_eq_nocase(condition->op, STR("starts-with")));
}

/* AWS: "Each form field that you specify in a form (except x-amz-signature, file, policy, and field
 * names that have an x-ignore- prefix) must appear in the list of conditions"; the access key and
 * signature of Version 2 neither. Checksums may be left out: who fills in the form computes them.
 */
static bool needs_condition(str name)
{
    static const char *const free[] = { "policy", "signature", "x-amz-signature", "awsaccesskeyid",
                                        "file" };
    for (size_t i = 0; i < COUNT(free); i++)
        if (str_eq_nocase(name, str_of(free[i])))
            return false;
    return !str_starts_nocase(name, STR("x-ignore-")) &&
           !str_starts_nocase(name, STR("x-amz-checksum-"));
}

static bool is_covered(struct arena *arena, const struct json *conditions, str name)
{
    for (const struct json *at = conditions->child; at; at = at->next) {
        if (is_range(arena, at))
            continue;
        struct condition condition = condition_of(arena, at);
        if (names(&condition, name))
            return true;
    }
    return !needs_condition(name);
}

struct post_problem post_policy_judge(struct arena *arena, const struct post_policy *policy,
                                      const struct fields *form, instant now)
{
    if (!instant_before(now, policy->expires))
        return denied(arena, STR("Policy expired."));
    for (const struct json *at = policy->conditions->child; at; at = at->next) {
        if (is_range(arena, at))
            continue;
        struct condition condition = condition_of(arena, at);
        if (!is_obeyed(&condition, form))
            return condition_failed(arena, condition.op, condition.name, condition.value);
    }
    struct buf extra;
    buf_init_arena(&extra, arena, LIMIT_FORM_BYTES);
    for (size_t i = 0; i < form->count; i++)
        if (!is_covered(arena, policy->conditions, form->at[i].name)) {
            buf_add(&extra, extra.size > 0 ? STR(", ") : STR("Extra input fields: "));
            buf_add(&extra, str_lower(arena, form->at[i].name));
        }
    return extra.size > 0 ? denied(arena, buf_str(&extra))
                          : (struct post_problem){ S3_OK, STR_NONE };
}
