/* A snapshot's directory. What makes it appear at once is one rename; what keeps a broken one out
 * is that everything a row names is looked at before the first change. */
#include "storage/snapshot_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "storage/files.h"
#include "storage/schema.h"
#include "storage/state.h"

#define ABOUT_BYTES 4096
#define COPY_BYTES 65536

const char *snapshot_dir_path(struct store *store, struct arena *arena, str name)
{
    return str_c(arena,
                 str_format(arena, "%s/snapshots/%.*s", store->options.directory, STR_ARG(name)));
}

const char *snapshot_dir_database(struct arena *arena, const char *dir)
{
    return str_c(arena, str_format(arena, "%s/world.db", dir));
}

void snapshot_dir_sweep(struct store *store)
{
    struct arena *arena = arena_new();
    DIR *listing = opendir(snapshot_dir_path(store, arena, STR("")));
    const struct dirent *entry;
    while (listing && (entry = readdir(listing)) != NULL) {
        str name = str_of(entry->d_name);
        if (str_starts(name, STR(".")) && !str_is(name, ".") && !str_is(name, ".."))
            fs_remove_tree(snapshot_dir_path(store, arena, name));
    }
    if (listing)
        (void) closedir(listing);
    arena_free(arena);
}

int snapshot_dir_make(struct store *store, const char *dir)
{
    fs_remove_tree(dir);
    return fs_make_dirs(store->options.fs, dir);
}

/* Everything below it is on disk before anybody relies on its name. */
static int sync_below(struct store *store, const char *dir)
{
    if (store->options.durability != DURABILITY_POWER)
        return 0;
    SCOPED_FD int fd = store->options.fs->open(store->options.fs, dir, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    return syncfs(fd) == 0 ? 0 : -errno;
}

int snapshot_dir_publish(struct store *store, const char *fresh, const char *final)
{
    int synced = sync_below(store, fresh);
    if (synced < 0)
        return synced;
    store_reached(store, "snapshot.before_publish");
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, final, RENAME_EXCHANGE) == 0) {
        fs_remove_tree(fresh); /* the old one */
        return sync_below(store, final);
    }
    if (errno != ENOENT) /* a file system that cannot exchange: the old one goes first */
        fs_remove_tree(final);
    int renamed = store->options.fs->rename(store->options.fs, fresh, final);
    return renamed < 0 ? renamed : sync_below(store, final);
}

/* -- about.json --------------------------------------------------------------------------------
 */

static const char *about_path(struct arena *arena, const char *dir)
{
    return str_c(arena, str_format(arena, "%s/about.json", dir));
}

int snapshot_dir_write_about(struct arena *arena, const char *dir,
                             const struct store_snapshot_info *info)
{
    struct buf buf;
    struct json_writer json;
    buf_init_arena(&buf, arena, ABOUT_BYTES);
    json_begin(&json, &buf);
    json_object(&json, NULL);
    json_text(&json, "format", STR("atoll world 1"));
    json_integer(&json, "schema", info->schema);
    json_instant(&json, "at", info->at);
    json_instant(&json, "wall", info->wall);
    json_integer(&json, "requests", (int64_t) info->requests);
    json_integer(&json, "bytes", (int64_t) info->bytes);
    json_integer(&json, "buckets", (int64_t) info->buckets);
    json_integer(&json, "objects", (int64_t) info->objects);
    json_end(&json);
    return fs_replace_file(about_path(arena, dir), buf_str(&buf), 0600);
}

/* False: absent, negative or beyond what a double counts exactly. */
static bool read_count(const struct json *json, const char *name, uint64_t *out)
{
    double value = json_number(json, name, -1);
    bool sound = value >= 0 && value < 9007199254740992.0;
    *out = sound ? (uint64_t) value : 0;
    return sound;
}

enum store_result snapshot_dir_read_about(struct arena *arena, const char *dir,
                                          struct store_snapshot_info *out)
{
    str text;
    struct json_error error;
    uint64_t schema;
    int got = fs_read_file(arena, about_path(arena, dir), ABOUT_BYTES, &text);
    if (got < 0)
        return got == -ENOENT || got == -ENOTDIR ? STORE_ABSENT : STORE_BROKEN;
    const struct json *json = json_parse(arena, text, &error);
    bool sound =
        json && str_is(json_string(json, "format", STR("")), "atoll world 1") &&
        read_count(json, "schema", &schema) && read_count(json, "requests", &out->requests) &&
        read_count(json, "bytes", &out->bytes) && read_count(json, "buckets", &out->buckets) &&
        read_count(json, "objects", &out->objects);
    if (!sound)
        return STORE_BROKEN;
    out->schema = (int64_t) schema;
    out->at = json_instant_of(json, "at");
    out->wall = json_instant_of(json, "wall");
    return STORE_OK;
}

/* -- body files --------------------------------------------------------------------------------
 */

void snapshot_dir_files(struct db *db, struct arena *arena, struct snapshot_files *out)
{
    size_t room = (size_t) db_value(db_sql(db, "SELECT count(*) FROM file"), 0);
    *out = (struct snapshot_files){ .at = ARENA_ARRAY(arena, struct snapshot_file, room) };
    struct db_stmt *s = db_sql(db, "SELECT f.id, coalesce(max(x.at+x.size),0) FROM file f LEFT JOIN"
                                   " (SELECT file,at,size FROM body WHERE file IS NOT NULL"
                                   " UNION ALL SELECT file,at,size FROM extent) x ON x.file=f.id"
                                   " GROUP BY f.id ORDER BY f.id");
    while (out->count < room && db_step(s))
        out->at[out->count++] = (struct snapshot_file){ db_i64(s, 0), (uint64_t) db_i64(s, 1) };
    db_end(s);
}

