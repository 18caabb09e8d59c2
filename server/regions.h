/* regions: which Regions are down (outages), persisted as documents of kind "outage" for the data
 * plane and "control-outage" for the control plane, and
 * which opt-in Regions are enabled or disabled (documents of kind "region-enabled"),
 * and whose clock is ahead (documents of kind "skew").
 * Threads: reads are atomic; changes come through admin, one at a time. */
#ifndef ATOLL_SERVER_REGIONS_H
#define ATOLL_SERVER_REGIONS_H

#include "routing/topology.h"
#include "storage/store.h"

/* What an outage takes of a Region. Data: S3 requests to its buckets, routing to them, copies from
 * and to them. Control: the S3 Control calls that are sent there. */
enum region_plane { REGION_DATA_PLANE, REGION_CONTROL_PLANE, REGION_PLANES };

struct region_outage {
    region_id region;
    bool planes[REGION_PLANES]; /* which of them this is about */
    bool down;
    instant until; /* INSTANT_NEVER: until it is ended */
};

/* [atoll] how far a clock can be ahead: farther, and dates would leave the calendar */
#define REGION_MOST_SKEW DURATION_S(365 * 86400)

struct regions;
/* `strict`: opt-in Regions are disabled unless a document enables them, as in a new AWS account. */
struct regions *regions_open(struct store_reader *reader, bool strict);
void regions_close(struct regions *regions);
void regions_reload(struct regions *regions, struct store_reader *reader);
/* Regions whose data plane answers at this emulated instant (an outage may have an end). */
region_set regions_up(const struct regions *regions, instant now);
/* Regions whose control plane does. */
region_set regions_control_up(const struct regions *regions, instant now);
/* When this plane answers again: INSTANT_NEVER when no end is known, `now` when it does already. */
instant regions_back_at(const struct regions *regions, enum region_plane plane, region_id region,
                        instant now);
/* Opt-in Regions may be disabled, for every account: those that are not. */
region_set regions_enabled(const struct regions *regions);
/* Those that are when nobody says anything. */
region_set regions_default(const struct regions *regions);
/* How far the clock of this Region is ahead of the others; 0 for what is no Region. */
duration regions_skew(const struct regions *regions, str region);
/* When the next outage ends by itself; INSTANT_NEVER when none does. */
instant regions_next_end(const struct regions *regions, instant now);
/* "data", "control". */
str region_plane_name(enum region_plane plane);
/* "data", "control", "both"; false: another word. */
bool region_planes_read(str word, bool planes[REGION_PLANES]);
/* The word for these planes; one of them at least. */
str region_planes_name(const bool planes[REGION_PLANES]);
/* One document for each plane that it is about; returns how many. */
size_t region_outage_docs(struct arena *arena, const struct region_outage *outage,
                          struct store_doc docs[REGION_PLANES]);
struct store_doc region_enabled_doc(region_id region, bool enabled);
/* As if nothing had been said: opt-in Regions are then enabled, under --strict disabled. */
struct store_doc region_default_doc(region_id region);
/* 0: none any more. */
struct store_doc region_skew_doc(struct arena *arena, region_id region, duration skew);

#endif
