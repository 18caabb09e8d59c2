/* changes: what was changed by hand (routes, lag, partitions, outages, faults, rules, copies), in
 * the words of change_words.h. Each keeps the lines that repeat it and those that say what was
 * before, so that a record of this world can begin where the world began and make every change
 * again, in order.
 *
 *     changes_before  -->  commit, take into memory  -->  changes_after
 *
 * Ownership: what is kept is copied. Threads: any; one mutex, held for a copy. Bounds:
 * LIMIT_CHANGES are remembered, of LIMIT_CHANGES_BYTES in all (the newest always), the oldest
 * forgotten.
 */
#ifndef ATOLL_SERVER_CHANGES_H
#define ATOLL_SERVER_CHANGES_H

#include "server/request.h"

struct changes;

struct change_said {
    str what; /* the thing: "outage us-east-1"; empty: an act, such as a release */
    str was;  /* lines; empty: as in a world in which nobody changed it */
    str is;   /* lines that repeat the change */
    instant at;
    uint64_t order; /* requests of this number and above came after it */
};

MUST_CHECK struct changes *changes_new(void);
void changes_free(struct changes *changes);
void changes_clear(struct changes *changes);

/* A change that is about to be committed. */
struct changes_pending {
    struct lane *lane;
    struct arena *arena;
    const struct request *rq; /* who asked; NULL: a scenario */
    const struct store_doc *docs;
    size_t count;
    str *was; /* of each */
};
/* Fills `was`; the rest is the caller's. In a world that keeps no changes (tests) it asks nothing,
 * and takes the arena away. */
void changes_before(struct changes_pending *pending);
/* When memory has it. A pending change without an arena is passed over. */
void changes_after(const struct changes_pending *pending);
/* An act that leaves nothing which could be asked; `line` without its end. */
void changes_act(struct lane *lane, const struct request *rq, str line);

/* All that is remembered, oldest first, in the arena. */
const struct change_said *changes_list(struct changes *changes, struct arena *arena, size_t *count);

#endif
