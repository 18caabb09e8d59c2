/* version_change: what the sub-resources of objects share: the version that is meant, and one
 * change of it in place. Strings live in the request's arena. */
#ifndef ATOLL_SERVER_S3_VERSION_CHANGE_H
#define ATOLL_SERVER_S3_VERSION_CHANGE_H

#include "server/request.h"

/* The version that key and versionId name, as an object: markers are refused as AWS refuses them
 * (404 as the current version, 405 by id). Sets x-amz-version-id. */
enum s3_code version_change_find(struct request *rq, struct version_info *out);

struct object_change {
    unsigned what;               /* of enum version_change */
    struct object_meta meta;     /* the members that it names */
    struct field_change field;   /* CHANGE_FIELDS */
    const struct store_doc *doc; /* kept together with it; NULL: none */
    int status;
    /* A judged field that is otherwise by now: from the start. NULL: nothing was judged. */
    enum s3_code (*again)(struct request *rq);
};
/* Changes the version that key and versionId name, tells of it and answers `status`. */
enum s3_code version_change_write(struct request *rq, const struct object_change *change);

#endif
