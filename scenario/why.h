/* why: what explains that a Region does not hold what another one does: the copy that is due,
 * waits, is held or FAILED, with the partition or the outage behind it; else the rule that is
 * missing, off or for other keys. Threads: the run's. Ownership: its arena. */
#ifndef ATOLL_SCENARIO_WHY_H
#define ATOLL_SCENARIO_WHY_H

#include "scenario/run.h"

/* Of "orders/cart.json" or "use1/cart.json"; empty when every Region holds the same, or the target
 * is not behind an access point. `lacks`: only what this bucket lacks; empty: any. */
str why_it_differs(struct run *run, str target, str lacks);

#endif
