/* token: the continuation tokens of ListObjectsV2. Opaque to clients; bound to prefix and delimiter
 * but not to a bucket, so that a listing through a Multi-Region Access Point goes on when its
 * requests begin to land in another Region. Pure. */
#ifndef ATOLL_SERVER_S3_TOKEN_H
#define ATOLL_SERVER_S3_TOKEN_H

#include "base/str.h"

str token_make(struct arena *arena, str prefix, str delimiter, str last_key);
/* False when it is no token of ours, damaged, or of another listing. */
MUST_CHECK bool token_read(struct arena *arena, str token, str prefix, str delimiter,
                           str *last_key);

#endif
