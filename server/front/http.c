/* The two libmicrohttpd daemons of a worker and their callbacks: from a socket to request_head,
 * request_body and request_body_end, and to the answer. The dance is told in exchange.h. */
#include "server/front/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/limits.h"
#include "base/log.h"
#include "server/front/exchange.h"
#include "server/front/linger.h"
#include "server/front/tls.h"

enum {
    HTTP_CONNECTIONS = 1000000, /* never reached: ours is the limit that counts (trap C) */
    HANDSHAKE_SPINS = 2,        /* runs for nothing before guard B steps in */
    HANDSHAKE_WAIT_MS = 2,
    HUNG_UP_LOOK_MS = 50,
    SPINS_PER_LOOK = 64, /* guard D */
    SPIN_WAIT_MS = 5,
    STUCK_S = 1
};

static size_t leave_escaped(UNUSED void *cls, UNUSED struct MHD_Connection *mhd, char *text)
{
    return strlen(text);
}

static void PRINTF_LIKE(2, 0) log_theirs(UNUSED void *cls, const char *format, va_list args)
{
    char line[512];
    if (!log_enabled(LOG_DEBUG))
        return;
    int size = vsnprintf(line, sizeof line, format, args);
    str text = str_trim(str_from(line, size < 0                      ? 0
                                       : (size_t) size < sizeof line ? (size_t) size
                                                                     : sizeof line - 1));
    log_line(LOG_DEBUG, "libmicrohttpd: %.*s", STR_ARG(text));
}

/* libmicrohttpd takes a short read for the end of what there is, and so does not see a FIN that
 * came together with the last bytes: it would keep half a request until its idle timeout. Closing
 * our receiving side makes its epoll tell once more, and loses nothing that has arrived. */
static void remind_of_end(struct connection *connection)
{
    if (connection->exchange == NULL || !connection->exchange->queued)
        (void) shutdown(connection->fd, SHUT_RD);
}

/* Neither a request that says so nor a stream has anything to lose by it. */
static void end_if_given_up(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    if (exchange == NULL || !exchange->suspended || exchange->cut)
        return;
    bool waits = exchange->paused && exchange->waiting && exchange->rq->left;
    if (!waits && !(exchange->queued && exchange->rq->reply.stream))
        return;
    if (waits)
        exchange->rq->left(exchange->rq);
    exchange->cut = true;
    exchange_continue(exchange);
}

/* A head must be whole in time, however slowly it comes; libmicrohttpd counts only silence. The
 * timer is left running and looks at the date when it fires, so that a request costs no timer. */
static void head_check(struct timer *timer)
{
    struct connection *connection = connection_from(timer->owner);
    struct worker *worker = connection->worker;
    duration wait = worker->front->limits.head_deadline;
    if (connection->head_due.ns <= worker->now.ns) {
        (void) shutdown(connection->fd, SHUT_RDWR);
        return;
    }
    if (connection->hung_up) {
        remind_of_end(connection);
        end_if_given_up(connection);
        wait = DURATION_MS(HUNG_UP_LOOK_MS);
    }
    if (connection->head_due.ns - worker->now.ns < wait.ns)
        wait.ns = connection->head_due.ns - worker->now.ns;
    connection_deadline(connection, wait);
}

static void hung_up(struct source *source, UNUSED uint32_t events)
{
    struct connection *connection = connection_from(source->owner);
    if (connection->stage != CONNECTION_SERVING)
        return;
    connection->hung_up = true;
    end_if_given_up(connection);
    connection_deadline(connection, DURATION_MS(HUNG_UP_LOOK_MS));
}

static void *head_begins(UNUSED void *cls, const char *target, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *connection = connection_from(info->socket_context);
    size_t size = target ? strlen(target) : 0;
    if (size > connection->target_capacity) {
        connection->target_capacity = size * 2;
        connection->target = mem_resize(connection->target, connection->target_capacity);
    }
    if (size > 0)
        memcpy(connection->target, target, size);
    connection->target_size = size;
    connection->target_at = target;
    connection->lingers = false;
    int64_t due = connection->worker->now.ns + connection->worker->front->limits.head_deadline.ns;
    if (due < connection->head_due.ns)
        connection->head_due.ns = due;
    return connection;
}

/* The refused rest of a body is read so that the client hears why; not for ever. */
static void begin_drain(struct exchange *exchange)
{
    timers_set(&exchange->worker->timers, &exchange->timer,
               (duration){ exchange->worker->now.ns + DURATION_S(LIMIT_DRAIN_S).ns });
}

