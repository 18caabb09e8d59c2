/* mrap_pick: which member of its access point a request goes to: the routes that its client sees by
 * now, and what keeps it elsewhere (an upload's Region, a connection's). Threads: a request's own.
 */
#ifndef ATOLL_SERVER_MRAP_PICK_H
#define ATOLL_SERVER_MRAP_PICK_H

#include "server/mraps.h"
#include "server/request.h"

/* The table that this client is routed by now, in `members`; true when a change of routes has not
 * reached it yet. */
bool mrap_pick_table(const struct world *world, const struct mrap *mrap,
                     const struct client *client, instant now,
                     struct route_member members[LIMIT_REGIONS_PER_MRAP], struct route_table *out);
/* Whom it may choose from, of the Regions that are up. */
region_set mrap_pick_reachable(const struct mrap *mrap, region_set up);
/* Sets rq->route, through rq->mrap. */
void mrap_pick(struct request *rq, region_set up);

#endif
