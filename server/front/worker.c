/* The loop of a worker. It waits on its own epoll, which holds the listeners, the peeked sockets,
 * the inbox and the epoll fds of both libmicrohttpd daemons (external polling). libmicrohttpd's
 * own threads are not used: they hang when exactly 128 events come at once (trap A). */
#include "server/front/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/limits.h"
#include "base/log.h"
#include "server/front/connection.h"
#include "server/front/http.h"
#include "server/front/tunnel.h"

enum {
    EVENTS_AT_ONCE = 256,
    READER_IDLE_MS = 50, /* an open snapshot keeps the WAL from being reset */
    ORPHANS_WAIT_S = 5
};

/* From here on a post must write to wake_fd; false when there is something in the inbox already. */
static bool fall_asleep(struct worker *worker)
{
    SCOPED_LOCK(&worker->inbox.lock);
    worker->inbox.asleep = worker->inbox.first == NULL;
    return worker->inbox.asleep;
}

static void wake_up(struct worker *worker)
{
    SCOPED_LOCK(&worker->inbox.lock);
    worker->inbox.asleep = false;
}

/* All under the lock: once the errand can be seen, the worker may end and go. */
void worker_post(struct worker *worker, struct errand *errand)
{
    const uint64_t one = 1;
    SCOPED_LOCK(&worker->inbox.lock);
    if (!errand->queued) {
        errand->queued = true;
        errand->next = NULL;
        *worker->inbox.last = errand;
        worker->inbox.last = &errand->next;
    }
    if (worker->inbox.asleep)
        (void) !write(worker->wake_fd, &one, sizeof one);
    worker->inbox.asleep = false;
}

void worker_unpost(struct worker *worker, struct errand *errand)
{
    SCOPED_LOCK(&worker->inbox.lock);
    if (!errand->queued)
        return;
    struct errand **at = &worker->inbox.first;
    while (*at != errand)
        at = &(*at)->next;
    *at = errand->next;
    if (worker->inbox.last == &errand->next)
        worker->inbox.last = at;
    errand->queued = false;
}

static struct errand *take_errand(struct worker *worker)
{
    SCOPED_LOCK(&worker->inbox.lock);
    struct errand *errand = worker->inbox.first;
    if (errand == NULL)
        return NULL;
    worker->inbox.first = errand->next;
    if (errand->next == NULL)
        worker->inbox.last = &worker->inbox.first;
    errand->queued = false;
    return errand;
}

static void run_errands(struct worker *worker)
{
    struct errand *errand;
    while ((errand = take_errand(worker)) != NULL)
        errand->run(errand);
}

static void inbox_ready(struct source *source, UNUSED uint32_t events)
{
    struct worker *worker = source->owner;
    uint64_t count;
    (void) !read(worker->wake_fd, &count, sizeof count);
}

bool worker_watch(struct worker *worker, int fd, uint32_t events, struct source *source)
{
    struct epoll_event event = { .events = events, .data.ptr = source };
    return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void worker_unwatch(struct worker *worker, int fd)
{
    struct epoll_event unused = { 0 };
    (void) epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, fd, &unused);
}

void worker_request_begins(struct worker *worker)
{
    atomic_fetch_add_explicit(&worker->active, 1, memory_order_relaxed);
    worker->reader_used = true;
    worker->reader_idle_at = (duration){ worker->now.ns + DURATION_MS(READER_IDLE_MS).ns };
}

void worker_request_ends(struct worker *worker)
{
    struct front *front = worker->front;
    atomic_fetch_sub(&worker->active, 1); /* before the look at the phase: see wait_until_idle */
    if (atomic_load(&front->phase) == FRONT_OPEN)
        return;
    SCOPED_LOCK(&front->lock);
    condition_wake_all(&front->idle);
}

bool worker_open(struct worker *worker, struct front *front, unsigned index)
{
    worker->front = front;
    worker->index = index;
    worker->now = clock_mono();
    mutex_init(&worker->inbox.lock);
    worker->inbox.last = &worker->inbox.first;
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    worker->wake_source = (struct source){ inbox_ready, worker };
    worker->lane = world_lane_open(front->world, index);
    return worker->epoll_fd >= 0 && worker->wake_fd >= 0 && worker->lane &&
           worker_watch(worker, worker->wake_fd, EPOLLIN, &worker->wake_source) &&
           http_open(worker);
}

static void close_all(struct worker *worker)
{
    struct connection *next;
    for (struct connection *c = worker->connections; c; c = next) {
        next = c->next;
        if (c->stage == CONNECTION_TUNNELLING)
            tunnel_cut(c);
        else
            connection_close(c);
    }
    connection_sweep(worker);
}

