/* Who sends to whom in a simulated world, and its configuration. Threads: the driver's. */
#ifndef ATOLL_TESTS_SIM_RULES_H
#define ATOLL_TESTS_SIM_RULES_H

#include "tests/sim/requests.h"

/* Who sends to whom: mostly everybody to everybody, else a one-way ring, a star or anything; and by
 * which rules. Those of the old schema know one destination, and always take markers along. */
static inline void draw_rules(struct sim *sim)
{
    unsigned shape = draw(sim, 10);
    sim->v1 = shape == 6 && chance(sim, 60);
    sim->sync = !sim->v1 && chance(sim, 25);
    sim->markers = sim->v1 || chance(sim, 75);
    sim->arrival = chance(sim, 20);
    sim->locks = chance(sim, 40);
    for (unsigned i = 0; i < sim->regions; i++)
        for (unsigned j = 0; j < sim->regions; j++)
            sim->edge[i][j] = i != j && (shape < 5   ? true
                                         : shape < 7 ? j == (i + 1) % sim->regions
                                         : shape < 8 ? i == 0 || j == 0
                                                     : chance(sim, 40));
}

static inline str configuration(struct sim *sim)
{
    struct buf text;
    buf_init_arena(&text, sim->arena, 65536);
    buf_add(&text, STR("{\"version\": 1, \"links\": {\"*\": {\"lag\": \"uniform(0s, 40s)\"}}, "
                       "\"buckets\": {"));
    for (unsigned i = 0; i < sim->regions; i++)
        buf_addf(&text,
                 "%s\"%.*s\": {\"region\": \"%s\", \"versioning\": \"enabled\", "
                 "\"object_lock\": %s}",
                 i ? ", " : "", STR_ARG(sim->names[i]), sim_regions[i],
                 sim->locks ? "true" : "false");
    buf_add(&text, STR("}, \"mraps\": {\"sim\": {\"alias\": \"simulated0123.mrap\", "
                       "\"buckets\": ["));
    for (unsigned i = 0; i < sim->regions; i++)
        buf_addf(&text, "%s\"%.*s\"", i ? ", " : "", STR_ARG(sim->names[i]));
    buf_add(&text, STR("]}}}"));
    return buf_str(&text);
}

static inline void add_v2_rule(struct sim *sim, struct buf *out, unsigned from, unsigned to)
{
    buf_addf(out,
             "<Rule><ID>to-%u</ID><Priority>%u</Priority><Filter/><Status>%s</Status>"
             "<SourceSelectionCriteria><ReplicaModifications><Status>%s</Status>"
             "</ReplicaModifications></SourceSelectionCriteria><DeleteMarkerReplication><Status>%s"
             "</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::%.*s</Bucket>"
             "</Destination></Rule>",
             to, to, sim->edge[from][to] ? "Enabled" : "Disabled",
             sim->sync ? "Enabled" : "Disabled", sim->markers ? "Enabled" : "Disabled",
             STR_ARG(sim->names[to]));
}

static inline void add_v1_rule(struct sim *sim, struct buf *out, unsigned from)
{
    unsigned to = (from + 1) % sim->regions;
    buf_addf(out,
             "<Rule><Prefix></Prefix><Status>%s</Status><Destination><Bucket>arn:aws:s3:::%.*s"
             "</Bucket></Destination></Rule>",
             sim->edge[from][to] ? "Enabled" : "Disabled", STR_ARG(sim->names[to]));
}

/* The rules of one bucket, as sim->edge has them: those that are not in force are there, Disabled.
 * False: they were not put. */
static inline bool put_rules(struct sim *sim, unsigned from)
{
    struct buf out;
    buf_init_arena(&out, sim->arena, 65536);
    buf_add(&out, STR("<ReplicationConfiguration><Role>arn:aws:iam::123456789012:role/sim</Role>"));
    if (sim->v1)
        add_v1_rule(sim, &out, from);
    for (unsigned to = 0; !sim->v1 && to < sim->regions; to++)
        if (to != from)
            add_v2_rule(sim, &out, from, to);
    buf_add(&out, STR("</ReplicationConfiguration>"));
    struct got got = tell(sim, &(struct ask){ .method = "PUT",
                                              .bucket = sim->names[from],
                                              .path = STR("?replication"),
                                              .body = buf_str(&out) });
    if (got.status != 200 && got.status != 503)
        SIM_FAIL(sim, "rules were answered %d: %.*s", got.status, STR_ARG(got.body));
    return got.status == 200;
}

/* Rules, and lists of access control that may be changed. */
static inline void put_settings(struct sim *sim)
{
    for (unsigned i = 0; i < sim->regions; i++) {
        struct got got =
            tell(sim, &(struct ask){ .method = "PUT",
                                     .bucket = sim->names[i],
                                     .path = STR("?ownershipControls"),
                                     .body = STR("<OwnershipControls><Rule><ObjectOwnership>"
                                                 "ObjectWriter</ObjectOwnership></Rule>"
                                                 "</OwnershipControls>") });
        if (got.status != 200)
            SIM_FAIL(sim, "the ownership of %.*s was answered %d", STR_ARG(sim->names[i]),
                     got.status);
        if (!put_rules(sim, i))
            SIM_FAIL(sim, "%.*s has no rules", STR_ARG(sim->names[i]));
    }
}

#endif
