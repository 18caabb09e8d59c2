/* Objects between more old versions and markers than a page reads past: the listing turns to the
 * index in mid-page and neither loses nor repeats a key. */
#include <stdio.h>

#include "tests/unit/storage/store_world.h"

enum { SHOWN = 5, HIDDEN = 40 };

static void hide(struct world *world, int64_t bucket, unsigned group)
{
    for (unsigned i = 0; i < HIDDEN; i++) {
        char key[32];
        (void) snprintf(key, sizeof key, "k%u-%02u", group, i);
        (void) world_delete(world, bucket, key, NULL); /* a marker without an object */
    }
}

static void show(struct world *world, int64_t bucket, unsigned group)
{
    char key[32];
    (void) snprintf(key, sizeof key, "k%u/object", group);
    (void) world_must_put(world, bucket, key, "old");
    (void) world_must_put(world, bucket, key, "new");
}

TEST(objects_behind_many_markers_are_listed_once_each)
{
    struct world world = world_new();
    int64_t bucket = world_bucket(&world, "b", "eu-west-1", VERSIONING_ENABLED);
    for (unsigned group = 0; group < SHOWN; group++) {
        hide(&world, bucket, group);
        show(&world, bucket, group);
    }
    for (unsigned max = 1; max <= SHOWN + 1; max++) {
        struct list_query query = { .kind = LIST_OBJECTS, .bucket = bucket, .max = max };
        struct list_page page;
        unsigned seen = 0;
        store_read_begin(world.reader);
        do {
            assert_int_equal(store_list(world.reader, world.arena, &query, &page), STORE_OK);
            for (size_t i = 0; i < page.count; i++, seen++) {
                char key[32];
                (void) snprintf(key, sizeof key, "k%u/object", seen);
                assert_true(str_is(page.at[i].key, key));
                assert_true(page.at[i].version.current);
                assert_int_equal(page.at[i].version.size_bytes, 3);
            }
            query.after = page.next_key;
        } while (page.truncated);
        assert_int_equal(seen, SHOWN);
    }
    world_close(&world);
}
