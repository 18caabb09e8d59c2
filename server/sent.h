/* sent: what the journal may keep of a request as it was sent, so that it can be sent again: no
 * signature, no token, no key of a customer's. Ownership: views of the request, or its arena's.
 * Threads: the request's.
 */
#ifndef ATOLL_SERVER_SENT_H
#define ATOLL_SERVER_SENT_H

#include "server/request.h"

/* The raw query without what a presigned URL adds to it. */
str sent_query(const struct request *rq);
/* "Name: value\n" for each header that changes what S3 does; empty for most requests. What would
 * pass LIMIT_SENT_HEADER_BYTES is left out. */
str sent_headers(const struct request *rq);

#endif