static int copy_file(const struct fs *fs, const char *from, const char *to)
{
    SCOPED_FD int in = fs->open(fs, from, O_RDONLY, 0);
    if (in < 0)
        return in;
    SCOPED_FD int out = fs->open(fs, to, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (out < 0)
        return out;
    char bytes[COPY_BYTES];
    for (off_t at = 0;;) {
        ssize_t got = fs->pread(fs, in, bytes, sizeof bytes, at);
        if (got <= 0)
            return (int) got;
        int written = fs_write_all(fs, out, bytes, (size_t) got, at);
        if (written < 0)
            return written;
        at += got;
    }
}

static int link_or_copy(const struct fs *fs, const char *from, const char *to)
{
    int linked = fs->link(fs, from, to);
    bool cannot = linked == -EXDEV || linked == -EPERM || linked == -EMLINK ||
                  linked == -EOPNOTSUPP || linked == -ENOSYS;
    return cannot ? copy_file(fs, from, to) : linked;
}

int snapshot_dir_bring(const struct fs *fs, const struct snapshot_move *move, uint64_t *bytes)
{
    char from[FILES_PATH_MAX], to[FILES_PATH_MAX], folder[FILES_PATH_MAX];
    struct stat info;
    files_path(move->from, move->id, from);
    files_path(move->to, move->new_id, to);
    int brought = link_or_copy(fs, from, to);
    if (brought == -ENOENT) {
        files_folder(move->to, move->new_id, folder);
        brought = fs_make_dirs(fs, folder);
        if (brought == 0)
            brought = link_or_copy(fs, from, to);
    }
    if (brought < 0)
        return brought;
    if (stat(to, &info) < 0)
        return -errno;
    *bytes += (uint64_t) info.st_size;
    return 0;
}

/* -- is it sound? ------------------------------------------------------------------------------
 */

static bool files_are_whole(struct arena *arena, const char *dir,
                            const struct snapshot_files *files, str *problem)
{
    for (size_t i = 0; i < files->count; i++) {
        char path[FILES_PATH_MAX];
        struct stat info;
        files_path(dir, files->at[i].id, path);
        if (files->at[i].id > 1 && stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
            (uint64_t) info.st_size >= files->at[i].needed_bytes)
            continue;
        *problem = str_format(arena, "its body file %lld is missing or cut short",
                              (long long) files->at[i].id);
        return false;
    }
    return true;
}

bool snapshot_dir_has_our_tables(struct db *db)
{
    return db_value(db_sql(db, "SELECT (SELECT count(*) FROM (SELECT type,name,sql FROM"
                               " main.sqlite_master EXCEPT SELECT type,name,sql FROM"
                               " snapshot.sqlite_master)) + (SELECT count(*) FROM (SELECT type,"
                               "name,sql FROM snapshot.sqlite_master EXCEPT SELECT type,name,sql"
                               " FROM main.sqlite_master))"),
                    -1) == 0;
}

/* Here the snapshot is opened and ours attached: what differs is the same. */
static bool tables_are_ours(struct store *store, struct db *db)
{
    struct db_stmt *s = db_sql(db, "ATTACH ?1 AS snapshot");
    db_bind_text(s, str_of(store->db_path));
    db_run(s);
    bool same = snapshot_dir_has_our_tables(db);
    db_exec(db, "DETACH snapshot");
    return same;
}

static bool rows_are_sound(struct store *store, struct arena *arena, struct db *db, str *problem)
{
    struct db_stmt *s = db_sql(db, "PRAGMA quick_check(1)");
    bool whole = db_step(s) && str_is(db_str(s, 0), "ok");
    db_end(s);
    if (!whole || db_result(db) != STORE_OK) {
        *problem = STR("its database is damaged");
        return false;
    }
    if (!schema_apply(db, arena, problem))
        return false;
    if (!tables_are_ours(store, db)) {
        *problem = STR("its database has other tables than a world of this schema");
        return false;
    }
    int64_t order = db_value(db_sql(db, "SELECT value FROM world WHERE name='version-order'"), -1);
    if (order == (int64_t) store->options.version_order)
        return true;
    *problem = STR("it was made under another version order: start with --version-order as it was "
                   "then");
    return false;
}

bool snapshot_dir_check(struct store *store, struct arena *arena, const char *dir,
                        struct snapshot_files *files, str *problem)
{
    struct store_snapshot_info about;
    str error = STR_NONE;
    if (snapshot_dir_read_about(arena, dir, &about) != STORE_OK) {
        *problem = STR("it does not say what it is (about.json)");
        return false;
    }
    if (about.schema > schema_version()) {
        *problem = str_format(arena,
                              "it has schema %lld and this atoll knows %lld: use the newer atoll "
                              "that made it",
                              (long long) about.schema, (long long) schema_version());
        return false;
    }
    struct stat info;
    const char *path = snapshot_dir_database(arena, dir);
    struct db *db = NULL;
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode))
        db = db_open(arena, path, DB_CHECKPOINT, false, &error);
    *problem = STR("its database cannot be opened");
    bool sound = db && rows_are_sound(store, arena, db, problem);
    if (sound) {
        snapshot_dir_files(db, arena, files);
        sound = files_are_whole(arena, dir, files, problem);
    }
    db_close(db);
    return sound;
}
