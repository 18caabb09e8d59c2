/* role: an IAM role as the store keeps it: a document of kind "role", id = ACCOUNT/NAME, body
 *
 *   {"name": "replicator", "arn": "arn:aws:iam::123456789012:role/replicator", "path": "/",
 *    "id": "AROA...", "trust": "{...}", "policies": {"NAME": "{...}"},
 *    "created": "2026-01-02T03:04:05.000Z"}
 *
 * "trust" and each policy are policy documents as text, exactly as the client sent them. Roles are
 * made by IAM's query API (op_iam.c) or by the configuration, assumed through STS (op_sts.c) and
 * evaluated wherever policies are. Names compare without case in AWS when made, exactly when used.
 * Ownership: strings live in the arena given. Threads: pure.
 */
#ifndef ATOLL_SERVER_CONTROL_ROLE_H
#define ATOLL_SERVER_CONTROL_ROLE_H

#include "base/fields.h"
#include "base/time.h"
#include "storage/store.h"

#define ROLE_KIND "role"

struct role {
    str account; /* from the id */
    str name;
    str arn;
    str path;               /* "/" or "/team/" */
    str id;                 /* AROA..., opaque */
    str trust;              /* AssumeRolePolicyDocument */
    struct fields policies; /* inline: name, text */
    instant created;        /* emulated */
};

str role_doc_id(struct arena *arena, str account, str name);
str role_arn(struct arena *arena, str account, str path, str name);
/* AROA and 17 letters, the same for a name at any time. */
str role_unique_id(struct arena *arena, str account, str name);
/* "arn:aws:iam::ACCOUNT:role/PATH/NAME" taken apart. False when it is no role's ARN. */
MUST_CHECK bool role_arn_parse(str arn, str *account, str *name);

struct store_doc role_to_doc(struct arena *arena, const struct role *role);
MUST_CHECK bool role_from_doc(struct arena *arena, str id, str body, struct role *out);
/* False when there is none. The reader's transaction is the caller's (store_read_begin). */
MUST_CHECK bool role_find(struct store_reader *reader, struct arena *arena, str account, str name,
                          struct role *out);

#endif
