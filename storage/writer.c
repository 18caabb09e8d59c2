/* Group commit. One loop: take what is queued, run it in one transaction, commit, tell everybody.
 * A write that fails by its own judgement leaves no trace; a database error fails the group, but
 * for a full disk: then its freeing writes are run again, alone, in the room of the reserve. */
#include "storage/writer.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/limits.h"
#include "base/lock.h"
#include "storage/doc.h"
#include "storage/hot.h"

/* Clients' share of a batch while background writes wait: three quarters. */
#define CLIENT_ROWS (LIMIT_WRITE_BATCH_ROWS / 4 * 3)
#define CLIENT_NS DURATION_MS(LIMIT_WRITE_BATCH_MS).ns / 4 * 3
/* WAL pages worth a checkpoint, 32 MB: the same page is written to the database once for all of
 * them, and each checkpoint syncs. */
#define CHECKPOINT_PAGES 8000

struct write_list {
    struct store_write *head;
    struct store_write **tail;
};

struct writer {
    struct store *store;
    struct db *db;
    pthread_t thread;

    struct mutex lock;
    struct condition more;
    struct write_list queued[2]; /* clients, background; under lock */
    bool stopping;               /* under lock */

    struct db *checkpoint_db;
    pthread_t checkpoint_thread;
    struct condition checkpoint;
    bool checkpoint_wanted; /* under lock */
    bool checkpoint_stopping;

    /* the writer thread's own */
    struct write_list taken[2];
    struct txn_cache cache;
    bool tight; /* this batch runs only what frees room, and holds the reserve's lock */
};

enum { CLIENT, BACKGROUND };

static void list_clear(struct write_list *list)
{
    list->head = NULL;
    list->tail = &list->head;
}

static void list_push(struct write_list *list, struct store_write *write)
{
    write->next = NULL;
    *list->tail = write;
    list->tail = &write->next;
}

static struct store_write *list_pop(struct write_list *list)
{
    struct store_write *write = list->head;
    if (write) {
        list->head = write->next;
        if (!list->head)
            list->tail = &list->head;
    }
    return write;
}

static void list_move(struct write_list *to, struct write_list *from)
{
    if (!from->head)
        return;
    *to->tail = from->head;
    to->tail = from->tail;
    list_clear(from);
}

/* -- a batch
 * --------------------------------------------------------------------------------------- */

struct group {
    struct store_write *first, **last; /* those that ran, in order */
    size_t rows;
    bool changed; /* any succeeded */
    bool queued;  /* committed, and with it queue rows */
    bool background_ran;
    int64_t started_ns;
};

/* The next write of this batch, or NULL when it is full or nothing is left. */
static struct store_write *group_next(struct writer *writer, const struct group *group)
{
    int64_t spent_ns = clock_mono().ns - group->started_ns;
    if (group->rows >= LIMIT_WRITE_BATCH_ROWS || spent_ns >= DURATION_MS(LIMIT_WRITE_BATCH_MS).ns) {
        bool starved = writer->taken[BACKGROUND].head && !group->background_ran;
        return starved ? list_pop(&writer->taken[BACKGROUND]) : NULL;
    }
    bool share_used = group->rows >= CLIENT_ROWS || spent_ns >= CLIENT_NS;
    if (writer->taken[CLIENT].head && !(share_used && writer->taken[BACKGROUND].head))
        return list_pop(&writer->taken[CLIENT]);
    return list_pop(&writer->taken[BACKGROUND]);
}

static struct store_txn begin(struct writer *writer, struct store_write *write)
{
    return (struct store_txn){
        .store = writer->store,
        .db = writer->db,
        .arena = write->arena,
        .now = write->at.ns ? write->at : clock_now(writer->store->options.clock),
        .skew = write->skew,
        .cache = &writer->cache,
        .tight = writer->tight,
    };
}

static enum store_result run_write(struct writer *writer, struct store_write *write)
{
    if (writer->tight && !write->kind->frees)
        return STORE_FULL;
    struct store_txn txn = begin(writer, write);
    usage_note(&txn);
    if (!doc_may_apply(&txn, write->docs, write->doc_count))
        return STORE_EXISTS;
    if (!write->kind->savepoint) {
        enum store_result result = write->kind->run(&txn, write);
        if (result == STORE_OK)
            doc_apply(&txn, write->docs, write->doc_count);
        return result;
    }
    /* Counts kept in memory go to the rows first, so that only this write's are forgotten. */
    txn_flush(&txn);
    body_row_flush(&txn);
    uint64_t queue_rows = writer->cache.queue_rows;
    db_exec(txn.db, "SAVEPOINT one");
    enum store_result result = write->kind->run(&txn, write);
    if (result == STORE_OK) {
        doc_apply(&txn, write->docs, write->doc_count);
    } else if (db_result(txn.db) == STORE_OK) {
        db_exec(txn.db, "ROLLBACK TO one");
        body_row_rolled_back(writer->store);
        txn_rolled_back(&txn);
        writer->cache.queue_rows = queue_rows;
        writer->cache.loaded = true;
    }
    db_exec(txn.db, "RELEASE one");
    return result;
}

