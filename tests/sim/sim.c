/* Random histories of a whole world, in process and on a stopped clock, each from one seed: clients
 * in random places write through an access point of 3 to 5 Regions and past it, while links,
 * Regions, routes and the clock do what they like, the world is closed and opened again and dies in
 * the middle of a commit. Then all heals, and the world must be what its answers promised (model.h,
 * judge.h). Each seed is run twice: the two transcripts are equal byte for byte.
 *
 *     sim [--seeds N] [--seed S] [--steps N] [--data] [--print]
 *
 * --data: every world is closed and opened in the middle, else every third. Ends with "N passed,
 * N failed"; a failure names its seed and the command that repeats it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "server/config.h"
#include "server/config_apply.h"
#include "tests/sim/judge.h"
#include "tests/sim/requests.h"
#include "tests/sim/rules.h"

enum { LOG_BYTES = 8 << 20 };

struct options {
    uint64_t first, seeds, steps;
    bool data, print;
};

/* --- steps: what clients do --- */

static bool is_full(const struct sim *sim)
{
    return sim->count + 8 > SIM_VERSIONS;
}

static void step_put(struct sim *sim)
{
    struct sim_version made = { .key = some_key(sim), .body = some_body(sim) };
    struct ask ask = {
        .method = "PUT", .bucket = somewhere(sim), .path = made.key, .body = made.body
    };
    if (chance(sim, 15)) {
        ask.headers[0][0] = "If-None-Match";
        ask.headers[0][1] = "*";
    } else if (chance(sim, 20)) {
        made.tag = STR("born");
        ask.headers[0][0] = "x-amz-tagging";
        ask.headers[0][1] = "t=born";
    }
    struct got got = tell(sim, &ask);
    made.id = got.version;
    if (got.status == 200)
        sim_written(sim, got.bucket, &made);
}

static void step_delete(struct sim *sim)
{
    struct sim_version made = { .key = some_key(sim), .marker = true };
    struct got got =
        tell(sim, &(struct ask){ .method = "DELETE", .bucket = somewhere(sim), .path = made.key });
    made.id = got.version;
    if (got.status == 204)
        sim_written(sim, got.bucket, &made);
}

static struct sim_version *some_version(struct sim *sim)
{
    return sim->count ? &sim->versions[draw(sim, (unsigned) sim->count)] : NULL;
}

static void step_remove(struct sim *sim)
{
    struct sim_version *version = some_version(sim);
    bool held[SIM_REGIONS] = { 0 };
    if (version == NULL)
        return;
    sim_holders(sim, version, held);
    str path =
        str_format(sim->arena, "%.*s?versionId=%.*s", STR_ARG(version->key), STR_ARG(version->id));
    struct got got =
        tell(sim, &(struct ask){ .method = "DELETE", .bucket = somewhere(sim), .path = path });
    if (got.status == 204)
        sim_removed(sim, version, got.bucket, held);
}

static void step_tag(struct sim *sim)
{
    struct sim_version *version = some_version(sim);
    if (version == NULL)
        return;
    str tag = str_format(sim->arena, "t%u", draw(sim, 1000));
    str path = str_format(sim->arena, "%.*s?tagging&versionId=%.*s", STR_ARG(version->key),
                          STR_ARG(version->id));
    str body = str_format(sim->arena,
                          "<Tagging><TagSet><Tag><Key>t</Key><Value>%.*s</Value></Tag>"
                          "</TagSet></Tagging>",
                          STR_ARG(tag));
    struct got got = tell(
        sim,
        &(struct ask){ .method = "PUT", .bucket = somewhere(sim), .path = path, .body = body });
    if (got.status != 200)
        return;
    if (got.bucket == version->origin)
        version->tag = tag;
    else
        version->retagged = true;
}

static void step_copy(struct sim *sim)
{
    struct sim_version made = { .key = some_key(sim) };
    str key = some_key(sim);
    str source = str_format(sim->arena, "/%.*s/%.*s", STR_ARG(sim->names[draw(sim, sim->regions)]),
                            STR_ARG(key));
    struct got got =
        tell(sim, &(struct ask){ .method = "PUT",
                                 .bucket = sim->names[draw(sim, sim->regions)],
                                 .path = made.key,
                                 .headers = { { "x-amz-copy-source", source.ptr },
                                              { "x-amz-metadata-directive", "REPLACE" },
                                              { "x-amz-tagging-directive", "REPLACE" },
                                              { "x-amz-meta-copied", "yes" } } });
    if (got.status != 200)
        return;
    struct sim_version *from = sim_find(sim, key, got.source_version);
    if (from == NULL)
        SIM_FAIL(sim, "%.*s was copied from a version that nobody wrote", STR_ARG(made.key));
    else
        made.body = from->body;
    made.id = got.version;
    sim_written(sim, got.bucket, &made);
}

