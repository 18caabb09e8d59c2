/* The world thread: jobs first, one at a time; then what is due by the flow of time, a batch at a
 * time; then sleep until the next due instant, a job, or a commit that queued something earlier. */
#include "replication/timekeeper.h"

#include <semaphore.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/log.h"
#include "replication/keeper.h"

#define RETRY_AFTER                                                                                \
    DURATION_S(1) /* [atoll] wall time, after a storage error in the flow of time                  \
                   */

bool timekeeper_stopping(struct timekeeper *keeper)
{
    SCOPED_LOCK(&keeper->shared.lock);
    return keeper->shared.stop;
}

/* -- the inbox -------------------------------------------------------------------------------- */

void timekeeper_submit(struct timekeeper *keeper, struct time_job *job)
{
    job->next = NULL;
    SCOPED_LOCK(&keeper->shared.lock);
    *keeper->shared.tail = job;
    keeper->shared.tail = &job->next;
    condition_wake_one(&keeper->shared.wake);
}

void timekeeper_give_up(struct timekeeper *keeper, struct time_job *job)
{
    atomic_store(&job->given_up, true);
    SCOPED_LOCK(&keeper->shared.lock);
    keeper->shared.queued = true; /* or a thread about to doze would not look */
    condition_wake_one(&keeper->shared.wake);
}

static void post(struct time_job *job)
{
    BUG_UNLESS(sem_post(job->owner) == 0);
}

enum time_result timekeeper_run(struct timekeeper *keeper, struct time_job *job)
{
    sem_t done;
    BUG_UNLESS(sem_init(&done, 0, 0) == 0);
    job->done = post;
    job->owner = &done;
    timekeeper_submit(keeper, job);
    while (sem_wait(&done) != 0)
        continue; /* a signal handler ran */
    (void) sem_destroy(&done);
    return job->result;
}

static struct time_job *take_job(struct timekeeper *keeper)
{
    SCOPED_LOCK(&keeper->shared.lock);
    struct time_job *job = keeper->shared.head;
    if (job) {
        keeper->shared.head = job->next;
        if (!keeper->shared.head)
            keeper->shared.tail = &keeper->shared.head;
    }
    keeper->shared.queued = false;
    return job;
}

static bool take_changed(struct timekeeper *keeper)
{
    SCOPED_LOCK(&keeper->shared.lock);
    bool changed = keeper->shared.changed;
    keeper->shared.changed = false;
    return changed;
}

/* The planner's wake-up, on the writer thread after a commit that touched the queue. */
static void touched(void *ctx, instant earliest)
{
    struct timekeeper *keeper = ctx;
    SCOPED_LOCK(&keeper->shared.lock);
    keeper->shared.changed = true;
    if (!instant_before(earliest, keeper->shared.sleeps_until) && !keeper->shared.watched)
        return;
    keeper->shared.queued = true;
    condition_wake_one(&keeper->shared.wake);
}

/* -- the flow of time ------------------------------------------------------------------------- */

enum flow { FLOW_MORE, FLOW_IDLE, FLOW_FAILED };

/* One batch of what is due by now. Under manual nothing is. */
static enum flow flow_on(struct timekeeper *keeper)
{
    if (clock_mode_get(keeper->options.clock) == CLOCK_MANUAL)
        return FLOW_IDLE;
    struct keeper_run run = { .stored = STORE_OK };
    bool more = false;
    if (!keeper_step_run(keeper, &run, clock_now(keeper->options.clock), &more)) {
        log_line(LOG_ERROR, "replication stands still for a second: %s",
                 store_result_name(run.stored));
        return FLOW_FAILED;
    }
    return more ? FLOW_MORE : FLOW_IDLE;
}

static duration shorter(duration a, duration b) /* negative: without end */
{
    if (a.ns < 0 || b.ns < 0)
        return a.ns < 0 ? b : a;
    return a.ns < b.ns ? a : b;
}

/* Until what is due next; nothing comes by itself under manual. */
static duration flow_left(struct timekeeper *keeper, instant *next)
{
    struct keeper_run run = { .stored = STORE_OK };
    *next = (instant){ INT64_MIN };
    if (clock_mode_get(keeper->options.clock) == CLOCK_MANUAL)
        return (duration){ -1 };
    if (!keeper_step_next(keeper, &run, next)) {
        *next = INSTANT_NEVER;
        return RETRY_AFTER;
    }
    if (next->ns == INSTANT_NEVER.ns)
        return (duration){ -1 };
    return clock_wall_until(keeper->options.clock, *next);
}

static void set_sleeps_until(struct timekeeper *keeper, instant at)
{
    SCOPED_LOCK(&keeper->shared.lock);
    keeper->shared.sleeps_until = at;
    keeper->shared.watched = keeper->own.waits || keeper->own.unlooked;
}

