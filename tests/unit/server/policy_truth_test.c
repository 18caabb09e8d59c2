/* Policies as AWS reads them: the truth table, what is no policy, what is public, and the bounds.
 */
#include "base/clock.h"
#include "base/fields.h"
#include "server/auth/policy.h"
#include "tests/unit/server/policy_truth_rows.h"
#include "tests/unit/test.h"

/* --- the harness --- */

struct asked {
    struct arena *arena;
    struct fields values; /* key, value; several of a key are several values */
};

static bool value_of(void *ctx, str key, struct policy_values *out)
{
    struct asked *asked = ctx;
    str *values = ARENA_ARRAY(asked->arena, str, asked->values.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < asked->values.count; i++)
        if (str_eq(asked->values.at[i].name, key))
            values[count++] = asked->values.at[i].value;
    *out = (struct policy_values){ values, count };
    return count > 0;
}

static const struct {
    const char *name;
    struct policy_principal who;
} people[] = {
    { "alice",
      { .account = { "111122223333", 12 },
        .arn = { "arn:aws:iam::111122223333:user/alice", 36 },
        .canonical = { "c0ffee", 6 } } },
    { "root",
      { .account = { "111122223333", 12 },
        .arn = { "arn:aws:iam::111122223333:root", 30 },
        .canonical = { "c0ffee", 6 } } },
    { "bob",
      { .account = { "444455556666", 12 },
        .arn = { "arn:aws:iam::444455556666:user/bob", 34 },
        .canonical = { "b0b", 3 } } },
    { "session",
      { .account = { "111122223333", 12 },
        .arn = { "arn:aws:sts::111122223333:assumed-role/deployer/run", 51 },
        .role = { "deployer", 8 },
        .canonical = { "c0ffee", 6 } } },
    { "service", { .service = { "s3.amazonaws.com", 16 } } },
    { "anon", { .anonymous = true } },
};

static const struct policy_principal *who_is(str name)
{
    for (size_t i = 0; i < COUNT(people); i++)
        if (str_is(name, people[i].name))
            return &people[i].who;
    fail_msg("nobody is called %.*s", STR_ARG(name));
    return NULL;
}

static str quoted(struct arena *arena, const char *text)
{
    char *out = str_c(arena, str_of(text));
    for (size_t depth = 0, i = 0; out[i]; i++) {
        depth += out[i] == '$' && out[i + 1] == '{';
        depth -= depth > 0 && out[i] == '}';
        if (out[i] == '\'' && depth == 0)
            out[i] = '"';
    }
    return str_of(out);
}

static str document(struct arena *arena, const char *statements)
{
    return str_format(arena, "{\"Version\":\"2012-10-17\",\"Statement\":[%.*s]}",
                      STR_ARG(quoted(arena, statements)));
}

static char answer(struct arena *arena, const struct policy *policy, const char *text)
{
    struct asked asked = { arena, { 0 } };
    struct policy_question question = { .values = value_of, .ctx = &asked };
    str rest = str_of(text), piece, key, value, one;
    for (unsigned i = 0; str_next(&rest, ' ', &piece); i++) {
        if (i == 0)
            question.who = who_is(piece);
        else if (i == 1)
            question.action = piece;
        else if (i == 2)
            question.resource = str_format(arena, "arn:aws:s3:::%.*s", STR_ARG(piece));
        else if (str_cut(piece, '=', &key, &value)) {
            if (value.size == 0)
                fields_add(arena, &asked.values, key, STR(""));
            while (value.size > 0 && str_next(&value, '|', &one))
                fields_add(arena, &asked.values, key, one);
        }
    }
    struct policy_verdict verdict = policy_evaluate(policy, &question);
    return verdict.effect == POLICY_DENY   ? 'D'
           : verdict.effect == POLICY_NONE ? '-'
           : verdict.direct                ? 'A'
                                           : 'a';
}

