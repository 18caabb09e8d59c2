/* The end of the process, said in one line. stdio is not used: the state that led here may be a
 * broken heap or a held stdio lock. */
#include "base/bug.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void bug_stop(const char *file, int line, const char *what)
{
    (void) dprintf(STDERR_FILENO, "atoll: bug at %s:%d: %s\n", file, line, what);
    abort();
}
