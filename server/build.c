/* What this program was built from; see build.h. The Makefile compiles this file anew, and no
 * other, when the commit changes. */
#include "server/build.h"

#ifndef ATOLL_COMMIT
#define ATOLL_COMMIT "unknown"
#endif

str build_commit(void)
{
    return STR(ATOLL_COMMIT);
}

str build_compiler(void)
{
#ifdef __clang__
    return STR("clang " __clang_version__);
#else
    return STR("gcc " __VERSION__);
#endif
}
