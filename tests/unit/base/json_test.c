/* Reading JSON and JSONC with positions; writing. */
#include "tests/unit/test.h"

#include <math.h>

#include "base/json.h"
#include "base/limits.h"

TEST(values_of_every_kind_with_their_places)
{
    struct arena *arena = arena_new();
    struct json_error error;
    const struct json *json =
        json_parse(arena,
                   STR("{\n"
                       "  \"s\": \"a\\u00e9\\n\\ud83d\\ude00\", \"n\": -1.5e2,\n"
                       "  \"b\" : true ,\t\"z\":null,\"a\":[1, [ ], {}]\n"
                       "}\n"),
                   &error);
    assert_non_null(json);
    assert_int_equal(json->count, 5);
    assert_int_equal(json->line, 1);
    assert_str(json_string(json, "s", STR("")), "a\xc3\xa9\n\xf0\x9f\x98\x80");
    assert_true(json_number(json, "n", 0) < -149.9);
    assert_true(json_bool(json, "b", false));
    assert_int_equal(json_member(json, "z")->kind, JSON_NULL);
    const struct json *array = json_member(json, "a");
    assert_int_equal(array->count, 3);
    assert_int_equal(array->line, 3);
    assert_int_equal(array->column, 29);
    assert_int_equal(array->child->next->next->column, 38);
    assert_int_equal(json_member(json, "b")->column, 9);
    arena_free(arena);
}

TEST(lookups_fall_back)
{
    struct arena *arena = arena_new();
    struct json_error error;
    const struct json *json = json_parse(arena, STR("{\"a\": \"x\", \"A\": 1}"), &error);
    assert_null(json_member(NULL, "a"));
    assert_null(json_member(json->child, "a"));
    assert_null(json_member(json, "b"));
    assert_str(json_string(json, "A", STR("no")), "no");
    assert_true(json_number(json, "a", 7) > 6);
    assert_true(json_bool(json, "a", true));
    arena_free(arena);
}

TEST(comments_and_trailing_commas_leave_places_true)
{
    struct arena *arena = arena_new();
    struct json_error error;
    const struct json *json =
        json_parse(arena,
                   STR("// \xc3\xa9 \xc3\xa9\n"
                       "{ /* \xc3\xa9\n \xc3\xa9 */ \"a\": [1, 2, /*x*/ ], // end\n"
                       "  \"b\": \"//\\\"/*\",\n"
                       "}"),
                   &error);
    assert_non_null(json);
    const struct json *a = json_member(json, "a");
    assert_int_equal(a->line, 3);
    assert_int_equal(a->column, 12);
    assert_int_equal(a->count, 2);
    assert_str(json_string(json, "b", STR_NONE), "//\"/*");
    assert_int_equal(json_member(json, "b")->line, 4);
    arena_free(arena);
}

