/* A store with a clock that stands still, for tests of the storage folder: open it, write with one
 * call, read with one call. Failing to set up fails the test. */
#ifndef ATOLL_TESTS_UNIT_STORAGE_STORE_WORLD_H
#define ATOLL_TESTS_UNIT_STORAGE_STORE_WORLD_H

#include "storage/queue.h"
#include "storage/store.h"
#include "storage/version.h"
#include "tests/unit/storage/usage_check.h"

#define WORLD_START ((instant){ 1767225600000000000 }) /* 2026-01-01T00:00:00Z */
#define WORLD_START_US (WORLD_START.ns / 1000)

struct world {
    struct arena *arena;
    struct clock *clock;
    struct store *store;
    struct store_reader *reader;
    struct store_options options;
};

static inline struct store_options world_options(const char *directory)
{
    return (struct store_options){ .directory = directory, .seed = 42, .body_threads = 1 };
}

static inline struct world world_open(struct store_options options)
{
    struct world world = { .arena = arena_new(), .options = options };
    world.clock = clock_new(CLOCK_MANUAL, WORLD_START, 1.0);
    world.options.clock = world.clock;
    str error = STR_NONE;
    world.store = store_open(world.arena, &world.options, &error);
    if (!world.store)
        print_error("store_open: %.*s\n", STR_ARG(error));
    assert_non_null(world.store);
    world.reader = store_reader_open(world.store);
    return world;
}

static inline void world_close(struct world *world)
{
    usage_check(world->reader);
    store_reader_close(world->reader);
    store_close(world->store);
    clock_free(world->clock);
    arena_free(world->arena);
}

static inline struct world world_new(void)
{
    return world_open(world_options(test_directory()));
}

static inline int64_t world_bucket(struct world *world, const char *name, const char *region,
                                   enum versioning versioning)
{
    struct store_bucket_create create;
    store_bucket_create_init(&create, world->arena);
    create.name = str_of(name);
    create.region = str_of(region);
    create.account = STR("111122223333");
    assert_int_equal(store_write_wait(world->store, &create.head), STORE_OK);
    if (versioning != VERSIONING_UNSET) {
        struct store_bucket_versioning change;
        store_bucket_versioning_init(&change, world->arena);
        change.bucket = create.out.id;
        change.versioning = versioning;
        assert_int_equal(store_write_wait(world->store, &change.head), STORE_OK);
    }
    return create.out.id;
}

static inline void world_versioning(struct world *world, int64_t bucket, enum versioning versioning)
{
    struct store_bucket_versioning change;
    store_bucket_versioning_init(&change, world->arena);
    change.bucket = bucket;
    change.versioning = versioning;
    assert_int_equal(store_write_wait(world->store, &change.head), STORE_OK);
}

/* Bytes through a lane: what a request handler does. */
static inline struct body_draft world_draft(struct world *world, str bytes)
{
    struct body_lane *lane = body_lane_open(world->store);
    const struct body_sink_options options = { .limit_bytes = 1u << 30 };
    struct body_sink *sink = body_sink_open(lane, &options);
    struct body_draft draft = { 0 };
    assert_int_equal(body_sink_push(sink, bytes.ptr, bytes.size), BODY_TAKEN);
    assert_int_equal(body_sink_finish(sink, &draft), BODY_TAKEN);
    body_lane_close(lane);
    return draft;
}

static inline struct store_put world_put(struct world *world, int64_t bucket, const char *key,
                                         const char *bytes)
{
    struct store_put put;
    store_put_init(&put, world->arena);
    put.bucket = bucket;
    put.key = str_of(key);
    put.draft = world_draft(world, str_of(bytes));
    (void) store_write_wait(world->store, &put.head);
    body_draft_drop(&put.draft);
    return put;
}

static inline struct version_info world_must_put(struct world *world, int64_t bucket,
                                                 const char *key, const char *bytes)
{
    struct store_put put = world_put(world, bucket, key, bytes);
    assert_int_equal(put.head.result, STORE_OK);
    return put.out;
}

/* id NULL: the current version. */
static inline enum store_result world_get(struct world *world, int64_t bucket, const char *key,
                                          const char *id, struct version_info *out)
{
    store_read_begin(world->reader);
    return store_version_get(world->reader, world->arena, bucket, str_of(key), str_of(id), out);
}

/* What the version holds, read through a body reader. */
static inline str world_body(struct world *world, const struct version_info *version)
{
    if (version->size_bytes == 0)
        return STR("");
    struct body_reader *body;
    char *bytes = arena_alloc(world->arena, version->size_bytes);
    store_read_begin(world->reader);
    if (body_reader_open(world->reader, version->body, 0, version->size_bytes, &body) != STORE_OK)
        return STR("(gone)");
    ssize_t got = body_reader_read(body, bytes, version->size_bytes);
    body_reader_close(body);
    return str_from(bytes, got < 0 ? 0 : (size_t) got);
}

/* id NULL: the key. */
static inline struct version_delete world_delete(struct world *world, int64_t bucket,
                                                 const char *key, const char *id)
{
    struct version_delete entry = { .key = str_of(key), .version_id = str_of(id) };
    struct store_delete del;
    store_delete_init(&del, world->arena);
    del.bucket = bucket;
    del.at = &entry;
    del.count = 1;
    assert_int_equal(store_write_wait(world->store, &del.head), STORE_OK);
    return entry;
}

#endif
