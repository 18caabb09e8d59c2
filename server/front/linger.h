/* linger: closing so that the peer still gets our last words. A socket closed with unread bytes
 * sends RST, which can overtake an answer; so we stop sending, read on for a while, then close.
 * Bounded in bytes and in time. Threads: the worker's own. */
#ifndef ATOLL_SERVER_FRONT_LINGER_H
#define ATOLL_SERVER_FRONT_LINGER_H

#include "server/front/connection.h"

void linger_begin(struct connection *connection, uint64_t bytes_most);

#endif
