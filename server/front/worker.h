/* worker: one thread, its epoll and everything that hangs on it: sockets being peeked at, two
 * libmicrohttpd daemons (plain and TLS), timers, an inbox. A connection never leaves its worker.
 *
 * Ownership: the front owns its workers. Threads: fields are the worker's own, except the section
 * that says otherwise. Other threads reach a worker only through worker_post.
 */
#ifndef ATOLL_SERVER_FRONT_WORKER_H
#define ATOLL_SERVER_FRONT_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/lock.h"
#include "server/front/front.h"
#include "server/front/listener.h"
#include "server/front/source.h"
#include "server/front/timers.h"
#include "server/request.h"

struct MHD_Daemon;
struct connection;
struct leaves;

enum front_phase { FRONT_OPEN, FRONT_DRAINING, FRONT_STOPPING };

struct worker {
    struct front *front;
    struct lane *lane;
    unsigned index;
    pthread_t thread;
    enum front_phase phase; /* as this worker has seen it */
    duration now;           /* clock_mono when the loop last woke */

    int epoll_fd;
    int wake_fd;
    bool waits_coarsely; /* in milliseconds: no epoll_pwait2 */
    struct source wake_source;
    struct timers timers;
    struct listener_seat seats[SETTINGS_MAX_LISTEN];
    struct connection *connections; /* all, in no order */
    struct connection *closed;      /* freed when the batch of events is through */
    struct connection *adopting;    /* on its way into libmicrohttpd */
    unsigned tunnels;
    size_t rest_bytes; /* kept of uploads that wait, all exchanges */
    size_t orphans;    /* of a vanished client, still at work in the store or the resolver */

    struct MHD_Daemon *plain;
    struct MHD_Daemon *tls;
    struct source plain_source;
    struct source tls_source;
    bool plain_due; /* MHD_run before the next wait */
    bool tls_due;
    unsigned tls_active; /* TLS requests that are not suspended (guard B) */
    unsigned tls_spins;
    uint64_t calls;      /* of libmicrohttpd to us about a request */
    uint64_t calls_seen; /* when guard D last looked */
    unsigned spins;      /* rounds in a row without a wait */
    bool spins_idly;     /* and nothing comes of them */

    bool reader_used; /* the lane's snapshot may be open */
    duration reader_idle_at;

    /* any thread */
    _Atomic unsigned load;   /* connections */
    _Atomic unsigned active; /* requests */
    struct {
        struct mutex lock; /* guards the rest */
        struct errand *first;
        struct errand **last;
        bool asleep; /* a post has to wake the worker */
    } inbox;
};

struct front {
    struct world *world;
    const struct settings *settings;
    struct front_limits limits;
    struct leaves *leaves;
    struct listener listeners[SETTINGS_MAX_LISTEN];
    size_t listener_count;
    struct worker *workers;
    unsigned worker_count;
    bool started;
    bool stopped;
    bool whole; /* the drain cut nothing */
    _Atomic unsigned connections;
    _Atomic int phase; /* enum front_phase */
    struct mutex lock;
    struct condition idle; /* a worker's last request ended while draining */
};

MUST_CHECK bool worker_open(struct worker *worker, struct front *front, unsigned index);
void worker_close(struct worker *worker);
void *worker_run(void *worker); /* a thread's main function */

/* Any thread. An errand that is queued already stays where it is. */
void worker_post(struct worker *worker, struct errand *errand);
/* The worker's own thread: the errand will not run. */
void worker_unpost(struct worker *worker, struct errand *errand);

MUST_CHECK bool worker_watch(struct worker *worker, int fd, uint32_t events, struct source *source);
void worker_unwatch(struct worker *worker, int fd);

/* A request began or ended: for the drain, and for the reader's snapshot. */
void worker_request_begins(struct worker *worker);
void worker_request_ends(struct worker *worker);

#endif
