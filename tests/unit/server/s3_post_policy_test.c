/* POST policies: documents, conditions, and AWS's words for what they forbid. */
#include "server/s3/post_policy.h"

#include "base/arena.h"
#include "base/encode.h"
#include "tests/unit/test.h"

#define LATER "\"expiration\": \"2030-01-01T00:00:00Z\", "
#define WITH(conditions) "{" LATER "\"conditions\": [" conditions "]}"
#define FAILED "Invalid according to Policy: Policy Condition failed: "

static struct post_problem judge(struct arena *arena, const char *document, const char *form,
                                 struct post_policy *policy)
{
    struct fields fields = { .count = 0 };
    str rest = str_of(form), piece, name, value;
    instant now;
    while (rest.size > 0 && str_next(&rest, '&', &piece)) {
        (void) str_cut(piece, '=', &name, &value);
        fields_add(arena, &fields, name, value);
    }
    assert_true(instant_parse_iso8601(STR("2026-11-22T12:00:00Z"), &now));
    struct post_problem problem =
        post_policy_read(arena, encode_base64(arena, document, strlen(document)), policy);
    return problem.code == S3_OK ? post_policy_judge(arena, policy, &fields, now) : problem;
}

TEST(policies_are_obeyed_or_quoted)
{
    static const struct {
        int line;
        const char *document, *form;
        enum s3_code code;
        const char *message;
    } rows[] = {
        { __LINE__, WITH("{\"bucket\": \"b\"}, [\"eq\", \"$key\", \"k\"]"), "bucket=b&key=k", S3_OK,
          NULL },
        { __LINE__, WITH("{\"bUcKeT\": \"b\"}, [\"StArTs-WiTh\", \"$KeY\", \"k\"]"),
          "bucket=b&kEy=k1", S3_OK, NULL },
        { __LINE__, WITH("[\"eq\", \"$key\", \"k\"]"), "key=K", S3_AccessDenied,
          FAILED "[\"eq\", \"$key\", \"k\"]" },
        { __LINE__, WITH("{\"acl\": \"private\"}"), "acl=public-read", S3_AccessDenied,
          FAILED "[\"eq\", \"$acl\", \"private\"]" },
        { __LINE__, WITH("{\"acl\": \"private\"}"), "", S3_AccessDenied,
          FAILED "[\"eq\", \"$acl\", \"private\"]" },
        { __LINE__, WITH("[\"eq\", \"key\", \"k\"]"), "key=k", S3_AccessDenied,
          FAILED "[\"eq\", \"key\", \"k\"]" },
        { __LINE__, WITH("[\"starts-with\", \"$key\", \"user/\"]"), "key=use", S3_AccessDenied,
          FAILED "[\"starts-with\", \"$key\", \"user/\"]" },
        { __LINE__, WITH("[\"starts-with\", \"$key\", \"\"]"), "key=anything", S3_OK, NULL },
        { __LINE__, WITH("[\"starts-with\", \"$key\", \"\"]"), "", S3_OK, NULL },
        { __LINE__, WITH("[\"eq\", \"$x-amz-meta-a\", \"\"]"), "x-amz-meta-a=b", S3_AccessDenied,
          FAILED "[\"eq\", \"$x-amz-meta-a\", \"\"]" },
        /* every one of several */
        { __LINE__, WITH("[\"eq\", \"$key\", \"k\"]"), "key=k&key=other", S3_AccessDenied,
          FAILED "[\"eq\", \"$key\", \"k\"]" },
        { __LINE__, WITH("[\"starts-with\", \"$key\", \"a\"], [\"starts-with\", \"$key\", \"ab\"]"),
          "key=ac", S3_AccessDenied, FAILED "[\"starts-with\", \"$key\", \"ab\"]" },
        { __LINE__, WITH("{\"success_action_status\": 201}"), "success_action_status=201", S3_OK,
          NULL },
        /* what no condition covers */
        { __LINE__, WITH("{\"key\": \"k\"}"), "key=k&Tagging=x&acl=y", S3_AccessDenied,
          "Invalid according to Policy: Extra input fields: tagging, acl" },
        { __LINE__, WITH("{\"key\": \"k\"}"),
          "key=k&x-ignore-a=1&policy=p&signature=s&AWSAccessKeyId=a&x-amz-signature=z", S3_OK,
          NULL },
        { __LINE__, WITH("{\"key\": \"k\"}"), "key=k&x-amz-credential=c", S3_AccessDenied,
          "Invalid according to Policy: Extra input fields: x-amz-credential" },
        /* time */
        { __LINE__, "{\"expiration\": \"2026-11-22T12:00:00Z\", \"conditions\": []}", "",
          S3_AccessDenied, "Invalid according to Policy: Policy expired." },
        { __LINE__, "{\"expiration\": \"2026-11-22T12:00:01Z\", \"conditions\": []}", "", S3_OK,
          NULL },
        /* documents */
        { __LINE__, "", "", S3_InvalidPolicyDocument, "Invalid Policy: Invalid JSON." },
        { __LINE__, "[]", "", S3_InvalidPolicyDocument, "Invalid Policy: Invalid JSON." },
        { __LINE__, "{\"conditions\": []}", "", S3_InvalidPolicyDocument,
          "Invalid Policy: Policy missing expiration." },
        { __LINE__, "{\"EXPIRATION\": \"2030-01-01T00:00:00Z\", \"conditions\": []}", "",
          S3_InvalidPolicyDocument, NULL },
        { __LINE__, "{" LATER "\"CONDITIONS\": []}", "", S3_InvalidPolicyDocument,
          "Invalid Policy: Policy missing conditions." },
        { __LINE__, "{\"expiration\": \"2030-01-01 00:00\", \"conditions\": []}", "",
          S3_InvalidPolicyDocument,
          "Invalid Policy: Invalid 'expiration' value: '2030-01-01 00:00'" },
        { __LINE__, WITH("{}"), "", S3_InvalidPolicyDocument,
          "Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly one "
          "property specified." },
        { __LINE__, WITH("{\"a\": \"1\", \"b\": \"2\"}"), "", S3_InvalidPolicyDocument, NULL },
        { __LINE__, WITH("{\"a\": []}"), "", S3_InvalidPolicyDocument, NULL },
        { __LINE__, WITH("[]"), "", S3_InvalidPolicyDocument, NULL },
        { __LINE__, WITH("[\"eq\", \"$key\"]"), "", S3_InvalidPolicyDocument, NULL },
        { __LINE__, WITH("[\"ends-with\", \"$key\", \"k\"]"), "", S3_InvalidPolicyDocument, NULL },
        { __LINE__, WITH("7"), "", S3_InvalidPolicyDocument, NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new();
        struct post_policy policy;
        struct post_problem problem = judge(arena, rows[i].document, rows[i].form, &policy);
        if (problem.code != rows[i].code ||
            (rows[i].message && !str_is(problem.message, rows[i].message)))
            fail_msg("line %d: %d %.*s", rows[i].line, (int) problem.code,
                     STR_ARG(problem.message));
        arena_free(arena);
    }
    struct arena *arena = arena_new();
    struct post_policy policy;
    assert_int_equal(post_policy_read(arena, STR("%%%"), &policy).code, S3_InvalidPolicyDocument);
    arena_free(arena);
}

TEST(content_length_ranges_are_read_for_later)
{
    static const struct {
        int line;
        const char *document;
        enum s3_code code;
        uint64_t least, most;
    } rows[] = {
        { __LINE__, WITH("[\"content-length-range\", 0, 1024]"), S3_OK, 0, 1024 },
        { __LINE__, WITH("[\"content-length-range\", \"5\", \"10\"]"), S3_OK, 5, 10 },
        { __LINE__, WITH("[\"content-length-range\", 1, 9], [\"content-length-range\", 3, 20]"),
          S3_OK, 3, 9 },
        { __LINE__, WITH("[\"content-length-range\", 0, 5368709120]"), S3_OK, 0, 5368709120 },
        { __LINE__, WITH("[\"content-length-range\", 0]"), S3_InvalidPolicyDocument, 0, 0 },
        { __LINE__, WITH("[\"content-length-range\", -1, 0]"), S3_InvalidPolicyDocument, 0, 0 },
        { __LINE__, WITH("[\"content-length-range\", \"test\", 10]"), S3_AccessDenied, 0, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new();
        struct post_policy policy;
        struct post_problem problem = judge(arena, rows[i].document, "", &policy);
        if (problem.code != rows[i].code ||
            (rows[i].code == S3_OK && (!policy.has_range || policy.least_bytes != rows[i].least ||
                                       policy.most_bytes != rows[i].most)))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(problem.message));
        if (rows[i].code == S3_AccessDenied)
            assert_str(problem.message, FAILED "[\"content-length-range\", \"test\", \"10\"]");
        arena_free(arena);
    }
}
