/* One rule of faults: reading it, refusing slips, matching requests and copies. */
#include "server/fault.h"
#include "tests/unit/test.h"

static bool parse(struct arena *arena, const char *text, struct fault *out, str *error, str *hint)
{
    struct json_error bad;
    const struct json *json = json_parse(arena, str_of(text), &bad);
    assert_non_null(json);
    return fault_parse(arena, json, out, error, hint);
}

static struct fault must_parse(struct arena *arena, const char *text)
{
    struct fault fault;
    str error = STR_NONE, hint;
    if (!parse(arena, text, &fault, &error, &hint))
        fail_msg("%s: %.*s", text, STR_ARG(error));
    return fault;
}

TEST(a_slip_is_refused_with_what_was_meant)
{
    static const struct {
        int line;
        const char *text, *hint;
    } rows[] = {
        { __LINE__, "{}", "" },
        { __LINE__, "{\"error\": \"503:SlowDwon\"}", "did you mean 'SlowDown'?" },
        { __LINE__, "{\"error\": \"500:SlowDown\"}", "" },
        { __LINE__, "{\"eror\": \"503:SlowDown\"}", "did you mean 'error'?" },
        { __LINE__, "{\"match\": {\"api\": \"PutObjekt\"}, \"cut\": \"before\"}",
          "did you mean 'PutObject'?" },
        { __LINE__, "{\"match\": {\"region\": \"eu-wst-1\"}, \"cut\": \"before\"}",
          "did you mean 'eu-west-1'?" },
        { __LINE__, "{\"match\": {\"regoin\": \"eu-west-1\"}, \"cut\": \"before\"}",
          "did you mean 'region'?" },
        { __LINE__, "{\"cut\": \"after\"}", "" },
        { __LINE__, "{\"delay\": \"soon\"}", "" },
        { __LINE__, "{\"throttle\": \"10\"}", "" },
        { __LINE__, "{\"truncate\": 1.5}", "" },
        { __LINE__, "{\"cut\": \"before\", \"times\": 0}", "" },
        { __LINE__, "{\"cut\": \"before\", \"probability\": 1.1}", "" },
        { __LINE__, "{\"cut\": \"before\", \"match\": {\"attempt\": 0}}", "" },
        { __LINE__, "{\"cut\": \"before\", \"match\": {\"attempt\": \"3-2\"}}", "" },
        { __LINE__, "{\"script\": []}", "" },
        { __LINE__, "{\"script\": [\"wait\"]}",
          "a step is ok, an error as 503:SlowDown, delay:2s, cut:before, truncate:10 or "
          "slow:10KB/s" },
        { __LINE__, "{\"replication\": \"fail\", \"cut\": \"before\"}", "" },
        { __LINE__, "{\"replication\": \"fail\", \"reason\": \"DstKmsKeyNotFond\"}",
          "did you mean 'DstKmsKeyNotFound'?" },
        { __LINE__, "{\"match\": {\"link\": \"us-east-1 -> eu-west-1\"}, \"cut\": \"before\"}",
          "" },
        { __LINE__, "{\"name\": \"a b\", \"cut\": \"before\"}", "" },
        { __LINE__, "{\"cut\": 1}", "" },
    };
    struct arena *arena = arena_new();
    struct fault fault;
    for (size_t i = 0; i < COUNT(rows); i++) {
        str error = STR_NONE, hint = STR_NONE;
        if (parse(arena, rows[i].text, &fault, &error, &hint) || error.size == 0)
            fail_msg("line %d was accepted, or refused without a word", rows[i].line);
        assert_str(hint.size ? hint : STR(""), rows[i].hint);
    }
    arena_free(arena);
}

TEST(what_is_written_reads_back_the_same)
{
    static const char *const rows[] = {
        "{\"name\":\"a\",\"match\":{},\"error\":\"503:SlowDown\"}",
        "{\"name\":\"a\",\"match\":{\"region\":\"eu-west-1\",\"mrap\":\"orders\",\"api\":\"Put*\","
        "\"bucket\":\"b\",\"key\":\"x/*\",\"client\":\"alice\",\"attempt\":\"<=2\"},"
        "\"delay\":\"uniform(1s,2s)\",\"cut\":\"during\",\"truncate\":10,\"slow\":\"10KB/s\","
        "\"probability\":0.25,\"times\":5}",
        "{\"name\":\"a\",\"match\":{},\"throttle\":\"10/s\"}",
        "{\"name\":\"a\",\"match\":{},\"script\":[\"503:SlowDown\",\"ok\",\"cut:before\","
        "\"delay:2s\",\"truncate:1\",\"slow:1KB/s\"]}",
        "{\"name\":\"a\",\"match\":{\"key\":\"s*\",\"link\":\"us-east-1 -> *\"},"
        "\"replication\":\"fail\",\"reason\":\"DstKmsKeyNotFound\"}",
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fault fault = must_parse(arena, rows[i]);
        struct buf buf;
        struct json_writer writer;
        buf_init_arena(&buf, arena, 65536);
        json_begin(&writer, &buf);
        json_object(&writer, NULL);
        fault_write(&writer, &fault);
        json_end(&writer);
        assert_str(buf_str(&buf), rows[i]);
    }
    arena_free(arena);
}

TEST(a_rule_is_for_requests_that_fit_all_it_asks)
{
    struct arena *arena = arena_new();
    struct fault fault = must_parse(arena, "{\"match\":{\"region\":\"eu-west-1\",\"key\":\"img/*\","
                                           "\"attempt\":\"2-3\"},\"error\":\"SlowDown\"}");
    struct fault_subject subject = { .text = { [FAULT_REGION] = STR("eu-west-1"),
                                               [FAULT_KEY] = STR("img/1"),
                                               [FAULT_CLIENT] = STR("bob") },
                                     .attempt = 2 };
    assert_int_equal(fault.action.code, S3_SlowDown);
    assert_true(fault_matches(&fault, &subject));
    subject.attempt = 4;
    assert_false(fault_matches(&fault, &subject));
    subject.attempt = 3;
    subject.text[FAULT_KEY] = STR("doc/1");
    assert_false(fault_matches(&fault, &subject));
    arena_free(arena);
}

TEST(a_rule_for_copies_is_for_its_link_and_keys_only)
{
    struct arena *arena = arena_new();
    struct fault fault =
        must_parse(arena, "{\"match\":{\"link\":\"us-east-1 -> eu-west-1\",\"key\":\"s/*\"},"
                          "\"replication\":\"fail\"}");
    struct fault_subject subject = { .text = { [FAULT_KEY] = STR("s/1") }, .attempt = 1 };
    assert_true(fault_matches_copy(&fault, STR("us-east-1"), STR("eu-west-1"), STR("s/1")));
    assert_false(fault_matches_copy(&fault, STR("eu-west-1"), STR("us-east-1"), STR("s/1")));
    assert_false(fault_matches_copy(&fault, STR("us-east-1"), STR("eu-west-1"), STR("t/1")));
    assert_false(fault_matches(&fault, &subject));
    arena_free(arena);
}
