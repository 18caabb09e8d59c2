/* Emulated time as a straight line over the machine's: base + elapsed x rate. The line's parameters
 * sit behind a seqlock, so that readers never block the world thread.
 *
 * Elapsed time is CLOCK_BOOTTIME, not the time of day: it never goes back when somebody sets the
 * clock, and it counts the time a laptop sleeps, so that Last-Modified stays near Date. */
#include "base/clock.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/bug.h"

/* All atomics are sequentially consistent. That is what keeps time from going back across a change:
 * a reader that saw the old line took its elapsed time before the writer, having made `sequence`
 * odd, took the new line's start. */
struct clock {
    _Atomic unsigned sequence; /* odd while the line changes */
    _Atomic int mode;
    _Atomic int64_t base_ns;         /* emulated time at the line's start */
    _Atomic int64_t base_elapsed_ns; /* machine time at the line's start */
    _Atomic double rate;
};

struct line {
    enum clock_mode mode;
    int64_t base_ns;
    int64_t base_elapsed_ns;
    double rate;
};

static int64_t read_ns(clockid_t id)
{
    struct timespec at;
    BUG_UNLESS(clock_gettime(id, &at) == 0);
    return (int64_t) at.tv_sec * 1000000000 + at.tv_nsec;
}

instant clock_wall(void)
{
    return (instant){ read_ns(CLOCK_REALTIME) };
}

duration clock_mono(void)
{
    return (duration){ read_ns(CLOCK_MONOTONIC) };
}

static int64_t saturate_ns(double ns)
{
    return ns >= (double) INT64_MAX ? INT64_MAX : (int64_t) ns;
}

static instant at_most_end(instant at)
{
    return instant_before(CLOCK_END, at) ? CLOCK_END : at;
}

static instant line_at(const struct line *line, int64_t elapsed_ns)
{
    if (line->mode == CLOCK_MANUAL)
        return (instant){ line->base_ns };
    int64_t passed = elapsed_ns - line->base_elapsed_ns;
    bool plain = line->rate >= 1.0 && line->rate <= 1.0; /* exact for any span */
    int64_t moved = plain ? passed : saturate_ns((double) passed * line->rate);
    return at_most_end(instant_add((instant){ line->base_ns }, (duration){ moved }));
}

static struct line load_line(const struct clock *clock)
{
    return (struct line){
        .mode = (enum clock_mode) atomic_load(&clock->mode),
        .base_ns = atomic_load(&clock->base_ns),
        .base_elapsed_ns = atomic_load(&clock->base_elapsed_ns),
        .rate = atomic_load(&clock->rate),
    };
}

/* The line and the emulated time on it, taken at one moment. */
static instant read_clock(const struct clock *clock, struct line *line)
{
    for (;;) {
        unsigned before = atomic_load(&clock->sequence);
        *line = load_line(clock);
        int64_t elapsed_ns = read_ns(CLOCK_BOOTTIME);
        if (before % 2 == 0 && atomic_load(&clock->sequence) == before)
            return line_at(line, elapsed_ns);
    }
}

/* Between begin and commit the changer may edit *line, which starts at "now". */
static struct line change_begin(struct clock *clock)
{
    (void) atomic_fetch_add(&clock->sequence, 1u);
    struct line line = load_line(clock);
    int64_t elapsed_ns = read_ns(CLOCK_BOOTTIME);
    line.base_ns = line_at(&line, elapsed_ns).ns;
    line.base_elapsed_ns = elapsed_ns;
    return line;
}

static void change_commit(struct clock *clock, const struct line *line)
{
    atomic_store(&clock->mode, (int) line->mode);
    atomic_store(&clock->base_ns, line->base_ns);
    atomic_store(&clock->base_elapsed_ns, line->base_elapsed_ns);
    atomic_store(&clock->rate, line->rate);
    (void) atomic_fetch_add(&clock->sequence, 1u);
}

struct clock *clock_new(enum clock_mode mode, instant start, double rate)
{
    BUG_UNLESS(clock_rate_is_sound(rate));
    struct clock *clock = mem_alloc(sizeof *clock);
    atomic_init(&clock->sequence, 0u);
    atomic_init(&clock->mode, (int) mode);
    atomic_init(&clock->base_ns, at_most_end(start).ns);
    atomic_init(&clock->base_elapsed_ns, read_ns(CLOCK_BOOTTIME));
    atomic_init(&clock->rate, rate);
    return clock;
}

bool clock_rate_is_sound(double rate)
{
    return rate == 0 || (rate >= CLOCK_RATE_LEAST && rate <= CLOCK_RATE_MOST);
}

void clock_free(struct clock *clock)
{
    free(clock);
}

instant clock_now(const struct clock *clock)
{
    struct line line;
    return read_clock(clock, &line);
}

enum clock_mode clock_mode_get(const struct clock *clock)
{
    return (enum clock_mode) atomic_load(&clock->mode);
}

double clock_rate_get(const struct clock *clock)
{
    return atomic_load(&clock->rate);
}

bool clock_move_to(struct clock *clock, instant at)
{
    struct line line = change_begin(clock);
    bool forward = !instant_before(at, (instant){ line.base_ns });
    if (forward)
        line.base_ns = at_most_end(at).ns;
    change_commit(clock, &line);
    return forward;
}

void clock_restore(struct clock *clock, enum clock_mode mode, instant at, double rate)
{
    BUG_UNLESS(clock_rate_is_sound(rate));
    struct line line = change_begin(clock);
    line.mode = mode;
    line.base_ns = at_most_end(at).ns;
    line.rate = rate;
    change_commit(clock, &line);
}

void clock_mode_set(struct clock *clock, enum clock_mode mode)
{
    struct line line = change_begin(clock);
    line.mode = mode;
    change_commit(clock, &line);
}

void clock_rate_set(struct clock *clock, double rate)
{
    BUG_UNLESS(clock_rate_is_sound(rate));
    struct line line = change_begin(clock);
    line.rate = rate;
    change_commit(clock, &line);
}

duration clock_wall_until(const struct clock *clock, instant at)
{
    struct line line;
    instant now = read_clock(clock, &line);
    if (!instant_before(now, at))
        return (duration){ 0 };
    if (line.mode == CLOCK_MANUAL || line.rate <= 0)
        return (duration){ -1 };
    int64_t left;
    if (__builtin_sub_overflow(at.ns, now.ns, &left))
        left = INT64_MAX;
    /* Rounded up: whoever waits this long finds the instant reached. */
    return (duration){ saturate_ns(ceil((double) left / line.rate)) };
}

static const char *const mode_names[] = {
    [CLOCK_REAL_TIME] = "real",
    [CLOCK_MANUAL] = "manual",
    [CLOCK_AUTO] = "auto",
};

str clock_mode_name(enum clock_mode mode)
{
    return str_of(mode_names[mode]);
}

bool clock_mode_parse(str name, enum clock_mode *out)
{
    for (unsigned i = 0; i < COUNT(mode_names); i++) {
        if (!str_is(name, mode_names[i]))
            continue;
        *out = (enum clock_mode) i;
        return true;
    }
    return false;
}
