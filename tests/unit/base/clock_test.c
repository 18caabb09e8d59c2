/* The two times. Nothing here waits: flow is checked by asking twice. */
#include "tests/unit/test.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/lock.h"

static const instant start = { INT64_C(1767323045000000000) };

TEST(a_manual_clock_moves_by_command_only)
{
    struct clock *clock = clock_new(CLOCK_MANUAL, start, 1.0);
    assert_true(clock_now(clock).ns == start.ns);
    assert_true(clock_wall_until(clock, instant_add(start, DURATION_S(1))).ns < 0);
    assert_true(clock_move_to(clock, instant_add(start, DURATION_S(60))));
    assert_true(clock_now(clock).ns == start.ns + 60000000000);
    assert_false(clock_move_to(clock, start));
    assert_true(clock_now(clock).ns == start.ns + 60000000000);
    assert_true(clock_wall_until(clock, start).ns == 0);
    clock_free(clock);
}

TEST(a_flowing_clock_flows_at_its_rate)
{
    struct clock *clock = clock_new(CLOCK_REAL_TIME, start, 1000000.0);
    duration wall = clock_wall_until(clock, instant_add(start, DURATION_S(3600)));
    assert_true(wall.ns >= 0 && wall.ns <= 3600000);
    instant before = clock_now(clock);
    assert_false(instant_before(before, start));
    clock_rate_set(clock, 0.0);
    instant frozen = clock_now(clock);
    assert_false(instant_before(frozen, before));
    assert_true(clock_now(clock).ns == frozen.ns);
    assert_true(clock_wall_until(clock, INSTANT_NEVER).ns < 0);
    assert_true(clock_rate_get(clock) <= 0.0);
    clock_free(clock);
}

TEST(a_jump_goes_on_flowing_from_there)
{
    struct clock *clock = clock_new(CLOCK_AUTO, start, 1.0);
    instant later = instant_add(start, DURATION_S(86400));
    assert_true(clock_move_to(clock, later));
    assert_false(instant_before(clock_now(clock), later));
    assert_false(clock_move_to(clock, start));
    clock_mode_set(clock, CLOCK_MANUAL);
    instant held = clock_now(clock);
    assert_false(instant_before(held, later));
    assert_true(clock_now(clock).ns == held.ns);
    assert_int_equal(clock_mode_get(clock), CLOCK_MANUAL);
    clock_free(clock);
}

TEST(emulated_time_ends_and_stands_there)
{
    static const enum clock_mode modes[] = { CLOCK_REAL_TIME, CLOCK_MANUAL, CLOCK_AUTO };
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct clock *clock = clock_new(modes[i], start, CLOCK_RATE_MOST);
        assert_true(clock_move_to(clock, INSTANT_NEVER));
        assert_true(clock_now(clock).ns == CLOCK_END.ns);
        assert_true(clock_move_to(clock, CLOCK_END));
        assert_true(clock_now(clock).ns == CLOCK_END.ns);
        clock_free(clock);
    }
    assert_string_equal(CLOCK_END_TEXT, "2262-01-01T00:00:00Z");
    instant end;
    assert_true(instant_parse_iso8601(STR(CLOCK_END_TEXT), &end));
    assert_true(end.ns == CLOCK_END.ns);
}

TEST(a_rate_is_zero_or_within_bounds)
{
    static const struct {
        int line;
        double rate;
        bool sound;
    } rows[] = {
        { __LINE__, 0, true },        { __LINE__, -0.0, true },   { __LINE__, 1, true },
        { __LINE__, 0.001, true },    { __LINE__, 1e6, true },    { __LINE__, 0.0009, false },
        { __LINE__, 1e-320, false },  { __LINE__, 1e308, false }, { __LINE__, -1, false },
        { __LINE__, 1000001, false },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_true(clock_rate_is_sound(rows[i].rate) == rows[i].sound);
}

struct watched {
    struct clock *clock;
    _Atomic bool stop;
    _Atomic bool went_back;
};

static void *watch(void *arg)
{
    struct watched *watched = arg;
    instant last = clock_now(watched->clock);
    while (!atomic_load(&watched->stop)) {
        instant now = clock_now(watched->clock);
        if (instant_before(now, last))
            atomic_store(&watched->went_back, true);
        last = now;
    }
    return NULL;
}

TEST(time_never_goes_back_while_another_thread_changes_the_clock)
{
    struct watched watched = { .clock = clock_new(CLOCK_REAL_TIME, start, 1.0) };
    pthread_t thread = thread_start("watch", watch, &watched);
    for (int i = 0; i < 20000; i++) {
        clock_rate_set(watched.clock, i % 2 ? 0.01 : 100.0);
        clock_mode_set(watched.clock, i % 3 ? CLOCK_REAL_TIME : CLOCK_MANUAL);
        if (i % 100 == 0)
            assert_true(
                clock_move_to(watched.clock, instant_add(clock_now(watched.clock), DURATION_S(9))));
    }
    atomic_store(&watched.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(atomic_load(&watched.went_back));
    clock_free(watched.clock);
}

TEST(mode_names_read_back)
{
    enum clock_mode mode;
    for (enum clock_mode m = CLOCK_REAL_TIME; m <= CLOCK_AUTO; m++) {
        assert_true(clock_mode_parse(clock_mode_name(m), &mode));
        assert_int_equal(mode, m);
    }
    assert_false(clock_mode_parse(STR("fast"), &mode));
}

TEST(the_machines_clocks_are_plausible)
{
    assert_true(clock_wall().ns > INT64_C(1700000000000000000));
    duration before = clock_mono();
    assert_true(clock_mono().ns >= before.ns);
}
