/* The life of a store: directory, lock, schema, threads; and of its readers. */
#include "storage/store.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/limits.h"
#include "base/rng.h"
#include "storage/bucket_cache.h"
#include "storage/db.h"
#include "storage/hot.h"
#include "storage/schema.h"
#include "storage/snapshot_dir.h"
#include "storage/state.h"
#include "storage/writer.h"

/* -- opening -------------------------------------------------------------------------------------
 */

/* The lock is on the open file, so it ends with the process, however that ends. */
static bool lock_directory(struct store *store, str *error)
{
    const char *directory = store->options.directory;
    const struct fs *fs = store->options.fs;
    int made = fs_make_dirs(fs, directory);
    if (made != 0) {
        *error = str_format(store->arena, "cannot make the directory %s: %s", directory,
                            strerror(-made));
        return false;
    }
    const char *path = str_c(store->arena, str_format(store->arena, "%s/lock", directory));
    store->lock_fd = fs->open(fs, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) {
        *error = str_format(store->arena, "cannot open the lock file %s: %s", path,
                            strerror(-store->lock_fd));
        return false;
    }
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    *error = errno == EWOULDBLOCK
                 ? str_format(store->arena,
                              "%s is in use by another atoll (lock file %s): stop that one, or "
                              "choose another directory with --data",
                              directory, path)
                 : str_format(store->arena, "cannot lock %s: %s", path, strerror(errno));
    return false;
}

/* Inserts the value when the world is new; gives what is there. */
static int64_t world_value(struct db *db, str name, int64_t if_new)
{
    struct db_stmt *s =
        db_sql(db, "INSERT INTO world(name,value) VALUES(?1,?2) ON CONFLICT DO NOTHING");
    db_bind_text(s, name);
    db_bind_i64(s, if_new);
    db_run(s);
    s = db_sql(db, "SELECT value FROM world WHERE name=?1");
    db_bind_text(s, name);
    return db_value(s, if_new);
}

static enum store_result count_start(struct db *db)
{
    db_clear(db);
    db_exec(db, "UPDATE world SET value=value+1 WHERE name='starts'");
    return db_result(db);
}

/* A full disk must not keep anybody from reading, nor from deleting: what the log of a world that
 * was killed takes may be room enough, and a start that is not counted only lets numbers of events
 * come again. */
static void count_start_somehow(struct store *store, struct db *db)
{
    if (count_start(db) != STORE_FULL)
        return;
    db_clear(db);
    reserve_spend(&store->reserve);
    (void) db_checkpoint(db, true);
    if (count_start(db) == STORE_FULL)
        db_clear(db);
    reserve_spent(&store->reserve);
}

static bool load_world(struct store *store, struct db *db, str *error)
{
    store->seed = (uint64_t) world_value(db, STR("seed"), (int64_t) store->options.seed);
    store->first_bucket = world_value(db, STR("first-bucket"), 0);
    store->starts = world_value(db, STR("starts"), 0);
    int64_t order = world_value(db, STR("version-order"), store->options.version_order);
    if (db_result(db) == STORE_OK)
        count_start_somehow(store, db);
    if (db_result(db) != STORE_OK) {
        *error =
            str_format(store->arena, "cannot read %s: %.*s", store->db_path, STR_ARG(db_error(db)));
        return false;
    }
    if (order == (int64_t) store->options.version_order)
        return true;
    *error = str_format(store->arena,
                        "%s was made with version order \"%s\", which cannot be changed later: "
                        "start with that order, or with another directory",
                        store->options.directory, order == ORDER_ORIGIN ? "origin" : "arrival");
    return false;
}

/* Everything after the lock. What was made before a failure is undone by store_close. */
static bool start(struct store *store, str *error)
{
    bool power = store->options.durability == DURABILITY_POWER;
    struct db *db = db_open(store->arena, store->db_path, DB_WRITE, power, error);
    if (!db)
        return false;
    reserve_open(&store->reserve, store->options.fs, store->reserve_path);
    if (schema_apply(db, store->arena, error) && load_world(store, db, error))
        store->bodies = body_state_open(store, db, store->arena, error);
    if (store->bodies)
        store->writer = writer_start(store, db, store->arena, error);
    snapshot_dir_sweep(store);
    if (store->writer)
        return true;
    db_close(db);
    return false;
}

static struct store *store_new(const struct store_options *options)
{
    struct store *store = mem_alloc(sizeof *store);
    struct arena *arena = arena_new();
    store->arena = arena;
    store->options = *options;
    store->options.directory = str_c(arena, str_of(options->directory));
    store->options.fs = options->fs ? options->fs : fs_real();
    store->db_path = str_c(arena, str_format(arena, "%s/world.db", options->directory));
    store->reserve_path = str_c(arena, str_format(arena, "%s/reserve", options->directory));
    store->queue_limit = options->queue_limit ? options->queue_limit : LIMIT_QUEUE_ROWS;
    store->lock_fd = -1;
    return store;
}

