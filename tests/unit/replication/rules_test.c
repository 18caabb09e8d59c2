/* repl_config_validate against AWS's refusals (aws-behaviour C.3), and the packed form. */
#include "replication/rules.h"

#include "base/limits.h"
#include "tests/unit/test.h"

#define ROLE "arn:aws:iam::123456789012:role/replication"
#define ARN "arn:aws:s3:::to"

static struct repl_rule v2_rule(void)
{
    return (struct repl_rule){
        .id = STR("one"),
        .has_priority = true,
        .priority = 1,
        .filter = REPL_FILTER_EMPTY,
        .status = REPL_ENABLED,
        .delete_markers = REPL_DISABLED,
        .destination = { .present = true, .bucket_arn = STR(ARN "-bucket") },
    };
}

static struct repl_rule v1_rule(const char *prefix)
{
    struct repl_rule rule = v2_rule();
    rule.filter = REPL_FILTER_ABSENT;
    rule.prefix = str_of(prefix);
    rule.prefix_in_rule = true;
    rule.has_priority = false;
    rule.delete_markers = REPL_ABSENT;
    return rule;
}

static struct repl_tag two_tags[] = { { { "a", 1 }, { "1", 1 } }, { { "b", 1 }, { "2", 1 } } };
static struct repl_tag same_tags[] = { { { "a", 1 }, { "1", 1 } }, { { "a", 1 }, { "2", 1 } } };

/* Each breaks one thing of a good pair of rules; the second rule is there for what needs two. */
typedef void spoil_fn(struct repl_config *config);

