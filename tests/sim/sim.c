/* Random histories of a whole world, in process and on a stopped clock, each from one seed: clients
 * in random places write through an access point of 3 to 5 Regions and past it, while links,
 * Regions, routes and the clock do what they like, the world is closed and opened again and dies in
 * the middle of a commit. Then all heals, and the world must be what its answers promised (model.h,
 * judge.h). Each seed is run twice: the two transcripts are equal byte for byte.
 *
 *     sim [--seeds N] [--from S] [--seed S] [--steps N] [--data] [--print]
 *
 * --data: every world is closed and opened in the middle, else every third. Ends with "N passed,
 * N failed"; a failure names its seed and the command that repeats it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "server/config.h"
#include "server/configs.h"
#include "server/config_apply.h"
#include "tests/sim/clients.h"
#include "tests/sim/events.h"
#include "tests/sim/judge.h"

enum { LOG_BYTES = 8 << 20, JUDGED_EVERY = 10 };

struct options {
    uint64_t first, seeds, steps;
    bool data, print;
};

/* --- steps --- */

static const struct {
    unsigned weight;
    void (*run)(struct sim *sim);
} steps[] = {
    { 26, step_put },   { 7, step_delete },  { 6, step_remove },  { 14, step_change },
    { 6, step_copy },   { 8, step_get },     { 10, step_upload }, { 4, step_partition },
    { 3, step_outage }, { 1, step_skew },    { 4, step_hold },    { 1, step_lag },
    { 3, step_route },  { 2, step_drop },    { 2, step_retry },   { 2, step_release },
    { 3, step_rule },   { 1, step_neglect }, { 16, step_clock },
};

static void one_step(struct sim *sim)
{
    unsigned all = 0, at = 0;
    for (size_t i = 0; i < COUNT(steps); i++)
        all += steps[i].weight;
    unsigned picked = draw(sim, all);
    while (picked >= steps[at].weight)
        picked -= steps[at++].weight;
    if (!is_full(sim))
        steps[at].run(sim);
}

/* --- the world --- */

static void copy_told(void *ctx, const struct copy_told *copy)
{
    struct sim *sim = ctx;
    buf_addf(&sim->log, "  copy %.*s %.*s %.*s -> %.*s %d at %lld %.*s\n", STR_ARG(copy->row->key),
             STR_ARG(copy->row->version_id), STR_ARG(copy->row->source_name),
             STR_ARG(copy->row->destination), (int) copy->outcome, (long long) copy->at.ns,
             STR_ARG(copy->reason));
    if (copy->outcome == OUTCOME_COPIED)
        sim_copied(sim, copy->row);
    if (copy->outcome == OUTCOME_FAILED)
        sim_failed(sim, copy->row, copy->reason);
    if (copy->outcome == OUTCOME_DROPPED)
        sim_dropped(sim, copy->row);
}

static bool open_world(struct sim *sim, struct config *config)
{
    str error = STR_NONE;
    sim->world = world_open(sim->arena, &config->settings, &error);
    if (sim->world) {
        sim->watch = (struct world_watch){ copy_told, sim };
        sim->world->watch = &sim->watch;
        configs_replace(sim->world->configs, NULL, config);
        sim->lane = world_lane_open(sim->world, 0);
    }
    if (sim->lane && config_apply(sim->arena, sim->world, sim->lane, &error))
        return true;
    SIM_FAIL(sim, "the world does not open: %.*s", STR_ARG(error));
    return false;
}

static void close_world(struct sim *sim)
{
    world_lane_close(sim->lane);
    world_close(sim->world);
    sim->lane = NULL;
    sim->world = NULL;
}

static bool configure(struct sim *sim, struct config *config)
{
    struct buf problems;
    buf_init_arena(&problems, sim->arena, 65536);
    if (!config_parse_text(sim->arena, configuration(sim), config, &problems)) {
        SIM_FAIL(sim, "%.*s", STR_ARG(buf_str(&problems)));
        return false;
    }
    struct settings *settings = &config->settings;
    settings->data = str_of(sim->directory);
    settings->seed = sim->seed;
    settings->seed_given = settings->clock_mode_given = true;
    settings->clock_mode = CLOCK_MANUAL;
    settings->clock_start = (instant){ 1767323045000000000 };
    settings->auth = AUTH_MODE_OFF;
    settings->part_min_bytes = 8;
    settings->journal = 16;
    settings->version_order = sim->arrival ? ORDER_ARRIVAL : ORDER_ORIGIN;
    return true;
}