static enum MHD_Result go_on(struct exchange *exchange)
{
    if (exchange->next == REQUEST_WAITS) {
        exchange->waiting = true;
        exchange_suspend(exchange);
        return MHD_YES;
    }
    if (exchange->first && exchange->has_body && exchange->next == REQUEST_READY)
        begin_drain(exchange);
    exchange->first = false;
    return MHD_YES;
}

static bool spares_the_body(const struct exchange *exchange)
{
    uint64_t declared = exchange->rq->content_length;
    return exchange->expects_continue ||
           (declared != UINT64_MAX && declared > LIMIT_EARLY_ANSWER_BYTES);
}

static enum MHD_Result first_call(struct exchange *exchange)
{
    if (exchange->next == REQUEST_WAITS && !exchange->has_body) {
        exchange->first = false; /* it is whole: the final call, which comes now, will wait */
        return MHD_YES;
    }
    if (exchange->next == REQUEST_READY && exchange->has_body && spares_the_body(exchange))
        return answer_send(exchange);
    return go_on(exchange);
}

/* A connection that is resumed while reading takes a FIN that it finds for the end of everything,
 * although bytes that came before it are still in libmicrohttpd's buffer: see final_call. So it
 * rests only while more than that is there. Where the body ends in chunks is not known before. */
static bool may_find_the_end(const struct exchange *exchange, size_t size)
{
    int unread = 0;
    if (exchange->rq->content_length != UINT64_MAX)
        return exchange->taken_bytes + size == exchange->rq->content_length;
    return exchange->worker->rest_bytes + size <= LIMIT_RESTS_BYTES &&
           ioctl(exchange->connection->fd, FIONREAD, &unread) == 0 && unread == 0;
}

/* These bytes wait with us, and libmicrohttpd goes on reading or leaves that state; what comes
 * next, or final_call, hands them on. */
static enum MHD_Result keep_rest(struct exchange *exchange, const char *bytes, size_t *size)
{
    exchange_keep(exchange, bytes, *size);
    exchange->waiting = true;
    *size = 0;
    return MHD_YES;
}

static void hand_on_rest(struct exchange *exchange)
{
    if (exchange->next != REQUEST_WANTS_BODY || exchange->rest_size == 0)
        return;
    exchange->next = request_body(exchange->rq, exchange->rest, exchange->rest_size);
    if (exchange->next != REQUEST_WAITS)
        exchange_drop_kept(exchange);
}

static enum MHD_Result take_body(struct exchange *exchange, const char *bytes, size_t *size)
{
    hand_on_rest(exchange);
    if (exchange->next == REQUEST_WANTS_BODY)
        exchange->next = request_body(exchange->rq, bytes, *size);
    if (exchange->next == REQUEST_WAITS) /* it took nothing: the same bytes come again */
        return may_find_the_end(exchange, *size) ? keep_rest(exchange, bytes, size)
                                                 : go_on(exchange);
    exchange->taken_bytes += *size;
    if (exchange->next == REQUEST_READY) {
        if (exchange->drained_bytes == 0)
            begin_drain(exchange);
        exchange->drained_bytes += *size;
        if (exchange->rq->content_length == UINT64_MAX &&
            exchange->drained_bytes > LIMIT_DRAIN_BYTES)
            return MHD_NO;
    }
    *size = 0;
    return MHD_YES;
}

/* A client may close its side when it has said all, and still wants the answer. A connection that
 * is resumed goes on where it was suspended, and if that was while reading, it takes the FIN for
 * the end of everything. When this call returns without an answer it no longer reads, and repeats
 * the call at once: only then is it suspended. */
static enum MHD_Result final_call(struct exchange *exchange)
{
    hand_on_rest(exchange);
    if (exchange->next == REQUEST_WANTS_BODY)
        exchange->next = request_body_end(exchange->rq);
    if (exchange->next == REQUEST_WAITS && !exchange->paused) {
        exchange->paused = true;
        exchange->waiting = true; /* a wake may come before that */
        return MHD_YES;
    }
    if (exchange->next == REQUEST_WAITS)
        return go_on(exchange);
    BUG_UNLESS(exchange->next == REQUEST_READY);
    return answer_send(exchange);
}

static const struct refusal *begin(struct connection *connection, const char *method,
                                   const char *version)
{
    struct field fields[LIMIT_HEADER_COUNT];
    struct head head;
    connection->head_due = (duration){ INT64_MAX };
    const struct refusal *refusal = head_read(connection, method, version, fields, &head);
    if (refusal)
        return refusal;
    struct exchange *exchange = exchange_new(connection);
    head_fill(exchange, &head);
    exchange->next = request_head(exchange->rq);
    return NULL;
}

