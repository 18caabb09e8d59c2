/* The table of body files: a hash map of those that somebody uses or that are open, and a list of
 * idle descriptors. A file that nobody needs any more moves to the doomed list under the lock and
 * is unlinked outside it; until then its entry says `unlinking`, so that a reader with an old
 * snapshot is told that it is gone instead of opening it at the last moment. */
#include "storage/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/log.h"

#define FIRST_BUCKETS 1024u
#define FAN_OUT_BITS 12 /* files of their own per sub-folder: 4,096 */
#define FILE_MODE 0600
#define FOLDER_MODE 0700

static enum file_kind kind_of(int64_t id)
{
    return (id & 1) != 0 ? FILE_OWN : FILE_SEGMENT;
}

void files_folder(const char *directory, int64_t id, char out[FILES_PATH_MAX])
{
    if (kind_of(id) == FILE_SEGMENT)
        (void) snprintf(out, FILES_PATH_MAX, "%s/segments", directory);
    else
        (void) snprintf(out, FILES_PATH_MAX, "%s/bodies/%" PRIx64, directory,
                        (uint64_t) id >> (FAN_OUT_BITS + 1));
}

void files_path(const char *directory, int64_t id, char out[FILES_PATH_MAX])
{
    files_folder(directory, id, out);
    size_t used = strlen(out);
    (void) snprintf(out + used, FILES_PATH_MAX - used, "/%" PRId64, id);
}

static void folder_path(const struct files *files, int64_t id, char out[FILES_PATH_MAX])
{
    files_folder(files->directory, id, out);
}

static void file_path(const struct files *files, int64_t id, char out[FILES_PATH_MAX])
{
    files_path(files->directory, id, out);
}

static size_t bucket_of(const struct files *files, int64_t id)
{
    return ((uint64_t) id * 0x9E3779B97F4A7C15ull >> 20) & (files->bucket_count - 1);
}

static struct body_file *find_locked(struct files *files, int64_t id)
{
    mutex_assert_held(&files->lock);
    struct body_file *file = files->buckets[bucket_of(files, id)];
    while (file != NULL && file->id != id)
        file = file->chain;
    return file;
}

static void grow_locked(struct files *files)
{
    mutex_assert_held(&files->lock);
    struct body_file **old = files->buckets;
    size_t old_count = files->bucket_count;

    files->bucket_count = old_count * 2;
    files->buckets = mem_alloc(files->bucket_count * sizeof(struct body_file *));
    for (size_t i = 0; i < old_count; i++) {
        struct body_file *file = old[i];
        while (file != NULL) {
            struct body_file *next = file->chain;
            size_t at = bucket_of(files, file->id);
            file->chain = files->buckets[at];
            files->buckets[at] = file;
            file = next;
        }
    }
    free(old);
}

static struct body_file *add_locked(struct files *files, int64_t id)
{
    mutex_assert_held(&files->lock);
    if (files->count >= files->bucket_count)
        grow_locked(files);
    struct body_file *file = mem_alloc(sizeof(*file));
    size_t at = bucket_of(files, id);
    *file = (struct body_file){ .id = id, .fd = -1, .chain = files->buckets[at] };
    files->buckets[at] = file;
    files->count++;
    return file;
}

static void remove_locked(struct files *files, struct body_file *file)
{
    mutex_assert_held(&files->lock);
    struct body_file **link = &files->buckets[bucket_of(files, file->id)];
    while (*link != file)
        link = &(*link)->chain;
    *link = file->chain;
    files->count--;
    free(file);
}

static void idle_leave_locked(struct files *files, struct body_file *file)
{
    mutex_assert_held(&files->lock);
    if (file->newer != NULL)
        file->newer->older = file->older;
    else
        files->newest_idle = file->older;
    if (file->older != NULL)
        file->older->newer = file->newer;
    else
        files->oldest_idle = file->newer;
    file->newer = file->older = NULL;
    files->idle--;
}

static void close_locked(struct files *files, struct body_file *file)
{
    mutex_assert_held(&files->lock);
    (void) close(file->fd);
    file->fd = -1;
}

/* An entry says nothing that the disk does not, once it has no descriptor and nobody uses it. */
static void forget_if_plain_locked(struct files *files, struct body_file *file)
{
    mutex_assert_held(&files->lock);
    if (file->fd < 0 && file->named && !file->writing && file->drafts == 0 && file->readers == 0)
        remove_locked(files, file);
}

static void idle_join_locked(struct files *files, struct body_file *file)
{
    mutex_assert_held(&files->lock);
    file->older = files->newest_idle;
    if (files->newest_idle != NULL)
        files->newest_idle->newer = file;
    else
        files->oldest_idle = file;
    files->newest_idle = file;
    if (++files->idle <= FILES_IDLE_MAX)
        return;
    struct body_file *oldest = files->oldest_idle;
    idle_leave_locked(files, oldest);
    close_locked(files, oldest);
    forget_if_plain_locked(files, oldest);
}

