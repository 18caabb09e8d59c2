/* Doing the work of asynchronous requests, Region by Region, and finding what is due; see
 * async_work.h. */
#include "server/async_work.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/log.h"
#include "server/faults.h"
#include "server/lifecycle_engine.h"
#include "server/regions.h"
#include "server/world.h"

#define DUE_KIND "async-due"
#define PAUSE DURATION_S(1) /* [atoll] after a storage error */
#define CHANGES_AT_ONCE 10  /* [atoll] of one access point, before the work waits for a second */

/* --- one request --- */

/* The bucket that was named, where it was when the request was accepted. */
static bool is_there(const struct async_task *task, size_t member)
{
    const struct mrap *mrap = task->before;
    struct bucket_info bucket;
    return store_bucket_get(task->reader, task->arena, mrap->members[member].bucket, &bucket) ==
               STORE_OK &&
           str_eq(bucket.region, region_at(mrap->members[member].region)->code) &&
           str_eq(bucket.account, mrap->member_accounts[member]);
}

/* Why this Region cannot do its part; S3_OK: it did. */
static enum s3_code failure_in(const struct async_task *task, size_t member)
{
    const struct world *world = task->world;
    const struct async_record *record = task->record;
    const struct route_member *at = &task->before->members[member];
    const char *fault = faults_fail_async(world->faults, str_of(async_operation(record->kind)),
                                          record->name, region_at(at->region)->code);
    if (fault)
        return s3_code_parse(str_of(fault));
    if (!region_set_has(regions_control_up(world->regions, task->now), at->region))
        return S3_InternalErrors;
    return record->kind != ASYNC_CREATE || is_there(task, member) ? S3_OK : S3_NoSuchBucket;
}

/* The Regions that failed their part; the first cause is the request's. */
static region_set do_in_regions(struct async_task *task)
{
    struct async_record *record = task->record;
    region_set failed = REGION_SET_NONE;
    record->region_count = task->before->member_count;
    for (size_t i = 0; i < task->before->member_count; i++) {
        const struct route_member *member = &task->before->members[i];
        struct async_region *region = &record->regions[i];
        enum s3_code code = failure_in(task, i);
        region->bucket = member->bucket;
        region->region = region_at(member->region)->code;
        region->failed = code != S3_OK;
        if (code == S3_OK)
            continue;
        failed = region_set_with(failed, member->region);
        async_fail(record, code, code == S3_NoSuchBucket ? member->bucket : record->name);
    }
    return failed;
}

/* Is it still what the request was accepted for? */
static bool is_its(const struct async_task *task)
{
    const struct mrap *mrap = task->before;
    if (mrap == NULL || mrap->ordinal != task->record->ordinal)
        return false;
    switch (task->record->kind) {
    case ASYNC_CREATE:
        return mrap->status == MRAP_CREATING;
    case ASYNC_DELETE:
        return mrap->status == MRAP_DELETING;
    case ASYNC_PUT_POLICY:
        return mrap_serves(mrap) && str_eq(mrap->proposed_policy, task->record->policy);
    }
    return false;
}

void async_work_do(struct async_task *task)
{
    struct async_record *record = task->record;
    struct mrap *after = &task->after;
    record->over = true;
    if (record->error_code.size > 0)
        return; /* it was lost when it was accepted */
    if (!is_its(task)) {
        async_fail(record, S3_MultiRegionAccessPointModifiedByAnotherRequest, record->name);
        return;
    }
    *after = *task->before;
    task->changed = true;
    region_set failed = do_in_regions(task);
    if (record->kind == ASYNC_CREATE)
        after->status = failed ? MRAP_PARTIALLY_CREATED : MRAP_READY;
    else if (record->kind == ASYNC_DELETE) {
        after->status = MRAP_PARTIALLY_DELETED;
        task->removed = failed == REGION_SET_NONE;
    } else {
        after->status = failed ? MRAP_INCONSISTENT : MRAP_READY;
        after->policy_missing = failed;
        if (!failed)
            after->policy = after->proposed_policy;
    }
}

/* --- what is due --- */

struct async_work {
    struct world *world;
    struct store_reader *reader;
    struct arena *arena; /* of the list */
    struct async_record *list;
    size_t count;
    struct arena *task; /* of the work at hand */
    _Atomic bool changed;
    instant pause_until;
};

struct async_work *async_work_open(struct world *world)
{
    struct async_work *work = mem_alloc(sizeof *work);
    work->world = world;
    work->reader = store_reader_open(world->store);
    if (work->reader == NULL) {
        free(work);
        return NULL;
    }
    work->arena = arena_new();
    work->task = arena_new();
    atomic_store(&work->changed, true);
    return work;
}

