/* keep: what there is to look at after a command failed: the world, its journal, its events. */
#ifndef ATOLL_CLI_KEEP_H
#define ATOLL_CLI_KEEP_H

#include "cli/cli.h"

/* world.tar, requests.json and events.ndjson in `dir`, which is made; says on stderr where they
 * are, or what could not be kept. */
void keep_world(struct cli *cli, str dir);

#endif