/* Dooms the file if nothing needs it; forgets the entry if it says nothing. May free it. */
static void settle_locked(struct files *files, struct body_file *file)
{
    mutex_assert_held(&files->lock);
    if (file->unlinking)
        return;
    if (file->writing || file->drafts > 0 || file->readers > 0)
        return;
    if (file->named) {
        forget_if_plain_locked(files, file);
        return;
    }
    if (file->fd >= 0) {
        idle_leave_locked(files, file);
        close_locked(files, file);
    }
    file->unlinking = true;
    file->doomed = files->doomed;
    files->doomed = file;
}

int files_init(struct files *files, const struct fs *fs, const char *directory, int64_t highest)
{
    *files = (struct files){ .fs = fs, .next = (highest >> 1) + 1 };
    static const char *const folders[] = { "segments", "bodies" };
    char path[FILES_PATH_MAX];

    for (size_t i = 0; i < COUNT(folders); i++) {
        int size = snprintf(path, sizeof(path), "%s/%s", directory, folders[i]);
        /* 192: room for a snapshot's folder, the fan-out folder and the id */
        if (size < 0 || (size_t) size + 192 > sizeof(path))
            return -ENAMETOOLONG;
        int made = fs_make_dirs(fs, path);
        if (made < 0)
            return made;
    }
    files->directory = mem_alloc(strlen(directory) + 1);
    memcpy(files->directory, directory, strlen(directory));
    files->bucket_count = FIRST_BUCKETS;
    files->buckets = mem_alloc(files->bucket_count * sizeof(struct body_file *));
    mutex_init(&files->lock);
    return 0;
}

void files_fini(struct files *files)
{
    if (files->directory == NULL)
        return;
    files_reap(files);
    for (size_t i = 0; i < files->bucket_count; i++) {
        struct body_file *file = files->buckets[i];
        while (file != NULL) {
            struct body_file *next = file->chain;
            if (file->fd >= 0)
                (void) close(file->fd);
            free(file);
            file = next;
        }
    }
    free(files->buckets);
    free(files->directory);
    mutex_fini(&files->lock);
    *files = (struct files){ .fs = NULL };
}

int files_create(struct files *files, enum file_kind kind, struct body_file **out)
{
    mutex_lock(&files->lock);
    int64_t id = files->next++ * 2 + (kind == FILE_OWN ? 1 : 0);
    mutex_unlock(&files->lock);

    char path[FILES_PATH_MAX];
    file_path(files, id, path);
    int flags = O_RDWR | O_CREAT | O_EXCL;
    int fd = files->fs->open(files->fs, path, flags, FILE_MODE);
    if (fd == -ENOENT && kind == FILE_OWN) {
        folder_path(files, id, path);
        int made = files->fs->mkdir(files->fs, path, FOLDER_MODE);
        if (made < 0 && made != -EEXIST)
            return made;
        file_path(files, id, path);
        fd = files->fs->open(files->fs, path, flags, FILE_MODE);
    }
    if (fd < 0)
        return fd;

    SCOPED_LOCK(&files->lock);
    struct body_file *file = add_locked(files, id);
    file->fd = fd;
    file->fd_users = 1;
    file->writing = true;
    *out = file;
    return 0;
}

int64_t files_reserve(struct files *files, int64_t count)
{
    SCOPED_LOCK(&files->lock);
    int64_t first = files->next * 2;
    files->next += count;
    return first;
}

void files_pin(struct files *files, struct body_file *file)
{
    SCOPED_LOCK(&files->lock);
    BUG_UNLESS(file->writing);
    file->drafts++;
}

void files_unpin(struct files *files, int64_t id)
{
    SCOPED_LOCK(&files->lock);
    struct body_file *file = find_locked(files, id);
    BUG_UNLESS(file != NULL && file->drafts > 0);
    file->drafts--;
    settle_locked(files, file);
}

static void fd_done_locked(struct files *files, struct body_file *file)
{
    mutex_assert_held(&files->lock);
    BUG_UNLESS(file->fd_users > 0);
    if (--file->fd_users == 0)
        idle_join_locked(files, file);
}

void files_seal(struct files *files, struct body_file *file)
{
    SCOPED_LOCK(&files->lock);
    file->writing = false;
    /* A reader of its own keeps the entry alive while the idle list may close descriptors. */
    file->readers++;
    fd_done_locked(files, file);
    file->readers--;
    settle_locked(files, file);
}

int files_hold(struct files *files, int64_t id, struct body_file **out)
{
    SCOPED_LOCK(&files->lock);
    struct body_file *file = find_locked(files, id);
    if (file == NULL) {
        file = add_locked(files, id);
        /* The caller read a row that names it. */
        file->named = true;
        file->name_synced = true;
    } else if (file->unlinking) {
        return -ENOENT;
    }
    file->readers++;
    *out = file;
    return 0;
}

static int fd_locked(struct files *files, struct body_file *file)
{
    mutex_assert_held(&files->lock);
    if (file->fd < 0) {
        char path[FILES_PATH_MAX];
        file_path(files, file->id, path);
        int fd = files->fs->open(files->fs, path, O_RDONLY, 0);
        if (fd < 0)
            return fd;
        file->fd = fd;
    } else if (file->fd_users == 0) {
        idle_leave_locked(files, file);
    }
    file->fd_users++;
    return file->fd;
}

