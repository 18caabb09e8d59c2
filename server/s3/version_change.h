/* version_change: what the sub-resources of objects share: the version that is meant, and one
 * change of it in place. Strings live in the request's arena. */
#ifndef ATOLL_SERVER_S3_VERSION_CHANGE_H
#define ATOLL_SERVER_S3_VERSION_CHANGE_H

#include "server/request.h"

/* The version that key and versionId name, as an object: markers are refused as AWS refuses them
 * (404 as the current version, 405 by id). Sets x-amz-version-id. */
enum s3_code version_change_find(struct request *rq, struct version_info *out);
/* Changes the members of `meta` that `what` names (enum version_change) and answers `status`. */
enum s3_code version_change_write(struct request *rq, unsigned what, const struct object_meta *meta,
                                  int status);

#endif
