/* Waits: until no unfinished copy matches.
 *
 * Under manual and auto a wait moves the clock itself, from one due instant to the next, and never
 * past the instant at which the first copy that it waits for is due: so it ends at the very instant
 * at which the last one arrived. Under real (or with `wall`) it stays in a list and is looked at
 * after each commit. */
#include "replication/keeper.h"

#include "base/bug.h"

/* Copies of a wait that are applied before it looks again. Up to so many it goes from instant to
 * instant, and so ends at the very one at which a copy failed. */
#define WAIT_STEP_ROWS 1024
/* What the waits of flowing time may take before the world goes on. */
#define WAIT_LOOK DURATION_MS(5)

/* -- what is missing -------------------------------------------------------------------------- */

struct search { /* a walk over targets x Regions x states */
    struct timekeeper *keeper;
    const struct time_job *job;
    struct arena *arena;
    bool broken;
    enum store_result stored;
};

static struct queue_filter filter_for(const struct time_job *job, size_t target, region_id region)
{
    struct queue_filter filter = { 0 };
    if (job->target_count > 0) {
        filter.source_bucket = job->targets[target].source_bucket;
        filter.key_prefix = job->targets[target].key;
        filter.exact_key = str_is_set(filter.key_prefix) && !job->targets[target].prefix;
    }
    if (region != REGION_NONE)
        filter.to_region = region_at(region)->code;
    return filter;
}

/* The next filter of the walk; `at` starts at 0. */
static bool next_filter(const struct time_job *job, size_t *at, struct queue_filter *out)
{
    size_t targets = job->target_count ? job->target_count : 1;
    if (job->regions == REGION_SET_NONE) {
        if (*at >= targets)
            return false;
        *out = filter_for(job, (*at)++, REGION_NONE);
        return true;
    }
    for (; *at < targets * region_count(); ++*at) {
        region_id region = (region_id) (*at % region_count());
        if (!region_set_has(job->regions, region))
            continue;
        *out = filter_for(job, *at / region_count(), region);
        ++*at;
        return true;
    }
    return false;
}

static struct queue_page rows_in(struct search *search, struct queue_filter filter,
                                 enum queue_state state, unsigned max)
{
    struct queue_page page = { 0 };
    filter.state = state;
    enum store_result result =
        store_queue_list(search->keeper->own.reader, search->arena, &filter, max, &page);
    if (result != STORE_OK) {
        search->broken = true;
        search->stored = result;
        page.count = 0;
    }
    return page;
}

/* The due instant of the first pending copy; false when none is unfinished. */
static bool anything_unfinished(struct search *search, instant *first_due)
{
    static const enum queue_state states[] = { QUEUE_PENDING, QUEUE_WAITING, QUEUE_HELD };
    struct queue_filter filter;
    bool any = false;
    *first_due = INSTANT_NEVER;
    for (size_t at = 0; next_filter(search->job, &at, &filter);) {
        for (size_t i = 0; i < COUNT(states); i++) {
            struct queue_page page = rows_in(search, filter, states[i], 1);
            any |= page.count > 0;
            if (page.count > 0 && states[i] == QUEUE_PENDING &&
                instant_before(page.at[0].ready_at, *first_due))
                *first_due = page.at[0].ready_at;
        }
    }
    return any;
}

/* How many looks from instant to instant are left before the next large step; 0: one is due, and
 * *until is where it ends, which is not past the last copy waited for. */
static size_t plan_steps(struct search *search, instant *until)
{
    struct queue_filter filter;
    size_t rows = 1;
    for (size_t at = 0; next_filter(search->job, &at, &filter);) {
        struct queue_page page = rows_in(search, filter, QUEUE_PENDING, WAIT_STEP_ROWS + 1);
        if (page.count > WAIT_STEP_ROWS) {
            *until = page.at[WAIT_STEP_ROWS].ready_at;
            return 0;
        }
        rows += page.count;
    }
    return rows;
}

/* A failed copy of an older version is history: it does not fail a wait for the newer one. */
static bool is_of_current(struct search *search, const struct queue_row *row)
{
    struct version_info current;
    return store_version_get(search->keeper->own.reader, search->arena, row->source_bucket,
                             row->key, STR_NONE, &current) == STORE_OK &&
           str_eq(current.id, row->version_id);
}

