/* admin: /_atoll, the JSON API of product.md 2.5, and env, ca.pem, health, metrics beside it.
 *
 * Guards (product.md 75, 76): state-changing calls need Content-Type: application/json, a Host that
 * is ours (the address step saw to it, against DNS rebinding) and a same-origin Origin if any;
 * /_atoll/health*, /_atoll/env and /_atoll/ca.pem answer any Host and address.
 */
#ifndef ATOLL_SERVER_ADMIN_ADMIN_H
#define ATOLL_SERVER_ADMIN_ADMIN_H

#include "server/operations.h"

/* Before the body: S3_OK, or another code, and the answer that refuses stands. */
enum s3_code admin_guard(struct request *rq);
op_fn admin_handle;
/* rq->code, found by a step before ours (a body over the limit), in this API's shape. */
void admin_refuse(struct request *rq);

#endif
