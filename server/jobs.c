/* The steps of jobs (jobs.h). */
#include "server/jobs.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/rng.h"
#include "replication/timekeeper.h"
#include "server/job_manifest.h"
#include "server/lifecycle_engine.h"

#define LANE_INDEX 1002 /* no request's */
#define PAUSE DURATION_S(1)

struct jobs {
    struct world *world;
    struct lane *lane;
    struct arena *known; /* of live */
    struct job_list live;
    struct arena *work; /* of one step */
    _Atomic bool changed;
    bool copies_ended;   /* since the jobs that wait for theirs were looked at */
    instant pause_until; /* the queue was full, or the disk */
    str walking;         /* the job whose walk stands at `place`; in `walk` */
    struct resync_place place;
    struct arena *walk;
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
    jobs->work = arena_new();
    jobs->walk = arena_new();
    jobs->copies_ended = true;
    atomic_store(&jobs->changed, true);
    return jobs;
}

void jobs_close(struct jobs *jobs)
{
    if (jobs == NULL)
        return;
    world_lane_close(jobs->lane);
    arena_free(jobs->known);
    arena_free(jobs->work);
    arena_free(jobs->walk);
    free(jobs);
}

void jobs_changed(struct jobs *jobs)
{
    atomic_store(&jobs->changed, true);
    lifecycle_engine_poke(jobs->world);
}

void jobs_copy_told(struct jobs *jobs, const struct copy_told *copy)
{
    jobs->copies_ended |= copy->row->job.size > 0;
}

duration jobs_preparation(const struct world *world, str job)
{
    str preset = world->settings->preset;
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
    arena_reset(jobs->known);
    store_read_begin(jobs->lane->reader);
    if (!job_list(jobs->lane->reader, jobs->known, &jobs->live))
        jobs->live.count = 0;
    store_read_idle(jobs->lane->reader);
    for (size_t i = 0; i < jobs->live.count; i++)
        if (!job_status_is_end(job_status_of(&jobs->live.at[i])))
            jobs->live.at[kept++] = jobs->live.at[i];
    jobs->live.count = kept;
}

/* The timekeeper asks by the last timer; copies have moved the clock since. */
static instant present(const struct jobs *jobs, instant now)
{
    instant clock = clock_now(jobs->world->clock);
    return instant_before(now, clock) ? clock : now;
}

static instant due(const struct jobs *jobs, const struct job *job, instant now)
{
    switch (job_status_of(job)) {
    case JOB_NEW:
        return job->created_at;
    case JOB_PREPARING:
        return instant_add(job->created_at, jobs_preparation(jobs->world, job->id));
    case JOB_READY:
        return now;
    case JOB_ACTIVE:
        return job->state.queued_chunks < job->state.chunks || jobs->copies_ended ? now
                                                                                  : INSTANT_NEVER;
    case JOB_SUSPENDED:
    case JOB_COMPLETE:
    case JOB_CANCELLED:
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
        instant at = due(jobs, &jobs->live.at[i], now);
        if (instant_before(at, first))
            first = at;
    }
    if (first.ns == INSTANT_NEVER.ns)
        return first;
    if (instant_before(first, jobs->pause_until))
        first = jobs->pause_until;
    return instant_before(first, now) ? now : first;
}

/* -- writing down ----------------------------------------------------------------------------- */

static bool note(struct jobs *jobs, const struct job *job, const struct store_doc *tasks)
{
    struct store_write write;
    struct store_doc docs[2] = { job_state_doc(jobs->work, job) };
    if (tasks)
        docs[1] = *tasks;
    store_docs_init(&write, jobs->work);
    write.docs = docs;
    write.doc_count = tasks ? 2 : 1;
    write.background = true;
    if (store_write_wait(jobs->world->store, &write) == STORE_OK)
        return true;
    log_line(LOG_WARN, "job %.*s cannot be noted: %s", STR_ARG(job->id),
             store_result_name(write.result));
    return false;
}

static bool fail(struct jobs *jobs, struct job *job, const char *code, str reason, instant now)
{
    job->state.status = JOB_FAILED;
    job->state.failure_code = str_of(code);
    job->state.failure_reason = reason;
    job->state.ended_at = now;
    return note(jobs, job, NULL);
}

static struct job_files files_of(struct jobs *jobs)
{
    return (struct job_files){ jobs->world, jobs->lane, jobs->work };
}

/* -- preparing -------------------------------------------------------------------------------- */

