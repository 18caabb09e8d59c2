/* What a simulated history was promised: every version that was acknowledged, and in which buckets
 * it has to be at the end. Pure apart from looking whether a bucket holds a version.
 *
 * Ownership: all strings are in the simulation's arena. Threads: the world thread adds copies while
 * the driver waits for it; else one.
 */
#ifndef ATOLL_TESTS_SIM_MODEL_H
#define ATOLL_TESTS_SIM_MODEL_H

#include "replication/timekeeper.h"
#include "server/world.h"

enum { SIM_REGIONS = 5, SIM_VERSIONS = 512, SIM_PARTS = 4 };

struct sim_version {
    str key, id, body;
    unsigned origin; /* bucket */
    bool marker;
    bool wanted[SIM_REGIONS];      /* must be there at the end, and only there */
    unsigned copies[SIM_REGIONS];  /* how often it arrived as a whole */
    unsigned arrived[SIM_REGIONS]; /* the how manieth version that was written or arrived there */
    bool removed;                  /* by its id, from some bucket */
    bool retagged;                 /* in a bucket that only has a copy */
    str tag;
};

struct sim_upload { /* at most one at a time */
    bool open;
    str key, id;
    str bodies[SIM_PARTS], etags[SIM_PARTS];
    unsigned count;
};

/* What a crash in the middle of a step takes back. */
struct sim_memory {
    struct sim_version versions[SIM_VERSIONS];
    size_t count;
    unsigned arrivals;
    struct sim_upload upload;
};

struct sim_crash { /* armed: the directory is copied when so many commits are about to happen */
    unsigned commits;
    bool taken;
    const char *copy; /* directory */
    struct sim_memory memory;
};

struct sim {
    struct arena *arena;
    uint64_t seed, ordinal;
    unsigned regions, steps;
    str names[SIM_REGIONS]; /* buckets; one in each Region */
    bool edge[SIM_REGIONS][SIM_REGIONS];
    bool sync;     /* rules send changes of copies on */
    bool markers;  /* rules take delete markers along */
    bool v1;       /* rules of the old schema, one for each bucket */
    bool arrival;  /* version_order arrival: each bucket orders by what came last */
    bool restarts; /* the world ends and begins in the middle */
    const char *directory;
    struct world *world;
    struct world_watch watch;
    struct lane *lane;
    struct sim_version versions[SIM_VERSIONS];
    size_t count;
    unsigned arrivals;
    struct sim_upload upload;
    struct sim_crash crash;
    struct buf log;
    str failure; /* empty: none */
};

static const char *const sim_regions[SIM_REGIONS] = { "us-east-1", "eu-west-1", "ap-southeast-1",
                                                      "us-west-2", "ap-northeast-1" };

static inline void sim_fail(struct sim *sim, str why)
{
    if (sim->failure.size == 0)
        sim->failure = str_copy(sim->arena, why);
}
#define SIM_FAIL(sim, ...) sim_fail((sim), str_format((sim)->arena, __VA_ARGS__))

static inline unsigned sim_bucket(const struct sim *sim, str name)
{
    for (unsigned i = 0; i < sim->regions; i++)
        if (str_eq(sim->names[i], name))
            return i;
    return SIM_REGIONS;
}

static inline struct sim_version *sim_find(struct sim *sim, str key, str id)
{
    for (size_t i = 0; i < sim->count; i++)
        if (str_eq(sim->versions[i].id, id) && str_eq(sim->versions[i].key, key))
            return &sim->versions[i];
    return NULL;
}

/* Does a rule take it from one bucket to the other? */
static inline bool sim_travels(const struct sim *sim, const struct sim_version *version,
                               unsigned from, unsigned to)
{
    return sim->edge[from][to] && (!version->marker || sim->markers);
}

/* An acknowledged write: from now on it must be where the rules bring it. */
static inline void sim_written(struct sim *sim, unsigned origin, const struct sim_version *what)
{
    if (origin >= sim->regions || what->id.size == 0 || sim_find(sim, what->key, what->id)) {
        SIM_FAIL(sim, "a write of %.*s was acknowledged as '%.*s'", STR_ARG(what->key),
                 STR_ARG(what->id));
        return;
    }
    struct sim_version *version = &sim->versions[sim->count++];
    *version = *what;
    version->origin = origin;
    version->id = str_copy(sim->arena, what->id);
    version->arrived[origin] = ++sim->arrivals;
    for (unsigned i = 0; i < sim->regions; i++)
        version->wanted[i] = i == origin || sim_travels(sim, version, origin, i);
}

static inline bool sim_read(struct sim *sim, unsigned bucket, const struct sim_version *version,
                            struct version_info *out)
{
    struct bucket_info info;
    store_read_begin(sim->lane->reader);
    return store_bucket_get(sim->lane->reader, sim->arena, sim->names[bucket], &info) == STORE_OK &&
           store_version_get(sim->lane->reader, sim->arena, info.id, version->key, version->id,
                             out) == STORE_OK;
}

static inline void sim_holders(struct sim *sim, const struct sim_version *version,
                               bool held[SIM_REGIONS])
{
    struct version_info info;
    for (unsigned i = 0; i < sim->regions; i++)
        held[i] = sim_read(sim, i, version, &info);
}

/* A version was removed by its id from one bucket: that never travels; and where it had not arrived
 * from its origin yet it never will. `held`: as it was before. */
static inline void sim_removed(struct sim *sim, struct sim_version *version, unsigned bucket,
                               const bool held[SIM_REGIONS])
{
    if (bucket >= sim->regions || !held[bucket])
        return;
    version->removed = true;
    version->wanted[bucket] = false;
    for (unsigned i = 0; bucket == version->origin && i < sim->regions; i++)
        version->wanted[i] = version->wanted[i] && held[i];
}

/* A copy arrived: only from where it was written, only along a rule, and once. */
static inline void sim_copied(struct sim *sim, const struct queue_row *row)
{
    struct sim_version *version = sim_find(sim, row->key, row->version_id);
    unsigned from = sim_bucket(sim, row->source_name), to = sim_bucket(sim, row->destination);
    if (version == NULL || from >= sim->regions || to >= sim->regions) {
        SIM_FAIL(sim, "a copy of what nobody wrote: %.*s %.*s", STR_ARG(row->key),
                 STR_ARG(row->version_id));
        return;
    }
    if (!sim_travels(sim, version, from, to))
        SIM_FAIL(sim, "a copy without a rule: %.*s from %.*s", STR_ARG(row->key),
                 STR_ARG(row->source_name));
    if (row->kind == CHANGED_META)
        return;
    if (from != version->origin)
        SIM_FAIL(sim, "a chain: %.*s %.*s was written in %.*s and copied from %.*s",
                 STR_ARG(row->key), STR_ARG(row->version_id), STR_ARG(sim->names[version->origin]),
                 STR_ARG(row->source_name));
    version->arrived[to] = ++sim->arrivals;
    if (++version->copies[to] > 1)
        SIM_FAIL(sim, "a loop: %.*s %.*s arrived twice", STR_ARG(row->key),
                 STR_ARG(row->version_id));
}

#endif
