/* object: what the handlers of objects share: keys, version ids, and the answers about a version.
 */
#ifndef ATOLL_SERVER_S3_OBJECT_H
#define ATOLL_SERVER_S3_OBJECT_H

#include "server/request.h"

/* KeyTooLongError. */
enum s3_code object_check_key(struct request *rq, str key);
/* "null" or 32 URL-safe characters: also ids that another Region made. Pure. */
bool object_version_id_is_valid(str id);
/* Looked for and not found: was there ever such an id? AWS knows its own ids from invented ones. */
bool object_version_id_is_invented(struct request *rq, str id);
/* `versionId` of the query: STR_NONE when absent; InvalidArgument. */
enum s3_code object_version_query(struct request *rq, str *version_id);

/* Headers of an answer to a write: ETag, x-amz-version-id when versioning is Enabled (a suspended
 * bucket's answers have none, as recorded), checksum, encryption. */
void object_written(struct request *rq, const struct version_info *version,
                    enum versioning versioning);
/* x-amz-version-id of reads and deletes: shown as soon as versioning was ever enabled. */
void object_version_header(struct request *rq, str version_id);
/* The version looked up is a delete marker: NoSuchKey, or MethodNotAllowed when asked for by id. */
enum s3_code object_is_marker(struct request *rq, const struct version_info *version, bool by_id);
/* What a copy of more than 5 GB is answered. */
enum s3_code object_too_large_to_copy(struct request *rq);

#endif
