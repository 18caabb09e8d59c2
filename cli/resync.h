/* resync: `atoll replication resync`. On a terminal, without -q and --json, standard error shows
 * one renewed line while it goes on. Returns the exit code. */
#ifndef ATOLL_CLI_RESYNC_H
#define ATOLL_CLI_RESYNC_H

#include "cli/cli.h"

int resync_run(struct cli *cli);

#endif
