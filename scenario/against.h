/* against: a script played by a running server, over its admin API; the same outcome comes back.
 * Ownership: the outcome's strings belong to the arena. Threads: blocks.
 */
#ifndef ATOLL_SCENARIO_AGAINST_H
#define ATOLL_SCENARIO_AGAINST_H

#include "scenario/play.h"
#include "scenario/scenario.h"

struct against {
    scenario_call_fn *call;
    str server;     /* http://HOST:PORT */
    bool reset;     /* an empty world first */
    bool unreached; /* out: nobody answered; no use to go on */
};
/* NULL, and a sentence with its way out in *error, when nothing was played. */
struct report_outcome *against_play(struct arena *arena, struct against *against,
                                    const struct script *script, const struct play_options *options,
                                    str *error);

#endif
