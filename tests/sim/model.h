/* What a simulated history was promised: every version that was acknowledged, in which buckets it
 * has to be at the end, and what its metadata has to say there. Pure apart from looking at what a
 * bucket holds.
 *
 * Ownership: all strings are in the simulation's arena. Threads: the world thread adds copies while
 * the driver waits for it; else one.
 */
#ifndef ATOLL_TESTS_SIM_MODEL_H
#define ATOLL_TESTS_SIM_MODEL_H

#include "replication/timekeeper.h"
#include "server/world.h"

enum { SIM_REGIONS = 5, SIM_VERSIONS = 512, SIM_PARTS = 4 };

/* What of a version may change in place; each is changed by a request of its own. */
enum sim_aspect { SIM_TAGS, SIM_ACL, SIM_HOLD, SIM_RETENTION, SIM_ASPECTS };

struct sim_version {
    str key, id, body;
    unsigned origin; /* bucket */
    bool marker;
    bool sent[SIM_REGIONS];        /* a copy was begun when it was written */
    bool wanted[SIM_REGIONS];      /* must be there at the end, and only there */
    unsigned copies[SIM_REGIONS];  /* how often it arrived as a whole */
    unsigned arrived[SIM_REGIONS]; /* the how manieth version that was written or arrived there */
    bool touched;                  /* changed where it is a copy */
    bool dropped;                  /* some of its copies were given up by hand */
    bool failed;                   /* some of its copies failed, for a while at least */
    str value[SIM_ASPECTS][SIM_REGIONS];
    bool unsure[SIM_ASPECTS][SIM_REGIONS]; /* no promise what the value is there */
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
    bool edge[SIM_REGIONS][SIM_REGIONS];
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
    bool locks;    /* buckets have Object Lock */
    bool arrival;  /* version_order arrival: each bucket orders by what came last */
    bool dropping; /* somebody asked for it just now */
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

/* --- what a bucket holds --- */

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

static inline str sim_aspect(struct sim *sim, const struct version_info *info,
                             enum sim_aspect aspect)
{
    switch (aspect) {
    case SIM_TAGS:
        return info->meta.tags;
    case SIM_ACL:
        return info->meta.acl;
    case SIM_HOLD:
        return info->meta.legal_hold ? STR("ON") : STR("OFF");
    case SIM_RETENTION:
        return str_format(sim->arena, "%d until %lld", (int) info->meta.lock_mode,
                          (long long) info->meta.lock_until.ns);
    case SIM_ASPECTS:
        break;
    }
    return STR_NONE;
}

/* --- what is acknowledged --- */

/* An acknowledged write: from now on it must be where the rules bring it. */
static inline void sim_written(struct sim *sim, unsigned origin, const struct sim_version *what)
{
    if (origin >= sim->regions || what->id.size == 0 || sim_find(sim, what->key, what->id)) {
        SIM_FAIL(sim, "a write of %.*s was acknowledged as '%.*s'", STR_ARG(what->key),
                 STR_ARG(what->id));
        return;
    }
    struct sim_version *version = &sim->versions[sim->count++];
    struct version_info info;
    *version = *what;
    version->origin = origin;
    version->id = str_copy(sim->arena, what->id);
    version->arrived[origin] = ++sim->arrivals;
    if (!sim_read(sim, origin, version, &info)) {
        SIM_FAIL(sim, "%.*s '%.*s' was acknowledged, and is not there", STR_ARG(what->key),
                 STR_ARG(what->id));
        return;
    }
    for (unsigned i = 0; i < sim->regions; i++) {
        version->sent[i] = sim->edge[origin][i] && (!version->marker || sim->markers);
        version->wanted[i] = i == origin || version->sent[i];
        for (unsigned aspect = 0; aspect < SIM_ASPECTS; aspect++)
            version->value[aspect][i] = sim_aspect(sim, &info, (enum sim_aspect) aspect);
    }
}

static inline bool sim_leaves(const struct sim *sim, const struct sim_version *version)
{
    for (unsigned i = 0; i < sim->regions; i++)
        if (version->sent[i])
            return true;
    return false;
}

static inline void sim_unsure(struct sim_version *version, enum sim_aspect aspect)
{
    for (unsigned i = 0; i < SIM_REGIONS; i++)
        version->unsure[aspect][i] = true;
}

struct sim_change {
    enum sim_aspect aspect;
    str after; /* what the version must say now; unset: whatever it says */
};

/* An acknowledged change in place. Made where the version was written it travels along the rules of
 * that moment; one that no rule takes may still go with a copy that was under way. Made on a copy
 * it is that bucket's own, or with sync one of several that overwrite each other. */
static inline void sim_changed(struct sim *sim, struct sim_version *version, unsigned bucket,
                               const struct sim_change *change)
{
    enum sim_aspect aspect = change->aspect;
    struct version_info info;
    bool origin = bucket == version->origin;
    if (!sim_read(sim, bucket, version, &info)) {
        SIM_FAIL(sim, "%.*s %.*s was changed, and is gone", STR_ARG(version->key),
                 STR_ARG(version->id));
        return;
    }
    str value = sim_aspect(sim, &info, aspect);
    if (str_is_set(change->after) && !str_eq(change->after, value))
        SIM_FAIL(sim, "a change of %.*s %.*s was acknowledged, not made", STR_ARG(version->key),
                 STR_ARG(version->id));
    version->touched = version->touched || !origin;
    if (version->touched && sim->sync) {
        sim_unsure(version, aspect);
        return;
    }
    version->value[aspect][bucket] = value;
    version->unsure[aspect][bucket] = !origin; /* an older change may be coming */
    for (unsigned i = 0; origin && sim_leaves(sim, version) && i < sim->regions; i++) {
        if (i == bucket)
            continue;
        version->unsure[aspect][i] = !sim->edge[bucket][i];
        version->value[aspect][i] = value;
    }
}

/* A version was removed by its id from one bucket: that never travels; and where it had not arrived
 * from its origin yet it never will. `held`: as it was before. */
static inline void sim_removed(struct sim *sim, struct sim_version *version, unsigned bucket,
                               const bool held[SIM_REGIONS])
{
    if (bucket >= sim->regions || !held[bucket])
        return;
    version->wanted[bucket] = false;
    for (unsigned i = 0; bucket == version->origin && i < sim->regions; i++) {
        version->wanted[i] = version->wanted[i] && held[i];
        for (unsigned aspect = 0; aspect < SIM_ASPECTS; aspect++)
            version->unsure[aspect][i] = true; /* changes under way have lost their source */
    }
}

/* --- what copies do --- */

static inline struct sim_version *sim_copy_of(struct sim *sim, const struct queue_row *row,
                                              unsigned *from, unsigned *to)
{
    struct sim_version *version = sim_find(sim, row->key, row->version_id);
    *from = sim_bucket(sim, row->source_name);
    *to = sim_bucket(sim, row->destination);
    if (version && *from < sim->regions && *to < sim->regions)
        return version;
    SIM_FAIL(sim, "a copy of what nobody wrote: %.*s %.*s", STR_ARG(row->key),
             STR_ARG(row->version_id));
    return NULL;
}

/* A copy arrived: only from where it was written, only along a rule, and once. */
static inline void sim_copied(struct sim *sim, const struct queue_row *row)
{
    unsigned from, to;
    struct sim_version *version = sim_copy_of(sim, row, &from, &to);
    if (version == NULL)
        return;
    if (from != version->origin && !(row->kind == CHANGED_META && sim->sync))
        SIM_FAIL(sim, "a chain: %.*s %.*s was written in %.*s and copied from %.*s",
                 STR_ARG(row->key), STR_ARG(row->version_id), STR_ARG(sim->names[version->origin]),
                 STR_ARG(row->source_name));
    if (row->kind == CHANGED_META)
        return;
    if (!version->wanted[to])
        SIM_FAIL(sim, "a copy of what was removed: %.*s %.*s", STR_ARG(row->key),
                 STR_ARG(row->version_id));
    if (!version->sent[to])
        SIM_FAIL(sim, "a copy without a rule: %.*s from %.*s", STR_ARG(row->key),
                 STR_ARG(row->source_name));
    version->arrived[to] = ++sim->arrivals;
    if (++version->copies[to] > 1)
        SIM_FAIL(sim, "a loop: %.*s %.*s arrived twice", STR_ARG(row->key),
                 STR_ARG(row->version_id));
}

/* A copy failed. A change that overtook its version has to wait for it, as long as it is coming. */
static inline void sim_failed(struct sim *sim, const struct queue_row *row, str reason)
{
    unsigned from, to;
    struct sim_version *version = sim_copy_of(sim, row, &from, &to);
    if (version == NULL)
        return;
    version->failed = version->failed || row->kind != CHANGED_META;
    if (str_is(reason, "DstVersionNotFound") && from == version->origin && version->sent[to] &&
        version->wanted[to] && version->copies[to] == 0 && !version->failed)
        SIM_FAIL(sim, "a change of %.*s %.*s failed before the version came", STR_ARG(row->key),
                 STR_ARG(row->version_id));
}

/* A copy was given up for good. */
static inline void sim_dropped(struct sim *sim, const struct queue_row *row)
{
    unsigned from, to;
    struct sim_version *version = sim_copy_of(sim, row, &from, &to);
    if (version == NULL)
        return;
    version->dropped = true;
    if (!sim->dropping)
        SIM_FAIL(sim, "nobody gave up the copy of %.*s %.*s", STR_ARG(row->key),
                 STR_ARG(row->version_id));
    if (row->kind != CHANGED_META)
        version->wanted[to] = false;
    for (unsigned aspect = 0; row->kind == CHANGED_META && aspect < SIM_ASPECTS; aspect++)
        version->unsure[aspect][to] = true;
}

#endif
