/* Small objects from memory: never older than what was acknowledged, whatever changed them. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/lock.h"
#include "storage/db.h"
#include "storage/state.h"
#include "tests/unit/storage/store_world.h"

static str bytes_now(struct world *world, int64_t bucket, const char *key)
{
    struct version_info version;
    str bytes;
    store_read_begin(world->reader);
    if (store_object_get(world->reader, world->arena, bucket, str_of(key), &version, &bytes) !=
        STORE_OK)
        return STR("(no key)");
    return version.marker ? STR("(marker)") : bytes;
}

#define ASSERT_READS(world, bucket, key, want)                                                     \
    do {                                                                                           \
        for (int twice = 0; twice < 2; twice++)                                                    \
            assert_true(str_is(bytes_now(world, bucket, key), want));                              \
    } while (0)

TEST(a_second_read_asks_nothing_of_the_database)
{
    struct world world = world_new();
    struct version_info first, second;
    str bytes;
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    (void) world_must_put(&world, id, "k", "body");
    store_read_begin(world.reader);
    assert_int_equal(store_object_get(world.reader, world.arena, id, STR("k"), &first, &bytes),
                     STORE_OK);
    (void) world_must_put(&world, id, "other", "x"); /* the snapshot must be renewed */
    store_read_begin(world.reader);
    assert_int_equal(store_object_get(world.reader, world.arena, id, STR("k"), &second, &bytes),
                     STORE_OK);
    assert_false(db_in_transaction(world.reader->db));
    assert_true(str_is(bytes, "body"));
    assert_true(str_eq(first.id, second.id) && str_eq(first.etag, second.etag));
    assert_true(str_is(second.key, "k") && second.size_bytes == 4 && second.current);
    world_close(&world);
}

TEST(every_kind_of_change_is_seen_at_once)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    ASSERT_READS(&world, id, "k", "(no key)");
    struct version_info one = world_must_put(&world, id, "k", "one");
    ASSERT_READS(&world, id, "k", "one");
    (void) world_must_put(&world, id, "k", "two");
    ASSERT_READS(&world, id, "k", "two");
    struct version_delete marker = world_delete(&world, id, "k", NULL);
    ASSERT_READS(&world, id, "k", "(marker)");
    (void) world_delete(&world, id, "k", str_c(world.arena, marker.id));
    ASSERT_READS(&world, id, "k", "two");
    (void) world_delete(&world, id, "k", str_c(world.arena, one.id));
    ASSERT_READS(&world, id, "k", "two");
    (void) world_must_put(&world, id, "k", "");
    ASSERT_READS(&world, id, "k", "");
    world_close(&world);
}

TEST(a_change_of_tags_is_seen_at_once)
{
    struct world world = world_new();
    struct store_version_change change;
    struct version_info got;
    str bytes;
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    (void) world_must_put(&world, id, "k", "body");
    ASSERT_READS(&world, id, "k", "body");
    store_version_change_init(&change, world.arena);
    change.bucket = id;
    change.key = STR("k");
    change.what = CHANGE_TAGS;
    change.meta.tags = STR("colour=blue");
    assert_int_equal(store_write_wait(world.store, &change.head), STORE_OK);
    store_read_begin(world.reader);
    assert_int_equal(store_object_get(world.reader, world.arena, id, STR("k"), &got, &bytes),
                     STORE_OK);
    assert_true(str_is(got.meta.tags, "colour=blue"));
    world_close(&world);
}

TEST(an_old_snapshot_fills_nothing)
{
    struct world world = world_new();
    struct version_info got;
    str bytes;
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    (void) world_must_put(&world, id, "k", "old");
    store_read_begin(world.reader);
    assert_int_equal(store_version_get(world.reader, world.arena, id, STR("other"), STR_NONE, &got),
                     STORE_NO_KEY); /* takes the snapshot */
    (void) world_must_put(&world, id, "k", "new");
    assert_int_equal(store_object_get(world.reader, world.arena, id, STR("k"), &got, &bytes),
                     STORE_OK);
    assert_false(
        str_is(bytes, "new")); /* the old body's bytes may be gone, and are then not given */
    ASSERT_READS(&world, id, "k", "new");
    world_close(&world);
}