int files_fd(struct files *files, struct body_file *file)
{
    SCOPED_LOCK(&files->lock);
    BUG_UNLESS(file->readers > 0);
    return fd_locked(files, file);
}

void files_fd_done(struct files *files, struct body_file *file)
{
    SCOPED_LOCK(&files->lock);
    BUG_UNLESS(file->readers > 0);
    fd_done_locked(files, file);
}

int files_exists(struct files *files, struct body_file *file)
{
    SCOPED_LOCK(&files->lock);
    int fd = fd_locked(files, file);
    if (fd < 0)
        return fd;
    fd_done_locked(files, file);
    return 0;
}

void files_release(struct files *files, struct body_file *file)
{
    mutex_lock(&files->lock);
    BUG_UNLESS(file->readers > 0);
    file->readers--;
    settle_locked(files, file);
    bool reap = files->doomed != NULL;
    mutex_unlock(&files->lock);
    if (reap)
        files_reap(files);
}

void files_committed(struct files *files, int64_t id, bool named)
{
    SCOPED_LOCK(&files->lock);
    struct body_file *file = find_locked(files, id);
    if (file == NULL) {
        if (named)
            return;
        file = add_locked(files, id);
    }
    file->named = named;
    settle_locked(files, file);
}

void files_reap(struct files *files)
{
    mutex_lock(&files->lock);
    struct body_file *doomed = files->doomed;
    files->doomed = NULL;
    mutex_unlock(&files->lock);

    while (doomed != NULL) {
        struct body_file *file = doomed;
        doomed = file->doomed;
        char path[FILES_PATH_MAX];
        file_path(files, file->id, path);
        int done = files->fs->unlink(files->fs, path);
        if (done < 0 && done != -ENOENT)
            log_line(LOG_WARN, "cannot remove %s: %s; the next start tries again", path,
                     strerror(-done));
        SCOPED_LOCK(&files->lock);
        remove_locked(files, file);
    }
}

static int sync_folder(struct files *files, const char *path)
{
    SCOPED_FD int fd = files->fs->open(files->fs, path, O_RDONLY | O_DIRECTORY, 0);
    return fd < 0 ? fd : files->fs->sync(files->fs, fd);
}

int files_sync(struct files *files, int64_t id)
{
    mutex_lock(&files->lock);
    struct body_file *file = find_locked(files, id);
    if (file == NULL || file->drafts == 0) {
        mutex_unlock(&files->lock);
        return 0;
    }
    bool name_synced = file->name_synced;
    int fd = fd_locked(files, file);
    mutex_unlock(&files->lock);
    if (fd < 0)
        return fd;

    int done = files->fs->sync(files->fs, fd);
    if (done == 0 && !name_synced) {
        char path[FILES_PATH_MAX];
        folder_path(files, id, path);
        done = sync_folder(files, path);
        if (done == 0 && kind_of(id) == FILE_OWN) {
            (void) snprintf(path, sizeof(path), "%s/bodies", files->directory);
            done = sync_folder(files, path);
        }
    }
    SCOPED_LOCK(&files->lock);
    if (done == 0)
        file->name_synced = true;
    fd_done_locked(files, file);
    return done;
}

struct sweep {
    bool (*is_named)(void *ctx, int64_t id);
    void *ctx;
};

static int sweep_folder(struct files *files, const char *folder, const struct sweep *sweep)
{
    DIR *listing = opendir(folder);
    if (listing == NULL)
        return -errno;
    int result = 0;
    const struct dirent *entry;
    while (result == 0 && (entry = readdir(listing)) != NULL) {
        char path[FILES_PATH_MAX];
        uint64_t id;
        int size = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (size < 0 || (size_t) size >= sizeof(path))
            continue;
        /* What is not named like a file of ours is not ours to remove. */
        if (!str_to_u64(str_of(entry->d_name), &id) || sweep->is_named(sweep->ctx, (int64_t) id))
            continue;
        result = files->fs->unlink(files->fs, path);
    }
    (void) closedir(listing);
    return result;
}

int files_sweep(struct files *files, bool (*is_named)(void *ctx, int64_t id), void *ctx)
{
    const struct sweep sweep = { is_named, ctx };
    char path[FILES_PATH_MAX];

    (void) snprintf(path, sizeof(path), "%s/segments", files->directory);
    int result = sweep_folder(files, path, &sweep);
    (void) snprintf(path, sizeof(path), "%s/bodies", files->directory);
    DIR *listing = result == 0 ? opendir(path) : NULL;
    const struct dirent *entry;
    while (listing != NULL && result == 0 && (entry = readdir(listing)) != NULL) {
        int size = snprintf(path, sizeof(path), "%s/bodies/%s", files->directory, entry->d_name);
        if (entry->d_name[0] != '.' && size > 0 && (size_t) size < sizeof(path))
            result = sweep_folder(files, path, &sweep);
    }
    if (listing != NULL)
        (void) closedir(listing);
    return result == -ENOTDIR ? 0 : result;
}
