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
    const char *between = "";
    buf_init_arena(&text, sim->arena, 65536);
    buf_add(&text, STR("{\"version\": 1, \"links\": {\"*\": {\"lag\": \"uniform(0s, 40s)\"}}, "
                       "\"buckets\": {"));
    for (unsigned i = 0; i < sim->regions; i++)
        buf_addf(&text, "%s\"%.*s\": {\"region\": \"%s\", \"versioning\": \"enabled\"}",
                 i ? ", " : "", STR_ARG(sim->names[i]), sim_regions[i]);
    buf_add(&text, STR("}, \"mraps\": {\"sim\": {\"alias\": \"simulated0123.mrap\", "
                       "\"buckets\": ["));
    for (unsigned i = 0; i < sim->regions; i++)
        buf_addf(&text, "%s\"%.*s\"", i ? ", " : "", STR_ARG(sim->names[i]));
    buf_add(&text, STR("]}}, \"replication\": ["));
    for (unsigned i = 0; i < sim->regions; i++)
        for (unsigned j = 0; j < sim->regions; j++)
            if (sim->edge[i][j] && !sim->v1) {
                buf_addf(&text,
                         "%s{\"link\": \"%.*s -> %.*s\", \"delete_markers\": %s, "
                         "\"replica_modifications\": %s}",
                         between, STR_ARG(sim->names[i]), STR_ARG(sim->names[j]),
                         sim->markers ? "true" : "false", sim->sync ? "true" : "false");
                between = ", ";
            }
    buf_add(&text, STR("]}"));
    return buf_str(&text);
}

/* Rules of the old schema are no part of a configuration file. */
static inline void put_v1_rules(struct sim *sim)
{
    for (unsigned i = 0; sim->v1 && i < sim->regions; i++) {
        unsigned to = (i + 1) % sim->regions;
        str body = str_format(
            sim->arena,
            "<ReplicationConfiguration><Role>arn:aws:iam::123456789012:role/sim</Role><Rule>"
            "<Prefix></Prefix><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::%.*s"
            "</Bucket></Destination></Rule></ReplicationConfiguration>",
            STR_ARG(sim->names[to]));
        struct got got = tell(sim, &(struct ask){ .method = "PUT",
                                                  .bucket = sim->names[i],
                                                  .path = STR("?replication"),
                                                  .body = body });
        if (got.status != 200)
            SIM_FAIL(sim, "a rule of the old schema was answered %d: %.*s", got.status,
                     STR_ARG(got.body));
    }
}

#endif
