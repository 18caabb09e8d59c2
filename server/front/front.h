/* front: the front door. Sockets, TLS, CONNECT and HTTP in; requests out to the walk (request.h)
 * and its answers back. One port speaks HTTP, TLS (certificate by SNI) and CONNECT.
 *
 * Life: front_open binds and prepares, front_start lets the workers run, front_drain lets requests
 * in progress end, front_close frees. The world must be open from front_open to front_close: each
 * worker holds a lane of it.
 * Threads: all calls here come from one thread (main). Errors: a sentence in *error.
 */
#ifndef ATOLL_SERVER_FRONT_FRONT_H
#define ATOLL_SERVER_FRONT_FRONT_H

#include "server/world.h"

struct front;

/* Of GnuTLS and of libmicrohttpd, as linked. Static. */
const char *front_tls_version(void);
const char *front_http_version(void);

/* Zero means the value of limits.h; tests make them small. */
struct front_limits {
    duration head_deadline; /* a request head, a ClientHello, a CONNECT head: whole within this */
    duration idle;          /* a kept connection without a request, a reader that has stopped */
    unsigned connections;
};

/* Binds world->settings->listen (port 0: any free one), makes or loads the CA. `limits` may be
 * NULL. *error lives in `arena`. */
MUST_CHECK struct front *front_open(struct arena *arena, struct world *world,
                                    const struct front_limits *limits, str *error);
void front_start(struct front *front);

size_t front_address_count(const struct front *front);
/* "127.0.0.1:28655", "[::1]:28655": as bound, with the real port. Lives as long as the front. */
str front_address(const struct front *front, size_t index);
/* Of the first listener. */
unsigned front_port(const struct front *front);
/* Of the CA that signs its certificates: text of ca.pem. Lives as long as the front. */
str front_ca_pem(const struct front *front);

/* Accepts nothing more, answers what is in progress with Connection: close, ends event streams,
 * and after at most `grace` cuts what is left. True when nothing had to be cut. */
bool front_drain(struct front *front, duration grace);
/* Drains without grace if that was not done. NULL is fine. */
void front_close(struct front *front);

#endif
