/* control: what the S3 Control handlers share: who may call from where, names in paths, ordinals.
 */
#ifndef ATOLL_SERVER_CONTROL_CONTROL_H
#define ATOLL_SERVER_CONTROL_CONTROL_H

#include "server/async.h"
#include "server/mraps.h"
#include "server/request.h"

enum control_plane {
    PLANE_MANAGEMENT, /* AWS answers in us-west-2 only */
    PLANE_FAILOVER,   /* AWS answers in five Regions */
    PLANE_REGIONAL    /* each Region answers about itself */
};
/* The account header, the caller's right to it, and the Region (301 under --strict, else marked).
 */
enum s3_code control_guard(struct request *rq, enum control_plane plane);

/* The account header and the caller's right to it, of calls that any Region answers. */
enum s3_code control_guard_account(struct request *rq);
/* The id in /v20180820/jobs/{id}[suffix], and that job; S3_NoSuchJobException. */
struct job;
enum s3_code control_find_job(struct request *rq, const char *suffix, struct job *out);

/* The decoded label of /v20180820/mrap/instances/{label}[suffix]; suffix "" , "/policy", ... */
str control_label(struct request *rq, const char *suffix);
/* An ARN of an access point without a Region, an alias or a name: AWS answers 400 to anything else,
 * and 404 when there is none. */
bool control_label_is_sound(str label);
/* An access point by ARN, alias or NAME (".mrap" or not); NULL when there is none. Pins rq->mraps.
 */
const struct mrap *control_find(struct request *rq, str label);
const struct mrap *control_find_name(struct request *rq, str name);

/* Draws the next ordinal of control changes and the document that keeps it. */
uint64_t control_next_ordinal(struct request *rq, struct store_doc *counter);
/* How long control changes take in this world: nothing, or minutes under --preset aws-like. */
duration control_delay(const struct request *rq, uint64_t ordinal, duration least, duration most);

#endif
