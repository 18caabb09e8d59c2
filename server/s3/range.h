/* range: which bytes of an object are asked for. Pure. */
#ifndef ATOLL_SERVER_S3_RANGE_H
#define ATOLL_SERVER_S3_RANGE_H

#include "base/str.h"

struct range {
    uint64_t first, last; /* both included */
};
enum range_result {
    RANGE_WHOLE,        /* no range, or one that S3 ignores: 200 with all of it */
    RANGE_SOME,         /* *out: 206 */
    RANGE_UNSATISFIABLE /* 416 */
};
/* A Range header for an object of that size. Unreadable, reversed and several ranges are ignored;
 * STR_NONE gives RANGE_WHOLE. */
enum range_result range_parse(str header, uint64_t size_bytes, struct range *out);
/* x-amz-copy-source-range: "bytes=first-last" and nothing else. */
MUST_CHECK bool range_parse_copy(str header, struct range *out);

#endif
