/* What happens to a simulated world: to its links, Regions, routes, rules, its clock and the copies
 * that are under way. Threads: the driver's. */
#ifndef ATOLL_TESTS_SIM_EVENTS_H
#define ATOLL_TESTS_SIM_EVENTS_H

#include "tests/sim/rules.h"

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
    str how_long = for_a_while(sim);
    buf_init_arena(&groups, sim->arena, 4096);
    for (unsigned i = 0; i < sim->regions; i++)
        buf_addf(&groups, "%s\"%s\"", i == cut ? "], [" : i ? ", " : "", sim_regions[i]);
    (void) own(sim, "PUT", "partitions",
               str_format(sim->arena, "{\"groups\": [[%.*s]], \"one_way\": %s%.*s}",
                          STR_ARG(buf_str(&groups)), chance(sim, 40) ? "true" : "false",
                          STR_ARG(how_long)));
}

static void step_outage(struct sim *sim)
{
    static const char *const planes[] = { "data", "control", "both" };
    str path = str_format(sim->arena, "regions/%s", some_region(sim));
    str how_long = for_a_while(sim);
    str begin = str_format(sim->arena, "{\"outage\": true, \"plane\": \"%s\"%.*s}",
                           planes[draw(sim, COUNT(planes))], STR_ARG(how_long));
    (void) own(sim, "PATCH", path.ptr, chance(sim, 50) ? STR("{\"outage\": false}") : begin);
}

static void step_skew(struct sim *sim)
{
    str path = str_format(sim->arena, "regions/%s", some_region(sim));
    (void) own(sim, "PATCH", path.ptr,
               str_format(sim->arena, "{\"skew\": \"%us\"}", chance(sim, 40) ? 0 : draw(sim, 300)));
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

/* --- copies by hand --- */

/* Some copies: of a key, a Region, a destination, or all; at most so many. */
static str some_copies(struct sim *sim, const char *more)
{
    static const char *const members[] = { "key", "src", "destination" };
    str values[] = { some_key(sim), str_of(some_region(sim)), some_bucket(sim) };
    unsigned count = 1 + draw(sim, 4), by = draw(sim, COUNT(members) + 1);
    if (by == COUNT(members))
        return str_format(sim->arena, "{\"count\": %u%s}", count, more);
    return str_format(sim->arena, "{\"count\": %u, \"%s\": \"%.*s\"%s}", count, members[by],
                      STR_ARG(values[by]), more);
}

static void step_drop(struct sim *sim)
{
    bool fails = chance(sim, 60);
    sim->dropping = true;
    (void) own(sim, "POST", "replication/drop",
               some_copies(sim, fails ? ", \"reason\": \"DstPutObjectNotPermitted\"" : ""));
    sim->dropping = false;
}

static void step_retry(struct sim *sim)
{
    (void) own(sim, "POST", "replication/retry", some_copies(sim, ""));
}

static void step_release(struct sim *sim)
{
    (void) own(sim, "POST", "replication/release", some_copies(sim, ""));
}

/* --- rules --- */

/* A rule is disabled or enabled, while copies of it are under way. */
static void step_rule(struct sim *sim)
{
    unsigned from = draw(sim, sim->regions), to = draw(sim, sim->regions);
    if (sim->v1)
        to = (from + 1) % sim->regions;
    if (from == to)
        return;
    sim->edge[from][to] = !sim->edge[from][to];
    if (!put_rules(sim, from))
        sim->edge[from][to] = !sim->edge[from][to];
}

static void put_versioning(struct sim *sim, unsigned bucket, const char *status)
{
    (void) tell(sim,
                &(struct ask){ .method = "PUT",
                               .bucket = sim->names[bucket],
                               .path = STR("?versioning"),
                               .body = str_format(sim->arena,
                                                  "<VersioningConfiguration><Status>%s</Status>"
                                                  "</VersioningConfiguration>",
                                                  status) });
}

/* The versions and the rules of these buckets as they should be, whatever happened to them. */
static void mend_buckets(struct sim *sim, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        str region = str_format(sim->arena, "regions/%s", sim_regions[i]);
        (void) own(sim, "PATCH", region.ptr, STR("{\"outage\": false}"));
        put_versioning(sim, i, "Enabled");
    }
    for (unsigned i = first; i < first + count; i++)
        if (!put_rules(sim, i))
            SIM_FAIL(sim, "%.*s does not get its rules back", STR_ARG(sim->names[i]));
}

/* A bucket loses its rules and its versions for a while, in which nobody writes to it: copies from
 * it and to it fail, until they are tried again. */
static void step_neglect(struct sim *sim)
{
    unsigned bucket = draw(sim, sim->regions);
    struct got got = tell(sim, &(struct ask){ .method = "DELETE",
                                              .bucket = sim->names[bucket],
                                              .path = STR("?replication") });
    if (got.status != 204) /* its Region is down */
        return;
    put_versioning(sim, bucket, "Suspended");
    step_clock(sim);
    mend_buckets(sim, bucket, 1);
}

#endif
