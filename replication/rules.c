/* Judging a replication configuration as S3 does: first its shape (MalformedXML), then role and
 * number of rules, then each rule, then the rules among each other. The words are AWS's where they
 * are known (aws-behaviour C.3 says how well), since clients and people search for them. */
#include "replication/rules.h"

#include "base/limits.h"
#include "base/rng.h"

#define GUIDE " Please refer to S3 Developer Guide for more information."
#define SCHEMA "for this version of Cross Region Replication configuration schema." GUIDE

static const char malformed[] =
    "The XML you provided was not well-formed or did not validate against our published schema";

struct judge {
    struct arena *arena;
    struct repl_config *config;
    const struct repl_context *context;
    struct repl_problem *out;
};

static bool refuse(const struct judge *judge, enum repl_problem_code code, str message)
{
    *judge->out = (struct repl_problem){ .code = code, .message = message };
    return false;
}

static bool invalid(const struct judge *judge, const char *message)
{
    return refuse(judge, REPL_INVALID_REQUEST, str_of(message));
}

static bool argument(const struct judge *judge, const char *message)
{
    return refuse(judge, REPL_INVALID_ARGUMENT, str_of(message));
}

/* -- shape ------------------------------------------------------------------------------------ */

static bool storage_class_known(str name)
{
    static const char *const known[] = {
        "STANDARD",        "REDUCED_REDUNDANCY", "STANDARD_IA",         "ONEZONE_IA", "GLACIER",
        "DEEP_ARCHIVE",    "OUTPOSTS",           "INTELLIGENT_TIERING", "GLACIER_IR", "SNOW",
        "EXPRESS_ONEZONE",
    };
    for (size_t i = 0; i < COUNT(known); i++)
        if (str_is(name, known[i]))
            return true;
    return false;
}

static bool destination_is_shaped(const struct repl_destination *to)
{
    if (!to->present || !str_is_set(to->bucket_arn))
        return false;
    if (str_is_set(to->storage_class) && !storage_class_known(to->storage_class))
        return false;
    if (to->has_translation && !str_is(to->owner, "Destination"))
        return false;
    return to->rtc.status != REPL_MALFORMED && to->metrics.status != REPL_MALFORMED;
}

/* "A rule's filter must have exactly one Prefix, Tag, or And" (API reference,
 * ReplicationRuleFilter); an And with fewer than two predicates is no And. */
static bool filter_is_shaped(const struct repl_rule *rule)
{
    if (rule->filter == REPL_FILTER_SEVERAL)
        return false;
    if (rule->filter != REPL_FILTER_ABSENT && rule->prefix_in_rule)
        return false;
    if (rule->filter == REPL_FILTER_AND)
        return rule->tag_count + (str_is_set(rule->prefix) ? 1 : 0) >= 2;
    return true;
}

static bool rule_is_shaped(const struct repl_rule *rule)
{
    if (rule->status != REPL_ENABLED && rule->status != REPL_DISABLED)
        return false;
    if (rule->has_priority && (rule->priority < 0 || rule->priority > LIMIT_RULE_PRIORITY))
        return false;
    /* "Amazon S3 doesn't support the ExistingObjectReplication ... returns MalformedXML". */
    if (rule->existing_objects != REPL_ABSENT)
        return false;
    if (rule->sse_kms == REPL_MALFORMED || rule->replica_modifications == REPL_MALFORMED ||
        rule->delete_markers == REPL_MALFORMED)
        return false;
    return filter_is_shaped(rule) && destination_is_shaped(&rule->destination);
}

static bool check_shape(const struct judge *judge)
{
    const struct repl_config *config = judge->config;
    bool shaped = str_is_set(config->role) && config->role.size > 0 && config->rule_count > 0;
    for (size_t i = 0; shaped && i < config->rule_count; i++)
        shaped = rule_is_shaped(&config->rules[i]);
    return shaped || refuse(judge, REPL_MALFORMED_XML, str_of(malformed));
}

