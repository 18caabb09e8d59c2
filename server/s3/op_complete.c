/* CompleteMultipartUpload: what the list says is judged here as far as the list and the upload
 * tell, and by the store's transaction against the parts themselves. An upload that is gone is left
 * to the store too: it knows whether this is a repetition of a Complete that succeeded. */
#include "base/encode.h"
#include "base/limits.h"
#include "server/notifications.h"
#include "server/s3/checksum.h"
#include "server/s3/common.h"
#include "server/s3/complete_body.h"
#include "server/s3/conditions.h"
#include "server/s3/handlers.h"
#include "server/s3/lifecycle.h"
#include "server/s3/meta.h"
#include "server/s3/sse.h"
#include "server/world.h"

struct completing {
    struct store_complete write;
    struct complete_body body;
    struct upload_info upload;
};

static const char no_part[] = "You must specify at least one part";

/* No list at all: of an upload with parts AWS was recorded to miss a part; of one without it is
 * known to miss the document. */
static enum s3_code missing_body(struct request *rq, str upload_id)
{
    struct part_list parts;
    enum store_result result =
        store_upload_parts(rq->lane->reader, rq->arena, upload_id, 0, 1, &parts);
    if (result != STORE_OK)
        return common_from_store(rq, result);
    return parts.count > 0 ? common_invalid_request(rq, no_part) : S3_MalformedXML;
}

static enum s3_code read_body(struct request *rq, struct completing *completing)
{
    const struct xml *root;
    if (rq->body.size == 0)
        return missing_body(rq, completing->write.upload_id);
    enum s3_code code = common_body(rq, "CompleteMultipartUpload", &root);
    if (code != S3_OK)
        return code;
    switch (complete_body_read(rq->arena, root, &completing->body)) {
    case COMPLETE_BODY_OK:
        return S3_OK;
    case COMPLETE_BODY_EMPTY:
        return common_invalid_request(rq, no_part);
    case COMPLETE_BODY_MALFORMED:
        return S3_MalformedXML;
    case COMPLETE_BODY_BAD_NUMBER:
        return common_invalid_argument(
            rq, "Part number must be an integer between 1 and 10000, inclusive", "partNumber",
            completing->body.culprit);
    case COMPLETE_BODY_BAD_ORDER:
        request_extra(rq, "UploadId", completing->write.upload_id);
        return S3_InvalidPartOrder;
    case COMPLETE_BODY_BAD_CHECKSUM:
        request_message(rq, "Value for %.*s header is invalid.", STR_ARG(completing->body.culprit));
        return S3_InvalidRequest;
    }
    return S3_InternalError;
}

/* x-amz-checksum-KIND speaks of the object here; of a composite it may end in "-N". */
static enum s3_code read_expected(struct request *rq, struct completing *completing)
{
    struct object_checksum *expected = &completing->write.expected;
    for (size_t i = 0; i < rq->headers.count; i++) {
        enum digest_kind kind = checksum_of_header(rq->headers.at[i].name);
        str value, count;
        if (kind == DIGEST_NONE)
            continue;
        if (expected->kind != DIGEST_NONE)
            return common_invalid_request(rq, "Expecting a single x-amz-checksum- header. Multiple "
                                              "checksum Types are not allowed.");
        expected->kind = kind;
        expected->composite = str_cut(rq->headers.at[i].value, '-', &value, &count);
        enum s3_code code = checksum_value(rq, kind, value, &expected->value);
        if (code != S3_OK)
            return code;
    }
    return S3_OK;
}

static enum s3_code read_size(struct request *rq, struct store_complete *write)
{
    str size = request_get_header(rq, "x-amz-mp-object-size");
    write->has_size = str_is_set(size);
    if (!write->has_size || str_to_u64(size, &write->size_bytes))
        return S3_OK;
    return common_invalid_request(rq, "Value for x-amz-mp-object-size header is invalid.");
}

