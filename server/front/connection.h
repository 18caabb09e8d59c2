/* connection: one socket of a client, from accept to close, through its stages:
 *
 *     PEEKING -> SERVING -> (LINGERING) -> closed
 *        \--> TUNNELLING -> closed
 *
 * Ownership: its worker's; freed at the end of the batch of events in which it closed, so that a
 * later event of that batch finds it. While SERVING the socket itself is libmicrohttpd's.
 * Threads: the worker's own.
 */
#ifndef ATOLL_SERVER_FRONT_CONNECTION_H
#define ATOLL_SERVER_FRONT_CONNECTION_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "server/front/worker.h"

struct MHD_Connection;
struct exchange;
struct leaf;
struct tunnel;

#define CONNECTION_MAGIC 0x41434f4eu

enum connection_stage {
    CONNECTION_PEEKING,
    CONNECTION_SERVING,
    CONNECTION_LINGERING,
    CONNECTION_TUNNELLING,
    CONNECTION_CLOSED
};

struct connection {
    uint32_t magic;
    enum connection_stage stage;
    struct worker *worker;
    int fd;
    bool watched; /* in the worker's own epoll */
    bool tls;
    bool tunnelled;  /* a CONNECT was answered on it */
    bool may_tunnel; /* came in by a loopback listener */
    bool peer_is_loopback;
    char peer[INET6_ADDRSTRLEN];
    struct source source;
    struct errand arrival;
    struct timer timer; /* peek, head and linger deadlines */
    struct connection *next;
    struct connection *previous;
    struct arena *arena; /* NULL until something has to be kept */
    str tunnel_host;     /* of the CONNECT, in the arena */
    str proxy_user;
    struct tunnel *tunnel;
    struct source remote_source; /* of the tunnel's other side */

    /* SERVING */
    struct MHD_Connection *mhd;
    struct leaf *leaf;
    const char *tls_version, *tls_cipher; /* static; NULL before the first request */
    struct exchange *exchange;            /* the request in progress */
    struct kept_route kept;
    bool hung_up;          /* the client will send no more */
    duration head_due;     /* the next head must be whole by then; INT64_MAX: none awaited */
    const char *target_at; /* where libmicrohttpd has it */
    char *target;          /* our copy, of the request whose head is being read */
    size_t target_size;
    size_t target_capacity;

    /* LINGERING */
    bool lingers; /* when libmicrohttpd is done with it */
    uint64_t linger_bytes;
};

struct connection *connection_new(int fd, const struct sockaddr_storage *peer);
/* Starts its life on `worker`, on that worker's thread. */
void connection_enter(struct connection *connection, struct worker *worker);
struct connection *connection_from(void *owner);
struct arena *connection_arena(struct connection *connection);

MUST_CHECK bool connection_watch(struct connection *connection, uint32_t events);
void connection_unwatch(struct connection *connection);
void connection_deadline(struct connection *connection, duration in);

/* Closes the socket and lets go. */
void connection_close(struct connection *connection);
/* The same when the socket was already closed or is another's. */
void connection_release(struct connection *connection);
/* Frees those that closed. */
void connection_sweep(struct worker *worker);

#endif
