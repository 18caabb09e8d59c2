/* Views, numbers in text, copies. */
#include "tests/unit/test.h"

TEST(order_is_unsigned_bytes_and_shorter_first)
{
    assert_true(str_cmp(STR("a"), STR("b")) < 0);
    assert_true(str_cmp(STR("a"), STR("a\x80")) < 0);
    assert_true(str_cmp(STR("\x7f"), STR("\x80")) < 0);
    assert_true(str_cmp(STR("ab"), STR("a")) > 0);
    assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
}

TEST(prefixes_suffixes_and_case)
{
    assert_true(str_starts(STR("photos/cat"), STR("photos/")));
    assert_true(str_starts(STR("a"), STR_NONE));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_ends(STR("cat.jpg"), STR(".jpg")));
    assert_false(str_ends(STR("jpg"), STR(".jpg")));
    assert_true(str_eq_nocase(STR("X-Amz"), STR("x-aMZ")));
    assert_false(str_eq_nocase(STR("@"), STR("`")));
    assert_true(str_starts_nocase(STR("Bearer x"), STR("bearer ")));
}

TEST(cutting_never_leaves_the_text)
{
    str head, tail;
    assert_str(str_skip(STR("abc"), 9), "");
    assert_true(str_is_set(str_skip(STR("abc"), 9)));
    assert_str(str_first(STR("abc"), 9), "abc");
    assert_str(str_trim(STR(" \t a b\r\n")), "a b");
    assert_str(str_trim(STR("  ")), "");
    assert_true(str_cut(STR("k=v=w"), '=', &head, &tail));
    assert_str(head, "k");
    assert_str(tail, "v=w");
    assert_false(str_cut(STR("k"), '=', &head, &tail));
    assert_str(head, "k");
    assert_int_equal(tail.size, 0);
}

static size_t pieces(str s)
{
    size_t count = 0;
    for (str piece; str_next(&s, ',', &piece);)
        count++;
    return count;
}

TEST(empty_pieces_count)
{
    assert_int_equal(pieces(STR("a,,b")), 3);
    assert_int_equal(pieces(STR("a,")), 2);
    assert_int_equal(pieces(STR("")), 1);
    assert_int_equal(pieces(STR_NONE), 0);
}

TEST(finding)
{
    assert_int_equal(str_find(STR("abcabd"), STR("abd")), 3);
    assert_int_equal(str_find(STR("abc"), STR("x")), 3);
    assert_int_equal(str_find(STR("abc"), STR("")), 0);
    assert_int_equal(str_find(STR_NONE, STR("x")), 0);
    assert_int_equal(str_find_char(STR("abc"), 'c'), 2);
    assert_int_equal(str_find_char(STR("abc"), 'x'), 3);
}

TEST(unsigned_numbers)
{
    static const struct {
        int line;
        const char *in;
        bool good;
        uint64_t out;
    } rows[] = {
        { __LINE__, "0", true, 0 },
        { __LINE__, "007", true, 7 },
        { __LINE__, "18446744073709551615", true, UINT64_MAX },
        { __LINE__, "18446744073709551616", false, 0 },
        { __LINE__, "99999999999999999999", false, 0 },
        { __LINE__, "", false, 0 },
        { __LINE__, "-1", false, 0 },
        { __LINE__, "+1", false, 0 },
        { __LINE__, " 1", false, 0 },
        { __LINE__, "1x", false, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t n = 0;
        if (str_to_u64(str_of(rows[i].in), &n) != rows[i].good || n != rows[i].out)
            fail_msg("line %d", rows[i].line);
    }
}

TEST(signed_numbers)
{
    int64_t n;
    assert_true(str_to_i64(STR("-9223372036854775808"), &n));
    assert_true(n == INT64_MIN);
    assert_true(str_to_i64(STR("9223372036854775807"), &n));
    assert_true(n == INT64_MAX);
    assert_false(str_to_i64(STR("9223372036854775808"), &n));
    assert_false(str_to_i64(STR("-9223372036854775809"), &n));
    assert_false(str_to_i64(STR("--1"), &n));
    assert_false(str_to_i64(STR("-"), &n));
}

TEST(doubles_are_plain_decimals)
{
    static const char *const bad[] = { "",    "-",   ".",     ".5", "1.", "1e3", "0x1",
                                       "inf", "nan", "1.2.3", " 1", "1 ", "--1" };
    double d;
    assert_true(str_to_double(STR("0.25"), &d));
    assert_true(d > 0.24 && d < 0.26);
    assert_true(str_to_double(STR("-3"), &d));
    assert_true(d < -2.9);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (str_to_double(str_of(bad[i]), &d))
            fail_msg("took \"%s\"", bad[i]);
}

TEST(copies_end_in_nul_and_keep_unset_unset)
{
    struct arena *arena = arena_new();
    str copy = str_copy(arena, str_first(STR("abcdef"), 3));
    assert_string_equal(copy.ptr, "abc");
    assert_false(str_is_set(str_copy(arena, STR_NONE)));
    assert_string_equal(str_c(arena, STR_NONE), "");
    assert_str(str_lower(arena, STR("ABc-\xc3\x84")), "abc-\xc3\x84");
    arena_free(arena);
}

TEST(formatting_of_any_length)
{
    struct arena *arena = arena_new();
    assert_str(str_format(arena, "%d-%s", 7, "x"), "7-x");
    for (int width = 254; width < 259; width++) {
        str text = str_format(arena, "%*d", width, 1);
        assert_int_equal(text.size, width);
        assert_int_equal(text.ptr[width - 1], '1');
        assert_int_equal(text.ptr[width], 0);
    }
    arena_free(arena);
}

TEST(nearest_word)
{
    static const str words[] = { { "eu-west-1", 9 }, { "us-east-1", 9 }, { "put", 3 } };
    assert_str(str_nearest(STR("us-esat-1"), words, COUNT(words)), "us-east-1");
    assert_str(str_nearest(STR("EU-WEST-2"), words, COUNT(words)), "eu-west-1");
    assert_str(str_nearest(STR("puts"), words, COUNT(words)), "put");
    assert_str(str_nearest(STR("upt"), words, COUNT(words)), "put");
    assert_false(str_is_set(str_nearest(STR("delete-bucket"), words, COUNT(words))));
    assert_false(str_is_set(str_nearest(STR(""), words, COUNT(words))));
}

TEST(globs_match_as_written)
{
    static const struct {
        int line;
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        { __LINE__, "", "", true },           { __LINE__, "", "a", false },
        { __LINE__, "*", "", true },          { __LINE__, "a", "a", true },
        { __LINE__, "a*", "abc", true },      { __LINE__, "*c", "abc", true },
        { __LINE__, "a*c", "abcbc", true },   { __LINE__, "a*c", "abcb", false },
        { __LINE__, "a?c", "abc", true },     { __LINE__, "a?c", "ac", false },
        { __LINE__, "**", "x", true },        { __LINE__, "img/*.png", "img/a/b.png", true },
        { __LINE__, "*a*b*", "xaxbx", true }, { __LINE__, "*a*b*", "xbxax", false },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (str_glob(str_of(rows[i].pattern), str_of(rows[i].text)) != rows[i].matches)
            fail_msg("line %d: %s with %s", rows[i].line, rows[i].pattern, rows[i].text);
}

TEST(a_glob_of_many_stars_takes_no_longer_than_its_length_allows)
{
    char text[4001], pattern[402];
    memset(text, 'a', 4000);
    text[4000] = 0;
    for (size_t i = 0; i < 400; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    pattern[400] = 'b';
    pattern[401] = 0;
    assert_false(str_glob(str_of(pattern), str_of(text)));
}
