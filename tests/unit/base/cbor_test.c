/* CBOR: RFC 8949's own examples (appendix A), what is refused, and that what is written is read. */
#include "base/cbor.h"

#include <math.h>

#include "base/encode.h"
#include "tests/unit/test.h"

static struct json *parsed(struct arena *arena, const char *hex)
{
    str bytes;
    if (!decode_hex(arena, str_of(hex), &bytes))
        fail_msg("%s is no hex", hex);
    return cbor_parse(arena, bytes);
}

TEST(numbers_are_read_at_every_width)
{
    static const struct {
        int line;
        const char *hex;
        double number;
    } rows[] = {
        { __LINE__, "00", 0 },
        { __LINE__, "17", 23 },
        { __LINE__, "1818", 24 },
        { __LINE__, "1903e8", 1000 },
        { __LINE__, "1a000f4240", 1000000 },
        { __LINE__, "1b000000e8d4a51000", 1000000000000 },
        { __LINE__, "20", -1 },
        { __LINE__, "3903e7", -1000 },
        { __LINE__, "f93c00", 1 },
        { __LINE__, "f93e00", 1.5 },
        { __LINE__, "f97bff", 65504 },
        { __LINE__, "f90001", 5.960464477539063e-8 },
        { __LINE__, "f9c400", -4 },
        { __LINE__, "fa47c35000", 100000 },
        { __LINE__, "fb3ff199999999999a", 1.1 },
        { __LINE__, "c11a514b67b0", 1363896240 },
        { __LINE__, "c1fb41d452d9ec200000", 1363896240.5 },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct json *item = parsed(arena, rows[i].hex);
        if (item == NULL || item->kind != JSON_NUMBER ||
            fabs(item->number - rows[i].number) > 1e-12)
            fail_msg("line %d: %g", rows[i].line, item ? item->number : -1e99);
    }
    arena_free(arena);
}

TEST(maps_and_arrays_are_read_with_and_without_a_length)
{
    static const char *const same[] = {
        "a26161016162820203",                           /* {"a": 1, "b": [2, 3]} */
        "bf61610161629f0203ffff",                       /* the same, open-ended */
        "bf7f6161ff01616282f94000fb4008000000000000ff", /* a key in pieces, other widths */
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(same); i++) {
        const struct json *map = parsed(arena, same[i]);
        assert_non_null(map);
        assert_int_equal(map->count, 2);
        assert_true(json_number(map, "a", 0) == 1);
        const struct json *list = json_member(map, "b");
        assert_non_null(list);
        assert_true(list->kind == JSON_ARRAY && list->count == 2);
        assert_true(list->child->number == 2 && list->child->next->number == 3);
    }
    arena_free(arena);
}

TEST(what_is_broken_is_refused)
{
    static const char *const rows[] = {
        "",         "18",   "61", "7a7fffffff61", "9b7fffffffffffffff",
        "a1016161", /* a key that is no text */
        "bf6161ff", /* a key without a value */
        "9f01",     "ff",   "1c", "f818",         "5f4101",
        "7f4101ff", /* bytes among pieces of text */
        "0000",     /* two items */
        "1f",       "df01",
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++)
        if (parsed(arena, rows[i]))
            fail_msg("%s was read", rows[i]);
    arena_free(arena);
}

TEST(depth_is_bounded)
{
    char deep[5000];
    struct arena *arena = arena_new();
    memset(deep, 0x81, sizeof deep);
    deep[sizeof deep - 1] = 0;
    assert_null(cbor_parse(arena, str_from(deep, sizeof deep)));
    memset(deep, (char) 0xc1, sizeof deep);
    assert_null(cbor_parse(arena, str_from(deep, sizeof deep)));
    arena_free(arena);
}

TEST(what_is_written_is_read_back)
{
    static const int64_t numbers[] = { 0, 23, 24, 255, 256, 65535, 65536, 1ll << 40, -1, -500 };
    struct arena *arena = arena_new();
    struct buf buf;
    char text[300];
    memset(text, 'x', sizeof text);
    buf_init_arena(&buf, arena, 4096);
    cbor_map(&buf);
    cbor_text(&buf, STR("numbers"));
    cbor_array(&buf);
    for (size_t i = 0; i < COUNT(numbers); i++)
        cbor_integer(&buf, numbers[i]);
    cbor_end(&buf);
    cbor_text(&buf, STR("text"));
    cbor_text(&buf, str_from(text, sizeof text));
    cbor_text(&buf, STR("real"));
    cbor_real(&buf, 0.1);
    cbor_text(&buf, STR("yes"));
    cbor_boolean(&buf, true);
    cbor_text(&buf, STR("at"));
    cbor_time(&buf, 1.5);
    cbor_end(&buf);
    const struct json *map = cbor_parse(arena, buf_str(&buf));
    assert_non_null(map);
    const struct json *number = json_member(map, "numbers")->child;
    for (size_t i = 0; i < COUNT(numbers); i++, number = number->next)
        assert_true(number->number == (double) numbers[i]);
    assert_int_equal(json_string(map, "text", STR_NONE).size, sizeof text);
    assert_true(json_number(map, "real", 0) == 0.1 && json_number(map, "at", 0) == 1.5);
    assert_true(json_bool(map, "yes", false));
    arena_free(arena);
}