static enum s3_code check_mode(struct request *rq, const struct upload_info *upload)
{
    str asked = request_get_header(rq, "x-amz-checksum-type");
    const char *mode = upload->checksum_kind == DIGEST_NONE ? "null"
                       : upload->checksum_composite         ? "COMPOSITE"
                                                            : "FULL_OBJECT";
    if (!str_is_set(asked) || str_is(asked, mode))
        return S3_OK;
    request_message(rq,
                    "The upload was created using the %s checksum mode. The complete request must "
                    "use the same checksum mode.",
                    mode);
    return S3_InvalidRequest;
}

static enum s3_code check_part_checksum(struct request *rq, const struct upload_info *upload,
                                        const struct complete_part *part)
{
    enum digest_kind given = part->checksum.kind;
    if (given == DIGEST_NONE && upload->checksum_composite) {
        request_message(rq,
                        "The upload was created using a %s checksum. The complete request must "
                        "include the checksum for each part. It was missing for part %u in the "
                        "request.",
                        checksum_lower(upload->checksum_kind), part->number);
        return S3_InvalidRequest;
    }
    if (given == DIGEST_NONE || given == upload->checksum_kind)
        return S3_OK;
    request_message(rq, "The %s you specified for part %u did not match what we received.",
                    checksum_lower(given), part->number);
    return S3_BadDigest;
}

static enum s3_code bad_whole(struct request *rq, enum digest_kind kind)
{
    request_message(rq, "The %s you specified did not match the calculated checksum.",
                    checksum_lower(kind));
    return S3_BadDigest;
}

/* A checksum of the full object that is one part counts only with x-amz-checksum-type; without it
 * even the right one is refused (recorded). Of several parts ceph's tests have it accepted. */
static enum s3_code check_whole(struct request *rq, const struct completing *completing)
{
    const struct upload_info *upload = &completing->upload;
    bool untyped = upload->checksum_kind != DIGEST_NONE && !upload->checksum_composite &&
                   completing->body.count == 1 &&
                   !str_is_set(request_get_header(rq, "x-amz-checksum-type"));
    return untyped && completing->write.expected.kind != DIGEST_NONE
               ? bad_whole(rq, upload->checksum_kind)
               : S3_OK;
}

static enum s3_code check_upload(struct request *rq, const struct completing *completing)
{
    const struct upload_info *upload = &completing->upload;
    enum s3_code code = check_mode(rq, upload);
    if (code == S3_OK)
        code = check_whole(rq, completing);
    if (code == S3_OK)
        code = sse_of_complete(rq, upload->meta.fields, upload->checksum_kind != DIGEST_NONE);
    if (code != S3_OK || upload->checksum_kind == DIGEST_NONE)
        return code;
    for (size_t i = 0; i < completing->body.count; i++) {
        code = check_part_checksum(rq, upload, &completing->body.parts[i]);
        if (code != S3_OK)
            return code;
        /* "If you provide part-level checksums, part numbers must be consecutive from 1; otherwise
         * S3 generates an HTTP 500 Internal Server Error" (AWS: Checking object integrity). */
        if (upload->checksum_composite && completing->body.parts[i].number != i + 1) {
            request_hint(rq, "With composite checksums, part numbers must be 1, 2, 3 ... without "
                             "gaps; AWS answers 500 too.");
            return S3_InternalError;
        }
    }
    return S3_OK;
}

/* -- the answer ------------------------------------------------------------------------------ */

static enum s3_code whole_refused(struct request *rq, const struct completing *completing)
{
    const struct store_complete *write = &completing->write;
    const struct upload_info *upload = &completing->upload;
    if (write->bad_checksum)
        return bad_whole(rq, upload->checksum_kind != DIGEST_NONE ? upload->checksum_kind
                                                                  : write->expected.kind);
    request_message(rq,
                    "The provided 'x-amz-mp-object-size' header value %llu does not match what was "
                    "computed: %llu",
                    (unsigned long long) write->size_bytes,
                    (unsigned long long) write->bad_size_bytes);
    return S3_InvalidRequest;
}

