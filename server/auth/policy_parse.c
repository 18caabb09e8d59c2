/* From JSON to a compiled policy, with AWS's words for what is wrong. The order of the judgements
 * is that of S3: the text, the version, then statement by statement. */
#include "base/json.h"
#include "base/limits.h"
#include "server/auth/policy_form.h"

struct parsing {
    struct arena *arena;
    struct policy *policy;
    str within; /* STR_NONE: any resource */
    bool variables;
    str *why;
};

static bool wrong(struct parsing *parsing, const char *why)
{
    *parsing->why = str_of(why);
    return false;
}

static bool wrong_name(struct parsing *parsing, const char *why, str name)
{
    *parsing->why = str_format(parsing->arena, "%s%.*s", why, STR_ARG(str_first(name, 256)));
    return false;
}

/* A member's values: one, or an array of them. */
static const struct json *first_of(const struct json *value)
{
    return value->kind == JSON_ARRAY ? value->child : value;
}

static const struct json *next_of(const struct json *value, const struct json *at)
{
    return value->kind == JSON_ARRAY ? at->next : NULL;
}

static size_t count_of(const struct json *value)
{
    return value->kind == JSON_ARRAY ? value->count : 1;
}

static bool members_are_known(struct parsing *parsing, const struct json *object, const char *known)
{
    for (const struct json *at = object->child; at; at = at->next) {
        str rest = str_of(known), word;
        bool found = false;
        while (!found && str_next(&rest, '|', &word))
            found = str_eq(word, at->name);
        if (!found)
            return wrong_name(parsing, "Unknown field ", at->name);
    }
    return true;
}

/* --- principals --- */

static bool is_account(str text)
{
    uint64_t number;
    return text.size == 12 && str_to_u64(text, &number);
}

/* "111122223333", "arn:aws:iam::111122223333:root", ":user/...", ":role/..." or a session's. */
static bool read_aws(str value, struct policy_named *out)
{
    str rest, account, resource, iam = STR("arn:aws:iam::"), sts = STR("arn:aws:sts::");
    if (str_is(value, "*")) {
        out->kind = PRINCIPAL_ANYBODY;
        return true;
    }
    *out = (struct policy_named){ PRINCIPAL_ACCOUNT, value };
    if (is_account(value))
        return true;
    if (!str_starts(value, iam) && !str_starts(value, sts))
        return false;
    rest = str_skip(value, iam.size);
    if (!str_cut(rest, ':', &account, &resource) || !is_account(account) || resource.size == 0 ||
        str_find_char(resource, '*') < resource.size)
        return false;
    bool root = str_is(resource, "root");
    *out =
        (struct policy_named){ root ? PRINCIPAL_ACCOUNT : PRINCIPAL_ARN, root ? account : value };
    return true;
}

static bool read_named(struct parsing *parsing, str kind, str value, struct policy_named *out)
{
    static const struct {
        const char *name;
        enum policy_principal_kind kind;
    } kinds[] = { { "CanonicalUser", PRINCIPAL_CANONICAL },
                  { "Service", PRINCIPAL_SERVICE },
                  { "Federated", PRINCIPAL_FEDERATED } };
    if (str_is(kind, "AWS"))
        return read_aws(value, out) || wrong(parsing, "Invalid principal in policy");
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (str_is(kind, kinds[i].name)) {
            *out = (struct policy_named){ kinds[i].kind, str_copy(parsing->arena, value) };
            return value.size > 0 || wrong(parsing, "Invalid principal in policy");
        }
    return wrong(parsing, "Invalid principal in policy");
}

static bool read_principal(struct parsing *parsing, const struct json *value,
                           struct policy_statement *out)
{
    size_t room = 1;
    if (value->kind == JSON_STRING && str_is(value->string, "*")) {
        out->principals = ARENA_NEW(parsing->arena, struct policy_named);
        out->principal_count = 1;
        return true;
    }
    if (value->kind != JSON_OBJECT || value->count == 0)
        return wrong(parsing, "Invalid policy syntax.");
    for (const struct json *kind = value->child; kind; kind = kind->next)
        room += count_of(kind);
    out->principals = ARENA_ARRAY(parsing->arena, struct policy_named, room);
    for (const struct json *kind = value->child; kind; kind = kind->next)
        for (const struct json *at = first_of(kind); at; at = next_of(kind, at)) {
            struct policy_named *named = &out->principals[out->principal_count];
            if (at->kind != JSON_STRING || !read_named(parsing, kind->name, at->string, named))
                return wrong(parsing, "Invalid principal in policy");
            named->value = str_copy(parsing->arena, named->value);
            out->principal_count++;
        }
    return true;
}

