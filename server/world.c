/* Puts a world together, in the order in which its parts need each other, and takes it apart. */
#include "server/world.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/lock.h"
#include "base/rng.h"
#include "replication/timekeeper.h"
#include "server/async_work.h"
#include "server/auth/authority.h"
#include "server/auth/replication_role.h"
#include "server/access_log.h"
#include "server/anomalies.h"
#include "server/clients.h"
#include "server/changes.h"
#include "server/cloudwatch.h"
#include "server/configs.h"
#include "server/deliveries.h"
#include "server/event_of.h"
#include "server/faults.h"
#include "server/hostile.h"
#include "server/jobs.h"
#include "server/journal.h"
#include "server/lifecycle_engine.h"
#include "server/metrics.h"
#include "server/mraps.h"
#include "server/ordinals.h"
#include "server/regions.h"
#include "server/replication_events.h"
#include "server/restores.h"
#include "server/s3/acl.h"
#include "server/s3/object_lock.h"
#include "server/turn.h"

static str temporary_directory(struct arena *arena)
{
    const char *parent = getenv("TMPDIR");
    char *path =
        str_c(arena, str_format(arena, "%s/atoll-XXXXXX", parent && *parent ? parent : "/tmp"));
    return mkdtemp(path) ? str_of(path) : STR_NONE;
}

/* --- what the timekeeper asks and tells --- */

static region_set regions_down(void *ctx, instant now)
{
    const struct world *world = ctx;
    return ~(regions_up(world->regions, now) & regions_enabled(world->regions));
}

static instant next_timer(void *ctx, instant now)
{
    const struct world *world = ctx;
    const instant all[] = {
        regions_next_end(world->regions, now),   lifecycle_engine_next(world->lifecycle, now),
        access_log_next(world->access_log, now), restores_next(world->restores),
        hostile_next(world->hostile, now),       jobs_next(world->jobs, now),
        async_work_next(world->async_work, now), replication_events_next(world->replication_events)
    };
    instant first = INSTANT_NEVER;
    for (size_t i = 0; i < COUNT(all); i++)
        if (instant_before(all[i], first))
            first = all[i];
    return first;
}

/* The end of an outage needs nothing: whoever asks sees that it is over. */
static void timer(void *ctx, instant now)
{
    const struct world *world = ctx;
    lifecycle_engine_timer(world->lifecycle, now);
    restores_timer(world->restores, now);
    hostile_timer(world->hostile, now);
    access_log_timer(world->access_log, now);
    replication_events_timer(world->replication_events, now);
    jobs_timer(world->jobs, now);
    async_work_timer(world->async_work, now);
}

static void links_changed(void *ctx, instant now)
{
    const struct world *world = ctx;
    async_work_timer(world->async_work, now);
}

static void copy_told(void *ctx, const struct copy_told *copy)
{
    struct world *world = ctx;
    journal_copy(copy);
    event_of_copy(world->events, copy);
    replication_events_told(world->replication_events, copy);
    jobs_copy_told(world->jobs, copy);
    const struct world_watch *watch = atomic_load(&world->watch);
    if (watch)
        watch->copy(watch->ctx, copy);
}

/* Who may refuse a copy: the first reason counts. */
static str refused_by_fault(struct world *world, const struct queue_row *row)
{
    return faults_refuse_copy(world->faults, row);
}

static str refused_by_role(struct world *world, const struct queue_row *row)
{
    return replication_role_refuses(world->replication_role, row);
}

static str refused(void *ctx, const struct queue_row *row)
{
    static str (*const askers[])(struct world * world, const struct queue_row *row) = {
        refused_by_fault,
        refused_by_role,
    };
    str reason = STR_NONE;
    for (size_t i = 0; i < COUNT(askers) && !str_is_set(reason); i++)
        reason = askers[i](ctx, row);
    return reason;
}

static void count_event(void *ctx, const struct event *event)
{
    const struct world *world = ctx;
    metrics_count(world->metrics, event);
    cloudwatch_count(world->cloudwatch, event);
}

static bool open_timekeeper(struct world *world)
{
    struct timekeeper_options options = { .store = world->store,
                                          .clock = world->clock,
                                          .links = world->links,
                                          .planner = world->planner,
                                          .ctx = world,
                                          .regions_down = regions_down,
                                          .refused = refused,
                                          .told = copy_told,
                                          .next_timer = next_timer,
                                          .timer = timer,
                                          .links_changed = links_changed };
    world->timekeeper = timekeeper_open(&options);
    return world->timekeeper != NULL;
}