static void doze(struct timekeeper *keeper, enum flow flow)
{
    bool manual = clock_mode_get(keeper->options.clock) == CLOCK_MANUAL;
    instant next;
    /* From here on a commit that queues something wakes us; what was queued before, the look below
     * sees. */
    set_sleeps_until(keeper, manual ? (instant){ INT64_MIN } : INSTANT_NEVER);
    duration left = flow_left(keeper, &next);
    if (flow == FLOW_FAILED)
        left = RETRY_AFTER;
    left = shorter(left, keeper_wait_left(keeper));
    store_read_idle(keeper->own.reader);
    SCOPED_LOCK(&keeper->shared.lock);
    keeper->shared.sleeps_until = next;
    bool queued = keeper->shared.queued && flow != FLOW_FAILED;
    if (!keeper->shared.head && !keeper->shared.stop && !queued && left.ns != 0)
        (void) condition_wait_for(&keeper->shared.wake, &keeper->shared.lock, left);
}

static void end_all(struct timekeeper *keeper)
{
    struct keeper_run run = { .stored = STORE_OK };
    keeper_wait_changed(keeper);
    while (keeper->own.unlooked) {
        struct time_job *job = keeper->own.unlooked;
        keeper->own.unlooked = job->next;
        keeper_job_finish(keeper, job, &run, TIME_CLOSED);
    }
    for (struct time_job *job = take_job(keeper); job; job = take_job(keeper)) {
        job->began = clock_now(keeper->options.clock);
        keeper_job_finish(keeper, job, &run, TIME_CLOSED);
    }
    arena_reset(keeper->own.arena);
    if (!keeper_step_note(keeper, &run))
        log_line(LOG_ERROR, "the clock's position was not kept: %s", store_result_name(run.stored));
}

static void *run_world(void *arg)
{
    struct timekeeper *keeper = arg;
    struct keeper_run run = { .stored = STORE_OK };
    /* Where a fresh world's clock began is kept too: nothing else may ever be committed with it. */
    if (!keeper_step_recall(keeper, &run) || !keeper_step_note(keeper, &run))
        log_line(LOG_ERROR, "the replication queue cannot be read: %s",
                 store_result_name(run.stored));
    while (!timekeeper_stopping(keeper)) {
        struct time_job *job = take_job(keeper);
        if (job)
            keeper_job_run(keeper, job);
        enum flow flow = flow_on(keeper);
        if (take_changed(keeper))
            keeper_wait_changed(keeper);
        keeper_wait_look(keeper);
        if (!job && flow != FLOW_MORE && !keeper->own.unlooked)
            doze(keeper, flow);
    }
    end_all(keeper);
    return NULL;
}

/* -- open and close --------------------------------------------------------------------------- */

struct timekeeper *timekeeper_open(const struct timekeeper_options *options)
{
    struct timekeeper *keeper = mem_alloc(sizeof *keeper);
    keeper->options = *options;
    mutex_init(&keeper->shared.lock);
    condition_init(&keeper->shared.wake);
    keeper->shared.tail = &keeper->shared.head;
    keeper->shared.sleeps_until = INSTANT_NEVER;
    keeper->own.reader = store_reader_open(options->store);
    if (!keeper->own.reader) {
        free(keeper);
        return NULL;
    }
    keeper->own.arena = arena_new();
    keeper->own.looked = clock_now(options->clock);
    if (options->planner)
        planner_wake(options->planner, touched, keeper);
    keeper->thread = thread_start("world", run_world, keeper);
    return keeper;
}

void timekeeper_close(struct timekeeper *keeper)
{
    if (!keeper)
        return;
    mutex_lock(&keeper->shared.lock);
    keeper->shared.stop = true;
    condition_wake_one(&keeper->shared.wake);
    mutex_unlock(&keeper->shared.lock);
    BUG_UNLESS(pthread_join(keeper->thread, NULL) == 0);
    if (keeper->options.planner)
        planner_wake(keeper->options.planner, NULL, NULL);
    store_reader_close(keeper->own.reader);
    arena_free(keeper->own.arena);
    condition_fini(&keeper->shared.wake);
    mutex_fini(&keeper->shared.lock);
    free(keeper);
}

const char *time_result_name(enum time_result result)
{
    static const char *const names[] = {
        [TIME_OK] = "ok",
        [TIME_NOT_CONVERGED] = "not converged",
        [TIME_COPY_FAILED] = "a copy failed",
        [TIME_REFUSED] = "refused",
        [TIME_STORE_FAILED] = "storage failed",
        [TIME_CLOSED] = "closed",
    };
    return names[result];
}
