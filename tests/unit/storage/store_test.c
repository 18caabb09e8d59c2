/* The life of a store: reopening, the lock, wiping, crashes, failing disks, group commit. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/storage/store_world.h"

static char *kept_directory(struct arena *arena)
{
    return str_c(arena, str_of(test_directory()));
}

TEST(a_world_goes_on_where_it_was)
{
    struct arena *arena = arena_new();
    const char *directory = kept_directory(arena);
    struct world world = world_open(world_options(directory));
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    struct version_info one = world_must_put(&world, bucket, "k", "one"), got;
    str first = str_copy(arena, one.id);
    world_close(&world);

    struct store_options options = world_options(directory);
    options.seed = 7; /* a kept world keeps its own */
    world = world_open(options);
    assert_int_equal(store_seed(world.store), 42);
    assert_int_equal(world_get(&world, bucket, "k", NULL, &got), STORE_OK);
    assert_true(str_eq(got.id, first));
    assert_str(world_body(&world, &got), "one");
    struct version_info two = world_must_put(&world, bucket, "k", "two");
    assert_int_equal(two.stamp_us, WORLD_START_US + 1); /* stamps and ordinals go on */
    assert_false(str_eq(two.id, first));
    world_close(&world);

    /* An uninterrupted world draws the same second id. */
    world = world_new();
    bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    (void) world_must_put(&world, bucket, "k", "one");
    str second = world_must_put(&world, bucket, "k", "two").id;
    str from_restarted = str_copy(arena, second);
    world_close(&world);
    world = world_open(world_options(directory));
    assert_int_equal(world_get(&world, bucket, "k", NULL, &got), STORE_OK);
    assert_true(str_eq(got.id, from_restarted));
    world_close(&world);
    arena_free(arena);
}

static void assert_refused(const struct store_options *options, const char *says)
{
    struct arena *arena = arena_new();
    struct clock *clock = clock_new(CLOCK_MANUAL, WORLD_START, 1.0);
    struct store_options with_clock = *options;
    with_clock.clock = clock;
    str error = STR_NONE;
    assert_null(store_open(arena, &with_clock, &error));
    if (str_find(error, str_of(says)) == error.size)
        print_error("said: %.*s\n", STR_ARG(error));
    assert_true(str_find(error, str_of(says)) < error.size);
    clock_free(clock);
    arena_free(arena);
}

TEST(a_directory_belongs_to_one_atoll)
{
    struct arena *arena = arena_new();
    struct store_options options = world_options(kept_directory(arena));
    struct world world = world_open(options);
    options.ephemeral = true; /* a refused store must not remove what it was refused */
    assert_refused(&options, "in use by another atoll");
    assert_int_equal(world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET), 1);
    world_close(&world);
    options.ephemeral = false;
    world = world_open(options);
    world_close(&world);
    arena_free(arena);
}

TEST(a_directory_that_cannot_be_used_is_refused_with_a_reason)
{
    struct arena *arena = arena_new();
    const char *directory = kept_directory(arena);
    char path[400];
    struct store_options options = world_options("/proc/nonesuch/world");
    assert_refused(&options, "cannot make the directory /proc/nonesuch/world");

    (void) snprintf(path, sizeof path, "%s/world.db", directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 200; i++)
        (void) fputs("this is no database at all\n", file);
    (void) fclose(file);
    options.directory = directory;
    assert_refused(&options, "cannot open the database");

    options = world_options(kept_directory(arena));
    struct world world = world_open(options);
    world_close(&world);
    options.version_order = ORDER_ARRIVAL;
    assert_refused(&options, "version order \"origin\"");
    arena_free(arena);
}