TEST(mistakes_are_found_where_they_are)
{
    static const struct {
        int row, at_line, at_column;
        const char *in, *message;
    } rows[] = {
        { __LINE__, 1, 1, "", "the text ends too early" },
        { __LINE__, 2, 3, " \n  ", "the text ends too early" },
        { __LINE__, 1, 4, "[1 2]", "unexpected '2'" },
        { __LINE__, 1, 3, "1 2", "unexpected '2'" },
        { __LINE__, 1, 1, "tru", "unexpected 't'" },
        { __LINE__, 1, 5, "truer", "unexpected 'r'" },
        { __LINE__, 1, 2, "[,]", "unexpected ','" },
        { __LINE__, 1, 4, "[1,,]", "unexpected ','" },
        { __LINE__, 1, 5, "{\"a\"}", "unexpected '}'" },
        { __LINE__, 1, 2, "{1:2}", "expected a member's name in double quotes" },
        { __LINE__, 1, 8, "{\"a\":1 b:2}", "unexpected 'b'" },
        { __LINE__, 1, 9, "{\"a\":1, b:2}", "expected a member's name in double quotes" },
        { __LINE__, 1, 2, "[}", "unexpected '}'" },
        { __LINE__, 1, 1, "]", "unexpected ']'" },
        { __LINE__, 2, 5, "{\n\"a\":[1, 2", "this '[' is never closed" },
        { __LINE__, 1, 6, "{\"a\":[1, 2", "this '[' is never closed" },
        { __LINE__, 1, 2, "[\"abc]", "this string is never closed" },
        { __LINE__, 1, 2, "[\"a\nc\"]", "this string is never closed" },
        { __LINE__, 1, 3, "\"a\tb\"", "a control character must be escaped" },
        { __LINE__, 1, 2, "\"\\x\"", "unknown escape in the string" },
        { __LINE__, 1, 2, "\"\\u12g4\"", "\\u needs four hexadecimal digits" },
        { __LINE__, 1, 2, "\"\\u12\"", "\\u needs four hexadecimal digits" },
        { __LINE__, 1, 3, "\"a\\u0000\"", "\\u0000 is not allowed in a string" },
        { __LINE__, 1, 2, "[01]", "this is not a number" },
        { __LINE__, 1, 2, "[-]", "this is not a number" },
        { __LINE__, 1, 2, "[1.]", "this is not a number" },
        { __LINE__, 1, 2, "[1e]", "this is not a number" },
        { __LINE__, 1, 2, "[1e999]", "the number is too large" },
        { __LINE__, 1, 2, "[.5]", "unexpected '.'" },
        { __LINE__, 1, 2, "[+1]", "unexpected '+'" },
        { __LINE__, 1, 2, "['a']", "unexpected '''" },
        { __LINE__, 1, 3, "1 /* x", "this comment is never closed" },
        { __LINE__, 1, 3, "1 /*/", "this comment is never closed" },
        { __LINE__, 1, 3, "1 / 2", "unexpected '/'" },
        { __LINE__, 1, 3, "[1\x01]", "unexpected character" },
        { __LINE__, 1, 3, "\"\xc3\xa9\xff\"", "the text is not UTF-8" },
        { __LINE__, 2, 2, "{\"a\":1,\n \"a\":2}", "the member \"a\" is there twice" },
        { __LINE__, 1, 26, "{\"b\":{},\"a\":{\"x\":1,\"y\":2,\"x\":3}}",
          "the member \"x\" is there twice" },
        { __LINE__, 1, 2, "1,", "unexpected ','" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_error error = { 0 };
        if (json_parse(arena, str_of(rows[i].in), &error) != NULL)
            fail_msg("row at line %d was taken", rows[i].row);
        if (rows[i].message[0] &&
            (!str_is(error.message, rows[i].message) || (int) error.line != rows[i].at_line ||
             (int) error.column != rows[i].at_column))
            fail_msg("row at line %d: %u:%u %.*s", rows[i].row, error.line, error.column,
                     STR_ARG(error.message));
    }
    arena_free(arena);
}

TEST(half_a_surrogate_pair_is_refused)
{
    struct arena *arena = arena_new();
    struct json_error error;
    assert_null(json_parse(arena, STR("\"\\ud83d\""), &error));
    assert_null(json_parse(arena, STR("\"\\ude00\""), &error));
    assert_null(json_parse(arena, STR("\"\\ud83d\\u0041\""), &error));
    arena_free(arena);
}

TEST(nul_and_size_and_depth_are_bounded)
{
    struct arena *arena = arena_new();
    struct json_error error;
    assert_null(json_parse(arena, STR("[1]\0"), &error));
    assert_int_equal(error.column, 4);
    char *text = arena_alloc(arena, LIMIT_JSON_BYTES + 1);
    memset(text, ' ', LIMIT_JSON_BYTES + 1);
    text[0] = '1';
    assert_non_null(json_parse(arena, (str){ text, LIMIT_JSON_BYTES }, &error));
    assert_null(json_parse(arena, (str){ text, LIMIT_JSON_BYTES + 1 }, &error));
    memset(text, '[', LIMIT_JSON_DEPTH + 1);
    memset(text + LIMIT_JSON_DEPTH + 1, ']', LIMIT_JSON_DEPTH + 1);
    assert_null(json_parse(arena, (str){ text, 2 * (LIMIT_JSON_DEPTH + 1) }, &error));
    assert_int_equal(error.column, LIMIT_JSON_DEPTH + 1);
    assert_non_null(json_parse(arena, (str){ text + 1, 2 * LIMIT_JSON_DEPTH }, &error));
    arena_free(arena);
}

TEST(a_byte_order_mark_is_passed_over)
{
    struct arena *arena = arena_new();
    struct json_error error;
    const struct json *json = json_parse(arena, STR("\xef\xbb\xbf 7"), &error);
    assert_non_null(json);
    assert_int_equal(json->column, 2);
    arena_free(arena);
}

TEST(a_wide_object_is_checked_quickly)
{
    struct arena *arena = arena_new();
    struct json_error error;
    struct buf buf;
    struct json_writer w;
    buf_init_arena(&buf, arena, LIMIT_JSON_BYTES);
    json_begin(&w, &buf);
    json_object(&w, NULL);
    for (int i = 0; i < 100000; i++)
        json_integer(&w, str_format(arena, "k%d", i).ptr, i);
    json_end(&w);
    assert_int_equal(json_parse(arena, buf_str(&buf), &error)->count, 100000);
    arena_free(arena);
}

TEST(writing)
{
    struct buf buf;
    struct json_writer w;
    buf_init(&buf, 4096);
    json_begin(&w, &buf);
    json_object(&w, NULL);
    json_text(&w, "t", STR("a\"\\\n\x01\x7f\xc3\xa9/"));
    json_array(&w, "xs");
    json_integer(&w, NULL, INT64_MIN);
    json_real(&w, NULL, 0.1);
    json_real(&w, NULL, 1e300);
    json_real(&w, NULL, (double) NAN);
    json_array(&w, NULL);
    json_end(&w);
    json_end(&w);
    json_key(&w, STR("k\xc3\xa9"));
    json_object(&w, NULL);
    json_boolean(&w, "b", true);
    json_nothing(&w, "z");
    json_end(&w);
    json_key(&w, STR("l"));
    json_boolean(&w, NULL, false);
    json_raw(&w, "r", STR("[1]"));
    json_end(&w);
    assert_str(buf_str(&buf), "{\"t\":\"a\\\"\\\\\\n\\u0001\\u007f\xc3\xa9/\","
                              "\"xs\":[-9223372036854775808,0.1,1e+300,null,[]],"
                              "\"k\xc3\xa9\":{\"b\":true,\"z\":null},\"l\":false,\"r\":[1]}");
    buf_fini(&buf);
}

TEST(what_is_not_utf8_is_replaced)
{
    struct buf buf;
    buf_init(&buf, 4096);
    json_quote(&buf, STR("\xc3\xa9\xff\"\xe2\x82z\xf0\x9f\x98\x80"));
    assert_str(buf_str(&buf),
               "\"\xc3\xa9\xef\xbf\xbd\\\"\xef\xbf\xbd\xef\xbf\xbdz\xf0\x9f\x98\x80\"");
    buf_fini(&buf);
}

TEST(what_is_written_reads_back)
{
    struct arena *arena = arena_new();
    struct json_error error;
    struct buf buf;
    char all[127];
    for (int i = 0; i < 127; i++)
        all[i] = (char) (i + 1);
    buf_init_arena(&buf, arena, 4096);
    json_quote(&buf, (str){ all, sizeof all });
    const struct json *json = json_parse(arena, buf_str(&buf), &error);
    assert_non_null(json);
    assert_true(str_eq(json->string, (str){ all, sizeof all }));
    arena_free(arena);
}
