/* A store to test with: a world in a fresh directory, one lane, one reader, one bucket; and the
 * usual writes in one line each. */
#ifndef ATOLL_TESTS_UNIT_STORAGE_FIXTURE_H
#define ATOLL_TESTS_UNIT_STORAGE_FIXTURE_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/lock.h"
#include "storage/upload.h"
#include "tests/unit/storage/usage_check.h"

/* A door that `wake` opens and the test waits at. */
struct door {
    struct mutex lock;
    struct condition changed;
    bool open;
};

struct fixture {
    struct arena *arena;
    struct clock *clock;
    struct store_options options;
    struct store *store;
    struct store_reader *reader;
    struct body_lane *lane;
    int64_t bucket;
    struct door door;
};

static inline void door_open(void *owner)
{
    struct door *door = owner;
    SCOPED_LOCK(&door->lock);
    door->open = true;
    condition_wake_all(&door->changed);
}

static inline void door_wait(struct door *door)
{
    SCOPED_LOCK(&door->lock);
    while (!door->open)
        condition_wait(&door->changed, &door->lock);
    door->open = false;
}

static inline void fixture_open(struct fixture *f)
{
    str error = STR_NONE;
    f->store = store_open(f->arena, &f->options, &error);
    if (f->store == NULL)
        fail_msg("store_open: %.*s", STR_ARG(error));
    f->reader = store_reader_open(f->store);
    assert_non_null(f->reader);
    f->lane = body_lane_open(f->store);
    store_read_begin(f->reader);
}

static inline void fixture_close(struct fixture *f)
{
    usage_check(f->reader);
    store_reader_close(f->reader);
    body_lane_close(f->lane);
    store_close(f->store);
}

static inline int64_t fixture_bucket(struct fixture *f, const char *name)
{
    struct store_bucket_create create;
    store_bucket_create_init(&create, f->arena);
    create.name = str_of(name);
    create.region = STR("eu-west-1");
    create.account = STR("123456789012");
    assert_int_equal(store_write_wait(f->store, &create.head), STORE_OK);
    store_read_begin(f->reader);
    return create.out.id;
}

static inline void fixture_versioning(struct fixture *f, enum versioning versioning)
{
    struct store_bucket_versioning change;
    store_bucket_versioning_init(&change, f->arena);
    change.bucket = f->bucket;
    change.versioning = versioning;
    assert_int_equal(store_write_wait(f->store, &change.head), STORE_OK);
    store_read_begin(f->reader);
}

/* `options` may be NULL; its directory, clock and part size are filled in when they are not set. */
static inline struct fixture *fixture_new(const struct store_options *options)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    f->arena = arena_new();
    f->clock = clock_new(CLOCK_MANUAL, (instant){ 1700000000000000000 }, 1.0);
    f->options = options != NULL ? *options : (struct store_options){ .part_min_bytes = 4 };
    f->options.directory = f->options.directory != NULL ? f->options.directory : test_directory();
    f->options.clock = f->clock;
    mutex_init(&f->door.lock);
    condition_init(&f->door.changed);
    fixture_open(f);
    f->bucket = fixture_bucket(f, "bucket");
    return f;
}

static inline void fixture_free(struct fixture *f)
{
    fixture_close(f);
    condition_fini(&f->door.changed);
    mutex_fini(&f->door.lock);
    clock_free(f->clock);
    arena_free(f->arena);
    free(f);
}

static inline struct body_sink *fixture_sink(struct fixture *f, uint32_t digest_mask)
{
    const struct body_sink_options options = { .digest_mask = digest_mask,
                                               .limit_bytes = LIMIT_PUT_BYTES,
                                               .wake = door_open,
                                               .owner = &f->door };
    return body_sink_open(f->lane, &options);
}

