/* --load DIR: a directory tree as buckets and objects; see config_apply.h. Names are taken in byte
 * order, so that the same tree and seed give the same world. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "server/config_apply.h"
#include "server/config_upload.h"
#include "server/s3/bucket_name.h"

struct load {
    struct arena *arena; /* of what outlives one file */
    struct lane *lane;
    str root;
    str bucket_name;
    int64_t bucket;
    str *error;
};

struct names {
    char **at;
    size_t count;
};

static bool failed(struct load *load, str path, const char *why)
{
    *load->error = str_format(load->arena, "--load %.*s%s%.*s: %s", STR_ARG(load->root),
                              path.size ? "/" : "", STR_ARG(path), why);
    return false;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static void close_directory(DIR **directory)
{
    if (*directory)
        (void) closedir(*directory);
}

/* The directory's file descriptor is used up. */
static bool list_names(struct arena *arena, int fd, struct names *out)
{
    __attribute__((cleanup(close_directory))) DIR *directory = fdopendir(fd);
    size_t room = 0;
    *out = (struct names){ NULL, 0 };
    if (directory == NULL)
        return false;
    errno = 0;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (out->count == room) {
            char **old = out->at;
            room = room ? room * 2 : 64;
            out->at = ARENA_ARRAY(arena, char *, room);
            if (out->count > 0)
                memcpy(out->at, old, out->count * sizeof *old);
        }
        out->at[out->count++] = str_c(arena, str_of(entry->d_name));
    }
    if (out->count > 0)
        qsort(out->at, out->count, sizeof *out->at, by_bytes);
    return errno == 0;
}

static bool load_file(struct load *load, int fd, str key)
{
    struct arena *arena = arena_new();
    struct config_upload upload = { .bucket = load->bucket, .key = key, .fd = fd };
    str error = STR_NONE;
    str path = str_format(arena, "%.*s/%.*s", STR_ARG(load->bucket_name), STR_ARG(key));
    bool sound = key.size <= LIMIT_KEY_BYTES && config_upload(arena, load->lane, &upload, &error);
    if (!sound)
        (void) failed(load, path,
                      key.size > LIMIT_KEY_BYTES ? "this path is longer than a key may be"
                                                 : str_c(arena, error));
    arena_free(arena);
    return sound;
}

static bool load_directory(struct load *load, int parent, const char *name, str prefix);

/* O_NONBLOCK: a FIFO must not hold the start. Links and devices are passed over. */
static bool load_entry(struct load *load, int directory, const char *name, str prefix)
{
    struct stat stat;
    SCOPED_FD int fd = -1;
    str key = str_format(load->arena, "%.*s%s", STR_ARG(prefix), name);
    if (fstatat(directory, name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
        return failed(load, key, strerror(errno));
    if (S_ISDIR(stat.st_mode) && key.size <= LIMIT_KEY_BYTES)
        return load_directory(load, directory, name,
                              str_format(load->arena, "%.*s/", STR_ARG(key)));
    if (!S_ISREG(stat.st_mode) && !S_ISDIR(stat.st_mode)) {
        log_line(LOG_WARN, "--load: %.*s/%.*s is no regular file; left out",
                 STR_ARG(load->bucket_name), STR_ARG(key));
        return true;
    }
    fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return failed(load, key, strerror(errno));
    return load_file(load, fd, key);
}

static bool load_directory(struct load *load, int parent, const char *name, str prefix)
{
    struct names names;
    SCOPED_FD int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    int listed = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (listed < 0 || !list_names(load->arena, listed, &names))
        return failed(load, prefix, strerror(errno));
    for (size_t i = 0; i < names.count; i++)
        if (!load_entry(load, fd, names.at[i], prefix))
            return false;
    return true;
}

static bool load_bucket(struct load *load, int root, const char *name)
{
    struct stat stat;
    struct config_make_bucket bucket = { .name = str_of(name),
                                         .region = STR("us-east-1"),
                                         .account = load->lane->world->settings->account,
                                         .any_region = true };
    load->bucket_name = str_of(name);
    if (fstatat(root, name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
        return failed(load, str_of(name), strerror(errno));
    if (!S_ISDIR(stat.st_mode)) {
        log_line(LOG_WARN, "--load: %s is no directory, so no bucket; left out", name);
        return true;
    }
    if (!bucket_name_is_valid(str_of(name)))
        return failed(load, str_of(name), "this is no bucket name");
    if (!config_make_bucket(load->arena, load->lane, &bucket, load->error))
        return false;
    load->bucket = bucket.id;
    return load_directory(load, root, name, STR(""));
}

bool config_load(struct arena *arena, struct lane *lane, str directory, str *error)
{
    struct load load = { .arena = arena, .lane = lane, .root = directory, .error = error };
    struct names names;
    SCOPED_FD int root = open(str_c(arena, directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int listed = root < 0 ? -1 : fcntl(root, F_DUPFD_CLOEXEC, 0);
    if (listed < 0 || !list_names(arena, listed, &names))
        return failed(&load, STR(""), strerror(errno));
    for (size_t i = 0; i < names.count; i++)
        if (!load_bucket(&load, root, names.at[i]))
            return false;
    return true;
}
