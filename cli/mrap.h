/* mrap: an access point on the terminal, for status too. */
#ifndef ATOLL_CLI_MRAP_H
#define ATOLL_CLI_MRAP_H

#include "cli/cli.h"

/* One of GET /_atoll/v1/mraps. */
void mrap_print(const struct json *mrap);

#endif
