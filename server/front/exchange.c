/* Waiting and waking, and who frees a request when. */
#include "server/front/exchange.h"

#include <stdlib.h>

#include "base/bug.h"

static struct exchange *exchange_from(void *owner)
{
    struct exchange *exchange = owner;
    BUG_UNLESS(exchange != NULL && exchange->magic == EXCHANGE_MAGIC);
    return exchange;
}

/* Any thread. The exchange outlives its request, so the errand is there to be queued. */
static void wake(struct request *rq)
{
    struct exchange *exchange = exchange_from(rq->connection);
    worker_post(exchange->worker, &exchange->woken);
}

const struct request_host exchange_host = { .wake = wake };

void exchange_keep(struct exchange *exchange, const char *bytes, size_t size)
{
    exchange->rest = mem_resize(exchange->rest, exchange->rest_size + size);
    memcpy(exchange->rest + exchange->rest_size, bytes, size);
    exchange->rest_size += size;
    exchange->worker->rest_bytes += size;
}

void exchange_drop_kept(struct exchange *exchange)
{
    exchange->worker->rest_bytes -= exchange->rest_size;
    free(exchange->rest);
    exchange->rest = NULL;
    exchange->rest_size = 0;
}

static void free_all(struct exchange *exchange, bool sent_whole)
{
    struct worker *worker = exchange->worker;
    body_reader_close(exchange->rq->reply.body);
    exchange->rq->reply.body = NULL;
    request_free(exchange->rq, sent_whole);
    /* Only now is nobody left who could wake it. */
    worker_unpost(worker, &exchange->woken);
    worker_request_ends(worker);
    exchange->magic = 0;
    exchange_drop_kept(exchange);
    free(exchange);
}

static void woken(struct errand *errand)
{
    struct exchange *exchange = exchange_from(errand->owner);
    if (!exchange->waiting) {
        exchange_continue(exchange); /* a stream has something to say */
        return;
    }
    exchange->waiting = false;
    if (exchange->connection == NULL) {
        exchange->worker->orphans--;
        free_all(exchange, false);
        return;
    }
    exchange->next = request_resume(exchange->rq);
    if (exchange->next == REQUEST_WAITS)
        exchange->waiting = true;
    else
        exchange_continue(exchange);
}

static void timed(struct timer *timer)
{
    struct exchange *exchange = exchange_from(timer->owner);
    if (exchange->suspended) {
        exchange->stream_quiet = exchange->queued;
        exchange_continue(exchange);
    } else {
        /* A refused body that will not end. libmicrohttpd notices and completes the request. */
        (void) shutdown(exchange->connection->fd, SHUT_RDWR);
    }
}

struct exchange *exchange_new(struct connection *connection)
{
    struct worker *worker = connection->worker;
    struct exchange *exchange = mem_alloc(sizeof *exchange);
    exchange->magic = EXCHANGE_MAGIC;
    exchange->worker = worker;
    exchange->connection = connection;
    exchange->rq = request_new(worker->lane, &exchange_host);
    exchange->rq->connection = exchange;
    exchange->rq->kept = &connection->kept;
    exchange->first = true;
    exchange->woken = (struct errand){ .run = woken, .owner = exchange };
    exchange->timer = (struct timer){ .fire = timed, .owner = exchange };
    connection->exchange = exchange;
    worker->tls_active += connection->tls ? 1 : 0;
    worker_request_begins(worker);
    return exchange;
}

void exchange_end(struct exchange *exchange, bool sent_whole)
{
    struct connection *connection = exchange->connection;
    struct worker *worker = exchange->worker;
    timers_cancel(&worker->timers, &exchange->timer);
    if (!exchange->suspended)
        worker->tls_active -= connection->tls ? 1 : 0;
    connection->exchange = NULL;
    exchange->connection = NULL;
    exchange->rq->kept = NULL;
    if (exchange->waiting)
        worker->orphans++;
    else
        free_all(exchange, sent_whole);
}

void exchange_suspend(struct exchange *exchange)
{
    if (exchange->suspended)
        return;
    exchange->suspended = true;
    exchange->worker->tls_active -= exchange->connection->tls ? 1 : 0;
    MHD_suspend_connection(exchange->connection->mhd);
}

void exchange_sleep(struct exchange *exchange, duration for_how_long)
{
    exchange_suspend(exchange);
    timers_set(&exchange->worker->timers, &exchange->timer,
               (duration){ clock_mono().ns + for_how_long.ns });
}

void exchange_continue(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;
    if (!exchange->suspended)
        return;
    exchange->suspended = false;
    timers_cancel(&worker->timers, &exchange->timer);
    worker->tls_active += exchange->connection->tls ? 1 : 0;
    if (exchange->connection->tls)
        worker->tls_due = true;
    else
        worker->plain_due = true;
    MHD_resume_connection(exchange->connection->mhd);
}
