/* Reading what nobody wants, up to a bound. */
#include "server/front/linger.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/limits.h"

enum { GULP_BYTES = 64 * 1024, GULPS_AT_ONCE = 16 };

static void ready(struct source *source, uint32_t events)
{
    struct connection *connection = connection_from(source->owner);
    char gulp[GULP_BYTES];
    (void) events;
    if (connection->stage != CONNECTION_LINGERING)
        return;
    for (unsigned i = 0; i < GULPS_AT_ONCE; i++) {
        ssize_t size = recv(connection->fd, gulp, sizeof gulp, MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (size <= 0 || (uint64_t) size > connection->linger_bytes) {
            connection_close(connection);
            return;
        }
        connection->linger_bytes -= (uint64_t) size;
    }
}

static void too_late(struct timer *timer)
{
    connection_close(connection_from(timer->owner));
}

void linger_begin(struct connection *connection, uint64_t bytes_most)
{
    connection_unwatch(connection);
    connection->stage = CONNECTION_LINGERING;
    connection->linger_bytes = bytes_most;
    connection->source.ready = ready;
    connection->timer.fire = too_late;
    connection_deadline(connection, DURATION_S(LIMIT_DRAIN_S));
    if (shutdown(connection->fd, SHUT_WR) != 0 ||
        !connection_watch(connection, EPOLLIN | EPOLLRDHUP))
        connection_close(connection);
}
