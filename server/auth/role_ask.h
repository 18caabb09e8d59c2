/* role_ask: may a role do something, asked by a service that acts for its owner: of the role's
 * policies and of the bucket's, as they stand now.
 *
 * Ownership: strings live in ask->arena. Threads: the lane's, inside its read snapshot.
 * Errors: none; a role that does not exist is the caller's to judge.
 */
#ifndef ATOLL_SERVER_AUTH_ROLE_ASK_H
#define ATOLL_SERVER_AUTH_ROLE_ASK_H

#include "server/auth/policy.h"
#include "server/control/role.h"
#include "server/request.h"

struct role_ask {
    struct lane *lane;
    struct arena *arena;
    struct role role;
    struct policy_principal who; /* a session of the role */
    policy_values_fn *values;
    void *ctx;
    str missing; /* out: what the last refusal lacked, as a sentence */
};
/* "arn:aws:iam::ACCOUNT:role/NAME", acting as SESSION. False: there is no such role. */
MUST_CHECK bool role_ask_find(struct role_ask *ask, str arn, const char *session);
/* Does its trust policy let this service assume it? */
MUST_CHECK bool role_ask_trusts(struct role_ask *ask, const char *service);
/* Of the role's own policies alone. */
MUST_CHECK enum policy_effect role_ask_own(struct role_ask *ask, const char *action, str resource);
/* With the bucket's policy, which another account's bucket needs. */
MUST_CHECK bool role_ask_may(struct role_ask *ask, const struct bucket_info *bucket,
                             const char *action, str resource);

#endif
