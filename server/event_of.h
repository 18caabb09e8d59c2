/* event_of: requests, copies and changes by hand as events; the one place that knows which texts
 * each kind carries. Threads: any. Ownership: events_emit copies what is passed. */
#ifndef ATOLL_SERVER_EVENT_OF_H
#define ATOLL_SERVER_EVENT_OF_H

#include "server/events.h"

struct copy_told; /* replication/timekeeper.h */
struct world;     /* server/world.h */

/* The answer went out, or the client away. */
void event_of_request(const struct request *rq, bool sent_whole);
void event_of_copy(struct events *events, const struct copy_told *copy);
/* A change by hand: partition, heal, outage, clock, route, reset, fault, link, rules. `subject` is
 * its Region, access point, fault or link; both may be empty. */
void event_of_change(struct world *world, enum event_kind kind, str subject, str detail);
/* A new configuration, unless it changed nothing. */
struct config_names;
void event_of_config(struct world *world, struct arena *arena, const struct config_names *changed);
/* A fault met this request. */
void event_of_fault(const struct request *rq, str name, str detail);

#endif
