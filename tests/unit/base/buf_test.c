/* Growing bytes and their cap. */
#include "tests/unit/test.h"

#include "base/buf.h"

TEST(pieces_of_every_kind_follow_each_other)
{
    struct buf buf;
    buf_init(&buf, 1000);
    buf_add(&buf, STR("a"));
    buf_add_char(&buf, 'b');
    buf_add_u64(&buf, 0);
    buf_add_u64(&buf, UINT64_MAX);
    buf_addf(&buf, "%s", "c");
    buf_add(&buf, STR_NONE);
    assert_str(buf_str(&buf), "ab018446744073709551615c");
    buf_addf(&buf, "%300d", 1);
    assert_int_equal(buf.size, 324);
    assert_false(buf.overflow);
    buf_fini(&buf);
    buf_fini(&buf);
}

TEST(the_cap_is_exact_and_overflow_sticks)
{
    struct arena *arena = arena_new();
    struct buf buf;
    buf_init_arena(&buf, arena, 4);
    buf_add(&buf, STR("abcd"));
    assert_false(buf.overflow);
    buf_add_char(&buf, 'e');
    assert_true(buf.overflow);
    assert_str(buf_str(&buf), "abcd");
    buf_clear(&buf);
    assert_false(buf.overflow);
    buf_add(&buf, STR("abcde"));
    buf_add_char(&buf, 'x'); /* would fit, but not after a hole */
    assert_true(buf.overflow);
    assert_str(buf_str(&buf), "");
    assert_null(buf_reserve(&buf, SIZE_MAX));
    arena_free(arena);
}

TEST(growth_keeps_what_is_there)
{
    struct arena *arena = arena_new();
    struct buf heap, in_arena;
    buf_init(&heap, 1 << 20);
    buf_init_arena(&in_arena, arena, 1 << 20);
    for (uint64_t i = 0; i < 20000; i++) {
        buf_add_u64(&heap, i);
        buf_add_u64(&in_arena, i);
    }
    assert_true(str_eq(buf_str(&heap), buf_str(&in_arena)));
    assert_true(str_ends(buf_str(&heap), STR("1999819999")));
    buf_fini(&heap);
    arena_free(arena);
}

TEST(reserved_room_is_filled_by_the_caller)
{
    struct buf buf;
    buf_init(&buf, 100);
    char *room = buf_reserve(&buf, 3);
    memcpy(room, "xyz", 3);
    assert_str(buf_str(&buf), "");
    buf.size += 3;
    assert_str(buf_str(&buf), "xyz");
    buf_fini(&buf);
}
