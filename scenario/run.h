/* run: one script on its way through one world.
 *
 * The run owns the last request until the next one is made, since facts are asked of it. Commands
 * answer false after run_fail; the first failure ends the run, except inside `eventually`.
 * Threads: one. Ownership: what is kept hangs from the run's arena.
 */
#ifndef ATOLL_SCENARIO_RUN_H
#define ATOLL_SCENARIO_RUN_H

#include "scenario/commands.h"
#include "scenario/timeline.h"
#include "server/config.h"
#include "server/s3/xml.h"
#include "server/world.h"

struct run_part { /* of an upload, as the server took it */
    str upload, etag;
    uint64_t number;
    struct run_part *next;
};

struct run_failure {
    const struct script_line *line; /* NULL: nothing failed */
    str got;
    str why;   /* may be empty */
    str about; /* the target whose Regions may explain it; may be empty */
    str lacks; /* the one bucket that matters; empty: all */
};

struct run_step {
    str title;
    bool passed;
};

struct run {
    struct arena *arena;
    const struct script *script;
    struct world *world;
    struct lane *lane;
    const struct config *config; /* of `config FILE`; NULL: none */
    struct timeline *timeline;
    instant began;
    bool verbose;             /* answers are kept in the timeline */
    const _Atomic bool *stop; /* in the world of a server, which may end: true: no further line */

    struct request *last;
    str body;              /* of its answer */
    const struct xml *xml; /* of it, once somebody asked */
    bool xml_asked;
    struct fields variables;
    struct run_part *parts;

    struct run_step *steps; /* script->steps of them at most */
    size_t step_count;      /* begun */
    struct run_failure failure;
};

/* All lines; false when one failed. The steps say how far it came. */
MUST_CHECK bool run_script(struct run *run);
void run_forget_answer(struct run *run);

/* Always false. The first one of an attempt counts. */
bool run_fail(struct call *call, const char *format, ...) PRINTF_LIKE(2, 3);
void run_why(struct run *run, str why);
instant run_now(const struct run *run);
/* A line of the timeline. */
void run_note(struct run *run, const char *format, ...) PRINTF_LIKE(2, 3);

/* A job of the world thread; false when it did not go through, and that was said.
 * TIME_NOT_CONVERGED and TIME_COPY_FAILED are the caller's to judge. */
MUST_CHECK bool run_job(struct call *call, struct time_job *job);
/* Documents committed, then taken into memory: links, partitions, outages, access points. */
MUST_CHECK bool run_commit(struct call *call, const struct store_doc *docs, size_t count);

#endif
