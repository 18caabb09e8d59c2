/* clock_doc: the emulated clock as a document, so that a restart goes on where it was. Pure. */
#ifndef ATOLL_REPLICATION_CLOCK_DOC_H
#define ATOLL_REPLICATION_CLOCK_DOC_H

#include "base/clock.h"
#include "storage/store.h"

#define CLOCK_DOC_KIND "clock"

struct clock_state {
    enum clock_mode mode;
    instant at;   /* emulated */
    instant wall; /* when this was noted */
    double rate;
    uint64_t seed;
};

struct store_doc clock_doc(struct arena *arena, const struct clock_state *state);
MUST_CHECK bool clock_from_doc(str body, struct clock_state *out);
/* STORE_ABSENT in a new world. */
MUST_CHECK enum store_result clock_doc_read(struct store_reader *reader, struct clock_state *out);
/* Where the clock stands when the process comes back at `wall`: a manual one where it was; the
 * others flowed on meanwhile. */
instant clock_state_resumed(const struct clock_state *state, instant wall);

#endif
