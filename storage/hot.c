/* The cache of hot objects: a table of as many slots as entries, each key having one place.
 *
 * Why no reader can see old bytes after an acknowledgement: a fill notes the generation, then
 * checks that no commit came after its snapshot's label. Had a commit touched the key before the
 * note, then either its second raise was noted too, and so its count is seen and the fill is
 * dropped; or only the first was, and the second makes the entry worthless. A commit that touches
 * the key after the note raises the generation before its acknowledgement.
 */
#include "storage/hot.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/rng.h"
#include "storage/db.h"
#include "storage/txn.h"

struct entry { /* one block of memory: this, the strings, the bytes */
    uint64_t generation;
    size_t size_bytes; /* of the block */
    struct version_info version;
    str bytes;
};

struct hot_cache {
    struct entry *slots[LIMIT_HOT_ENTRIES];
};

struct hot_cache *hot_cache_open(void)
{
    return mem_alloc(sizeof(struct hot_cache));
}

void hot_cache_close(struct hot_cache *cache)
{
    for (size_t i = 0; i < LIMIT_HOT_ENTRIES; i++)
        free(cache->slots[i]);
    free(cache);
}

static uint64_t hash_of(int64_t bucket, str key)
{
    return rng_hash(key) ^ ((uint64_t) bucket * 0x9E3779B97F4A7C15u);
}

unsigned hot_stripe(int64_t bucket, str key)
{
    return (unsigned) (hash_of(bucket, key) >> 32) % HOT_STRIPES;
}

/* -- the writer's side ----------------------------------------------------------------------- */

static void touch(struct store *store, struct hot_touched *touched, unsigned stripe)
{
    uint64_t bit = (uint64_t) 1 << stripe % 64;
    if (touched->stripes[stripe / 64] & bit)
        return;
    touched->stripes[stripe / 64] |= bit;
    atomic_fetch_add(&store->hot_generations[stripe], 1);
}

void hot_touch(struct store *store, struct hot_touched *touched, int64_t bucket, str key)
{
    touch(store, touched, hot_stripe(bucket, key));
}

void hot_touch_all(struct store *store, struct hot_touched *touched)
{
    for (unsigned i = 0; i < HOT_STRIPES; i++)
        touch(store, touched, i);
}

void hot_committed(struct store *store, struct hot_touched *touched)
{
    for (unsigned i = 0; i < COUNT(touched->stripes); i++)
        for (uint64_t left = touched->stripes[i]; left; left &= left - 1)
            atomic_fetch_add(&store->hot_generations[i * 64 + (unsigned) __builtin_ctzll(left)], 1);
    hot_forget(touched);
}

void hot_forget(struct hot_touched *touched)
{
    memset(touched, 0, sizeof *touched);
}

/* -- the readers' side ----------------------------------------------------------------------- */

static void strings_of(struct entry *entry, str *strings[9])
{
    struct version_info *version = &entry->version;
    str *all[] = { &version->key,         &version->id,
                   &version->origin,      &version->etag,
                   &version->meta.fields, &version->meta.tags,
                   &version->meta.acl,    &version->meta.storage_class,
                   &entry->bytes };
    memcpy(strings, all, sizeof all);
}

static struct entry *pack(struct entry *from)
{
    str *strings[9];
    size_t size = sizeof *from;
    strings_of(from, strings);
    for (size_t i = 0; i < COUNT(strings); i++)
        size += strings[i]->size;
    struct entry *entry = mem_resize(NULL, size);
    char *at = (char *) (entry + 1);
    *entry = *from;
    entry->size_bytes = size;
    strings_of(entry, strings);
    for (size_t i = 0; i < COUNT(strings); i++) {
        if (strings[i]->size == 0)
            continue; /* an empty string keeps its kind: set or not */
        memcpy(at, strings[i]->ptr, strings[i]->size);
        strings[i]->ptr = at;
        at += strings[i]->size;
    }
    return entry;
}

/* The entry may go before the answer is sent, so the answer gets a copy. */
static void give(const struct entry *entry, struct arena *arena, struct version_info *out,
                 str *bytes)
{
    str *strings[9];
    struct entry *copy = arena_copy(arena, entry, entry->size_bytes);
    strings_of(copy, strings);
    for (size_t i = 0; i < COUNT(strings); i++)
        if (strings[i]->size > 0)
            strings[i]->ptr = (const char *) copy + (strings[i]->ptr - (const char *) entry);
    *out = copy->version;
    *bytes = copy->bytes;
}

static bool read_small(struct store_reader *reader, struct arena *arena,
                       const struct version_info *version, str *bytes)
{
    struct body_reader *body;
    *bytes = STR("");
    if (version->size_bytes == 0)
        return true;
    if (body_reader_open(reader, version->body, 0, version->size_bytes, &body) != STORE_OK)
        return false;
    char *room = arena_alloc_raw(arena, (size_t) version->size_bytes);
    ssize_t got = body_reader_read(body, room, (size_t) version->size_bytes);
    body_reader_close(body);
    if (got != (ssize_t) version->size_bytes)
        return false;
    *bytes = str_from(room, (size_t) got);
    return true;
}

enum store_result store_object_get(struct store_reader *reader, struct arena *arena, int64_t bucket,
                                   str key, struct version_info *out, str *bytes)
{
    struct store *store = reader->store;
    unsigned stripe = hot_stripe(bucket, key);
    struct entry **slot = &reader->hot->slots[hash_of(bucket, key) % LIMIT_HOT_ENTRIES];
    uint64_t generation = atomic_load(&store->hot_generations[stripe]);
    if (*slot && (*slot)->generation == generation && (*slot)->version.bucket == bucket &&
        str_eq((*slot)->version.key, key)) {
        give(*slot, arena, out, bytes);
        return STORE_OK;
    }
    *bytes = STR_NONE;
    bool is_latest = atomic_load(&store->commits) == reader->commits;
    enum store_result result = store_version_get(reader, arena, bucket, key, STR_NONE, out);
    if (result != STORE_OK || out->marker || out->size_bytes > LIMIT_HOT_BYTES ||
        !read_small(reader, arena, out, bytes))
        return result;
    if (is_latest) {
        struct entry entry = { .generation = generation, .version = *out, .bytes = *bytes };
        free(*slot);
        *slot = pack(&entry);
    }
    return STORE_OK;
}
