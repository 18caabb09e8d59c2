/* configs: the configuration in effect, which a call or SIGHUP may replace while requests run.
 *
 * A configuration never changes once it is here: a new one takes its place, and the old one goes
 * when the last who holds it has let go. What every request asks is kept beside it as a plain
 * atomic, so that the common request takes no lock. Threads: any.
 */
#ifndef ATOLL_SERVER_CONFIGS_H
#define ATOLL_SERVER_CONFIGS_H

#include <stdbool.h>

#include "base/arena.h"

struct config; /* server/config.h */
struct configs;

struct config_pin {
    const struct config *config; /* NULL: the world was made without one */
};

struct configs *configs_new(void);
/* Nobody may hold one any more. NULL is fine. */
void configs_free(struct configs *configs);
/* `owned` is freed with the configuration; NULL: it is the caller's and stays until the end. */
void configs_replace(struct configs *configs, struct arena *owned, const struct config *config);
/* Never NULL. */
const struct config_pin *configs_acquire(struct configs *configs);
void configs_release(const struct config_pin *pin);
/* Held until the arena is reset or freed: of a request, or another that ends before the world.
 * NULL when there is none. */
const struct config *configs_of(struct configs *configs, struct arena *arena);
/* Whether accounts have policies or keys of their own in it. */
bool configs_has_accounts(const struct configs *configs);

#endif
