/* tagging: an object's tags: the header form and the rules every form obeys. */
#ifndef ATOLL_SERVER_S3_TAGGING_H
#define ATOLL_SERVER_S3_TAGGING_H

#include "server/request.h"

#define TAGGING_KIND "tagging" /* of a bucket, in the store */

/* The x-amz-tagging header ("a=1&b=2", URL-encoded) as object_meta.tags keeps it; empty when the
 * header is absent. */
enum s3_code tagging_from_header(struct request *rq, str *packed);
/* Of a resource: what TagResource adds. */
enum tags_of { TAGS_OF_OBJECT, TAGS_OF_BUCKET, TAGS_OF_NEW_BUCKET, TAGS_OF_RESOURCE };

/* How many, lengths, characters, no "aws:", no key twice: InvalidTag, BadRequest. */
enum s3_code tagging_check(struct request *rq, const struct fields *tags, enum tags_of whose);
/* Of a bucket: the same; *packed is empty without tags. */
enum s3_code tagging_of_bucket(struct request *rq, const struct fields *tags, enum tags_of whose,
                               str *packed);
/* By key: AWS does not keep the order in which they were sent. */
void tagging_sort(struct fields *tags);
unsigned tagging_count(struct arena *arena, str packed);

#endif
