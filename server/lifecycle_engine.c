/* When lifecycle runs, and over which buckets. Which of them have rules is remembered until a
 * bucket or a sub-resource changes. A night in which nothing was due tells when something will be;
 * until the next commit that stays true, so a clock that only jumps need not stop at each midnight
 * between (and a wait for what never comes is not kept alive by them). */
#include "server/lifecycle_engine.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/log.h"
#include "replication/timekeeper.h"
#include "server/lifecycle_walk.h"
#include "server/s3/lifecycle.h"
#include "server/world.h"

#define DAY_NS (86400ll * 1000000000)

struct lifecycle_engine {
    struct world *world;
    struct store_reader *reader;
    struct arena *known; /* of buckets */
    struct bucket_list buckets;
    uint64_t generation; /* of buckets */
    uint64_t seen;       /* commits when buckets was last compared */
    bool looked;
    uint64_t ran; /* commits before the last run */
    instant due;  /* what the last run found to be due next */
    _Atomic bool stopping;
};

struct lifecycle_engine *lifecycle_engine_open(struct world *world)
{
    struct lifecycle_engine *engine = mem_alloc(sizeof *engine);
    engine->world = world;
    engine->reader = store_reader_open(world->store);
    if (engine->reader == NULL) {
        free(engine);
        return NULL;
    }
    engine->known = arena_new();
    engine->ran = UINT64_MAX;
    return engine;
}

void lifecycle_engine_stop(struct lifecycle_engine *engine)
{
    if (engine)
        atomic_store(&engine->stopping, true);
}

void lifecycle_engine_close(struct lifecycle_engine *engine)
{
    if (engine == NULL)
        return;
    store_reader_close(engine->reader);
    arena_free(engine->known);
    free(engine);
}

static bool has_rules(struct lifecycle_engine *engine, int64_t bucket)
{
    str inside;
    return store_config_get(engine->reader, engine->known, bucket, STR(LIFECYCLE_KIND), STR(""),
                            &inside) == STORE_OK &&
           inside.size > 0;
}

static void find_buckets(struct lifecycle_engine *engine)
{
    const struct bucket_list_query all = { 0 };
    struct bucket_list *list = &engine->buckets;
    size_t kept = 0;
    arena_reset(engine->known);
    if (store_bucket_list(engine->reader, engine->known, &all, list) != STORE_OK)
        list->count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (has_rules(engine, list->at[i].id))
            list->at[kept++] = list->at[i];
    list->count = kept;
}

static void look(struct lifecycle_engine *engine)
{
    uint64_t commits = store_commit_count(engine->world->store);
    if (engine->looked && commits == engine->seen)
        return;
    store_read_begin(engine->reader);
    uint64_t generation = store_read_generation(engine->reader);
    if (!engine->looked || generation != engine->generation)
        find_buckets(engine);
    engine->looked = true;
    engine->generation = generation;
    engine->seen = commits;
    store_read_idle(engine->reader);
}

instant lifecycle_engine_next(struct lifecycle_engine *engine, instant now)
{
    instant midnight = { (now.ns / DAY_NS + 1) * DAY_NS };
    look(engine);
    if (engine->buckets.count == 0)
        return INSTANT_NEVER;
    bool flows = clock_mode_get(engine->world->clock) == CLOCK_REAL_TIME;
    if (flows || store_commit_count(engine->world->store) != engine->ran)
        return midnight;
    return instant_before(engine->due, midnight) ? midnight : engine->due;
}

static uint64_t run(struct lifecycle_engine *engine, instant now)
{
    uint64_t before = store_commit_count(engine->world->store);
    struct lifecycle_night night = { .world = engine->world,
                                     .reader = engine->reader,
                                     .stopping = &engine->stopping,
                                     .now = now,
                                     .due = INSTANT_NEVER };
    look(engine);
    for (size_t i = 0; i < engine->buckets.count && !atomic_load(&engine->stopping); i++)
        lifecycle_walk_bucket(&night, &engine->buckets.at[i]);
    store_read_idle(engine->reader);
    engine->ran = before;
    engine->due = night.due;
    if (night.actions > 0)
        log_line(LOG_INFO, "lifecycle: %llu actions", (unsigned long long) night.actions);
    return night.actions;
}

void lifecycle_engine_timer(struct lifecycle_engine *engine, instant now)
{
    if (now.ns % DAY_NS == 0)
        (void) run(engine, now);
}

uint64_t lifecycle_engine_run(struct lifecycle_engine *engine)
{
    return run(engine, clock_now(engine->world->clock));
}

static void poked(struct time_job *job)
{
    free(job);
}

void lifecycle_engine_poke(struct world *world)
{
    if (world->timekeeper == NULL)
        return;
    struct time_job *job = mem_alloc(sizeof *job);
    job->kind = TIME_STATUS;
    job->done = poked;
    timekeeper_submit(world->timekeeper, job);
}
