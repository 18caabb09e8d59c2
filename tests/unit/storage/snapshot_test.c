/* The whole world put aside and brought back: what a reader sees, what later writes get, what
 * becomes of the files, and what is refused. */
#include "storage/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "tests/unit/storage/store_world.h"

static struct store_snapshot save(struct world *world, const char *name)
{
    struct store_snapshot snapshot;
    store_snapshot_init(&snapshot, world->arena);
    snapshot.name = str_of(name);
    snapshot.requests = 7;
    assert_int_equal(store_write_wait(world->store, &snapshot.head), STORE_OK);
    return snapshot;
}

static enum store_result restore(struct world *world, const char *name, str *problem)
{
    struct store_snapshot_info info;
    return store_snapshot_restore(world->store, world->arena, str_of(name), &info, problem);
}

static void must_restore(struct world *world, const char *name)
{
    str problem;
    enum store_result result = restore(world, name, &problem);
    if (result != STORE_OK)
        print_error("restore: %.*s\n", STR_ARG(problem));
    assert_int_equal(result, STORE_OK);
}

static str body_of(struct world *world, int64_t bucket, const char *key)
{
    struct version_info version;
    if (world_get(world, bucket, key, NULL, &version) != STORE_OK)
        return STR("(no key)");
    return world_body(world, &version);
}

static size_t count_of(struct world *world)
{
    struct store_snapshot_list list;
    assert_int_equal(store_snapshot_list(world->store, world->arena, &list), STORE_OK);
    return list.count;
}

static const char *path_in(struct world *world, const char *rest)
{
    return str_c(world->arena, str_format(world->arena, "%s/%s", world->options.directory, rest));
}

#define LARGE_BYTES ((size_t) 3 << 20)

static void wake(void *owner)
{
    (void) sem_post(owner);
}

/* A body beyond what a segment takes: it gets a file of its own. */
static void put_large(struct world *world, int64_t bucket, const char *key)
{
    struct body_draft draft = { 0 };
    enum body_progress progress;
    struct store_put put;
    sem_t woken;
    (void) sem_init(&woken, 0, 0);
    struct body_lane *lane = body_lane_open(world->store);
    const struct body_sink_options options = { .limit_bytes = 1u << 30,
                                               .wake = wake,
                                               .owner = &woken };
    struct body_sink *sink = body_sink_open(lane, &options);
    char *block = arena_alloc(world->arena, 1 << 16);
    memset(block, 'x', 1 << 16);
    for (size_t i = 0; i < LARGE_BYTES >> 16; i++)
        while ((progress = body_sink_push(sink, block, 1 << 16)) == BODY_WAIT)
            (void) sem_wait(&woken);
    while ((progress = body_sink_finish(sink, &draft)) == BODY_WAIT)
        (void) sem_wait(&woken);
    assert_int_equal(progress, BODY_TAKEN);
    body_lane_close(lane);
    store_put_init(&put, world->arena);
    put.bucket = bucket;
    put.key = str_of(key);
    put.draft = draft;
    assert_int_equal(store_write_wait(world->store, &put.head), STORE_OK);
    body_draft_drop(&put.draft);
    (void) sem_destroy(&woken);
}

TEST(a_restored_world_shows_what_the_snapshot_saw)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "us-east-1", VERSIONING_ENABLED);
    struct version_info first = world_must_put(&world, id, "k", "before");
    put_large(&world, id, "big");
    struct store_snapshot taken = save(&world, "one");
    (void) world_must_put(&world, id, "k", "after");
    (void) world_must_put(&world, id, "new", "after");
    (void) world_delete(&world, id, "big", NULL);
    (void) world_bucket(&world, "later", "us-east-1", VERSIONING_UNSET);

    must_restore(&world, "one");
    struct version_info version;
    struct bucket_info bucket;
    assert_str(body_of(&world, id, "k"), "before");
    assert_int_equal(body_of(&world, id, "big").size, LARGE_BYTES);
    assert_int_equal(world_get(&world, id, "k", NULL, &version), STORE_OK);
    assert_true(str_eq(version.id, first.id));
    assert_int_equal(world_get(&world, id, "new", NULL, &version), STORE_NO_KEY);
    assert_int_equal(store_bucket_get(world.reader, world.arena, STR("later"), &bucket),
                     STORE_NO_BUCKET);
    assert_int_equal(taken.out.objects, 2);
    assert_int_equal(taken.out.buckets, 1);
    assert_true(taken.out.bytes > LARGE_BYTES);
    world_close(&world);
}

