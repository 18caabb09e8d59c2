/* A binary heap that knows where each of its timers stands, so that one can be moved or taken out
 * in the time of a climb. */
#include "server/front/timers.h"

#include <stdlib.h>

#include "base/arena.h"

enum { HEAP_FIRST = 64 };

static void put(struct timers *timers, size_t place, struct timer *timer)
{
    timers->heap[place - 1] = timer;
    timer->place = place;
}

static void climb(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    while (place > 1 && timers->heap[place / 2 - 1]->due_ms > timer->due_ms) {
        put(timers, place, timers->heap[place / 2 - 1]);
        place /= 2;
    }
    put(timers, place, timer);
}

static void sink(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    for (;;) {
        size_t child = place * 2;
        if (child > timers->count)
            break;
        if (child < timers->count && timers->heap[child]->due_ms < timers->heap[child - 1]->due_ms)
            child++;
        if (timers->heap[child - 1]->due_ms >= timer->due_ms)
            break;
        put(timers, place, timers->heap[child - 1]);
        place = child;
    }
    put(timers, place, timer);
}

void timers_set(struct timers *timers, struct timer *timer, duration due)
{
    int64_t due_ms = due.ns / 1000000 + (due.ns % 1000000 > 0);
    if (timer->place == 0) {
        if (timers->count == timers->capacity) {
            timers->capacity = timers->capacity ? timers->capacity * 2 : HEAP_FIRST;
            timers->heap = mem_resize(timers->heap, timers->capacity * sizeof(struct timer *));
        }
        timer->due_ms = due_ms;
        put(timers, ++timers->count, timer);
        climb(timers, timer);
        return;
    }
    bool later = due_ms > timer->due_ms;
    timer->due_ms = due_ms;
    if (later)
        sink(timers, timer);
    else
        climb(timers, timer);
}

void timers_cancel(struct timers *timers, struct timer *timer)
{
    if (timer->place == 0)
        return;
    struct timer *last = timers->heap[--timers->count];
    if (last != timer) {
        put(timers, timer->place, last);
        climb(timers, last);
        sink(timers, last);
    }
    timer->place = 0;
}

duration timers_next(const struct timers *timers)
{
    if (timers->count == 0)
        return (duration){ INT64_MAX };
    return (duration){ timers->heap[0]->due_ms * 1000000 };
}

void timers_run(struct timers *timers, duration now)
{
    int64_t now_ms = now.ns / 1000000;
    while (timers->count > 0 && timers->heap[0]->due_ms <= now_ms) {
        struct timer *timer = timers->heap[0];
        timers_cancel(timers, timer);
        timer->fire(timer);
    }
}

void timers_fini(struct timers *timers)
{
    free(timers->heap);
    *timers = (struct timers){ 0 };
}
