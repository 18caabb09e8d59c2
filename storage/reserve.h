/* reserve: room on the disk that is kept so that deleting works when the disk is full.
 *
 * Deleting writes too: into SQLite's log. DIR/reserve holds LIMIT_RESERVE_BYTES that mean nothing.
 * When a commit finds the disk full, the writer gives them up and runs the freeing writes of the
 * batch again (writer.c); from then on the world is tight, and only freeing writes are run, until
 * the file could be made again. A crash at any moment costs nothing: the next start makes the file,
 * or is tight.
 *
 * Threads: any; one mutex, which the writer holds while it spends the room.
 */
#ifndef ATOLL_STORAGE_RESERVE_H
#define ATOLL_STORAGE_RESERVE_H

#include <stdatomic.h>

#include "base/fs.h"
#include "base/lock.h"

struct reserve {
    const struct fs *fs;
    const char *path; /* not owned */
    struct mutex lock;
    _Atomic bool tight;
};

/* Makes the file if it is not there whole. */
void reserve_open(struct reserve *reserve, const struct fs *fs, const char *path);
void reserve_close(struct reserve *reserve); /* also of one that was never opened */

/* For everybody who is about to take room; one relaxed load unless the world is tight, when it
 * tries to make the file. False: the disk is full. */
MUST_CHECK bool reserve_is_whole(struct reserve *reserve);
/* Between the two no other thread can take the room back. The second tries to make the file. */
void reserve_spend(struct reserve *reserve);
void reserve_spent(struct reserve *reserve);

#endif
