/* replication_events: what replication tells the targets of notifications: to the source bucket's,
 * trouble (AWS: "s3:Replication:*", under S3 RTC or with metrics); to the destination bucket's,
 * that a replica arrived (s3:ObjectCreated:Put).
 *
 * Threads: the world thread alone. Errors: none; what cannot be read is not told.
 */
#ifndef ATOLL_SERVER_REPLICATION_EVENTS_H
#define ATOLL_SERVER_REPLICATION_EVENTS_H

#include "base/time.h"

struct copy_told;
struct replication_events;
struct world;

MUST_CHECK struct replication_events *replication_events_open(struct world *world);
void replication_events_close(struct replication_events *events);

/* When the next copy under S3 RTC will be late. */
instant replication_events_next(struct replication_events *events);
void replication_events_timer(struct replication_events *events, instant now);
void replication_events_told(struct replication_events *events, const struct copy_told *copy);

#endif
