/* The source of CopyObject and UploadPartCopy. Its bucket is read directly, whatever Region it lies
 * in: that is what AWS does between Regions too, only slower. */
#include "server/s3/copy_source.h"

#include "base/bug.h"
#include "base/clock.h"
#include "base/encode.h"
#include "server/access_log.h"
#include "server/access_record.h"
#include "server/auth/authorize.h"
#include "server/s3/checksum.h"
#include "server/s3/common.h"
#include "server/s3/conditions.h"
#include "server/s3/object.h"
#include "server/s3/restore.h"
#include "server/s3/sse.h"
#include "server/world.h"

/* "arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/object/KEY" */
static bool parse_arn(str text, struct copy_source_name *out)
{
    static const str marker = { "/object/", 8 };
    size_t at = str_find(text, marker);
    out->access_point = true;
    out->bucket = str_first(text, at);
    out->key = str_skip(text, at + marker.size);
    return out->key.size > 0;
}

/* A whole URL of the path style names an object too (recorded). */
static str without_endpoint(str source)
{
    str scheme, rest, host, path;
    bool is_url = str_starts(source, STR("http://")) || str_starts(source, STR("https://"));
    if (!is_url || !str_cut(source, '/', &scheme, &rest) ||
        !str_cut(str_skip(rest, 1), '/', &host, &path))
        return source;
    return path;
}

bool copy_source_parse(struct arena *arena, str header, struct copy_source_name *out)
{
    static const str version = { "?versionId=", 11 };
    *out = (struct copy_source_name){ 0 };
    /* The query is cut off before decoding: a '?' of the key is "%3F". */
    size_t at = str_find(header, version);
    if (at < header.size)
        out->version_id = decode_uri(arena, str_skip(header, at + version.size), false);
    /* '+' is a space here, as in a form: some languages write it so (recorded). */
    str path = decode_uri(arena, without_endpoint(str_first(header, at)), true);
    if (path.size > 0 && path.ptr[0] == '/')
        path = str_skip(path, 1);
    if (str_starts(path, STR("arn:")))
        return parse_arn(path, out);
    if (!str_cut(path, '/', &out->bucket, &out->key))
        return false;
    out->access_point = str_ends(out->bucket, STR(".mrap"));
    return out->bucket.size > 0 && out->key.size > 0;
}

static enum s3_code parse(struct request *rq, struct copy_source_name *name)
{
    str header = request_get_header(rq, "x-amz-copy-source");
    if (!copy_source_parse(rq->arena, header, name))
        return common_invalid_argument(rq, "Invalid copy source object key", "x-amz-copy-source",
                                       STR("x-amz-copy-source"));
    if (name->access_point) {
        request_hint(rq, "A Multi-Region Access Point can be the destination of a copy, not its "
                         "source: name the bucket to read from.");
        return common_invalid_argument(rq, "Invalid copy source bucket name", "x-amz-copy-source",
                                       header);
    }
    if (str_is_set(name->version_id) && !object_version_id_is_valid(name->version_id))
        return common_invalid_argument(rq, "Invalid version id specified", "x-amz-copy-source",
                                       name->version_id);
    return S3_OK;
}

static enum s3_code find_bucket(struct request *rq, struct copy_source *out)
{
    enum store_result result =
        store_bucket_get(rq->lane->reader, rq->arena, out->name.bucket, &out->bucket);
    if (result == STORE_NO_BUCKET)
        request_extra(rq, "BucketName", out->name.bucket);
    if (result != STORE_OK)
        return s3_code_from_store(result);
    str expected = request_get_header(rq, "x-amz-source-expected-bucket-owner");
    bool as_expected = !str_is_set(expected) || str_eq(out->bucket.account, expected);
    return as_expected ? S3_OK : S3_AccessDenied;
}

/* AWS, CopyObject: s3:GetObject on the source, and s3:GetObjectTagging when its tags go along. */
static enum s3_code authorize(struct request *rq, const struct copy_source *source, bool tags)
{
    bool by_id = str_is_set(source->name.version_id);
    const char *action = tags    ? by_id ? "s3:GetObjectVersionTagging" : "s3:GetObjectTagging"
                         : by_id ? "s3:GetObjectVersion"
                                 : "s3:GetObject";
    if (tags && (source->version.meta.tags.size == 0 || request_has_query(rq, "partNumber") ||
                 str_is(request_get_header(rq, "x-amz-tagging-directive"), "REPLACE")))
        return S3_OK;
    return authorize_action(rq, &source->bucket, action, source->name.key, source->name.version_id);
}

static enum s3_code find_version(struct request *rq, struct copy_source *out)
{
    bool by_id = str_is_set(out->name.version_id);
    enum store_result result =
        store_version_get(rq->lane->reader, rq->arena, out->bucket.id, out->name.key,
                          out->name.version_id, &out->version);
    if (result == STORE_OK && out->version.marker && by_id)
        return common_invalid_request(rq, "The source of a copy request may not specifically refer "
                                          "to a delete marker by version id.");
    if (result == STORE_OK && out->version.marker)
        result = STORE_NO_KEY;
    if (result == STORE_NO_KEY || result == STORE_NO_VERSION)
        request_extra(rq, "Key", out->name.key);
    if (result == STORE_NO_VERSION)
        request_extra(rq, "VersionId", out->name.version_id);
    return s3_code_from_store(result);
}