TEST(every_row_of_the_truth_table_is_answered_as_aws_does)
{
    struct arena *arena = arena_new();
    assert_true(COUNT(rows) >= 200);
    for (size_t i = 0; i < COUNT(rows); i++) {
        str why = STR_NONE;
        const struct policy *policy = policy_parse(arena, document(arena, rows[i].statements),
                                                   POLICY_RESOURCE, STR_NONE, &why);
        if (policy == NULL)
            fail_msg("%d: %.*s", rows[i].line, STR_ARG(why));
        char got = answer(arena, policy, rows[i].ask);
        if (got != rows[i].want)
            fail_msg("%d: %c instead of %c (%s)", rows[i].line, got, rows[i].want, rows[i].source);
    }
    arena_free(arena);
}

/* --- what is no policy --- */

static const struct {
    int line;
    const char *text, *why;
} malformed[] = {
    { __LINE__, "", "Policies must be valid JSON and the first byte must be '{'" },
    { __LINE__, " {}", "Policies must be valid JSON and the first byte must be '{'" },
    { __LINE__, "[]", "Policies must be valid JSON and the first byte must be '{'" },
    { __LINE__, "{'Statement':", "This policy contains invalid Json" },
    { __LINE__, "{}", "Missing required field Statement" },
    { __LINE__, "{'Version':'2012-10-17'}", "Missing required field Statement" },
    { __LINE__, "{'Version':'2012-10-18','Statement':[]}",
      "The policy must contain a valid version string" },
    { __LINE__, "{'Statement':[]}", "Could not parse the policy: Statement is empty!" },
    { __LINE__, "{'Statement':['x']}", "Invalid policy syntax." },
    { __LINE__, "{'Statements':[]}", "Unknown field Statements" },
    { __LINE__, "{'Statement':[{'Effect':'Allow','Who':'*'}]}", "Unknown field Who" },
    { __LINE__, "{'Statement':{'Principal':'*'}}", "Missing required field Effect" },
    { __LINE__, "{'Statement':{'Effect':'allow'}}", "Invalid effect: allow" },
    { __LINE__, "{'Statement':{'Effect':'Allow'}}", "Missing required field Principal" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':'me'}}", "Invalid policy syntax." },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':{'AWS':'me'}}}",
      "Invalid principal in policy" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::1:root'}}}",
      "Invalid principal in policy" },
    { __LINE__,
      "{'Statement':{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:user/*'}}}",
      "Invalid principal in policy" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':'*'}}",
      "Missing required field Action" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':'*','Action':'GetObject'}}",
      "Policy has invalid action" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':'*','Action':'ec2:Run'}}",
      "Policy has invalid action" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':'*','Action':'s3:*'}}",
      "Missing required field Resource" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':'*','Action':'s3:*','Resource':'b'}}",
      "Policy has invalid resource" },
    { __LINE__,
      "{'Statement':{'Effect':'Allow','Principal':'*','Action':'s3:*',"
      "'Resource':'arn:aws:s3:::other/*'}}",
      "Policy has invalid resource" },
    { __LINE__,
      "{'Statement':{'Effect':'Allow','Principal':'*','Action':'s3:GetObject',"
      "'Resource':'arn:aws:s3:::b'}}",
      "Action does not apply to any resource(s) in statement" },
    { __LINE__,
      "{'Statement':{'Effect':'Allow','Principal':'*','Action':'s3:ListBucket',"
      "'Resource':'arn:aws:s3:::b/*'}}",
      "Action does not apply to any resource(s) in statement" },
    { __LINE__, "{'Statement':" IF("'StringIs':{'s3:prefix':'a'}") "}",
      "Invalid Condition type : StringIs" },
    { __LINE__, "{'Statement':" IF("'StringEquals':{'s3:nonsense':'a'}") "}",
      "Policy has an invalid condition key" },
    { __LINE__, "{'Statement':" IF("'StringEquals':{'prefix':'a'}") "}",
      "Policy has an invalid condition key" },
    { __LINE__, "{'Statement':" IF("'NumericEquals':{'s3:max-keys':'many'}") "}",
      "Invalid value for condition s3:max-keys" },
    { __LINE__, "{'Statement':" IF("'IpAddress':{'aws:SourceIp':'1.2.3.4/33'}") "}",
      "Invalid value for condition aws:SourceIp" },
};

