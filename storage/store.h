/* store: the one database and body files of a world (DESIGN.md 5).
 *
 * Reading: each thread opens a store_reader; store_read_begin renews its snapshot when something
 * was committed since, and must be called once at the start of each request, never midway.
 * Writing: fill one of the typed writes (storage/version.h, bucket.h, upload.h, queue.h, doc.h) and
 * store_submit it; the writer thread judges and applies it inside its transaction, commits it with
 * whatever else is queued, and then calls `done` on the writer thread. `done` must only hand the
 * write over to its owner (an inbox, a semaphore). Until then the write, its arena and all its
 * inputs belong to the store.
 *
 * Errors: enum store_result; the store knows neither HTTP nor lag nor routes. A failed COMMIT
 * fails every write of its batch with STORE_FULL or STORE_BROKEN and leaves nothing behind.
 * Invariant: the row is the truth; a file without a row is garbage that store_open sweeps; a
 * version and the replication-queue rows that it causes commit in one transaction.
 */
#ifndef ATOLL_STORAGE_STORE_H
#define ATOLL_STORAGE_STORE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/fs.h"

enum store_result {
    STORE_OK,
    STORE_ABSENT, /* document, configuration: not there */
    STORE_NO_BUCKET,
    STORE_NO_KEY, /* no current version, or it is a delete marker where an object is needed */
    STORE_NO_VERSION,
    STORE_IS_MARKER, /* the version asked for by id is a delete marker */
    STORE_NO_UPLOAD,
    STORE_EXISTS,       /* bucket name is taken, document exists */
    STORE_NOT_EMPTY,    /* bucket still has versions */
    STORE_PRECONDITION, /* 412: If-Match / If-None-Match / source conditions */
    STORE_CONFLICT,     /* 409: changed since the upload began, or since it was read */
    STORE_LOCKED,       /* object lock forbids it */
    STORE_BAD_PART,     /* Complete names a part that is not there or differs */
    STORE_PART_TOO_SMALL,
    STORE_TOO_LARGE,
    STORE_STATE_REFUSED, /* bucket state forbids it: e.g. suspending versioning while replicating */
    STORE_BUSY,          /* a bound is reached: slow down */
    STORE_FULL,          /* disk full */
    STORE_BROKEN         /* I/O or database error; logged where seen */
};

enum store_durability { DURABILITY_CRASH, DURABILITY_POWER };
enum version_order { ORDER_ORIGIN, ORDER_ARRIVAL };

struct store;
struct store_reader;
struct store_write;
struct store_hooks; /* storage/queue.h: what replication adds to a commit */

struct store_options {
    const char *directory; /* made if missing; locked: a second process is refused */
    bool ephemeral;        /* remove the directory at store_close */
    enum store_durability durability;
    enum version_order version_order;
    const struct fs *fs;             /* NULL: fs_real() */
    struct clock *clock;             /* emulated time for stamps; not owned */
    const struct store_hooks *hooks; /* NULL: nothing replicates; not owned */
    uint64_t seed;                   /* used when the world is new; a kept world keeps its own */
    uint64_t part_min_bytes;         /* LIMIT_PART_MIN_BYTES; tests make it smaller */
    uint64_t queue_limit;  /* queue rows, then writes are STORE_BUSY; 0: LIMIT_QUEUE_ROWS */
    unsigned body_threads; /* body pool size; 0: 2 */
};

/* NULL on failure, with a sentence in *error (in the arena) that names the cause and the way out.
 */
MUST_CHECK struct store *store_open(struct arena *arena, const struct store_options *options,
                                    str *error);
/* Commits what is queued, stops the threads, checkpoints. No reader may be open. */
void store_close(struct store *store);
/* Of SQLite, as linked: "3.40.1". Static. */
const char *store_sqlite_version(void);
/* How often this directory was opened before, by whatever world is in it now. */
int64_t store_starts(const struct store *store);
uint64_t store_seed(const struct store *store); /* the world's seed, kept across restarts */
/* What keys draws about a bucket, together with the seed: its incarnation, counted from the last
 * wipe, so that a wiped world draws as a new one does. */
uint64_t store_draw_scope(const struct store *store, int64_t bucket);
/* Rises after each COMMIT and before any of its writes is acknowledged. */
uint64_t store_commit_count(const struct store *store);

MUST_CHECK struct store_reader *store_reader_open(struct store *store);
void store_reader_close(struct store_reader *reader);
void store_read_begin(struct store_reader *reader);
/* Ends the snapshot when the thread goes idle, so that the WAL can be reset. */
void store_read_idle(struct store_reader *reader);
/* Rises with each change of a bucket or of its sub-resources: what was read about them under the
 * same number is still true in this snapshot. */
uint64_t store_read_generation(const struct store_reader *reader);
struct store *store_of_reader(const struct store_reader *reader);

typedef void store_done_fn(struct store_write *write);

/* A document to put (or delete) in the same transaction as a write; see doc.h. */
struct store_doc {
    str kind; /* "mrap", "link", "clock", ... */
    str id;
    str body;       /* ptr == NULL: delete it */
    bool if_absent; /* fail the whole write with STORE_EXISTS when it is there already */
    str was;        /* ptr set: fail the whole write with STORE_EXISTS unless it is this now */
};

/* The head of every typed write. */
struct store_write {
    /* set by the caller */
    struct arena *arena; /* outputs go here; the writer uses it until done */
    store_done_fn *done;
    void *owner;
    const struct store_doc *docs; /* committed together with this write */
    size_t doc_count;
    instant at;      /* emulated instant to act at; {0}: the clock's now */
    duration skew;   /* how far the clock of the Region that serves is ahead: dates versions */
    bool background; /* yields to clients' writes */
    /* set by the store */
    enum store_result result;
    str detail;                          /* which part, which key: for the error's extra elements */
    const struct store_write_kind *kind; /* set by the typed write's init */
    struct store_write *next;
};

void store_submit(struct store *store, struct store_write *write);
/* Submits and blocks until committed: for start-up, the world thread and tests; never a worker. */
enum store_result store_write_wait(struct store *store, struct store_write *write);

/* A write that only carries documents (write.docs). */
void store_docs_init(struct store_write *write, struct arena *arena);
/* Deletes every bucket, version, upload, queue row and every document whose kind is not in
 * `keep_kinds`; ordinals and incarnations go on. Draws after it are those of a new world with
 * `seed`. */
struct store_wipe {
    struct store_write head;
    uint64_t seed;
    const str *keep_kinds;
    size_t keep_count;
};
void store_wipe_init(struct store_wipe *wipe, struct arena *arena);

/* Named crash and failure points for tests: the store calls it, if set, with names such as
 * "put.before_commit". Set before any write. */
void store_set_sync_point(struct store *store, void (*reached)(void *ctx, const char *name),
                          void *ctx);

const char *store_result_name(enum store_result result);

/* Documents: control data (MRAPs, async requests, links, roles, settings) as opaque text. */
MUST_CHECK enum store_result store_doc_get(struct store_reader *reader, struct arena *arena,
                                           str kind, str id, str *body);
struct store_doc_list {
    struct store_doc *at; /* ordered by id, byte order */
    size_t count;
};
MUST_CHECK enum store_result store_doc_list(struct store_reader *reader, struct arena *arena,
                                            str kind, struct store_doc_list *out);

#endif