TEST(the_same_writes_after_a_restore_get_the_same_version_ids)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "us-east-1", VERSIONING_ENABLED);
    (void) world_must_put(&world, id, "k", "0");
    (void) save(&world, "one");
    str ids[3];
    for (size_t i = 0; i < COUNT(ids); i++) {
        int64_t made = world_bucket(&world, "made", "eu-west-1", VERSIONING_ENABLED);
        str old = world_must_put(&world, id, "k", "1").id;
        str fresh = world_must_put(&world, made, "k", "1").id;
        ids[i] = str_format(world.arena, "%lld %.*s %.*s", (long long) made, STR_ARG(old),
                            STR_ARG(fresh));
        assert_true(str_eq(ids[i], ids[0]));
        must_restore(&world, "one");
    }
    world_close(&world);
}

TEST(a_snapshot_outlives_the_files_of_the_world_and_the_world_those_of_the_snapshot)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "us-east-1", VERSIONING_UNSET);
    put_large(&world, id, "big");
    (void) save(&world, "one");
    for (int i = 0; i < 3; i++) {
        (void) world_delete(&world, id, "big", NULL);
        assert_str(body_of(&world, id, "big"), "(no key)");
        must_restore(&world, "one");
        assert_int_equal(body_of(&world, id, "big").size, LARGE_BYTES);
        (void) save(&world, "one");
    }
    assert_int_equal(store_snapshot_delete(world.store, STR("one")), STORE_OK);
    assert_int_equal(store_snapshot_delete(world.store, STR("one")), STORE_ABSENT);
    assert_int_equal(body_of(&world, id, "big").size, LARGE_BYTES);
    (void) world_must_put(&world, id, "big", "small");
    assert_str(body_of(&world, id, "big"), "small");
    world_close(&world);
}

TEST(a_restored_world_is_there_after_a_restart)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "us-east-1", VERSIONING_UNSET);
    (void) world_must_put(&world, id, "k", "before");
    (void) save(&world, "one");
    (void) world_must_put(&world, id, "k", "after");
    must_restore(&world, "one");
    struct store_options options = world.options;
    world_close(&world);

    world = world_open(options);
    assert_str(body_of(&world, id, "k"), "before");
    assert_int_equal(count_of(&world), 1);
    (void) world_must_put(&world, id, "more", "more");
    assert_str(body_of(&world, id, "more"), "more");
    must_restore(&world, "one");
    assert_str(body_of(&world, id, "more"), "(no key)");
    world_close(&world);
}

TEST(the_list_is_by_name_and_a_second_snapshot_replaces_the_first)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "us-east-1", VERSIONING_UNSET);
    (void) save(&world, "two");
    (void) save(&world, "one");
    (void) world_must_put(&world, id, "k", "v");
    (void) save(&world, "two");
    struct store_snapshot_list list;
    assert_int_equal(store_snapshot_list(world.store, world.arena, &list), STORE_OK);
    assert_int_equal(list.count, 2);
    assert_str(list.at[0].name, "one");
    assert_int_equal(list.at[0].objects, 0);
    assert_str(list.at[1].name, "two");
    assert_int_equal(list.at[1].objects, 1);
    assert_int_equal(list.at[1].at.ns, WORLD_START.ns);
    assert_int_equal(list.at[1].requests, 7);
    world_close(&world);
}

TEST(a_name_is_letters_digits_and_a_few_signs)
{
    static const struct {
        int line;
        const char *name;
        bool sound;
    } table[] = {
        { __LINE__, "a", true },
        { __LINE__, "A-1_b.c", true },
        { __LINE__, "", false },
        { __LINE__, ".", false },
        { __LINE__, "..", false },
        { __LINE__, ".saved", false },
        { __LINE__, "a/b", false },
        { __LINE__, "-a", false },
        { __LINE__, "a b", false },
        { __LINE__, "\xc3\xa9", false },
        { __LINE__, "0123456789012345678901234567890123456789012345678901234567890123", true },
        { __LINE__, "01234567890123456789012345678901234567890123456789012345678901234", false },
    };
    for (size_t i = 0; i < COUNT(table); i++)
        if (store_snapshot_name_is_sound(str_of(table[i].name)) != table[i].sound)
            fail_msg("line %d", table[i].line);
}

/* --- broken ones --- */