static enum MHD_Result serve(UNUSED void *cls, UNUSED struct MHD_Connection *mhd,
                             UNUSED const char *url, const char *method, const char *version,
                             const char *bytes, size_t *size, void **context)
{
    struct connection *connection = connection_from(*context);
    if (connection->exchange == NULL) {
        const struct refusal *refusal = begin(connection, method, version);
        if (refusal)
            return answer_refusal(connection, refusal);
    }
    struct exchange *exchange = connection->exchange;
    connection->worker->calls++;
    exchange->stuck_since.ns = 0;
    if (exchange->cut)
        return MHD_NO;
    if (exchange->first)
        return first_call(exchange);
    return *size > 0 ? take_body(exchange, bytes, size) : final_call(exchange);
}

static void completed(UNUSED void *cls, UNUSED struct MHD_Connection *mhd, void **context,
                      enum MHD_RequestTerminationCode code)
{
    if (*context == NULL)
        return;
    struct connection *connection = connection_from(*context);
    struct exchange *exchange = connection->exchange;
    *context = NULL;
    connection->head_due =
        (duration){ connection->worker->now.ns + connection->worker->front->limits.idle.ns +
                    connection->worker->front->limits.head_deadline.ns };
    if (exchange)
        exchange_end(exchange, exchange->queued && code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

static void serving_begins(struct connection *connection, struct MHD_Connection *mhd)
{
    struct worker *worker = connection->worker;
    duration deadline = worker->front->limits.head_deadline;
    connection->stage = CONNECTION_SERVING;
    connection->mhd = mhd;
    connection->head_due = (duration){ worker->now.ns + deadline.ns };
    connection->timer.fire = head_check;
    connection->source.ready = hung_up;
    if (!connection_watch(connection, EPOLLRDHUP | EPOLLET))
        log_line(LOG_DEBUG, "a client that hangs up in a body will be noticed late");
    connection_deadline(connection, deadline);
}

/* libmicrohttpd closes the socket after this; a duplicate keeps it for the lingering. */
static void serving_ends(struct connection *connection)
{
    struct worker *worker = connection->worker;
    tls_leaf_drop(worker->front->leaves, connection->leaf);
    connection->leaf = NULL;
    connection->mhd = NULL;
    connection_unwatch(connection);
    int own = connection->lingers && worker->phase != FRONT_STOPPING
                  ? fcntl(connection->fd, F_DUPFD_CLOEXEC, 0)
                  : -1;
    if (own < 0) {
        connection_release(connection);
        return;
    }
    connection->fd = own;
    linger_begin(connection, connection->linger_bytes);
}

static void notify(void *cls, struct MHD_Connection *mhd, void **context,
                   enum MHD_ConnectionNotificationCode code)
{
    struct worker *worker = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct connection *connection = connection_from(worker->adopting);
        worker->adopting = NULL;
        *context = connection;
        serving_begins(connection, mhd);
    } else if (*context) {
        struct connection *connection = connection_from(*context);
        *context = NULL;
        serving_ends(connection);
    }
}

void http_adopt(struct connection *connection)
{
    struct worker *worker = connection->worker;
    struct MHD_Daemon *daemon = connection->tls ? worker->tls : worker->plain;
    struct sockaddr_in nobody = { .sin_family = AF_INET }; /* only a per-address limit would ask */
    worker->adopting = connection;
    if (MHD_add_connection(daemon, connection->fd, (const struct sockaddr *) &nobody,
                           sizeof nobody) != MHD_YES)
        log_line(LOG_WARN, "a connection could not be taken over: %s", strerror(errno));
    if (worker->adopting) { /* refused before it began: the socket is closed already */
        worker->adopting = NULL;
        connection_release(connection);
        return;
    }
    if (connection->tls)
        worker->tls_due = true;
    else
        worker->plain_due = true;
}

static struct MHD_Daemon *start_daemon(struct worker *worker, bool tls)
{
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls_option[] = {
        { tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0, tls_certificate_callback() },
        { MHD_OPTION_END, 0, NULL },
    };
    unsigned idle_s = (unsigned) (worker->front->limits.idle.ns / 1000000000);
    return MHD_start_daemon(
        flags, 0, NULL, NULL, serve, worker, MHD_OPTION_EXTERNAL_LOGGER, log_theirs, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) LIMIT_HTTP_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned) HTTP_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        idle_s, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped,
        NULL, MHD_OPTION_URI_LOG_CALLBACK, head_begins, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, notify, worker, MHD_OPTION_ARRAY, tls_option,
        MHD_OPTION_END);
}

static void plain_ready(struct source *source, UNUSED uint32_t events)
{
    struct worker *worker = source->owner;
    worker->plain_due = true;
}

static void tls_ready(struct source *source, UNUSED uint32_t events)
{
    struct worker *worker = source->owner;
    worker->tls_due = true;
    worker->tls_spins = 0;
}

