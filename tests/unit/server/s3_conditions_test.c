/* Conditional reads and writes. */
#include "server/s3/conditions.h"
#include "tests/unit/test.h"

#define ETAG "4a4be40c96ac6314e91d93f38043a634"
#define BEFORE "Thu, 01 Jan 2026 00:00:00 GMT"
#define SAME "Fri, 02 Jan 2026 03:04:05 GMT"
#define AFTER "Sat, 03 Jan 2026 00:00:00 GMT"
#define FUTURE "Fri, 01 Jan 2027 00:00:00 GMT"

static str maybe(const char *text)
{
    return text ? str_of(text) : STR_NONE;
}

TEST(conditional_reads_are_judged_in_s3s_order)
{
    static const struct {
        int line;
        const char *match, *none_match, *modified, *unmodified;
        enum conditions_result result;
        const char *failed;
    } rows[] = {
        { __LINE__, NULL, NULL, NULL, NULL, CONDITIONS_HOLD, NULL },
        { __LINE__, "\"" ETAG "\"", NULL, NULL, NULL, CONDITIONS_HOLD, NULL },
        { __LINE__, ETAG, NULL, NULL, NULL, CONDITIONS_HOLD, NULL },
        { __LINE__, "*", NULL, NULL, NULL, CONDITIONS_HOLD, NULL },
        { __LINE__, "\"x\", W/\"" ETAG "\"", NULL, NULL, NULL, CONDITIONS_HOLD, NULL },
        { __LINE__, "\"x\"", NULL, NULL, NULL, CONDITIONS_FAILED, "If-Match" },
        { __LINE__, NULL, "\"" ETAG "\"", NULL, NULL, CONDITIONS_NOT_MODIFIED, "If-None-Match" },
        { __LINE__, NULL, "*", NULL, NULL, CONDITIONS_NOT_MODIFIED, "If-None-Match" },
        { __LINE__, NULL, "\"x\"", NULL, NULL, CONDITIONS_HOLD, NULL },
        { __LINE__, NULL, NULL, BEFORE, NULL, CONDITIONS_HOLD, NULL },
        { __LINE__, NULL, NULL, SAME, NULL, CONDITIONS_NOT_MODIFIED, "If-Modified-Since" },
        { __LINE__, NULL, NULL, AFTER, NULL, CONDITIONS_NOT_MODIFIED, "If-Modified-Since" },
        { __LINE__, NULL, NULL, FUTURE, NULL, CONDITIONS_HOLD, NULL },
        { __LINE__, NULL, NULL, "yesterday", NULL, CONDITIONS_HOLD, NULL },
        { __LINE__, NULL, NULL, NULL, BEFORE, CONDITIONS_FAILED, "If-Unmodified-Since" },
        { __LINE__, NULL, NULL, NULL, SAME, CONDITIONS_HOLD, NULL },
        /* A true If-Match overrides a failing If-Unmodified-Since. */
        { __LINE__, ETAG, NULL, NULL, BEFORE, CONDITIONS_HOLD, NULL },
        /* If-None-Match overrides If-Modified-Since, both ways. */
        { __LINE__, NULL, ETAG, BEFORE, NULL, CONDITIONS_NOT_MODIFIED, "If-None-Match" },
        { __LINE__, NULL, "\"x\"", AFTER, NULL, CONDITIONS_HOLD, NULL },
        { __LINE__, "\"x\"", ETAG, NULL, NULL, CONDITIONS_FAILED, "If-Match" },
    };
    instant modified, now;
    assert_true(instant_parse_iso8601(STR("2026-01-02T03:04:05.678Z"), &modified));
    assert_true(instant_parse_iso8601(STR("2026-06-01T00:00:00.000Z"), &now));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conditions conditions = { maybe(rows[i].match), maybe(rows[i].none_match),
                                         maybe(rows[i].modified), maybe(rows[i].unmodified) };
        struct conditions_verdict got = conditions_judge(&conditions, STR(ETAG), modified, now);
        bool same_name = got.failed == NULL ? rows[i].failed == NULL
                                            : rows[i].failed && !strcmp(got.failed, rows[i].failed);
        if (got.result != rows[i].result || !same_name)
            fail_msg("line %d: %d, %s", rows[i].line, (int) got.result,
                     got.failed ? got.failed : "-");
    }
}

TEST(writes_take_the_conditions_that_s3_takes)
{
    static const struct {
        int line;
        bool deleting;
        const char *match, *none_match;
        const char *refused;
        bool absent, any;
        const char *etag;
    } rows[] = {
        { __LINE__, false, NULL, NULL, NULL, false, false, NULL },
        { __LINE__, false, NULL, "*", NULL, true, false, NULL },
        { __LINE__, false, "\"e\"", NULL, NULL, false, false, "e" },
        { __LINE__, false, "e", NULL, NULL, false, false, "e" },
        { __LINE__, false, NULL, "\"e\"", "If-None-Match", false, false, NULL },
        { __LINE__, false, "*", NULL, "If-Match", false, false, NULL },
        { __LINE__, false, "\"e\"", "*", "If-Match,If-None-Match", false, false, NULL },
        { __LINE__, true, "*", NULL, NULL, false, true, NULL },
        { __LINE__, true, "\"e\"", NULL, NULL, false, false, "e" },
        { __LINE__, true, NULL, "*", NULL, false, false, NULL },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fields headers = { 0 };
        struct write_condition got;
        if (rows[i].match)
            fields_add(arena, &headers, STR("if-match"), str_of(rows[i].match));
        if (rows[i].none_match)
            fields_add(arena, &headers, STR("IF-NONE-MATCH"), str_of(rows[i].none_match));
        struct conditions_refusal refusal = conditions_for_write(&headers, rows[i].deleting, &got);
        if (!str_eq(str_of(refusal.header), str_of(rows[i].refused)))
            fail_msg("line %d: %s", rows[i].line, refusal.header ? refusal.header : "accepted");
        if (refusal.header)
            continue;
        if (got.if_none_match_any != rows[i].absent || got.if_match_any != rows[i].any ||
            !str_eq(got.if_match, maybe(rows[i].etag)))
            fail_msg("line %d: another condition", rows[i].line);
    }
    arena_free(arena);
}

TEST(deletes_refuse_what_only_directory_buckets_know)
{
    struct arena *arena = arena_new();
    struct fields headers = { 0 };
    struct write_condition got;
    fields_add(arena, &headers, STR("x-amz-if-match-size"), STR("5"));
    assert_string_equal(conditions_for_write(&headers, true, &got).header, "x-amz-if-match-size");
    assert_null(conditions_for_write(&headers, false, &got).header);
    arena_free(arena);
}

TEST(copy_sources_have_conditions_of_their_own)
{
    struct arena *arena = arena_new();
    struct fields headers = { 0 };
    struct conditions conditions;
    fields_add(arena, &headers, STR("If-Match"), STR("mine"));
    assert_false(conditions_read(&headers, "x-amz-copy-source-", &conditions));
    fields_add(arena, &headers, STR("X-Amz-Copy-Source-If-None-Match"), STR(" theirs "));
    assert_true(conditions_read(&headers, "x-amz-copy-source-", &conditions));
    assert_str(conditions.none_match, "theirs");
    assert_false(str_is_set(conditions.match));
    arena_free(arena);
}