TEST(the_directory_is_private_and_an_ephemeral_one_is_removed)
{
    struct arena *arena = arena_new();
    char *directory = str_c(arena, str_format(arena, "%s/deep/er", test_directory()));
    struct store_options options = world_options(directory);
    options.ephemeral = true;
    struct world world = world_open(options);
    struct stat info;
    assert_int_equal(stat(directory, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    world_close(&world);
    assert_int_equal(stat(directory, &info), -1);
    arena_free(arena);
}

/* -- wipe
 * -------------------------------------------------------------------------------------------- */

TEST(a_wiped_world_is_a_new_one_but_for_what_is_kept)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    struct version_info put = world_must_put(&world, bucket, "k", "one"), got;
    assert_int_equal(store_draw_scope(world.store, bucket), 1);
    const struct store_doc docs[] = { { .kind = STR("role"), .id = STR("r"), .body = STR("1") },
                                      { .kind = STR("mrap"), .id = STR("m"), .body = STR("1") },
                                      { .kind = STR("abc"), .id = STR("m"), .body = STR("1") } };
    const str keep[] = { STR("role") };
    struct store_wipe wipe;
    store_wipe_init(&wipe, world.arena);
    wipe.seed = 42;
    wipe.keep_kinds = keep;
    wipe.keep_count = 1;
    struct store_write write;
    store_docs_init(&write, world.arena);
    write.docs = docs;
    write.doc_count = COUNT(docs);
    assert_int_equal(store_write_wait(world.store, &write), STORE_OK);
    assert_int_equal(store_write_wait(world.store, &wipe.head), STORE_OK);

    str body;
    store_read_begin(world.reader);
    assert_int_equal(store_doc_get(world.reader, world.arena, STR("role"), STR("r"), &body),
                     STORE_OK);
    assert_int_equal(store_doc_get(world.reader, world.arena, STR("mrap"), STR("m"), &body),
                     STORE_ABSENT);
    assert_int_equal(store_doc_get(world.reader, world.arena, STR("abc"), STR("m"), &body),
                     STORE_ABSENT);
    assert_int_equal(world_get(&world, bucket, "k", NULL, &got), STORE_NO_KEY);
    int64_t again = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    assert_true(again > bucket);
    assert_int_equal(store_draw_scope(world.store, again), 1);
    assert_true(str_eq(world_must_put(&world, again, "k", "one").id, put.id));

    wipe.seed = 43;
    assert_int_equal(store_write_wait(world.store, &wipe.head), STORE_OK);
    assert_int_equal(store_seed(world.store), 43);
    again = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    assert_false(str_eq(world_must_put(&world, again, "k", "one").id, put.id));
    world_close(&world);
}

/* -- group commit ---------------------------------------------------------------------------------
 */

struct crowd {
    struct store_put puts[2000];
    char keys[2000][16];
    sem_t done;
    _Atomic unsigned order, background_at[2];
};

static void crowd_done(struct store_write *write)
{
    struct crowd *crowd = write->owner;
    unsigned at = crowd->order++;
    if (write->background)
        crowd->background_at[crowd->background_at[0] ? 1 : 0] = at + 1;
    (void) sem_post(&crowd->done);
}

TEST(many_writes_share_commits_and_background_is_not_starved)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    struct crowd *crowd = arena_alloc(world.arena, sizeof *crowd);
    (void) sem_init(&crowd->done, 0, 0);
    uint64_t commits = store_commit_count(world.store);
    const unsigned many = COUNT(crowd->puts);
    for (unsigned i = 0; i < many; i++) {
        struct store_put *put = &crowd->puts[i];
        store_put_init(put, arena_new());
        put->bucket = bucket;
        (void) snprintf(crowd->keys[i], sizeof crowd->keys[i], "%u", i);
        put->key = str_of(crowd->keys[i]);
        put->head.done = crowd_done;
        put->head.owner = crowd;
        put->head.background = i == many / 2;
        store_submit(world.store, &put->head);
    }
    for (unsigned i = 0; i < many; i++)
        assert_int_equal(sem_wait(&crowd->done), 0);
    assert_true(store_commit_count(world.store) - commits < many / 2);
    assert_true(crowd->background_at[0] > 0 && crowd->background_at[0] < many);
    struct version_info got;
    for (unsigned i = 0; i < many; i++) {
        assert_int_equal(crowd->puts[i].head.result, STORE_OK);
        assert_int_equal(world_get(&world, bucket, crowd->keys[i], NULL, &got), STORE_OK);
        arena_free(crowd->puts[i].head.arena);
    }
    (void) sem_destroy(&crowd->done);
    world_close(&world);
}

TEST(acknowledged_by_power_durability_too)
{
    struct store_options options = world_options(test_directory());
    options.durability = DURABILITY_POWER;
    struct world world = world_open(options);
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    (void) world_must_put(&world, bucket, "k", "synced");
    struct version_info got;
    assert_int_equal(world_get(&world, bucket, "k", NULL, &got), STORE_OK);
    assert_str(world_body(&world, &got), "synced");
    world_close(&world);
}

/* -- crashes
 * ---------------------------------------------------------------------------------------- */

struct fall {
    const char *point;
    int commits; /* falls at this many */
};

static void fall_at(void *ctx, const char *name)
{
    struct fall *fall = ctx;
    if (strcmp(name, fall->point) == 0 && --fall->commits == 0)
        (void) raise(SIGKILL);
}

/* The child: writes keys 0, 1, 2, ... and says each number after its acknowledgement. */
static void write_until_killed(const char *directory, int out, struct fall *fall)
{
    struct world world = world_open(world_options(directory));
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    if (fall->point)
        store_set_sync_point(world.store, fall_at, fall);
    for (int i = 0;; i++) {
        char key[16];
        (void) snprintf(key, sizeof key, "%d", i);
        (void) world_must_put(&world, bucket, key, key);
        if (write(out, &i, sizeof i) != (ssize_t) sizeof i)
            _exit(1);
    }
}

