/* keeper: the inside of the timekeeper, shared by its files. For the replication folder only.
 *
 *   timekeeper.c     the thread, its inbox, its sleep
 *   keeper_step.c    what happens next, and making it happen: copies in batches, timers, heals
 *   keeper_job.c     jobs: advance, verbs on rows
 *   keeper_wait.c    waits
 */
#ifndef ATOLL_REPLICATION_KEEPER_H
#define ATOLL_REPLICATION_KEEPER_H

#include "base/limits.h"
#include "base/lock.h"
#include "replication/machine.h"
#include "replication/timekeeper.h"

#define KEEPER_BATCH LIMIT_WRITE_BATCH_ROWS
/* Copies of a job that somebody waits for, in one commit: what they share of the database's pages
 * is written once. A client's write may have to wait for such a commit, so flowing time takes less.
 */
#define KEEPER_JOB_BATCH 8192
/* Versions that a WAITING change waits for, as a set of hash bits: a hit costs a look-up. */
#define KEEPER_AWAITED_BITS 65536

struct timekeeper {
    struct timekeeper_options options;
    pthread_t thread;
    struct {
        struct mutex lock;
        struct condition wake;
        struct time_job *head, **tail;
        instant sleeps_until; /* emulated; what is due earlier wakes the thread */
        bool watched;         /* waits are outstanding: every commit to the queue counts */
        bool queued;          /* the queue was touched since the thread last looked */
        bool changed;         /* the same, since the waits were last looked at */
        bool stop;
    } shared;
    struct { /* the world thread's */
        struct store_reader *reader;
        struct arena *arena;       /* of one step */
        struct time_job *waits;    /* that run beside others, and missed something when looked at */
        struct time_job *unlooked; /* those that have not been looked at since the queue changed */
        uint64_t awaited[KEEPER_AWAITED_BITS / 64];
        bool any_waiting; /* a copy may be WAITING for its way */
        instant looked;   /* timers and heals up to here are done */
    } own;
};

bool timekeeper_stopping(struct timekeeper *keeper);

/* -- keeper_step.c: each returns false on a storage error, in *stored -------------------------- */

struct keeper_run { /* what a job or the flow of time does */
    enum store_result stored;
    uint64_t applied;
    bool job; /* somebody waits for it */
};
/* The earliest instant after or at which something is to be done; at most INSTANT_NEVER. */
bool keeper_step_next(struct timekeeper *keeper, struct keeper_run *run, instant *out);
/* One step: the work of the earliest instants up to `until`, in one commit; the clock moves there.
 * *more is false when nothing is due up to `until`. */
bool keeper_step_run(struct timekeeper *keeper, struct keeper_run *run, instant until, bool *more);
/* Moves the clock to `to` and notes it. */
bool keeper_step_move(struct timekeeper *keeper, struct keeper_run *run, instant to);
/* Commits the clock's document alone. */
bool keeper_step_note(struct timekeeper *keeper, struct keeper_run *run);
/* WAITING copies whose way is open become due again. */
bool keeper_step_resume(struct timekeeper *keeper, struct keeper_run *run);
/* After opening: what do WAITING changes wait for? */
bool keeper_step_recall(struct timekeeper *keeper, struct keeper_run *run);
/* Gives rows an event: EV_DUE and EV_RETRY apply them. `reason` replaces the table's, if set. */
struct keeper_order {
    enum copy_event event;
    str reason;
};
bool keeper_step_order(struct timekeeper *keeper, struct keeper_run *run,
                       const struct queue_page *rows, const struct keeper_order *order);

/* -- keeper_job.c, keeper_wait.c --------------------------------------------------------------- */

/* Runs it to its end, or lets it wait among own.waits. */
void keeper_job_run(struct timekeeper *keeper, struct time_job *job);
void keeper_job_finish(struct timekeeper *keeper, struct time_job *job,
                       const struct keeper_run *run, enum time_result result);
void keeper_wait_begin(struct timekeeper *keeper, struct time_job *job);
/* The queue changed: all waits of flowing time are to be looked at again. */
void keeper_wait_changed(struct timekeeper *keeper);
/* Looks at those, and at those whose time is over, for a while; finishes what is over. */
void keeper_wait_look(struct timekeeper *keeper);
/* Wall time until the first of them is over; negative: none. */
duration keeper_wait_left(const struct timekeeper *keeper);

#endif
