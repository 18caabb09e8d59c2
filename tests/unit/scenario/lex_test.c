/* Lines into words. */
#include "scenario/lex.h"
#include "tests/unit/test.h"

static struct lex_line lexed(struct arena *arena, const char *text)
{
    struct lex_line line;
    str error = STR_NONE;
    assert_true(lex_line(arena, str_of(text), &line, &error));
    return line;
}

TEST(words_are_split_like_a_shell_splits_them)
{
    static const struct {
        int line;
        const char *text;
        const char *words; /* joined by '|' */
    } rows[] = {
        { __LINE__, "", "" },
        { __LINE__, "   # only a comment", "" },
        { __LINE__, "a b  c\td", "a|b|c|d" },
        { __LINE__, "bob put k \"two words\"", "bob|put|k|two words" },
        { __LINE__, "a # b c", "a" },
        { __LINE__, "a#b c", "a#b|c" },
        { __LINE__, "\"# no comment\" x", "# no comment|x" },
        { __LINE__, "'a \"b\" $c \\n'", "a \"b\" $c \\n" },
        { __LINE__, "\"a \\\"b\\\" \\\\ \\$\"", "a \"b\" \\ $" },
        { __LINE__, "\"a\\nb\\tc\"", "a\nb\tc" },
        { __LINE__, "a\\ b", "a b" },
        { __LINE__, "x=\"1 2\"'3 4'5", "x=1 23 45" },
        { __LINE__, "\"\" ''", "|" },
        { __LINE__, "cost $5 $", "cost|$5|$" },
        { __LINE__, "if-match=$e1", "if-match=$e1" },
        { __LINE__, "a\r", "a" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lex_line line = lexed(arena, rows[i].text);
        str rest = str_of(rows[i].words), word;
        if (line.count == 0 && rest.size == 0)
            continue;
        for (size_t w = 0; w < line.count; w++) {
            assert_true(str_next(&rest, '|', &word));
            if (!str_eq(line.words[w].text, word))
                fail_msg("row of line %d: word %zu is '%.*s'", rows[i].line, w,
                         STR_ARG(line.words[w].text));
        }
        if (str_is_set(rest))
            fail_msg("row of line %d: too few words", rows[i].line);
    }
    arena_free(arena);
}

TEST(what_is_not_closed_or_not_known_is_refused)
{
    static const char *const bad[] = { "\"open", "a 'open", "a \\", "\"\\x\"", "\"open \\\"" };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct lex_line line;
        str error = STR_NONE;
        assert_false(lex_line(arena, str_of(bad[i]), &line, &error));
        assert_true(error.size > 0);
    }
    arena_free(arena);
}

TEST(a_line_keeps_its_indentation_and_its_text)
{
    struct arena *arena = arena_new();
    assert_int_equal(lexed(arena, "    expect status 200  # yes").indent, 4);
    assert_str(lexed(arena, "    expect status 200  # yes").text, "expect status 200");
    assert_int_equal(lexed(arena, "\tx").indent, 8);
    assert_int_equal(lexed(arena, "  \tx").indent, 8);
    arena_free(arena);
}

TEST(quotation_marks_are_remembered)
{
    struct arena *arena = arena_new();
    struct lex_line line = lexed(arena, "\"a\" b key=\"c\"");
    assert_true(line.words[0].quoted);
    assert_false(line.words[1].quoted);
    assert_false(line.words[2].quoted);
    arena_free(arena);
}

TEST(variables_are_put_in_everywhere_but_in_single_quotes)
{
    struct arena *arena = arena_new();
    struct fields variables = { 0 };
    struct lex_line line = lexed(arena, "$v \"a $v b\" '$v' /k?versionId=$v&x=$other \"\\$v\" $vv");
    fields_set(arena, &variables, STR("v"), STR("42"));
    assert_str(lex_expand(arena, &line.words[0], &variables), "42");
    assert_str(lex_expand(arena, &line.words[1], &variables), "a 42 b");
    assert_str(lex_expand(arena, &line.words[2], &variables), "$v");
    assert_str(lex_expand(arena, &line.words[3], &variables), "/k?versionId=42&x=");
    assert_str(lex_expand(arena, &line.words[4], &variables), "$v");
    assert_str(lex_expand(arena, &line.words[5], &variables), "");
    assert_true(lex_word_has_variable(&line.words[0]));
    assert_false(lex_word_has_variable(&line.words[2]));
    arena_free(arena);
}
