/* Opening, draining and closing the front door. */
#include "server/front/front.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/limits.h"
#include "base/log.h"
#include "server/front/tls.h"
#include "server/front/worker.h"

static void adopt_limits(struct front *front, const struct front_limits *limits)
{
    static const struct front_limits none;
    if (limits == NULL)
        limits = &none;
    front->limits = *limits;
    if (limits->head_deadline.ns == 0)
        front->limits.head_deadline = DURATION_S(LIMIT_HEAD_DEADLINE_S);
    if (limits->idle.ns == 0)
        front->limits.idle = DURATION_S(LIMIT_IDLE_S);
    if (limits->connections == 0)
        front->limits.connections = LIMIT_CONNECTIONS;
}

/* Every connection and every body being sent is a file; the soft limit is often 1,024. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void) setrlimit(RLIMIT_NOFILE, &limit);
}

static unsigned count_cores(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 0 ? (unsigned) cores : 1;
}

/* ::1 is asked for by default, and not every machine has IPv6. */
static bool is_no_ipv6(int error)
{
    return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

static bool open_listeners(struct front *front, struct arena *arena, str *error)
{
    for (size_t i = 0; i < front->settings->listen_count; i++) {
        str address = front->settings->listen[i];
        struct listener *listener = &front->listeners[front->listener_count++];
        if (!listener_open(listener, arena, address, error)) {
            if (front->listener_count == 1 || !is_no_ipv6(listener->fd))
                return false;
            log_line(LOG_INFO, "%.*s is left out: this machine has no such address",
                     STR_ARG(address));
            front->listener_count--;
            continue;
        }
        if (!listener->loopback && front->settings->proxy_other == PROXY_TUNNEL)
            log_line(LOG_WARN, "clients of %s get no tunnels: it is not a loopback address",
                     listener->address);
    }
    return true;
}

static bool open_workers(struct front *front, str *error)
{
    unsigned wanted = front->settings->workers ? front->settings->workers : count_cores();
    front->workers = mem_alloc(wanted * sizeof *front->workers);
    for (unsigned i = 0; i < wanted; i++) {
        front->worker_count = i + 1;
        if (!worker_open(&front->workers[i], front, i)) {
            *error = STR("cannot start a worker: out of file descriptors or memory");
            return false;
        }
    }
    return true;
}

const char *front_tls_version(void)
{
    return tls_library_version();
}

const char *front_http_version(void)
{
    return tls_http_library_version();
}

struct front *front_open(struct arena *arena, struct world *world,
                         const struct front_limits *limits, str *error)
{
    struct front *front = mem_alloc(sizeof *front);
    front->world = world;
    world->tls = front_tls_version();
    front->settings = world->settings;
    adopt_limits(front, limits);
    mutex_init(&front->lock);
    condition_init(&front->idle);
    raise_file_limit();
    (void) signal(SIGPIPE, SIG_IGN); /* libmicrohttpd uses sendfile only then */
    struct ca *ca = ca_open(arena, front->settings->ca_dir, error);
    if (ca) {
        front->leaves = tls_leaves_new(ca);
        if (front->leaves == NULL)
            *error = STR("GnuTLS does not take the key of the certificates");
        else if (open_listeners(front, arena, error) && open_workers(front, error))
            return front;
    }
    front_close(front);
    return NULL;
}

void front_start(struct front *front)
{
    front->started = true;
    for (unsigned i = 0; i < front->worker_count; i++)
        front->workers[i].thread = thread_start("front", worker_run, &front->workers[i]);
}

size_t front_address_count(const struct front *front)
{
    return front->listener_count;
}

str front_address(const struct front *front, size_t index)
{
    BUG_UNLESS(index < front->listener_count);
    return str_of(front->listeners[index].address);
}

unsigned front_port(const struct front *front)
{
    return front->listeners[0].port;
}

str front_ca_pem(const struct front *front)
{
    return tls_ca_pem(front->leaves);
}

static void nothing(UNUSED struct errand *errand)
{
}

static void enter_phase(struct front *front, enum front_phase phase, struct errand *errands)
{
    atomic_store(&front->phase, phase);
    for (unsigned i = 0; i < front->worker_count; i++) {
        errands[i].run = nothing;
        worker_post(&front->workers[i], &errands[i]);
    }
}

static unsigned active_requests(struct front *front)
{
    unsigned active = 0;
    for (unsigned i = 0; i < front->worker_count; i++)
        active += atomic_load(&front->workers[i].active);
    return active;
}

static bool wait_until_idle(struct front *front, duration grace)
{
    int64_t until = clock_mono().ns + grace.ns;
    SCOPED_LOCK(&front->lock);
    while (active_requests(front) > 0) {
        int64_t left = until - clock_mono().ns;
        if (left <= 0)
            return false;
        (void) condition_wait_for(&front->idle, &front->lock, (duration){ left });
    }
    return true;
}

bool front_drain(struct front *front, duration grace)
{
    if (!front->started || front->stopped)
        return !front->started || front->whole;
    struct errand *errands = mem_alloc(2 * front->worker_count * sizeof *errands);
    for (size_t i = 0; i < front->listener_count; i++)
        listener_stop(&front->listeners[i]);
    enter_phase(front, FRONT_DRAINING, errands);
    front->whole = wait_until_idle(front, grace);
    enter_phase(front, FRONT_STOPPING, errands + front->worker_count);
    for (unsigned i = 0; i < front->worker_count; i++)
        (void) pthread_join(front->workers[i].thread, NULL);
    front->stopped = true;
    for (unsigned i = 0; i < 2 * front->worker_count; i++)
        worker_unpost(&front->workers[i % front->worker_count], &errands[i]);
    free(errands);
    return front->whole;
}

void front_close(struct front *front)
{
    if (front == NULL)
        return;
    (void) front_drain(front, (duration){ 0 });
    for (unsigned i = 0; i < front->worker_count; i++)
        if (front->workers[i].orphans > 0)
            return; /* a wake may still come: what it needs is left to the end of the process */
    for (unsigned i = 0; i < front->worker_count; i++)
        worker_close(&front->workers[i]);
    for (size_t i = 0; i < front->listener_count; i++)
        listener_close(&front->listeners[i]);
    free(front->workers);
    tls_leaves_free(front->leaves);
    condition_fini(&front->idle);
    mutex_fini(&front->lock);
    free(front);
}