/* --- actions and resources --- */

/* "s3:GetObject", "s3:*", "*". */
static bool action_is_sound(str action)
{
    str service, name;
    if (str_is(action, "*"))
        return true;
    if (!str_cut(action, ':', &service, &name) || service.size == 0 || name.size == 0)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '*' && c != '?' && c != '-')
            return false;
    }
    return true;
}

static bool read_actions(struct parsing *parsing, const struct json *value,
                         struct policy_statement *out)
{
    out->actions = ARENA_ARRAY(parsing->arena, struct policy_pattern, count_of(value) + 1);
    for (const struct json *at = first_of(value); at; at = next_of(value, at)) {
        if (at->kind != JSON_STRING || !action_is_sound(at->string) ||
            /* AWS: a bucket's policy speaks of S3 only */
            (str_is_set(parsing->within) && !str_is(at->string, "*") &&
             !str_starts_nocase(at->string, STR("s3:"))))
            return wrong(parsing, "Policy has invalid action");
        out->actions[out->action_count++] = policy_match_compile(
            parsing->arena, str_lower(parsing->arena, at->string), true, false);
    }
    return out->action_count > 0 || wrong(parsing, "Missing required field Action");
}

/* A bucket's policy may name that bucket and what lies below it, in whatever wildcard. */
static bool resource_is_within(struct parsing *parsing, str resource)
{
    str within = parsing->within;
    if (!str_is_set(within))
        return str_is(resource, "*") || str_starts(resource, STR("arn:"));
    if (!str_starts(resource, STR("arn:")))
        return str_is(resource, "*");
    struct policy_question none = { .who = NULL };
    struct policy_run run = { &none, POLICY_STEPS };
    size_t slash = within.size;
    str head = str_starts(resource, within) ? str_first(resource, slash) : resource;
    str tail = str_starts(resource, within) ? str_skip(resource, slash) : STR("");
    if (head.size == slash && (tail.size == 0 || tail.ptr[0] == '/' || tail.ptr[0] == '*'))
        return true;
    str bucket = str_first(resource, str_find_char(resource, '/'));
    struct policy_pattern pattern = policy_match_compile(parsing->arena, bucket, true, false);
    return pattern.wild && policy_match_arn(&run, &pattern, within);
}

static bool read_resources(struct parsing *parsing, const struct json *value,
                           struct policy_statement *out)
{
    out->resources = ARENA_ARRAY(parsing->arena, struct policy_pattern, count_of(value) + 1);
    for (const struct json *at = first_of(value); at; at = next_of(value, at)) {
        if (at->kind != JSON_STRING || !resource_is_within(parsing, at->string))
            return wrong(parsing, "Policy has invalid resource");
        out->resources[out->resource_count++] =
            policy_match_compile(parsing->arena, at->string, true, parsing->variables);
    }
    return out->resource_count > 0 || wrong(parsing, "Missing required field Resource");
}

/* Actions of S3 that are about objects; all others are about buckets or the account. */
static bool is_about_objects(str action)
{
    static const char *const others[] = { "s3:abortmultipartupload", "s3:listmultipartuploadparts",
                                          "s3:bypassgovernanceretention", "s3:replicatetags",
                                          "s3:replicatedelete" };
    for (size_t i = 0; i < COUNT(others); i++)
        if (str_is(action, others[i]))
            return true;
    return str_find(action, STR("object")) < action.size &&
           str_find(action, STR("bucket")) == action.size;
}

