/* mrap_routing: what atoll lets one set about the way an access point routes, beyond its dials:
 *
 *   proximity    table (measured round trips) | distance | declared (the order of its buckets)
 *   affinity     upload-id (default) | none | client | connection
 *   flap         share of requests, 0 to 1, that the second nearest Region gets
 *   propagation  how long a change of routes takes to reach a client: a distribution (lag.h)
 *   failover     active (default, as AWS) | automatic | off
 *
 * AWS has none of these settings: the defaults are what it does. One text form for the
 * configuration, the admin API and the store. Threads: pure; the texts live in the arena given.
 */
#ifndef ATOLL_SERVER_MRAP_ROUTING_H
#define ATOLL_SERVER_MRAP_ROUTING_H

#include "base/json.h"
#include "replication/lag.h"
#include "routing/route.h"

#define MRAP_ROUTING_MEMBERS "proximity|affinity|flap|propagation|failover"

enum mrap_affinity {
    AFFINITY_UPLOAD_ID,  /* an upload id leads to the Region that issued it */
    AFFINITY_NONE,       /* every request on its own */
    AFFINITY_CLIENT,     /* and a client's weighted and flapping choices are made once */
    AFFINITY_CONNECTION, /* and a connection stays where its first request went */
    AFFINITIES
};

enum mrap_failover {
    FAILOVER_ACTIVE, /* an outage moves requests to another active Region, never to a passive one */
    FAILOVER_AUTOMATIC, /* to a passive one too when no active one is left, and back after it */
    FAILOVER_OFF,       /* an outage is met as an error of the Region */
    FAILOVERS
};

struct mrap_routing {
    enum route_proximity proximity;
    enum mrap_affinity affinity;
    enum mrap_failover failover;
    double flap;
    struct lag propagation;
};

/* Of an access point that says nothing, under this preset (the names of links_preset). */
struct mrap_routing mrap_routing_default(str preset);
/* One member. False with a sentence in *error, and perhaps what was meant in *hint. */
MUST_CHECK bool mrap_routing_set(struct arena *arena, const struct json *member,
                                 struct mrap_routing *routing, str *error, str *hint);
/* Members only: the caller opens and closes the object. */
void mrap_routing_write(struct arena *arena, struct json_writer *writer,
                        const struct mrap_routing *routing);
/* The object, whole: equal texts say the same. In the arena. */
str mrap_routing_text(struct arena *arena, const struct mrap_routing *routing);

#endif
