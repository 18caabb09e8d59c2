/* regions: which Regions are down (outages), persisted as documents of kind "outage", and
 * which opt-in Regions are disabled (documents of kind "disabled-region"),
 * and whose clock is ahead (documents of kind "skew").
 * Threads: reads are atomic; changes come through admin, one at a time. */
#ifndef ATOLL_SERVER_REGIONS_H
#define ATOLL_SERVER_REGIONS_H

#include "routing/topology.h"
#include "storage/store.h"

struct regions;
struct regions *regions_open(struct store_reader *reader);
void regions_close(struct regions *regions);
void regions_reload(struct regions *regions, struct store_reader *reader);
/* Regions that answer at this emulated instant (an outage may have an end). */
region_set regions_up(const struct regions *regions, instant now);
/* Opt-in Regions may be disabled, for every account: those that are not. */
region_set regions_enabled(const struct regions *regions);
/* How far the clock of this Region is ahead of the others; 0 for what is no Region. */
duration regions_skew(const struct regions *regions, str region);
/* When the next outage ends by itself; INSTANT_NEVER when none does. */
instant regions_next_end(const struct regions *regions, instant now);
struct store_doc region_outage_doc(struct arena *arena, region_id region, bool down, instant until);
struct store_doc region_disabled_doc(region_id region, bool disabled);
/* 0: none any more. */
struct store_doc region_skew_doc(struct arena *arena, region_id region, duration skew);

#endif
