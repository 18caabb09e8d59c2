/* timers: a heap of deadlines of one worker, in whole milliseconds (resuming is cheaper in bunches:
 * libmicrohttpd walks all suspended connections for each bunch).
 *
 * Ownership: a timer is embedded in what it wakes, which cancels it before it goes.
 * Threads: the worker's own. Times are clock_mono.
 */
#ifndef ATOLL_SERVER_FRONT_TIMERS_H
#define ATOLL_SERVER_FRONT_TIMERS_H

#include "base/time.h"

struct timer {
    int64_t due_ms;
    size_t place; /* in the heap, from 1; 0: not set */
    void (*fire)(struct timer *timer);
    void *owner;
};

struct timers {
    struct timer **heap;
    size_t count;
    size_t capacity;
};

/* Never fires early. Setting a set timer moves it. */
void timers_set(struct timers *timers, struct timer *timer, duration due);
void timers_cancel(struct timers *timers, struct timer *timer); /* fine when not set */
/* When the next one is due; INT64_MAX when none is. */
duration timers_next(const struct timers *timers);
/* Fires what is due. A timer may set itself again; it then waits for the next run. */
void timers_run(struct timers *timers, duration now);
void timers_fini(struct timers *timers);

#endif
