/* play: one run of one script: a world of its own is opened, the script runs, an outcome is made.
 * Ownership: the outcome's strings belong to the arena. Threads: blocks. */
#ifndef ATOLL_SCENARIO_PLAY_H
#define ATOLL_SCENARIO_PLAY_H

#include "scenario/report.h"
#include "scenario/run.h"

struct play_options {
    uint64_t seed; /* with has_seed: over the file's */
    bool has_seed;
    bool verbose;   /* the whole timeline with every answer, also of what passed */
    bool timelines; /* kept also of what passed: for JUnit, JSON and the page */
};

struct report_outcome *play_script(struct arena *arena, const struct script *script,
                                   const struct play_options *options);
/* A world that is there already; afterwards it stands as the script left it. */
struct play_place {
    struct lane *lane;
    struct timeline *timeline; /* who watches the world tells it of copies */
    const _Atomic bool *stop;  /* run.h; may be NULL */
};
struct report_outcome *play_in(struct arena *arena, const struct play_place *place,
                               const struct script *script, const struct play_options *options);

#endif
