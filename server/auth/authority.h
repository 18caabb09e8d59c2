/* authority: what a lane remembers about policies, so that no request parses one: compiled policies
 * by their text, and per bucket what decides whether anything has to be judged at all.
 *
 * Ownership: one per lane, with the lane's thread; a policy that it returns lives until its next
 * call. Errors: NULL where the text is no policy, which PutBucketPolicy refuses beforehand.
 * Bounds: AUTHORITY_POLICIES and AUTHORITY_BUCKETS slots; a newcomer takes the place of the old.
 */
#ifndef ATOLL_SERVER_AUTH_AUTHORITY_H
#define ATOLL_SERVER_AUTH_AUTHORITY_H

#include "server/auth/policy.h"
#include "storage/bucket.h"

#define AUTHORITY_POLICIES 64
#define AUTHORITY_BUCKETS 256

struct authority;
MUST_CHECK struct authority *authority_open(void);
void authority_close(struct authority *authority); /* NULL is fine */

const struct policy *authority_policy(struct authority *authority, str text, enum policy_kind kind);

/* As of the reader's snapshot; kept until some bucket's sub-resources change. */
struct authority_bucket {
    int64_t bucket;
    uint64_t generation;
    str policy; /* text; empty: none */
    bool acls;  /* ownership is not BucketOwnerEnforced */
    struct arena *arena;
};
const struct authority_bucket *authority_bucket(struct authority *authority,
                                                struct store_reader *reader, int64_t bucket);

#endif
