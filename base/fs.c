/* The machine's disk behind the seam, the failing double for tests, and the few whole-file
 * operations that need no seam because nothing acknowledged hangs on them. */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"

#define OPEN_DIRECTORIES_MOST 32 /* fds nftw may hold */
#define READ_STEP_BYTES ((size_t) 64 * 1024)

static int errno_or_zero(int result)
{
    return result < 0 ? -errno : 0;
}

static int real_open(UNUSED const struct fs *fs, const char *path, int flags, mode_t mode)
{
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

static ssize_t real_pwrite(UNUSED const struct fs *fs, int fd, const void *bytes, size_t size,
                           off_t at)
{
    ssize_t done;
    do {
        done = pwrite(fd, bytes, size, at);
    } while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

static ssize_t real_pread(UNUSED const struct fs *fs, int fd, void *bytes, size_t size, off_t at)
{
    ssize_t done;
    do {
        done = pread(fd, bytes, size, at);
    } while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

/* fsync, not fdatasync: the fd may be a directory, whose new names are all metadata. */
static int real_sync(UNUSED const struct fs *fs, int fd)
{
    return errno_or_zero(fsync(fd));
}

static int real_rename(UNUSED const struct fs *fs, const char *from, const char *to)
{
    return errno_or_zero(rename(from, to));
}

static int real_unlink(UNUSED const struct fs *fs, const char *path)
{
    return errno_or_zero(unlink(path));
}

static int real_mkdir(UNUSED const struct fs *fs, const char *path, mode_t mode)
{
    return errno_or_zero(mkdir(path, mode));
}

static int real_link(UNUSED const struct fs *fs, const char *from, const char *to)
{
    return errno_or_zero(link(from, to));
}

const struct fs *fs_real(void)
{
    static const struct fs machine = {
        .open = real_open,
        .pwrite = real_pwrite,
        .pread = real_pread,
        .sync = real_sync,
        .rename = real_rename,
        .unlink = real_unlink,
        .mkdir = real_mkdir,
        .link = real_link,
    };
    return &machine;
}

int fs_write_all(const struct fs *fs, int fd, const void *bytes, size_t size, off_t at)
{
    const char *from = bytes;
    while (size > 0) {
        ssize_t done = fs->pwrite(fs, fd, from, size, at);
        if (done <= 0)
            return done < 0 ? (int) done : -EIO;
        from += done;
        at += done;
        size -= (size_t) done;
    }
    return 0;
}

int fs_read_all(const struct fs *fs, int fd, void *bytes, size_t size, off_t at)
{
    char *to = bytes;
    while (size > 0) {
        ssize_t done = fs->pread(fs, fd, to, size, at);
        if (done <= 0)
            return done < 0 ? (int) done : -ENODATA;
        to += done;
        at += done;
        size -= (size_t) done;
    }
    return 0;
}

static int make_dir(const struct fs *fs, const char *path)
{
    int error = fs->mkdir(fs, path, 0700);
    if (error != -EEXIST)
        return error;
    struct stat info;
    if (stat(path, &info) < 0)
        return -errno;
    return S_ISDIR(info.st_mode) ? 0 : -ENOTDIR;
}

int fs_make_dirs(const struct fs *fs, const char *path)
{
    int error = make_dir(fs, path); /* mostly the parents are there */
    if (error != -ENOENT || path[0] == '\0')
        return error;
    size_t size = strlen(path);
    char *part = mem_alloc(size + 1);
    error = 0;
    for (size_t i = 1; i <= size && error == 0; i++) {
        if ((path[i] != '/' && path[i] != '\0') || path[i - 1] == '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        error = make_dir(fs, part);
    }
    free(part);
    return error;
}

int fs_read_file(struct arena *arena, const char *path, size_t limit_bytes, str *out)
{
    SCOPED_FD int fd = real_open(NULL, path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    struct buf buf;
    buf_init_arena(&buf, arena, limit_bytes + 1); /* one more, to see that it is too large */
    for (;;) {
        size_t room = buf.limit_bytes - buf.size;
        if (room == 0)
            return -EFBIG;
        size_t step = room < READ_STEP_BYTES ? room : READ_STEP_BYTES;
        ssize_t got = read(fd, buf_reserve(&buf, step), step);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        buf.size += (size_t) got;
    }
    *out = buf_str(&buf);
    return 0;
}

static int write_and_sync(int fd, str bytes, mode_t mode)
{
    if (fchmod(fd, mode) < 0)
        return -errno;
    int error = fs_write_all(fs_real(), fd, bytes.ptr, bytes.size, 0);
    return error ? error : real_sync(NULL, fd);
}

/* The rename itself must survive a power cut too. */
static int sync_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t) (slash - path) + 1 : 1;
    char *directory = mem_alloc(size + 1);
    memcpy(directory, slash ? path : ".", size);
    SCOPED_FD int fd = real_open(NULL, directory, O_RDONLY | O_DIRECTORY, 0);
    free(directory);
    return fd < 0 ? fd : real_sync(NULL, fd);
}

int fs_replace_file(const char *path, str bytes, mode_t mode)
{
    static const char suffix[] = ".new-XXXXXX";
    size_t size = strlen(path);
    char *beside = mem_alloc(size + sizeof suffix);
    memcpy(beside, path, size);
    memcpy(beside + size, suffix, sizeof suffix);
    SCOPED_FD int fd = mkostemp(beside, O_CLOEXEC);
    int error = fd < 0 ? -errno : write_and_sync(fd, bytes, mode);
    if (error == 0)
        error = real_rename(NULL, beside, path);
    if (error != 0 && fd >= 0)
        (void) unlink(beside);
    free(beside);
    return error ? error : sync_directory_of(path);
}

static int size_exactly(int fd, size_t size_bytes)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return -errno;
    if ((size_t) info.st_size == size_bytes)
        return 0;
    return ftruncate(fd, 0) != 0 ? -errno : -posix_fallocate(fd, 0, (off_t) size_bytes);
}

int fs_map_file(const char *path, size_t size_bytes, void **out)
{
    SCOPED_FD int fd = real_open(NULL, path, O_RDWR | O_CREAT, 0600);
    if (fd < 0)
        return fd;
    int error = size_exactly(fd, size_bytes);
    if (error != 0)
        return error;
    *out = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return *out == MAP_FAILED ? -errno : 0;
}

void fs_unmap(void *bytes, size_t size_bytes)
{
    (void) munmap(bytes, size_bytes);
}

static int remove_entry(const char *path, UNUSED const struct stat *info, UNUSED int type,
                        UNUSED struct FTW *where)
{
    (void) remove(path);
    return 0;
}

void fs_remove_tree(const char *path)
{
    (void) nftw(path, remove_entry, OPEN_DIRECTORIES_MOST, FTW_DEPTH | FTW_PHYS);
}

static struct fs_failing *count_call(const struct fs *fs, bool *fail)
{
    struct fs_failing *failing = fs->state;
    long number = atomic_fetch_add(&failing->calls, 1) + 1;
    long at = failing->fail_at;
    *fail = at > 0 && (number == at || (failing->sticky && number > at));
    return failing;
}

/* Counts this call; either returns the planned error or goes on to the file system below. */
#define FAIL_OR_PASS(fs, call, ...)                                                                \
    bool fail;                                                                                     \
    const struct fs_failing *failing = count_call((fs), &fail);                                    \
    return fail ? -failing->error : failing->below->call(failing->below, __VA_ARGS__)

static int failing_open(const struct fs *fs, const char *path, int flags, mode_t mode)
{
    FAIL_OR_PASS(fs, open, path, flags, mode);
}

static ssize_t failing_pwrite(const struct fs *fs, int fd, const void *bytes, size_t size, off_t at)
{
    FAIL_OR_PASS(fs, pwrite, fd, bytes, size, at);
}

static ssize_t failing_pread(const struct fs *fs, int fd, void *bytes, size_t size, off_t at)
{
    FAIL_OR_PASS(fs, pread, fd, bytes, size, at);
}

static int failing_sync(const struct fs *fs, int fd)
{
    FAIL_OR_PASS(fs, sync, fd);
}

static int failing_rename(const struct fs *fs, const char *from, const char *to)
{
    FAIL_OR_PASS(fs, rename, from, to);
}

static int failing_unlink(const struct fs *fs, const char *path)
{
    FAIL_OR_PASS(fs, unlink, path);
}

static int failing_mkdir(const struct fs *fs, const char *path, mode_t mode)
{
    FAIL_OR_PASS(fs, mkdir, path, mode);
}

static int failing_link(const struct fs *fs, const char *from, const char *to)
{
    FAIL_OR_PASS(fs, link, from, to);
}

void fs_failing_init(struct fs_failing *failing, const struct fs *below)
{
    *failing = (struct fs_failing){
        .fs = {
            .open = failing_open,
            .pwrite = failing_pwrite,
            .pread = failing_pread,
            .sync = failing_sync,
            .rename = failing_rename,
            .unlink = failing_unlink,
            .mkdir = failing_mkdir,
            .link = failing_link,
            .state = failing,
        },
        .below = below,
        .error = EIO,
    };
}