static enum store_result commit(struct writer *writer, struct store_txn *txn)
{
    struct store *store = writer->store;
    txn_flush(txn);
    body_row_flush(txn);
    if (store->options.durability == DURABILITY_POWER && db_result(txn->db) == STORE_OK) {
        enum store_result synced = body_lane_sync(store);
        if (synced != STORE_OK)
            return synced;
    }
    if (db_result(txn->db) != STORE_OK)
        return db_result(txn->db);
    store_reached(store, "put.before_commit");
    db_exec(txn->db, "COMMIT");
    return db_result(txn->db);
}

static void roll_back(struct writer *writer, struct store_txn *txn)
{
    db_clear(writer->db);
    if (db_in_transaction(writer->db))
        db_exec(writer->db, "ROLLBACK");
    db_clear(writer->db);
    body_row_rolled_back(writer->store);
    txn_rolled_back(txn);
}

/* What readers compare, in the order in which they must see it: first what makes them drop their
 * bucket rows, then the counter that makes them look. */
static void publish(struct writer *writer)
{
    struct store *store = writer->store;
    atomic_store(&store->seed, writer->cache.seed);
    atomic_store(&store->first_bucket, writer->cache.first_bucket);
    if (writer->cache.buckets_changed)
        atomic_fetch_add(&store->bucket_generation, 1);
    atomic_fetch_add(&store->commits, 1);
    hot_committed(store, &writer->cache.touched);
    body_row_committed(store);
    store_reached(store, "put.after_commit");
}

static void tell(struct group *group, enum store_result committed)
{
    struct store_write *next;
    for (struct store_write *write = group->first; write; write = next) {
        next = write->next; /* done gives the write away */
        if (committed != STORE_OK)
            write->result = committed;
        else if (write->result == STORE_OK && write->kind->committed)
            write->kind->committed(write);
        if (write->done)
            write->done(write);
    }
}

static void group_run(struct writer *writer, struct group *group, struct store_write *write)
{
    write->result = run_write(writer, write);
    group->rows++;
    group->changed |= write->result == STORE_OK;
}

static void group_take(struct writer *writer, struct group *group)
{
    struct store_write *write;
    while (db_result(writer->db) == STORE_OK && (write = group_next(writer, group))) {
        group->background_ran |= write->background;
        group_run(writer, group, write);
        write->next = NULL;
        *group->last = write;
        group->last = &write->next;
    }
    if (!group->first && (write = group_next(writer, group))) {
        *group->last = write; /* not even BEGIN worked: one fails, so that the queue goes down */
        write->next = NULL;
    }
}

static enum store_result group_commit(struct writer *writer, struct group *group,
                                      struct store_txn *txn)
{
    enum store_result result = commit(writer, txn);
    group->queued = writer->cache.queue_touched && result == STORE_OK;
    if (result != STORE_OK)
        roll_back(writer, txn);
    else if (group->changed)
        publish(writer);
    if (writer->cache.attached) /* not before: it took part in the transaction */
        db_exec(writer->db, "DETACH snapshot");
    writer->cache.attached = false;
    hot_forget(&writer->cache.touched); /* what was rolled back is as it was */
    return result;
}

/* All of the batch is run, or, with the reserve spent, what frees room. */
static enum store_result group_try(struct writer *writer, struct group *group)
{
    struct store_txn txn = { .store = writer->store, .db = writer->db, .cache = &writer->cache };
    group->changed = false;
    db_exec(writer->db, "BEGIN IMMEDIATE");
    txn_begin(&txn);
    if (!group->first)
        group_take(writer, group);
    else
        for (struct store_write *write = group->first; write; write = write->next)
            group_run(writer, group, write);
    return group_commit(writer, group, &txn);
}

static bool group_frees(const struct group *group)
{
    for (const struct store_write *write = group->first; write; write = write->next)
        if (write->kind->frees)
            return true;
    return false;
}

static void spend_reserve(struct writer *writer)
{
    writer->tight = true;
    reserve_spend(&writer->store->reserve);
    store_reached(writer->store, "reserve.spent");
}

/* The files of the freed bodies are gone by now; the log goes too. */
static void give_back(struct writer *writer, bool freed)
{
    if (freed) {
        (void) db_checkpoint(writer->db, true);
        db_clear(writer->db);
        store_reached(writer->store, "reserve.checkpointed");
    }
    reserve_spent(&writer->store->reserve);
    writer->tight = false;
}

