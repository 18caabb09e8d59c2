/* snapshot_dir: the directory of one snapshot: its parts, what must be true of them, and how it
 * appears and goes. For the storage folder only. Paths are NUL-terminated, in the arena. Threads:
 * as snapshot.h says. */
#ifndef ATOLL_STORAGE_SNAPSHOT_DIR_H
#define ATOLL_STORAGE_SNAPSHOT_DIR_H

#include "storage/db.h"
#include "storage/snapshot.h"

/* DIR/snapshots/NAME; with a dot before the name it is one in the making, never listed. */
const char *snapshot_dir_path(struct store *store, struct arena *arena, str name);
const char *snapshot_dir_database(struct arena *arena, const char *dir);
/* At start: what a crash left in the making. */
void snapshot_dir_sweep(struct store *store);
/* An empty one in the making, instead of what was left of it. 0 or -errno. */
MUST_CHECK int snapshot_dir_make(struct store *store, const char *dir);
/* `fresh` becomes `final`, which may be there: then it goes. By one rename. 0 or -errno. */
MUST_CHECK int snapshot_dir_publish(struct store *store, const char *fresh, const char *final);

MUST_CHECK int snapshot_dir_write_about(struct arena *arena, const char *dir,
                                        const struct store_snapshot_info *info);
MUST_CHECK enum store_result snapshot_dir_read_about(struct arena *arena, const char *dir,
                                                     struct store_snapshot_info *out);

/* The body files that a database names. */
struct snapshot_file {
    int64_t id;
    uint64_t needed_bytes; /* up to here something is named */
};
struct snapshot_files {
    struct snapshot_file *at; /* by id */
    size_t count;
};
void snapshot_dir_files(struct db *db, struct arena *arena, struct snapshot_files *out);
/* Brings a body file of the directory `from` into `to`, under its new id: a hard link, or a copy
 * where the file systems differ. Adds its size to *bytes. 0 or -errno. */
struct snapshot_move {
    const char *from, *to;
    int64_t id, new_id;
};
MUST_CHECK int snapshot_dir_bring(const struct fs *fs, const struct snapshot_move *move,
                                  uint64_t *bytes);

/* A connection to one database with another attached as `snapshot`: another table, column or
 * trigger than ours is no world of this schema, whatever it says. */
MUST_CHECK bool snapshot_dir_has_our_tables(struct db *db);
/* Whole, sound, and of this atoll's kind (an older schema is brought up to date in place); else a
 * sentence in *problem. */
MUST_CHECK bool snapshot_dir_check(struct store *store, struct arena *arena, const char *dir,
                                   struct snapshot_files *files, str *problem);

#endif
