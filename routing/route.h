/* route: which member of an access point serves a client, why, and how its dials change.
 *
 * Pure: the same arguments give the same answer; nothing is allocated, no clock or chance is asked
 * (the caller draws, base/rng.h). Ownership: what is returned points into the caller's table or
 * into constants. Threads: any. Units: rtt in milliseconds, distance in kilometres, dials 0..100.
 * Errors: values; a table with more members than LIMIT_REGIONS_PER_MRAP or with a member in no
 * Region is a bug and stops the process.
 */
#ifndef ATOLL_ROUTING_ROUTE_H
#define ATOLL_ROUTING_ROUTE_H

#include "base/buf.h"
#include "base/limits.h"
#include "routing/topology.h"

struct route_member {
    str bucket;
    region_id region;
    unsigned dial; /* AWS: 100 active, 0 passive; in between, a weight (ours) */
};

enum route_proximity {
    PROXIMITY_TABLE,    /* by round trip: measured between Regions, else estimated */
    PROXIMITY_DISTANCE, /* by great circle, as if the network were the globe */
    PROXIMITY_DECLARED  /* as the members are listed, the same for every client */
};

struct route_table {
    const struct route_member *members;
    size_t count;
    enum route_proximity proximity;
    double flap;   /* share of requests that the second nearest gets, 0..1 */
    bool promotes; /* when no active member is reachable, the nearest passive one serves */
};

enum route_skip { SKIP_NOT, SKIP_PASSIVE, SKIP_DOWN };

struct route_candidate {
    size_t member;
    double rtt_ms;
    double km;
    unsigned dial;
    bool reachable;
    enum route_skip skip; /* SKIP_NOT: could have been chosen; passive and down is SKIP_PASSIVE */
};

enum route_reason {
    ROUTE_NEAREST_ACTIVE,
    ROUTE_ONLY_ACTIVE, /* one member has a dial above 0 */
    ROUTE_WEIGHTED,
    ROUTE_FLAPPED,
    ROUTE_REGION_DOWN, /* the nearest active member's Region is down: the next nearest */
    ROUTE_PROMOTED,    /* no active member was reachable: the nearest passive one */
    ROUTE_NONE_REACHABLE,
    /* Never by route_pick: the server says these when something else decided. */
    ROUTE_UPLOAD_AFFINITY,
    ROUTE_CONNECTION_AFFINITY,
    ROUTE_OLD_ROUTE,
    ROUTE_DIRECT_BUCKET,
    ROUTE_ALIAS_AS_BUCKET,
    ROUTE_REASONS
};

struct route_choice {
    size_t member; /* SIZE_MAX when none */
    enum route_reason reason;
    double rtt_ms; /* of the chosen member; 0 when none */
    struct route_candidate candidates[LIMIT_REGIONS_PER_MRAP]; /* every member, nearest first */
    size_t candidate_count;
};

/* Uniform in [0, 1), drawn for this request. */
struct route_draws {
    double weighted;
    double flap;
};

/* Of the reachable members with a dial above 0: by weight if any dial lies strictly between 0 and
 * 100, else the nearest, ties by Region code. Passive members are chosen only when the table
 * promotes them and every active one is down: on AWS passive Regions get no traffic until somebody
 * fails over. */
void route_pick(const struct route_table *table, const struct place *client, region_set reachable,
                struct route_draws draws, struct route_choice *out);

/* Any dial strictly between 0 and 100, which AWS would refuse. */
bool route_is_weighted(const struct route_member *members, size_t count);

/* "nearest-active": the first word of x-atoll-route, and the journal's `reason`. */
str route_reason_name(enum route_reason reason);
/* "passive", "down", or empty for SKIP_NOT. */
str route_skip_name(enum route_skip skip);

/* The members passed over, nearest first, as x-atoll-route has them between the quotes of over="":
 * us-east-1:108ms,ap-southeast-1:passive. Nothing when the chosen member is alone. */
void route_format_over(const struct route_table *table, const struct route_choice *choice,
                       struct buf *out);

/* One line of a SubmitMultiRegionAccessPointRoutes request. An empty str is a name not given; at
 * least one is, and both must mean the same member. */
struct route_change {
    str bucket;
    str region;
    unsigned dial;
};

struct route_changes {
    const struct route_change *list;
    size_t count;
    bool strict; /* only 0 and 100, as AWS documents */
};

enum route_update_error {
    ROUTE_UPDATE_OK,
    ROUTE_UPDATE_EMPTY,
    ROUTE_UPDATE_NAMELESS,
    ROUTE_UPDATE_BUCKET_UNKNOWN, /* not a member */
    ROUTE_UPDATE_REGION_UNKNOWN, /* no member there, or no such Region */
    ROUTE_UPDATE_MISMATCH,       /* the bucket is in another Region */
    ROUTE_UPDATE_DUPLICATE,      /* a member named twice */
    ROUTE_UPDATE_DIAL_RANGE,     /* above 100 */
    ROUTE_UPDATE_DIAL_STRICT,    /* in between, with `strict` */
    ROUTE_UPDATE_NO_ACTIVE       /* every dial would be 0 */
};

struct route_update_result {
    enum route_update_error error;
    size_t change;    /* the offending line; SIZE_MAX when it is not one line's fault */
    bool weighted;    /* a line asked for something in between: x-atoll-nonstandard */
    bool whole_split; /* the lines added up to 100, so unnamed members became 0 */
};

/* Applies all changes or, on an error, none. Members not named keep their dial (AWS), unless a dial
 * in between is named and all named dials add up to 100: then the update is the whole split, since
 * 70/30 means 70 % and 30 %, and unnamed members become 0. False on an error. */
MUST_CHECK bool route_update(struct route_member *members, size_t count,
                             const struct route_changes *changes,
                             struct route_update_result *result);

/* A sentence for the error's message, naming the line's bucket, Region or dial. Nothing for OK. */
void route_update_describe(const struct route_changes *changes,
                           const struct route_update_result *result, struct buf *out);

#endif
