/* clock: the one seam for time (DESIGN.md 3).
 *
 * Two times exist. Wall time (clock_wall, clock_mono) is the machine's: signatures, presigned
 * expiry, TLS, Date, answer delays. Emulated time (clock_now) is the world's: Last-Modified,
 * version order, lag, routes, lifecycle, locks. Emulated time never goes back,
 * but to a snapshot.
 *
 *   real    emulated = base + (wall - wall_base) x rate
 *   manual  moves only by clock_move_to
 *   auto    flows like real, and clock_move_to jumps it while somebody waits
 *
 * Threads: clock_now is lock-free enough for any thread (one mutex-free seqlock read); changes
 * come from the world thread alone. Only base/clock.c may call clock_gettime.
 */
#ifndef ATOLL_BASE_CLOCK_H
#define ATOLL_BASE_CLOCK_H

#include "base/time.h"

/* Where emulated time ends: instants have 63 bits of nanoseconds, and what is due later than this
 * by a lag still has one of its own. There the clock stands. */
#define CLOCK_END ((instant){ INT64_C(9214646400) * 1000000000 }) /* 2262-01-01T00:00:00Z */
#define CLOCK_END_TEXT "2262-01-01T00:00:00Z"
/* A rate is 0, or from the one to the other. */
#define CLOCK_RATE_LEAST 0.001
#define CLOCK_RATE_MOST 1e6

enum clock_mode { CLOCK_REAL_TIME, CLOCK_MANUAL, CLOCK_AUTO };

struct clock;

struct clock *clock_new(enum clock_mode mode, instant start, double rate);
void clock_free(struct clock *clock);

instant clock_now(const struct clock *clock); /* emulated */
enum clock_mode clock_mode_get(const struct clock *clock);
double clock_rate_get(const struct clock *clock);

bool clock_rate_is_sound(double rate);
/* Moves the emulated time forward; an earlier instant is refused with false. In real and auto
 * mode it goes on flowing from there. */
MUST_CHECK bool clock_move_to(struct clock *clock, instant at);
/* The one way back: a world that was put aside goes on from where its clock stood. */
void clock_restore(struct clock *clock, enum clock_mode mode, instant at, double rate);
void clock_mode_set(struct clock *clock, enum clock_mode mode);
void clock_rate_set(struct clock *clock, double rate);
/* Wall time from now until the emulated time is `at`: 0 when past, negative when it never comes
 * by itself (manual). */
duration clock_wall_until(const struct clock *clock, instant at);

str clock_mode_name(enum clock_mode mode); /* "real", "manual", "auto" */
MUST_CHECK bool clock_mode_parse(str name, enum clock_mode *out);

instant clock_wall(void);  /* the machine's time of day */
duration clock_mono(void); /* monotonic, for measuring and timers */

#endif
