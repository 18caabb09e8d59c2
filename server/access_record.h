/* access_record: a request as one line of S3's server access log (AWS: "Amazon S3 server access log
 * format"). Pure but for the emulated clock. Ownership: the request's arena. Errors: none; what is
 * not known is "-", as AWS writes it. Threads: the request's. */
#ifndef ATOLL_SERVER_ACCESS_RECORD_H
#define ATOLL_SERVER_ACCESS_RECORD_H

#include "server/request.h"

#define ACCESS_RECORD_BYTES (160 * 1024) /* [atoll] a target and headers at their longest */

/* With its end of line; of a request for this bucket that was answered. */
str access_record_line(struct request *rq, const struct bucket_info *bucket);
/* "REST.GET.OBJECT". */
str access_record_operation(struct request *rq);

#endif
