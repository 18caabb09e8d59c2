/* lifecycle: the table of a LifecycleConfiguration, and which rule will expire an object when.
 * What acts on objects is server/lifecycle_engine.h. Strings live in the request's arena. */
#ifndef ATOLL_SERVER_S3_LIFECYCLE_H
#define ATOLL_SERVER_S3_LIFECYCLE_H

#include "server/s3/document.h"

#define LIFECYCLE_KIND "lifecycle" /* in the store */
#define LIFECYCLE_MINIMUM_KIND "lifecycle-minimum-size"
#define LIFECYCLE_MINIMUM_VARIES "varies_by_storage_class"

extern const struct document lifecycle_document;

/* x-amz-expiration: the earliest expiry that a rule of the bucket has for this current version; no
 * header when none has. */
void lifecycle_reply(struct request *rq, const struct version_info *version);
/* x-amz-abort-date and x-amz-abort-rule-id: when a rule will abort this upload of the request's
 * bucket. */
void lifecycle_reply_upload(struct request *rq, str key, instant initiated);

#endif
