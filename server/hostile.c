/* Partitions that come by themselves; see hostile.h. Time is cut into periods, each with one
 * partition, so that nothing has to be remembered to know the next. */
#include "server/hostile.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/rng.h"
#include "replication/links.h"
#include "server/event_of.h"
#include "storage/bucket.h"

/* [atoll] AWS publishes nothing of the kind: often enough to be met in an afternoon's test. */
#define PERIOD_NS (600 * (int64_t) 1000000000)
#define LATEST_NS (450 * (int64_t) 1000000000) /* in its period */
#define SHORTEST_NS (20 * (int64_t) 1000000000)
#define LONGEST_NS (120 * (int64_t) 1000000000)

enum draw { DRAW_START, DRAW_LENGTH, DRAW_REGION };

struct hostile {
    struct world *world;
    struct store_reader *reader;
};

struct hostile *hostile_open(struct world *world)
{
    struct hostile *hostile = mem_alloc(sizeof *hostile);
    hostile->world = world;
    hostile->reader = store_reader_open(world->store);
    if (hostile->reader)
        return hostile;
    free(hostile);
    return NULL;
}

void hostile_close(struct hostile *hostile)
{
    if (hostile == NULL)
        return;
    store_reader_close(hostile->reader);
    free(hostile);
}

static double draw(const struct hostile *hostile, int64_t period, enum draw what)
{
    const struct rng_key key = { .seed = hostile->world->seed,
                                 .purpose = RNG_HOSTILE,
                                 .scope = what,
                                 .ordinal = (uint64_t) period };
    return rng_unit(&key);
}

static instant start_of(const struct hostile *hostile, int64_t period)
{
    double into = draw(hostile, period, DRAW_START) * (double) LATEST_NS;
    return (instant){ period * PERIOD_NS + (int64_t) into };
}

instant hostile_next(const struct hostile *hostile, instant now)
{
    int64_t period = now.ns / PERIOD_NS;
    if (!str_is(world_preset(hostile->world), "hostile"))
        return INSTANT_NEVER;
    instant first = start_of(hostile, period);
    return instant_before(now, first) ? first : start_of(hostile, period + 1);
}

static region_set regions_of_buckets(const struct hostile *hostile, struct arena *arena)
{
    const struct bucket_list_query all = { .max = 0 };
    struct bucket_list buckets = { 0 };
    region_set regions = REGION_SET_NONE;
    store_read_begin(hostile->reader);
    if (store_bucket_list(hostile->reader, arena, &all, &buckets) == STORE_OK)
        for (size_t i = 0; i < buckets.count; i++)
            regions = region_set_with(regions, region_find(buckets.at[i].region));
    store_read_idle(hostile->reader);
    return regions;
}

/* The one that the period's draw points to, by code; `regions` has at least one. */
static region_id choose(const struct hostile *hostile, int64_t period, region_set regions)
{
    double count = (double) __builtin_popcountll(regions);
    unsigned left = (unsigned) (draw(hostile, period, DRAW_REGION) * count);
    region_id id = 0;
    for (;; id++)
        if (region_set_has(regions, id) && left-- == 0)
            return id;
}

static bool is_cut(const struct hostile *hostile, instant now)
{
    struct link_partition partition = links_partition(hostile->world->links);
    return partition.count > 0 && instant_before(now, partition.until);
}

static void cut(struct hostile *hostile, struct arena *arena, region_set regions, instant now)
{
    struct world *world = hostile->world;
    int64_t period = now.ns / PERIOD_NS;
    region_id alone = choose(hostile, period, regions);
    region_set groups[2] = { region_set_with(REGION_SET_NONE, alone),
                             region_set_without(regions, alone) };
    double length = draw(hostile, period, DRAW_LENGTH) * (double) (LONGEST_NS - SHORTEST_NS);
    instant until = instant_add(now, (duration){ SHORTEST_NS + (int64_t) length });
    if (!instant_before(clock_now(world->clock), until)) /* the preset was not there in time */
        return;
    struct store_doc doc = links_partition_doc(arena, groups, COUNT(groups), until, false);
    struct store_write write;
    store_docs_init(&write, arena);
    write.docs = &doc;
    write.doc_count = 1;
    if (store_write_wait(world->store, &write) != STORE_OK) {
        log_line(LOG_ERROR, "the hostile preset's partition was not made: %s",
                 store_result_name(write.result));
        return;
    }
    links_apply(world->links, &doc, 1);
    event_of_change(world, EVENT_PARTITION, STR("hostile"),
                    links_groups_text(arena, groups, COUNT(groups)));
}

/* Called for whatever is due: a partition only when it is this one's instant. */
void hostile_timer(struct hostile *hostile, instant now)
{
    if (!str_is(world_preset(hostile->world), "hostile") ||
        start_of(hostile, now.ns / PERIOD_NS).ns != now.ns || is_cut(hostile, now))
        return;
    struct arena *arena = arena_new();
    region_set regions = regions_of_buckets(hostile, arena);
    if (__builtin_popcountll(regions) > 1)
        cut(hostile, arena, regions, now);
    arena_free(arena);
}