static int crash(const char *directory, struct fall fall, int kill_after)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        write_until_killed(directory, ends[1], &fall);
    (void) close(ends[1]);
    int said = -1, number;
    while (read(ends[0], &number, sizeof number) == (ssize_t) sizeof number) {
        said = number;
        if (!fall.point && said == kill_after)
            (void) kill(child, SIGKILL);
    }
    (void) close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return said;
}

static void check_after_crash(const char *directory, int said)
{
    struct world world = world_open(world_options(directory));
    struct bucket_info bucket;
    store_read_begin(world.reader);
    assert_int_equal(store_bucket_get(world.reader, world.arena, STR("b"), &bucket), STORE_OK);
    struct version_info got;
    char key[16];
    for (int i = 0; i <= said; i++) {
        (void) snprintf(key, sizeof key, "%d", i);
        assert_int_equal(world_get(&world, bucket.id, key, NULL, &got), STORE_OK);
        assert_str(world_body(&world, &got), key);
    }
    (void) snprintf(key, sizeof key, "%d", said + 2); /* one may be done and not said */
    assert_int_equal(world_get(&world, bucket.id, key, NULL, &got), STORE_NO_KEY);
    (void) world_must_put(&world, bucket.id, "after", "goes on");
    world_close(&world);
}

TEST(no_acknowledged_write_is_lost_by_a_kill)
{
    static const struct {
        struct fall fall;
        int kill_after;
    } table[] = {
        { { NULL, 0 }, 0 },
        { { NULL, 0 }, 137 },
        { { "put.before_commit", 1 }, 0 },
        { { "put.before_commit", 25 }, 0 },
        { { "put.after_commit", 25 }, 0 },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *directory = kept_directory(arena);
        int said = crash(directory, table[i].fall, table[i].kill_after);
        if (table[i].fall.point)
            assert_int_equal(said, table[i].fall.commits - 2);
        check_after_crash(directory, said);
    }
    arena_free(arena);
}

/* -- failing disks
 * ---------------------------------------------------------------------------------- */

/* One put through a disk whose call number `fail_at` fails; false: nothing was acknowledged. */
static bool put_on_failing(const char *directory, const struct fs *fs, bool *opened)
{
    struct arena *arena = arena_new();
    struct clock *clock = clock_new(CLOCK_MANUAL, WORLD_START, 1.0);
    struct store_options options = world_options(directory);
    options.fs = fs;
    options.clock = clock;
    str error = STR_NONE;
    struct store *store = store_open(arena, &options, &error);
    bool done = false;
    *opened = store != NULL;
    if (!store)
        assert_true(error.size > 0);
    struct world world = { .arena = arena, .clock = clock, .store = store };
    struct body_lane *lane = store ? body_lane_open(store) : NULL;
    if (lane) {
        int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
        const struct body_sink_options sink_options = { .limit_bytes = 100 };
        struct body_sink *sink = body_sink_open(lane, &sink_options);
        struct store_put put;
        store_put_init(&put, arena);
        put.bucket = bucket;
        put.key = STR("k");
        if (body_sink_push(sink, "body", 4) == BODY_TAKEN &&
            body_sink_finish(sink, &put.draft) == BODY_TAKEN)
            done = store_write_wait(store, &put.head) == STORE_OK;
        else
            body_sink_abort(sink);
        body_draft_drop(&put.draft);
        body_lane_close(lane);
    }
    store_close(store);
    clock_free(clock);
    arena_free(arena);
    return done;
}

TEST(a_failing_disk_leaves_all_or_nothing)
{
    struct arena *arena = arena_new();
    bool past_the_last_call = false;
    for (long at = 1; !past_the_last_call; at++) {
        assert_true(at < 1000);
        const char *directory = kept_directory(arena);
        struct fs_failing failing;
        fs_failing_init(&failing, fs_real());
        failing.fail_at = at;
        failing.error = ENOSPC;
        bool opened;
        bool done = put_on_failing(directory, &failing.fs, &opened);
        past_the_last_call = failing.calls < at;

        struct world world = world_open(world_options(directory));
        struct bucket_info bucket;
        store_read_begin(world.reader);
        enum store_result there = store_bucket_get(world.reader, world.arena, STR("b"), &bucket);
        assert_true(there == STORE_OK || !done);
        if (there == STORE_OK) {
            struct version_info got;
            assert_int_equal(world_get(&world, bucket.id, "k", NULL, &got),
                             done ? STORE_OK : STORE_NO_KEY);
            if (done)
                assert_str(world_body(&world, &got), "body");
        }
        world_close(&world);
        assert_true(done || !past_the_last_call);
    }
    arena_free(arena);
}
