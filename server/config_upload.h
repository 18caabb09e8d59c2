/* config_upload: one object from a text or a file into a bucket, on the calling thread: for the
 * objects of a configuration, for --load and for access logs. Blocks until committed: never on a
 * thread that serves requests. */
#ifndef ATOLL_SERVER_CONFIG_UPLOAD_H
#define ATOLL_SERVER_CONFIG_UPLOAD_H

#include "base/fields.h"
#include "server/world.h"

struct config_upload {
    int64_t bucket;
    str key;
    struct fields meta;
    str acl;  /* as s3/acl.h keeps it; empty: the owner's own */
    str text; /* the body, when fd is negative */
    int fd;   /* read from its beginning to its end; stays the caller's */
};

/* False with a sentence in *error. An object that is there already is left alone. */
MUST_CHECK bool config_upload(struct arena *arena, struct lane *lane,
                              const struct config_upload *upload, str *error);

#endif
