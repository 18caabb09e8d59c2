/* hot: small current objects in memory, so that reading what is read often asks nothing of SQLite
 * or the disk. For the storage folder only; requests come in through store_object_get.
 *
 * Each reader has a cache of its own, so entries need no lock; all share the generations in struct
 * store, one for each stripe of (bucket, key). The writer raises a stripe's generation when it
 * first touches a row under it, and again after COMMIT, when the commit counter has risen. An entry
 * counts only while its stripe has the generation under which it was read.
 */
#ifndef ATOLL_STORAGE_HOT_H
#define ATOLL_STORAGE_HOT_H

#include "storage/state.h"
#include "storage/version.h"

struct hot_cache;

struct hot_cache *hot_cache_open(void);
void hot_cache_close(struct hot_cache *cache);

/* The stripe that (bucket, key) belongs to. */
unsigned hot_stripe(int64_t bucket, str key);

/* The writer: a version row of this key is about to change, or any row at all. */
void hot_touch(struct store *store, struct hot_touched *touched, int64_t bucket, str key);
void hot_touch_all(struct store *store, struct hot_touched *touched);
/* After COMMIT and the commit counter. Forgets what was touched. */
void hot_committed(struct store *store, struct hot_touched *touched);
/* After ROLLBACK what readers saw meanwhile stays true. */
void hot_forget(struct hot_touched *touched);

#endif
