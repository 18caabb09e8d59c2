/* Hex, base64, percent, UTF-8. */
#include "tests/unit/test.h"

#include "base/encode.h"

TEST(hex_both_ways)
{
    struct arena *arena = arena_new();
    str out = STR("kept");
    assert_str(encode_hex(arena, "\x00\xff\x1a", 3), "00ff1a");
    assert_true(decode_hex(arena, STR("00fF1a"), &out));
    assert_int_equal(out.size, 3);
    assert_memory_equal(out.ptr, "\x00\xff\x1a", 3);
    out = STR("kept");
    assert_false(decode_hex(arena, STR("0"), &out));
    assert_false(decode_hex(arena, STR("0g"), &out));
    assert_false(decode_hex(arena, STR("G0"), &out));
    assert_str(out, "kept");
    assert_true(decode_hex(arena, STR(""), &out));
    assert_int_equal(out.size, 0);
    arena_free(arena);
}

TEST(base64_as_rfc_4648_says)
{
    static const struct {
        const char *in, *padded, *url;
    } rows[] = {
        { "", "", "" },
        { "f", "Zg==", "Zg" },
        { "fo", "Zm8=", "Zm8" },
        { "foo", "Zm9v", "Zm9v" },
        { "foob", "Zm9vYg==", "Zm9vYg" },
        { "fooba", "Zm9vYmE=", "Zm9vYmE" },
        { "\xff\xef\xbe", "/+++", "_---" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        str in = str_of(rows[i].in), out;
        assert_str(encode_base64(arena, in.ptr, in.size), rows[i].padded);
        assert_str(encode_base64url(arena, in.ptr, in.size), rows[i].url);
        assert_true(decode_base64(arena, str_of(rows[i].padded), &out));
        assert_str(out, rows[i].in);
        assert_true(decode_base64url(arena, str_of(rows[i].url), &out));
        assert_str(out, rows[i].in);
    }
    arena_free(arena);
}

TEST(base64_refuses_what_is_not_exact)
{
    static const char *const bad[] = { "Zg",   "Zg=",      "Zg===", "Z===",   "====",
                                       "=",    "Zg==Zg==", "Z g=",  "Zm9v\n", "_---",
                                       "Zh==", "Zm9=",     "Zm9v=" };
    struct arena *arena = arena_new();
    str out = STR("kept");
    for (size_t i = 0; i < COUNT(bad); i++)
        if (decode_base64(arena, str_of(bad[i]), &out))
            fail_msg("took \"%s\"", bad[i]);
    assert_false(decode_base64url(arena, STR("Zg=="), &out));
    assert_false(decode_base64url(arena, STR("Z"), &out));
    assert_false(decode_base64url(arena, STR("/+++"), &out));
    assert_str(out, "kept");
    arena_free(arena);
}

TEST(percent_encoding)
{
    struct arena *arena = arena_new();
    assert_str(encode_uri(arena, STR("aZ09-._~ /+\xc3\xa9"), false), "aZ09-._~%20%2F%2B%C3%A9");
    assert_str(encode_uri(arena, STR("a/b c"), true), "a/b%20c");
    assert_str(encode_listing(arena, STR("a/b c+*")), "a/b%20c%2B%2A");
    assert_str(encode_uri(arena, STR("@[`{:"), false), "%40%5B%60%7B%3A");
    assert_str(decode_uri(arena, STR("a%2fb%2Fc+d"), false), "a/b/c+d");
    assert_str(decode_uri(arena, STR("a+b%2B"), true), "a b+");
    assert_str(decode_uri(arena, STR("%"), false), "%");
    assert_str(decode_uri(arena, STR("%4"), false), "%4");
    assert_str(decode_uri(arena, STR("%zz%41%"), false), "%zzA%");
    assert_int_equal(decode_uri(arena, STR("%00"), false).size, 1);
    arena_free(arena);
}

TEST(every_byte_survives_percent_encoding)
{
    struct arena *arena = arena_new();
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char) (unsigned char) i;
    str s = { all, sizeof all };
    assert_true(str_eq(decode_uri(arena, encode_uri(arena, s, false), false), s));
    assert_true(str_eq(decode_uri(arena, encode_listing(arena, s), true), s));
    arena_free(arena);
}

TEST(utf8)
{
    static const char *const good[] = { "",
                                        "plain ascii, longer than eight",
                                        "\xc3\xa9",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xef\xbf\xbf",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf" };
    static const char *const bad[] = { "\x80",
                                       "\xc0\x80",
                                       "\xc1\xbf",
                                       "\xc3",
                                       "\xe0\x9f\xbf",
                                       "\xed\xa0\x80",
                                       "\xe2\x82",
                                       "\xff",
                                       "\xf0\x8f\xbf\xbf",
                                       "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80",
                                       "12345678\xc3",
                                       "\xc3(" };
    for (size_t i = 0; i < COUNT(good); i++)
        if (!utf8_is_valid(str_of(good[i])))
            fail_msg("refused good row %zu", i);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (utf8_is_valid(str_of(bad[i])))
            fail_msg("took bad row %zu", i);
    assert_int_equal(utf8_sequence_size(STR("\xf0\x90\x80\x80x")), 4);
    assert_int_equal(utf8_sequence_size(STR_NONE), 0);
}