static void step_get(struct sim *sim)
{
    str key = some_key(sim);
    struct got got =
        tell(sim, &(struct ask){ .method = "GET", .bucket = somewhere(sim), .path = key });
    const struct sim_version *version = sim_find(sim, key, got.version);
    if (got.status == 200 && (version == NULL || !str_eq(version->body, got.body)))
        SIM_FAIL(sim, "GET %.*s returned what nobody wrote: %.*s", STR_ARG(key), STR_ARG(got.body));
}

static str element(struct sim *sim, str xml, const char *name)
{
    str open = str_format(sim->arena, "<%s>", name);
    size_t at = str_find(xml, open);
    str rest = str_skip(xml, at + open.size);
    return at == xml.size ? STR_NONE : str_first(rest, str_find_char(rest, '<'));
}

static void upload_begin(struct sim *sim)
{
    sim->upload = (struct sim_upload){ .key = some_key(sim) };
    str path = str_format(sim->arena, "%.*s?uploads", STR_ARG(sim->upload.key));
    struct got got =
        tell(sim, &(struct ask){ .method = "POST", .bucket = somewhere(sim), .path = path });
    sim->upload.id = element(sim, got.body, "UploadId");
    sim->upload.open = got.status == 200;
}

/* Through the access point it may meet another Region, which knows of no such upload. */
static void upload_part(struct sim *sim)
{
    struct sim_upload *upload = &sim->upload;
    str body = some_body(sim);
    str path = str_format(sim->arena, "%.*s?partNumber=%u&uploadId=%.*s", STR_ARG(upload->key),
                          upload->count + 1, STR_ARG(upload->id));
    struct got got = tell(
        sim,
        &(struct ask){ .method = "PUT", .bucket = somewhere(sim), .path = path, .body = body });
    if (got.status != 200)
        return;
    upload->bodies[upload->count] = body;
    upload->etags[upload->count++] = got.etag;
}

static void upload_complete(struct sim *sim)
{
    struct sim_upload *upload = &sim->upload;
    struct sim_version made = { .key = upload->key };
    struct buf xml, body;
    buf_init_arena(&xml, sim->arena, 65536);
    buf_init_arena(&body, sim->arena, 65536);
    buf_add(&xml, STR("<CompleteMultipartUpload>"));
    for (unsigned i = 0; i < upload->count; i++) {
        buf_addf(&xml, "<Part><PartNumber>%u</PartNumber><ETag>%.*s</ETag></Part>", i + 1,
                 STR_ARG(upload->etags[i]));
        buf_add(&body, upload->bodies[i]);
    }
    buf_add(&xml, STR("</CompleteMultipartUpload>"));
    str path =
        str_format(sim->arena, "%.*s?uploadId=%.*s", STR_ARG(upload->key), STR_ARG(upload->id));
    struct got got = tell(
        sim, &(struct ask){
                 .method = "POST", .bucket = somewhere(sim), .path = path, .body = buf_str(&xml) });
    if (got.status != 200)
        return;
    upload->open = false;
    made.body = buf_str(&body);
    made.id = got.version;
    sim_written(sim, got.bucket, &made);
}

static void step_upload(struct sim *sim)
{
    if (!sim->upload.open || chance(sim, 5))
        upload_begin(sim);
    else if (sim->upload.count == 0 || (sim->upload.count < SIM_PARTS && chance(sim, 40)))
        upload_part(sim);
    else
        upload_complete(sim);
}

/* --- steps: what happens to the world --- */

static const char *some_region(struct sim *sim)
{
    return sim_regions[draw(sim, sim->regions)];
}

static str for_a_while(struct sim *sim)
{
    return chance(sim, 50) ? str_format(sim->arena, ", \"for\": \"%us\"", 1 + draw(sim, 600))
                           : STR("");
}

static void step_partition(struct sim *sim)
{
    unsigned cut = 1 + draw(sim, sim->regions - 1);
    struct buf groups;
    if (chance(sim, 40)) {
        (void) own(sim, "DELETE", "partitions", STR_NONE);
        return;
    }
    buf_init_arena(&groups, sim->arena, 4096);
    for (unsigned i = 0; i < sim->regions; i++)
        buf_addf(&groups, "%s\"%s\"", i == cut ? "], [" : i ? ", " : "", sim_regions[i]);
    (void) own(sim, "PUT", "partitions",
               str_format(sim->arena, "{\"groups\": [[%.*s]]%.*s}", STR_ARG(buf_str(&groups)),
                          STR_ARG(for_a_while(sim))));
}