struct store *store_open(struct arena *arena, const struct store_options *options, str *error)
{
    BUG_UNLESS(options->directory && options->clock);
    struct store *store = store_new(options);
    if (!store->options.part_min_bytes)
        store->options.part_min_bytes = LIMIT_PART_MIN_BYTES;
    bool locked = lock_directory(store, error);
    if (locked && start(store, error))
        return store;
    *error = str_copy(arena, *error);
    store->options.ephemeral = false; /* it may be somebody else's, or worth a look */
    store_close(store);
    return NULL;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    BUG_UNLESS(atomic_load(&store->readers) == 0);
    writer_stop(store->writer);
    body_state_close(store->bodies);
    reserve_close(&store->reserve);
    if (store->options.ephemeral)
        fs_remove_tree(store->options.directory);
    if (store->lock_fd >= 0)
        (void) close(store->lock_fd);
    arena_free(store->arena);
    free(store);
}

const char *store_sqlite_version(void)
{
    return db_library_version();
}

int64_t store_starts(const struct store *store)
{
    return store->starts;
}

uint64_t store_seed(const struct store *store)
{
    return atomic_load(&store->seed);
}

uint64_t store_commit_count(const struct store *store)
{
    return atomic_load(&store->commits);
}

uint64_t store_draw_scope(const struct store *store, int64_t bucket)
{
    return (uint64_t) (bucket - atomic_load(&store->first_bucket));
}

void store_set_sync_point(struct store *store, void (*reached)(void *ctx, const char *name),
                          void *ctx)
{
    store->reached = reached;
    store->reached_ctx = ctx;
}

void store_reached(struct store *store, const char *name)
{
    if (store->reached)
        store->reached(store->reached_ctx, name);
}

/* -- writing
 * ---------------------------------------------------------------------------------------- */

void store_submit(struct store *store, struct store_write *write)
{
    writer_submit(store->writer, write);
}

static void wake_waiter(struct store_write *write)
{
    (void) sem_post(write->owner);
}

enum store_result store_write_wait(struct store *store, struct store_write *write)
{
    sem_t done;
    (void) sem_init(&done, 0, 0);
    write->done = wake_waiter;
    write->owner = &done;
    store_submit(store, write);
    while (sem_wait(&done) != 0 && errno == EINTR)
        ;
    (void) sem_destroy(&done);
    return write->result;
}

/* -- reading
 * ---------------------------------------------------------------------------------------- */

struct store_reader *store_reader_open(struct store *store)
{
    struct arena *arena = arena_new();
    str error = STR_NONE;
    struct db *db = db_open(arena, store->db_path, DB_READ, false, &error);
    if (!db)
        BUG(str_c(arena, error)); /* the same file is open for writing: nothing to go on with */
    arena_free(arena);
    struct store_reader *reader = mem_alloc(sizeof *reader);
    reader->store = store;
    reader->db = db;
    reader->buckets = bucket_cache_open();
    reader->hot = hot_cache_open();
    atomic_fetch_add(&store->readers, 1);
    return reader;
}

void store_reader_close(struct store_reader *reader)
{
    if (!reader)
        return;
    atomic_fetch_sub(&reader->store->readers, 1);
    db_close(reader->db);
    bucket_cache_close(reader->buckets);
    hot_cache_close(reader->hot);
    free(reader);
}

void store_read_idle(struct store_reader *reader)
{
    db_snapshot_end(reader->db);
    reader->open = false;
}

/* Both numbers are read before the snapshot is taken: a commit in between makes the snapshot newer
 * than its label, which costs one renewal and never shows old rows. The first statement takes it:
 * many a request finds all it needs in the caches, and under writes a snapshot per request is dear.
 */
void store_read_begin(struct store_reader *reader)
{
    uint64_t commits = atomic_load(&reader->store->commits);
    if (reader->open && commits == reader->commits && db_result(reader->db) == STORE_OK)
        return;
    store_read_idle(reader);
    db_clear(reader->db);
    bucket_cache_renew(reader->buckets, atomic_load(&reader->store->bucket_generation));
    reader->commits = commits;
    db_snapshot_soon(reader->db);
    reader->open = true;
}

uint64_t store_read_generation(const struct store_reader *reader)
{
    return bucket_cache_generation(reader->buckets);
}

struct store *store_of_reader(const struct store_reader *reader)
{
    return reader->store;
}

const char *store_result_name(enum store_result result)
{
    static const char *const names[] = {
        [STORE_OK] = "ok",
        [STORE_ABSENT] = "absent",
        [STORE_NO_BUCKET] = "no-bucket",
        [STORE_NO_KEY] = "no-key",
        [STORE_NO_VERSION] = "no-version",
        [STORE_IS_MARKER] = "is-marker",
        [STORE_NO_UPLOAD] = "no-upload",
        [STORE_EXISTS] = "exists",
        [STORE_NOT_EMPTY] = "not-empty",
        [STORE_PRECONDITION] = "precondition",
        [STORE_CONFLICT] = "conflict",
        [STORE_LOCKED] = "locked",
        [STORE_BAD_PART] = "bad-part",
        [STORE_PART_TOO_SMALL] = "part-too-small",
        [STORE_TOO_LARGE] = "too-large",
        [STORE_STATE_REFUSED] = "state-refused",
        [STORE_BUSY] = "busy",
        [STORE_FULL] = "full",
        [STORE_BROKEN] = "broken",
    };
    return (size_t) result < COUNT(names) ? names[result] : "unknown";
}
