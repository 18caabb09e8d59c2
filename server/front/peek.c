/* The first bytes of a connection.
 *
 *     0x16            TLS: to the TLS daemon
 *     "CONNECT "      read the head exactly (what follows it may be a ClientHello in the same
 *                     segment), answer, look again
 *     a letter, CR/LF HTTP: to the plain daemon
 *     else            400: libmicrohttpd takes a line that begins with NUL for an empty one and
 * waits
 *
 * Edge-triggered, since the bytes stay in the socket: level-triggered would spin on them.
 */
#include "server/front/peek.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "base/limits.h"
#include "base/log.h"
#include "server/front/http.h"
#include "server/front/linger.h"
#include "server/front/proxy.h"
#include "server/front/tunnel.h"

#define TLS_HANDSHAKE 0x16

static const char connect_word[] = "CONNECT ";
enum { CONNECT_WORD_SIZE = sizeof connect_word - 1, LOOK_BYTES = 16 };

enum look {
    LOOK_MORE,  /* not told yet: wait for bytes */
    LOOK_AGAIN, /* a CONNECT was answered */
    LOOK_DONE   /* it has gone to its next stage, or closed */
};

static enum look send_and_linger(struct connection *connection, const char *text, size_t size)
{
    (void) send(connection->fd, text, size, MSG_NOSIGNAL);
    linger_begin(connection, LIMIT_CONNECT_HEAD_BYTES * 8);
    return LOOK_DONE;
}

static enum look refuse(struct connection *connection, const char *status, const char *text)
{
    char answer[1024];
    int size = snprintf(answer, sizeof answer,
                        "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                        "Connection: close\r\n\r\n%s",
                        status, strlen(text), text);
    return send_and_linger(connection, answer, (size_t) size);
}

static enum look refuse_host(struct connection *connection, str host)
{
    char text[512];
    int shown = host.size < 253 ? (int) host.size : 253;
    (void) snprintf(text, sizeof text, "%.*s is not an AWS host; start with --proxy-other tunnel\n",
                    shown, host.ptr);
    log_line(LOG_WARN,
             "refused CONNECT to %.*s: not an AWS host; --proxy-other tunnel lets loopback clients "
             "through",
             shown, host.ptr);
    return refuse(connection, "403 Forbidden", text);
}

static void count(struct connection *connection, enum proxy_connect_result result)
{
    struct world *world = connection->worker->front->world;
    atomic_fetch_add_explicit(&world->proxy_connects[result], 1, memory_order_relaxed);
}

static enum look answer_connect(struct connection *connection, str head)
{
    static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    struct arena *arena = connection_arena(connection);
    const struct settings *settings = connection->worker->front->settings;
    struct proxy_connect asked;
    if (!proxy_connect_parse(arena, head, &asked)) {
        count(connection, PROXY_REFUSED);
        return refuse(connection, "400 Bad Request",
                      "CONNECT wants HOST:PORT and HTTP/1.0 or HTTP/1.1\n");
    }
    if (!proxy_is_ours(settings, asked.host)) {
        if (settings->proxy_other != PROXY_TUNNEL || !connection->may_tunnel) {
            count(connection, PROXY_REFUSED);
            return refuse_host(connection, asked.host);
        }
        count(connection, PROXY_TUNNELLED);
        tunnel_begin(connection, &asked);
        return LOOK_DONE;
    }
    count(connection, PROXY_INTERCEPTED);
    connection->tunnelled = true;
    connection->tunnel_host = str_copy(arena, asked.authority);
    connection->proxy_user = asked.user;
    if (send(connection->fd, established, sizeof established - 1, MSG_NOSIGNAL) !=
        (ssize_t) sizeof established - 1) {
        connection_close(connection);
        return LOOK_DONE;
    }
    return LOOK_AGAIN;
}

/* The head is taken out of the socket only when all of it is there, and nothing behind it. */
static enum look read_connect(struct connection *connection)
{
    char head[LIMIT_CONNECT_HEAD_BYTES];
    ssize_t size = recv(connection->fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    if (size <= 0)
        return LOOK_MORE;
    const char *end = memmem(head, (size_t) size, "\r\n\r\n", 4);
    if (end == NULL) {
        if ((size_t) size < sizeof head)
            return LOOK_MORE;
        return refuse(connection, "431 Request Header Fields Too Large",
                      "the head of CONNECT is too long\n");
    }
    size_t head_size = (size_t) (end - head) + 4;
    if (recv(connection->fd, head, head_size, MSG_DONTWAIT) != (ssize_t) head_size) {
        connection_close(connection);
        return LOOK_DONE;
    }
    return answer_connect(connection, str_from(head, head_size));
}

static bool is_letter(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static enum look hand_over(struct connection *connection, bool tls)
{
    connection_unwatch(connection);
    connection->tls = tls;
    http_adopt(connection);
    return LOOK_DONE;
}

static enum look look(struct connection *connection)
{
    unsigned char first[LOOK_BYTES];
    ssize_t size = recv(connection->fd, first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return LOOK_MORE;
    if (size <= 0) {
        connection_close(connection);
        return LOOK_DONE;
    }
    if (first[0] == TLS_HANDSHAKE)
        return hand_over(connection, true);
    if (!connection->tunnelled) {
        size_t common = (size_t) size < CONNECT_WORD_SIZE ? (size_t) size : CONNECT_WORD_SIZE;
        if (memcmp(first, connect_word, common) == 0)
            return common < CONNECT_WORD_SIZE ? LOOK_MORE : read_connect(connection);
    }
    if (is_letter(first[0]) || first[0] == '\r' || first[0] == '\n')
        return hand_over(connection, false);
    return refuse(connection, "400 Bad Request", "this is neither HTTP nor TLS\n");
}

static enum look look_on(struct connection *connection)
{
    enum look seen;
    do
        seen = look(connection);
    while (seen == LOOK_AGAIN);
    return seen;
}

static void ready(struct source *source, uint32_t events)
{
    struct connection *connection = connection_from(source->owner);
    if (connection->stage != CONNECTION_PEEKING)
        return;
    if (look_on(connection) == LOOK_MORE && (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0)
        connection_close(connection); /* nothing more can come */
}

static void too_late(struct timer *timer)
{
    connection_close(connection_from(timer->owner));
}

void peek_begin(struct connection *connection, struct worker *worker)
{
    connection_enter(connection, worker);
    connection->stage = CONNECTION_PEEKING;
    if (worker->phase != FRONT_OPEN) {
        connection_close(connection);
        return;
    }
    if (look_on(connection) == LOOK_DONE)
        return;
    connection->source.ready = ready;
    connection->timer.fire = too_late;
    connection_deadline(connection, worker->front->limits.head_deadline);
    if (!connection_watch(connection, EPOLLIN | EPOLLRDHUP | EPOLLET))
        connection_close(connection);
}

void peek_arrival(struct errand *errand)
{
    struct connection *connection = connection_from(errand->owner);
    peek_begin(connection, connection->worker);
}
