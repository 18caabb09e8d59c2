/* A tunnel: resolving (in a thread of its own, since getaddrinfo blocks), connecting, flowing.
 *
 * Each direction has a pipe, and splice(2) moves pages through it. Both sockets are edge-triggered;
 * any event pumps both directions until neither moves.
 */
#include "server/front/tunnel.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "server/front/linger.h"

enum { PUMP_BYTES = 64 * 1024, PUMPS_AT_ONCE = 64, CONNECT_S = 30 };

struct flow {
    int pipe[2];
    size_t held_bytes;
    bool ended;  /* no more will come in */
    bool closed; /* and the other side was told */
};

struct tunnel {
    struct worker *worker;
    struct connection *client; /* NULL: it went while the name was being resolved */
    pthread_t resolver;
    struct addrinfo *found;
    int lookup_error;
    char host[256];
    char port[8];
    bool resolving;
    bool flowing;
    int remote;
    struct errand errand; /* resolved; or pump on */
    struct flow up;
    struct flow down;
};

static void flow_close(struct flow *flow)
{
    for (unsigned i = 0; i < 2; i++)
        if (flow->pipe[i] >= 0)
            (void) close(flow->pipe[i]);
}

static void tunnel_free(struct tunnel *tunnel)
{
    worker_unpost(tunnel->worker, &tunnel->errand);
    if (tunnel->remote >= 0)
        (void) close(tunnel->remote);
    flow_close(&tunnel->up);
    flow_close(&tunnel->down);
    if (tunnel->found)
        freeaddrinfo(tunnel->found);
    tunnel->worker->tunnels--;
    free(tunnel);
}

/* The remote's source may still have an event in this batch: the tunnel is let go first, the
 * connection outlives the batch, and so its source is the connection's. */
static void part(struct tunnel *tunnel)
{
    struct connection *client = tunnel->client;
    client->tunnel = NULL;
    if (tunnel->resolving) {
        tunnel->client = NULL;
        tunnel->worker->orphans++;
        return;
    }
    tunnel_free(tunnel);
}

static void end(struct tunnel *tunnel)
{
    struct connection *client = tunnel->client;
    part(tunnel);
    connection_close(client);
}

