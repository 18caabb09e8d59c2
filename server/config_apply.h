/* config_apply: makes what a configuration declares and the world lacks. Idempotent: on a kept
 * world buckets, objects, rules and access points that are there are left as they are; links,
 * Regions, clients and access keys are what the configuration says.
 *
 * Threads: one at a time; blocks until committed. Errors: the first, as a sentence; what was
 * committed before it stays, and applying again goes on from there.
 */
#ifndef ATOLL_SERVER_CONFIG_APPLY_H
#define ATOLL_SERVER_CONFIG_APPLY_H

#include "server/world.h"
#include "storage/bucket.h"

/* The configuration in effect (configs.h) and its --load directory; nothing when there is none. */
MUST_CHECK bool config_apply(struct arena *arena, struct world *world, struct lane *lane,
                             str *error);
/* DIR/<bucket>/<key...>: regular files only, links are not followed; objects that are there
 * already are left alone; a bucket that is missing is made in us-east-1. */
MUST_CHECK bool config_load(struct arena *arena, struct lane *lane, str directory, str *error);

/* The alias of an access point that names none: drawn from the seed, not in `list`. */
struct mrap_list;
str config_draw_alias(struct arena *arena, uint64_t seed, const struct mrap_list *list, str name);

/* For config_load and the buckets of the document: *id of the bucket, made if it is not there. */
struct config_make_bucket {
    str name, region, account;
    enum versioning versioning;
    bool object_lock;
    bool any_region; /* of one that is there */
    int64_t id;      /* out */
    bool made;       /* out */
};
struct config;
struct config_bucket;
struct config_make_bucket config_make_bucket_of(const struct config *config,
                                                const struct config_bucket *declared);
MUST_CHECK bool config_make_bucket(struct arena *arena, struct lane *lane,
                                   struct config_make_bucket *bucket, str *error);

#endif
