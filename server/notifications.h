/* notifications: what S3 tells the targets of a bucket's NotificationConfiguration, as events of
 * the kind "notification": one per configuration that wants it, with the message S3 would send.
 *
 * Threads: any; each call reads with the reader it is given. Errors: none; a bucket without a
 * configuration costs one look. Ownership: the arena's until the call returns.
 */
#ifndef ATOLL_SERVER_NOTIFICATIONS_H
#define ATOLL_SERVER_NOTIFICATIONS_H

#include "storage/version.h"

#define NOTIFICATIONS_KIND "notification" /* in the store */

struct delivery_target;
struct queue_row;
struct world;
struct request;

struct notification {
    str name; /* "ObjectCreated:Put" */
    str key, version_id;
    bool has_object; /* etag and size are known: not when something went */
    str etag;
    uint64_t size_bytes;
    str storage_class;            /* of a restore: the object's; of a transition: the new one */
    instant expiry;               /* of a restore */
    const struct queue_row *copy; /* Replication:*: which; NULL for the others */
    str failure;                  /* AWS's reason for it */
};

/* Of a request that succeeded; its bucket is meant. */
void notifications_of_request(struct request *rq, const struct notification *what);
/* A version that a request made: the event's name follows from the operation. */
void notifications_created(struct request *rq, const struct version_info *version);
/* What the emulated S3 did by itself. */
struct notifications_from {
    struct world *world;
    struct store_reader *reader;
    struct arena *arena;
    const struct bucket_info *bucket;
};
void notifications_of_world(const struct notifications_from *from, const struct notification *what);

/* Where the configuration in effect sends messages for this ARN; NULL: nowhere but the events.
 * Stays until the arena is reset. */
const struct delivery_target *notifications_target(const struct world *world, struct arena *arena,
                                                   str arn);

/* The configuration's element `target` ("s3:ObjectCreated:*", filters) wants this. Pure. */
struct xml;
MUST_CHECK bool notifications_wanted(const struct xml *configuration,
                                     const struct notification *what);

#endif