static void fine(struct repl_config *c)
{
    (void) c;
}
static void no_rules(struct repl_config *c)
{
    c->rule_count = 0;
}
static void no_role(struct repl_config *c)
{
    c->role = STR_NONE;
}
static void empty_role(struct repl_config *c)
{
    c->role = STR("");
}
static void user_as_role(struct repl_config *c)
{
    c->role = STR("arn:aws:iam::123456789012:user/x");
}
static void word_as_role(struct repl_config *c)
{
    c->role = STR("role");
}
static void bad_status(struct repl_config *c)
{
    c->rules[1].status = REPL_MALFORMED;
}
static void no_status(struct repl_config *c)
{
    c->rules[1].status = REPL_ABSENT;
}
static void no_destination(struct repl_config *c)
{
    c->rules[0].destination.present = false;
}
static void no_bucket(struct repl_config *c)
{
    c->rules[0].destination.bucket_arn = STR_NONE;
}
static void existing_objects(struct repl_config *c)
{
    c->rules[0].existing_objects = REPL_DISABLED;
}
static void bad_marker_status(struct repl_config *c)
{
    c->rules[0].delete_markers = REPL_MALFORMED;
}
static void negative_priority(struct repl_config *c)
{
    c->rules[0].priority = -1;
}
static void huge_priority(struct repl_config *c)
{
    c->rules[0].priority = 2147483648;
}
static void bad_class(struct repl_config *c)
{
    c->rules[0].destination.storage_class = STR("COLD");
}
static void two_filters(struct repl_config *c)
{
    c->rules[0].filter = REPL_FILTER_SEVERAL;
}
static void filter_and_prefix(struct repl_config *c)
{
    c->rules[0].prefix_in_rule = true;
}
static void and_of_nothing(struct repl_config *c)
{
    c->rules[0].filter = REPL_FILTER_AND;
}
static void and_of_one_tag(struct repl_config *c)
{
    c->rules[0].filter = REPL_FILTER_AND;
    c->rules[0].tags = two_tags;
    c->rules[0].tag_count = 1;
}
static void and_of_two_tags(struct repl_config *c)
{
    and_of_one_tag(c);
    c->rules[0].tag_count = 2;
}
static void and_of_prefix_and_tag(struct repl_config *c)
{
    and_of_one_tag(c);
    c->rules[0].prefix = STR("p/");
}
static void duplicate_tags(struct repl_config *c)
{
    and_of_two_tags(c);
    c->rules[0].tags = same_tags;
}
static void tag_and_markers(struct repl_config *c)
{
    and_of_one_tag(c);
    c->rules[0].filter = REPL_FILTER_TAG;
    c->rules[0].delete_markers = REPL_ENABLED;
}
static void no_markers_element(struct repl_config *c)
{
    c->rules[0].delete_markers = REPL_ABSENT;
}
static void v1_with_filter(struct repl_config *c)
{
    c->rules[1] = v1_rule("b");
}
static void all_v1(struct repl_config *c)
{
    c->rules[0] = v1_rule("a/");
    c->rules[1] = v1_rule("b/");
    c->rules[1].id = STR("two");
}
static void v1_priority(struct repl_config *c)
{
    all_v1(c);
    c->rules[0].has_priority = true;
}
static void v1_markers(struct repl_config *c)
{
    all_v1(c);
    c->rules[0].delete_markers = REPL_ENABLED;
}
static void v1_modifications(struct repl_config *c)
{
    all_v1(c);
    c->rules[1].replica_modifications = REPL_ENABLED;
}
static void v1_overlap(struct repl_config *c)
{
    all_v1(c);
    c->rules[0].prefix = STR("ab");
    c->rules[1].prefix = STR("a");
}
static void v1_two_destinations(struct repl_config *c)
{
    all_v1(c);
    c->rules[1].destination.bucket_arn = STR(ARN "-another");
}
static void v1_same_prefix(struct repl_config *c)
{
    all_v1(c);
    c->rules[1].prefix = STR("a/");
}
static void same_priority(struct repl_config *c)
{
    c->rules[1].priority = 1;
}
static void same_id(struct repl_config *c)
{
    c->rules[1].id = STR("one");
}
static void long_id(struct repl_config *c)
{
    static char text[LIMIT_RULE_ID_BYTES + 1];
    memset(text, 'x', sizeof text);
    c->rules[0].id = str_from(text, sizeof text);
}
static void longest_id(struct repl_config *c)
{
    long_id(c);
    c->rules[0].id.size--;
}
static void foreign_id(struct repl_config *c)
{
    c->rules[0].id = STR("caf\xc3\xa9");
}
static void to_itself(struct repl_config *c)
{
    c->rules[1].destination.bucket_arn = STR("arn:aws:s3:::from-bucket");
}
static void name_as_arn(struct repl_config *c)
{
    c->rules[0].destination.bucket_arn = STR("to-bucket");
}
static void object_arn(struct repl_config *c)
{
    c->rules[0].destination.bucket_arn = STR("arn:aws:s3:::to/x");
}
static void empty_arn(struct repl_config *c)
{
    c->rules[0].destination.bucket_arn = STR("");
}
static void kms_without_key(struct repl_config *c)
{
    c->rules[0].sse_kms = REPL_ENABLED;
}
static void key_without_kms(struct repl_config *c)
{
    c->rules[0].destination.has_encryption = true;
    c->rules[0].destination.kms_key = STR("arn:aws:kms:eu-west-1:1:key/none");
}
static void kms_and_key(struct repl_config *c)
{
    key_without_kms(c);
    c->rules[0].sse_kms = REPL_ENABLED;
}
static void kms_disabled(struct repl_config *c)
{
    c->rules[0].sse_kms = REPL_DISABLED;
}
static void owner_without_account(struct repl_config *c)
{
    c->rules[0].destination.has_translation = true;
    c->rules[0].destination.owner = STR("Destination");
}
static void owner_of_nobody(struct repl_config *c)
{
    owner_without_account(c);
    c->rules[0].destination.owner = STR("Somebody");
}
static void owner_and_account(struct repl_config *c)
{
    owner_without_account(c);
    c->rules[0].destination.account = STR("210987654321");
}
static void empty_account(struct repl_config *c)
{
    c->rules[0].destination.account = STR("");
}
static void rtc(struct repl_config *c)
{
    c->rules[0].destination.rtc = (struct repl_timed){ REPL_ENABLED, true, 15 };
    c->rules[0].destination.metrics = c->rules[0].destination.rtc;
}
static void rtc_without_metrics(struct repl_config *c)
{
    rtc(c);
    c->rules[0].destination.metrics = (struct repl_timed){ 0 };
}
static void rtc_and_other_metrics(struct repl_config *c)
{
    rtc(c);
    c->rules[0].destination.metrics.status = REPL_DISABLED;
}
static void rtc_of_ten_minutes(struct repl_config *c)
{
    rtc(c);
    c->rules[0].destination.rtc.minutes = 10;
}
static void rtc_without_threshold(struct repl_config *c)
{
    rtc(c);
    c->rules[0].destination.metrics.has_minutes = false;
}
static void metrics_alone(struct repl_config *c)
{
    c->rules[0].destination.metrics = (struct repl_timed){ .status = REPL_ENABLED };
}
static void metrics_of_ten_minutes(struct repl_config *c)
{
    c->rules[0].destination.metrics = (struct repl_timed){ REPL_ENABLED, true, 10 };
}
static void rtc_makes_v2(struct repl_config *c)
{
    rtc(c);
    c->rules[0].filter = REPL_FILTER_ABSENT;
    c->rules[0].prefix = STR("p/");
    c->rules[0].prefix_in_rule = true;
}

