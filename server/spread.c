/* A magnitude is a double's exponent and the first bits of its mantissa: order is kept, and no
 * logarithm is taken. */
#include "server/spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define DROPPED_BITS 46 /* of a mantissa's 52: 64 magnitudes for each doubling */

static uint32_t magnitude_of(const struct spread *spread, double value)
{
    uint64_t bits;
    double positive = value > 0 ? value : 0;
    memcpy(&bits, &positive, sizeof bits);
    return (uint32_t) (bits >> (DROPPED_BITS + spread->coarser));
}

/* Its lower end, so that small whole numbers stay what they are. */
static double value_of(const struct spread *spread, uint32_t magnitude)
{
    uint64_t bits = (uint64_t) magnitude << (DROPPED_BITS + spread->coarser);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void spread_free(struct spread *spread)
{
    free(spread->at);
    *spread = (struct spread){ .at = NULL };
}

static void grow(struct spread *spread)
{
    uint32_t room = spread->room ? spread->room * 2 : 8;
    if (spread->arena) {
        struct spread_bucket *at = ARENA_ARRAY(spread->arena, struct spread_bucket, room);
        if (spread->count > 0)
            memcpy(at, spread->at, spread->count * sizeof *at);
        spread->at = at;
    } else
        spread->at = mem_resize(spread->at, room * sizeof *spread->at);
    spread->room = room;
}

static uint32_t sum_of(uint32_t count, uint64_t times)
{
    uint64_t sum = count + times;
    return sum > UINT32_MAX ? UINT32_MAX : (uint32_t) sum;
}

/* Neighbours become one until there is room again. */
static void coarsen(struct spread *spread)
{
    uint32_t kept = 0;
    spread->coarser++;
    for (uint32_t i = 0; i < spread->count; i++) {
        struct spread_bucket bucket = spread->at[i];
        bucket.magnitude >>= 1;
        if (kept > 0 && spread->at[kept - 1].magnitude == bucket.magnitude)
            spread->at[kept - 1].count = sum_of(spread->at[kept - 1].count, bucket.count);
        else
            spread->at[kept++] = bucket;
    }
    spread->count = kept;
}

/* The first bucket that is not below the magnitude. */
static uint32_t place_of(const struct spread *spread, uint32_t magnitude)
{
    uint32_t low = 0, high = spread->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (spread->at[middle].magnitude < magnitude)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void spread_add(struct spread *spread, double value, uint64_t times)
{
    uint32_t magnitude = magnitude_of(spread, value), at = place_of(spread, magnitude);
    if (at < spread->count && spread->at[at].magnitude == magnitude) {
        spread->at[at].count = sum_of(spread->at[at].count, times);
        return;
    }
    if (spread->count == SPREAD_BUCKETS) {
        coarsen(spread);
        spread_add(spread, value, times);
        return;
    }
    if (spread->count == spread->room)
        grow(spread);
    memmove(spread->at + at + 1, spread->at + at, (spread->count - at) * sizeof *spread->at);
    spread->at[at] = (struct spread_bucket){ magnitude, sum_of(0, times) };
    spread->count++;
}

void spread_merge(struct spread *into, const struct spread *from)
{
    for (uint32_t i = 0; i < from->count; i++)
        spread_add(into, value_of(from, from->at[i].magnitude), from->at[i].count);
}

double spread_percentile(const struct spread *spread, double percent)
{
    uint64_t total = 0, passed = 0;
    for (uint32_t i = 0; i < spread->count; i++)
        total += spread->at[i].count;
    double rank = ceil((double) total * percent / 100);
    for (uint32_t i = 0; i < spread->count; i++) {
        passed += spread->at[i].count;
        if ((double) passed >= rank && passed > 0)
            return value_of(spread, spread->at[i].magnitude);
    }
    return 0;
}
