/* A snapshot as one file: a POSIX ustar archive, so that tar can look into it. What comes in is
 * trusted with nothing: an entry is about.json, world.db or a body file under exactly the name that
 * its id has, and nothing else; a file that ends before its end mark is refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "storage/lane.h"
#include "storage/files.h"
#include "storage/snapshot_dir.h"
#include "storage/state.h"

#define BLOCK 512
#define STEP_BYTES 65536
#define SIZE_MOST 077777777777ull /* 8 GiB: what eleven octal digits hold */

struct header { /* POSIX.1-1988, ustar */
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

struct tar {
    const struct fs *fs;
    int fd;
    off_t at;
    off_t end; /* of what is read; 0: where the file ends */
};

static unsigned sum_of(const struct header *header)
{
    struct header plain = *header;
    unsigned sum = 0;
    memset(plain.sum, ' ', sizeof plain.sum);
    for (size_t i = 0; i < BLOCK; i++)
        sum += ((const unsigned char *) &plain)[i];
    return sum;
}

static size_t padding(uint64_t size)
{
    return (size_t) (BLOCK - size % BLOCK) % BLOCK;
}

/* -- out -------------------------------------------------------------------------------------- */

static int put(struct tar *tar, const void *bytes, size_t size)
{
    int written = fs_write_all(tar->fs, tar->fd, bytes, size, tar->at);
    tar->at += (off_t) size;
    return written;
}

static int put_header(struct tar *tar, const char *name, uint64_t size)
{
    struct header header = { .type = '0', .magic = "ustar", .version = { '0', '0' } };
    if (size > SIZE_MOST)
        return -EFBIG;
    (void) snprintf(header.name, sizeof header.name, "%s", name);
    (void) snprintf(header.mode, sizeof header.mode, "%07o", 0600u);
    (void) snprintf(header.uid, sizeof header.uid, "%07o", 0u);
    (void) snprintf(header.gid, sizeof header.gid, "%07o", 0u);
    (void) snprintf(header.size, sizeof header.size, "%011llo", (unsigned long long) size);
    (void) snprintf(header.mtime, sizeof header.mtime, "%011o", 0u);
    (void) snprintf(header.sum, sizeof header.sum, "%06o", sum_of(&header));
    return put(tar, &header, sizeof header);
}

static int put_file(struct tar *tar, const char *dir, const char *name, uint64_t size)
{
    static const char zeros[BLOCK] = { 0 };
    char bytes[STEP_BYTES], path[FILES_PATH_MAX];
    (void) snprintf(path, sizeof path, "%s/%s", dir, name);
    SCOPED_FD int in = tar->fs->open(tar->fs, path, O_RDONLY, 0);
    int done = in < 0 ? in : put_header(tar, name, size);
    for (uint64_t at = 0; done == 0 && at < size;) {
        size_t step = size - at < sizeof bytes ? (size_t) (size - at) : sizeof bytes;
        done = fs_read_all(tar->fs, in, bytes, step, (off_t) at);
        if (done == 0)
            done = put(tar, bytes, step);
        at += step;
    }
    return done ? done : put(tar, zeros, padding(size));
}

static int put_whole(struct tar *tar, const char *dir, const char *name)
{
    char path[FILES_PATH_MAX];
    struct stat info;
    (void) snprintf(path, sizeof path, "%s/%s", dir, name);
    if (stat(path, &info) < 0)
        return -errno;
    return put_file(tar, dir, name, (uint64_t) info.st_size);
}

static int put_all(struct tar *tar, const char *dir, const struct snapshot_files *files)
{
    static const char end[2 * BLOCK] = { 0 };
    int done = put_whole(tar, dir, "about.json");
    if (done == 0)
        done = put_whole(tar, dir, "world.db");
    for (size_t i = 0; done == 0 && i < files->count; i++) {
        char name[FILES_PATH_MAX];
        files_path("", files->at[i].id, name);
        done = put_file(tar, dir, name + 1, files->at[i].needed_bytes);
    }
    return done ? done : put(tar, end, sizeof end);
}

/* What there is of that name, looked at whole. */
static enum store_result find(struct store *store, struct arena *arena, str name, const char **dir,
                              struct snapshot_files *files, str *problem)
{
    struct store_snapshot_info info;
    enum store_result result = store_snapshot_get(store, arena, name, &info);
    *dir = snapshot_dir_path(store, arena, name);
    if (result == STORE_OK && !snapshot_dir_check(store, arena, *dir, files, problem))
        result = STORE_STATE_REFUSED;
    return result;
}

enum store_result store_snapshot_export(struct store *store, struct arena *arena, str name,
                                        const char *path, str *problem)
{
    struct snapshot_files files;
    const char *dir;
    enum store_result result = find(store, arena, name, &dir, &files, problem);
    if (result != STORE_OK)
        return result;
    const char *fresh = str_c(arena, str_format(arena, "%s.new", path));
    struct tar tar = { .fs = store->options.fs };
    tar.fd = tar.fs->open(tar.fs, fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int done = tar.fd < 0 ? tar.fd : put_all(&tar, dir, &files);
    if (done == 0)
        done = tar.fs->sync(tar.fs, tar.fd);
    if (tar.fd >= 0)
        (void) close(tar.fd);
    if (done == 0)
        done = tar.fs->rename(tar.fs, fresh, path);
    if (done == 0)
        return STORE_OK;
    (void) tar.fs->unlink(tar.fs, fresh);
    *problem = str_format(arena, "cannot write %s: %s", path, strerror(-done));
    return done == -ENOSPC ? STORE_FULL : STORE_BROKEN;
}

/* Into a body file that no row names: it goes with its reader, or at the next start. */
enum store_result store_snapshot_open(struct store *store, struct arena *arena, str name,
                                      struct body_reader **out, str *problem)
{
    struct files *bodies = &store->bodies->files;
    struct snapshot_files files;
    struct body_file *file;
    const char *dir;
    *out = NULL;
    enum store_result result = find(store, arena, name, &dir, &files, problem);
    if (result != STORE_OK)
        return result;
    int done = files_create(bodies, FILE_OWN, &file);
    if (done < 0)
        return body_error(done);
    struct tar tar = { .fs = store->options.fs, .fd = file->fd };
    struct body_draft draft = { .file = file->id, .store = store };
    done = put_all(&tar, dir, &files);
    draft.size_bytes = (uint64_t) tar.at;
    files_pin(bodies, file);
    files_seal(bodies, file);
    result = done < 0 ? body_error(done) : body_reader_of_draft(&draft, out);
    body_draft_drop(&draft);
    return result;
}

/* -- in --------------------------------------------------------------------------------------- */

static bool read_octal(const char *field, size_t size, uint64_t *out)
{
    size_t i = 0;
    *out = 0;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
        *out = *out * 8 + (uint64_t) (field[i] - '0');
    return i > 0 && (i == size || field[i] == '\0' || field[i] == ' ');
}

/* The name of a body file is that of its id, to the letter: no path leads elsewhere. */
static bool name_is_ours(str name)
{
    char own[FILES_PATH_MAX];
    size_t slash = name.size;
    int64_t id;
    if (str_is(name, "about.json") || str_is(name, "world.db"))
        return true;
    while (slash > 0 && name.ptr[slash - 1] != '/')
        slash--;
    if (!str_to_i64(str_skip(name, slash), &id) || id <= 0)
        return false;
    files_path("", id, own);
    return str_is(name, own + 1);
}

static bool is_end(const struct header *header)
{
    static const char zeros[BLOCK] = { 0 };
    return memcmp(header, zeros, BLOCK) == 0;
}

static int get(const struct tar *tar, void *bytes, size_t size, off_t at)
{
    if (tar->end > 0 && at + (off_t) size > tar->end)
        return -ENODATA;
    return fs_read_all(tar->fs, tar->fd, bytes, size, at);
}

static int take_bytes(struct tar *tar, const char *path, uint64_t size)
{
    char bytes[STEP_BYTES];
    SCOPED_FD int out = tar->fs->open(tar->fs, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    int done = out < 0 ? out : 0;
    for (uint64_t at = 0; done == 0 && at < size;) {
        size_t step = size - at < sizeof bytes ? (size_t) (size - at) : sizeof bytes;
        done = get(tar, bytes, step, tar->at + (off_t) at);
        if (done == 0)
            done = fs_write_all(tar->fs, out, bytes, step, (off_t) at);
        at += step;
    }
    tar->at += (off_t) (size + padding(size));
    return done;
}

static int take_entry(struct tar *tar, const struct header *header, const char *dir)
{
    char path[FILES_PATH_MAX];
    uint64_t sum, size;
    str name = str_from(header->name, strnlen(header->name, sizeof header->name));
    bool sound = memcmp(header->magic, "ustar", 5) == 0 && header->type == '0' &&
                 header->prefix[0] == '\0' && read_octal(header->sum, sizeof header->sum, &sum) &&
                 sum == sum_of(header) && read_octal(header->size, sizeof header->size, &size) &&
                 name_is_ours(name);
    if (!sound)
        return -EBADMSG;
    (void) snprintf(path, sizeof path, "%s/%.*s", dir, STR_ARG(name));
    *strrchr(path, '/') = '\0';
    int made = fs_make_dirs(tar->fs, path);
    (void) snprintf(path, sizeof path, "%s/%.*s", dir, STR_ARG(name));
    return made < 0 ? made : take_bytes(tar, path, size);
}

static int take_all(struct tar *tar, const char *dir)
{
    for (;;) {
        struct header header;
        int done = get(tar, &header, sizeof header, tar->at);
        tar->at += BLOCK;
        if (done < 0 || is_end(&header))
            return done;
        done = take_entry(tar, &header, dir);
        if (done < 0)
            return done;
    }
}

static str said(struct arena *arena, int error)
{
    if (error == -ENODATA)
        return STR("the file ends too early");
    if (error == -EBADMSG || error == -EEXIST)
        return STR("the file is no world that atoll wrote");
    return str_copy(arena, str_of(strerror(-error)));
}

/* Under its name only when all of it is there and sound. */
static enum store_result take_world(struct store *store, struct arena *arena, struct tar *tar,
                                    str name, str *problem)
{
    struct snapshot_files files;
    BUG_UNLESS(store_snapshot_name_is_sound(name));
    const char *fresh = snapshot_dir_path(store, arena, STR(".imported"));
    int done = snapshot_dir_make(store, fresh);
    if (done == 0)
        done = take_all(tar, fresh);
    bool sound = false;
    if (done < 0)
        *problem = said(arena, done);
    else
        sound = snapshot_dir_check(store, arena, fresh, &files, problem);
    if (sound) {
        done = snapshot_dir_publish(store, fresh, snapshot_dir_path(store, arena, name));
        if (done == 0)
            return STORE_OK;
        *problem = said(arena, done);
    }
    fs_remove_tree(fresh);
    return done == -ENOSPC ? STORE_FULL : STORE_STATE_REFUSED;
}

enum store_result store_snapshot_import(struct store *store, struct arena *arena, const char *path,
                                        str name, str *problem)
{
    struct tar tar = { .fs = store->options.fs };
    tar.fd = tar.fs->open(tar.fs, path, O_RDONLY, 0);
    if (tar.fd < 0) {
        *problem = said(arena, tar.fd);
        return STORE_STATE_REFUSED;
    }
    enum store_result result = take_world(store, arena, &tar, name, problem);
    (void) close(tar.fd);
    return result;
}

enum store_result store_snapshot_take(struct store *store, struct arena *arena,
                                      const struct body_draft *draft, str name, str *problem)
{
    struct body_reader *reader;
    struct tar tar = { .fs = store->options.fs, .fd = -1 };
    uint64_t at = 0;
    enum store_result result = body_reader_of_draft(draft, &reader);
    if (result != STORE_OK)
        return result;
    if (reader == NULL || !body_reader_single_file(reader, &tar.fd, &at)) {
        *problem = said(arena, -ENODATA);
        return STORE_STATE_REFUSED;
    }
    tar.at = (off_t) at;
    tar.end = (off_t) (at + draft->size_bytes);
    result = take_world(store, arena, &tar, name, problem);
    body_reader_close(reader);
    return result;
}