#define SCHEMA                                                                                     \
    "for this version of Cross Region Replication configuration schema. Please refer to S3 "       \
    "Developer Guide for more information."
#define MALFORMED                                                                                  \
    REPL_MALFORMED_XML, "The XML you provided was not well-formed or did not validate against "    \
                        "our published schema"

static const struct {
    int line;
    spoil_fn *spoil;
    enum repl_problem_code code;
    const char *message; /* NULL: accepted */
} judgements[] = {
    { __LINE__, fine, 0, NULL },
    { __LINE__, no_rules, MALFORMED },
    { __LINE__, no_role, MALFORMED },
    { __LINE__, empty_role, MALFORMED },
    { __LINE__, user_as_role, REPL_INVALID_ARGUMENT,
      "Invalid Role specified in replication configuration" },
    { __LINE__, word_as_role, REPL_INVALID_ARGUMENT,
      "Invalid Role specified in replication configuration" },
    { __LINE__, bad_status, MALFORMED },
    { __LINE__, no_status, MALFORMED },
    { __LINE__, no_destination, MALFORMED },
    { __LINE__, no_bucket, MALFORMED },
    { __LINE__, existing_objects, MALFORMED },
    { __LINE__, bad_marker_status, MALFORMED },
    { __LINE__, negative_priority, MALFORMED },
    { __LINE__, huge_priority, MALFORMED },
    { __LINE__, bad_class, MALFORMED },
    { __LINE__, two_filters, MALFORMED },
    { __LINE__, filter_and_prefix, MALFORMED },
    { __LINE__, and_of_nothing, MALFORMED },
    { __LINE__, and_of_one_tag, MALFORMED },
    { __LINE__, and_of_two_tags, 0, NULL },
    { __LINE__, and_of_prefix_and_tag, 0, NULL },
    { __LINE__, duplicate_tags, REPL_INVALID_REQUEST, "Duplicate Tag Keys are not allowed." },
    { __LINE__, tag_and_markers, REPL_INVALID_REQUEST,
      "Delete marker replication is not supported if any Tag filter is specified. Please refer "
      "to S3 Developer Guide for more information." },
    { __LINE__, no_markers_element, REPL_INVALID_REQUEST,
      "DeleteMarkerReplication must be specified " SCHEMA },
    { __LINE__, v1_with_filter, REPL_INVALID_REQUEST, "Filter cannot be used " SCHEMA },
    { __LINE__, all_v1, 0, NULL },
    { __LINE__, v1_priority, REPL_INVALID_REQUEST, "Priority cannot be used " SCHEMA },
    { __LINE__, v1_markers, REPL_INVALID_REQUEST,
      "DeleteMarkerReplication cannot be used " SCHEMA },
    { __LINE__, v1_modifications, REPL_INVALID_REQUEST,
      "ReplicaModifications cannot be used " SCHEMA },
    { __LINE__, v1_overlap, REPL_INVALID_REQUEST, "Found overlapping prefixes 'a' and 'ab'" },
    { __LINE__, v1_two_destinations, REPL_INVALID_REQUEST,
      "Number of distinct destination bucket ARNs cannot exceed 1" },
    { __LINE__, v1_same_prefix, REPL_INVALID_REQUEST, "Found overlapping prefixes 'a/' and 'a/'" },
    { __LINE__, same_priority, REPL_INVALID_REQUEST, "Found duplicate priority 1." },
    { __LINE__, same_id, REPL_INVALID_ARGUMENT, "Rule Id must be unique" },
    { __LINE__, long_id, REPL_INVALID_ARGUMENT, "The maximum length for a rule ID is 255" },
    { __LINE__, longest_id, 0, NULL },
    { __LINE__, foreign_id, REPL_INVALID_ARGUMENT,
      "The rule ID must only contain ASCII characters" },
    { __LINE__, to_itself, REPL_INVALID_REQUEST,
      "Destination bucket cannot be the same as the source bucket." },
    { __LINE__, name_as_arn, REPL_INVALID_ARGUMENT, "Invalid bucket ARN" },
    { __LINE__, object_arn, REPL_INVALID_ARGUMENT, "Invalid bucket ARN" },
    { __LINE__, empty_arn, REPL_INVALID_ARGUMENT, "Invalid bucket ARN" },
    { __LINE__, kms_without_key, REPL_INVALID_REQUEST,
      "ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present." },
    { __LINE__, key_without_kms, REPL_INVALID_REQUEST,
      "SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present." },
    { __LINE__, kms_and_key, 0, NULL }, /* the key does not exist: AWS accepts it too */
    { __LINE__, kms_disabled, 0, NULL },
    { __LINE__, owner_without_account, REPL_INVALID_REQUEST,
      "If the <Owner> in <AccessControlTranslation> has a value, the <Account> element must be "
      "specified." },
    { __LINE__, owner_of_nobody, MALFORMED },
    { __LINE__, owner_and_account, 0, NULL },
    { __LINE__, empty_account, REPL_INVALID_ARGUMENT,
      "The <Account> element is empty. It must contain a valid account ID." },
    { __LINE__, rtc, 0, NULL },
    { __LINE__, rtc_without_metrics, REPL_INVALID_REQUEST,
      "Replication destination must contain both ReplicationTime and Metrics, or neither, with "
      "the same Status" },
    { __LINE__, rtc_and_other_metrics, REPL_INVALID_REQUEST,
      "Replication destination must contain both ReplicationTime and Metrics, or neither, with "
      "the same Status" },
    { __LINE__, rtc_of_ten_minutes, REPL_INVALID_ARGUMENT,
      "The value of ReplicationTime must be 15 minutes" },
    { __LINE__, rtc_without_threshold, REPL_INVALID_ARGUMENT,
      "The value of EventThreshold must be 15 minutes" },
    { __LINE__, metrics_alone, 0, NULL },
    { __LINE__, metrics_of_ten_minutes, REPL_INVALID_ARGUMENT,
      "The value of EventThreshold must be 15 minutes" },
    { __LINE__, rtc_makes_v2, 0, NULL },
};

