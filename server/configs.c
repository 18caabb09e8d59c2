/* The configuration in effect, counted and swapped under a lock held for a pointer's length; see
 * configs.h. */
#include "server/configs.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/lock.h"
#include "server/config.h"

struct held {
    struct config_pin pin; /* first: what is handed out leads back here */
    struct arena *owned;
    _Atomic unsigned pins;
};

struct configs {
    struct mutex lock;
    struct held *present;
    _Atomic bool has_accounts;
};

static struct held *held_new(struct arena *owned, const struct config *config)
{
    struct held *held = mem_alloc(sizeof *held);
    held->pin.config = config;
    held->owned = owned;
    atomic_store(&held->pins, 1);
    return held;
}

static void let_go(void *arg)
{
    struct held *held = arg;
    if (atomic_fetch_sub(&held->pins, 1) > 1)
        return;
    arena_free(held->owned);
    free(held);
}

struct configs *configs_new(void)
{
    struct configs *configs = mem_alloc(sizeof *configs);
    mutex_init(&configs->lock);
    configs->present = held_new(NULL, NULL);
    return configs;
}

void configs_free(struct configs *configs)
{
    if (configs == NULL)
        return;
    let_go(configs->present);
    mutex_fini(&configs->lock);
    free(configs);
}

void configs_replace(struct configs *configs, struct arena *owned, const struct config *config)
{
    struct held *held = held_new(owned, config), *old;
    {
        SCOPED_LOCK(&configs->lock);
        old = configs->present;
        configs->present = held;
        atomic_store_explicit(&configs->has_accounts, config && config->document.account_count > 0,
                              memory_order_relaxed);
    }
    let_go(old);
}

static struct held *hold(struct configs *configs)
{
    SCOPED_LOCK(&configs->lock);
    atomic_fetch_add(&configs->present->pins, 1);
    return configs->present;
}

const struct config_pin *configs_acquire(struct configs *configs)
{
    return &hold(configs)->pin;
}

void configs_release(const struct config_pin *pin)
{
    let_go((void *) (uintptr_t) pin);
}

const struct config *configs_of(struct configs *configs, struct arena *arena)
{
    if (configs == NULL)
        return NULL;
    struct held *held = hold(configs);
    arena_defer(arena, let_go, held);
    return held->pin.config;
}

bool configs_has_accounts(const struct configs *configs)
{
    return configs && atomic_load_explicit(&configs->has_accounts, memory_order_relaxed);
}
