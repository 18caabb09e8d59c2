/* A file of bytes that mean nothing, given up when a commit finds the disk full. They are drawn,
 * not zero: a file system that packs what it stores would keep no room for zeros. */
#include "storage/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/rng.h"

#define BLOCK_BYTES ((size_t) 128 * 1024)

/* It is written from its start to its end, so one with a last byte is whole. */
static bool is_there(const struct fs *fs, int fd)
{
    char last;
    return fs_read_all(fs, fd, &last, 1, LIMIT_RESERVE_BYTES - 1) == 0;
}

static int fill(const struct fs *fs, int fd)
{
    unsigned char *block = mem_alloc(BLOCK_BYTES);
    rng_bytes(&(struct rng_key){ .purpose = RNG_RESERVE }, block, BLOCK_BYTES);
    int error = 0;
    for (size_t at = 0; error == 0 && at < LIMIT_RESERVE_BYTES; at += BLOCK_BYTES)
        error = fs_write_all(fs, fd, block, BLOCK_BYTES, (off_t) at);
    free(block);
    return error;
}

static int make_locked(struct reserve *reserve)
{
    mutex_assert_held(&reserve->lock);
    const struct fs *fs = reserve->fs;
    SCOPED_FD int fd = fs->open(fs, reserve->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fd;
    int error = is_there(fs, fd) ? 0 : fill(fs, fd);
    if (error != 0)
        (void) fs->unlink(fs, reserve->path); /* what there is of it is room for deletions */
    return error;
}

/* Only a full disk makes the world tight: without a reserve for another reason all goes on, and
 * whoever meets that reason tells of it. */
static void try_locked(struct reserve *reserve)
{
    mutex_assert_held(&reserve->lock);
    int error = make_locked(reserve);
    bool tight = error == -ENOSPC || error == -EDQUOT;
    if (tight != atomic_load(&reserve->tight))
        log_line(LOG_WARN, tight ? "the disk is full: only deletions are taken"
                                 : "there is room on the disk again");
    if (error != 0 && !tight)
        log_line(LOG_WARN, "cannot keep room for deletions in %s: %s", reserve->path,
                 strerror(-error));
    atomic_store(&reserve->tight, tight);
}

void reserve_open(struct reserve *reserve, const struct fs *fs, const char *path)
{
    *reserve = (struct reserve){ .fs = fs, .path = path };
    mutex_init(&reserve->lock);
    SCOPED_LOCK(&reserve->lock);
    try_locked(reserve);
}

void reserve_close(struct reserve *reserve)
{
    if (reserve->path)
        mutex_fini(&reserve->lock);
}

bool reserve_is_whole(struct reserve *reserve)
{
    if (!atomic_load_explicit(&reserve->tight, memory_order_relaxed))
        return true;
    SCOPED_LOCK(&reserve->lock);
    if (atomic_load(&reserve->tight))
        try_locked(reserve);
    return !atomic_load(&reserve->tight);
}

void reserve_spend(struct reserve *reserve)
{
    mutex_lock(&reserve->lock);
    if (!atomic_exchange(&reserve->tight, true))
        log_line(LOG_WARN, "the disk is full: room that was kept is used for deletions");
    (void) reserve->fs->unlink(reserve->fs, reserve->path);
}

void reserve_spent(struct reserve *reserve)
{
    try_locked(reserve);
    mutex_unlock(&reserve->lock);
}
