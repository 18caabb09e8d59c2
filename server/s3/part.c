/* The part and the upload that a request names, and the checksum kind the upload asks for. */
#include "server/s3/part.h"

#include "base/limits.h"
#include "server/s3/checksum.h"
#include "server/s3/common.h"

enum s3_code part_number(struct request *rq, str text, unsigned *out)
{
    uint64_t number;
    if (!str_to_u64(text, &number) || number < 1 || number > LIMIT_PARTS)
        return common_invalid_argument(
            rq, "Part number must be an integer between 1 and 10000, inclusive", "partNumber",
            str_is_set(text) ? text : STR(""));
    *out = (unsigned) number;
    return S3_OK;
}

enum s3_code part_find(struct request *rq, struct part_target **out)
{
    struct part_target *target = ARENA_NEW(rq->arena, struct part_target);
    target->upload_id = request_query(rq, "uploadId");
    enum s3_code code = part_number(rq, request_query(rq, "partNumber"), &target->number);
    if (code != S3_OK)
        return code;
    enum store_result result =
        store_upload_get(rq->lane->reader, rq->arena, rq->bucket.id, rq->address.key,
                         target->upload_id, &target->upload);
    if (result != STORE_OK)
        return common_from_store(rq, result);
    /* "If you don't specify a checksum, S3 computes CRC64NVME" (AWS: Checking object integrity). */
    target->kept = target->upload.checksum_kind != DIGEST_NONE ? target->upload.checksum_kind
                                                               : DIGEST_CRC64NVME;
    *out = target;
    return S3_OK;
}

enum s3_code part_check_kind(struct request *rq, const struct part_target *target,
                             enum digest_kind declared)
{
    enum digest_kind expected = target->upload.checksum_kind;
    if (expected == DIGEST_NONE || expected == declared)
        return S3_OK;
    request_message(
        rq, "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
        checksum_lower(expected), checksum_lower(declared));
    return S3_InvalidRequest;
}