static bool watch_daemon(struct worker *worker, struct MHD_Daemon *daemon, struct source *source)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info && worker_watch(worker, info->epoll_fd, EPOLLIN, source);
}

bool http_open(struct worker *worker)
{
    worker->plain_source = (struct source){ plain_ready, worker };
    worker->tls_source = (struct source){ tls_ready, worker };
    worker->plain = start_daemon(worker, false);
    worker->tls = start_daemon(worker, true);
    return worker->plain && worker->tls &&
           watch_daemon(worker, worker->plain, &worker->plain_source) &&
           watch_daemon(worker, worker->tls, &worker->tls_source);
}

static int64_t daemon_patience_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (MHD_get_timeout(daemon, &ms) != MHD_YES || ms > INT32_MAX)
        return INT32_MAX;
    return (int64_t) ms;
}

/* Guard B: between ClientHello and Finished libmicrohttpd says "at once" without cease, and one
 * silent client would burn half a core. When TLS has no request in progress and nothing happened
 * for some runs, its epoll fd tells soon enough. */
static int64_t tls_patience_ms(struct worker *worker)
{
    int64_t ms = daemon_patience_ms(worker->tls);
    if (ms > 0) {
        worker->tls_spins = 0;
        return ms;
    }
    if (worker->tls_active == 0 && ++worker->tls_spins > HANDSHAKE_SPINS)
        return HANDSHAKE_WAIT_MS;
    worker->tls_due = true;
    return 0;
}

/* There is a body to read and more bytes of it, and for a while nothing of it reached us. */
static void cut_if_stuck(struct exchange *exchange)
{
    int bytes = 0;
    duration now = exchange->worker->now;
    if (!exchange->has_body || exchange->queued || exchange->suspended || exchange->paused)
        return;
    if (ioctl(exchange->connection->fd, FIONREAD, &bytes) != 0 || bytes == 0)
        exchange->stuck_since.ns = 0;
    else if (exchange->stuck_since.ns == 0)
        exchange->stuck_since = now;
    else if (now.ns - exchange->stuck_since.ns > DURATION_S(STUCK_S).ns)
        (void) shutdown(exchange->connection->fd, SHUT_RDWR);
}

/* Guard D: a chunk's first line that is longer than the buffer is never read to its end, and
 * libmicrohttpd says "at once" until its idle timeout. When many rounds brought no call and no
 * answer is being sent, its epoll fd tells soon enough; the connection itself is ended. */
static bool spins_for_nothing(struct worker *worker)
{
    if (++worker->spins % SPINS_PER_LOOK == 0) {
        worker->spins_idly = worker->calls == worker->calls_seen;
        worker->calls_seen = worker->calls;
        for (struct connection *c = worker->connections; c; c = c->next)
            if (c->exchange) {
                cut_if_stuck(c->exchange);
                if (c->exchange->queued && !c->exchange->suspended)
                    worker->spins_idly = false;
            }
    }
    return worker->spins_idly && worker->calls == worker->calls_seen;
}

duration http_patience(struct worker *worker)
{
    int64_t plain_ms = daemon_patience_ms(worker->plain);
    int64_t tls_ms = tls_patience_ms(worker);
    if (plain_ms == 0)
        worker->plain_due = true;
    if (plain_ms > 0 && tls_ms > 0) {
        worker->spins = 0;
        worker->spins_idly = false;
    } else if (spins_for_nothing(worker)) {
        worker->plain_due = false;
        worker->tls_due = false;
        return DURATION_MS(SPIN_WAIT_MS);
    }
    return DURATION_MS(plain_ms < tls_ms ? plain_ms : tls_ms);
}

void http_run(struct worker *worker, bool both)
{
    if (worker->plain_due || both) {
        worker->plain_due = false;
        (void) MHD_run(worker->plain);
    }
    if (worker->tls_due || both) {
        worker->tls_due = false;
        (void) MHD_run(worker->tls);
    }
}

void http_end_streams(struct worker *worker)
{
    for (struct connection *c = worker->connections; c; c = c->next)
        if (c->exchange && c->exchange->queued && c->exchange->rq->reply.stream)
            exchange_continue(c->exchange);
}

void http_stop(struct worker *worker)
{
    for (struct connection *c = worker->connections; c; c = c->next)
        if (c->exchange) {
            c->exchange->cut = true;
            exchange_continue(c->exchange);
        }
    struct MHD_Daemon *daemons[] = { worker->plain, worker->tls };
    for (unsigned i = 0; i < COUNT(daemons); i++)
        if (daemons[i]) {
            (void) MHD_run(daemons[i]); /* must not be stopped with a suspended connection */
            MHD_stop_daemon(daemons[i]);
        }
    worker->plain = NULL;
    worker->tls = NULL;
}