TEST(every_refusal_of_put_bucket_replication_that_needs_no_store)
{
    for (size_t i = 0; i < COUNT(judgements); i++) {
        struct arena *arena = arena_new();
        struct repl_rule rules[] = { v2_rule(), v2_rule() };
        rules[1].id = STR("two");
        rules[1].priority = 2;
        struct repl_config config = { .role = STR(ROLE), .rules = rules, .rule_count = 2 };
        const struct repl_context context = { .source_bucket = STR("from-bucket"), .strict = true };
        struct repl_problem problem;
        judgements[i].spoil(&config);
        bool valid = repl_config_validate(arena, &config, &context, &problem);
        if (valid != !judgements[i].message)
            fail_msg("line %d: %s \"%.*s\"", judgements[i].line, valid ? "accepted" : "refused",
                     STR_ARG(problem.message));
        if (!valid &&
            (problem.code != judgements[i].code || !str_is(problem.message, judgements[i].message)))
            fail_msg("line %d: code %d \"%.*s\"", judgements[i].line, (int) problem.code,
                     STR_ARG(problem.message));
        assert_false(problem.nonstandard_only);
        arena_free(arena);
    }
}

TEST(more_than_a_thousand_rules_are_refused)
{
    struct arena *arena = arena_new();
    struct repl_config config = { .role = STR(ROLE) };
    const struct repl_context context = { .source_bucket = STR("from-bucket") };
    struct repl_problem problem;
    config.rules = ARENA_ARRAY(arena, struct repl_rule, 1001);
    for (size_t i = 0; i < 1001; i++) {
        config.rules[i] = v2_rule();
        config.rules[i].id = STR_NONE;
        config.rules[i].priority = (int64_t) i;
    }
    config.rule_count = 1001;
    assert_false(repl_config_validate(arena, &config, &context, &problem));
    assert_int_equal(problem.code, REPL_INVALID_REQUEST);
    config.rule_count = 1000;
    assert_true(repl_config_validate(arena, &config, &context, &problem));
    arena_free(arena);
}

