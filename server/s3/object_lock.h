/* object_lock: a bucket's default retention, and what new versions get from it. */
#ifndef ATOLL_SERVER_S3_OBJECT_LOCK_H
#define ATOLL_SERVER_S3_OBJECT_LOCK_H

#include "server/s3/document.h"

extern const struct document object_lock_document;

/* A lock_default_fn (storage/queue.h). */
void object_lock_default(struct arena *arena, str document, instant created,
                         struct object_meta *meta);
/* The bucket's default retention, for a new version that says nothing itself; counted from now. */
enum s3_code object_lock_defaults(struct request *rq, struct object_meta *meta);

#endif
