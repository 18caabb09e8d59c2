/* Multipart uploads up to their completion: create, parts, abort, and the list of parts.
 * CompleteMultipartUpload is in op_complete.c. */
#include "base/limits.h"
#include "server/s3/acl.h"
#include "server/s3/checksum.h"
#include "server/s3/common.h"
#include "server/s3/copy_source.h"
#include "server/s3/handlers.h"
#include "server/s3/lifecycle.h"
#include "server/s3/meta.h"
#include "server/s3/object.h"
#include "server/s3/part.h"
#include "server/s3/range.h"
#include "server/s3/sse.h"
#include "server/world.h"

/* -- create ---------------------------------------------------------------------------------- */

/* CRC64NVME is of the whole object only, the hashes of parts only, CRC32 and CRC32C may be either
 * (AWS: "Checking object integrity", multipart uploads). */
static enum s3_code check_type(struct request *rq, enum digest_kind kind, bool composite)
{
    bool fits = composite ? kind != DIGEST_CRC64NVME : digest_is_crc(kind);
    if (fits)
        return S3_OK;
    request_message(rq, "The %s checksum type cannot be used with the %s checksum algorithm.",
                    composite ? "COMPOSITE" : "FULL_OBJECT", checksum_lower(kind));
    return S3_InvalidRequest;
}

static enum s3_code read_checksum(struct request *rq, struct store_upload_create *create)
{
    str algorithm = request_get_header(rq, "x-amz-checksum-algorithm");
    str type = request_get_header(rq, "x-amz-checksum-type");
    if (!str_is_set(algorithm) && str_is_set(type))
        return common_invalid_request(rq, "The x-amz-checksum-type header can only be used with "
                                          "the x-amz-checksum-algorithm header.");
    if (!str_is_set(algorithm))
        return S3_OK;
    enum digest_kind kind = digest_kind_parse(algorithm);
    if (kind == DIGEST_NONE)
        return checksum_unsupported(rq);
    bool composite = str_is(type, "COMPOSITE");
    if (str_is_set(type) && !composite && !str_is(type, "FULL_OBJECT"))
        return common_invalid_request(rq, "Value for x-amz-checksum-type header is invalid.");
    create->checksum_kind = kind;
    create->checksum_composite = str_is_set(type) ? composite : kind != DIGEST_CRC64NVME;
    return check_type(rq, kind, create->checksum_composite);
}

static enum s3_code create_done(struct request *rq)
{
    const struct store_upload_create *create = rq->state;
    struct common_document document;
    if (create->head.result != STORE_OK)
        return common_from_store(rq, create->head.result);
    if (create->checksum_kind != DIGEST_NONE) {
        request_header(rq, "x-amz-checksum-algorithm", digest_name(create->checksum_kind));
        request_header_c(rq, "x-amz-checksum-type",
                         create->checksum_composite ? "COMPOSITE" : "FULL_OBJECT");
    }
    meta_reply_encryption(rq, create->meta.fields);
    lifecycle_reply_upload(rq, create->key, clock_now(rq->world->clock));
    common_document_begin(rq, &document, "InitiateMultipartUploadResult");
    xml_element(&document.xml, "Bucket", rq->bucket.name);
    xml_element(&document.xml, "Key", create->key);
    xml_element(&document.xml, "UploadId", create->out_id);
    return common_document_reply(rq, &document);
}

enum s3_code op_create_upload(struct request *rq)
{
    struct store_upload_create *create = ARENA_NEW(rq->arena, struct store_upload_create);
    store_upload_create_init(create, rq->arena);
    enum s3_code code = object_check_key(rq, rq->address.key);
    if (code == S3_OK)
        code = meta_read(rq, &create->meta);
    if (code == S3_OK)
        code = read_checksum(rq, create);
    if (code != S3_OK)
        return code;
    create->bucket = rq->bucket.id;
    create->key = rq->address.key;
    rq->state = create;
    return request_write(rq, &create->head, create_done);
}

/* -- a part ---------------------------------------------------------------------------------- */

struct part_upload {
    struct store_part_put write;
    struct part_target *target;
};

static enum s3_code part_done(struct request *rq)
{
    struct part_upload *part = rq->state;
    body_draft_drop(&part->write.draft);
    if (part->write.head.result != STORE_OK)
        return common_from_store(rq, part->write.head.result);
    request_header(rq, "ETag", common_etag_quoted(rq, part->write.out.etag));
    if (rq->checksum.kind != DIGEST_NONE)
        request_header(rq, checksum_header(rq->checksum.kind),
                       checksum_text(rq->arena, &rq->checksum, 0));
    meta_reply_encryption(rq, part->target->upload.meta.fields);
    request_reply_empty(rq, 200);
    return S3_OK;
}