TEST(a_rule_without_priority_passes_marked_unless_strict)
{
    struct arena *arena = arena_new();
    struct repl_rule rules[] = { v2_rule(), v2_rule(), v2_rule() };
    rules[0].has_priority = rules[2].has_priority = false;
    rules[1].priority = 0;
    rules[0].id = rules[1].id = rules[2].id = STR_NONE;
    struct repl_config config = { .role = STR(ROLE), .rules = rules, .rule_count = 3 };
    struct repl_context context = { .source_bucket = STR("from-bucket") };
    struct repl_problem problem;
    assert_true(repl_config_validate(arena, &config, &context, &problem));
    assert_true(config.v2);
    assert_true(problem.nonstandard_only);
    assert_str(problem.nonstandard, "rule-without-priority");
    assert_int_equal(rules[0].priority, 1);
    assert_int_equal(rules[1].priority, 0);
    assert_int_equal(rules[2].priority, 2);
    assert_false(rules[0].has_priority);

    context.strict = true;
    assert_false(repl_config_validate(arena, &config, &context, &problem));
    assert_int_equal(problem.code, REPL_INVALID_REQUEST);
    assert_str(problem.message, "Priority must be specified " SCHEMA);
    arena_free(arena);
}

TEST(rules_without_an_id_get_distinct_ones_that_repeat)
{
    struct arena *arena = arena_new();
    struct repl_context context = { .source_bucket = STR("from-bucket") };
    struct repl_problem problem;
    str first[2];
    for (int round = 0; round < 2; round++) {
        struct repl_rule rules[] = { v2_rule(), v2_rule() };
        rules[0].id = STR("");
        rules[1].id = STR_NONE;
        rules[1].priority = 2;
        struct repl_config config = { .role = STR(ROLE), .rules = rules, .rule_count = 2 };
        assert_true(repl_config_validate(arena, &config, &context, &problem));
        assert_false(problem.nonstandard_only);
        assert_true(rules[0].id.size > 0 && !str_eq(rules[0].id, rules[1].id));
        first[round] = rules[0].id;
    }
    assert_true(str_eq(first[0], first[1]));
    arena_free(arena);
}

