/* peek: what a newcomer speaks, told from its first bytes, which stay in the socket for whoever
 * takes it over: TLS, CONNECT (answered here, then looked at again), or HTTP.
 * Ownership and threads: see connection.h. */
#ifndef ATOLL_SERVER_FRONT_PEEK_H
#define ATOLL_SERVER_FRONT_PEEK_H

#include "server/front/connection.h"

/* On the worker's own thread; it has been counted in the load already. */
void peek_begin(struct connection *connection, struct worker *worker);
/* The same as an errand from another worker. */
void peek_arrival(struct errand *errand);

#endif
