/* listener: the bound sockets, and each worker's seat at them.
 *
 * Every worker watches every listener (EPOLLEXCLUSIVE: one is woken) and gives what it accepts to
 * the worker with the fewest connections. Threads: listener_open, _stop and _close the front's; a
 * seat its worker's.
 */
#ifndef ATOLL_SERVER_FRONT_LISTENER_H
#define ATOLL_SERVER_FRONT_LISTENER_H

#include "base/arena.h"
#include "server/front/source.h"
#include "server/front/timers.h"

struct worker;

struct listener {
    int fd;
    bool loopback;
    unsigned port;
    char address[64]; /* as bound: "127.0.0.1:28655" */
};

struct listener_seat {
    struct source source;
    struct timer rearm;
    struct listener *listener;
    struct worker *worker;
    bool armed;
};

/* `address` is "HOST:PORT", "[::1]:PORT" or ":PORT" (all of IPv4). */
MUST_CHECK bool listener_open(struct listener *listener, struct arena *arena, str address,
                              str *error);
/* Refuses newcomers from now on, also those that wait to be accepted. */
void listener_stop(struct listener *listener);
void listener_close(struct listener *listener);

void listener_sit(struct worker *worker, struct listener_seat *seat, struct listener *listener);
void listener_leave(struct listener_seat *seat);
/* A connection went: there may be room again. */
void listener_room(struct worker *worker);

#endif