/* Pushes all of it, `step` bytes at a time, waiting as a connection would. */
static inline bool fixture_push(struct fixture *f, struct body_sink *sink, str bytes, size_t step)
{
    for (size_t at = 0; at < bytes.size;) {
        size_t size = bytes.size - at < step ? bytes.size - at : step;
        enum body_progress progress = body_sink_push(sink, bytes.ptr + at, size);
        if (progress == BODY_FAILED)
            return false;
        if (progress == BODY_WAIT)
            door_wait(&f->door);
        else
            at += size;
    }
    return true;
}

static inline bool fixture_finish(struct fixture *f, struct body_sink *sink,
                                  struct body_draft *draft)
{
    enum body_progress progress;
    while ((progress = body_sink_finish(sink, draft)) == BODY_WAIT)
        door_wait(&f->door);
    return progress == BODY_TAKEN;
}

static inline struct body_draft fixture_draft(struct fixture *f, str bytes, uint32_t digest_mask)
{
    struct body_draft draft;
    struct body_sink *sink = fixture_sink(f, digest_mask);
    assert_true(fixture_push(f, sink, bytes, 100 * 1024));
    assert_true(fixture_finish(f, sink, &draft));
    return draft;
}

static inline struct version_info fixture_put(struct fixture *f, str key, str bytes)
{
    struct store_put put;
    store_put_init(&put, f->arena);
    put.bucket = f->bucket;
    put.key = key;
    put.draft = fixture_draft(f, bytes, 0);
    assert_int_equal(store_write_wait(f->store, &put.head), STORE_OK);
    assert_int_equal(put.draft.file, 0);
    store_read_begin(f->reader);
    return put.out;
}

/* version_id.ptr == NULL: the key. */
static inline void fixture_delete(struct fixture *f, str key, str version_id)
{
    struct version_delete one = { .key = key, .version_id = version_id };
    struct store_delete del;
    store_delete_init(&del, f->arena);
    del.bucket = f->bucket;
    del.at = &one;
    del.count = 1;
    assert_int_equal(store_write_wait(f->store, &del.head), STORE_OK);
    assert_int_equal(one.result, STORE_OK);
    store_read_begin(f->reader);
}

/* Reads a range whole; fails the test when it cannot. */
static inline str fixture_read(struct fixture *f, int64_t body, uint64_t offset, uint64_t length)
{
    struct body_reader *reader;
    assert_int_equal(body_reader_open(f->reader, body, offset, length, &reader), STORE_OK);
    uint64_t left = body_reader_left(reader);
    char *bytes = arena_alloc(f->arena, left + 1);
    size_t done = 0;
    ssize_t got;
    while ((got = body_reader_read(reader, bytes + done, left + 1 - done)) > 0)
        done += (size_t) got;
    assert_int_equal(got, 0);
    assert_int_equal(done, left);
    body_reader_close(reader);
    return str_from(bytes, done);
}

/* Repeatable bytes that are not all alike. */
static inline str fixture_bytes(struct fixture *f, size_t size, unsigned seed)
{
    char *bytes = arena_alloc_raw(f->arena, size + 1);
    uint32_t x = seed * 2654435761u + 1;
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525u + 1013904223u;
        bytes[i] = (char) (x >> 24);
    }
    return str_from(bytes, size);
}

static inline unsigned fixture_count_files(struct arena *arena, const char *directory)
{
    unsigned count = 0;
    DIR *listing = opendir(directory);
    const struct dirent *entry;
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        struct stat about;
        if (entry->d_name[0] == '.')
            continue;
        const char *below = str_format(arena, "%s/%s", directory, entry->d_name).ptr;
        if (stat(below, &about) == 0 && S_ISDIR(about.st_mode))
            count += fixture_count_files(arena, below);
        else
            count++;
    }
    if (listing != NULL)
        (void) closedir(listing);
    return count;
}

/* Body files on disk: segments and own files. */
static inline unsigned fixture_files(const struct fixture *f)
{
    const char *top = f->options.directory;
    return fixture_count_files(f->arena, str_format(f->arena, "%s/segments", top).ptr) +
           fixture_count_files(f->arena, str_format(f->arena, "%s/bodies", top).ptr);
}

#endif
