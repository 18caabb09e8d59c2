/* What is remembered of changes by hand: the latest, in order, bounded in number and in bytes. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "base/limits.h"
#include "server/changes.h"
#include "server/ordinals.h"
#include "server/world.h"

struct remembering {
    struct arena *arena;
    struct world world;
    struct lane lane;
};

static void begin(struct remembering *r)
{
    *r = (struct remembering){ .arena = arena_new() };
    r->world.clock = clock_new(CLOCK_MANUAL, (instant){ 0 }, 1);
    r->world.ordinals = mem_alloc(sizeof *r->world.ordinals);
    r->world.changes = changes_new();
    r->lane.world = &r->world;
}

static void end(struct remembering *r)
{
    changes_free(r->world.changes);
    free(r->world.ordinals);
    clock_free(r->world.clock);
    arena_free(r->arena);
}

static void act(struct remembering *r, size_t number, size_t more_bytes)
{
    struct buf line;
    buf_init_arena(&line, r->arena, LIMIT_ANSWER_BYTES);
    buf_addf(&line, "act %zu", number);
    for (size_t i = 0; i < more_bytes; i++)
        buf_add_char(&line, '.');
    changes_act(&r->lane, NULL, buf_str(&line));
}

TEST(the_oldest_of_too_many_changes_are_forgotten)
{
    struct remembering r;
    size_t count;
    begin(&r);
    for (size_t i = 0; i < LIMIT_CHANGES + 3; i++)
        act(&r, i, 0);
    const struct change_said *list = changes_list(r.world.changes, r.arena, &count);
    assert_int_equal(count, LIMIT_CHANGES);
    assert_true(str_is(list[0].is, "act 3\n"));
    assert_true(str_is(list[count - 1].is, "act 2002\n"));
    end(&r);
}

TEST(large_changes_are_forgotten_earlier_but_never_the_newest)
{
    struct remembering r;
    size_t count;
    begin(&r);
    for (size_t i = 0; i < 4; i++)
        act(&r, i, LIMIT_CHANGES_BYTES / 3);
    const struct change_said *list = changes_list(r.world.changes, r.arena, &count);
    assert_int_equal(count, 2);
    assert_true(str_starts(list[0].is, STR("act 2.")));
    act(&r, 4, 0);
    list = changes_list(r.world.changes, r.arena, &count);
    assert_int_equal(count, 3);
    assert_true(str_is(list[2].is, "act 4\n"));
    end(&r);
}

TEST(a_world_of_which_nothing_is_remembered_forgets_what_it_knew)
{
    struct remembering r;
    size_t count;
    begin(&r);
    act(&r, 1, 10);
    changes_clear(r.world.changes);
    (void) changes_list(r.world.changes, r.arena, &count);
    assert_int_equal(count, 0);
    act(&r, 2, 0);
    const struct change_said *list = changes_list(r.world.changes, r.arena, &count);
    assert_int_equal(count, 1);
    assert_true(str_is(list[0].is, "act 2\n"));
    end(&r);
}