/* -- role and number -------------------------------------------------------------------------- */

static bool role_is_valid(str role)
{
    str arn, partition, service, region, account;
    return str_next(&role, ':', &arn) && str_is(arn, "arn") && str_next(&role, ':', &partition) &&
           str_starts(partition, STR("aws")) && str_next(&role, ':', &service) &&
           str_is(service, "iam") && str_next(&role, ':', &region) && region.size == 0 &&
           str_next(&role, ':', &account) && account.size > 0 && str_starts(role, STR("role/")) &&
           role.size > 5;
}

static bool check_role(const struct judge *judge)
{
    return role_is_valid(judge->config->role) ||
           argument(judge, "Invalid Role specified in replication configuration");
}

static bool check_rule_count(const struct judge *judge)
{
    return judge->config->rule_count <= LIMIT_REPLICATION_RULES ||
           invalid(judge, "The number of replication rules must not exceed the allowed limit of "
                          "1000 rules.");
}

/* -- one rule --------------------------------------------------------------------------------- */

typedef bool rule_check(const struct judge *judge, struct repl_rule *rule);

static bool check_id(const struct judge *judge, struct repl_rule *rule)
{
    if (rule->id.size > LIMIT_RULE_ID_BYTES)
        return argument(judge, "The maximum length for a rule ID is 255");
    for (size_t i = 0; i < rule->id.size; i++)
        if ((unsigned char) rule->id.ptr[i] > 0x7e || (unsigned char) rule->id.ptr[i] < 0x20)
            return argument(judge, "The rule ID must only contain ASCII characters");
    return true;
}

static bool check_schema_v1(const struct judge *judge, const struct repl_rule *rule)
{
    if (rule->filter != REPL_FILTER_ABSENT)
        return invalid(judge, "Filter cannot be used " SCHEMA);
    if (rule->has_priority)
        return invalid(judge, "Priority cannot be used " SCHEMA);
    if (rule->delete_markers != REPL_ABSENT)
        return invalid(judge, "DeleteMarkerReplication cannot be used " SCHEMA);
    if (rule->replica_modifications != REPL_ABSENT)
        return invalid(judge, "ReplicaModifications cannot be used " SCHEMA);
    return true;
}

static bool check_schema(const struct judge *judge, struct repl_rule *rule)
{
    if (!judge->config->v2)
        return check_schema_v1(judge, rule);
    if (!rule->has_priority && judge->context->strict)
        return invalid(judge, "Priority must be specified " SCHEMA);
    if (rule->delete_markers == REPL_ABSENT)
        return invalid(judge, "DeleteMarkerReplication must be specified " SCHEMA);
    return true;
}

static bool check_filter(const struct judge *judge, struct repl_rule *rule)
{
    if (rule->prefix.size > LIMIT_KEY_BYTES)
        return invalid(judge, "The maximum size of a prefix is 1024.");
    for (size_t i = 0; i < rule->tag_count; i++) {
        const struct repl_tag *tag = &rule->tags[i];
        if (tag->key.size == 0)
            return invalid(judge, "The TagKey you have provided is invalid");
        for (size_t j = 0; j < i; j++)
            if (str_eq(tag->key, rule->tags[j].key))
                return invalid(judge, "Duplicate Tag Keys are not allowed.");
    }
    if (rule->tag_count > 0 && rule->delete_markers == REPL_ENABLED)
        return invalid(judge, "Delete marker replication is not supported if any Tag filter is "
                              "specified." GUIDE);
    return true;
}

static bool bucket_name_is_plausible(str name)
{
    if (name.size < 3 || name.size > 63)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.ptr[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                    c == '_' || (c >= 'A' && c <= 'Z'); /* old us-east-1 names */
        if (!fine)
            return false;
    }
    return true;
}

