/* fs: the one seam to the disk, so that tests can make any call fail (tests/fault).
 *
 * Every function returns 0 or a negative errno (sizes for pread/pwrite); none prints. Paths are
 * NUL-terminated. Threads: any. fs_real() is the machine; fs_failing() wraps another one and fails
 * the Nth call, and every later one if `sticky`.
 */
#ifndef ATOLL_BASE_FS_H
#define ATOLL_BASE_FS_H

#include <sys/types.h>

#include "base/str.h"

struct fs {
    int (*open)(const struct fs *fs, const char *path, int flags, mode_t mode); /* fd or -errno */
    ssize_t (*pwrite)(const struct fs *fs, int fd, const void *bytes, size_t size, off_t at);
    ssize_t (*pread)(const struct fs *fs, int fd, void *bytes, size_t size, off_t at);
    int (*sync)(const struct fs *fs, int fd);
    int (*rename)(const struct fs *fs, const char *from, const char *to);
    int (*unlink)(const struct fs *fs, const char *path);
    int (*mkdir)(const struct fs *fs, const char *path, mode_t mode);
    int (*link)(const struct fs *fs, const char *from, const char *to);
    void *state;
};

const struct fs *fs_real(void);

/* Whole-buffer loops over short reads and writes: 0, -errno, or -ENODATA at an early end. */
MUST_CHECK int fs_write_all(const struct fs *fs, int fd, const void *bytes, size_t size, off_t at);
MUST_CHECK int fs_read_all(const struct fs *fs, int fd, void *bytes, size_t size, off_t at);
/* mkdir -p, mode 0700. */
MUST_CHECK int fs_make_dirs(const struct fs *fs, const char *path);
/* Reads a small file whole (at most `limit_bytes`, else -EFBIG) into the arena. */
MUST_CHECK int fs_read_file(struct arena *arena, const char *path, size_t limit_bytes, str *out);
/* Writes beside, then renames over: readers see the old file or the new one. */
MUST_CHECK int fs_replace_file(const char *path, str bytes, mode_t mode);
/* Maps a file of exactly this size, made (zeroed, its blocks taken, so that a full disk shows here)
 * if it has another: what is stored there is in the file without a call, and outlives the process,
 * not the machine. 0 or -errno. */
MUST_CHECK int fs_map_file(const char *path, size_t size_bytes, void **out);
void fs_unmap(void *bytes, size_t size_bytes);
/* Removes a directory tree; for the private temporary world and for tests. */
void fs_remove_tree(const char *path);

/* A counting wrapper for tests: the call number `fail_at` (from 1) returns `-error`. */
struct fs_failing {
    struct fs fs;
    const struct fs *below;
    _Atomic long calls;
    _Atomic long fail_at; /* 0: never; may be set while other threads call */
    bool sticky;
    int error;
};
void fs_failing_init(struct fs_failing *failing, const struct fs *below);

static inline void fd_close_scoped(int *fd)
{
    extern int close(int);
    if (*fd >= 0)
        (void) close(*fd);
}
#define SCOPED_FD __attribute__((cleanup(fd_close_scoped)))

#endif
