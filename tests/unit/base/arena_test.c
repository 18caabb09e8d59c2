/* Arenas: alignment, zeroes, growth, deferred functions. */
#include "tests/unit/test.h"

#include <string.h>

TEST(every_piece_is_aligned_zeroed_and_its_own)
{
    struct arena *arena = arena_new();
    unsigned char *pieces[400];
    for (size_t i = 0; i < COUNT(pieces); i++) {
        pieces[i] = arena_alloc(arena, i);
        assert_int_equal((uintptr_t) pieces[i] % 16, 0);
        for (size_t j = 0; j < i; j++)
            assert_int_equal(pieces[i][j], 0);
        memset(pieces[i], (int) (i & 0xff), i);
    }
    for (size_t i = 1; i < COUNT(pieces); i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal(pieces[i][j], i & 0xff);
    arena_free(arena);
}

TEST(large_pieces_do_not_end_the_current_block)
{
    struct arena *arena = arena_new();
    char *before = arena_alloc(arena, 16);
    memset(arena_alloc(arena, 3 << 20), 1, 3 << 20);
    char *after = arena_alloc(arena, 16);
    assert_ptr_equal(after, before + 16);
    arena_free(arena);
}

TEST(used_bytes_count_up_and_reset_starts_over)
{
    struct arena *arena = arena_new();
    assert_int_equal(arena_used_bytes(arena), 0);
    void *first = arena_alloc(arena, 10);
    assert_int_equal(arena_used_bytes(arena), 16);
    for (int i = 0; i < 1000; i++)
        (void) arena_alloc(arena, 100);
    arena_reset(arena);
    assert_int_equal(arena_used_bytes(arena), 0);
    assert_ptr_equal(arena_alloc(arena, 10), first);
    arena_free(arena);
}

static char order[8];

static void note(void *arg)
{
    order[strlen(order)] = *(const char *) arg;
}

TEST(deferred_functions_run_newest_first_and_once)
{
    struct arena *arena = arena_new();
    memset(order, 0, sizeof order);
    arena_defer(arena, note, arena_copy(arena, "a", 1));
    arena_defer(arena, note, arena_copy(arena, "b", 1));
    arena_reset(arena);
    assert_string_equal(order, "ba");
    arena_defer(arena, note, arena_copy(arena, "c", 1));
    arena_free(arena);
    assert_string_equal(order, "bac");
    arena_free(NULL);
}
