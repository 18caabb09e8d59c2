/* What is deleted on a full disk: the reserve is spent, freeing writes go on, others wait for room.
 * The disk is full where a sync says so, so that a commit fails at a known moment. */
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "storage/upload.h"
#include "tests/unit/storage/store_world.h"

struct full {
    struct world world;
    struct fs_failing disk;
    int64_t bucket;
    sem_t held, go;
    _Atomic bool hold;     /* the next commit stops before it happens */
    bool stays;            /* full, when the reserve is made again */
    const char *killed_at; /* or NULL */
    int killed_after;      /* times that it was reached */
};

static void reached(void *ctx, const char *name)
{
    struct full *full = ctx;
    if (strcmp(name, "put.before_commit") == 0 && atomic_exchange(&full->hold, false)) {
        (void) sem_post(&full->held);
        (void) sem_wait(&full->go);
    } else if (full->stays && strcmp(name, "reserve.checkpointed") == 0) {
        full->disk.sticky = true;
        full->disk.fail_at = full->disk.calls + 1;
    } else if (full->killed_at && strcmp(name, full->killed_at) == 0 && --full->killed_after < 0) {
        (void) raise(SIGKILL);
    }
}

static void full_open(struct full *full, const char *directory)
{
    *full = (struct full){ .bucket = 0 };
    fs_failing_init(&full->disk, fs_real());
    full->disk.error = ENOSPC;
    (void) sem_init(&full->held, 0, 0);
    (void) sem_init(&full->go, 0, 0);
    struct store_options options = world_options(directory);
    options.durability = DURABILITY_POWER;
    options.fs = &full->disk.fs;
    full->world = world_open(options);
    store_set_sync_point(full->world.store, reached, full);
}

static void full_close(struct full *full)
{
    world_close(&full->world);
    (void) sem_destroy(&full->held);
    (void) sem_destroy(&full->go);
}

static long reserve_bytes(struct arena *arena, const char *directory)
{
    struct stat info;
    const char *path = str_c(arena, str_format(arena, "%s/reserve", directory));
    return stat(path, &info) == 0 ? (long) info.st_size : -1;
}

static void note_done(struct store_write *write)
{
    (void) sem_post(write->owner);
}

static enum store_result delete_key(struct world *world, int64_t bucket, str key, str id)
{
    struct version_delete entry = { .key = key, .version_id = id };
    struct store_delete del;
    store_delete_init(&del, world->arena);
    del.bucket = bucket;
    del.at = &entry;
    del.count = 1;
    enum store_result result = store_write_wait(world->store, &del.head);
    return result == STORE_OK ? entry.result : result;
}

/* One batch of a put and a deletion, whose commit finds the disk full, for good if it `stays`. */
static void batch_on_full_disk(struct full *full, bool stays, enum store_result *put_result,
                               enum store_result *deleted)
{
    struct world *world = &full->world;
    struct store_bucket_create first;
    store_bucket_create_init(&first, world->arena);
    first.name = STR("first");
    first.region = STR("eu-west-1");
    first.account = STR("111122223333");
    struct store_put put;
    store_put_init(&put, world->arena);
    put.bucket = full->bucket;
    put.key = STR("new");
    put.draft = world_draft(world, STR("new"));
    struct version_delete entry = { .key = STR("old") };
    struct store_delete del;
    store_delete_init(&del, world->arena);
    del.bucket = full->bucket;
    del.at = &entry;
    del.count = 1;

    sem_t done;
    (void) sem_init(&done, 0, 0);
    struct store_write *writes[] = { &first.head, &put.head, &del.head };
    full->hold = true;
    for (size_t i = 0; i < COUNT(writes); i++) {
        writes[i]->done = note_done;
        writes[i]->owner = &done;
        store_submit(world->store, writes[i]);
        if (i == 0)
            (void) sem_wait(&full->held);
    }
    full->stays = stays;
    full->disk.fail_at = full->disk.calls + 1;
    (void) sem_post(&full->go);
    for (size_t i = 0; i < COUNT(writes); i++)
        (void) sem_wait(&done);
    (void) sem_destroy(&done);
    assert_int_equal(first.head.result, STORE_OK);
    *put_result = put.head.result;
    *deleted = del.head.result == STORE_OK ? entry.result : del.head.result;
    body_draft_drop(&put.draft);
}

TEST(a_commit_that_finds_the_disk_full_still_deletes)
{
    struct full full;
    const char *directory = test_directory();
    full_open(&full, directory);
    full.bucket = world_bucket(&full.world, "b", "eu-west-1", VERSIONING_UNSET);
    (void) world_must_put(&full.world, full.bucket, "old", "old");
    enum store_result put, deleted;
    batch_on_full_disk(&full, false, &put, &deleted);
    assert_int_equal(put, STORE_FULL);
    assert_int_equal(deleted, STORE_OK);
    struct version_info got;
    assert_int_equal(world_get(&full.world, full.bucket, "old", NULL, &got), STORE_NO_KEY);
    assert_int_equal(world_get(&full.world, full.bucket, "new", NULL, &got), STORE_NO_KEY);
    assert_int_equal(reserve_bytes(full.world.arena, directory), LIMIT_RESERVE_BYTES);
    (void) world_must_put(&full.world, full.bucket, "new", "new");
    full_close(&full);
}

