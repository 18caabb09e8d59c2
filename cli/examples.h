/* examples: two lines for each verb, the server's included: its help and its man page open with
 * them. Threads: constant. */
#ifndef ATOLL_CLI_EXAMPLES_H
#define ATOLL_CLI_EXAMPLES_H

#include "base/str.h"

/* Two lines with '\n' between them, without "atoll " before; STR_NONE for what is no verb. */
str examples_of(str verb);

#endif