TEST(destinations_are_listed_once_and_located)
{
    struct arena *arena = arena_new();
    struct repl_rule rules[] = { v2_rule(), v2_rule(), v2_rule() };
    rules[1].destination.bucket_arn = STR("arn:aws-cn:s3:::other");
    rules[1].priority = 2;
    rules[2].priority = 3;
    rules[1].id = rules[2].id = STR_NONE;
    struct repl_config config = { .role = STR(ROLE), .rules = rules, .rule_count = 3 };
    struct repl_context context = { .source_bucket = STR("from-bucket") };
    struct repl_problem problem;
    assert_true(repl_config_validate(arena, &config, &context, &problem));
    struct repl_names names = repl_config_destinations(arena, &config);
    assert_int_equal(names.count, 2);
    assert_str(names.at[0], "to-bucket");
    assert_str(names.at[1], "other");
    repl_config_locate(&config, STR("to-bucket"), STR("eu-west-1"));
    assert_str(rules[2].destination.region, "eu-west-1");
    assert_false(str_is_set(rules[1].destination.region));
    arena_free(arena);
}

TEST(what_is_packed_comes_back)
{
    struct arena *arena = arena_new();
    struct repl_rule rules[] = { v2_rule(), v1_rule("p/") };
    rules[0].tags = two_tags;
    rules[0].tag_count = 2;
    rules[0].sse_kms = REPL_ENABLED;
    rules[0].replica_modifications = REPL_DISABLED;
    rules[0].destination.bucket = STR("to-bucket");
    rules[0].destination.region = STR("eu-west-1");
    rules[0].destination.storage_class = STR("GLACIER");
    rules[0].destination.account = STR("210987654321");
    rules[0].destination.has_translation = rules[0].destination.has_encryption = true;
    rules[0].destination.owner = STR("Destination");
    rules[0].destination.kms_key = STR("key");
    rules[0].destination.rtc = (struct repl_timed){ REPL_ENABLED, true, 15 };
    rules[0].destination.metrics = (struct repl_timed){ REPL_ENABLED, false, 0 };
    rules[0].priority = LIMIT_RULE_PRIORITY;
    struct repl_config config = { .v2 = true, .role = STR(ROLE), .rules = rules, .rule_count = 2 };
    str packed = repl_config_pack(arena, &config);
    struct repl_config back;
    assert_true(repl_config_unpack(arena, packed, &back));
    assert_true(back.v2 && back.rule_count == 2);
    assert_str(back.role, ROLE);
    const struct repl_rule *rule = &back.rules[0];
    assert_str(rule->id, "one");
    assert_int_equal(rule->priority, LIMIT_RULE_PRIORITY);
    assert_int_equal(rule->tag_count, 2);
    assert_str(rule->tags[1].value, "2");
    assert_int_equal(rule->sse_kms, REPL_ENABLED);
    assert_int_equal(rule->replica_modifications, REPL_DISABLED);
    assert_int_equal(rule->existing_objects, REPL_ABSENT);
    assert_str(rule->destination.region, "eu-west-1");
    assert_str(rule->destination.kms_key, "key");
    assert_int_equal(rule->destination.rtc.minutes, 15);
    assert_false(str_is_set(back.rules[1].destination.kms_key));
    assert_true(back.rules[1].prefix_in_rule);
    assert_str(back.rules[1].prefix, "p/");
    assert_true(str_eq(repl_config_pack(arena, &back), packed));

    for (size_t size = 0; size < packed.size; size++)
        assert_false(repl_config_unpack(arena, str_first(packed, size), &back));
    assert_false(repl_config_unpack(arena, str_format(arena, "%.*sx", STR_ARG(packed)), &back));
    arena_free(arena);
}
