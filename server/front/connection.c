/* The life of a connection, whatever its stage. */
#include "server/front/connection.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/bug.h"

static void name_peer(struct connection *connection, const struct sockaddr_storage *peer)
{
    if (peer->ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, peer, sizeof six);
        connection->peer_is_loopback = IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
        (void) inet_ntop(AF_INET6, &six.sin6_addr, connection->peer, sizeof connection->peer);
        return;
    }
    struct sockaddr_in four;
    memcpy(&four, peer, sizeof four);
    connection->peer_is_loopback = (ntohl(four.sin_addr.s_addr) >> 24) == 127;
    (void) inet_ntop(AF_INET, &four.sin_addr, connection->peer, sizeof connection->peer);
}

struct connection *connection_new(int fd, const struct sockaddr_storage *peer)
{
    struct connection *connection = mem_alloc(sizeof *connection);
    connection->magic = CONNECTION_MAGIC;
    connection->fd = fd;
    connection->head_due = (duration){ INT64_MAX };
    connection->source.owner = connection;
    connection->arrival.owner = connection;
    connection->timer.owner = connection;
    name_peer(connection, peer);
    return connection;
}

void connection_enter(struct connection *connection, struct worker *worker)
{
    connection->worker = worker;
    connection->next = worker->connections;
    if (worker->connections)
        worker->connections->previous = connection;
    worker->connections = connection;
}

struct connection *connection_from(void *owner)
{
    struct connection *connection = owner;
    BUG_UNLESS(connection != NULL && connection->magic == CONNECTION_MAGIC);
    return connection;
}

struct arena *connection_arena(struct connection *connection)
{
    if (connection->arena == NULL)
        connection->arena = arena_new();
    return connection->arena;
}

bool connection_watch(struct connection *connection, uint32_t events)
{
    connection->watched =
        worker_watch(connection->worker, connection->fd, events, &connection->source);
    return connection->watched;
}

void connection_unwatch(struct connection *connection)
{
    if (connection->watched)
        worker_unwatch(connection->worker, connection->fd);
    connection->watched = false;
}

void connection_deadline(struct connection *connection, duration in)
{
    struct worker *worker = connection->worker;
    timers_set(&worker->timers, &connection->timer, (duration){ worker->now.ns + in.ns });
}

void connection_close(struct connection *connection)
{
    if (connection->stage == CONNECTION_CLOSED)
        return;
    connection_unwatch(connection);
    (void) close(connection->fd);
    connection_release(connection);
}

void connection_release(struct connection *connection)
{
    struct worker *worker = connection->worker;
    if (connection->stage == CONNECTION_CLOSED)
        return;
    timers_cancel(&worker->timers, &connection->timer);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        worker->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    connection->stage = CONNECTION_CLOSED;
    connection->next = worker->closed;
    worker->closed = connection;
    atomic_fetch_sub_explicit(&worker->load, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&worker->front->connections, 1, memory_order_relaxed);
    listener_room(worker);
}

void connection_sweep(struct worker *worker)
{
    while (worker->closed) {
        struct connection *connection = worker->closed;
        worker->closed = connection->next;
        connection->magic = 0;
        arena_free(connection->arena);
        free(connection->target);
        free(connection);
    }
}
