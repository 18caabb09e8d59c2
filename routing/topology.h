/* topology: where things are. The AWS Regions, the places a client can be in, and how far apart.
 *
 * Units: degrees, kilometres, milliseconds of round trip. Ownership: every str points into static
 * tables, except the name of a place given by coordinates (see place_find). Threads: any; there is
 * no state. Errors: an unknown name is REGION_NONE or false; an id that is no Region is a bug and
 * stops the process.
 */
#ifndef ATOLL_ROUTING_TOPOLOGY_H
#define ATOLL_ROUTING_TOPOLOGY_H

#include <limits.h>

#include "base/str.h"

/* Index into the table of Regions, which is sorted by code: a lower id is an earlier code. Ids may
 * change when AWS opens a Region: what is stored or sent is the code. */
typedef unsigned region_id;
#define REGION_NONE UINT_MAX

/* A set of Regions, bit i for id i. */
typedef uint64_t region_set;
#define REGION_SET_NONE ((region_set) 0)
#define REGION_SET_ALL (~(region_set) 0)

static inline bool region_set_has(region_set set, region_id id)
{
    return id < 64 && (set >> id & 1) != 0;
}
static inline region_set region_set_with(region_set set, region_id id)
{
    return id < 64 ? set | (region_set) 1 << id : set;
}
static inline region_set region_set_without(region_set set, region_id id)
{
    return id < 64 ? set & ~((region_set) 1 << id) : set;
}

struct region_info {
    str code; /* "eu-west-1" */
    str name; /* "Europe (Ireland)" */
    str city; /* "Dublin" */
    double lat, lon;
    bool mrap_supported;         /* its buckets can be members of an access point */
    bool mrap_default;           /* enabled in a new account */
    bool opt_in;                 /* the account must enable it first */
    bool failover_control_plane; /* answers Get and SubmitMultiRegionAccessPointRoutes */
    bool mrap_control_plane;     /* answers the other Multi-Region Access Point operations */
};

unsigned region_count(void);
const struct region_info *region_at(region_id id);
/* Exact, as AWS compares: lower case only. */
region_id region_find(str code);
/* "did you mean": the code nearest in spelling, or STR_NONE. */
str region_nearest_name(str word);
/* Measured round trip, the same both ways; within a Region too. */
double region_rtt_ms(region_id a, region_id b);

/* Where a client is: a Region, a city, or a point on the map. */
struct place {
    str name;
    double lat, lon;
    region_id region; /* when the place is a Region code, else REGION_NONE: a city that has a Region
                         ("dublin") is outside that Region's network */
};

/* A Region code, a built-in city ("new-york", "New York", "new_york") or "lat,lon" in degrees with
 * -90..90 and -180..180. The name is the canonical one; that of coordinates is a view of `text`
 * and lives as long. False leaves *out alone. */
MUST_CHECK bool place_find(str text, struct place *out);
/* "did you mean": the Region code or city nearest in spelling, or STR_NONE. */
str place_nearest_name(str word);
/* The built-in cities, by name. */
size_t place_city_count(void);
struct place place_city_at(size_t index);
struct place place_of_region(region_id id);

/* The way from a place to a Region. */
struct place_path {
    double km;     /* along the great circle */
    double rtt_ms; /* measured from a Region; from anywhere else estimated by distance */
};
struct place_path place_path_to(const struct place *place, region_id region);

#endif
