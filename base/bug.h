/* BUG("text"): a state that cannot be. Says where, then ends the process: a wrong answer given
 * quietly costs more than a crash, and every acknowledged write is on disk already. */
#ifndef ATOLL_BASE_BUG_H
#define ATOLL_BASE_BUG_H

#include "base/attr.h"

#define BUG(what) bug_stop(__FILE__, __LINE__, (what))
#define BUG_UNLESS(condition) ((condition) ? (void) 0 : BUG("expected " #condition))

NORETURN void bug_stop(const char *file, int line, const char *what);

#endif