/* A kept world goes on where its clock stood; the mode is the flag's if one was given. */
static bool resume_clock(struct world *world, struct store_reader *reader)
{
    const struct settings *settings = world->settings;
    struct clock_state state;
    instant wall = clock_wall();
    store_read_begin(reader);
    enum store_result result = clock_doc_read(reader, &state);
    if (result != STORE_OK)
        return result == STORE_ABSENT;
    instant at = clock_state_resumed(&state, wall);
    if (instant_before(at, settings->clock_start))
        at = settings->clock_start;
    if (settings->clock_mode_given)
        clock_restore(world->clock, settings->clock_mode, at, settings->clock_rate);
    else
        clock_restore(world->clock, state.mode, at, state.rate);
    return true;
}

static bool open_ordinals(struct arena *arena, struct world *world, const char *directory,
                          str *error)
{
    int failed = ordinals_open(directory, &world->ordinals);
    if (failed != 0)
        *error =
            str_format(arena, "%s/ordinals cannot be mapped: %s", directory, strerror(-failed));
    else
        atomic_store(&world->requests_ended, atomic_load(&world->ordinals->requests));
    return failed == 0;
}

static bool open_store(struct arena *arena, struct world *world, str *error)
{
    const struct settings *settings = world->settings;
    str directory = settings->data.size > 0 ? settings->data : temporary_directory(arena);
    instant start = settings->clock_start.ns ? settings->clock_start : clock_wall();
    if (directory.size == 0) {
        *error = STR("no temporary directory could be made; set TMPDIR or say --data DIR");
        return false;
    }
    world->clock = clock_new(settings->clock_mode, start, settings->clock_rate);
    world->planner = planner_new(acl_abroad, object_lock_default);
    struct store_options options = { .directory = str_c(arena, directory),
                                     .ephemeral = settings->data.size == 0,
                                     .durability = settings->durability,
                                     .version_order = settings->version_order,
                                     .clock = world->clock,
                                     .hooks = planner_hooks(world->planner),
                                     .seed = settings->seed,
                                     .part_min_bytes = settings->part_min_bytes,
                                     .queue_limit = settings->queue_limit };
    world->store = store_open(arena, &options, error);
    return world->store != NULL && open_ordinals(arena, world, options.directory, error);
}

/* Settings made by hand (tests) may name none. */
static str preset_of(const struct settings *settings)
{
    return settings->preset.size ? settings->preset : STR("default");
}

bool world_lag(const struct settings *settings, struct arena *arena, struct lag *out, str *error)
{
    if (settings->lag.size > 0)
        return lag_parse(arena, settings->lag, out, error);
    if (links_preset(preset_of(settings), out))
        return true;
    *error = str_format(arena, "there is no preset '%.*s'", STR_ARG(settings->preset));
    return false;
}

str world_preset(const struct world *world)
{
    const char *name = atomic_load_explicit(&world->preset, memory_order_relaxed);
    return name ? str_of(name) : STR("default");
}

bool world_set_preset(struct world *world, struct arena *arena, str name, str *error)
{
    const char *known = links_preset_name(name);
    if (known == NULL) {
        *error = str_format(arena, "there is no preset '%.*s'", STR_ARG(name));
        return false;
    }
    atomic_store_explicit(&world->preset, known, memory_order_relaxed);
    return true;
}

static bool open_parts(struct arena *arena, struct world *world, str *error)
{
    struct lag lag;
    if (!world_lag(world->settings, arena, &lag, error) ||
        !world_set_preset(world, arena, preset_of(world->settings), error))
        return false;
    struct store_reader *reader = store_reader_open(world->store);
    if (reader == NULL) {
        *error = STR("the database could not be opened for reading");
        return false;
    }
    if (!resume_clock(world, reader)) {
        *error = STR("the position of the clock in the database cannot be read");
        store_reader_close(reader);
        return false;
    }
    world->seed = store_seed(world->store);
    world->links = links_open(reader, &lag);
    planner_attach(world->planner, world->links, world->store);
    world->regions = regions_open(reader, world->settings->strict);
    world->mraps = mraps_open(reader);
    world->clients = clients_new(world->ordinals);
    if (world->ordinals->fresh)
        clients_recall(world->clients, reader);
    world->replication_role = replication_role_open(world);
    world->credentials = credentials_new();
    credentials_add(world->credentials, STR(WORLD_KEY), STR(WORLD_KEY), world->settings->account,
                    false);
    world->journal = journal_new(world->settings->journal);
    world->changes = changes_new();
    world->metrics = metrics_new();
    world->cloudwatch = cloudwatch_new();
    world->events = events_new(&(struct events_options){
        .kept = world->settings->journal,
        .before = (uint64_t) store_starts(world->store) << EVENTS_NUMBER_BITS,
        .each = count_event,
        .ctx = world });
    world->faults = faults_open(reader, world);
    world->anomalies = anomalies_open();
    store_reader_close(reader);
    world->deliveries = deliveries_open();
    world->lifecycle = lifecycle_engine_open(world);
    world->restores = restores_open(world);
    world->hostile = hostile_open(world);
    world->access_log = access_log_open(world);
    world->replication_events = replication_events_open(world);
    world->jobs = jobs_open(world);
    world->async_work = async_work_open(world);
    if (world->lifecycle && world->restores && world->hostile && world->access_log && world->jobs &&
        world->async_work && open_timekeeper(world))
        return true;
    *error = STR("the world thread could not be started");
    return false;
}