static enum store_result push_one(struct world *world)
{
    struct body_lane *lane = body_lane_open(world->store);
    const struct body_sink_options options = { .limit_bytes = 100 };
    struct body_sink *sink = body_sink_open(lane, &options);
    struct body_draft draft = { 0 };
    enum store_result result = STORE_OK;
    if (body_sink_push(sink, "body", 4) != BODY_TAKEN ||
        body_sink_finish(sink, &draft) != BODY_TAKEN) {
        result = body_sink_error(sink);
        body_sink_abort(sink);
    }
    body_draft_drop(&draft);
    body_lane_close(lane);
    return result;
}

TEST(until_there_is_room_again_only_what_frees_room_is_taken)
{
    struct full full;
    full_open(&full, test_directory());
    struct world *world = &full.world;
    full.bucket = world_bucket(world, "b", "eu-west-1", VERSIONING_UNSET);
    int64_t versioned = world_bucket(world, "v", "eu-west-1", VERSIONING_ENABLED);
    (void) world_must_put(world, full.bucket, "old", "old");
    (void) world_must_put(world, full.bucket, "older", "older");
    struct version_info kept = world_must_put(world, versioned, "k", "kept");
    struct store_upload_create upload;
    store_upload_create_init(&upload, world->arena);
    upload.bucket = full.bucket;
    upload.key = STR("k");
    assert_int_equal(store_write_wait(world->store, &upload.head), STORE_OK);

    enum store_result put, deleted;
    batch_on_full_disk(&full, true, &put, &deleted);
    assert_int_equal(put, STORE_FULL);
    assert_int_equal(deleted, STORE_OK);

    assert_int_equal(push_one(world), STORE_FULL);
    struct store_bucket_versioning change;
    store_bucket_versioning_init(&change, world->arena);
    change.bucket = full.bucket;
    change.versioning = VERSIONING_ENABLED;
    assert_int_equal(store_write_wait(world->store, &change.head), STORE_FULL);
    assert_int_equal(delete_key(world, versioned, STR("k"), STR_NONE), STORE_FULL); /* a marker */
    assert_int_equal(delete_key(world, versioned, STR("k"), kept.id), STORE_OK);
    assert_int_equal(delete_key(world, full.bucket, STR("older"), STR_NONE), STORE_OK);
    struct store_abort given_up;
    store_abort_init(&given_up, world->arena);
    given_up.bucket = full.bucket;
    given_up.key = STR("k");
    given_up.upload_id = upload.out_id;
    assert_int_equal(store_write_wait(world->store, &given_up.head), STORE_OK);
    struct store_bucket_delete empty;
    store_bucket_delete_init(&empty, world->arena);
    empty.bucket = versioned;
    assert_int_equal(store_write_wait(world->store, &empty.head), STORE_OK);
    struct store_wipe wipe;
    store_wipe_init(&wipe, world->arena);
    assert_int_equal(store_write_wait(world->store, &wipe.head), STORE_OK);

    full.disk.fail_at = 0;
    full.bucket = world_bucket(world, "c", "eu-west-1", VERSIONING_UNSET);
    (void) world_must_put(world, full.bucket, "new", "new");
    full_close(&full);
}

/* The child: deletes on a full disk and dies where it is told. */
static void delete_and_die(const char *directory, const char *point, int after)
{
    struct full full;
    enum store_result put, deleted;
    full_open(&full, directory);
    full.bucket = world_bucket(&full.world, "b", "eu-west-1", VERSIONING_UNSET);
    (void) world_must_put(&full.world, full.bucket, "old", "old");
    full.killed_after = after;
    full.killed_at = point;
    batch_on_full_disk(&full, false, &put, &deleted);
    _exit(0);
}

TEST(a_crash_while_the_reserve_is_spent_loses_nothing)
{
    static const struct {
        int line;
        const char *point;
        int after;
        bool deleted;
    } table[] = {
        { __LINE__, "reserve.spent", 0, false },
        { __LINE__, "put.before_commit", 0, false },
        { __LINE__, "put.after_commit", 1, true }, /* the first is that of the write before */
        { __LINE__, "reserve.checkpointed", 0, true },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *directory = str_c(arena, str_format(arena, "%s/%zu", test_directory(), i));
        pid_t child = fork();
        if (child == 0)
            delete_and_die(directory, table[i].point, table[i].after);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status))
            fail_msg("line %d: it did not die", table[i].line);

        struct world world = world_open(world_options(directory));
        struct bucket_info bucket;
        struct version_info got;
        store_read_begin(world.reader);
        assert_int_equal(store_bucket_get(world.reader, arena, STR("b"), &bucket), STORE_OK);
        enum store_result there = world_get(&world, bucket.id, "old", NULL, &got);
        assert_int_equal(there, table[i].deleted ? STORE_NO_KEY : STORE_OK);
        if (there == STORE_OK)
            assert_str(world_body(&world, &got), "old");
        assert_int_equal(world_get(&world, bucket.id, "new", NULL, &got), STORE_NO_KEY);
        assert_int_equal(reserve_bytes(arena, directory), LIMIT_RESERVE_BYTES);
        world_close(&world);
    }
    arena_free(arena);
}
