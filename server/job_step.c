/* The steps of a job (job_step.h). */
#include "server/job_step.h"

#include "base/log.h"
#include "server/event_of.h"
#include "server/job_shared.h"

#define THRESHOLD_TASKS 1000 /* [AWS] before its rate of failures is looked at */
#define NOT_PERMITTED "AccessDenied"

void job_work_open(struct job_work *work)
{
    *work = (struct job_work){ .arena = arena_new(), .id = STR("") };
}

static void drop(struct job_work *work)
{
    job_manifest_close(work->manifest);
    job_manifest_out_close(work->out);
    job_report_close(work->report);
    arena_reset(work->arena);
    *work = (struct job_work){ .arena = work->arena, .id = STR("") };
}

void job_work_close(struct job_work *work)
{
    drop(work);
    arena_free(work->arena);
}

/* -- writing down ----------------------------------------------------------------------------- */

static void tell(struct job_step *step)
{
    enum job_status status = job_status_of(step->job);
    if (status != step->told)
        event_of_change(step->files.world, EVENT_JOB, step->job->id,
                        str_format(step->files.arena, "%s, %llu tasks", job_status_name(status),
                                   (unsigned long long) step->job->state.tasks));
    step->told = status;
}

static bool note(struct job_step *step, const struct store_doc *tasks, size_t count)
{
    struct store_write write;
    struct arena *arena = step->files.arena;
    struct store_doc *docs = ARENA_ARRAY(arena, struct store_doc, count + 1);
    docs[0] = job_state_doc(arena, step->job);
    if (count > 0)
        memcpy(docs + 1, tasks, count * sizeof *tasks);
    store_docs_init(&write, arena);
    write.docs = docs;
    write.doc_count = count + 1;
    write.background = true;
    if (store_write_wait(step->files.world->store, &write) == STORE_OK) {
        tell(step);
        return true;
    }
    log_line(LOG_WARN, "job %.*s cannot be noted: %s", STR_ARG(step->job->id),
             store_result_name(write.result));
    return false;
}

/* The lists of its tasks have done their duty. */
static bool end(struct job_step *step, enum job_status status)
{
    struct job_state *state = &step->job->state;
    struct store_doc *gone = ARENA_ARRAY(step->files.arena, struct store_doc, state->chunks);
    for (uint64_t i = 0; i < state->chunks; i++)
        gone[i] = job_tasks_doc(step->files.arena, step->job->id, i, NULL, 0);
    uint64_t chunks = state->chunks;
    state->status = status;
    state->ended_at = step->now;
    state->chunks = state->queued_chunks = 0;
    drop(step->work);
    return note(step, gone, chunks);
}

static bool fail(struct job_step *step, const char *code, str reason)
{
    step->job->state.failure_code = str_of(code);
    step->job->state.failure_reason = str_copy(step->files.arena, reason);
    return end(step, JOB_FAILED);
}

static void take_up(struct job_step *step)
{
    struct job_work *work = step->work;
    if (str_eq(work->id, step->job->id))
        return;
    drop(work);
    work->id = str_copy(work->arena, step->job->id);
    if (step->job->state.status == JOB_PREPARING)
        step->job->state.tasks = step->job->state.chunks = 0;
}

/* -- what its role and the owners of buckets allow -------------------------------------------- */

struct need {
    str bucket, owner; /* expected; empty: anyone */
    const char *action;
    str key;
};

static bool is_owner(const struct job_step *step, const struct need *need)
{
    struct bucket_info bucket;
    return need->owner.size == 0 ||
           store_bucket_get(step->files.lane->reader, step->files.arena, need->bucket, &bucket) !=
               STORE_OK ||
           str_eq(bucket.account, need->owner);
}

static str below(const struct job_step *step, str prefix)
{
    return str_format(step->files.arena, "%.*s%sjob-%.*s/manifest", STR_ARG(prefix),
                      prefix.size > 0 ? "/" : "", STR_ARG(step->job->id));
}

