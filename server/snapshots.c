/* What a snapshot is beside rows and files. Before the save, what only memory holds goes into the
 * store; after a restore, memory is read from it again. */
#include "server/snapshots.h"

#include "server/clients.h"
#include "server/faults.h"
#include "server/ordinals.h"
#include "server/world.h"

/* The clock's position and how much its clients have drawn. */
static enum store_result note_memory(const struct snapshot_job *job, instant at)
{
    const struct world *world = job->world;
    const struct clock_state state = { .mode = clock_mode_get(world->clock),
                                       .at = at,
                                       .wall = clock_wall(),
                                       .rate = clock_rate_get(world->clock),
                                       .seed = store_seed(world->store) };
    const struct store_doc docs[] = { clock_doc(job->job.arena, &state),
                                      clients_draws_doc(world->clients, job->job.arena) };
    struct store_write write;
    store_docs_init(&write, job->job.arena);
    write.docs = docs;
    write.doc_count = COUNT(docs);
    return store_write_wait(world->store, &write);
}

static enum store_result save(struct snapshot_job *job)
{
    struct world *world = job->world;
    struct store_snapshot write;
    instant at = clock_now(world->clock);
    faults_save(world->faults, world->store);
    enum store_result result = note_memory(job, at);
    if (result != STORE_OK)
        return result;
    store_snapshot_init(&write, job->job.arena);
    write.name = job->name;
    write.requests = atomic_load(&world->ordinals->requests);
    write.head.at = at;
    result = store_write_wait(world->store, &write.head);
    job->info = write.out;
    return result;
}

static enum store_result restore(struct snapshot_job *job)
{
    struct world *world = job->world;
    enum store_result result =
        store_snapshot_restore(world->store, job->job.arena, job->name, &job->info, &job->problem);
    if (result != STORE_OK)
        return result;
    struct store_reader *reader = store_reader_open(world->store);
    world->seed = store_seed(world->store);
    faults_restore(world->faults, reader, world->seed);
    world_reload(world, reader);
    store_reader_close(reader);
    /* Requests are numbered as then; how many are being answered stays true. */
    uint64_t skipped = job->info.requests - atomic_load(&world->ordinals->requests);
    atomic_fetch_add(&world->ordinals->requests, skipped);
    atomic_fetch_add(&world->requests_ended, skipped);
    return STORE_OK;
}

static enum store_result take(struct snapshot_job *job)
{
    struct store *store = job->world->store;
    enum store_result result =
        store_snapshot_take(store, job->job.arena, &job->draft, job->name, &job->problem);
    if (result != STORE_OK)
        return result;
    return store_snapshot_get(store, job->job.arena, job->name, &job->info);
}

static void run(struct time_job *time_job)
{
    struct snapshot_job *job = (struct snapshot_job *) time_job;
    switch (job->verb) {
    case SNAPSHOT_SAVE:
        job->result = save(job);
        break;
    case SNAPSHOT_RESTORE:
        job->result = restore(job);
        break;
    case SNAPSHOT_DELETE:
        job->result = store_snapshot_delete(job->world->store, job->name);
        break;
    case SNAPSHOT_READ:
        job->result = store_snapshot_open(job->world->store, job->job.arena, job->name, &job->file,
                                          &job->problem);
        break;
    case SNAPSHOT_TAKE:
        job->result = take(job);
        break;
    }
    time_job->stored = job->result;
}

static void prepare(struct snapshot_job *job)
{
    job->job.kind = job->verb == SNAPSHOT_RESTORE ? TIME_RESTORE : TIME_TASK;
    job->job.task = run;
    job->result = STORE_BROKEN; /* unless it runs: the world may be closing */
}

void snapshots_submit(struct snapshot_job *job)
{
    prepare(job);
    timekeeper_submit(job->world->timekeeper, &job->job);
}

enum store_result snapshots_run(struct snapshot_job *job)
{
    prepare(job);
    (void) timekeeper_run(job->world->timekeeper, &job->job);
    return job->result;
}

/* --- as one file --- */

/* The snapshot that is made on the way; afterwards it is gone. */
#define PASSING "world-file"

static enum store_result pass(struct world *world, struct arena *arena, enum snapshot_verb verb,
                              str *problem)
{
    struct snapshot_job job = {
        .job = { .arena = arena }, .world = world, .verb = verb, .name = STR(PASSING)
    };
    enum store_result result = snapshots_run(&job);
    if (result != STORE_OK)
        *problem = job.problem.size > 0 ? job.problem : str_of(store_result_name(result));
    return result;
}

static bool passed(struct world *world, struct arena *arena, enum store_result result, str *error,
                   str why)
{
    str ignored;
    (void) pass(world, arena, SNAPSHOT_DELETE, &ignored);
    if (result != STORE_OK)
        *error = why;
    return result == STORE_OK;
}

bool snapshots_export(struct world *world, struct arena *arena, str path, str *error)
{
    str why = STR_NONE;
    enum store_result result = pass(world, arena, SNAPSHOT_SAVE, &why);
    if (result == STORE_OK)
        result = store_snapshot_export(world->store, arena, STR(PASSING), str_c(arena, path), &why);
    return passed(world, arena, result, error,
                  str_format(arena, "the world could not be written to %.*s: %.*s", STR_ARG(path),
                             STR_ARG(why)));
}

/* As over a restart: the clock goes on as it did, unless this start says otherwise. */
static void keep_clock_mode(struct world *world, struct arena *arena)
{
    struct time_job job = { .kind = TIME_MODE,
                            .arena = arena,
                            .mode = world->settings->clock_mode };
    if (world->settings->clock_mode_given)
        (void) timekeeper_run(world->timekeeper, &job);
}

bool snapshots_import(struct world *world, struct arena *arena, str path, str *error)
{
    str why = STR_NONE;
    enum store_result result =
        store_snapshot_import(world->store, arena, str_c(arena, path), STR(PASSING), &why);
    if (result == STORE_OK)
        result = pass(world, arena, SNAPSHOT_RESTORE, &why);
    keep_clock_mode(world, arena);
    return passed(world, arena, result, error,
                  str_format(arena, "the world could not be read from %.*s: %.*s", STR_ARG(path),
                             STR_ARG(why)));
}