static void cut(const char *path, off_t size)
{
    assert_int_equal(truncate(path, size), 0);
}

static void replace(const char *path, const char *text)
{
    assert_int_equal(fs_replace_file(path, str_of(text), 0600), 0);
}

#define ABOUT(schema)                                                                              \
    "{\"format\":\"atoll world 1\",\"schema\":" schema                                             \
    ",\"requests\":0,\"bytes\":0,\"buckets\":0,\"objects\":0}"

TEST(a_broken_snapshot_is_refused_and_the_world_stays)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "us-east-1", VERSIONING_UNSET);
    (void) world_must_put(&world, id, "k", "before");
    static const char *const says[] = { "body file",  "database",  "database",
                                        "what it is", "schema 99", "what it is" };
    for (size_t i = 0; i < COUNT(says); i++) {
        str problem;
        (void) save(&world, "one");
        (void) world_must_put(&world, id, "k", "after");
        if (i == 0)
            cut(path_in(&world, "snapshots/one/segments/2"), 1);
        else if (i == 1)
            cut(path_in(&world, "snapshots/one/world.db"), 5000);
        else if (i == 2)
            replace(path_in(&world, "snapshots/one/world.db"), "this is no database at all");
        else if (i == 3)
            replace(path_in(&world, "snapshots/one/about.json"), "{}");
        else if (i == 4)
            replace(path_in(&world, "snapshots/one/about.json"), ABOUT("99"));
        else
            (void) unlink(path_in(&world, "snapshots/one/about.json"));
        enum store_result result = restore(&world, "one", &problem);
        if (i < 5)
            assert_int_equal(result, STORE_STATE_REFUSED);
        else
            assert_int_equal(result, STORE_ABSENT);
        if (result != STORE_ABSENT && str_find(problem, str_of(says[i])) == problem.size)
            fail_msg("%zu: %.*s", i, STR_ARG(problem));
        if (i > 0) /* the cut segment is the world's own too: a hard link */
            assert_str(body_of(&world, id, "k"), "after");
    }
    str problem;
    assert_int_equal(restore(&world, "none", &problem), STORE_ABSENT);
    assert_int_equal(restore(&world, "../x", &problem), STORE_ABSENT);
    world_close(&world);
}

/* --- crashes --- */

static void fall_dead(UNUSED void *ctx, const char *name)
{
    if (str_is(str_of(name), "snapshot.before_publish"))
        (void) kill(getpid(), SIGKILL);
}

TEST(a_kill_amid_a_snapshot_leaves_the_world_and_the_older_snapshot)
{
    struct world world = world_new();
    struct store_options options = world.options;
    int64_t id = world_bucket(&world, "b", "us-east-1", VERSIONING_UNSET);
    (void) world_must_put(&world, id, "k", "first");
    (void) save(&world, "one");
    (void) world_must_put(&world, id, "k", "second");
    world_close(&world);
    pid_t child = fork();
    if (child == 0) {
        world = world_open(options);
        store_set_sync_point(world.store, fall_dead, NULL);
        (void) save(&world, "one");
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));

    world = world_open(options);
    assert_int_equal(access(path_in(&world, "snapshots/.saved"), F_OK), -1);
    assert_int_equal(count_of(&world), 1);
    assert_str(body_of(&world, id, "k"), "second");
    must_restore(&world, "one");
    assert_str(body_of(&world, id, "k"), "first");
    world_close(&world);
}

TEST(a_failing_disk_fails_the_restore_and_leaves_the_world)
{
    const char *directory = test_directory();
    struct fs_failing disk;
    fs_failing_init(&disk, fs_real());
    disk.error = ENOSPC;
    struct store_options options = world_options(directory);
    options.fs = &disk.fs;
    struct world world = world_open(options);
    int64_t id = world_bucket(&world, "b", "us-east-1", VERSIONING_UNSET);
    (void) world_must_put(&world, id, "k", "before");
    put_large(&world, id, "big");
    (void) save(&world, "one");
    (void) world_must_put(&world, id, "k", "after");
    bool done = false;
    for (long after = 1; !done && after < 50; after++) {
        str problem;
        disk.fail_at = disk.calls + after;
        enum store_result result = restore(&world, "one", &problem);
        disk.fail_at = 0;
        done = result == STORE_OK;
        assert_true(done || result == STORE_FULL);
        assert_str(body_of(&world, id, "k"), done ? "before" : "after");
    }
    assert_true(done);
    world_close(&world);
}
