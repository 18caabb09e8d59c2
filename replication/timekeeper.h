/* timekeeper: the world thread. It alone moves the emulated clock and applies what is due.
 *
 * real, auto   it sleeps until the next due copy and applies it; auto also jumps while a wait is
 *              outstanding
 * manual       nothing happens but by jobs
 *
 * A job is a struct that the caller fills and gives away until `done`, which runs on the world
 * thread and must only hand over (an inbox, a semaphore). Jobs run one after another, in the order
 * in which they came; only waits of flowing time run beside others.
 * Threads: timekeeper_submit, timekeeper_run and the notifications: any but the world thread and
 * the writer thread. Callbacks run on the world thread and must not block.
 * Errors: enum time_result; a storage error stops the job and is named in `stored`. What was
 * committed before it stays, together with the clock's position at that point.
 */
#ifndef ATOLL_REPLICATION_TIMEKEEPER_H
#define ATOLL_REPLICATION_TIMEKEEPER_H

#include <stdatomic.h>

#include "replication/clock_doc.h"
#include "replication/links.h"
#include "replication/plan.h"

struct timekeeper;

enum copy_outcome {
    OUTCOME_COPIED,
    OUTCOME_SOURCE_GONE, /* ended without a copy */
    OUTCOME_WAITING,     /* partition, outage, or the version itself is still on its way */
    OUTCOME_HELD,
    OUTCOME_FAILED,
    OUTCOME_DROPPED
};
struct copy_told { /* strings live during the callback */
    instant at;    /* emulated */
    enum copy_outcome outcome;
    str reason;                  /* AWS's word; empty: none */
    const struct queue_row *row; /* as it was: key, version, rule, queued_at, ... */
};

struct timekeeper_options {
    struct store *store;
    struct clock *clock;
    struct links *links;
    struct planner *planner; /* its wake-up is connected while open; may be NULL */
    void *ctx;               /* of the callbacks below; each may be NULL */
    /* Regions that are down at this emulated instant. */
    region_set (*regions_down)(void *ctx, instant now);
    /* A fault: AWS's reason for which this copy is refused, static text; unset: none. */
    str (*refused)(void *ctx, const struct queue_row *row);
    /* Each copy whose state changed, after its commit. */
    void (*told)(void *ctx, const struct copy_told *copy);
    /* Other things that happen at an instant (ends of outages, routes, lifecycle): the next one
     * after `now`, INSTANT_NEVER for none; and the call at which it is due. Waiting copies are
     * looked at again after each. */
    instant (*next_timer)(void *ctx, instant now);
    void (*timer)(void *ctx, instant now);
    /* TIME_LINKS_CHANGED: what waited for the end of an outage may be done. */
    void (*links_changed)(void *ctx, instant now);
};

enum time_job_kind {
    TIME_ADVANCE_TO,    /* to */
    TIME_ADVANCE_BY,    /* by */
    TIME_NEXT,          /* to the next instant at which something happens, if there is one */
    TIME_MODE,          /* mode */
    TIME_RATE,          /* rate, a sound one */
    TIME_WAIT,          /* targets, regions, within, wall: until their copies arrived */
    TIME_RELEASE,       /* filter, max, early: apply these held copies now */
    TIME_RESUME,        /* filter, max: held copies are due at their own time again */
    TIME_HOLD,          /* filter, max: pending and waiting copies become held */
    TIME_DROP,          /* filter, max, reason: unfinished ones go; with a reason they FAIL */
    TIME_RETRY,         /* filter, max: apply failed copies again now */
    TIME_LINKS_CHANGED, /* links or outages changed: waiting copies that can travel are due again */
    TIME_WIPED,         /* the store was wiped */
    TIME_TASK,          /* task */
    TIME_RESTORE,       /* task, which brings another world into the store: the clock goes to it */
    TIME_STATUS         /* only the outputs */
};
enum time_result {
    TIME_OK,
    TIME_NOT_CONVERGED, /* wait: `missing` says what had not arrived */
    TIME_COPY_FAILED,   /* wait: `missing` has failed copies */
    TIME_REFUSED,       /* an instant before now or past the end, an unsound rate */
    TIME_STORE_FAILED,  /* `stored` says how */
    TIME_CLOSED
};

struct wait_target {
    int64_t source_bucket; /* 0: any */
    str key;               /* ptr == NULL: any */
    bool prefix;           /* key is a prefix */
};
struct time_job {
    enum time_job_kind kind;
    /* in */
    struct arena *arena; /* outputs go here; the world thread's until done */
    instant to;
    duration by;
    enum clock_mode mode;
    double rate;
    const struct wait_target *targets; /* wait: none: everything */
    size_t target_count;
    region_set regions; /* wait: destinations; REGION_SET_NONE: any */
    duration within;    /* wait: emulated; negative: without end. Flowing or wall: wall time */
    bool wall;          /* wait: never move the clock */
    struct queue_filter filter; /* its state does not count: the verb says which */
    unsigned max;               /* rows, oldest due first; 0: all */
    bool early;                 /* release: then also pending copies, before their time */
    str reason;                 /* drop */
    /* Runs on the world thread, between steps, and may write and wait. Of a restore it says in
     * `stored` whether there is another world now. */
    void (*task)(struct time_job *job);
    void (*done)(struct time_job *job);
    void *owner;
    /* out */
    enum time_result result;
    enum store_result stored;
    instant now;
    instant next_event; /* INSTANT_NEVER: none */
    uint64_t applied;   /* copies that this job moved */
    duration waited;    /* emulated time that passed */
    struct queue_row *missing;
    size_t missing_count;
    /* the timekeeper's */
    struct time_job *next;
    _Atomic bool given_up;
    instant began;
    duration wall_deadline; /* on clock_mono; negative: none */
};

#define TIME_MISSING_ROWS 20 /* [atoll] rows that a wait names at most */

MUST_CHECK struct timekeeper *timekeeper_open(const struct timekeeper_options *options);
/* Stops after the batch at hand; outstanding jobs end with TIME_CLOSED; notes the position. */
void timekeeper_close(struct timekeeper *keeper);

void timekeeper_submit(struct timekeeper *keeper, struct time_job *job);
/* Nobody wants to know any more: a wait beside others ends as if `within` were over. `done` comes
 * as ever. Between submit and the owner's hearing of `done`. */
void timekeeper_give_up(struct timekeeper *keeper, struct time_job *job);
/* Submits and blocks until done: main, scenarios, tests; never a worker. `done`, `owner` are its.
 */
enum time_result timekeeper_run(struct timekeeper *keeper, struct time_job *job);

const char *time_result_name(enum time_result result);

#endif
