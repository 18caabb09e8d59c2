/* config_change: a running world becomes what a new document says, as far as it was not so already.
 *
 * All of it is judged first: a document with any problem changes nothing. What the new document
 * says is made so; what the old one said and the new one does not is taken back, except buckets,
 * their objects and access points, which are never destroyed: they are `kept`, and so is what
 * somebody changed by hand since. A reset goes to the new configuration from then on.
 *
 * Threads: blocks until committed; the caller has the turn (world->turn). Errors: the problems;
 * or, when the store fails half way, a sentence, and applying again goes on from there.
 */
#ifndef ATOLL_SERVER_CONFIG_CHANGE_H
#define ATOLL_SERVER_CONFIG_CHANGE_H

#include "server/config.h"
#include "server/world.h"

struct config_names { /* as "links.*.lag", "buckets.orders.versioning" */
    str *at;
    size_t count;
};

enum config_change_result { CONFIG_CHANGED, CONFIG_UNSOUND, CONFIG_NOT_APPLIED };

struct config_change {
    struct config_text text;
    /* out, in the arena given */
    struct config_problems *problems; /* CONFIG_UNSOUND */
    str error;                        /* CONFIG_NOT_APPLIED */
    struct config_names changed;      /* empty: it was so already */
    struct config_names kept;         /* no longer said, and there all the same */
};

#define CONFIG_CHANGE_LANE 1001 /* also of resets: one at a time */

enum config_change_result config_change(struct arena *arena, struct lane *lane,
                                        struct config_change *change);

#endif