static bool prepared(struct jobs *jobs, const struct job_spec *spec, struct job *job, instant now)
{
    struct job_files files = files_of(jobs);
    str problem = STR_NONE;
    if (job->state.tasks == 0)
        return fail(jobs, job, "ManifestGenerationFailed",
                    STR("Manifest generation found no keys matching the filter criteria."), now);
    store_read_begin(jobs->lane->reader);
    if (spec->output_bucket.size && !job_manifest_write(&files, spec, job, &problem))
        return fail(jobs, job, "ManifestGenerationFailed", problem, now);
    job->state.status = JOB_READY;
    job->state.prepared_at = now;
    return note(jobs, job, NULL);
}

static void begin_walk(struct jobs *jobs, struct job *job)
{
    if (str_eq(jobs->walking, job->id))
        return;
    arena_reset(jobs->walk);
    jobs->walking = str_copy(jobs->walk, job->id);
    jobs->place = (struct resync_place){ 0 };
    job->state.tasks = job->state.chunks = 0;
}

static void keep_place(struct jobs *jobs, const struct resync_place *place)
{
    struct arena *fresh = arena_new();
    jobs->walking = str_copy(fresh, jobs->walking);
    jobs->place = (struct resync_place){ .key = str_copy(fresh, place->key),
                                         .origin = str_copy(fresh, place->origin),
                                         .id = str_copy(fresh, place->id),
                                         .rank = place->rank };
    arena_free(jobs->walk);
    jobs->walk = fresh;
}

static bool add_tasks(struct jobs *jobs, struct job *job, const struct resync_item *items,
                      size_t count)
{
    if (count == 0)
        return true;
    struct store_doc doc = job_tasks_doc(jobs->work, job->id, job->state.chunks++, items, count);
    job->state.tasks += count;
    return note(jobs, job, &doc);
}

/* One page of the source bucket. */
static bool generate(struct jobs *jobs, const struct job_spec *spec, struct job *job, instant now)
{
    struct bucket_info bucket;
    struct store_resync resync;
    store_read_begin(jobs->lane->reader);
    enum store_result found =
        store_bucket_get(jobs->lane->reader, jobs->work, spec->bucket, &bucket);
    store_read_idle(jobs->lane->reader);
    if (found != STORE_OK)
        return fail(jobs, job, "NoSuchBucket", STR("The specified bucket does not exist"), now);
    if (!store_bucket_may_have(&bucket, STR(CONFIG_REPLICATION_RULES)))
        return fail(jobs, job, "ReplicationConfigurationNotFoundError",
                    STR("The replication configuration was not found"), now);
    begin_walk(jobs, job);
    store_resync_init(&resync, jobs->work);
    resync.head.background = true;
    resync.bucket = bucket.id;
    resync.walk = resync.dry = true;
    resync.filter = spec->filter;
    resync.place = jobs->place;
    if (store_write_wait(jobs->world->store, &resync.head) != STORE_OK)
        return false;
    job->state.bucket = bucket.name;
    keep_place(jobs, &resync.place);
    if (!add_tasks(jobs, job, resync.items, resync.count))
        return false;
    return resync.more || prepared(jobs, spec, job, now);
}

static bool read_manifest(struct jobs *jobs, const struct job_spec *spec, struct job *job,
                          instant now)
{
    struct job_files files = files_of(jobs);
    struct job_tasks tasks;
    str problem;
    store_read_begin(jobs->lane->reader);
    if (!job_manifest_read(&files, spec, &tasks, &job->state.bucket, &problem))
        return fail(jobs, job, "InvalidManifest", problem, now);
    store_read_idle(jobs->lane->reader);
    job->state.tasks = job->state.chunks = 0;
    for (size_t at = 0; at < tasks.count; at += RESYNC_ROWS) {
        size_t left = tasks.count - at;
        if (!add_tasks(jobs, job, &tasks.at[at], left < RESYNC_ROWS ? left : RESYNC_ROWS))
            return false;
    }
    return prepared(jobs, spec, job, now);
}

/* -- running ---------------------------------------------------------------------------------- */

