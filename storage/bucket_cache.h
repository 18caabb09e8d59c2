/* bucket_cache: a reader's copies of bucket rows, by name; bounded. Every request looks its bucket
 * up, and buckets hardly change. For the storage folder only; one thread, its reader's. */
#ifndef ATOLL_STORAGE_BUCKET_CACHE_H
#define ATOLL_STORAGE_BUCKET_CACHE_H

#include "storage/bucket.h"

struct bucket_cache;

struct bucket_cache *bucket_cache_open(void);
void bucket_cache_close(struct bucket_cache *cache);
/* Empties it unless it was filled under this generation. Call before the snapshot is renewed. */
void bucket_cache_renew(struct bucket_cache *cache, uint64_t generation);
uint64_t bucket_cache_generation(const struct bucket_cache *cache);
const struct bucket_info *bucket_cache_find(const struct bucket_cache *cache, str name);
void bucket_cache_add(struct bucket_cache *cache, const struct bucket_info *info);
struct bucket_info bucket_info_copy(struct arena *arena, const struct bucket_info *info);

#endif
