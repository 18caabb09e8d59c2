/* Binding, accepting, and the choice of the worker. Out of file descriptors, or at our own limit of
 * connections, a seat is left for a while: a level-triggered listener would spin (measured: 100 %
 * of a core), and libmicrohttpd's own limit must never be reached (trap C of the design notes). */
#include "server/front/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "server/front/connection.h"
#include "server/front/peek.h"
#include "server/front/proxy.h"

enum {
    BACKLOG = 4096,
    ACCEPT_AT_ONCE = 16, /* then the worker looks after its other sockets */
    REARM_MS = 100
};

static bool split_address(struct arena *arena, str address, char **host, char **port)
{
    size_t colon = address.size;
    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    if (colon == 0 || colon == address.size)
        return false;
    str name = str_first(address, colon - 1);
    if (name.size >= 2 && name.ptr[0] == '[' && name.ptr[name.size - 1] == ']')
        name = (str){ name.ptr + 1, name.size - 2 };
    *host = name.size > 0 ? str_c(arena, name) : NULL;
    *port = str_c(arena, str_skip(address, colon));
    return true;
}

static int bind_to(const struct addrinfo *to)
{
    int on = 1;
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (to->ai_family == AF_INET6)
        (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    /* Woken when there is something to peek at: 10 % less work per connection. */
    (void) setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &on, sizeof on);
    if (bind(fd, to->ai_addr, to->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = -errno;
    (void) close(fd);
    return error;
}

/* Reads back what was bound: the port when 0 was asked for. */
static bool name_listener(struct listener *listener)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (getsockname(listener->fd, (struct sockaddr *) &bound, &size) != 0 ||
        getnameinfo((struct sockaddr *) &bound, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return false;
    uint64_t number = 0;
    (void) snprintf(listener->address, sizeof listener->address,
                    bound.ss_family == AF_INET6 ? "[%.45s]:%.5s" : "%.45s:%.5s", host, port);
    listener->loopback = proxy_is_loopback(str_of(host));
    bool ok = str_to_u64(str_of(port), &number);
    listener->port = (unsigned) number;
    return ok;
}

bool listener_open(struct listener *listener, struct arena *arena, str address, str *error)
{
    char *host = NULL;
    char *port = NULL;
    struct addrinfo *found = NULL;
    struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
    *listener = (struct listener){ .fd = -1 };
    if (!split_address(arena, address, &host, &port)) {
        *error = str_format(arena, "\"%.*s\" is not an address to listen on; write 127.0.0.1:28655",
                            STR_ARG(address));
        return false;
    }
    if (host == NULL)
        hints.ai_family = AF_INET;
    int unknown = getaddrinfo(host, port, &hints, &found);
    if (unknown != 0) {
        *error =
            str_format(arena, "cannot listen on %.*s: %s", STR_ARG(address), gai_strerror(unknown));
        return false;
    }
    listener->fd = bind_to(found);
    freeaddrinfo(found);
    if (listener->fd < 0) {
        *error = str_format(
            arena, "cannot listen on %.*s: %s%s", STR_ARG(address), strerror(-listener->fd),
            listener->fd == -EADDRINUSE ? "; is atoll running already? --listen names another port"
                                        : "");
        return false;
    }
    return name_listener(listener);
}

void listener_stop(struct listener *listener)
{
    if (listener->fd >= 0)
        (void) shutdown(listener->fd, SHUT_RDWR);
}

void listener_close(struct listener *listener)
{
    if (listener->fd >= 0)
        (void) close(listener->fd);
    listener->fd = -1;
}

static void disarm(struct listener_seat *seat)
{
    if (!seat->armed)
        return;
    worker_unwatch(seat->worker, seat->listener->fd);
    seat->armed = false;
    timers_set(&seat->worker->timers, &seat->rearm,
               (duration){ seat->worker->now.ns + DURATION_MS(REARM_MS).ns });
}

static void arm(struct listener_seat *seat)
{
    if (seat->armed || seat->worker->phase != FRONT_OPEN)
        return;
    timers_cancel(&seat->worker->timers, &seat->rearm);
    seat->armed =
        worker_watch(seat->worker, seat->listener->fd, EPOLLIN | EPOLLEXCLUSIVE, &seat->source);
}

static void rearm(struct timer *timer)
{
    arm(timer->owner);
}

static struct worker *least_loaded(struct worker *self)
{
    struct worker *best = self;
    unsigned least = atomic_load_explicit(&self->load, memory_order_relaxed);
    for (unsigned i = 0; i < self->front->worker_count; i++) {
        struct worker *worker = &self->front->workers[i];
        unsigned load = atomic_load_explicit(&worker->load, memory_order_relaxed);
        if (load < least) {
            best = worker;
            least = load;
        }
    }
    return best;
}

static void seat_newcomer(struct listener_seat *seat, int fd, const struct sockaddr_storage *peer)
{
    int on = 1;
    /* Without it every handshake through CONNECT stalls 40 ms (Nagle after our 200). */
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = connection_new(fd, peer);
    connection->may_tunnel = seat->listener->loopback;
    struct worker *worker = least_loaded(seat->worker);
    atomic_fetch_add_explicit(&worker->load, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&worker->front->connections, 1, memory_order_relaxed);
    if (worker == seat->worker) {
        peek_begin(connection, worker);
        return;
    }
    connection->worker = worker;
    connection->arrival.run = peek_arrival;
    worker_post(worker, &connection->arrival);
}

static void accept_some(struct source *source, uint32_t events)
{
    struct listener_seat *seat = source->owner;
    struct front *front = seat->worker->front;
    (void) events;
    for (unsigned i = 0; i < ACCEPT_AT_ONCE; i++) {
        if (atomic_load_explicit(&front->connections, memory_order_relaxed) >=
            front->limits.connections) {
            disarm(seat);
            return;
        }
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        int fd = accept4(seat->listener->fd, (struct sockaddr *) &peer, &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            seat_newcomer(seat, fd, &peer);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if (errno != EAGAIN) {
            if (errno != EINVAL) /* that is listener_stop */
                log_line(LOG_WARN, "not accepting for %d ms: %s", REARM_MS, strerror(errno));
            disarm(seat);
        }
        return;
    }
}

void listener_sit(struct worker *worker, struct listener_seat *seat, struct listener *listener)
{
    *seat = (struct listener_seat){
        .source = { accept_some, seat },
        .rearm = { .fire = rearm, .owner = seat },
        .listener = listener,
        .worker = worker,
    };
    arm(seat);
}

void listener_leave(struct listener_seat *seat)
{
    timers_cancel(&seat->worker->timers, &seat->rearm);
    if (seat->armed)
        worker_unwatch(seat->worker, seat->listener->fd);
    seat->armed = false;
}

void listener_room(struct worker *worker)
{
    for (size_t i = 0; i < worker->front->listener_count; i++)
        arm(&worker->seats[i]);
}
