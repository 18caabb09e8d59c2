/* Pieces of the answers about one version of a key. */
#include "server/s3/object.h"

#include "base/limits.h"
#include "server/s3/checksum.h"
#include "server/s3/common.h"
#include "server/s3/meta.h"
#include "storage/version_id.h"

enum s3_code object_check_key(struct request *rq, str key)
{
    if (key.size <= LIMIT_KEY_BYTES)
        return S3_OK;
    request_extra(rq, "Size", str_format(rq->arena, "%zu", key.size));
    request_extra(rq, "MaxSizeAllowed", str_format(rq->arena, "%d", LIMIT_KEY_BYTES));
    return S3_KeyTooLongError;
}

bool object_version_id_is_valid(str id)
{
    if (str_is(id, VERSION_NULL))
        return true;
    if (id.size != 32)
        return false;
    for (size_t i = 0; i < id.size; i++) {
        char c = id.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

bool object_version_id_is_invented(struct request *rq, str id)
{
    int64_t stamp_us;
    return id.size > 0 && !str_is(id, VERSION_NULL) && !version_id_read(rq->arena, id, &stamp_us);
}

enum s3_code object_version_query(struct request *rq, str *version_id)
{
    *version_id = STR_NONE;
    if (!request_has_query(rq, "versionId"))
        return S3_OK;
    str id = request_query(rq, "versionId");
    if (id.size == 0)
        return common_invalid_argument(rq, "Version id cannot be the empty string", "versionId",
                                       STR(""));
    if (!object_version_id_is_valid(id))
        return common_invalid_argument(rq, "Invalid version id specified", "versionId", id);
    *version_id = id;
    return S3_OK;
}

void object_written(struct request *rq, const struct version_info *version,
                    enum versioning versioning)
{
    request_header(rq, "ETag", common_etag_quoted(rq, version->etag));
    if (versioning == VERSIONING_ENABLED)
        request_header(rq, "x-amz-version-id", version->id);
    checksum_reply(rq, &version->meta.checksum, version->parts);
    meta_reply_encryption(rq, version->meta.fields);
}

void object_version_header(struct request *rq, str version_id)
{
    if (rq->bucket.versioning != VERSIONING_UNSET)
        request_header(rq, "x-amz-version-id", version_id);
}

enum s3_code object_is_marker(struct request *rq, const struct version_info *version, bool by_id)
{
    request_header_c(rq, "x-amz-delete-marker", "true");
    object_version_header(rq, version->id);
    if (!by_id)
        return common_from_store(rq, STORE_NO_KEY);
    request_header_c(rq, "Allow", "DELETE");
    request_header(rq, "Last-Modified", instant_http(rq->arena, version->modified));
    request_extra(rq, "Method", rq->method);
    request_extra(rq, "ResourceType", STR("DeleteMarker"));
    return S3_MethodNotAllowed;
}

enum s3_code object_too_large_to_copy(struct request *rq)
{
    request_message(rq,
                    "The specified copy source is larger than the maximum allowable size for a "
                    "copy source: %llu",
                    LIMIT_PUT_BYTES);
    return S3_InvalidRequest;
}