static size_t list_needs(const struct job_step *step, struct need needs[4])
{
    const struct job_spec *spec = &step->spec;
    size_t count = 0;
    if (spec->generated) {
        needs[count++] =
            (struct need){ spec->bucket, spec->owner, "s3:GetReplicationConfiguration", STR("") };
        needs[count++] =
            (struct need){ spec->bucket, STR(""), "s3:PutInventoryConfiguration", STR("") };
    } else
        needs[count++] =
            (struct need){ spec->bucket, STR(""),
                           spec->manifest_version.size > 0 ? "s3:GetObjectVersion" : "s3:GetObject",
                           spec->manifest_key };
    if (spec->output_bucket.size > 0)
        needs[count++] = (struct need){ spec->output_bucket, spec->output_owner, "s3:PutObject",
                                        below(step, spec->output_prefix) };
    if (spec->report)
        needs[count++] = (struct need){ spec->report_bucket, spec->report_owner, "s3:PutObject",
                                        below(step, spec->report_prefix) };
    return count;
}

/* Judged once, before anything else is done. The answer in *code; NULL: all is well. */
static const char *refuses(struct job_step *step, str *reason)
{
    struct need needs[4];
    struct job_role role;
    size_t count = list_needs(step, needs);
    if (!job_role_assume(&role, step->files.lane, step->files.arena, step->spec.role,
                         step->job->account)) {
        *reason = role.ask.missing;
        return "AssumeRoleNotPermitted";
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_owner(step, &needs[i])) {
            *reason =
                str_format(step->files.arena, "The owner of bucket %.*s is not the expected one.",
                           STR_ARG(needs[i].bucket));
            return NOT_PERMITTED;
        }
        if (job_role_may(&role, needs[i].bucket, needs[i].action, needs[i].key))
            continue;
        *reason = role.ask.missing;
        return NOT_PERMITTED;
    }
    return NULL;
}

static bool begin_preparing(struct job_step *step)
{
    str reason = STR_NONE;
    store_read_begin(step->files.lane->reader);
    const char *code = refuses(step, &reason);
    store_read_idle(step->files.lane->reader);
    if (code)
        return fail(step, code, reason);
    step->job->state.status = JOB_PREPARING;
    return note(step, NULL, 0);
}

/* -- preparing -------------------------------------------------------------------------------- */

static bool prepared(struct job_step *step)
{
    struct job_state *state = &step->job->state;
    if (state->tasks == 0 && step->spec.generated)
        return fail(step, "ManifestGenerationFailed",
                    STR("Manifest generation found no keys matching the filter criteria."));
    if (state->tasks == 0)
        return fail(step, "InvalidManifest", STR("The manifest has no lines."));
    if (step->spec.output_bucket.size > 0 && step->work->out == NULL) {
        step->work->out = job_manifest_out_open(&step->files);
        return true;
    }
    drop(step->work);
    state->status = JOB_READY;
    state->prepared_at = step->now;
    return note(step, NULL, 0);
}

/* One chunk of the manifest that is put out. */
static bool put_out(struct job_step *step)
{
    str problem;
    struct job_manifest_out *out = step->work->out;
    if (!job_manifest_out_next(out, &step->files, &step->spec, step->job, &problem))
        return fail(step, "ManifestGenerationFailed", problem);
    return !job_manifest_out_is_over(out) || prepared(step);
}

static void keep_place(struct job_work *work, const struct resync_place *place)
{
    struct arena *fresh = arena_new();
    work->id = str_copy(fresh, work->id);
    work->place = (struct resync_place){ .key = str_copy(fresh, place->key),
                                         .origin = str_copy(fresh, place->origin),
                                         .id = str_copy(fresh, place->id),
                                         .rank = place->rank };
    arena_free(work->arena);
    work->arena = fresh;
}

static bool add_tasks(struct job_step *step, const struct resync_item *items, size_t count)
{
    struct job_state *state = &step->job->state;
    if (count == 0)
        return true;
    struct store_doc doc =
        job_tasks_doc(step->files.arena, step->job->id, state->chunks++, items, count);
    state->tasks += count;
    return note(step, &doc, 1);
}

static enum store_result find_source(const struct job_step *step, str name, struct bucket_info *out)
{
    struct store_reader *reader = step->files.lane->reader;
    store_read_begin(reader);
    enum store_result found = store_bucket_get(reader, step->files.arena, name, out);
    store_read_idle(reader);
    return found;
}