/* payload_begin looked the upload up, to know what to hash: rq->state is its part_target. */
enum s3_code op_upload_part(struct request *rq)
{
    struct part_upload *part = ARENA_NEW(rq->arena, struct part_upload);
    part->target = rq->state;
    enum s3_code code = sse_of_part(rq, part->target->upload.meta.fields);
    if (code != S3_OK)
        return code;
    store_part_put_init(&part->write, rq->arena);
    part->write.bucket = rq->bucket.id;
    part->write.key = rq->address.key;
    part->write.upload_id = part->target->upload_id;
    part->write.number = part->target->number;
    part->write.checksum = rq->checksum;
    part->write.draft = rq->draft;
    rq->draft = (struct body_draft){ 0 };
    rq->state = part;
    return request_write(rq, &part->write.head, part_done);
}

/* -- a part that is a copy ------------------------------------------------------------------- */

#define COPY_ATTEMPTS 4

struct part_copying {
    struct store_part_copy write;
    struct part_target *target;
    struct copy_source source;
    struct copy_digests digests;
    unsigned attempts;
};

static enum s3_code part_copy_once(struct request *rq);

static enum s3_code copied_range(struct request *rq, struct part_copying *part)
{
    str header = request_get_header(rq, "x-amz-copy-source-range");
    uint64_t size_bytes = part->source.version.size_bytes;
    struct range range;
    part->digests = (struct copy_digests){ .kind = part->target->kept, .length_bytes = size_bytes };
    if (str_is_set(header)) {
        if (!range_parse_copy(header, &range))
            return common_invalid_argument(
                rq,
                "The x-amz-copy-source-range value must be of the form bytes=first-last where "
                "first and last are the zero-based offsets of the first and last bytes to copy",
                "x-amz-copy-source-range", header);
        if (range.first >= size_bytes)
            return common_invalid_request(
                rq, "The specified copy range is invalid for the source object size");
        if (range.last >= size_bytes)
            return common_invalid_argument(
                rq,
                str_format(rq->arena,
                           "Range specified is not valid for source object of size: %llu",
                           (unsigned long long) size_bytes)
                    .ptr,
                "x-amz-copy-source-range", header);
        part->digests.offset_bytes = range.first;
        part->digests.length_bytes = range.last - range.first + 1;
    }
    return part->digests.length_bytes > LIMIT_PUT_BYTES ? object_too_large_to_copy(rq) : S3_OK;
}

static enum s3_code part_copy_done(struct request *rq)
{
    struct part_copying *part = rq->state;
    const struct part_info *made = &part->write.out;
    struct common_document document;
    if (part->write.head.result == STORE_CONFLICT) {
        if (part->attempts == COPY_ATTEMPTS)
            return S3_OperationAborted;
        store_read_begin(rq->lane->reader);
        return part_copy_once(rq);
    }
    if (part->write.head.result != STORE_OK)
        return common_from_store(rq, part->write.head.result);
    meta_reply_encryption(rq, part->target->upload.meta.fields);
    copy_source_was_read(rq, &part->source, "REST.COPY.PART_GET");
    common_document_begin(rq, &document, "CopyPartResult");
    xml_element(&document.xml, "LastModified", common_timestamp(rq, made->modified));
    xml_element(&document.xml, "ETag", common_etag_quoted(rq, made->etag));
    if (part->target->upload.checksum_kind != DIGEST_NONE)
        checksum_write(rq, &document.xml, &made->checksum, 0);
    return common_document_reply(rq, &document);
}

static enum s3_code part_copy_write(struct request *rq)
{
    struct part_copying *part = rq->state;
    struct store_part_copy *write = &part->write;
    store_part_copy_init(write, rq->arena);
    write->bucket = rq->bucket.id;
    write->key = rq->address.key;
    write->upload_id = part->target->upload_id;
    write->number = part->target->number;
    write->source_bucket = part->source.bucket.id;
    write->source_key = part->source.name.key;
    write->source_version = part->source.version.id;
    write->offset_bytes = part->digests.offset_bytes;
    write->length_bytes = part->digests.length_bytes;
    write->md5 = part->digests.md5;
    write->checksum = part->digests.checksum;
    return request_write(rq, &write->head, part_copy_done);
}

static enum s3_code part_copy_hashed(struct request *rq)
{
    struct part_copying *part = rq->state;
    if (part->digests.hashing.result == STORE_NO_VERSION && part->attempts < COPY_ATTEMPTS) {
        store_read_begin(rq->lane->reader);
        return part_copy_once(rq);
    }
    enum s3_code code = copy_source_digests_end(rq, &part->digests);
    return code == S3_OK ? part_copy_write(rq) : code;
}