void async_work_close(struct async_work *work)
{
    if (work == NULL)
        return;
    store_reader_close(work->reader);
    arena_free(work->arena);
    arena_free(work->task);
    free(work);
}

void async_work_changed(struct world *world)
{
    atomic_store(&world->async_work->changed, true);
    lifecycle_engine_poke(world);
}

struct store_doc async_due_doc(const struct async_record *record, bool due)
{
    return (struct store_doc){ .kind = STR(DUE_KIND),
                               .id = record->token,
                               .body = due ? STR("{}") : STR_NONE };
}

/* When us-west-2 does what is due at `due_at`. */
static instant done_at(const struct world *world, instant due_at, instant now)
{
    instant back =
        regions_back_at(world->regions, REGION_CONTROL_PLANE, region_find(STR("us-west-2")), now);
    return instant_before(due_at, back) ? back : due_at;
}

bool async_work_is_due(const struct world *world, instant due_at, instant now)
{
    return !instant_before(now, done_at(world, due_at, now));
}

static void load(struct async_work *work)
{
    struct store_doc_list due = { 0 };
    arena_reset(work->arena);
    work->count = 0;
    store_read_begin(work->reader);
    if (store_doc_list(work->reader, work->arena, STR(DUE_KIND), &due) != STORE_OK) {
        log_line(LOG_ERROR, "the asynchronous requests that are due cannot be read");
        atomic_store(&work->changed, true); /* at the next look */
        due.count = 0;
    }
    work->list = ARENA_ARRAY(work->arena, struct async_record, due.count);
    for (size_t i = 0; i < due.count; i++) {
        struct store_doc doc = { .kind = STR(ASYNC_KIND), .id = due.at[i].id };
        if (store_doc_get(work->reader, work->arena, doc.kind, doc.id, &doc.body) == STORE_OK &&
            async_from_doc(work->arena, &doc, &work->list[work->count]))
            work->count++;
    }
    store_read_idle(work->reader);
}

/* The one that was due first; NULL: none. */
static struct async_record *first_of(struct async_work *work)
{
    struct async_record *first = NULL;
    if (atomic_exchange(&work->changed, false))
        load(work);
    for (size_t i = 0; i < work->count; i++)
        if (first == NULL || instant_before(work->list[i].due_at, first->due_at))
            first = &work->list[i];
    return first;
}

instant async_work_next(struct async_work *work, instant now)
{
    const struct async_record *first = first_of(work);
    instant clock = clock_now(work->world->clock);
    if (first == NULL)
        return INSTANT_NEVER;
    if (instant_before(now, clock))
        now = clock;
    instant at = done_at(work->world, first->due_at, now);
    if (instant_before(at, work->pause_until))
        at = work->pause_until;
    return instant_before(at, now) ? now : at;
}

static enum store_result keep(struct async_work *work, const struct async_task *task, str was)
{
    struct arena *arena = task->arena;
    struct store_write write;
    struct store_doc docs[3] = { async_to_doc(arena, task->record),
                                 async_due_doc(task->record, false) };
    docs[0].was = was;
    store_docs_init(&write, arena);
    write.docs = docs;
    write.doc_count = 2;
    if (task->changed) {
        docs[2] = mrap_change_doc(arena, task->before, &task->after);
        if (task->removed)
            docs[2].body = STR_NONE;
        write.doc_count = 3;
    }
    return store_write_wait(work->world->store, &write);
}

/* STORE_EXISTS: the access point was changed meanwhile (its routes, say). */
static enum store_result try_one(struct async_work *work, const struct async_record *due,
                                 instant now)
{
    struct async_record record = *due;
    const struct mrap_list *list = mraps_acquire(work->world->mraps);
    struct async_task task = { .world = work->world,
                               .reader = work->reader,
                               .arena = work->task,
                               .now = now,
                               .record = &record,
                               .before = mrap_by_name(list, due->account, due->name) };
    store_read_begin(work->reader);
    async_work_do(&task);
    enum store_result result = keep(work, &task, async_to_doc(work->task, due).body);
    mraps_release(list);
    if (task.changed)
        mraps_reload(work->world->mraps, work->reader);
    store_read_idle(work->reader);
    return result;
}

void async_work_timer(struct async_work *work, instant now)
{
    while (!instant_before(now, async_work_next(work, now))) {
        const struct async_record *due = first_of(work);
        enum store_result result = STORE_EXISTS;
        arena_reset(work->task);
        for (int i = 0; i < CHANGES_AT_ONCE && result == STORE_EXISTS; i++)
            result = try_one(work, due, now);
        if (result != STORE_OK) {
            log_line(LOG_ERROR, "the work of an asynchronous request was not kept: %s",
                     store_result_name(result));
            work->pause_until = instant_add(now, PAUSE);
        }
        atomic_store(&work->changed, true);
    }
}