/* One page of the source bucket. */
static bool generate(struct job_step *step)
{
    struct bucket_info bucket;
    struct store_resync resync;
    struct job_work *work = step->work;
    if (find_source(step, step->spec.bucket, &bucket) != STORE_OK)
        return fail(step, "NoSuchBucket", STR("The specified bucket does not exist"));
    if (!store_bucket_may_have(&bucket, STR(CONFIG_REPLICATION_RULES)))
        return fail(step, "ReplicationConfigurationNotFoundError",
                    STR("The replication configuration was not found"));
    store_resync_init(&resync, step->files.arena);
    resync.head.background = true;
    resync.bucket = bucket.id;
    resync.walk = resync.dry = true;
    resync.filter = step->spec.filter;
    resync.place = work->place;
    if (store_write_wait(step->files.world->store, &resync.head) != STORE_OK)
        return false;
    step->job->state.bucket = bucket.name;
    keep_place(work, &resync.place);
    if (!add_tasks(step, resync.items, resync.count))
        return false;
    return resync.more || prepared(step);
}

/* One page of the caller's manifest. */
static bool read_manifest(struct job_step *step)
{
    struct job_work *work = step->work;
    struct job_tasks tasks;
    str problem;
    if (work->manifest == NULL)
        work->manifest = job_manifest_open(&step->files, &step->spec, &problem);
    if (work->manifest == NULL || !job_manifest_next(work->manifest, &step->files, &tasks,
                                                     &step->job->state.bucket, &problem))
        return fail(step, "InvalidManifest", problem);
    if (tasks.count == 0) {
        step->job->state.bucket = str_copy(step->files.arena, step->job->state.bucket);
        return prepared(step);
    }
    return add_tasks(step, tasks.at, tasks.count);
}

static bool prepare(struct job_step *step)
{
    take_up(step);
    if (step->work->out)
        return put_out(step);
    return step->spec.generated ? generate(step) : read_manifest(step);
}

/* -- running ---------------------------------------------------------------------------------- */

/* Tasks that the role may not begin go to the end; how many it may. */
static size_t forbid(struct job_step *step, struct job_tasks *tasks)
{
    struct job_role role;
    size_t kept = 0;
    bool assumed = job_role_assume(&role, step->files.lane, step->files.arena, step->spec.role,
                                   step->job->account);
    if (assumed && !role.judged)
        return tasks->count;
    for (size_t i = 0; i < tasks->count; i++) {
        struct resync_item item = tasks->at[i];
        item.outcome = RESYNC_FORBIDDEN;
        if (assumed &&
            job_role_may(&role, step->job->state.bucket, "s3:InitiateReplication", item.key)) {
            tasks->at[i] = tasks->at[kept];
            tasks->at[kept++] = item;
        } else
            tasks->at[i] = item;
    }
    return kept;
}

static bool queue_chunk(struct job_step *step)
{
    struct bucket_info bucket;
    struct job_tasks tasks;
    struct store_resync resync;
    struct job_state *state = &step->job->state;
    struct store_reader *reader = step->files.lane->reader;
    enum store_result found = find_source(step, state->bucket, &bucket);
    store_read_begin(reader);
    bool read =
        job_tasks_read(reader, step->files.arena, step->job->id, state->queued_chunks, &tasks);
    size_t allowed = read ? forbid(step, &tasks) : 0;
    store_read_idle(reader);
    if (!read)
        return false;
    store_resync_init(&resync, step->files.arena);
    resync.head.background = true;
    resync.bucket = found == STORE_OK ? bucket.id : 0;
    resync.job = step->job->id;
    resync.items = tasks.at;
    resync.count = allowed;
    enum store_result result = store_write_wait(step->files.world->store, &resync.head);
    if (result != STORE_OK && result != STORE_NO_BUCKET)
        return false; /* a full queue: later */
    for (size_t i = 0; i < tasks.count; i++) {
        enum resync_outcome *outcome = &tasks.at[i].outcome;
        state->shared += *outcome == RESYNC_ON_ITS_WAY;
        if (result == STORE_NO_BUCKET)
            *outcome = RESYNC_ABSENT;
        state->failed += *outcome == RESYNC_ABSENT || *outcome == RESYNC_INELIGIBLE ||
                         *outcome == RESYNC_FORBIDDEN;
    }
    state->begun += tasks.count;
    struct store_doc doc = job_tasks_doc(step->files.arena, step->job->id, state->queued_chunks++,
                                         tasks.at, tasks.count);
    return note(step, &doc, 1);
}