struct world *world_open(struct arena *arena, const struct settings *settings, str *error)
{
    struct world *world = mem_alloc(sizeof *world);
    world->settings = settings;
    world->configs = configs_new();
    world->turn = turn_new();
    world->opened = clock_mono();
    if (open_store(arena, world, error) && open_parts(arena, world, error))
        return world;
    world_close(world);
    return NULL;
}

void world_close(struct world *world)
{
    if (world == NULL)
        return;
    lifecycle_engine_stop(world->lifecycle);
    access_log_stop(world->access_log);
    if (world->timekeeper)
        timekeeper_close(world->timekeeper);
    lifecycle_engine_close(world->lifecycle);
    restores_close(world->restores);
    hostile_close(world->hostile);
    access_log_close(world->access_log);
    jobs_close(world->jobs);
    async_work_close(world->async_work);
    replication_events_close(world->replication_events);
    deliveries_close(world->deliveries);
    replication_role_close(world->replication_role);
    if (world->store)
        store_close(world->store);
    if (world->links)
        links_close(world->links);
    if (world->planner)
        planner_free(world->planner);
    if (world->regions)
        regions_close(world->regions);
    mraps_close(world->mraps);
    clients_free(world->clients);
    if (world->credentials)
        credentials_free(world->credentials);
    if (world->journal)
        journal_free(world->journal);
    if (world->changes)
        changes_free(world->changes);
    if (world->events)
        events_free(world->events);
    if (world->metrics)
        metrics_free(world->metrics);
    cloudwatch_free(world->cloudwatch);
    if (world->faults)
        faults_close(world->faults);
    if (world->anomalies)
        anomalies_close(world->anomalies);
    if (world->clock)
        clock_free(world->clock);
    ordinals_close(world->ordinals);
    configs_free(world->configs);
    turn_free(world->turn);
    free(world);
}

void world_reload(struct world *world, struct store_reader *reader)
{
    store_read_begin(reader);
    links_reload(world->links, reader);
    regions_reload(world->regions, reader);
    mraps_reload(world->mraps, reader);
    faults_reload(world->faults, reader);
    clients_recall(world->clients, reader);
    journal_clear(world->journal);
    changes_clear(world->changes);
    anomalies_clear(world->anomalies);
    restores_changed(world);
    jobs_changed(world->jobs);
    async_work_changed(world);
}

struct lane *world_lane_open(struct world *world, unsigned index)
{
    struct lane *lane = mem_alloc(sizeof *lane);
    lane->world = world;
    lane->index = index;
    lane->reader = store_reader_open(world->store);
    lane->bodies = body_lane_open(world->store);
    lane->authority = authority_open();
    if (lane->reader && lane->bodies)
        return lane;
    world_lane_close(lane);
    return NULL;
}

void world_lane_close(struct lane *lane)
{
    if (lane == NULL)
        return;
    if (lane->bodies)
        body_lane_close(lane->bodies);
    if (lane->reader)
        store_reader_close(lane->reader);
    authority_close(lane->authority);
    free(lane);
}

/* --- requests without sockets --- */

struct waiter {
    struct mutex lock;
    struct condition woken_up;
    bool woken;
};

static void wake_waiter(struct request *rq)
{
    struct waiter *waiter = rq->connection;
    SCOPED_LOCK(&waiter->lock);
    waiter->woken = true;
    condition_wake_one(&waiter->woken_up);
}

const struct request_host world_request_host = { wake_waiter };

static void wait_for_wake(struct waiter *waiter)
{
    SCOPED_LOCK(&waiter->lock);
    while (!waiter->woken)
        condition_wait(&waiter->woken_up, &waiter->lock);
    waiter->woken = false;
}

void world_request(struct request *rq, str body)
{
    struct waiter waiter = { .woken = false };
    mutex_init(&waiter.lock);
    condition_init(&waiter.woken_up);
    rq->connection = &waiter;
    rq->has_body = body.size > 0;
    rq->content_length = body.size;
    enum request_next next = request_feed(rq, request_head(rq), &body);
    while (next == REQUEST_WAITS) {
        wait_for_wake(&waiter);
        next = request_feed(rq, request_resume(rq), &body);
    }
    condition_fini(&waiter.woken_up);
    mutex_fini(&waiter.lock);
    rq->connection = NULL;
}