static void add_missing(struct time_job *job, const struct queue_row *row)
{
    if (!job->missing)
        job->missing = ARENA_ARRAY(job->arena, struct queue_row, TIME_MISSING_ROWS);
    if (job->missing_count == TIME_MISSING_ROWS)
        return;
    struct queue_row copy = *row;
    copy.source_name = str_copy(job->arena, row->source_name);
    copy.from_region = str_copy(job->arena, row->from_region);
    copy.to_region = str_copy(job->arena, row->to_region);
    copy.key = str_copy(job->arena, row->key);
    copy.version_id = str_copy(job->arena, row->version_id);
    copy.destination = str_copy(job->arena, row->destination);
    copy.rule = str_copy(job->arena, row->rule);
    copy.options = str_copy(job->arena, row->options);
    copy.reason = str_copy(job->arena, row->reason);
    job->missing[job->missing_count++] = copy;
}

static bool anything_failed(struct search *search, struct time_job *job)
{
    struct queue_filter filter;
    for (size_t at = 0; next_filter(job, &at, &filter);) {
        struct queue_page page = rows_in(search, filter, QUEUE_FAILED, LIMIT_LIST_KEYS);
        for (size_t i = 0; i < page.count; i++)
            if (is_of_current(search, &page.at[i]))
                add_missing(job, &page.at[i]);
    }
    return job->missing_count > 0;
}

static void name_missing(struct search *search, struct time_job *job)
{
    static const enum queue_state states[] = { QUEUE_PENDING, QUEUE_WAITING, QUEUE_HELD };
    struct queue_filter filter;
    for (size_t at = 0; next_filter(job, &at, &filter);) {
        for (size_t i = 0; i < COUNT(states); i++) {
            struct queue_page page = rows_in(search, filter, states[i], TIME_MISSING_ROWS);
            for (size_t j = 0; j < page.count; j++)
                add_missing(job, &page.at[j]);
        }
    }
}

enum look { LOOK_ARRIVED, LOOK_MISSING, LOOK_FAILED, LOOK_BROKEN };

static enum look look(struct timekeeper *keeper, struct time_job *job, instant *first_due,
                      struct keeper_run *run)
{
    struct search search = { .keeper = keeper, .job = job, .arena = keeper->own.arena };
    store_read_begin(keeper->own.reader);
    bool failed = anything_failed(&search, job);
    bool unfinished = anything_unfinished(&search, first_due);
    if (search.broken) {
        run->stored = search.stored;
        return LOOK_BROKEN;
    }
    if (failed)
        return LOOK_FAILED;
    return unfinished ? LOOK_MISSING : LOOK_ARRIVED;
}

static enum time_result time_out(struct timekeeper *keeper, struct time_job *job)
{
    struct search search = { .keeper = keeper, .job = job, .arena = keeper->own.arena };
    store_read_begin(keeper->own.reader);
    name_missing(&search, job);
    return TIME_NOT_CONVERGED;
}

static enum time_result result_of(enum look seen)
{
    switch (seen) {
    case LOOK_ARRIVED:
        return TIME_OK;
    case LOOK_FAILED:
        return TIME_COPY_FAILED;
    case LOOK_BROKEN:
        return TIME_STORE_FAILED;
    case LOOK_MISSING:
        break;
    }
    BUG("a wait that is not over has no result");
}

/* -- moving the clock ------------------------------------------------------------------------- */

/* Nothing is due before `deadline` that could help: the time passes, and that is the answer. */
static enum time_result pass_in_vain(struct timekeeper *keeper, struct time_job *job,
                                     struct keeper_run *run, instant deadline)
{
    if (deadline.ns != INSTANT_NEVER.ns && !keeper_step_move(keeper, run, deadline))
        return TIME_STORE_FAILED;
    return time_out(keeper, job);
}

