/* A queue of those who wait; see turn.h. */
#include "server/turn.h"

#include <stdlib.h>

#include "base/lock.h"

struct turn {
    struct mutex lock;
    bool taken;
    struct turn_waiter *first, **last;
};

struct turn *turn_new(void)
{
    struct turn *turn = mem_alloc(sizeof *turn);
    mutex_init(&turn->lock);
    turn->last = &turn->first;
    return turn;
}

void turn_free(struct turn *turn)
{
    if (turn == NULL)
        return;
    mutex_fini(&turn->lock);
    free(turn);
}

bool turn_take(struct turn *turn, struct turn_waiter *waiter)
{
    SCOPED_LOCK(&turn->lock);
    if (!turn->taken)
        return turn->taken = true;
    waiter->next = NULL;
    *turn->last = waiter;
    turn->last = &waiter->next;
    return false;
}

void turn_give(struct turn *turn)
{
    struct turn_waiter *next;
    {
        SCOPED_LOCK(&turn->lock);
        next = turn->first;
        turn->taken = next != NULL;
        if (next)
            turn->first = next->next;
        if (turn->first == NULL)
            turn->last = &turn->first;
    }
    if (next)
        next->granted(next);
}

/* --- for a thread that may block --- */

struct blocked {
    struct turn_waiter waiter; /* first: granted finds the rest */
    struct mutex lock;
    struct condition changed;
    bool granted;
};

static void unblock(struct turn_waiter *waiter)
{
    struct blocked *blocked = (struct blocked *) waiter;
    SCOPED_LOCK(&blocked->lock);
    blocked->granted = true;
    condition_wake_one(&blocked->changed);
}

void turn_wait(struct turn *turn)
{
    struct blocked blocked = { .waiter = { .granted = unblock } };
    mutex_init(&blocked.lock);
    condition_init(&blocked.changed);
    bool mine = turn_take(turn, &blocked.waiter);
    mutex_lock(&blocked.lock);
    while (!mine && !blocked.granted)
        condition_wait(&blocked.changed, &blocked.lock);
    mutex_unlock(&blocked.lock);
    condition_fini(&blocked.changed);
    mutex_fini(&blocked.lock);
}