void worker_close(struct worker *worker)
{
    worker->phase = FRONT_STOPPING;
    http_stop(worker);
    run_errands(worker); /* newcomers from a worker that stopped later */
    close_all(worker);
    timers_fini(&worker->timers);
    mutex_fini(&worker->inbox.lock);
    if (worker->epoll_fd > 0)
        (void) close(worker->epoll_fd);
    if (worker->wake_fd > 0)
        (void) close(worker->wake_fd);
    if (worker->lane)
        world_lane_close(worker->lane);
}

/* 0: do not wait. */
static duration patience(struct worker *worker)
{
    int64_t until = timers_next(&worker->timers).ns;
    if (worker->reader_used && worker->reader_idle_at.ns < until)
        until = worker->reader_idle_at.ns;
    duration http = http_patience(worker);
    if (worker->plain_due || worker->tls_due)
        return (duration){ 0 };
    int64_t left = until == INT64_MAX ? INT64_MAX : until - clock_mono().ns;
    if (left > http.ns)
        left = http.ns;
    return (duration){ left > 0 ? left : 0 };
}

static int wait_for_events(struct worker *worker, struct epoll_event *events, duration at_most)
{
    struct timespec time = { .tv_sec = at_most.ns / 1000000000,
                             .tv_nsec = at_most.ns % 1000000000 };
    int count = -1;
    if (!worker->waits_coarsely)
        count = epoll_pwait2(worker->epoll_fd, events, EVENTS_AT_ONCE, &time, NULL);
    if (count < 0 && !worker->waits_coarsely)
        worker->waits_coarsely = errno == ENOSYS; /* kernels before 5.11, valgrind */
    if (worker->waits_coarsely)
        count = epoll_wait(worker->epoll_fd, events, EVENTS_AT_ONCE,
                           (int) ((at_most.ns + 999999) / 1000000));
    BUG_UNLESS(count >= 0 || errno == EINTR);
    return count;
}

static int wait_and_dispatch(struct worker *worker, duration at_most)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    if (!fall_asleep(worker))
        at_most.ns = 0;
    int count = wait_for_events(worker, events, at_most);
    wake_up(worker);
    worker->now = clock_mono();
    for (int i = 0; i < count; i++) {
        struct source *source = events[i].data.ptr;
        source->ready(source, events[i].events);
    }
    return count;
}

static void let_reader_rest(struct worker *worker)
{
    if (!worker->reader_used || worker->now.ns < worker->reader_idle_at.ns)
        return;
    worker->reader_used = false;
    if (worker->lane->reader)
        store_read_idle(worker->lane->reader);
}

static void drain(struct worker *worker)
{
    for (size_t i = 0; i < worker->front->listener_count; i++)
        listener_leave(&worker->seats[i]);
    struct connection *next;
    for (struct connection *c = worker->connections; c; c = next) {
        next = c->next;
        if (c->stage == CONNECTION_PEEKING)
            connection_close(c);
    }
    http_end_streams(worker);
}

/* What belongs to the store comes back when it is committed; what waits for the emulated clock may
 * never come. */
static void wait_for_orphans(struct worker *worker)
{
    int64_t until = worker->now.ns + DURATION_S(ORPHANS_WAIT_S).ns;
    while (worker->orphans > 0 && worker->now.ns < until) {
        (void) wait_and_dispatch(worker, (duration){ until - worker->now.ns });
        run_errands(worker);
        connection_sweep(worker);
    }
    if (worker->orphans > 0)
        log_line(LOG_WARN, "%zu requests were still waiting when their worker stopped",
                 worker->orphans);
}

static void look_at_phase(struct worker *worker)
{
    enum front_phase phase = (enum front_phase) atomic_load(&worker->front->phase);
    if (phase == worker->phase)
        return;
    if (worker->phase == FRONT_OPEN) {
        worker->phase = FRONT_DRAINING;
        drain(worker);
    }
    worker->phase = phase;
}

void *worker_run(void *arg)
{
    struct worker *worker = arg;
    for (size_t i = 0; i < worker->front->listener_count; i++)
        listener_sit(worker, &worker->seats[i], &worker->front->listeners[i]);
    while (worker->phase != FRONT_STOPPING) {
        int count = wait_and_dispatch(worker, patience(worker));
        run_errands(worker);
        look_at_phase(worker);
        timers_run(&worker->timers, worker->now);
        http_run(worker, count == 0);
        let_reader_rest(worker);
        connection_sweep(worker);
    }
    http_stop(worker);
    close_all(worker);
    wait_for_orphans(worker);
    return NULL;
}
