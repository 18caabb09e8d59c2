/* replication_role: may the role of a replication configuration make this copy? Every permission
 * that AWS needs on source and destination is asked of the role's policies and of both buckets', as
 * they stand when the copy is made.
 *
 * A role that nobody declared passes, unless --iam enforce: who only wants copies need not write
 * policies. Ownership: one checker, of the world thread alone; it opens a lane of its own.
 * Errors: AWS's reason word. Source: S3 user guide, "Setting up permissions for live replication";
 * "Amazon S3 replication failure reasons".
 */
#ifndef ATOLL_SERVER_AUTH_REPLICATION_ROLE_H
#define ATOLL_SERVER_AUTH_REPLICATION_ROLE_H

#include "server/request.h"
#include "storage/queue.h"

struct replication_role;
/* Nothing is opened before the first copy. The world outlives it. */
MUST_CHECK struct replication_role *replication_role_open(struct world *world);
void replication_role_close(struct replication_role *checker); /* NULL is fine */

/* Static text: "DstPutObjectNotPermitted"; unset: it may. */
str replication_role_refuses(struct replication_role *checker, const struct queue_row *row);

/* The same for a reader of its own: what is missing, as a sentence in the arena; unset: nothing. */
str replication_role_missing(struct lane *lane, struct arena *arena, const struct queue_row *row);

#endif