/* [AWS] "Tracking job failures": more than half of at least 1,000 tasks. */
static void judge_failures(struct job_step *step, const struct resync_counts *counts)
{
    struct job_state *state = &step->job->state;
    uint64_t failed = state->failed + counts->failed;
    /* After a crash there may be rows of a chunk that was not noted. */
    uint64_t ended = state->begun > counts->unfinished ? state->begun - counts->unfinished : 0;
    if (state->failure_code.size > 0 || ended < THRESHOLD_TASKS || failed * 2 <= ended)
        return;
    state->failure_code = STR("FailureRateExceeded");
    state->failure_reason =
        str_format(step->files.arena, "%llu of the first %llu tasks failed: more than 50%%.",
                   (unsigned long long) failed, (unsigned long long) ended);
}

bool job_step_look(struct job_step *step, struct resync_counts *counts)
{
    struct job_state *state = &step->job->state;
    uint64_t settled = state->settled;
    store_read_begin(step->files.lane->reader);
    enum store_result result = store_resync_counts(step->files.lane->reader, step->job->id, counts);
    if (result == STORE_OK)
        counts->unfinished += job_shared_wait(&step->files, step->job);
    store_read_idle(step->files.lane->reader);
    if (result != STORE_OK)
        return false;
    bool was_failing = state->failure_code.size > 0;
    judge_failures(step, counts);
    bool fails = state->failure_code.size > 0;
    bool queues = !fails && step->job->cancelled_at.ns == 0 && state->queued_chunks < state->chunks;
    if (!queues && counts->unfinished == 0)
        state->status = JOB_COMPLETING;
    return (fails == was_failing && state->status == JOB_ACTIVE && state->settled == settled) ||
           note(step, NULL, 0);
}

static bool activate(struct job_step *step)
{
    step->job->state.status = JOB_ACTIVE;
    step->job->state.active_at = step->now;
    return note(step, NULL, 0);
}

/* -- ending ----------------------------------------------------------------------------------- */

static bool report(struct job_step *step)
{
    struct job_work *work = step->work;
    struct job *job = step->job;
    struct store_resync_end forget;
    str problem = STR_NONE;
    take_up(step);
    if (work->report == NULL)
        work->report = job_report_open(&step->files, job);
    if (!job_report_next(work->report, &step->files, &step->spec, job, &problem))
        return fail(step, "ReportGenerationFailed", problem);
    if (!job_report_is_over(work->report))
        return true;
    bool cancelled = job->cancelled_at.ns != 0;
    if (!end(step, cancelled                          ? JOB_CANCELLED
                   : job->state.failure_code.size > 0 ? JOB_FAILED
                                                      : JOB_COMPLETE))
        return false;
    store_resync_end_init(&forget, step->files.arena, job->id);
    forget.head.background = true;
    return store_write_wait(step->files.world->store, &forget.head) == STORE_OK;
}

bool job_step_run(struct job_step *step)
{
    switch (job_status_of(step->job)) {
    case JOB_NEW:
        return begin_preparing(step);
    case JOB_PREPARING:
        return prepare(step);
    case JOB_READY:
        return activate(step);
    case JOB_ACTIVE:
        return queue_chunk(step);
    case JOB_CANCELLED: /* before it began: nothing to tell */
        step->now = step->job->cancelled_at;
        return end(step, JOB_CANCELLED);
    case JOB_COMPLETING:
    case JOB_CANCELLING:
    case JOB_FAILING:
        return report(step);
    case JOB_SUSPENDED:
    case JOB_COMPLETE:
    case JOB_FAILED:
    case JOB_STATUSES:
        break;
    }
    return true;
}
