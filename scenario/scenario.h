/* scenario: `.atoll` files: a world, what its clients do, and what they must see.
 *
 * A file is read whole and judged before anything runs; then it runs in a world of its own, without
 * sockets, under a manual clock that starts at 2024-01-01T00:00:00Z and with seed 1, unless it says
 * otherwise: so a run repeats byte for byte. The language: scenario/README.md.
 * Threads: these block; one at a time.
 */
#ifndef ATOLL_SCENARIO_SCENARIO_H
#define ATOLL_SCENARIO_SCENARIO_H

#include "server/world.h"

/* How a server is asked (--against): main lends the command line's way. False and a sentence in
 * *error when there was no answer. */
struct scenario_answer {
    int status;
    str body;
};
typedef bool scenario_call_fn(struct arena *arena, str server, const char *method, str path,
                              str body, struct scenario_answer *out, str *error);

/* atoll scenario run|check|record ...; argv[0] is the program, argv[1] "scenario". The exit status:
 * 0, 1 when a scenario failed, 2 for wrong usage or a file that is not sound, 3 when a server did
 * not play it. */
int scenario_main(int argc, char **argv, scenario_call_fn *call);

/* Runs one file in a world that is there already: `serve --init FILE`. It may not say clock, seed
 * or config, for these are the world's. `lane` is one of that world. False and "file:line: ..." in
 * *error, in the arena; what was done before it stays. */
MUST_CHECK bool scenario_run_in(struct arena *arena, struct lane *lane, const char *path,
                                str *error);

#endif