/* AWS refuses an action none of whose possible resources is among those of the statement. */
static bool actions_have_resources(const struct parsing *parsing,
                                   const struct policy_statement *statement)
{
    bool buckets = statement->not_resource, objects = statement->not_resource;
    if (!str_is_set(parsing->within) || !str_starts(parsing->within, STR("arn:aws:s3:::")))
        return true;
    for (size_t i = 0; i < statement->resource_count; i++) {
        const struct policy_pattern *resource = &statement->resources[i];
        size_t slash = str_find_char(resource->text, '/');
        bool open = str_find_char(str_first(resource->text, slash), PATTERN_MANY) < slash ||
                    resource->variables;
        objects = objects || open || slash < resource->text.size;
        buckets = buckets || open || slash == resource->text.size;
    }
    for (size_t i = 0; i < statement->action_count && !statement->not_action; i++) {
        const struct policy_pattern *action = &statement->actions[i];
        if (!action->wild && !(is_about_objects(action->text) ? objects : buckets))
            return false;
    }
    return true;
}

/* --- conditions --- */

static str key_of(struct parsing *parsing, str name)
{
    size_t slash = str_find_char(name, '/');
    str lower = str_lower(parsing->arena, str_first(name, slash));
    return str_format(parsing->arena, "%.*s%.*s", STR_ARG(lower), STR_ARG(str_skip(name, slash)));
}

/* Policies write numbers and truth values with and without quotes. */
static bool value_text(struct parsing *parsing, const struct json *value, str *out)
{
    if (value->kind == JSON_BOOL)
        *out = value->boolean ? STR("true") : STR("false");
    else if (value->kind == JSON_NUMBER)
        *out = str_format(parsing->arena, "%.17g", value->number);
    else
        *out = value->string;
    return value->kind == JSON_STRING || value->kind == JSON_BOOL || value->kind == JSON_NUMBER;
}

static bool read_condition(struct parsing *parsing, const struct json *value,
                           struct policy_condition *out)
{
    str text;
    out->key = key_of(parsing, value->name);
    if (!policy_condition_key_is_known(out->key))
        return wrong(parsing, "Policy has an invalid condition key");
    out->operands = ARENA_ARRAY(parsing->arena, struct policy_operand, count_of(value) + 1);
    for (const struct json *at = first_of(value); at; at = next_of(value, at))
        if (!value_text(parsing, at, &text) ||
            !policy_condition_operand(parsing->arena, out->test, parsing->variables, text,
                                      &out->operands[out->count++]))
            return wrong_name(parsing, "Invalid value for condition ", value->name);
    return true;
}

static bool read_conditions(struct parsing *parsing, const struct json *value,
                            struct policy_statement *out)
{
    size_t count = 0;
    if (value->kind != JSON_OBJECT)
        return wrong(parsing, "Invalid policy syntax.");
    for (const struct json *operator= value->child; operator; operator= operator->next)
        count += operator->count;
    out->conditions = ARENA_ARRAY(parsing->arena, struct policy_condition, count + 1);
    for (const struct json *operator= value->child; operator; operator= operator->next) {
        struct policy_condition form = { .count = 0 };
        if (!policy_condition_operator(operator->name, &form) || operator->kind != JSON_OBJECT)
            return wrong_name(parsing, "Invalid Condition type : ", operator->name);
        for (const struct json *key = operator->child; key; key = key->next) {
            struct policy_condition *condition = &out->conditions[out->condition_count++];
            *condition = form;
            if (!read_condition(parsing, key, condition))
                return false;
        }
    }
    return true;
}

/* --- statements --- */

static bool read_effect(struct parsing *parsing, const struct json *statement,
                        struct policy_statement *out)
{
    const struct json *effect = json_member(statement, "Effect");
    if (effect == NULL)
        return wrong(parsing, "Missing required field Effect");
    if (effect->kind != JSON_STRING)
        return wrong(parsing, "Invalid policy syntax.");
    if (!str_is(effect->string, "Allow") && !str_is(effect->string, "Deny"))
        return wrong_name(parsing, "Invalid effect: ", effect->string);
    out->deny = str_is(effect->string, "Deny");
    return true;
}

/* One of two members that exclude each other; *negated says which it was. */
static const struct json *either(const struct json *statement, const char *name,
                                 const char *negative, bool *negated)
{
    const struct json *plain = json_member(statement, name),
                      *other = json_member(statement, negative);
    *negated = other != NULL;
    return plain && other ? NULL : plain ? plain : other;
}

