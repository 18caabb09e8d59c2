/* acl: access control lists of buckets and objects: canned, in headers, in XML; how they are kept
 * and shown. Whether a request is granted something is judged elsewhere, from acl_unpack.
 *
 * Kept form: fields_pack of (permission, grantee), grantee being "id=CANONICAL", "uri=GROUP";
 * empty: the owner has FULL_CONTROL and nobody else anything. Strings live in the request's arena.
 */
#ifndef ATOLL_SERVER_S3_ACL_H
#define ATOLL_SERVER_S3_ACL_H

#include "server/request.h"
#include "server/s3/xml.h"

#define ACL_ALL_USERS "http://acs.amazonaws.com/groups/global/AllUsers"
#define ACL_AUTHENTICATED_USERS "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
#define ACL_LOG_DELIVERY "http://acs.amazonaws.com/groups/s3/LogDelivery"

/* What the request asks for by x-amz-acl or x-amz-grant-*; *given is false when by neither. */
enum s3_code acl_from_headers(struct request *rq, bool object, struct fields *grants, bool *given);
/* An AccessControlPolicy. */
enum s3_code acl_from_xml(struct request *rq, const struct xml *root, bool object,
                          struct fields *grants);
/* The bucket's own rules: ACLs off (only what changes nothing passes, and *grants is emptied),
 * public ACLs blocked. */
enum s3_code acl_allowed(struct request *rq, struct fields *grants);
/* For writes of objects: headers, rules, kept form. */
enum s3_code acl_for_object(struct request *rq, str *packed);

str acl_pack(struct request *rq, const struct fields *grants);
bool acl_is_public(const struct fields *grants);
/* The bucket's kept ACL; empty when it has none. */
enum s3_code acl_of_bucket(struct request *rq, str *packed);
/* The bucket's ACL grants something to others than its owner. */
enum s3_code acl_bucket_grants_others(struct request *rq, bool *out);
/* The canonical id of who owns what this ACL is kept with: the bucket's owner unless it says so. */
str acl_owner(struct request *rq, str packed);
/* The ACL of an object in a bucket of another account than `account`, which owns it by default: the
 * owner is said, in `arena`. */
str acl_abroad(struct arena *arena, str packed, str account);
/* <AccessControlPolicy>: what is kept, or the owner's own when ACLs are off. */
enum s3_code acl_reply(struct request *rq, str packed);

#endif