static void fail(struct tunnel *tunnel, const char *why)
{
    static const char answer[] = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n"
                                 "Connection: close\r\n\r\n";
    struct connection *client = tunnel->client;
    log_line(LOG_WARN, "no tunnel to %s:%s: %s", tunnel->host, tunnel->port, why);
    part(tunnel);
    (void) send(client->fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    linger_begin(client, LIMIT_CONNECT_HEAD_BYTES);
}

/* Moves what can be moved; false when the connection broke. */
static bool pump(struct flow *flow, int from, int to, bool *moved)
{
    const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
    if (flow->held_bytes == 0 && !flow->ended) {
        ssize_t in = splice(from, NULL, flow->pipe[1], NULL, PUMP_BYTES, flags);
        if (in < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        flow->ended = in == 0;
        flow->held_bytes = in > 0 ? (size_t) in : 0;
        *moved |= in > 0;
    }
    if (flow->held_bytes > 0) {
        ssize_t out = splice(flow->pipe[0], NULL, to, NULL, flow->held_bytes, flags);
        if (out < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        flow->held_bytes -= out > 0 ? (size_t) out : 0;
        *moved |= out > 0;
    }
    if (flow->ended && flow->held_bytes == 0 && !flow->closed) {
        (void) shutdown(to, SHUT_WR);
        flow->closed = true;
    }
    return true;
}

static void pump_both(struct tunnel *tunnel)
{
    bool moved = true;
    int client = tunnel->client->fd;
    for (unsigned i = 0; moved && i < PUMPS_AT_ONCE; i++) {
        moved = false;
        if (!pump(&tunnel->up, client, tunnel->remote, &moved) ||
            !pump(&tunnel->down, tunnel->remote, client, &moved) ||
            (tunnel->up.closed && tunnel->down.closed)) {
            end(tunnel);
            return;
        }
    }
    if (moved) /* others' turn first */
        worker_post(tunnel->worker, &tunnel->errand);
}

static void pump_on(struct errand *errand)
{
    pump_both(errand->owner);
}

static void established(struct tunnel *tunnel)
{
    static const char answer[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(tunnel->remote, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        fail(tunnel, strerror(error ? error : errno));
        return;
    }
    tunnel->flowing = true;
    timers_cancel(&tunnel->worker->timers, &tunnel->client->timer);
    if (send(tunnel->client->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) !=
        (ssize_t) sizeof answer - 1)
        end(tunnel);
    else
        pump_both(tunnel);
}

static void ready(struct source *source, uint32_t events)
{
    struct connection *client = connection_from(source->owner);
    struct tunnel *tunnel = client->tunnel;
    if (tunnel == NULL || client->stage != CONNECTION_TUNNELLING)
        return;
    if (tunnel->flowing)
        pump_both(tunnel);
    else if (source != &client->source && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
        established(tunnel);
    else if (source == &client->source && (events & (EPOLLERR | EPOLLHUP)) != 0)
        end(tunnel);
}

static bool make_pipes(struct tunnel *tunnel)
{
    return pipe2(tunnel->up.pipe, O_CLOEXEC | O_NONBLOCK) == 0 &&
           pipe2(tunnel->down.pipe, O_CLOEXEC | O_NONBLOCK) == 0;
}

static void connect_to(struct tunnel *tunnel, const struct addrinfo *to)
{
    int on = 1;
    tunnel->remote = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (tunnel->remote < 0 || !make_pipes(tunnel)) {
        fail(tunnel, strerror(errno));
        return;
    }
    (void) setsockopt(tunnel->remote, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(tunnel->remote, to->ai_addr, to->ai_addrlen) != 0 && errno != EINPROGRESS) {
        fail(tunnel, strerror(errno));
        return;
    }
    tunnel->client->remote_source = (struct source){ ready, tunnel->client };
    tunnel->errand.run = pump_on;
    if (!worker_watch(tunnel->worker, tunnel->remote, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                      &tunnel->client->remote_source))
        fail(tunnel, "no room to watch it");
}

static void resolved(struct errand *errand)
{
    struct tunnel *tunnel = errand->owner;
    (void) pthread_join(tunnel->resolver, NULL); /* it posted this as its last act */
    tunnel->resolving = false;
    if (tunnel->client == NULL) {
        tunnel->worker->orphans--;
        tunnel_free(tunnel);
        return;
    }
    if (tunnel->lookup_error != 0)
        fail(tunnel, gai_strerror(tunnel->lookup_error));
    else
        connect_to(tunnel, tunnel->found);
}

static void *look_up(void *arg)
{
    static const struct addrinfo wanted = { .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG,
                                            .ai_socktype = SOCK_STREAM };
    struct tunnel *tunnel = arg;
    tunnel->lookup_error = getaddrinfo(tunnel->host, tunnel->port, &wanted, &tunnel->found);
    worker_post(tunnel->worker, &tunnel->errand);
    return NULL;
}

static void too_late(struct timer *timer)
{
    struct connection *client = connection_from(timer->owner);
    fail(client->tunnel, "no answer in time");
}

void tunnel_begin(struct connection *connection, const struct proxy_connect *asked)
{
    struct tunnel *tunnel = mem_alloc(sizeof *tunnel);
    tunnel->worker = connection->worker;
    tunnel->client = connection;
    tunnel->remote = -1;
    tunnel->up = tunnel->down = (struct flow){ .pipe = { -1, -1 } };
    tunnel->errand = (struct errand){ .run = resolved, .owner = tunnel };
    tunnel->worker->tunnels++;
    connection_unwatch(connection);
    connection->stage = CONNECTION_TUNNELLING;
    connection->tunnel = tunnel;
    connection->source.ready = ready;
    connection->timer.fire = too_late;
    connection_deadline(connection, DURATION_S(CONNECT_S));
    memcpy(tunnel->host, asked->host.ptr,
           asked->host.size < sizeof tunnel->host ? asked->host.size : 0);
    memcpy(tunnel->port, asked->port.ptr,
           asked->port.size < sizeof tunnel->port ? asked->port.size : 0);
    if (tunnel->worker->tunnels > LIMIT_TUNNELS)
        fail(tunnel, "too many tunnels");
    else if (!connection_watch(connection, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET))
        fail(tunnel, "no room to watch its client");
    else {
        tunnel->resolving = true;
        tunnel->resolver = thread_start("resolver", look_up, tunnel);
    }
}

void tunnel_cut(struct connection *connection)
{
    end(connection->tunnel);
}
