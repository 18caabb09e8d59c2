/* Bringing a world back. Its body files are linked in under new ids first, where no row names them;
 * then one transaction changes every row. Should that fail, the links are garbage and go. */
#include <unistd.h>

#include "base/log.h"
#include "storage/files.h"
#include "storage/hot.h"
#include "storage/lane.h"
#include "storage/snapshot_dir.h"
#include "storage/txn.h"

struct restore {
    struct store_write head;
    const char *database;
    int64_t shift; /* of file ids */
};

static void copy_plain_tables(struct store_txn *txn)
{
    static const char *const copies[] = {
        "DELETE FROM version; INSERT INTO version SELECT * FROM snapshot.version",
        "DELETE FROM upload; INSERT INTO upload SELECT * FROM snapshot.upload",
        "DELETE FROM part; INSERT INTO part SELECT * FROM snapshot.part",
        "DELETE FROM completed; INSERT INTO completed SELECT * FROM snapshot.completed",
        "DELETE FROM config; INSERT INTO config SELECT * FROM snapshot.config",
        "DELETE FROM queue; INSERT INTO queue SELECT * FROM snapshot.queue",
        "DELETE FROM queue_total; INSERT INTO queue_total SELECT * FROM snapshot.queue_total",
        "DELETE FROM bucket; INSERT INTO bucket SELECT * FROM snapshot.bucket",
        "DELETE FROM hard_deleted; INSERT INTO hard_deleted SELECT * FROM snapshot.hard_deleted",
        "DELETE FROM usage; INSERT INTO usage SELECT * FROM snapshot.usage",
        "DELETE FROM doc; INSERT INTO doc SELECT * FROM snapshot.doc",
        "INSERT INTO body_part SELECT * FROM snapshot.body_part",
        "DELETE FROM sqlite_sequence;"
        "INSERT INTO sqlite_sequence SELECT name,seq FROM snapshot.sqlite_sequence",
        "UPDATE world SET value=(SELECT value FROM snapshot.world w WHERE w.name=world.name)"
        " WHERE name IN ('seed','first-bucket')",
    };
    for (size_t i = 0; i < COUNT(copies); i++)
        db_exec(txn->db, copies[i]);
}

static void copy_body_tables(struct store_txn *txn, int64_t shift)
{
    struct db_stmt *statements[] = {
        db_sql(txn->db, "INSERT INTO body(id,refs,size,file,at)"
                        " SELECT id,refs,size,file+?1,at FROM snapshot.body"),
        db_sql(txn->db, "INSERT INTO extent(body,start,file,at,size)"
                        " SELECT body,start,file+?1,at,size FROM snapshot.extent"),
        db_sql(txn->db, "INSERT INTO file(id,live_bytes)"
                        " SELECT id+?1,live_bytes FROM snapshot.file"),
    };
    for (size_t i = 0; i < COUNT(statements); i++) {
        db_bind_i64(statements[i], shift);
        db_run(statements[i]);
    }
}

static enum store_result run_restore(struct store_txn *txn, struct store_write *write)
{
    const struct restore *restore = (struct restore *) write;
    struct db_stmt *s = db_sql(txn->db, "ATTACH ?1 AS snapshot");
    db_bind_text(s, str_of(restore->database));
    db_run(s);
    txn->cache->attached = db_result(txn->db) == STORE_OK;
    if (!txn->cache->attached)
        return db_result(txn->db);
    if (!snapshot_dir_has_our_tables(txn->db))
        return STORE_STATE_REFUSED;
    txn_buckets_changed(txn); /* writes what this batch counted, before it is all replaced */
    hot_touch_all(txn->store, &txn->cache->touched);
    body_row_wipe(txn);
    copy_plain_tables(txn);
    copy_body_tables(txn, restore->shift);
    body_row_renumber(txn);
    txn_reload(txn);
    return db_result(txn->db);
}

/* -- files ------------------------------------------------------------------------------------ */

static void give_back(struct store *store, const struct snapshot_files *files, size_t count,
                      int64_t shift)
{
    for (size_t i = 0; i < count; i++) {
        char path[FILES_PATH_MAX];
        files_path(store->options.directory, files->at[i].id + shift, path);
        (void) store->options.fs->unlink(store->options.fs, path);
    }
}

/* New ids beyond all others, in the old order; the lowest bit, the kind, stays. */
static int bring_files(struct store *store, const char *dir, const struct snapshot_files *files,
                       int64_t *shift)
{
    uint64_t bytes = 0;
    if (files->count == 0)
        return 0;
    int64_t first = files->at[0].id / 2, last = files->at[files->count - 1].id / 2;
    *shift = files_reserve(&store->bodies->files, last - first + 1) - first * 2;
    for (size_t i = 0; i < files->count; i++) {
        const struct snapshot_move move = { dir, store->options.directory, files->at[i].id,
                                            files->at[i].id + *shift };
        int brought = snapshot_dir_bring(store->options.fs, &move, &bytes);
        if (brought == 0)
            continue;
        give_back(store, files, i, *shift);
        return brought;
    }
    if (store->options.durability == DURABILITY_POWER)
        sync(); /* their names, before a row relies on them */
    return 0;
}

enum store_result store_snapshot_restore(struct store *store, struct arena *arena, str name,
                                         struct store_snapshot_info *out, str *problem)
{
    static const struct store_write_kind kind = { .name = "restore",
                                                  .run = run_restore,
                                                  .savepoint = true };
    struct snapshot_files files;
    struct restore restore = { .head = { .arena = arena, .kind = &kind } };
    *problem = STR_NONE;
    enum store_result result = store_snapshot_get(store, arena, name, out);
    if (result == STORE_ABSENT)
        return result;
    const char *dir = snapshot_dir_path(store, arena, name);
    if (!snapshot_dir_check(store, arena, dir, &files, problem))
        return STORE_STATE_REFUSED;
    int brought = bring_files(store, dir, &files, &restore.shift);
    if (brought < 0)
        return body_error(brought);
    restore.database = snapshot_dir_database(arena, dir);
    result = store_write_wait(store, &restore.head);
    if (result == STORE_OK)
        return result;
    give_back(store, &files, files.count, restore.shift);
    if (result == STORE_STATE_REFUSED)
        *problem = STR("its database has other tables than a world of this schema");
    return result;
}
