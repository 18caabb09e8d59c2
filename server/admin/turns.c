/* Waiting for one's turn, as a request waits: see turns.h. */
#include "server/admin/turns.h"

#include "server/world.h"

static void granted(struct turn_waiter *waiter)
{
    struct admin_turn *turn = (struct admin_turn *) waiter; /* its first member */
    turn->held = true;
    turn->rq->host->wake(turn->rq);
}

void turns_end(struct admin_turn *turn)
{
    if (!turn->held)
        return;
    turn->held = false;
    turn_give(turn->rq->world->turn);
}

static void end_with_request(void *turn)
{
    turns_end(turn);
}

enum s3_code turns_begin(struct request *rq, struct admin_turn *turn,
                         enum s3_code (*then)(struct request *rq))
{
    turn->rq = rq;
    turn->waiter.granted = granted;
    arena_defer(rq->arena, end_with_request, turn);
    rq->resume = then;
    if (!turn_take(rq->world->turn, &turn->waiter))
        return S3_WAIT;
    turn->held = true;
    return then(rq);
}