static enum time_result move_until(struct timekeeper *keeper, struct time_job *job,
                                   struct keeper_run *run, instant deadline)
{
    struct search search = { .keeper = keeper, .job = job, .arena = keeper->own.arena };
    size_t small_steps = 0;
    for (;;) {
        instant due, next;
        arena_reset(keeper->own.arena);
        enum look seen = look(keeper, job, &due, run);
        if (seen != LOOK_MISSING)
            return result_of(seen);
        if (small_steps > 0)
            small_steps--;
        else if (due.ns != INSTANT_NEVER.ns)
            small_steps = plan_steps(&search, &due);
        if (timekeeper_stopping(keeper))
            return TIME_CLOSED;
        if (!keeper_step_next(keeper, run, &next))
            return TIME_STORE_FAILED;
        /* All that is due up to the first copy waited for can go in large steps; without one only
         * other events (a heal, a timer, another row) can bring it on. */
        instant until = due.ns != INSTANT_NEVER.ns ? due : next;
        if (instant_before(deadline, until))
            until = deadline;
        bool more = false;
        if (until.ns != INSTANT_NEVER.ns && !keeper_step_run(keeper, run, until, &more))
            return TIME_STORE_FAILED;
        if (!more)
            return pass_in_vain(keeper, job, run, deadline);
    }
}

/* -- beside others ---------------------------------------------------------------------------- */

static void wait_beside(struct timekeeper *keeper, struct time_job *job)
{
    job->wall_deadline = job->within;
    if (job->within.ns >= 0)
        job->wall_deadline =
            (duration){ instant_add((instant){ clock_mono().ns }, job->within).ns };
    job->next = keeper->own.unlooked;
    keeper->own.unlooked = job;
}

static bool is_late(const struct time_job *job, int64_t now)
{
    return atomic_load(&job->given_up) ||
           (job->wall_deadline.ns >= 0 && now >= job->wall_deadline.ns);
}

/* True when it is over, and then it is finished. */
static bool look_beside(struct timekeeper *keeper, struct time_job *job)
{
    struct keeper_run run = { .stored = STORE_OK };
    instant due;
    arena_reset(keeper->own.arena);
    enum look seen = look(keeper, job, &due, &run);
    if (seen == LOOK_MISSING && !is_late(job, clock_mono().ns))
        return false;
    keeper_job_finish(keeper, job, &run,
                      seen == LOOK_MISSING ? time_out(keeper, job) : result_of(seen));
    return true;
}

void keeper_wait_changed(struct timekeeper *keeper)
{
    struct time_job **end = &keeper->own.unlooked;
    while (*end)
        end = &(*end)->next;
    *end = keeper->own.waits;
    keeper->own.waits = NULL;
}

static void take_late(struct timekeeper *keeper, int64_t now)
{
    for (struct time_job **at = &keeper->own.waits; *at;) {
        struct time_job *job = *at;
        if (!is_late(job, now)) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        job->next = keeper->own.unlooked;
        keeper->own.unlooked = job;
    }
}

/* For a while only: copies and jobs do not stand still for thousands who wait. */
void keeper_wait_look(struct timekeeper *keeper)
{
    int64_t began = clock_mono().ns;
    take_late(keeper, began);
    while (keeper->own.unlooked && clock_mono().ns - began < WAIT_LOOK.ns) {
        struct time_job *job = keeper->own.unlooked;
        keeper->own.unlooked = job->next;
        if (look_beside(keeper, job))
            continue;
        job->next = keeper->own.waits;
        keeper->own.waits = job;
    }
}

duration keeper_wait_left(const struct timekeeper *keeper)
{
    int64_t left = -1, now = clock_mono().ns;
    for (const struct time_job *job = keeper->own.waits; job; job = job->next) {
        if (job->wall_deadline.ns < 0)
            continue;
        int64_t its = job->wall_deadline.ns > now ? job->wall_deadline.ns - now : 0;
        left = left < 0 || its < left ? its : left;
    }
    return (duration){ left };
}

void keeper_wait_begin(struct timekeeper *keeper, struct time_job *job)
{
    if (job->wall || clock_mode_get(keeper->options.clock) == CLOCK_REAL_TIME) {
        wait_beside(keeper, job);
        return;
    }
    struct keeper_run run = { .stored = STORE_OK };
    instant deadline = job->within.ns < 0 ? INSTANT_NEVER : instant_add(job->began, job->within);
    if (instant_before(CLOCK_END, deadline))
        deadline = INSTANT_NEVER;
    enum time_result result = move_until(keeper, job, &run, deadline);
    keeper_job_finish(keeper, job, &run, result);
}