/* For sources every failed condition is 412, never 304 (recorded). */
static enum s3_code judge(struct request *rq, const struct copy_source *source)
{
    struct conditions conditions;
    if (!conditions_read(&rq->headers, "x-amz-copy-source-", &conditions))
        return S3_OK;
    struct conditions_verdict verdict = conditions_judge(
        &conditions, source->version.etag, source->version.modified, clock_now(rq->world->clock));
    if (verdict.result == CONDITIONS_HOLD)
        return S3_OK;
    request_extra(rq, "Condition", str_format(rq->arena, "x-amz-copy-source-%s", verdict.failed));
    return S3_PreconditionFailed;
}

enum s3_code copy_source_find(struct request *rq, struct copy_source *out)
{
    enum s3_code code = parse(rq, &out->name);
    if (code == S3_OK)
        code = find_bucket(rq, out);
    if (code == S3_OK)
        code = authorize(rq, out, false);
    if (code == S3_OK)
        code = find_version(rq, out);
    if (code == S3_OK)
        code = authorize(rq, out, true);
    if (code == S3_OK)
        code = judge(rq, out);
    if (code == S3_OK)
        code = sse_of_source(rq, out->version.meta.fields);
    if (code == S3_OK && restore_is_needed(rq->arena, out->version.meta.storage_class,
                                           out->version.meta.fields, clock_now(rq->world->clock))) {
        request_message(rq, "Operation is not valid for the source object's storage class");
        request_extra(rq, "StorageClass", out->version.meta.storage_class);
        code = S3_InvalidObjectState;
    }
    if (code == S3_OK && !str_is(out->version.id, VERSION_NULL))
        fields_set(rq->arena, &rq->reply.headers, STR("x-amz-copy-source-version-id"),
                   out->version.id);
    return code;
}

/* -- digests --------------------------------------------------------------------------------- */

static void wake_request(void *owner)
{
    struct request *rq = owner;
    BUG_UNLESS(rq->magic == REQUEST_MAGIC);
    rq->host->wake(rq);
}

/* A whole object put in one piece has its MD5 as ETag and, mostly, the right checksum. */
static bool known(struct request *rq, const struct copy_source *source,
                  struct copy_digests *digests)
{
    const struct version_info *version = &source->version;
    str md5;
    if (digests->length_bytes != version->size_bytes || version->parts > 0 ||
        version->meta.checksum.kind != digests->kind || version->meta.checksum.composite ||
        version->etag.size != 32 || sse_is_opaque(rq, version->meta.fields) ||
        !decode_hex(rq->arena, version->etag, &md5))
        return false;
    digests->md5.size = 16;
    memcpy(digests->md5.bytes, md5.ptr, 16);
    digests->checksum = version->meta.checksum;
    return true;
}

enum s3_code copy_source_digests(struct request *rq, const struct copy_source *source,
                                 struct copy_digests *digests,
                                 enum s3_code (*then)(struct request *rq))
{
    if (known(rq, source, digests))
        return S3_OK;
    if (digests->length_bytes == 0) {
        digests->md5 = digest_of(DIGEST_MD5, "", 0);
        digests->checksum = (struct object_checksum){ .kind = digests->kind,
                                                      .value = digest_of(digests->kind, "", 0) };
        return S3_OK;
    }
    digests->hashing = (struct body_hashing){ .body = source->version.body,
                                              .offset_bytes = digests->offset_bytes,
                                              .length_bytes = digests->length_bytes,
                                              .digest_mask = 1u << DIGEST_MD5 | 1u << digests->kind,
                                              .wake = wake_request,
                                              .owner = rq };
    rq->resume = then;
    body_hashing_start(rq->lane->reader, &digests->hashing);
    return S3_WAIT;
}

enum s3_code copy_source_digests_end(struct request *rq, struct copy_digests *digests)
{
    const struct body_hashing *hashing = &digests->hashing;
    if (hashing->result != STORE_OK)
        return common_from_store(rq, hashing->result);
    digests->md5 = hashing->sums[DIGEST_MD5];
    digests->checksum =
        (struct object_checksum){ .kind = digests->kind, .value = hashing->sums[digests->kind] };
    return S3_OK;
}

void copy_source_was_read(struct request *rq, const struct copy_source *source,
                          const char *operation)
{
    const struct copy_source_name *name = &source->name;
    str key = encode_uri(rq->arena, name->key, true);
    access_log_note(
        rq, &(struct access_note){ .bucket = &source->bucket,
                                   .operation = operation,
                                   .key = name->key,
                                   .version_id = name->version_id,
                                   .uri = str_format(rq->arena, "GET /%.*s/%.*s HTTP/1.1",
                                                     STR_ARG(source->bucket.name), STR_ARG(key)),
                                   .status = 200,
                                   .size_bytes = source->version.size_bytes });
}
