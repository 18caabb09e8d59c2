/* The HTML page: verdicts in words, a lane for each Region, nothing from elsewhere, and no byte of
 * a scenario that could be taken for markup. */
#include "base/log.h"
#include "scenario/play.h"
#include "tests/unit/test.h"

#define WORLD                                                                                      \
    "scenario \"<b>bold</b> & co\"\nbucket use1 in us-east-1\nbucket euw1 in eu-west-1\n"          \
    "mrap both = use1 euw1\nreplicate use1 -> euw1 lag 15s\n"                                      \
    "client bob at new-york\nclient alice at paris\n"

__attribute__((constructor)) static void log_little(void)
{
    log_configure(LOG_ERROR, LOG_TEXT);
}

static str page(struct arena *arena, const char *text)
{
    struct script *script = ARENA_NEW(arena, struct script);
    struct play_options options = { .timelines = true, .verbose = true };
    struct buf out;
    buf_init_arena(&out, arena, 1 << 20);
    if (!script_parse(arena, "t.atoll", str_of(text), script, &out))
        fail_msg("%.*s", STR_ARG(buf_str(&out)));
    page_write(arena, play_script(arena, script, &options), &out);
    assert_false(out.overflow);
    return buf_str(&out);
}

static bool has(str page, const char *text)
{
    return str_find(page, str_of(text)) < page.size;
}

TEST(a_page_says_in_words_what_passed)
{
    struct arena *arena = arena_new();
    str text = page(arena, WORLD "step \"one\"\nbob put both/k \"v1\"\nexpect status 200\n"
                                 "wait both/k\n");
    assert_true(has(text, "<h1>Scenarios: 1 passed, 0 failed</h1>"));
    assert_true(has(text, "<li><strong class=\"passed\">PASSED</strong> one</li>"));
    assert_false(has(text, ">FAILED<"));
    arena_free(arena);
}

TEST(a_page_has_a_lane_for_each_region_and_copies_stand_where_they_arrive)
{
    struct arena *arena = arena_new();
    str text = page(arena, WORLD "bob put both/k \"v1\"\nexpect status 200\nwait both/k\n");
    assert_true(has(text, "<th>Clock</th><th>us-east-1</th><th>eu-west-1</th>"));
    assert_true(has(text, "0.000 s</td><td class=\"lane\">bob PUT both/k"));
    assert_true(
        has(text, "15.000 s</td><td class=\"lane\"></td><td class=\"lane copy\">copy use1/k"));
    assert_true(has(text, "colspan=\"2\">wait both/k: waited 15.0 s"));
    arena_free(arena);
}

TEST(a_page_of_a_failure_says_where_and_what_was_got)
{
    struct arena *arena = arena_new();
    str text = page(arena, WORLD "bob get both/none\nexpect status 200\n");
    assert_true(has(text, "<h1>Scenarios: 0 passed, 1 failed</h1>"));
    assert_true(has(text, "<code>t.atoll:9</code> <code>expect status 200</code>"));
    assert_true(has(text, "<p>Got: 404</p>"));
    assert_true(has(text, "&lt;Code&gt;NoSuchKey&lt;/Code&gt;"));
    arena_free(arena);
}

TEST(a_page_of_nothing_that_happened_is_still_a_page)
{
    struct arena *arena = arena_new();
    str text = page(arena, "scenario \"t\"\nconfig \"none.json\"\n");
    assert_true(has(text, "cannot read"));
    assert_false(has(text, "The clock began"));
    assert_true(str_ends(text, STR("</html>\n")));
    arena_free(arena);
}

TEST(a_page_quotes_markup_and_asks_nobody_for_anything)
{
    struct arena *arena = arena_new();
    str text =
        page(arena, WORLD "bob put both/<script>alert(1)</script> \"x\"\nexpect status 200\n");
    assert_true(has(text, "&lt;b&gt;bold&lt;/b&gt; &amp; co"));
    static const char *const foreign[] = { "<script", "<b>", "src=", "url(", "@import", "<link" };
    for (size_t i = 0; i < COUNT(foreign); i++)
        if (has(text, foreign[i]))
            fail_msg("the page holds %s", foreign[i]);
    arena_free(arena);
}
