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

/* The same from pieces, the body's text and fd unused: opened, added to, committed once, closed.
 * False from _add: no more is taken, and _commit says why. */
struct config_pieces;
struct config_pieces *config_pieces_open(struct lane *lane);
MUST_CHECK bool config_pieces_add(struct config_pieces *pieces, str text);
MUST_CHECK bool config_pieces_commit(struct config_pieces *pieces, struct arena *arena,
                                     struct lane *lane, const struct config_upload *upload,
                                     str *error);
void config_pieces_close(
    struct config_pieces *pieces); /* NULL is fine; drops what is not committed */

#endif
