/* Start and end of the body side of a store. At start the rows say which files are needed; every
 * other one is what a crash left between placing a body and committing its row, and goes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "storage/body_batch.h"
#include "storage/body_row.h"
#include "storage/db.h"
#include "storage/lane.h"
#include "storage/state.h"

#define BODY_THREADS_DEFAULT 2

struct named {
    int64_t *ids; /* ascending */
    size_t count;
};

static struct named read_named(struct db *db, struct arena *scratch)
{
    int64_t rows = db_value(db_sql(db, "SELECT count(*) FROM file"), 0);
    struct named named = { ARENA_ARRAY(scratch, int64_t, (size_t) rows), 0 };
    struct db_stmt *s = db_sql(db, "SELECT id FROM file ORDER BY id");
    while (named.count < (size_t) rows && db_step(s))
        named.ids[named.count++] = db_i64(s, 0);
    db_end(s);
    return named;
}

static int compare_ids(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool is_named(void *ctx, int64_t id)
{
    const struct named *named = ctx;
    return bsearch(&id, named->ids, named->count, sizeof(id), compare_ids) != NULL;
}

struct body_state *body_state_open(struct store *store, struct db *db, struct arena *arena,
                                   str *error)
{
    struct body_state *bodies = mem_alloc(sizeof(*bodies));
    struct arena *scratch = arena_new();
    struct named named = read_named(db, scratch);
    int64_t highest = named.count > 0 ? named.ids[named.count - 1] : 0;
    int64_t last_body = db_value(db_sql(db, "SELECT max(id) FROM body"), 0);

    bodies->store = store;
    int made = files_init(&bodies->files, store->options.fs, store->options.directory, highest);
    if (made == 0)
        made = files_sweep(&bodies->files, is_named, &named);
    arena_free(scratch);
    if (made < 0 || db_result(db) != STORE_OK) {
        *error = made < 0
                     ? str_format(arena,
                                  "cannot use %s for bodies: %s. Give another directory, or "
                                  "make this one readable and writable",
                                  store->options.directory, strerror(-made))
                     : str_format(arena, "cannot read the body rows: %.*s", STR_ARG(db_error(db)));
        body_state_close(bodies);
        return NULL;
    }
    bodies->batch = body_batch_new(last_body + 1);
    unsigned threads = store->options.body_threads;
    bodies->pool = pool_new(threads > 0 ? threads : BODY_THREADS_DEFAULT);
    return bodies;
}

void body_state_close(struct body_state *state)
{
    if (state == NULL)
        return;
    pool_free(state->pool);
    files_fini(&state->files);
    body_batch_free(state->batch);
    free(state);
}
