/* turns: a call that changes the whole world, as a reset or a new configuration does, waits for
 * those before it without holding a thread. */
#ifndef ATOLL_SERVER_ADMIN_TURNS_H
#define ATOLL_SERVER_ADMIN_TURNS_H

#include "server/request.h"
#include "server/turn.h"

struct admin_turn { /* zeroed; in the request's arena */
    struct turn_waiter waiter;
    struct request *rq;
    bool held;
};

/* Goes on with `then` when it is this call's turn, which ends with turns_end or the request. */
enum s3_code turns_begin(struct request *rq, struct admin_turn *turn,
                         enum s3_code (*then)(struct request *rq));
void turns_end(struct admin_turn *turn);

#endif
