/* host_alias: the host that a client signed, when another one arrived (--host-alias
 * SIGNED=ARRIVES). Ownership: the answer lives in the arena. Threads: pure. Errors: empty when it
 * does not apply. */
#ifndef ATOLL_SERVER_AUTH_HOST_ALIAS_H
#define ATOLL_SERVER_AUTH_HOST_ALIAS_H

#include "base/str.h"

/* `alias`: "SIGNED=ARRIVES", lower case. A bucket in front of the host stays there. When SIGNED
 * says no port, the client may have signed none, or the one that arrived (`with_port`). */
str host_alias_signed(struct arena *arena, str alias, str arrived, bool with_port);

#endif
