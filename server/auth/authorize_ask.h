/* authorize_ask: one question of one request, for the authorize*.c files only.
 *
 * Ownership: on the stack of its asker; strings in the request's arena. Threads: the request's.
 */
#ifndef ATOLL_SERVER_AUTH_AUTHORIZE_ASK_H
#define ATOLL_SERVER_AUTH_AUTHORIZE_ASK_H

#include "server/auth/authority.h"
#include "server/request.h"

struct authorize_need {
    const char *action; /* NULL: the end of a list */
    bool lenient; /* the bucket's owner need not allow it, only nobody may deny it: headers that
                     set an ACL or the like (AWS's own examples grant s3:PutObject alone) */
};
#define AUTHORIZE_NEEDS 8

struct authorize_ask {
    struct request *rq;
    struct policy_principal who;
    const struct bucket_info *bucket; /* NULL: about the account */
    const char *action;
    str key, version_id;
    str resource; /* of S3 Control; else unset: that of bucket and key */
    bool lenient;
    bool denied;           /* out: by a statement, not for want of one */
    bool cut_off;          /* a policy that allows it is public, and RestrictPublicBuckets stands */
    bool looked_up, found; /* the version that is there */
    struct version_info version;
    str one; /* room of the condition value last asked for */
};

/* authorize_needs.c: what the request's operation needs; at most AUTHORIZE_NEEDS. */
size_t authorize_needs_of(const struct request *rq, struct authorize_need needs[AUTHORIZE_NEEDS]);

/* authorize_values.c: policy_values_fn over a struct authorize_ask. */
bool authorize_values_find(void *ctx, str key, struct policy_values *out);
/* The existing version that is meant; false when there is none. */
bool authorize_values_version(struct authorize_ask *ask);

/* authorize_control.c */
/* What the path of an S3 Control request names, and the access point of a friendly name. */
str authorize_control_resource(struct request *rq);
str authorize_control_named(struct request *rq, str name);

/* authorize_acl.c */
/* The bucket's or object's ACL grants the action. */
bool authorize_acl_grants(struct authorize_ask *ask);
/* The object belongs to another account than the bucket (written while ACLs were on). */
bool authorize_acl_is_foreign(struct authorize_ask *ask);

#endif
