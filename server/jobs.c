/* The steps of jobs (jobs.h). */
#include "server/jobs.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/rng.h"
#include "replication/timekeeper.h"
#include "server/job_step.h"
#include "server/lifecycle_engine.h"

#define LANE_INDEX 1002 /* no request's */
#define PAUSE DURATION_S(1)
#define FAILURES 500 /* half of the first thousand tasks */

/* Looking at all copies of a job costs as much as there are: it is done again when an eighth of
 * them has been told of, or of those that failed. */
struct look {
    uint64_t told, failed;           /* since the last look */
    uint64_t told_most, failed_most; /* the next is due: 0 at once */
    bool shares;                     /* a job waits for copies of others too */
};

struct jobs {
    struct world *world;
    struct lane *lane;
    struct arena *known; /* of live */
    struct job_list live;
    struct arena *step;   /* of one step */
    _Atomic bool changed; /* documents of jobs, by anyone */
    _Atomic bool asked;   /* by a request, or the whole store: look at all anew */
    struct look look;
    instant pause_until; /* the queue was full, or the disk */
    struct job_work work;
};

struct jobs *jobs_open(struct world *world)
{
    struct jobs *jobs = mem_alloc(sizeof *jobs);
    jobs->world = world;
    jobs->lane = world_lane_open(world, LANE_INDEX);
    if (jobs->lane == NULL) {
        free(jobs);
        return NULL;
    }
    jobs->known = arena_new();
    jobs->step = arena_new();
    job_work_open(&jobs->work);
    atomic_store(&jobs->changed, true);
    return jobs;
}

void jobs_close(struct jobs *jobs)
{
    if (jobs == NULL)
        return;
    world_lane_close(jobs->lane);
    arena_free(jobs->known);
    arena_free(jobs->step);
    job_work_close(&jobs->work);
    free(jobs);
}

void jobs_changed(struct jobs *jobs)
{
    atomic_store(&jobs->asked, true);
    atomic_store(&jobs->changed, true);
    lifecycle_engine_poke(jobs->world);
}

void jobs_copy_told(struct jobs *jobs, const struct copy_told *copy)
{
    bool waits = copy->outcome == OUTCOME_WAITING || copy->outcome == OUTCOME_HELD;
    bool failed = copy->outcome == OUTCOME_FAILED || copy->outcome == OUTCOME_DROPPED;
    if (copy->row->job.size == 0 && !jobs->look.shares)
        return;
    jobs->look.told += !waits;
    jobs->look.failed += failed;
}

duration jobs_preparation(const struct world *world, str job)
{
    str preset = world_preset(world);
    if (str_is(preset, "instant"))
        return (duration){ 0 };
    if (!str_is(preset, "aws-like"))
        return DURATION_S(1);
    const struct rng_key key = { .seed = world->seed, .purpose = RNG_PROPAGATION, .name = job };
    return (duration){ (int64_t) ((60 + 120 * rng_unit(&key)) * 1e9) };
}

/* -- when ------------------------------------------------------------------------------------- */

static void load(struct jobs *jobs)
{
    if (!atomic_exchange(&jobs->changed, false))
        return;
    size_t kept = 0;
    if (atomic_exchange(&jobs->asked, false))
        jobs->look = (struct look){ 0 };
    arena_reset(jobs->known);
    store_read_begin(jobs->lane->reader);
    if (!job_list(jobs->lane->reader, jobs->known, &jobs->live)) {
        log_line(LOG_ERROR, "the batch jobs cannot be read");
        atomic_store(&jobs->changed, true); /* at the next look */
        jobs->live.count = 0;
    }
    store_read_idle(jobs->lane->reader);
    for (size_t i = 0; i < jobs->live.count; i++)
        if (!job_status_is_end(jobs->live.at[i].state.status))
            jobs->live.at[kept++] = jobs->live.at[i];
    jobs->live.count = kept;
}

/* The timekeeper asks by the last timer; copies have moved the clock since. */
static instant present(const struct jobs *jobs, instant now)
{
    instant clock = clock_now(jobs->world->clock);
    return instant_before(now, clock) ? clock : now;
}

static bool is_look_due(const struct jobs *jobs)
{
    const struct look *look = &jobs->look;
    return look->told >= look->told_most || look->failed >= look->failed_most;
}

static instant due(const struct jobs *jobs, const struct job *job, instant now)
{
    switch (job_status_of(job)) {
    case JOB_NEW:
        return job->created_at;
    case JOB_PREPARING:
        return instant_add(job->created_at, jobs_preparation(jobs->world, job->id));
    case JOB_READY:
    case JOB_COMPLETING:
    case JOB_CANCELLED: /* before it began: not noted yet */
        return now;
    case JOB_ACTIVE:
        return job->state.queued_chunks < job->state.chunks ? now : INSTANT_NEVER;
    case JOB_CANCELLING:
    case JOB_FAILING:
        return job->state.status == JOB_COMPLETING ? now : INSTANT_NEVER;
    case JOB_SUSPENDED:
    case JOB_COMPLETE:
    case JOB_FAILED:
    case JOB_STATUSES:
        break;
    }
    return INSTANT_NEVER;
}

