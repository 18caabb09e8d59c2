/* turn: what must not run beside its like waits in line, without a thread: a change of the whole
 * configuration, a reset, a snapshot. First come, first served.
 * Threads: any; `granted` runs on the thread of whoever gives the turn on, and must not block.
 */
#ifndef ATOLL_SERVER_TURN_H
#define ATOLL_SERVER_TURN_H

#include <stdbool.h>

#include "base/arena.h"

struct turn;

struct turn_waiter {
    void (*granted)(struct turn_waiter *waiter);
    struct turn_waiter *next; /* the turn's */
};

struct turn *turn_new(void);
void turn_free(struct turn *turn); /* NULL is fine */
/* True when it is the caller's at once; else `granted` will be called, and the waiter must stay. */
MUST_CHECK bool turn_take(struct turn *turn, struct turn_waiter *waiter);
/* Blocks until it is the caller's: never on a worker. */
void turn_wait(struct turn *turn);
void turn_give(struct turn *turn);

#endif
