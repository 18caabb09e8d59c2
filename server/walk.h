/* walk: the steps of a request, in order, for the trace and the tests. */
#ifndef ATOLL_SERVER_WALK_H
#define ATOLL_SERVER_WALK_H

#include "server/request.h"

typedef enum s3_code step_fn(struct request *rq);

/* route.c: which Region serves, and whether the client came to the right one. */
step_fn step_route;
/* Whether the signature was made for the Region that serves, once both are known. */
enum s3_code step_route_scope(struct request *rq);
/* A POST form has told who asks and for which key: what the steps before the body had to leave
 * open. */
enum s3_code walk_identified(struct request *rq);
/* respond.c: the common headers, the error document, simulated latency. Never fails. */
void respond(struct request *rq);

const char *walk_step_name(unsigned step);

#endif
