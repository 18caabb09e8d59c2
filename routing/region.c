/* The table of AWS Regions and the round trips between them: regions.def and rtt.def made into
 * constant arrays, and look-ups by code. */
#include <assert.h>

#include "base/bug.h"
#include "routing/topology.h"

enum {
#define REGION(code, ...) +1
    REGIONS = 0
#include "routing/regions.def"
#undef REGION
};
static_assert(REGIONS <= 64, "a region_set has 64 bits");

enum { MRAP = 1, DEFAULT = 2, OPT_IN = 4, FAILOVER = 8, CONTROL = 16 };

/* clang-format off */
#define TEXT(literal) { "" literal, sizeof(literal) - 1 }
#define HAS(flags, flag) (((flags) & (flag)) != 0)

static const struct region_info regions[REGIONS] = {
#define REGION(code_, name_, city_, lat_, lon_, flags)      \
    {                                                       \
        .code = TEXT(code_),                                \
        .name = TEXT(name_),                                \
        .city = TEXT(city_),                                \
        .lat = (lat_),                                      \
        .lon = (lon_),                                      \
        .mrap_supported = HAS(flags, MRAP),                 \
        .mrap_default = HAS(flags, DEFAULT),                \
        .opt_in = HAS(flags, OPT_IN),                       \
        .failover_control_plane = HAS(flags, FAILOVER),     \
        .mrap_control_plane = HAS(flags, CONTROL),          \
    },
#include "routing/regions.def"
#undef REGION
};
/* clang-format on */

static const str region_codes[REGIONS] = {
#define REGION(code, ...) TEXT(code),
#include "routing/regions.def"
#undef REGION
};

/* Only the lower half is filled: row >= column. */
static const unsigned short rtt_ms[REGIONS][REGIONS] = {
#define RTT(code, ...) { __VA_ARGS__ },
#include "routing/rtt.def"
#undef RTT
};

unsigned region_count(void)
{
    return REGIONS;
}

const struct region_info *region_at(region_id id)
{
    BUG_UNLESS(id < REGIONS);
    return &regions[id];
}

region_id region_find(str code)
{
    unsigned low = 0;
    unsigned high = REGIONS;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = str_cmp(code, region_codes[middle]);
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return REGION_NONE;
}

str region_nearest_name(str word)
{
    return str_nearest(word, region_codes, REGIONS);
}

double region_rtt_ms(region_id a, region_id b)
{
    BUG_UNLESS(a < REGIONS && b < REGIONS);
    return a >= b ? rtt_ms[a][b] : rtt_ms[b][a];
}
