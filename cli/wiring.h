/* wiring: the question for the variables that lead an AWS SDK to the server, GET /_atoll/env.
 * Ownership: the arena. Threads: any. Errors: none. */
#ifndef ATOLL_CLI_WIRING_H
#define ATOLL_CLI_WIRING_H

#include "cli/trust.h"

struct wiring_ask {
    str who; /* client; empty: none said */
    str shell, mode;
    struct trust trust;
};

/* The path with its query; the Region is this process's own. */
str wiring_path(struct cli *cli, const struct wiring_ask *ask);
/* NODE_OPTIONS with our --require in front; what the user had stays. */
str wiring_node_options(struct arena *arena, str preload, str present);
/* NODE_OPTIONS without what wiring_node_options put there. */
str wiring_without_preload(struct arena *arena, str present);

#endif
