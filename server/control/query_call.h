/* query_call: AWS's query protocol, as STS, IAM and CloudWatch speak it: parameters in a form body
 * or the query, answers in <XResponse><XResult>. Ownership: the request's arena. Threads: the
 * request's.
 */
#ifndef ATOLL_SERVER_CONTROL_QUERY_CALL_H
#define ATOLL_SERVER_CONTROL_QUERY_CALL_H

#include "server/request.h"
#include "server/s3/xml.h"

/* A parameter (request_query: op_query has put those of the body there). False, and ValidationError
 * is said, when it is absent or empty: return S3_ValidationError. */
MUST_CHECK bool query_call_needed(struct request *rq, const char *name, str *out);

struct query_answer {
    struct buf buf;
    struct xml_writer xml;
};
/* Up to and into <ACTIONResult>; `has_result` false: the action answers nothing. */
void query_call_begin(struct request *rq, struct query_answer *answer, const char *action,
                      bool has_result);
/* Closes what is open, adds the metadata, replies. */
enum s3_code query_call_end(struct request *rq, struct query_answer *answer);

/* "2026-01-02T03:04:05Z", as these services write instants. */
str query_call_instant(struct arena *arena, instant at);

#endif
