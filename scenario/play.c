/* A world for a script, and what came of it; see play.h. */
#include "scenario/play.h"

#include "base/fs.h"
#include "base/limits.h"
#include "scenario/answer.h"
#include "server/config_apply.h"
#include "server/configs.h"

#define LANE_INDEX 2000      /* apart from the workers' and main's */
#define SHOWN_LINES 40       /* of a timeline, to people */
#define JOURNAL_ENTRIES 1000 /* of a world that lives for one scenario */

struct play {
    struct arena *arena;
    struct world_watch watch;
    const struct script *script;
    const struct play_options *options;
    struct config config;
    struct run run;
    str error; /* when the world could not be made */
};

/* Nobody signs: requests are made inside. What `config FILE` says about time and chance counts
 * unless the script says it itself. */
static bool read_settings(struct play *play)
{
    const struct script *script = play->script;
    struct settings *settings = &play->config.settings;
    struct buf problems;
    str text = STR("{}");
    int failed = 0;
    if (script->config.size > 0)
        failed =
            fs_read_file(play->arena, str_c(play->arena, script->config), LIMIT_JSON_BYTES, &text);
    if (failed) {
        play->error = str_format(play->arena, "cannot read %.*s: %s", STR_ARG(script->config),
                                 strerror(-failed));
        return false;
    }
    buf_init_arena(&problems, play->arena, 65536);
    if (!config_parse_text(play->arena, text, &play->config, &problems)) {
        play->error = buf_str(&problems);
        return false;
    }
    bool own = script->config.size == 0;
    if (own || script->has_clock) {
        settings->clock_mode = script->clock_mode;
        settings->clock_start = script->clock_start;
    }
    if (own || script->has_seed)
        settings->seed = script->seed;
    if (play->options->has_seed)
        settings->seed = play->options->seed;
    settings->seed_given = settings->clock_mode_given = true;
    settings->auth = AUTH_MODE_OFF;
    settings->explain_headers = true;
    settings->data = STR_NONE;
    settings->load_dir = STR_NONE;
    settings->journal = JOURNAL_ENTRIES;
    return true;
}

static bool open_world(struct play *play)
{
    struct run *run = &play->run;
    run->world = world_open(play->arena, &play->config.settings, &play->error);
    if (run->world == NULL)
        return false;
    run->began = run_now(run);
    run->timeline = timeline_new(run->began);
    play->watch = (struct world_watch){ timeline_copy, run->timeline };
    atomic_store(&run->world->watch, &play->watch);
    if (play->script->config.size > 0)
        configs_replace(run->world->configs, NULL, &play->config);
    run->lane = world_lane_open(run->world, LANE_INDEX);
    if (run->lane == NULL) {
        play->error = STR("the database could not be opened for reading");
        return false;
    }
    return play->script->config.size == 0 ||
           config_apply(play->arena, run->world, run->lane, &play->error);
}

static void close_world(struct run *run)
{
    if (run->lane)
        run_forget_answer(run);
    world_lane_close(run->lane);
    world_close(run->world);
    timeline_free(run->timeline);
}

static void tell_failure(struct play *play, struct report_outcome *outcome)
{
    const struct run_failure *failure = &play->run.failure;
    outcome->where = play->script->path;
    outcome->got = play->error;
    if (failure->line == NULL)
        return;
    outcome->where =
        str_format(play->arena, "%.*s:%u", STR_ARG(failure->line->file), failure->line->number);
    outcome->line = failure->line->text;
    outcome->got = failure->got;
    outcome->why = failure->why;
    outcome->answer = answer_text(&play->run, play->arena);
}

static void tell(struct play *play, struct report_outcome *outcome)
{
    struct run *run = &play->run;
    const struct play_options *options = play->options;
    struct buf timeline;
    outcome->steps = run->steps;
    outcome->step_count = run->step_count;
    for (size_t i = 0; i < run->step_count; i++)
        outcome->steps_passed += run->steps[i].passed;
    if (!outcome->passed)
        tell_failure(play, outcome);
    if (run->timeline == NULL)
        return;
    outcome->began = run->began;
    outcome->emulated = instant_diff(run_now(run), run->began);
    if (outcome->passed && !options->verbose && !options->timelines)
        return;
    buf_init_arena(&timeline, play->arena, LIMIT_ANSWER_BYTES);
    timeline_write(run->timeline, options->verbose || options->timelines ? 0 : SHOWN_LINES,
                   options->verbose, &timeline);
    outcome->timeline = buf_str(&timeline);
    if (options->timelines)
        outcome->events = timeline_events(run->timeline, play->arena, &outcome->event_count);
}

static struct report_outcome *outcome_new(struct arena *arena, const struct script *script)
{
    struct report_outcome *outcome = ARENA_NEW(arena, struct report_outcome);
    outcome->file = script->path;
    outcome->name = script->name;
    outcome->title = script->title;
    outcome->steps_wanted = script->steps;
    return outcome;
}

struct report_outcome *play_script(struct arena *arena, const struct script *script,
                                   const struct play_options *options)
{
    struct play play = { .arena = arena, .script = script, .options = options };
    struct report_outcome *outcome = outcome_new(arena, script);
    play.run = (struct run){ .arena = arena, .script = script, .verbose = options->verbose };
    outcome->passed = read_settings(&play) && open_world(&play) && run_script(&play.run);
    outcome->seed = play.config.settings.seed;
    outcome->timeline_shown = options->verbose;
    tell(&play, outcome);
    close_world(&play.run);
    return outcome;
}

struct report_outcome *play_in(struct arena *arena, const struct play_place *place,
                               const struct script *script, const struct play_options *options)
{
    struct world *world = place->lane->world;
    struct play play = { .arena = arena, .script = script, .options = options };
    struct report_outcome *outcome = outcome_new(arena, script);
    play.run = (struct run){ .arena = arena,
                             .script = script,
                             .world = world,
                             .lane = place->lane,
                             .timeline = place->timeline,
                             .began = clock_now(world->clock),
                             .verbose = options->verbose,
                             .stop = place->stop };
    outcome->passed = run_script(&play.run);
    outcome->seed = world->seed;
    outcome->timeline_shown = options->verbose;
    tell(&play, outcome);
    run_forget_answer(&play.run);
    return outcome;
}
