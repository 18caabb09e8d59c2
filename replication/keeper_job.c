/* Jobs: moving the clock, and the verbs on rows of the queue. */
#include "replication/keeper.h"

#include "base/bug.h"

/* Rows that are tried again in one job: they stay FAILED if it does not help, so a second look
 * would find them again. */
#define RETRY_ROWS 200000

void keeper_job_finish(struct timekeeper *keeper, struct time_job *job,
                       const struct keeper_run *run, enum time_result result)
{
    struct keeper_run last = { .stored = STORE_OK };
    job->result = result;
    job->stored = run->stored;
    job->applied = run->applied;
    job->now = clock_now(keeper->options.clock);
    job->waited = instant_diff(job->now, job->began);
    if (!keeper_step_next(keeper, &last, &job->next_event))
        job->next_event = INSTANT_NEVER;
    job->done(job);
}

/* -- the clock -------------------------------------------------------------------------------- */

static enum time_result advance(struct timekeeper *keeper, struct keeper_run *run, instant to)
{
    if (instant_before(to, clock_now(keeper->options.clock)) || instant_before(CLOCK_END, to))
        return TIME_REFUSED;
    for (bool more = true; more;) {
        if (timekeeper_stopping(keeper))
            return TIME_CLOSED;
        if (!keeper_step_run(keeper, run, to, &more))
            return TIME_STORE_FAILED;
    }
    return keeper_step_move(keeper, run, to) ? TIME_OK : TIME_STORE_FAILED;
}

static enum time_result advance_by(struct timekeeper *keeper, struct keeper_run *run, duration by)
{
    if (by.ns < 0)
        return TIME_REFUSED;
    return advance(keeper, run, instant_add(clock_now(keeper->options.clock), by));
}

static enum time_result advance_next(struct timekeeper *keeper, struct keeper_run *run)
{
    instant next, now = clock_now(keeper->options.clock);
    if (!keeper_step_next(keeper, run, &next))
        return TIME_STORE_FAILED;
    if (next.ns == INSTANT_NEVER.ns)
        return TIME_OK;
    return advance(keeper, run, instant_before(next, now) ? now : next);
}

static enum time_result set_mode(struct timekeeper *keeper, struct keeper_run *run,
                                 enum clock_mode mode)
{
    enum clock_mode before = clock_mode_get(keeper->options.clock);
    clock_mode_set(keeper->options.clock, mode);
    if (keeper_step_note(keeper, run))
        return TIME_OK;
    clock_mode_set(keeper->options.clock, before);
    return TIME_STORE_FAILED;
}

static enum time_result set_rate(struct timekeeper *keeper, struct keeper_run *run, double rate)
{
    double before = clock_rate_get(keeper->options.clock);
    if (!clock_rate_is_sound(rate))
        return TIME_REFUSED;
    clock_rate_set(keeper->options.clock, rate);
    if (keeper_step_note(keeper, run))
        return TIME_OK;
    clock_rate_set(keeper->options.clock, before);
    return TIME_STORE_FAILED;
}

/* -- verbs on rows ---------------------------------------------------------------------------- */

struct verb {
    const struct time_job *job;
    enum queue_state state; /* rows in this state */
    struct keeper_order order;
    unsigned left; /* rows still to take */
};

static unsigned page_size(const struct verb *verb)
{
    return verb->left < KEEPER_BATCH ? verb->left : KEEPER_BATCH;
}

static bool run_verb(struct timekeeper *keeper, struct keeper_run *run, struct verb *verb)
{
    struct queue_filter filter = verb->job->filter;
    filter.any_state = false;
    filter.state = verb->state;
    while (verb->left > 0 && !timekeeper_stopping(keeper)) {
        struct queue_page page;
        arena_reset(keeper->own.arena);
        store_read_begin(keeper->own.reader);
        run->stored = store_queue_list(keeper->own.reader, keeper->own.arena, &filter,
                                       page_size(verb), &page);
        if (run->stored != STORE_OK)
            return false;
        if (page.count == 0)
            return true;
        verb->left -= (unsigned) page.count;
        if (!keeper_step_order(keeper, run, &page, &verb->order))
            return false;
    }
    return true;
}

static enum time_result run_verbs(struct timekeeper *keeper, struct keeper_run *run,
                                  const struct time_job *job, struct verb verb,
                                  const enum queue_state *states)
{
    verb.job = job;
    verb.left = job->max ? job->max : UINT32_MAX;
    for (; *states != QUEUE_STATES; states++) {
        verb.state = *states;
        if (!run_verb(keeper, run, &verb))
            return TIME_STORE_FAILED;
    }
    return TIME_OK;
}

static enum time_result release(struct timekeeper *keeper, struct keeper_run *run,
                                const struct time_job *job)
{
    static const enum queue_state held[] = { QUEUE_HELD, QUEUE_STATES };
    static const enum queue_state all[] = { QUEUE_HELD, QUEUE_PENDING, QUEUE_STATES };
    return run_verbs(keeper, run, job, (struct verb){ .order = { .event = EV_DUE } },
                     job->early ? all : held);
}

static enum time_result resume(struct timekeeper *keeper, struct keeper_run *run,
                               const struct time_job *job)
{
    static const enum queue_state held[] = { QUEUE_HELD, QUEUE_STATES };
    return run_verbs(keeper, run, job, (struct verb){ .order = { .event = EV_RESUMED } }, held);
}