/* "arn:aws:s3:::name". */
static bool bucket_of_arn(str arn, str *name)
{
    static const char *const heads[] = { "arn", NULL, "s3", "", "" };
    for (size_t i = 0; i < COUNT(heads); i++) {
        str piece;
        if (!str_cut(arn, ':', &piece, &arn))
            return false;
        if (heads[i] ? !str_is(piece, heads[i]) : !str_starts(piece, STR("aws")))
            return false;
    }
    *name = arn;
    return bucket_name_is_plausible(arn);
}

static bool check_destination(const struct judge *judge, struct repl_rule *rule)
{
    struct repl_destination *to = &rule->destination;
    if (!bucket_of_arn(to->bucket_arn, &to->bucket))
        return argument(judge, "Invalid bucket ARN");
    if (str_eq(to->bucket, judge->context->source_bucket))
        return invalid(judge, "Destination bucket cannot be the same as the source bucket.");
    return true;
}

static bool account_is_valid(str account)
{
    uint64_t number;
    return account.size == 12 && str_to_u64(account, &number);
}

static bool check_owner(const struct judge *judge, struct repl_rule *rule)
{
    const struct repl_destination *to = &rule->destination;
    if (to->has_translation && !str_is_set(to->account))
        return invalid(judge, "If the <Owner> in <AccessControlTranslation> has a value, the "
                              "<Account> element must be specified.");
    if (str_is_set(to->account) && !account_is_valid(to->account))
        return argument(judge, "The <Account> element is empty. It must contain a valid account "
                               "ID.");
    return true;
}

static bool check_kms(const struct judge *judge, struct repl_rule *rule)
{
    const struct repl_destination *to = &rule->destination;
    bool has_key = to->has_encryption && to->kms_key.size > 0;
    if (rule->sse_kms == REPL_ENABLED && !has_key)
        return invalid(judge, "ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is "
                              "present.");
    if (to->has_encryption && rule->sse_kms == REPL_ABSENT)
        return invalid(judge, "SseKmsEncryptedObjects must be specified if EncryptionConfiguration "
                              "is present.");
    return true;
}

/* "Replication must contain both ReplicationTime and Metrics, or neither", the same status; but
 * metrics alone are allowed since 2021 ("you can enable S3 Replication metrics independently of
 * S3 RTC", Using S3 Replication metrics). */
static bool check_rtc(const struct judge *judge, struct repl_rule *rule)
{
    const struct repl_timed *rtc = &rule->destination.rtc;
    const struct repl_timed *metrics = &rule->destination.metrics;
    if (rtc->status == REPL_ABSENT) {
        if (metrics->has_minutes && metrics->minutes != 15)
            return argument(judge, "The value of EventThreshold must be 15 minutes");
        return true;
    }
    if (metrics->status != rtc->status)
        return invalid(judge, "Replication destination must contain both ReplicationTime and "
                              "Metrics, or neither, with the same Status");
    if (!rtc->has_minutes || rtc->minutes != 15)
        return argument(judge, "The value of ReplicationTime must be 15 minutes");
    if (!metrics->has_minutes || metrics->minutes != 15)
        return argument(judge, "The value of EventThreshold must be 15 minutes");
    return true;
}

static bool check_rules(const struct judge *judge)
{
    static rule_check *const checks[] = { check_id,          check_schema, check_filter,
                                          check_destination, check_owner,  check_kms,
                                          check_rtc };
    for (size_t i = 0; i < judge->config->rule_count; i++)
        for (size_t j = 0; j < COUNT(checks); j++)
            if (!checks[j](judge, &judge->config->rules[i]))
                return false;
    return true;
}

/* -- rules among each other ------------------------------------------------------------------- */

