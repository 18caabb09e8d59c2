/* build: what this program was built from, for metrics and bug reports. Constant. */
#ifndef ATOLL_SERVER_BUILD_H
#define ATOLL_SERVER_BUILD_H

#include "base/str.h"

/* The commit, with "-dirty" when files had changed since; "unknown" outside of a checkout. */
str build_commit(void);
str build_compiler(void);

#endif
