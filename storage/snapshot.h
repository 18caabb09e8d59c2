/* snapshot: the whole world put aside under a name, and brought back.
 *
 * DIR/snapshots/NAME has the shape of a world's own directory: a copy of the database and hard
 * links to the body files that it names (copies on another file system), so a snapshot costs no
 * bytes until the world moves on. Beside them, about.json says what it is.
 *
 * Saving is a write: it happens in the writer's turn, so nothing moves meanwhile, and holds what
 * was committed before its batch. It appears by one rename, whole or not at all. Restoring is a
 * write too: all rows change in one transaction, readers see the old world or the new one, and a
 * failure leaves the old one. Bucket ids, ordinals and the seed come back, so the same requests get
 * the same version ids as after the snapshot; file ids never do. Threads: save, restore, delete and
 * import by one thread at a time (the world thread); the list and reading by any.
 */
#ifndef ATOLL_STORAGE_SNAPSHOT_H
#define ATOLL_STORAGE_SNAPSHOT_H

#include "storage/body.h"

#define SNAPSHOT_NAME_BYTES 64

struct store_snapshot_info {
    str name;
    int64_t schema;    /* of its database */
    instant at;        /* emulated */
    instant wall;      /* when it was taken */
    uint64_t requests; /* what the saver said, for whoever restores */
    uint64_t bytes;    /* of the database and the body files, shared ones too */
    uint64_t buckets, objects;
};

/* Letters, digits, '-', '_' and '.', the first a letter or digit, SNAPSHOT_NAME_BYTES at most. */
MUST_CHECK bool store_snapshot_name_is_sound(str name);

struct store_snapshot {
    struct store_write head;
    str name; /* sound; one of that name is replaced */
    uint64_t requests;
    struct store_snapshot_info out;
};
void store_snapshot_init(struct store_snapshot *snapshot, struct arena *arena);

struct store_snapshot_list {
    struct store_snapshot_info *at; /* by name */
    size_t count;
};
MUST_CHECK enum store_result store_snapshot_list(struct store *store, struct arena *arena,
                                                 struct store_snapshot_list *out);
/* STORE_ABSENT: there is none. */
MUST_CHECK enum store_result store_snapshot_get(struct store *store, struct arena *arena, str name,
                                                struct store_snapshot_info *out);
MUST_CHECK enum store_result store_snapshot_delete(struct store *store, str name);

/* Checks it whole before anything changes: STORE_STATE_REFUSED and a sentence in *problem when it
 * is broken or of another atoll. Blocks; never a worker, never the writer. */
MUST_CHECK enum store_result store_snapshot_restore(struct store *store, struct arena *arena,
                                                    str name, struct store_snapshot_info *out,
                                                    str *problem);

/* One as a file, a ustar archive, replaced by one rename; and back under a name, which is there
 * only if all of it is sound: else STORE_STATE_REFUSED and *problem. Both block. */
MUST_CHECK enum store_result store_snapshot_export(struct store *store, struct arena *arena,
                                                   str name, const char *path, str *problem);
MUST_CHECK enum store_result store_snapshot_import(struct store *store, struct arena *arena,
                                                   const char *path, str name, str *problem);
/* The same file without a path: as bytes to be read, and from bytes that a sink took. */
MUST_CHECK enum store_result store_snapshot_open(struct store *store, struct arena *arena, str name,
                                                 struct body_reader **out, str *problem);
MUST_CHECK enum store_result store_snapshot_take(struct store *store, struct arena *arena,
                                                 const struct body_draft *draft, str name,
                                                 str *problem);

#endif
