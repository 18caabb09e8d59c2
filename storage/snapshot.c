/* Saving, listing and deleting snapshots. The save runs on the writer thread, so no row and no
 * file goes while it copies the one and links the other. */
#include "storage/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "storage/lane.h"
#include "storage/schema.h"
#include "storage/snapshot_dir.h"
#include "storage/txn.h"

#define LIST_MOST 10000

bool store_snapshot_name_is_sound(str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (i == 0 || (c != '-' && c != '_' && c != '.')))
            return false;
    }
    return name.size > 0 && name.size <= SNAPSHOT_NAME_BYTES;
}

/* -- save ------------------------------------------------------------------------------------- */

static enum store_result copy_rows(struct db *db, const char *path)
{
    struct db_stmt *s = db_sql(db, "VACUUM INTO ?1");
    db_bind_text(s, str_of(path));
    db_run(s);
    return db_result(db);
}

static enum store_result link_files(struct store_txn *txn, struct db *db, const char *dir,
                                    struct store_snapshot_info *info)
{
    struct snapshot_files files;
    atomic_fetch_add(&txn->store->bodies->seals, 1);
    snapshot_dir_files(db, txn->arena, &files);
    for (size_t i = 0; i < files.count; i++) {
        const struct snapshot_move move = { txn->store->options.directory, dir, files.at[i].id,
                                            files.at[i].id };
        int brought = snapshot_dir_bring(txn->store->options.fs, &move, &info->bytes);
        if (brought < 0)
            return body_error(brought);
    }
    return db_result(db);
}

static enum store_result fill(struct store_txn *txn, struct db *db, const char *dir,
                              struct store_snapshot_info *info)
{
    struct stat database;
    const char *path = snapshot_dir_database(txn->arena, dir);
    enum store_result result = copy_rows(db, path);
    if (result != STORE_OK)
        return result;
    if (stat(path, &database) < 0)
        return body_error(-errno);
    info->bytes = (uint64_t) database.st_size;
    info->schema = schema_version();
    info->at = txn->now;
    info->wall = clock_wall();
    info->buckets = (uint64_t) db_value(db_sql(db, "SELECT count(*) FROM bucket"), 0);
    info->objects = (uint64_t) db_value(db_sql(db, "SELECT sum(objects) FROM bucket"), 0);
    result = link_files(txn, db, dir, info);
    if (result != STORE_OK)
        return result;
    int written = snapshot_dir_write_about(txn->arena, dir, info);
    return written < 0 ? body_error(written) : STORE_OK;
}

/* A connection of its own: the writer's has an open transaction, inside which nothing is copied. */
static enum store_result run_save(struct store_txn *txn, struct store_write *write)
{
    struct store_snapshot *save = (struct store_snapshot *) write;
    struct store *store = txn->store;
    const char *fresh = snapshot_dir_path(store, txn->arena, STR(".saved"));
    str error = STR_NONE;
    int made = snapshot_dir_make(store, fresh);
    if (made < 0)
        return body_error(made);
    struct db *db = db_open(txn->arena, store->db_path, DB_CHECKPOINT, false, &error);
    if (db == NULL)
        return STORE_BROKEN;
    save->out = (struct store_snapshot_info){ .name = save->name, .requests = save->requests };
    enum store_result result = fill(txn, db, fresh, &save->out);
    db_close(db);
    if (result == STORE_OK) {
        made = snapshot_dir_publish(store, fresh, snapshot_dir_path(store, txn->arena, save->name));
        result = made < 0 ? body_error(made) : STORE_OK;
    }
    if (result != STORE_OK)
        fs_remove_tree(fresh);
    return result;
}

void store_snapshot_init(struct store_snapshot *snapshot, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "snapshot", .run = run_save };
    *snapshot = (struct store_snapshot){ .head = { .arena = arena, .kind = &kind } };
}

/* -- list, delete ----------------------------------------------------------------------------- */

enum store_result store_snapshot_get(struct store *store, struct arena *arena, str name,
                                     struct store_snapshot_info *out)
{
    *out = (struct store_snapshot_info){ .name = name };
    if (!store_snapshot_name_is_sound(name))
        return STORE_ABSENT;
    return snapshot_dir_read_about(arena, snapshot_dir_path(store, arena, name), out);
}

static int by_name(const void *a, const void *b)
{
    const struct store_snapshot_info *x = a, *y = b;
    return str_cmp(x->name, y->name);
}

enum store_result store_snapshot_list(struct store *store, struct arena *arena,
                                      struct store_snapshot_list *out)
{
    const struct dirent *entry;
    *out = (struct store_snapshot_list){ 0 };
    DIR *listing = opendir(snapshot_dir_path(store, arena, STR("")));
    if (listing == NULL)
        return errno == ENOENT ? STORE_OK : body_error(-errno);
    out->at = ARENA_ARRAY(arena, struct store_snapshot_info, LIST_MOST);
    while (out->count < LIST_MOST && (entry = readdir(listing)) != NULL) {
        str name = str_copy(arena, str_of(entry->d_name));
        if (store_snapshot_get(store, arena, name, &out->at[out->count]) == STORE_OK)
            out->count++;
    }
    (void) closedir(listing);
    qsort(out->at, out->count, sizeof *out->at, by_name);
    return STORE_OK;
}

enum store_result store_snapshot_delete(struct store *store, str name)
{
    struct arena *arena = arena_new();
    const struct fs *fs = store->options.fs;
    enum store_result result = STORE_ABSENT;
    if (store_snapshot_name_is_sound(name)) {
        const char *gone = snapshot_dir_path(store, arena, STR(".deleted"));
        fs_remove_tree(gone);
        int renamed = fs->rename(fs, snapshot_dir_path(store, arena, name), gone);
        if (renamed == 0)
            fs_remove_tree(gone);
        if (renamed != -ENOENT)
            result = renamed < 0 ? body_error(renamed) : STORE_OK;
    }
    arena_free(arena);
    return result;
}
