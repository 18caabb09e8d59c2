/* What the S3 handlers share (common.h): AWS's refusals in AWS's words, and pieces of answers. */
#include "server/s3/common.h"

#include "base/digest.h"
#include "base/encode.h"
#include "base/limits.h"
#include "server/s3/object.h"

enum s3_code common_invalid_argument(struct request *rq, const char *message, const char *name,
                                     str value)
{
    request_message(rq, "%s", message);
    request_extra(rq, "ArgumentName", str_of(name));
    if (str_is_set(value))
        request_extra(rq, "ArgumentValue", value);
    return S3_InvalidArgument;
}

enum s3_code common_invalid_request(struct request *rq, const char *message)
{
    request_message(rq, "%s", message);
    return S3_InvalidRequest;
}

enum s3_code common_from_store(struct request *rq, enum store_result result)
{
    enum s3_code code = s3_code_from_store(result);
    if (result == STORE_FULL)
        request_message(rq, "The disk is full: nothing was changed. What gives room back is still "
                            "taken: delete versions by their ids, objects of buckets without "
                            "versioning, unfinished uploads; or remove other files where --data "
                            "is.");
    if (code == S3_NoSuchVersion &&
        object_version_id_is_invented(rq, request_query(rq, "versionId")))
        return common_invalid_argument(rq, "Invalid version id specified", "versionId",
                                       request_query(rq, "versionId"));
    if (code == S3_NoSuchBucket || code == S3_BucketNotEmpty)
        request_extra(rq, "BucketName",
                      rq->bucket.name.size > 0 ? rq->bucket.name : rq->address.bucket);
    if (code == S3_NoSuchKey || code == S3_NoSuchVersion)
        request_extra(rq, "Key", rq->address.key);
    if (code == S3_NoSuchVersion)
        request_extra(rq, "VersionId", request_query(rq, "versionId"));
    if (code == S3_NoSuchUpload)
        request_extra(rq, "UploadId", request_query(rq, "uploadId"));
    return code;
}

enum s3_code common_max(struct request *rq, const char *name, unsigned limit, unsigned *out)
{
    str text = request_query(rq, name);
    int64_t value;

    *out = limit;
    if (text.size == 0)
        return S3_OK;
    if (!str_to_i64(text, &value) || value > INT32_MAX || value < INT32_MIN)
        return common_invalid_argument(
            rq,
            str_format(rq->arena, "Provided %s not an integer or within integer range", name).ptr,
            name, text);
    if (value < 0) {
        /* So recorded; the others keep their names. */
        const char *argument = strcmp(name, "max-keys") == 0 ? "maxKeys" : name;
        return common_invalid_argument(
            rq,
            str_format(rq->arena, "Argument %s must be an integer between 0 and 2147483647",
                       argument)
                .ptr,
            argument, text);
    }
    if (value < limit)
        *out = (unsigned) value;
    return S3_OK;
}

enum s3_code common_encoding_type(struct request *rq, bool *url)
{
    str text = request_query(rq, "encoding-type");
    *url = str_is(text, "url");
    if (*url || !str_is_set(text))
        return S3_OK;
    return common_invalid_argument(rq, "Invalid Encoding Method specified in Request",
                                   "encoding-type", text);
}

enum s3_code common_body(struct request *rq, const char *root, const struct xml **out)
{
    *out = NULL;
    if (rq->body.size == 0)
        return S3_MissingRequestBodyError;
    const struct xml *document = xml_parse(rq->arena, rq->body);
    if (document == NULL || !str_is(document->name, root))
        return S3_MalformedXML;
    *out = document;
    return S3_OK;
}

void common_document_begin(struct request *rq, struct common_document *document, const char *root)
{
    buf_init_arena(&document->buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&document->xml, &document->buf, root, XML_NS_S3);
}

enum s3_code common_document_reply(struct request *rq, struct common_document *document)
{
    xml_end(&document->xml);
    if (document->buf.overflow)
        return S3_InternalError;
    request_reply(rq, 200, "application/xml", buf_str(&document->buf));
    return S3_OK;
}

void common_encoded(struct request *rq, struct xml_writer *xml, const char *name, str value,
                    bool url)
{
    xml_element(xml, name, url ? encode_listing(rq->arena, value) : value);
}

str common_canonical_id(struct arena *arena, str account)
{
    str text = str_format(arena, "canonical-user:%.*s", STR_ARG(account));
    struct digest_value digest = digest_of(DIGEST_SHA256, text.ptr, text.size);
    return encode_hex(arena, digest.bytes, digest.size);
}

void common_owner(struct request *rq, struct xml_writer *xml, const char *element, str account)
{
    xml_open(xml, element);
    xml_element(xml, "ID", common_canonical_id(rq->arena, account));
    xml_close(xml);
}

str common_etag_quoted(struct request *rq, str etag)
{
    char *text = arena_alloc_raw(rq->arena, etag.size + 3);
    text[0] = '"';
    if (etag.size > 0)
        memcpy(text + 1, etag.ptr, etag.size);
    text[etag.size + 1] = '"';
    text[etag.size + 2] = '\0';
    return str_from(text, etag.size + 2);
}

str common_etag_bare(str etag)
{
    etag = str_trim(etag);
    if (str_starts(etag, STR("W/")))
        etag = str_skip(etag, 2);
    if (str_starts(etag, STR("\"")))
        etag = str_skip(etag, 1);
    return str_first(etag, etag.size - str_ends(etag, STR("\"")));
}

str common_timestamp(struct request *rq, instant at)
{
    const int64_t second = 1000000000;
    int64_t whole = at.ns / second - (at.ns % second < 0);
    return instant_iso8601(rq->arena, (instant){ whole * second });
}

str common_bucket_arn(struct request *rq, str bucket)
{
    return str_format(rq->arena, "arn:aws:s3:::%.*s", STR_ARG(bucket));
}

bool common_is_account(str s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.size == 12;
}
