/* authorize: may this request do what it asks for? AWS's order of evaluation over identity
 * policies, the bucket's policy, the policy of the Multi-Region Access Point it came through,
 * public access blocks and ACLs: an explicit Deny wins; then everything on the way must allow.
 *
 * --iam resources (default): policies of resources count, and what any policy denies; beyond that
 * an account's own keys may do all. enforce: an identity also needs a policy of its own. off: no
 * policy counts; an account may do all with its own and nothing with others'. Ownership: strings in
 * the request's arena. Threads: the request's. Errors: S3_AccessDenied with a hint that names the
 * statement, or its absence.
 */
#ifndef ATOLL_SERVER_AUTH_AUTHORIZE_H
#define ATOLL_SERVER_AUTH_AUTHORIZE_H

#include "server/request.h"

/* The walk's step, after route. Whose body says who asks, or about what, passes and asks itself:
 * PostObject and web sites (authorize_check), DeleteObjects (authorize_action), and what changes
 * access points (authorize_named). */
enum s3_code authorize_step(struct request *rq);
/* Before the handler: the same for operations whose conditions ask what the body says. */
enum s3_code authorize_body(struct request *rq);
/* Everything that the operation needs on rq->bucket and rq->address.key, as rq->who. */
enum s3_code authorize_check(struct request *rq);
/* One more action that the handler finds out about: the keys of DeleteObjects, a copy's source.
 * `key` empty: on the bucket itself; `version_id` unset: the current one. */
enum s3_code authorize_action(struct request *rq, const struct bucket_info *bucket,
                              const char *action, str key, str version_id);
/* What the operation needs on the access point of that name, or on the name when there is none. */
enum s3_code authorize_named(struct request *rq, str name);
/* What was not found is told only to those who may list it (AWS: "if you don't have the
 * s3:ListBucket permission, Amazon S3 returns 403"): `code`, or S3_AccessDenied. */
enum s3_code authorize_absent(struct request *rq, enum s3_code code);
/* Whether a role's trust policy lets rq->who assume it. */
bool authorize_trusts(struct request *rq, str trust);

#endif