static bool read_who(struct parsing *parsing, const struct json *statement,
                     struct policy_statement *out)
{
    const struct json *who = either(statement, "Principal", "NotPrincipal", &out->not_principal);
    if (parsing->policy->kind == POLICY_IDENTITY)
        return who == NULL || wrong(parsing, "Policy document should not specify a principal.");
    if (who == NULL)
        return wrong(parsing, "Missing required field Principal");
    return read_principal(parsing, who, out);
}

static bool read_what(struct parsing *parsing, const struct json *statement,
                      struct policy_statement *out)
{
    const struct json *actions = either(statement, "Action", "NotAction", &out->not_action);
    const struct json *resources = either(statement, "Resource", "NotResource", &out->not_resource);
    if (actions == NULL)
        return wrong(parsing, "Missing required field Action");
    if (!read_actions(parsing, actions, out))
        return false;
    if (parsing->policy->kind == POLICY_TRUST)
        return resources == NULL || wrong(parsing, "Has prohibited field Resource");
    if (resources == NULL)
        return wrong(parsing, "Missing required field Resource");
    if (!read_resources(parsing, resources, out))
        return false;
    return actions_have_resources(parsing, out) ||
           wrong(parsing, "Action does not apply to any resource(s) in statement");
}

static bool read_statement(struct parsing *parsing, const struct json *value,
                           struct policy_statement *out)
{
    const struct json *conditions = json_member(value, "Condition");
    if (value->kind != JSON_OBJECT)
        return wrong(parsing, "Invalid policy syntax.");
    if (!members_are_known(parsing, value,
                           "Sid|Effect|Principal|NotPrincipal|Action|NotAction|Resource|"
                           "NotResource|Condition"))
        return false;
    out->sid = str_copy(parsing->arena, json_string(value, "Sid", STR("")));
    return read_effect(parsing, value, out) && read_who(parsing, value, out) &&
           read_what(parsing, value, out) &&
           (conditions == NULL || read_conditions(parsing, conditions, out));
}

static bool sids_differ(const struct policy *policy)
{
    for (size_t i = 0; i < policy->count; i++)
        for (size_t j = 0; j < i; j++)
            if (policy->statements[i].sid.size > 0 &&
                str_eq(policy->statements[i].sid, policy->statements[j].sid))
                return false;
    return true;
}

static bool read_policy(struct parsing *parsing, const struct json *root)
{
    struct policy *policy = parsing->policy;
    const struct json *statements = json_member(root, "Statement");
    str version = json_string(root, "Version", STR("2008-10-17"));
    parsing->variables = str_is(version, "2012-10-17");
    if (!members_are_known(parsing, root, "Version|Id|Statement"))
        return false;
    if (!parsing->variables && !str_is(version, "2008-10-17"))
        return wrong(parsing, "The policy must contain a valid version string");
    if (statements == NULL)
        return wrong(parsing, "Missing required field Statement");
    if (count_of(statements) == 0)
        return wrong(parsing, "Could not parse the policy: Statement is empty!");
    policy->statements = ARENA_ARRAY(parsing->arena, struct policy_statement, count_of(statements));
    for (const struct json *at = first_of(statements); at; at = next_of(statements, at))
        if (!read_statement(parsing, at, &policy->statements[policy->count++]))
            return false;
    return sids_differ(policy) ||
           wrong(parsing, "Statement IDs (SID) in a single policy must be unique.");
}

const struct policy *policy_parse(struct arena *arena, str text, enum policy_kind kind, str within,
                                  str *why)
{
    struct policy *policy = ARENA_NEW(arena, struct policy);
    struct parsing parsing = { arena, policy, within, false, why };
    struct json_error error;
    policy->kind = kind;
    *why = STR("Policies must be valid JSON and the first byte must be '{'");
    if (text.size == 0 || text.ptr[0] != '{')
        return NULL;
    if (text.size > LIMIT_POLICY_BYTES) {
        *why = STR("Policy exceeds the maximum allowed document size.");
        return NULL;
    }
    const struct json *root = json_parse(arena, text, &error);
    if (root == NULL || root->kind != JSON_OBJECT) {
        *why = STR("This policy contains invalid Json");
        return NULL;
    }
    return read_policy(&parsing, root) ? policy : NULL;
}
