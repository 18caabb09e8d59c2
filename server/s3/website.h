/* website: a bucket as a web site: its configuration's table, and what a website host answers for a
 * path: index documents, redirects, error documents (AWS: "Hosting a static website"). */
#ifndef ATOLL_SERVER_S3_WEBSITE_H
#define ATOLL_SERVER_S3_WEBSITE_H

#include "server/s3/document.h"

extern const struct document website_document;

/* GET and HEAD at a website host: `get` answers an object as it always does. The key that is asked
 * for may become an index document's; a missing one becomes the error document with its status. */
enum s3_code website_get(struct request *rq, enum s3_code (*get)(struct request *rq));

#endif