TEST(what_is_no_policy_is_said_in_aws_words)
{
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(malformed); i++) {
        str why = STR_NONE;
        const struct policy *policy = policy_parse(arena, quoted(arena, malformed[i].text),
                                                   POLICY_RESOURCE, STR("arn:aws:s3:::b"), &why);
        if (policy || !str_is(why, malformed[i].why))
            fail_msg("%d: %.*s (" S3_ERRORS ")", malformed[i].line, STR_ARG(why));
    }
    arena_free(arena);
}

/* --- public --- */

static const struct {
    int line;
    const char *source, *statements;
    bool is_public;
} publics[] = {
    { __LINE__, S3_PUBLIC, OPEN, true },
    { __LINE__, S3_PUBLIC, FOR("{'AWS':'*'}"), true },
    { __LINE__, S3_PUBLIC, FOR("{'AWS':'111122223333'}"), false },
    { __LINE__, S3_PUBLIC, S("Deny", ALL, "s3:*", "*"), false },
    { __LINE__, S3_PUBLIC, IF("'StringEquals':{'aws:SourceVpc':'vpc-91237329'}"), false },
    { __LINE__, S3_PUBLIC, IF("'StringLike':{'aws:SourceVpc':'vpc-*'}"), true },
    { __LINE__, S3_PUBLIC, IF("'StringNotEquals':{'aws:SourceVpc':'vpc-91237329'}"), true },
    { __LINE__, S3_PUBLIC, IF("'IpAddress':{'aws:SourceIp':'203.0.113.0/24'}"), false },
    { __LINE__, S3_PUBLIC, IF("'IpAddress':{'aws:SourceIp':'0.0.0.0/1'}"), true },
    { __LINE__, S3_PUBLIC, IF("'IpAddress':{'aws:SourceIp':'2001:db8::/32'}"), false },
    { __LINE__, S3_PUBLIC, IF("'IpAddress':{'aws:SourceIp':'::/0'}"), true },
    { __LINE__, S3_PUBLIC, IF("'StringEquals':{'s3:DataAccessPointAccount':'111122223333'}"),
      false },
    { __LINE__, S3_PUBLIC,
      IF("'ArnLike':{'s3:DataAccessPointArn':'arn:aws:s3:*:111122223333:accesspoint/*'}"), false },
    { __LINE__, S3_PUBLIC, IF("'StringEquals':{'aws:PrincipalArn':'${aws:username}'}"), true },
    { __LINE__, S3_PUBLIC, IF("'StringLike':{'s3:prefix':'public/*'}"), true },
    { __LINE__, S3_PUBLIC, FOR("{'AWS':'111122223333'}") "," OPEN, true },
};

TEST(a_policy_is_public_as_aws_means_it)
{
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(publics); i++) {
        str why = STR_NONE;
        const struct policy *policy = policy_parse(arena, document(arena, publics[i].statements),
                                                   POLICY_RESOURCE, STR_NONE, &why);
        if (policy == NULL || policy_is_public(policy) != publics[i].is_public)
            fail_msg("%d: %.*s (%s)", publics[i].line, STR_ARG(why), publics[i].source);
    }
    arena_free(arena);
}

/* --- bounds --- */

static str repeated(struct arena *arena, const char *piece, size_t times)
{
    struct buf buf;
    buf_init_arena(&buf, arena, 1 << 20);
    for (size_t i = 0; i < times; i++)
        buf_add(&buf, str_of(piece));
    return buf_str(&buf);
}

