/* session: temporary credentials (AssumeRole, GetSessionToken) that are wholly in their token:
 * whose they are, until when, and a MAC under a key of the world's seed; the secret is derived from
 * the same. So nothing is stored, and a restart on the same data knows every session it ever
 * issued.
 *
 * Ownership: strings live in the arena given. Threads: any. Errors: session_read gives false for a
 * token that this world did not issue.
 */
#ifndef ATOLL_SERVER_AUTH_SESSION_H
#define ATOLL_SERVER_AUTH_SESSION_H

#include "server/auth/auth.h"

struct session {
    str access_key, secret, token;
    str account, arn;
    instant expires; /* wall: SDKs renew by it */
    bool global;     /* of sts.amazonaws.com, not of a Region's endpoint */
};

/* Fills in access key, secret and token; the rest is given. The ordinal keys the draw. */
void session_issue(struct arena *arena, uint64_t seed, uint64_t ordinal, struct session *session);
MUST_CHECK bool session_read(struct arena *arena, uint64_t seed, str token, struct session *out);
/* Puts it into the table of credentials, which verifies its signatures from then on. */
void session_remember(struct credentials *credentials, const struct session *session);

#endif