static bool queue_chunk(struct jobs *jobs, struct job *job)
{
    struct bucket_info bucket;
    struct job_tasks tasks;
    struct store_resync resync;
    uint64_t chunk = job->state.queued_chunks;
    store_read_begin(jobs->lane->reader);
    bool read = job_tasks_read(jobs->lane->reader, jobs->work, job->id, chunk, &tasks);
    enum store_result found =
        store_bucket_get(jobs->lane->reader, jobs->work, job->state.bucket, &bucket);
    store_read_idle(jobs->lane->reader);
    if (!read)
        return false;
    store_resync_init(&resync, jobs->work);
    resync.head.background = true;
    resync.bucket = found == STORE_OK ? bucket.id : 0;
    resync.job = job->id;
    resync.items = tasks.at;
    resync.count = tasks.count;
    enum store_result result = store_write_wait(jobs->world->store, &resync.head);
    if (result != STORE_OK && result != STORE_NO_BUCKET)
        return false; /* a full queue: later */
    for (size_t i = 0; i < tasks.count; i++) {
        if (result == STORE_NO_BUCKET)
            tasks.at[i].outcome = RESYNC_ABSENT;
        job->state.failed +=
            tasks.at[i].outcome == RESYNC_ABSENT || tasks.at[i].outcome == RESYNC_INELIGIBLE;
    }
    job->state.queued_chunks++;
    job->state.begun += tasks.count;
    jobs->copies_ended = true; /* perhaps there is nothing to wait for */
    struct store_doc doc = job_tasks_doc(jobs->work, job->id, chunk, tasks.at, tasks.count);
    return note(jobs, job, &doc);
}

static bool end_if_over(struct jobs *jobs, const struct job_spec *spec, struct job *job,
                        instant now, bool *waits)
{
    struct resync_counts counts;
    struct job_files files = files_of(jobs);
    str problem = STR_NONE;
    store_read_begin(jobs->lane->reader);
    if (store_resync_counts(jobs->lane->reader, job->id, &counts) != STORE_OK)
        return false;
    *waits = counts.unfinished > 0;
    if (*waits)
        return true;
    if (!job_report_write(&files, spec, job, &problem))
        return fail(jobs, job, "ReportGenerationFailed", problem, now);
    job->state.status = JOB_COMPLETE;
    job->state.ended_at = now;
    if (!note(jobs, job, NULL))
        return false;
    struct store_resync_end end;
    store_resync_end_init(&end, jobs->work, job->id);
    end.head.background = true;
    return store_write_wait(jobs->world->store, &end.head) == STORE_OK;
}

static bool activate(struct jobs *jobs, struct job *job, instant now)
{
    job->state.status = JOB_ACTIVE;
    job->state.active_at = now;
    return note(jobs, job, NULL);
}

/* *waits: it goes on only when copies end. */
static bool step(struct jobs *jobs, struct job *job, instant now, bool *waits)
{
    struct job_spec spec;
    str problem, missing;
    if (!job_spec_read(jobs->work, xml_parse(jobs->work, job->request), &spec, &problem, &missing))
        return fail(jobs, job, "InvalidRequest", problem, now);
    switch (job->state.status) {
    case JOB_NEW:
        job->state.status = JOB_PREPARING;
        return note(jobs, job, NULL);
    case JOB_PREPARING:
        return spec.generated ? generate(jobs, &spec, job, now)
                              : read_manifest(jobs, &spec, job, now);
    case JOB_READY:
        return activate(jobs, job, now);
    case JOB_ACTIVE:
        if (job->state.queued_chunks < job->state.chunks)
            return queue_chunk(jobs, job);
        return end_if_over(jobs, &spec, job, now, waits);
    case JOB_SUSPENDED:
    case JOB_COMPLETE:
    case JOB_CANCELLED:
    case JOB_FAILED:
    case JOB_STATUSES:
        break;
    }
    return true;
}

static bool is_better(const struct job *job, const struct job *than)
{
    if (than == NULL || job->priority != than->priority)
        return than == NULL || job->priority > than->priority;
    return instant_before(job->created_at, than->created_at);
}

void jobs_timer(struct jobs *jobs, instant now)
{
    struct job *best = NULL;
    now = present(jobs, now);
    load(jobs);
    if (instant_before(now, jobs->pause_until))
        return;
    for (size_t i = 0; i < jobs->live.count; i++) {
        struct job *job = &jobs->live.at[i];
        bool waiting =
            job->state.status == JOB_ACTIVE && job->state.queued_chunks == job->state.chunks;
        if (!waiting && !instant_before(now, due(jobs, job, now)) && is_better(job, best))
            best = job;
    }
    bool waits = false;
    arena_reset(jobs->work);
    if (best && !step(jobs, best, now, &waits))
        jobs->pause_until = instant_add(now, PAUSE);
    for (size_t i = 0; best == NULL && jobs->copies_ended && i < jobs->live.count; i++)
        if (jobs->live.at[i].state.status == JOB_ACTIVE &&
            !step(jobs, &jobs->live.at[i], now, &waits))
            jobs->pause_until = instant_add(now, PAUSE);
    if (best == NULL)
        jobs->copies_ended = false;
    atomic_store(&jobs->changed, true);
    store_read_idle(jobs->lane->reader);
}