static enum s3_code part_copy_once(struct request *rq)
{
    struct part_copying *part = rq->state;
    part->attempts++;
    enum s3_code code = copy_source_find(rq, &part->source);
    if (code == S3_OK)
        code = copied_range(rq, part);
    if (code == S3_OK)
        code = copy_source_digests(rq, &part->source, &part->digests, part_copy_hashed);
    return code == S3_OK ? part_copy_write(rq) : code;
}

enum s3_code op_upload_part_copy(struct request *rq)
{
    struct part_copying *part = ARENA_NEW(rq->arena, struct part_copying);
    enum s3_code code = part_find(rq, &part->target);
    if (code == S3_OK)
        code = sse_of_part(rq, part->target->upload.meta.fields);
    if (code != S3_OK)
        return code;
    rq->state = part;
    return part_copy_once(rq);
}

/* -- abort and list -------------------------------------------------------------------------- */

static enum s3_code abort_done(struct request *rq)
{
    const struct store_abort *write = rq->state;
    if (write->head.result != STORE_OK)
        return common_from_store(rq, write->head.result);
    request_reply_empty(rq, 204);
    return S3_OK;
}

enum s3_code op_abort_upload(struct request *rq)
{
    struct store_abort *write = ARENA_NEW(rq->arena, struct store_abort);
    store_abort_init(write, rq->arena);
    write->bucket = rq->bucket.id;
    write->key = rq->address.key;
    write->upload_id = request_query(rq, "uploadId");
    rq->state = write;
    return request_write(rq, &write->head, abort_done);
}

/* The checksums that S3 keeps of its own accord are not told before the object is there. */
static void write_parts(struct request *rq, struct xml_writer *xml, const struct part_list *parts,
                        bool checksums)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct part_info *part = &parts->at[i];
        xml_open(xml, "Part");
        xml_integer(xml, "PartNumber", part->number);
        xml_element(xml, "LastModified", common_timestamp(rq, part->modified));
        xml_element(xml, "ETag", common_etag_quoted(rq, part->etag));
        xml_integer(xml, "Size", part->size_bytes);
        if (checksums)
            checksum_write(rq, xml, &part->checksum, 0);
        xml_close(xml);
    }
}

/* No DisplayName: AWS shows it of an IAM user that initiates, of an account no more. */
static void write_account(struct xml_writer *xml, const char *element, str id)
{
    xml_open(xml, element);
    xml_element(xml, "ID", id);
    xml_close(xml);
}

static void write_part_list(struct request *rq, struct xml_writer *xml,
                            const struct upload_info *upload)
{
    str owner = acl_owner(rq, upload->meta.acl);
    write_account(xml, "Initiator", owner);
    write_account(xml, "Owner", owner);
    xml_element(xml, "StorageClass",
                upload->meta.storage_class.size > 0 ? upload->meta.storage_class : STR("STANDARD"));
    if (upload->checksum_kind == DIGEST_NONE)
        return;
    xml_element(xml, "ChecksumAlgorithm", digest_name(upload->checksum_kind));
    xml_element(xml, "ChecksumType",
                upload->checksum_composite ? STR("COMPOSITE") : STR("FULL_OBJECT"));
}

enum s3_code op_list_parts(struct request *rq)
{
    struct upload_info upload;
    struct part_list parts;
    struct common_document document;
    unsigned max, after;
    str id = request_query(rq, "uploadId");
    enum s3_code code = common_max(rq, "max-parts", LIMIT_LIST_KEYS, &max);
    if (code == S3_OK)
        code = common_max(rq, "part-number-marker", INT32_MAX, &after);
    if (code != S3_OK)
        return code;
    if (request_query(rq, "part-number-marker").size == 0)
        after = 0;
    enum store_result result =
        store_upload_get(rq->lane->reader, rq->arena, rq->bucket.id, rq->address.key, id, &upload);
    if (result == STORE_OK)
        result = store_upload_parts(rq->lane->reader, rq->arena, id, after, max, &parts);
    if (result != STORE_OK)
        return common_from_store(rq, result);
    lifecycle_reply_upload(rq, upload.key, upload.initiated);
    common_document_begin(rq, &document, "ListPartsResult");
    xml_element(&document.xml, "Bucket", rq->bucket.name);
    xml_element(&document.xml, "Key", upload.key);
    xml_element(&document.xml, "UploadId", id);
    xml_integer(&document.xml, "PartNumberMarker", after);
    xml_integer(&document.xml, "NextPartNumberMarker",
                parts.count > 0 ? parts.at[parts.count - 1].number : 0);
    xml_integer(&document.xml, "MaxParts", max);
    xml_boolean(&document.xml, "IsTruncated", parts.truncated);
    write_parts(rq, &document.xml, &parts, upload.checksum_kind != DIGEST_NONE);
    write_part_list(rq, &document.xml, &upload);
    return common_document_reply(rq, &document);
}
