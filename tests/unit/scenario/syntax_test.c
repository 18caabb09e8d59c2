/* Words against usages. */
#include "scenario/syntax.h"
#include "tests/unit/test.h"

static bool matches(struct arena *arena, const char *usage, const char *text, str *error)
{
    struct lex_line line;
    *error = STR_NONE;
    assert_true(lex_line(arena, str_of(text), &line, error));
    return syntax_match(arena, usage, line.words, line.count, error);
}

TEST(usages_say_what_fits)
{
    static const struct {
        int line;
        const char *usage, *text;
        bool fits;
    } rows[] = {
        { __LINE__, "", "", true },
        { __LINE__, "", "a", false },
        { __LINE__, "NAME at PLACE", "bob at paris", true },
        { __LINE__, "NAME at PLACE", "bob at pariss", false },
        { __LINE__, "NAME at PLACE", "bob in paris", false },
        { __LINE__, "NAME at PLACE", "bob at", false },
        { __LINE__, "A ->|<-> B", "x <-> y", true },
        { __LINE__, "A ->|<-> B", "x = y", false },
        { __LINE__, "[within DUR] [region REGION]", "", true },
        { __LINE__, "[within DUR] [region REGION]", "within 3s", true },
        { __LINE__, "[within DUR] [region REGION]", "region eu-west-1 within 3s", true },
        { __LINE__, "[within DUR] [region REGION]", "within 3s within 4s", false },
        { __LINE__, "[within DUR] [region REGION]", "within", false },
        { __LINE__, "[T...] [within DUR]", "within 3s", true },
        { __LINE__, "[T...] [within DUR]", "a b c within 3s", true },
        { __LINE__, "T... [within DUR]", "", false },
        { __LINE__, "REGION|/... [for DUR]", "us-east-1 / eu-west-1 for 2m", true },
        { __LINE__, "REGION|/... [for DUR]", "us-east-1 / eu-west for 2m", false },
        { __LINE__, "T [TEXT|size=SIZE] [if-match=E]", "k \"a\" if-match=x", true },
        { __LINE__, "T [TEXT|size=SIZE] [if-match=E]", "k if-match=x size=1MiB", true },
        { __LINE__, "T [TEXT|size=SIZE] [if-match=E]", "k size=1", false },
        { __LINE__, "T [TEXT|size=SIZE] [if-match=E]", "k bare", false },
        { __LINE__, "T [TEXT|size=SIZE] [if-match=E]", "k $body", true },
        { __LINE__, "VAR = etag|body", "$x = etag", true },
        { __LINE__, "VAR = etag|body", "x = etag", false },
        { __LINE__, "VAR = etag|body", "$x = tag", false },
        { __LINE__, "N", "17", true },
        { __LINE__, "N", "-1", false },
        { __LINE__, "DIAL", "passive", true },
        { __LINE__, "DIAL", "101", false },
        { __LINE__, "DIST", "lognormal(p50=12s,p99=3m)", true },
        { __LINE__, "DIST", "soon", false },
        { __LINE__, "TIME", "2024-01-01T00:00:00Z", true },
        { __LINE__, "TIME", "yesterday", false },
        { __LINE__, "P", "0.5", true },
        { __LINE__, "P", "2", false },
        { __LINE__, "BUCKET", "my-bucket", true },
        { __LINE__, "BUCKET", "My_Bucket", false },
        { __LINE__, "KIND", "stale-read", true },
        { __LINE__, "KIND", "lost-update", true },
        { __LINE__, "KIND", "diverged", false },
        { __LINE__, "KIND", "lost-update,stale-read", false },
        { __LINE__, "word", "\"word\"", false },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        str error;
        if (matches(arena, rows[i].usage, rows[i].text, &error) != rows[i].fits)
            fail_msg("row of line %d: %s", rows[i].line, rows[i].fits ? "refused" : "accepted");
        if (!rows[i].fits && error.size == 0)
            fail_msg("row of line %d: refused without a word", rows[i].line);
    }
    arena_free(arena);
}

TEST(the_furthest_wrong_word_is_named_with_a_hint)
{
    struct arena *arena = arena_new();
    str error;
    assert_false(matches(arena, "BUCKET in REGION [unversioned]", "b-1 in eu-wst-1", &error));
    assert_str(error, "'eu-wst-1' is no Region (did you mean 'eu-west-1'?)");
    assert_false(matches(arena, "BUCKET in REGION [unversioned]", "b-1 in", &error));
    assert_str(error, "REGION is missing");
    assert_false(matches(arena, "BUCKET in REGION", "b-1 in eu-west-1 x", &error));
    assert_str(error, "'x' does not belong here");
    assert_false(matches(arena, "enabled|disabled", "off", &error));
    assert_str(error, "expected enabled|disabled, not 'off'");
    assert_false(matches(arena, "KIND", "read-your-write", &error));
    assert_str(error, "there is no anomaly 'read-your-write' (did you mean 'read-your-writes'?)");
    arena_free(arena);
}
