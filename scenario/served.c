/* One scenario at a time in a world that clients use; see served.h. */
#include "scenario/served.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/lock.h"
#include "scenario/play.h"
#include "scenario/record.h"

#define LANE_INDEX 2001 /* apart from the workers', main's and the reset's */

struct served {
    struct world *world;
    struct world_watch watch;
    struct mutex lock;
    struct condition idle;
    bool busy;
    _Atomic bool stop;
    _Atomic(struct timeline *) timeline; /* of the scenario that runs; changed under the lock */
    struct world_play *play;
};

/* The lock keeps the timeline while a copy is told; without a scenario it costs one load. */
static void tell_copy(void *ctx, const struct copy_told *copy)
{
    struct served *served = ctx;
    if (atomic_load(&served->timeline) == NULL)
        return;
    SCOPED_LOCK(&served->lock);
    struct timeline *timeline = atomic_load(&served->timeline);
    if (timeline)
        timeline_copy(timeline, copy);
}

static void set_timeline(struct served *served, struct timeline *timeline)
{
    SCOPED_LOCK(&served->lock);
    atomic_store(&served->timeline, timeline);
}

/* --- what cannot be had here --- */

static bool refuse(struct world_play *play, int status, const char *problem, str detail, str hint)
{
    play->status = status;
    play->problem = problem;
    play->detail = detail;
    play->hint = hint;
    return false;
}

static bool clock_fits(struct served *served, struct world_play *play, const struct script *script)
{
    struct clock *clock = served->world->clock;
    str mode = clock_mode_name(clock_mode_get(clock));
    if (script->clock_mode != CLOCK_MANUAL)
        return refuse(play, 409, "clock-not-manual",
                      STR("in a running server a scenario moves the clock by command alone"),
                      STR("leave the line \"clock auto\" or \"clock real\" out"));
    if (clock_mode_get(clock) != CLOCK_MANUAL)
        return refuse(play, 409, "clock-not-manual",
                      str_format(play->arena,
                                 "the server's clock is %.*s, and a scenario moves it by command",
                                 STR_ARG(mode)),
                      STR("atoll clock pause, or start the server with --clock manual"));
    if (!script->has_start || instant_diff(script->clock_start, clock_now(clock)).ns == 0)
        return true;
    return refuse(play, 409, "clock-elsewhere",
                  str_format(play->arena, "the server's clock stands at %.*s",
                             STR_ARG(instant_iso8601(play->arena, clock_now(clock)))),
                  STR("leave \"start\" out, or start the server with --clock-start"));
}

static bool world_fits(struct served *served, struct world_play *play, const struct script *script)
{
    if (script->config.size > 0)
        return refuse(play, 409, "configuration-elsewhere",
                      STR("a scenario with \"config\" begins with a world of its own"),
                      STR("start the server with --config FILE and leave the line out"));
    if (script->has_seed && script->seed != served->world->seed)
        return refuse(
            play, 409, "another-seed",
            str_format(play->arena, "the server's seed is %llu",
                       (unsigned long long) served->world->seed),
            str_format(play->arena,
                       "leave the line \"seed\" out, or start the server with --seed %llu",
                       (unsigned long long) script->seed));
    return clock_fits(served, play, script);
}

/* --- playing --- */

static void play_script_here(struct served *served, const struct script *script)
{
    struct world_play *play = served->play;
    struct play_options options = { .verbose = play->verbose, .timelines = true };
    struct play_place place = { .lane = world_lane_open(served->world, LANE_INDEX),
                                .timeline = timeline_new(clock_now(served->world->clock)),
                                .stop = &served->stop };
    struct buf report;
    buf_init_arena(&report, play->arena, LIMIT_ANSWER_BYTES);
    set_timeline(served, place.timeline);
    if (place.lane)
        report_json(play_in(play->arena, &place, script, &options), &report);
    set_timeline(served, NULL);
    timeline_free(place.timeline);
    if (place.lane == NULL)
        (void) refuse(play, 503, "no-lane", STR("the database could not be opened for reading"),
                      STR_NONE);
    else if (report.overflow)
        (void) refuse(play, 500, "report-too-large", STR("it ran, but its report is too large"),
                      STR("make two scenarios of it"));
    else
        play->report = buf_str(&report);
    world_lane_close(place.lane);
}

static void *run(void *arg)
{
    struct served *served = arg;
    struct world_play *play = served->play;
    struct script script;
    struct buf problems;
    buf_init_arena(&problems, play->arena, LIMIT_JSON_BYTES);
    if (!script_parse_alone(play->arena, "scenario", play->text, &script, &problems))
        (void) refuse(play, 400, "bad-scenario", str_trim(buf_str(&problems)),
                      STR("atoll scenario --help lists every word of the language"));
    else if (world_fits(served, play, &script))
        play_script_here(served, &script);
    mutex_lock(&served->lock);
    served->busy = false;
    condition_wake_all(&served->idle);
    mutex_unlock(&served->lock);
    play->done(play);
    return NULL;
}

static void start(void *ctx, struct world_play *play)
{
    struct served *served = ctx;
    mutex_lock(&served->lock);
    bool free_now = !served->busy && !atomic_load(&served->stop);
    if (free_now) {
        served->busy = true;
        served->play = play;
    }
    mutex_unlock(&served->lock);
    if (free_now) {
        (void) pthread_detach(thread_start("scenario", run, served));
        return;
    }
    (void) refuse(play, 409, "scenario-running", STR("another scenario runs in this world"),
                  STR("one at a time: they would see each other's clock"));
    play->done(play);
}

/* --- life --- */

struct served *served_open(struct world *world)
{
    struct served *served = mem_alloc(sizeof *served);
    served->world = world;
    mutex_init(&served->lock);
    condition_init(&served->idle);
    served->watch = (struct world_watch){ tell_copy, served };
    atomic_store(&world->watch, &served->watch);
    world->player = (struct world_player){ start, record_write, served };
    return served;
}

void served_stop(struct served *served)
{
    atomic_store(&served->stop, true);
}

void served_close(struct served *served)
{
    served_stop(served);
    SCOPED_LOCK(&served->lock);
    while (served->busy)
        condition_wait(&served->idle, &served->lock);
}

void served_free(struct served *served)
{
    mutex_fini(&served->lock);
    condition_fini(&served->idle);
    free(served);
}