/* All is well again, and time enough passes. */
static void heal(struct sim *sim)
{
    (void) own(sim, "DELETE", "partitions", STR_NONE);
    for (unsigned i = 0; i < sim->regions; i++) {
        str region = str_format(sim->arena, "regions/%s", sim_regions[i]);
        (void) own(sim, "PATCH", region.ptr, STR("{\"outage\": false}"));
        for (unsigned j = 0; j < sim->regions; j++) {
            str link = str_format(sim->arena, "links/%s/%s", sim_regions[i], sim_regions[j]);
            if (i != j)
                (void) own(sim, "PATCH", link.ptr, STR("{\"hold\": false}"));
        }
    }
    (void) own(sim, "POST", "replication/release", STR("{}"));
    (void) own(sim, "POST", "clock", STR("{\"advance\": \"48h\"}"));
    judge_now(sim);
    (void) own(sim, "POST", "replication/retry", STR("{}"));
    (void) own(sim, "POST", "clock", STR("{\"advance\": \"48h\"}"));
}

/* --- crashes --- */

static void copy_directory(struct sim *sim)
{
    str command = str_format(sim->arena, "cp -a '%s' '%s'", sim->directory, sim->crash.copy);
    if (system(str_c(sim->arena, command)) != 0)
        SIM_FAIL(sim, "%s cannot be copied", sim->directory);
}

/* The writer's: the driver waits for it. What the model knows now is what was acknowledged, and
 * what is committed: the commit that is about to happen is lost. */
static void before_commit(void *ctx, const char *name)
{
    struct sim *sim = ctx;
    struct sim_crash *crash = &sim->crash;
    if (strcmp(name, "put.before_commit") != 0 || crash->taken || crash->commits-- > 0)
        return;
    crash->taken = true;
    memcpy(crash->memory.versions, sim->versions, sizeof sim->versions);
    crash->memory.count = sim->count;
    crash->memory.arrivals = sim->arrivals;
    crash->memory.upload = sim->upload;
    memcpy(crash->memory.edge, sim->edge, sizeof sim->edge);
    copy_directory(sim);
}

static void forget_step(struct sim *sim)
{
    const struct sim_memory *memory = &sim->crash.memory;
    memcpy(sim->versions, memory->versions, sizeof sim->versions);
    sim->count = memory->count;
    sim->arrivals = memory->arrivals;
    sim->upload = memory->upload;
    memcpy(sim->edge, memory->edge, sizeof sim->edge);
}

/* A step in the middle of which the process dies, or right behind which, when it commits too
 * little: the world goes on from the files as they were at that moment. */
static bool crash_in_step(struct sim *sim, struct config *config, unsigned number)
{
    sim->crash = (struct sim_crash){ .commits = draw(sim, 4) };
    sim->crash.copy = str_c(sim->arena, str_format(sim->arena, "%s.%u", sim->directory, number));
    store_set_sync_point(sim->world->store, before_commit, sim);
    one_step(sim);
    store_set_sync_point(sim->world->store, NULL, NULL);
    if (sim->crash.taken)
        forget_step(sim);
    else
        copy_directory(sim);
    buf_addf(&sim->log, "== a crash %s\n", sim->crash.taken ? "before a commit" : "after all");
    close_world(sim);
    fs_remove_tree(sim->directory);
    sim->directory = sim->crash.copy;
    config->settings.data = str_of(sim->directory);
    return open_world(sim, config);
}

static bool restart(struct sim *sim, struct config *config)
{
    close_world(sim);
    return open_world(sim, config);
}

static void live(struct sim *sim)
{
    struct config config;
    unsigned third = sim->steps / 3 + 1, restarts_at = sim->restarts ? third + draw(sim, third) : 0;
    unsigned crashes_at[] = { draw(sim, sim->steps), draw(sim, sim->steps) };
    if (!configure(sim, &config) || !open_world(sim, &config))
        return;
    put_settings(sim);
    for (unsigned i = 0; i < sim->steps && sim->failure.size == 0; i++) {
        if (restarts_at != 0 && i == restarts_at && !restart(sim, &config))
            return;
        if (i != crashes_at[0] && i != crashes_at[1])
            one_step(sim);
        else if (!crash_in_step(sim, &config, i))
            return;
        else /* in the middle of a step of several requests, perhaps */
            mend_buckets(sim, 0, sim->regions);
        if (i % JUDGED_EVERY == 0 || i == crashes_at[0] || i == crashes_at[1] || i == restarts_at)
            judge_now(sim);
    }
    heal(sim);
    judge_world(sim);
    if (sim->log.overflow)
        SIM_FAIL(sim, "the transcript is too long");
}

