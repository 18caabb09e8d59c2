/* command: somebody else's program, run as a client of the server. For as, run and doctor.
 * Threads: main alone, since it changes the environment. */
#ifndef ATOLL_CLI_COMMAND_H
#define ATOLL_CLI_COMMAND_H

#include "cli/cli.h"

/* Changes this process's environment to a client's: clears what leads past the server, sets what
 * the server says. What has to be fetched goes to `dir`. EXIT_YES, or EXIT_OWN_FAILURE with the
 * problem on stderr. */
int command_wire(struct cli *cli, str who, str dir);
/* Becomes the program. Returns only when it cannot: EXIT_NOT_RUNNABLE or EXIT_NOT_FOUND, with the
 * problem on stderr. */
int command_exec(const struct cli *cli, char **command);
/* Runs it without output or input; its exit code, 127 when it is not there. */
int command_quietly(char *const *command);
/* As shells do: 128 + signal when killed. */
int command_code(int wait_status);

#endif