static void step_outage(struct sim *sim)
{
    str path = str_format(sim->arena, "regions/%s", some_region(sim));
    (void) own(sim, "PATCH", path.ptr,
               chance(sim, 50)
                   ? STR("{\"outage\": false}")
                   : str_format(sim->arena, "{\"outage\": true%.*s}", STR_ARG(for_a_while(sim))));
}

static void step_hold(struct sim *sim)
{
    unsigned from = draw(sim, sim->regions), to = (from + 1 + draw(sim, sim->regions - 1));
    to %= sim->regions;
    str path = str_format(sim->arena, "links/%s/%s", sim_regions[from], sim_regions[to]);
    (void) own(sim, "PATCH", path.ptr,
               chance(sim, 50) ? STR("{\"hold\": true}") : STR("{\"hold\": false}"));
    if (chance(sim, 50))
        (void) own(sim, "POST", "replication/release",
                   str_format(sim->arena, "{\"count\": %u}", 1 + draw(sim, 3)));
}

static void step_lag(struct sim *sim)
{
    static const char *const lags[] = { "fixed(15s)", "uniform(0s, 90s)", "exponential(mean=20s)",
                                        "fixed(0s)" };
    (void) own(sim, "PATCH", "links/*/*",
               str_format(sim->arena, "{\"lag\": \"%s\"}", lags[draw(sim, COUNT(lags))]));
}

static void step_route(struct sim *sim)
{
    (void) own(sim, "PATCH", "mraps/sim/routes",
               str_format(sim->arena, "{\"%s\": %u}", some_region(sim), chance(sim, 50) ? 100 : 0));
}

static void step_clock(struct sim *sim)
{
    unsigned ms = chance(sim, 20) ? draw(sim, 900000) : draw(sim, 20000);
    (void) own(sim, "POST", "clock",
               chance(sim, 30) ? STR("{\"advance\": \"next\"}")
                               : str_format(sim->arena, "{\"advance\": \"%ums\"}", ms));
}

static const struct {
    unsigned weight;
    void (*run)(struct sim *sim);
} steps[] = {
    { 28, step_put },   { 7, step_delete }, { 6, step_remove },  { 8, step_tag },
    { 6, step_copy },   { 10, step_get },   { 12, step_upload }, { 4, step_partition },
    { 3, step_outage }, { 4, step_hold },   { 1, step_lag },     { 3, step_route },
    { 16, step_clock },
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
}

static bool open_world(struct sim *sim, struct config *config)
{
    str error = STR_NONE;
    sim->world = world_open(sim->arena, &config->settings, &error);
    if (sim->world) {
        sim->watch = (struct world_watch){ copy_told, sim };
        sim->world->watch = &sim->watch;
        sim->world->config = config;
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
    copy_directory(sim);
}

static void forget_step(struct sim *sim)
{
    const struct sim_memory *memory = &sim->crash.memory;
    memcpy(sim->versions, memory->versions, sizeof sim->versions);
    sim->count = memory->count;
    sim->arrivals = memory->arrivals;
    sim->upload = memory->upload;
}

/* A step in the middle of which the process dies, or right behind which, when it commits too
 * little: the world goes on from the files as they were at that moment. */
static bool crash_in_step(struct sim *sim, struct config *config, unsigned number)
{
    sim->crash = (struct sim_crash){ .commits = draw(sim, 2) };
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
    put_v1_rules(sim);
    for (unsigned i = 0; i < sim->steps && sim->failure.size == 0; i++) {
        if (restarts_at != 0 && i == restarts_at && !restart(sim, &config))
            return;
        if (i != crashes_at[0] && i != crashes_at[1])
            one_step(sim);
        else if (!crash_in_step(sim, &config, i))
            return;
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
        (void) fprintf(stderr,
                       "usage: sim [--seeds N] [--seed S] [--steps N] [--data] [--print]\n");
        return 2;
    }
    log_configure(LOG_ERROR, LOG_TEXT);
    for (uint64_t i = 0; i < options.seeds; i++)
        *(run_seed(&options, options.first + i) ? &passed : &failed) += 1;
    (void) printf("%lu passed, %lu failed\n", passed, failed);
    return failed > 0;
}
