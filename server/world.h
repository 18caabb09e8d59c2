/* world: a whole emulated world without sockets. main wraps it in HTTP, scenarios drive it
 * directly; all state hangs from here, none is global.
 *
 * Threads: the members are set in world_open and then constant pointers; each guards itself.
 */
#ifndef ATOLL_SERVER_WORLD_H
#define ATOLL_SERVER_WORLD_H

#include <stdatomic.h>

#include "server/settings.h"

struct configs;          /* server/configs.h: the configuration in effect */
struct turn;             /* server/turn.h */
struct links;            /* replication/links.h: lag, bandwidth, partitions between Regions */
struct planner;          /* replication/plan.h: which copies a change causes */
struct timekeeper;       /* replication/timekeeper.h: the world thread: due copies, advance, wait */
struct mraps;            /* server/mraps.h: access points and their routes */
struct clients;          /* server/clients.h: who is asking from where */
struct regions;          /* server/regions.h: outages */
struct journal;          /* server/journal.h: the last requests, for explain and the log */
struct changes;          /* server/changes.h: what was changed by hand, in words */
struct events;           /* server/events.h: what happened, for whoever listens */
struct metrics;          /* server/metrics.h: counted from events */
struct cloudwatch;       /* server/cloudwatch.h: counted from events, by minutes */
struct replication_role; /* server/auth/replication_role.h: what roles may copy */
struct ordinals;         /* server/ordinals.h: how many requests and draws there were */
struct faults;           /* server/faults.h: what is done to requests and copies on demand */
struct access_log;       /* server/access_log.h: records on their way to target buckets */
struct async_work;       /* server/async_work.h: asynchronous requests about access points */
struct jobs;             /* server/jobs.h: S3 Batch Replication */
struct replication_events; /* server/replication_events.h: notifications of copies */
struct deliveries;         /* server/deliveries.h: notifications on their way to webhooks, files */
struct hostile;            /* server/hostile.h: partitions that the preset brings */
struct restores;           /* server/restores.h: restores that have something left to tell */
struct lifecycle_engine;   /* server/lifecycle_engine.h: rules that act on objects each midnight */
struct anomalies; /* server/anomalies.h: what clients could notice because Regions differ */

/* The access key (and secret) of the default account that `atoll env` hands out. */
#define WORLD_KEY "atoll"

struct copy_told; /* replication/timekeeper.h */

/* Somebody who wants to know of each copy whose state changed, beside the log; on the world thread,
 * must not block. Stays until the world is closed. */
struct world_watch {
    void (*copy)(void *ctx, const struct copy_told *copy);
    void *ctx;
};

/* A scenario to be played in this world: POST /scenarios. Strings are the arena's, which nobody
 * else uses until `done`. */
struct world_play {
    struct arena *arena;
    str text;
    bool verbose; /* the report holds every answer */
    void (*done)(struct world_play *play);
    void *owner;
    /* out */
    str report;          /* JSON; ptr NULL: nothing was played, and the problem says why */
    int status;          /* of the problem */
    const char *problem; /* its slug */
    str detail, hint;
};
/* Who plays them: the server knows no scenarios, so main connects it. */
struct world_player {
    void (*start)(void *ctx,
                  struct world_play *play); /* at once; on a thread of its own; NULL: none */
    /* What was asked of this world, as a scenario; false when it cannot be read. */
    bool (*record)(struct arena *arena, struct lane *lane, struct buf *out);
    void *ctx;
};

enum proxy_connect_result { PROXY_INTERCEPTED, PROXY_TUNNELLED, PROXY_REFUSED, PROXY_CONNECTS };

struct world {
    const struct settings *settings;
    struct configs *configs;
    struct turn *turn; /* of what changes the whole: resets, new configurations, snapshots */
    _Atomic(const char *) preset; /* a name of links_preset; a new configuration changes it */
    struct clock *clock;
    struct store *store;
    struct links *links;
    struct planner *planner;
    struct timekeeper *timekeeper;
    struct credentials *credentials;
    struct mraps *mraps;
    struct ordinals *ordinals;
    struct clients *clients;
    struct regions *regions;
    struct replication_role *replication_role;
    struct journal *journal;
    struct changes *changes;
    struct events *events;
    struct metrics *metrics;
    struct cloudwatch *cloudwatch;
    struct faults *faults;
    struct anomalies *anomalies;
    struct lifecycle_engine *lifecycle;
    struct restores *restores;
    struct hostile *hostile;
    struct deliveries *deliveries;
    struct jobs *jobs;
    struct async_work *async_work;
    struct replication_events *replication_events;
    struct access_log *access_log;
    _Atomic(const struct world_watch *) watch;
    struct world_player player; /* set before the first request */
    _Atomic uint64_t seed;      /* a restored snapshot changes it */
    duration opened;            /* clock_mono */
    const char *tls;            /* GnuTLS's version; set with the front door, NULL without one */
    _Atomic bool ready;         /* config, --init and --load are done */
    _Atomic uint64_t requests_ended;                 /* of ordinals->requests */
    _Atomic uint64_t proxy_connects[PROXY_CONNECTS]; /* for metrics; the front door counts */
};

/* NULL and a sentence in *error on failure. Settings must outlive the world. */
MUST_CHECK struct world *world_open(struct arena *arena, const struct settings *settings,
                                    str *error);
void world_close(struct world *world);

/* The store holds other rows than before (wiped, restored): what memory holds of them is read anew,
 * what it counted of them forgotten. Any thread with its own reader. */
void world_reload(struct world *world, struct store_reader *reader);

/* "default", "instant", "aws-like", "hostile". */
str world_preset(const struct world *world);
/* False with a sentence when there is no such preset. */
struct lag;
MUST_CHECK bool world_set_preset(struct world *world, struct arena *arena, str name, str *error);
/* How long copies take on a link that says nothing else, under these settings. */
MUST_CHECK bool world_lag(const struct settings *settings, struct arena *arena, struct lag *out,
                          str *error);

/* One request, run to its end on the calling thread, without sockets: for scenarios, /do, --load.
 * The caller made it with request_new on `lane` and filled what was "received"; `body` may be
 * empty. Afterwards rq->reply stands (reply.bytes, reply.body); the caller calls request_free. */
void world_request(struct request *rq, str body);
extern const struct request_host world_request_host;

MUST_CHECK struct lane *world_lane_open(struct world *world, unsigned index);
void world_lane_close(struct lane *lane);

#endif
