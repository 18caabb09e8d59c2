/* tunnel: CONNECT to hosts that are not AWS's, when --proxy-other tunnel asked for it: bytes pass
 * both ways untouched. Only for clients of loopback listeners (peek.c).
 * Threads: the worker's own; a name is resolved in a thread of its own. */
#ifndef ATOLL_SERVER_FRONT_TUNNEL_H
#define ATOLL_SERVER_FRONT_TUNNEL_H

#include "server/front/connection.h"
#include "server/front/proxy.h"

/* Takes the connection over; answers the CONNECT when the other side is reached, or 502. */
void tunnel_begin(struct connection *connection, const struct proxy_connect *asked);
/* The worker stops: closes, or leaves an orphan that ends when the resolver is done. */
void tunnel_cut(struct connection *connection);

#endif
