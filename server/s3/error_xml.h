/* error_xml: the error document of the protocol that was spoken: S3's bare <Error>, S3 Control's
 * wrapped one, or the query protocol's (STS, IAM, CloudWatch and all other AWS hosts).
 * Threads: the request's. Errors: none; buf's overflow is the caller's to see. */
#ifndef ATOLL_SERVER_S3_ERROR_XML_H
#define ATOLL_SERVER_S3_ERROR_XML_H

#include "base/buf.h"
#include "server/request.h"

/* Writes rq->code with rq->message (or the table's), rq->extra in order and rq->hint. HostId is the
 * x-amz-id-2 already in rq->reply. The message is never empty: aws-cli crashes on an empty one. */
void error_document(const struct request *rq, struct buf *out);
/* rq's error without its document, for answers that must agree with it. */
str error_code_text(const struct request *rq);

#endif
