/* access_point: Regional access points: a name in front of one bucket, with a policy of its own.
 *
 * Documents of kind "access-point", id = account "/" Region "/" name, and of kind
 * "access-point-alias", id = alias, body = that id. They are read when a request names one; nothing
 * is kept in memory. Strings live in the arena given. Threads: the request's own.
 */
#ifndef ATOLL_SERVER_ACCESS_POINT_H
#define ATOLL_SERVER_ACCESS_POINT_H

#include "server/request.h"

#define ACCESS_POINT_KIND "access-point"
#define ACCESS_POINT_ALIAS_KIND "access-point-alias"
#define ACCESS_POINT_ALIAS_END "-s3alias"

struct access_point {
    str name, account, region;
    str bucket, bucket_account; /* the account as it was given; may be empty */
    str alias;
    str vpc; /* empty: from the internet */
    str policy;
    bool block[4]; /* mrap_block_names */
    instant created_at;
};

str access_point_id(struct arena *arena, str account, str region, str name);
/* arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME */
str access_point_arn(struct arena *arena, const struct access_point *point);
struct store_doc access_point_doc(struct arena *arena, const struct access_point *point);
MUST_CHECK bool access_point_from_doc(struct arena *arena, str body, struct access_point *out);
/* False when there is none. */
MUST_CHECK bool access_point_find(struct request *rq, str account, str region, str name,
                                  struct access_point *out);

/* When the request's address names an access point (its host, or its alias where a bucket's name
 * stands), puts its bucket there and sets rq->access_point: NoSuchAccessPoint when there is none,
 * and what an access point does not take is MethodNotAllowed. */
enum s3_code access_point_resolve(struct request *rq);

#endif