static enum time_result hold(struct timekeeper *keeper, struct keeper_run *run,
                             const struct time_job *job)
{
    static const enum queue_state states[] = { QUEUE_PENDING, QUEUE_WAITING, QUEUE_STATES };
    return run_verbs(keeper, run, job, (struct verb){ .order = { .event = EV_HOLD } }, states);
}

/* With a reason the rows become FAILED, so that those that are FAILED already stay as they are. */
static enum time_result drop(struct timekeeper *keeper, struct keeper_run *run,
                             const struct time_job *job)
{
    static const enum queue_state unfinished[] = { QUEUE_PENDING, QUEUE_WAITING, QUEUE_HELD,
                                                   QUEUE_STATES };
    static const enum queue_state all[] = { QUEUE_PENDING, QUEUE_WAITING, QUEUE_HELD, QUEUE_FAILED,
                                            QUEUE_STATES };
    struct verb verb = { .order = { .event = EV_DROP } };
    if (job->reason.size > 0)
        verb.order.reason = job->reason;
    return run_verbs(keeper, run, job, verb, job->reason.size > 0 ? unfinished : all);
}

static enum time_result retry(struct timekeeper *keeper, struct keeper_run *run,
                              const struct time_job *job)
{
    struct queue_filter filter = job->filter;
    filter.any_state = false;
    filter.state = QUEUE_FAILED;
    struct arena *arena = arena_new(); /* keeper's is used up batch by batch */
    struct queue_page all;
    unsigned max = job->max && job->max < RETRY_ROWS ? job->max : RETRY_ROWS;
    store_read_begin(keeper->own.reader);
    run->stored = store_queue_list(keeper->own.reader, arena, &filter, max, &all);
    for (size_t at = 0; run->stored == STORE_OK && at < all.count; at += KEEPER_BATCH) {
        size_t left = all.count - at;
        const struct queue_page page = { &all.at[at], left < KEEPER_BATCH ? left : KEEPER_BATCH };
        const struct keeper_order order = { .event = EV_RETRY };
        arena_reset(keeper->own.arena);
        if (timekeeper_stopping(keeper) || !keeper_step_order(keeper, run, &page, &order))
            break;
    }
    arena_free(arena);
    return run->stored == STORE_OK ? TIME_OK : TIME_STORE_FAILED;
}

static enum time_result links_changed(struct timekeeper *keeper, struct keeper_run *run)
{
    const struct timekeeper_options *options = &keeper->options;
    if (options->links_changed)
        options->links_changed(options->ctx, clock_now(options->clock));
    return keeper_step_resume(keeper, run) ? TIME_OK : TIME_STORE_FAILED;
}

static enum time_result wiped(struct timekeeper *keeper, struct keeper_run *run)
{
    bool fine = keeper_step_recall(keeper, run) && keeper_step_note(keeper, run);
    return fine ? TIME_OK : TIME_STORE_FAILED;
}

static enum time_result restore(struct timekeeper *keeper, struct keeper_run *run,
                                struct time_job *job)
{
    struct clock_state state;
    job->stored = STORE_OK;
    job->task(job);
    run->stored = job->stored;
    if (run->stored != STORE_OK)
        return TIME_STORE_FAILED;
    if (clock_doc_read(keeper->own.reader, &state) == STORE_OK)
        clock_restore(keeper->options.clock, state.mode, clock_state_resumed(&state, clock_wall()),
                      state.rate);
    keeper->own.looked = clock_now(keeper->options.clock);
    return wiped(keeper, run);
}

/* -- one job ---------------------------------------------------------------------------------- */

static enum time_result run_kind(struct timekeeper *keeper, struct keeper_run *run,
                                 struct time_job *job)
{
    switch (job->kind) {
    case TIME_ADVANCE_TO:
        return advance(keeper, run, job->to);
    case TIME_ADVANCE_BY:
        return advance_by(keeper, run, job->by);
    case TIME_NEXT:
        return advance_next(keeper, run);
    case TIME_MODE:
        return set_mode(keeper, run, job->mode);
    case TIME_RATE:
        return set_rate(keeper, run, job->rate);
    case TIME_RELEASE:
        return release(keeper, run, job);
    case TIME_RESUME:
        return resume(keeper, run, job);
    case TIME_HOLD:
        return hold(keeper, run, job);
    case TIME_DROP:
        return drop(keeper, run, job);
    case TIME_RETRY:
        return retry(keeper, run, job);
    case TIME_LINKS_CHANGED:
        return links_changed(keeper, run);
    case TIME_WIPED:
        return wiped(keeper, run);
    case TIME_TASK:
        job->task(job);
        return TIME_OK;
    case TIME_RESTORE:
        return restore(keeper, run, job);
    case TIME_STATUS:
        return TIME_OK;
    case TIME_WAIT:
        break;
    }
    BUG("a job of no kind");
}

void keeper_job_run(struct timekeeper *keeper, struct time_job *job)
{
    arena_reset(keeper->own.arena);
    job->began = clock_now(keeper->options.clock);
    job->missing = NULL;
    job->missing_count = 0;
    if (job->kind == TIME_WAIT) {
        keeper_wait_begin(keeper, job);
        return;
    }
    struct keeper_run run = { .stored = STORE_OK, .job = true };
    enum time_result result = run_kind(keeper, &run, job);
    keeper_job_finish(keeper, job, &run, result);
}