TEST(no_pattern_is_catastrophic_and_what_takes_too_long_is_denied)
{
    struct arena *arena = arena_new();
    struct asked asked = { arena, { 0 } };
    str why = STR_NONE;
    str text = str_format(
        arena,
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\","
        "\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::b/%.*sb\"}]}",
        STR_ARG(repeated(arena, "a*", 3000)));
    const struct policy *policy = policy_parse(arena, text, POLICY_RESOURCE, STR_NONE, &why);
    assert_non_null(policy);
    struct policy_question question = {
        .who = who_is(STR("anon")), .action = STR("s3:GetObject"), .values = value_of, .ctx = &asked
    };
    question.resource =
        str_format(arena, "arn:aws:s3:::b/%.*s", STR_ARG(repeated(arena, "a", 1024)));
    assert_int_equal(policy_evaluate(policy, &question).effect, POLICY_NONE);
    str huge = str_format(arena, "%.*s%.*s", STR_ARG(text), STR_ARG(repeated(arena, " ", 20480)));
    assert_null(policy_parse(arena, huge, POLICY_RESOURCE, STR_NONE, &why));
    assert_true(str_starts(why, STR("Policy exceeds")));
    arena_free(arena);
}

static struct policy_verdict anybody_gets(struct arena *arena, const struct policy *policy,
                                          str resource)
{
    struct asked asked = { arena, { 0 } };
    struct policy_question question = { .who = who_is(STR("anon")),
                                        .action = STR("s3:GetObject"),
                                        .resource = resource,
                                        .values = value_of,
                                        .ctx = &asked };
    return policy_evaluate(policy, &question);
}

TEST(ten_thousand_stars_are_one)
{
    struct arena *arena = arena_new();
    str why = STR_NONE, stars = repeated(arena, "*", 10000);
    str text = str_format(arena,
                          "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":"
                          "\"s3:%.*s\",\"Resource\":\"arn:aws:s3:::b/%.*s.jpg\"}}",
                          STR_ARG(str_first(stars, 9000)), STR_ARG(stars));
    const struct policy *policy = policy_parse(arena, text, POLICY_RESOURCE, STR_NONE, &why);
    assert_non_null(policy);
    struct policy_verdict verdict = anybody_gets(arena, policy, STR("arn:aws:s3:::b/a.jpg"));
    assert_int_equal(verdict.effect, POLICY_ALLOW);
    verdict = anybody_gets(arena, policy, STR("arn:aws:s3:::b/a.png"));
    assert_int_equal(verdict.effect, POLICY_NONE);
    assert_false(verdict.too_complex);
    arena_free(arena);
}

static str many_statements(struct arena *arena, const char *resource, size_t bytes)
{
    struct buf buf;
    buf_init_arena(&buf, arena, 1 << 20);
    buf_add(&buf, STR("{\"Statement\":["));
    for (size_t i = 0; buf_str(&buf).size < bytes; i++)
        buf_addf(&buf,
                 "%s{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":"
                 "\"arn:aws:s3:::b/%s\"}",
                 i ? "," : "", resource);
    buf_add(&buf, STR("]}"));
    return buf_str(&buf);
}

/* Flavours that check every access, or do not optimise, prove nothing about speed. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||     \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SPEED_BOUND_NS 2000000
#define WORST_BOUND_NS 20000000000
#else
#define SPEED_BOUND_NS 20000
#define WORST_BOUND_NS 2000000000 /* generous: milliseconds where nobody else runs */
#endif

/* As many statements as 20 KB hold, each compared for as long as its size allows. A run stops at
 * POLICY_STEPS, so the verdict is a denial either way, and soon. */
