/* judge: was this read fresh? A GET or HEAD of a key's current version through an access point is
 * compared with what every member Region holds at that moment: what was acknowledged anywhere
 * before the read, and is newer, was missed. That is no error: S3 documents it; so it is "seen".
 */
#ifndef ATOLL_SERVER_JUDGE_H
#define ATOLL_SERVER_JUDGE_H

#include "server/request.h"

enum freshness_verdict {
    FRESH,
    STALE,      /* an older version was returned */
    MISSING,    /* 404, though the key exists elsewhere */
    RESURRECTED /* an object was returned, though it is deleted elsewhere */
};
struct freshness {
    enum freshness_verdict verdict;
    unsigned behind; /* versions newer than the one returned; 0 when fresh */
    str etag;        /* of the newest one; empty for a delete marker */
    str version_id;
    str region; /* where it was first written */
    instant acknowledged;
    duration age; /* how long before the read that was */
    bool is_due;  /* its copy is queued for the Region that served */
    instant due;
    const struct version_info *served; /* NULL: nothing; lives with the request */
};

/* Sets rq->freshness for MRAP reads of a current version, and x-atoll-freshness. */
void judge_read(struct request *rq);
const char *freshness_name(enum freshness_verdict verdict);

#endif
