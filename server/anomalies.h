/* anomalies: what a client could notice because Regions differ, by its name in the literature, each
 * with the operations that prove it and one plain sentence. Told from reads and writes through an
 * access point, at the moment they are answered; a session is the client, or x-atoll-session.
 *
 *   stale-read            an older version was returned than was acknowledged elsewhere
 *   not-found-after-write nothing was returned though a write was acknowledged elsewhere
 *   resurrected           an object was returned though its deletion was acknowledged elsewhere
 *   read-your-writes      a session missed what it had written itself
 *   monotonic-reads       a session saw a newer version before
 *   monotonic-writes      an earlier write of a session stands above its later one (by arrival)
 *   writes-follow-reads   a write is there, what its session saw or wrote before it is not
 *   lost-update           a session read one version and overwrote a newer one that it never saw;
 *                         or, without reading, wrote over one that had not come to its Region yet
 *   double-create         If-None-Match: * succeeded twice for one key
 *   diverged              Regions differ and no copy is on its way (found by GET /keys)
 *
 * Only what is certain is told: an operation counts as earlier when it was answered before the
 * other one was received, and a version is missed only while it still exists. These are "seen",
 * not faults: S3 documents all of them.
 *
 * Threads: any. Bounds: ANOMALIES_KEPT remembered, ANOMALIES_SESSIONS (session, key) pairs; the
 * older of two pairs on one place is forgotten, which can only hide an anomaly.
 */
#ifndef ATOLL_SERVER_ANOMALIES_H
#define ATOLL_SERVER_ANOMALIES_H

#include "server/request.h"

#define ANOMALIES_KEPT 1000      /* [atoll] */
#define ANOMALIES_SESSIONS 16384 /* [atoll] a power of two */
#define ANOMALIES_CREATIONS 4096 /* [atoll] a power of two */

enum anomaly_kind {
    SEEN_STALE_READ,
    SEEN_NOT_FOUND,
    SEEN_RESURRECTED,
    SEEN_READ_YOUR_WRITES,
    SEEN_MONOTONIC_READS,
    SEEN_MONOTONIC_WRITES,
    SEEN_WRITES_FOLLOW_READS,
    SEEN_LOST_UPDATE,
    SEEN_DOUBLE_CREATE,
    SEEN_DIVERGED,
    SEEN_KINDS
};

struct anomalies;
struct anomalies *anomalies_open(void);
void anomalies_close(struct anomalies *anomalies);
void anomalies_clear(struct anomalies *anomalies);

/* The answer is about to go out: a judged read (rq->freshness), or a write. Sets rq->anomalies. */
void anomalies_look(struct request *rq);
/* GET /keys found Regions that differ with nothing on its way; said once for one state of a key. */
struct anomaly_difference {
    str mrap, key;
    str sentence;
    uint64_t state; /* hash of what the Regions hold */
};
void anomalies_diverged(struct request *rq, const struct anomaly_difference *difference);

/* {"counts": {...}, "anomalies": [...]}, oldest first. `kinds` is a bit set. */
#define ANOMALIES_ALL_KINDS ((1u << SEEN_KINDS) - 1)
void anomalies_show(struct anomalies *anomalies, unsigned kinds, instant since, struct buf *out);
const char *anomalies_kind_name(enum anomaly_kind kind);
/* How often each kind was seen since the last clear. */
void anomalies_counts(struct anomalies *anomalies, uint64_t out[SEEN_KINDS]);
/* "stale-read,lost-update"; false: an unknown word, which is then in *unknown. */
MUST_CHECK bool anomalies_parse_kinds(str text, unsigned *kinds, str *unknown);

#endif
