/* report: what came of the scenarios, for people (text, and a page), for CI (JUnit) and for
 * programs (JSON). Ownership: an outcome's strings belong to the arena it was made in. Threads:
 * one. */
#ifndef ATOLL_SCENARIO_REPORT_H
#define ATOLL_SCENARIO_REPORT_H

#include "base/buf.h"
#include "base/time.h"

struct run_step;       /* scenario/run.h */
struct timeline_event; /* scenario/timeline.h */

struct report_outcome {
    str file, name, title;
    bool passed;
    uint64_t seed;       /* of this run; of the first that failed when there were several */
    str against;         /* the server in whose world it ran; empty: in its own */
    unsigned runs, held; /* --runs; 0, 0 without it */
    const struct run_step *steps;
    size_t step_count, steps_passed, steps_wanted;
    duration emulated;
    str where, line, got, why; /* of the failure: "file:12", the line's text, ... */
    str answer;                /* the last request's */
    str timeline;
    bool timeline_shown;                 /* in the text also when it passed */
    const struct timeline_event *events; /* the same in pieces, for JSON and the page */
    size_t event_count;
    instant began;
    struct report_outcome *next;
};

/* One line, and what went wrong below it. */
void report_text(struct arena *arena, const struct report_outcome *outcome, size_t name_width,
                 struct buf *out);
void report_json(const struct report_outcome *first, struct buf *out);
void report_junit(const struct report_outcome *first, struct buf *out);
/* page.c: one HTML page that needs nothing beside itself. */
void page_write(struct arena *arena, const struct report_outcome *first, struct buf *out);

/* Text as content of XML and HTML; bytes that neither can carry are shown as question marks. */
void report_escape(struct buf *out, str text);

#endif