static bool check_pair(const struct judge *judge, const struct repl_rule *a,
                       const struct repl_rule *b)
{
    if (a->id.size > 0 && str_eq(a->id, b->id))
        return argument(judge, "Rule Id must be unique");
    if (a->has_priority && b->has_priority && a->priority == b->priority)
        return refuse(
            judge, REPL_INVALID_REQUEST,
            str_format(judge->arena, "Found duplicate priority %lld.", (long long) a->priority));
    if (judge->config->v2)
        return true;
    /* The old schema knows one destination; people meet this when they forget a Filter. */
    if (!str_eq(a->destination.bucket, b->destination.bucket))
        return invalid(judge, "Number of distinct destination bucket ARNs cannot exceed 1");
    const struct repl_rule *shorter = a->prefix.size <= b->prefix.size ? a : b;
    const struct repl_rule *longer = shorter == a ? b : a;
    if (!str_starts(longer->prefix, shorter->prefix))
        return true;
    return refuse(judge, REPL_INVALID_REQUEST,
                  str_format(judge->arena, "Found overlapping prefixes '%.*s' and '%.*s'",
                             STR_ARG(shorter->prefix), STR_ARG(longer->prefix)));
}

static bool check_pairs(const struct judge *judge)
{
    const struct repl_config *config = judge->config;
    for (size_t i = 1; i < config->rule_count; i++)
        for (size_t j = 0; j < i; j++)
            if (!check_pair(judge, &config->rules[j], &config->rules[i]))
                return false;
    return true;
}

/* V2 = rules with Filter, or with ReplicationTime; one V1 rule makes the whole text V1. */
static bool is_v2(const struct repl_config *config)
{
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct repl_rule *rule = &config->rules[i];
        if (rule->filter == REPL_FILTER_ABSENT && rule->destination.rtc.status == REPL_ABSENT)
            return false;
    }
    return true;
}

/* -- what is filled in ------------------------------------------------------------------------ */

static bool id_is_taken(const struct repl_config *config, str id)
{
    for (size_t i = 0; i < config->rule_count; i++)
        if (str_eq(config->rules[i].id, id))
            return true;
    return false;
}

/* S3 makes an id for a rule without one; ours follows from the rule, so that runs repeat. */
static void make_ids(struct arena *arena, struct repl_config *config)
{
    for (size_t i = 0; i < config->rule_count; i++) {
        struct repl_rule *rule = &config->rules[i];
        uint64_t salt = i;
        while (rule->id.size == 0) {
            str from = str_format(arena, "%.*s %.*s %llu", STR_ARG(rule->destination.bucket),
                                  STR_ARG(rule->prefix), (unsigned long long) salt);
            str id = str_format(arena, "%016llx", (unsigned long long) rng_hash(from));
            if (!id_is_taken(config, id))
                rule->id = id;
            salt += config->rule_count;
        }
    }
}

static bool priority_is_taken(const struct repl_config *config, int64_t priority)
{
    for (size_t i = 0; i < config->rule_count; i++)
        if (config->rules[i].has_priority && config->rules[i].priority == priority)
            return true;
    return false;
}

/* Of rules that say nothing, the later one wins, as a bigger number does. */
static bool make_priorities(struct repl_config *config)
{
    bool any = false;
    int64_t next = 0;
    for (size_t i = 0; i < config->rule_count; i++) {
        if (config->rules[i].has_priority)
            continue;
        while (priority_is_taken(config, next))
            next++;
        config->rules[i].priority = next++;
        any = true;
    }
    return any;
}

bool repl_config_validate(struct arena *arena, struct repl_config *config,
                          const struct repl_context *context, struct repl_problem *out)
{
    *out = (struct repl_problem){ 0 };
    config->v2 = is_v2(config);
    const struct judge judge = { arena, config, context, out };
    if (!check_shape(&judge) || !check_role(&judge) || !check_rule_count(&judge) ||
        !check_rules(&judge) || !check_pairs(&judge))
        return false;
    make_ids(arena, config);
    if (make_priorities(config) && config->v2) {
        out->nonstandard_only = true;
        out->nonstandard = STR(REPL_NONSTANDARD_NO_PRIORITY);
        out->code = REPL_INVALID_REQUEST;
        out->message = STR("Priority must be specified " SCHEMA);
    }
    return true;
}
