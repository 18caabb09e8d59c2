/* quiet: requests that a line makes for itself: no client's, not in the timeline, and the last
 * answer stays what it was. Ownership: what is answered lives in the run's arena. */
#ifndef ATOLL_SCENARIO_QUIET_H
#define ATOLL_SCENARIO_QUIET_H

#include "scenario/run.h"

struct quiet {
    int status;
    str body;
};
struct quiet quiet_ask(struct run *run, const char *method, str target, str body);

#endif
