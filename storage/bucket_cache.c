/* A small hash table of bucket rows that is emptied whole when any bucket changed. */
#include "storage/bucket_cache.h"

#include <stdlib.h>

#include "base/rng.h"

#define SLOTS 512
#define MOST 1024

struct entry {
    struct bucket_info info;
    struct entry *next;
};

struct bucket_cache {
    struct arena *arena;
    uint64_t generation;
    size_t count;
    struct entry *slots[SLOTS];
};

struct bucket_cache *bucket_cache_open(void)
{
    struct bucket_cache *cache = mem_alloc(sizeof *cache);
    cache->arena = arena_new();
    return cache;
}

void bucket_cache_close(struct bucket_cache *cache)
{
    arena_free(cache->arena);
    free(cache);
}

static void empty(struct bucket_cache *cache)
{
    arena_reset(cache->arena);
    memset(cache->slots, 0, sizeof cache->slots);
    cache->count = 0;
}

void bucket_cache_renew(struct bucket_cache *cache, uint64_t generation)
{
    if (cache->generation != generation)
        empty(cache);
    cache->generation = generation;
}

uint64_t bucket_cache_generation(const struct bucket_cache *cache)
{
    return cache->generation;
}

const struct bucket_info *bucket_cache_find(const struct bucket_cache *cache, str name)
{
    const struct entry *entry = cache->slots[rng_hash(name) % SLOTS];
    while (entry && !str_eq(entry->info.name, name))
        entry = entry->next;
    return entry ? &entry->info : NULL;
}

void bucket_cache_add(struct bucket_cache *cache, const struct bucket_info *info)
{
    if (cache->count++ >= MOST)
        empty(cache);
    struct entry **slot = &cache->slots[rng_hash(info->name) % SLOTS];
    struct entry *entry = ARENA_NEW(cache->arena, struct entry);
    entry->info = bucket_info_copy(cache->arena, info);
    entry->next = *slot;
    *slot = entry;
}

struct bucket_info bucket_info_copy(struct arena *arena, const struct bucket_info *info)
{
    struct bucket_info copy = *info;
    copy.name = str_copy(arena, info->name);
    copy.region = str_copy(arena, info->region);
    copy.account = str_copy(arena, info->account);
    return copy;
}
