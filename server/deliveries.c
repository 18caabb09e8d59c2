/* The queue of messages to targets, and the two ways out of it (deliveries.h). */
#include "server/deliveries.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/log.h"

#define PATIENCE_S 5 /* [atoll] for a webhook to take and to answer */

struct delivery {
    struct delivery_target target;
    str message; /* follows the struct */
};

struct deliveries {
    struct mutex lock;
    struct condition changed;
    struct delivery *waiting[DELIVERIES_WAITING];
    unsigned first, count; /* with the one at work */
    bool stopping;
    pthread_t thread;
};

bool deliveries_url(str url, str *host, str *port, str *path)
{
    if (!str_starts(url, STR("http://")))
        return false;
    str rest = str_skip(url, 7);
    size_t end = str_find_char(rest, '/');
    str place = str_first(rest, end);
    *path = end < rest.size ? str_skip(rest, end) : STR("/");
    *port = STR("80");
    *host = place;
    if (str_starts(place, STR("["))) {
        size_t close = str_find_char(place, ']');
        *host = str_skip(str_first(place, close), 1);
        place = str_skip(place, close < place.size ? close + 1 : close);
        if (str_starts(place, STR(":")))
            *port = str_skip(place, 1);
    } else {
        size_t colon = str_find_char(place, ':');
        *host = str_first(place, colon);
        if (colon < place.size)
            *port = str_skip(place, colon + 1);
    }
    return host->size > 0 && port->size > 0;
}

/* ---- a webhook ---- */

static bool is_here(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 in6;
    memcpy(&in6, address, sizeof in6);
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}

/* -1: nobody there, or not on this machine. */
static int dial(struct arena *arena, str host, str port, bool anywhere)
{
    const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM };
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    struct addrinfo *list = NULL;
    int fd = -1;
    if (getaddrinfo(str_c(arena, host), str_c(arena, port), &wanted, &list) != 0)
        return -1;
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        if (!anywhere && !is_here(a->ai_addr))
            continue;
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd < 0)
            continue;
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            (void) close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

static bool send_all(int fd, str bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.ptr, bytes.size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes = str_skip(bytes, (size_t) sent);
    }
    return true;
}

/* "HTTP/1.1 204": only the first digit counts. */
static bool is_taken(int fd)
{
    char line[10];
    size_t have = 0;
    while (have < sizeof line) {
        ssize_t got = recv(fd, line + have, sizeof line - have, 0);
        if (got <= 0)
            return false;
        have += (size_t) got;
    }
    return memcmp(line, "HTTP/1.", 7) == 0 && line[9] == '2';
}

static bool post(struct arena *arena, const struct delivery *delivery)
{
    str host, port, path;
    const struct delivery_target *target = &delivery->target;
    if (!deliveries_url(target->webhook, &host, &port, &path))
        return false;
    int fd = dial(arena, host, port, target->anywhere);
    if (fd < 0)
        return false;
    str head = str_format(arena,
                          "POST %.*s HTTP/1.1\r\nHost: %.*s:%.*s\r\nContent-Type: "
                          "application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                          STR_ARG(path), STR_ARG(host), STR_ARG(port), delivery->message.size);
    bool taken = send_all(fd, head) && send_all(fd, delivery->message) && is_taken(fd);
    (void) close(fd);
    return taken;
}

/* ---- a line ---- */

static bool write_line(struct arena *arena, const struct delivery *delivery)
{
    str line = str_format(arena, "%.*s\n", STR_ARG(delivery->message));
    int fd =
        open(str_c(arena, delivery->target.log), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return false;
    ssize_t written = write(fd, line.ptr, line.size);
    return close(fd) == 0 && written == (ssize_t) line.size;
}

/* ---- the thread ---- */

static void deliver(struct arena *arena, const struct delivery *delivery, bool stopping)
{
    const struct delivery_target *target = &delivery->target;
    if (target->log.size > 0 && !write_line(arena, delivery))
        log_line(LOG_WARN, "notification not written to %.*s: %s", STR_ARG(target->log),
                 strerror(errno));
    if (target->webhook.size > 0 && !stopping && !post(arena, delivery))
        log_line(LOG_WARN, "notification not taken by %.*s", STR_ARG(target->webhook));
}

/* NULL when it is time to end. */
static struct delivery *take(struct deliveries *deliveries, bool *stopping)
{
    SCOPED_LOCK(&deliveries->lock);
    while (deliveries->count == 0 && !deliveries->stopping)
        condition_wait(&deliveries->changed, &deliveries->lock);
    *stopping = deliveries->stopping;
    return deliveries->count > 0 ? deliveries->waiting[deliveries->first] : NULL;
}

static void finish(struct deliveries *deliveries)
{
    SCOPED_LOCK(&deliveries->lock);
    free(deliveries->waiting[deliveries->first]);
    deliveries->first = (deliveries->first + 1) % DELIVERIES_WAITING;
    deliveries->count--;
    condition_wake_all(&deliveries->changed);
}

static void *run(void *arg)
{
    struct deliveries *deliveries = arg;
    struct arena *arena = arena_new();
    struct delivery *delivery;
    bool stopping;
    while ((delivery = take(deliveries, &stopping)) != NULL) {
        deliver(arena, delivery, stopping);
        finish(deliveries);
        arena_reset(arena);
    }
    arena_free(arena);
    return NULL;
}

struct deliveries *deliveries_open(void)
{
    struct deliveries *deliveries = mem_alloc(sizeof *deliveries);
    mutex_init(&deliveries->lock);
    condition_init(&deliveries->changed);
    deliveries->thread = thread_start("deliveries", run, deliveries);
    return deliveries;
}

void deliveries_close(struct deliveries *deliveries)
{
    if (deliveries == NULL)
        return;
    mutex_lock(&deliveries->lock);
    deliveries->stopping = true;
    condition_wake_all(&deliveries->changed);
    mutex_unlock(&deliveries->lock);
    BUG_UNLESS(pthread_join(deliveries->thread, NULL) == 0);
    condition_fini(&deliveries->changed);
    mutex_fini(&deliveries->lock);
    free(deliveries);
}

static str put_text(char **bytes, str text)
{
    str copy = str_from(*bytes, text.size);
    if (text.size > 0)
        memcpy(*bytes, text.ptr, text.size);
    *bytes += text.size;
    return copy;
}

/* The target may be gone when its turn comes: a new configuration may take its place. */
void deliveries_give(struct deliveries *deliveries, const struct delivery_target *target,
                     str message)
{
    size_t size = message.size + target->webhook.size + target->log.size;
    struct delivery *delivery = mem_alloc(sizeof *delivery + size);
    char *bytes = (char *) (delivery + 1);
    delivery->message = put_text(&bytes, message);
    delivery->target = (struct delivery_target){ .webhook = put_text(&bytes, target->webhook),
                                                 .log = put_text(&bytes, target->log),
                                                 .anywhere = target->anywhere };
    SCOPED_LOCK(&deliveries->lock);
    if (deliveries->count == DELIVERIES_WAITING) {
        log_line(LOG_WARN, "more than %d notifications are on their way: one is dropped",
                 DELIVERIES_WAITING);
        free(delivery);
        return;
    }
    unsigned at = (deliveries->first + deliveries->count++) % DELIVERIES_WAITING;
    deliveries->waiting[at] = delivery;
    condition_wake_all(&deliveries->changed);
}

void deliveries_flush(struct deliveries *deliveries)
{
    SCOPED_LOCK(&deliveries->lock);
    while (deliveries->count > 0)
        condition_wait(&deliveries->changed, &deliveries->lock);
}