TEST(the_worst_policy_of_twenty_kilobytes_ends_within_its_steps)
{
    struct arena *arena = arena_new();
    str why = STR_NONE;
    str key = str_format(arena, "arn:aws:s3:::b/%.*s", STR_ARG(repeated(arena, "a", 1024)));
    const char *worst =
        str_c(arena, str_format(arena, "*%.*sb", STR_ARG(repeated(arena, "a", 400))));
    const struct policy *policy =
        policy_parse(arena, many_statements(arena, worst, 19000), POLICY_RESOURCE, STR_NONE, &why);
    assert_non_null(policy);
    struct policy_verdict verdict;
    int64_t best_ns = INT64_MAX; /* of a few: others run on this machine too */
    for (int round = 0; round < 3; round++) {
        duration began = clock_mono();
        verdict = anybody_gets(arena, policy, key);
        int64_t took_ns = clock_mono().ns - began.ns;
        assert_int_equal(verdict.effect, POLICY_DENY);
        assert_true(verdict.too_complex);
        best_ns = took_ns < best_ns ? took_ns : best_ns;
    }
    print_message("%lld us\n", (long long) best_ns / 1000);
    assert_true(best_ns < WORST_BOUND_NS);

    policy = policy_parse(arena, many_statements(arena, "none/*", 20000), POLICY_RESOURCE, STR_NONE,
                          &why);
    assert_non_null(policy);
    verdict = anybody_gets(arena, policy, key);
    assert_int_equal(verdict.effect, POLICY_NONE);
    assert_false(verdict.too_complex);
    assert_null(policy_parse(arena, many_statements(arena, "none/*", 200000), POLICY_RESOURCE,
                             STR_NONE, &why));
    assert_true(str_starts(why, STR("Policy exceeds")));
    arena_free(arena);
}

TEST(what_is_nested_deeply_is_no_policy)
{
    static const struct {
        int line;
        const char *open, *close;
        size_t depth;
        const char *why;
    } nested[] = {
        { __LINE__, "[", "]", 10000, "This policy contains invalid Json" },
        { __LINE__, "[", "", 20000, "This policy contains invalid Json" },
        { __LINE__, "{\"Statement\":", "}", 1000, "This policy contains invalid Json" },
        { __LINE__, "[", "]", 50, "Invalid policy syntax." },
        { __LINE__, "{\"Effect\":", "}", 50, "Invalid policy syntax." },
    };
    for (size_t i = 0; i < COUNT(nested); i++) {
        struct arena *arena = arena_new();
        str why = STR_NONE;
        str text = str_format(arena, "{\"Statement\":%.*s\"x\"%.*s}",
                              STR_ARG(repeated(arena, nested[i].open, nested[i].depth)),
                              STR_ARG(repeated(arena, nested[i].close, nested[i].depth)));
        if (policy_parse(arena, text, POLICY_RESOURCE, STR_NONE, &why) ||
            !str_is(why, nested[i].why))
            fail_msg("%d: %.*s", nested[i].line, STR_ARG(why));
        arena_free(arena);
    }
}

TEST(a_hundred_statements_take_less_than_twenty_microseconds)
{
    enum { ROUNDS = 2000, STATEMENTS = 100 };
    struct arena *arena = arena_new();
    struct asked asked = { arena, { 0 } };
    struct buf buf;
    str why = STR_NONE;
    buf_init_arena(&buf, arena, 1 << 20);
    for (int i = 0; i < STATEMENTS; i++)
        buf_addf(&buf,
                 "%s{\"Effect\":\"%s\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":"
                 "\"s3:Get*\",\"Resource\":\"arn:aws:s3:::b/prefix-%d/*\"}",
                 i ? "," : "", i % 2 ? "Allow" : "Deny", i);
    str text = str_format(arena, "{\"Statement\":[%.*s]}", STR_ARG(buf_str(&buf)));
    const struct policy *policy = policy_parse(arena, text, POLICY_RESOURCE, STR_NONE, &why);
    assert_non_null(policy);
    struct policy_question question = { .who = who_is(STR("alice")),
                                        .action = STR("s3:GetObject"),
                                        .resource = STR("arn:aws:s3:::b/prefix-99/2026/01/02/k"),
                                        .values = value_of,
                                        .ctx = &asked };
    duration best = { INT64_MAX };
    for (int round = 0; round < ROUNDS; round++) {
        duration began = clock_mono();
        assert_int_equal(policy_evaluate(policy, &question).effect, POLICY_ALLOW);
        int64_t took = clock_mono().ns - began.ns;
        best.ns = took < best.ns ? took : best.ns;
    }
    print_message("%lld ns for %d statements\n", (long long) best.ns, STATEMENTS);
    assert_true(best.ns < SPEED_BOUND_NS);
    arena_free(arena);
}
