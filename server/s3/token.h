/* token: the continuation tokens of ListObjectsV2. Opaque to clients; bound to prefix and delimiter
 * but not to a bucket, so that a listing through a Multi-Region Access Point goes on when its
 * requests begin to land in another Region. Pure. */
#ifndef ATOLL_SERVER_S3_TOKEN_H
#define ATOLL_SERVER_S3_TOKEN_H

#include "base/str.h"

struct token {
    str prefix, delimiter; /* of the listing */
    str last_key;
    bool started; /* the listing's first page was asked for with a start-after */
};

str token_make(struct arena *arena, const struct token *token);
/* Fills in the place in a listing of this prefix and delimiter. False when `text` is no token of
 * ours, damaged, or of another listing. */
MUST_CHECK bool token_read(struct arena *arena, str text, struct token *token);

#endif