static void run_group(struct writer *writer)
{
    struct group group = { .started_ns = clock_mono().ns };
    group.last = &group.first;
    if (!reserve_is_whole(&writer->store->reserve))
        spend_reserve(writer);
    enum store_result result = group_try(writer, &group);
    if (result == STORE_FULL && !writer->tight && group_frees(&group)) {
        spend_reserve(writer);
        result = group_try(writer, &group);
    }
    if (writer->tight)
        give_back(writer, result == STORE_OK && group.changed);
    tell(&group, result);
    const struct store_hooks *hooks = writer->store->options.hooks;
    if (group.queued && hooks && hooks->queued)
        hooks->queued(hooks->ctx, writer->cache.queue_earliest);
}

/* -- threads
 * ----------------------------------------------------------------------------------------- */

/* A passive checkpoint alone never lets the WAL start anew under constant writes, so above a bound
 * the writer, who is the only one that could, does it itself. */
static void hold_down_wal(struct writer *writer)
{
    int pages = db_wal_pages(writer->db);
    if (pages < CHECKPOINT_PAGES)
        return;
    if (pages > LIMIT_WAL_PAGES) {
        (void) db_checkpoint(writer->db, false);
        db_clear(writer->db);
        return;
    }
    SCOPED_LOCK(&writer->lock);
    if (!writer->checkpoint_wanted) {
        writer->checkpoint_wanted = true;
        condition_wake_one(&writer->checkpoint);
    }
}

/* False: stopped and nothing is left. */
static bool take(struct writer *writer)
{
    SCOPED_LOCK(&writer->lock);
    bool busy = writer->taken[CLIENT].head || writer->taken[BACKGROUND].head;
    while (!busy && !writer->queued[CLIENT].head && !writer->queued[BACKGROUND].head) {
        if (writer->stopping)
            return false;
        condition_wait(&writer->more, &writer->lock);
    }
    list_move(&writer->taken[CLIENT], &writer->queued[CLIENT]);
    list_move(&writer->taken[BACKGROUND], &writer->queued[BACKGROUND]);
    return true;
}

static void *writer_run(void *arg)
{
    struct writer *writer = arg;
    while (take(writer)) {
        run_group(writer);
        hold_down_wal(writer);
    }
    return NULL;
}

static void *checkpoint_run(void *arg)
{
    struct writer *writer = arg;
    mutex_lock(&writer->lock);
    while (!writer->checkpoint_stopping) {
        if (!writer->checkpoint_wanted) {
            condition_wait(&writer->checkpoint, &writer->lock);
            continue;
        }
        mutex_unlock(&writer->lock);
        (void) db_checkpoint(writer->checkpoint_db, false);
        db_clear(writer->checkpoint_db);
        mutex_lock(&writer->lock);
        writer->checkpoint_wanted = false;
    }
    mutex_unlock(&writer->lock);
    return NULL;
}

struct writer *writer_start(struct store *store, struct db *db, struct arena *arena, str *error)
{
    struct db *checkpoint_db = db_open(arena, store->db_path, DB_CHECKPOINT,
                                       store->options.durability == DURABILITY_POWER, error);
    if (!checkpoint_db)
        return NULL;
    struct writer *writer = mem_alloc(sizeof *writer);
    writer->store = store;
    writer->db = db;
    writer->checkpoint_db = checkpoint_db;
    for (int i = CLIENT; i <= BACKGROUND; i++) {
        list_clear(&writer->queued[i]);
        list_clear(&writer->taken[i]);
    }
    mutex_init(&writer->lock);
    condition_init(&writer->more);
    condition_init(&writer->checkpoint);
    txn_cache_open(&writer->cache);
    writer->thread = thread_start("writer", writer_run, writer);
    writer->checkpoint_thread = thread_start("checkpointer", checkpoint_run, writer);
    return writer;
}

void writer_submit(struct writer *writer, struct store_write *write)
{
    BUG_UNLESS(write->kind && write->arena);
    SCOPED_LOCK(&writer->lock);
    list_push(&writer->queued[write->background ? BACKGROUND : CLIENT], write);
    condition_wake_one(&writer->more);
}

void writer_stop(struct writer *writer)
{
    if (!writer)
        return;
    mutex_lock(&writer->lock);
    writer->stopping = true;
    condition_wake_one(&writer->more);
    mutex_unlock(&writer->lock);
    (void) pthread_join(writer->thread, NULL);

    mutex_lock(&writer->lock);
    writer->checkpoint_stopping = true;
    condition_wake_one(&writer->checkpoint);
    mutex_unlock(&writer->lock);
    (void) pthread_join(writer->checkpoint_thread, NULL);

    db_close(writer->checkpoint_db);
    (void) db_checkpoint(writer->db, true);
    db_close(writer->db);
    txn_cache_close(&writer->cache);
    condition_fini(&writer->checkpoint);
    condition_fini(&writer->more);
    mutex_fini(&writer->lock);
    free(writer);
}