/* --- runs --- */

static struct sim *run(struct arena *arena, const struct options *options, uint64_t seed)
{
    struct sim *sim = ARENA_NEW(arena, struct sim);
    const char *parent = getenv("TMPDIR");
    str path = str_format(arena, "%s/atoll-sim-XXXXXX", parent && *parent ? parent : "/tmp");
    char *directory = str_c(arena, path);
    sim->arena = arena;
    sim->seed = seed;
    sim->steps = (unsigned) options->steps;
    sim->directory = mkdtemp(directory);
    buf_init_arena(&sim->log, arena, LOG_BYTES);
    if (sim->directory == NULL) {
        SIM_FAIL(sim, "no directory could be made; set TMPDIR");
        return sim;
    }
    sim->regions = 3 + draw(sim, SIM_REGIONS - 2);
    sim->restarts = options->data || seed % 3 == 0;
    for (unsigned i = 0; i < sim->regions; i++)
        sim->names[i] = str_format(arena, "sim-%s", sim_regions[i]);
    draw_rules(sim);
    live(sim);
    close_world(sim);
    fs_remove_tree(sim->directory);
    return sim;
}

/* Where two transcripts part: the line of each. */
static void compare(struct sim *first, struct sim *second)
{
    str a = buf_str(&first->log), b = buf_str(&second->log), left, right;
    while (!str_eq(a, b)) {
        bool more = str_next(&a, '\n', &left);
        more = str_next(&b, '\n', &right) && more;
        if (!more || !str_eq(left, right)) {
            SIM_FAIL(first, "two runs differ: '%.*s' and '%.*s'", STR_ARG(left), STR_ARG(right));
            return;
        }
    }
}

static bool run_seed(const struct options *options, uint64_t seed)
{
    struct arena *arena = arena_new(), *again = arena_new();
    struct sim *sim = run(arena, options, seed);
    if (sim->failure.size == 0)
        compare(sim, run(again, options, seed));
    if (options->print)
        (void) printf("%.*s", STR_ARG(buf_str(&sim->log)));
    bool passed = sim->failure.size == 0;
    if (!passed)
        (void) printf("seed %llu: %.*s\n  repeat it: make sim SIM=\"--seed %llu --steps %llu%s "
                      "--print\"\n",
                      (unsigned long long) seed, STR_ARG(sim->failure), (unsigned long long) seed,
                      (unsigned long long) options->steps, options->data ? " --data" : "");
    (void) fflush(stdout);
    arena_free(arena);
    arena_free(again);
    return passed;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        str flag = str_of(argv[i]);
        uint64_t *number = str_is(flag, "--seeds")   ? &options->seeds
                           : str_is(flag, "--seed")  ? &options->first
                           : str_is(flag, "--from")  ? &options->first
                           : str_is(flag, "--steps") ? &options->steps
                                                     : NULL;
        if (str_is(flag, "--data"))
            options->data = true;
        else if (str_is(flag, "--print"))
            options->print = true;
        else if (number == NULL || ++i == argc || !str_to_u64(str_of(argv[i]), number))
            return false;
        if (str_is(flag, "--seed"))
            options->seeds = 1;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options options = { .first = 1, .seeds = 100, .steps = 150 };
    unsigned long passed = 0, failed = 0;
    if (!read_options(argc, argv, &options)) {
        (void) fprintf(
            stderr,
            "usage: sim [--seeds N] [--from S] [--seed S] [--steps N] [--data] [--print]\n");
        return 2;
    }
    log_configure(LOG_ERROR, LOG_TEXT);
    for (uint64_t i = 0; i < options.seeds; i++)
        *(run_seed(&options, options.first + i) ? &passed : &failed) += 1;
    (void) printf("%lu passed, %lu failed\n", passed, failed);
    return failed > 0;
}