TEST(what_fails_leaves_the_old_object)
{
    struct world world = world_new();
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    (void) world_must_put(&world, id, "k", "old");
    ASSERT_READS(&world, id, "k", "old");
    struct store_put put;
    store_put_init(&put, world.arena);
    put.bucket = id;
    put.key = STR("k");
    put.condition.if_none_match_any = true;
    put.draft = world_draft(&world, STR("new"));
    assert_int_equal(store_write_wait(world.store, &put.head), STORE_PRECONDITION);
    body_draft_drop(&put.draft);
    ASSERT_READS(&world, id, "k", "old");
    world_close(&world);
}

TEST(a_large_object_has_no_bytes_in_memory)
{
    struct world world = world_new();
    struct version_info got;
    str bytes;
    char *large = arena_alloc(world.arena, LIMIT_HOT_BYTES + 2);
    memset(large, 'a', LIMIT_HOT_BYTES + 1);
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    (void) world_must_put(&world, id, "k", large);
    store_read_begin(world.reader);
    assert_int_equal(store_object_get(world.reader, world.arena, id, STR("k"), &got, &bytes),
                     STORE_OK);
    assert_false(str_is_set(bytes));
    large[LIMIT_HOT_BYTES] = '\0';
    (void) world_must_put(&world, id, "k", large);
    ASSERT_READS(&world, id, "k", large);
    world_close(&world);
}

TEST(a_wipe_forgets)
{
    struct world world = world_new();
    struct store_wipe wipe;
    int64_t id = world_bucket(&world, "b", "eu-west-1", VERSIONING_UNSET);
    (void) world_must_put(&world, id, "k", "body");
    ASSERT_READS(&world, id, "k", "body");
    store_wipe_init(&wipe, world.arena);
    wipe.seed = 7;
    assert_int_equal(store_write_wait(world.store, &wipe.head), STORE_OK);
    ASSERT_READS(&world, id, "k", "(no key)");
    world_close(&world);
}

/* -- several threads ------------------------------------------------------------------------- */

enum { ROUNDS = 300, KEYS = 3 };

struct race {
    struct world *world;
    int64_t bucket;
    _Atomic int acknowledged[KEYS];
    _Atomic unsigned too_old;
    _Atomic bool over;
};

static void *read_all_the_time(void *arg)
{
    struct race *race = arg;
    struct store_reader *reader = store_reader_open(race->world->store);
    struct arena *arena = arena_new();
    for (unsigned i = 0; !atomic_load(&race->over); i++) {
        struct version_info got;
        str bytes;
        uint64_t seen = 0;
        char key[] = { (char) ('a' + i % KEYS), '\0' };
        int before = atomic_load(&race->acknowledged[i % KEYS]);
        store_read_begin(reader);
        if (store_object_get(reader, arena, race->bucket, str_of(key), &got, &bytes) == STORE_OK &&
            !str_to_u64(bytes, &seen))
            seen = 0;
        if ((int) seen < before)
            atomic_fetch_add(&race->too_old, 1);
        arena_reset(arena);
    }
    arena_free(arena);
    store_reader_close(reader);
    return NULL;
}

TEST(no_reader_sees_less_than_was_acknowledged)
{
    struct world world = world_new();
    struct race race = { .world = &world };
    pthread_t readers[2];
    race.bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED); /* bodies stay */
    for (size_t i = 0; i < COUNT(readers); i++)
        readers[i] = thread_start("reader", read_all_the_time, &race);
    for (int round = 1; round <= ROUNDS; round++) {
        char text[16], key[] = { (char) ('a' + round % KEYS), '\0' };
        (void) snprintf(text, sizeof text, "%d", round);
        (void) world_must_put(&world, race.bucket, key, text);
        atomic_store(&race.acknowledged[round % KEYS], round);
    }
    atomic_store(&race.over, true);
    for (size_t i = 0; i < COUNT(readers); i++)
        (void) pthread_join(readers[i], NULL);
    assert_int_equal(race.too_old, 0);
    world_close(&world);
}