static enum s3_code part_refused(struct request *rq, const struct completing *completing)
{
    const struct store_complete *write = &completing->write;
    if (write->bad_part >= write->part_count)
        return whole_refused(rq, completing);
    const struct complete_part *part = &write->parts[write->bad_part];
    str number = str_format(rq->arena, "%u", part->number);
    if (write->head.result == STORE_PART_TOO_SMALL) {
        request_extra(rq, "ProposedSize",
                      str_format(rq->arena, "%llu", (unsigned long long) write->bad_size_bytes));
        request_extra(rq, "MinSizeAllowed",
                      str_format(rq->arena, "%llu",
                                 (unsigned long long) rq->world->settings->part_min_bytes));
        request_extra(rq, "PartNumber", number);
        request_extra(rq, "ETag", part->etag);
        return S3_EntityTooSmall;
    }
    request_extra(rq, "UploadId", write->upload_id);
    request_extra(rq, "PartNumber", number);
    request_extra(rq, "ETag", part->etag);
    return S3_InvalidPart;
}

/* "https://HOST/KEY", or the path form when the client used it. */
static str location(struct request *rq)
{
    str host = request_get_header(rq, "Host");
    str key = encode_uri(rq->arena, rq->address.key, false);
    if (rq->address.virtual_host || rq->address.kind == ADDRESS_MRAP)
        return str_format(rq->arena, "https://%.*s/%.*s", STR_ARG(host), STR_ARG(key));
    return str_format(rq->arena, "https://%.*s/%.*s/%.*s", STR_ARG(host),
                      STR_ARG(rq->address.bucket), STR_ARG(key));
}

static enum s3_code complete_done(struct request *rq)
{
    const struct completing *completing = rq->state;
    const struct store_complete *write = &completing->write;
    struct common_document document;
    if (write->head.result == STORE_BAD_PART || write->head.result == STORE_PART_TOO_SMALL)
        return part_refused(rq, completing);
    if (write->head.result != STORE_OK)
        return conditions_result(rq, &write->condition, write->head.result);
    if (write->out_versioning == VERSIONING_ENABLED)
        request_header(rq, "x-amz-version-id", write->out.id);
    meta_reply_encryption(rq, write->out.meta.fields);
    lifecycle_reply(rq, &write->out);
    notifications_created(rq, &write->out);
    common_document_begin(rq, &document, "CompleteMultipartUploadResult");
    xml_element(&document.xml, "Location", location(rq));
    xml_element(&document.xml, "Bucket", rq->bucket.name);
    xml_element(&document.xml, "Key", write->key);
    xml_element(&document.xml, "ETag", common_etag_quoted(rq, write->out.etag));
    checksum_write(rq, &document.xml, &write->out.meta.checksum, write->out.parts);
    if (write->out.meta.checksum.kind != DIGEST_NONE)
        xml_element(&document.xml, "ChecksumType",
                    write->out.meta.checksum.composite ? STR("COMPOSITE") : STR("FULL_OBJECT"));
    return common_document_reply(rq, &document);
}

enum s3_code op_complete_upload(struct request *rq)
{
    struct completing *completing = ARENA_NEW(rq->arena, struct completing);
    struct store_complete *write = &completing->write;
    store_complete_init(write, rq->arena);
    write->bucket = rq->bucket.id;
    write->key = rq->address.key;
    write->upload_id = request_query(rq, "uploadId");
    /* The document took its time to arrive: other requests of this lane moved the read on. */
    store_read_begin(rq->lane->reader);
    enum store_result found = store_upload_get(rq->lane->reader, rq->arena, write->bucket,
                                               write->key, write->upload_id, &completing->upload);
    if (found != STORE_OK && rq->body.size == 0)
        return common_from_store(rq, found);
    enum s3_code code = read_body(rq, completing);
    if (code == S3_OK)
        code = read_expected(rq, completing);
    if (code == S3_OK)
        code = read_size(rq, write);
    if (code == S3_OK)
        code = conditions_write(rq, false, &write->condition);
    if (code == S3_OK && found == STORE_OK)
        code = check_upload(rq, completing);
    if (code != S3_OK)
        return code;
    write->parts = completing->body.parts;
    write->part_count = completing->body.count;
    rq->state = completing;
    return request_write(rq, &write->head, complete_done);
}