instant jobs_next(struct jobs *jobs, instant now)
{
    instant first = INSTANT_NEVER;
    now = present(jobs, now);
    load(jobs);
    for (size_t i = 0; i < jobs->live.count; i++) {
        const struct job *job = &jobs->live.at[i];
        bool looks = job->state.status == JOB_ACTIVE && is_look_due(jobs);
        instant at = looks ? now : due(jobs, job, now);
        if (instant_before(at, first))
            first = at;
    }
    if (first.ns == INSTANT_NEVER.ns)
        return first;
    if (instant_before(first, jobs->pause_until))
        first = jobs->pause_until;
    return instant_before(first, now) ? now : first;
}

/* -- steps ------------------------------------------------------------------------------------ */

static bool begin(struct jobs *jobs, struct job *job, instant now, struct job_step *step)
{
    str problem, missing;
    arena_reset(jobs->step);
    *step = (struct job_step){ .files = { jobs->world, jobs->lane, jobs->step },
                               .job = job,
                               .work = &jobs->work,
                               .now = now,
                               .told = job_status_of(job) };
    return job_spec_read(jobs->step, xml_parse(jobs->step, job->request), &step->spec, &problem,
                         &missing);
}

/* Whether tasks that are on their way have ended, of every job: they travel together. */
static void look(struct jobs *jobs, instant now)
{
    struct look *look = &jobs->look;
    *look = (struct look){ .told_most = UINT64_MAX, .failed_most = UINT64_MAX };
    for (size_t i = 0; i < jobs->live.count; i++) {
        struct job *job = &jobs->live.at[i];
        struct resync_counts counts;
        struct job_step step;
        if (job->state.status != JOB_ACTIVE || !begin(jobs, job, now, &step))
            continue;
        if (!job_step_look(&step, &counts)) {
            jobs->pause_until = instant_add(now, PAUSE);
            *look = (struct look){ 0 };
            return;
        }
        look->shares = look->shares || job->state.shared > 0;
        uint64_t told = counts.unfinished / 8 + 1, failed = counts.failed / 8 + FAILURES;
        look->told_most = told < look->told_most ? told : look->told_most;
        look->failed_most = failed < look->failed_most ? failed : look->failed_most;
    }
}

static bool is_better(const struct job *job, const struct job *than)
{
    if (than == NULL || job->priority != than->priority)
        return than == NULL || job->priority > than->priority;
    return instant_before(job->created_at, than->created_at);
}

/* Nobody sees them any more: they go when there is other work, without a timer of their own. */
static void forget(struct jobs *jobs, instant now)
{
    struct job_list all;
    struct store_write write;
    arena_reset(jobs->step);
    store_read_begin(jobs->lane->reader);
    if (!job_list(jobs->lane->reader, jobs->step, &all))
        all.count = 0;
    store_read_idle(jobs->lane->reader);
    struct store_doc *gone = ARENA_ARRAY(jobs->step, struct store_doc, all.count * 2);
    store_docs_init(&write, jobs->step);
    for (size_t i = 0; i < all.count; i++) {
        if (!job_is_forgotten(&all.at[i], now))
            continue;
        gone[write.doc_count++] = (struct store_doc){ .kind = STR(JOB_KIND), .id = all.at[i].id };
        gone[write.doc_count++] =
            (struct store_doc){ .kind = STR(JOB_STATE_KIND), .id = all.at[i].id };
    }
    write.docs = gone;
    write.background = true;
    if (write.doc_count > 0 && store_write_wait(jobs->world->store, &write) != STORE_OK)
        log_line(LOG_WARN, "jobs that ended long ago stay: %s", store_result_name(write.result));
}

void jobs_timer(struct jobs *jobs, instant now)
{
    struct job *best = NULL;
    struct job_step step;
    now = present(jobs, now);
    load(jobs);
    if (instant_before(now, jobs->pause_until))
        return;
    if (is_look_due(jobs)) {
        look(jobs, now);
        atomic_store(&jobs->changed, true);
        load(jobs);
    }
    for (size_t i = 0; i < jobs->live.count; i++) {
        struct job *job = &jobs->live.at[i];
        if (!instant_before(now, due(jobs, job, now)) && is_better(job, best))
            best = job;
    }
    if (best == NULL)
        return;
    if (best->state.status == JOB_NEW)
        forget(jobs, now);
    uint64_t failed = best->state.failed;
    bool starts = best->state.status != JOB_ACTIVE;
    if (!begin(jobs, best, now, &step) || !job_step_run(&step))
        jobs->pause_until = instant_add(now, PAUSE);
    jobs->look.failed += best->state.failed - failed;
    /* Its limits are not known yet, or perhaps there is nothing to wait for. */
    if (best->state.status == JOB_ACTIVE &&
        (starts || best->state.queued_chunks == best->state.chunks))
        jobs->look.told_most = 0;
    atomic_store(&jobs->changed, true);
}
