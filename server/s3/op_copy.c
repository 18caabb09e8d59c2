/* CopyObject: a new version that shares its source's bytes. No byte moves; bytes are read only when
 * the ETag or checksum of the copy is not known from the source (multipart objects).
 *
 *   look the source up -> digests (may wait) -> write (waits) -> answer
 *        ^---- the source changed meanwhile: STORE_CONFLICT ----'
 */
#include "base/encode.h"
#include "base/limits.h"
#include "server/notifications.h"
#include "server/s3/bucket_config.h"
#include "server/s3/checksum.h"
#include "server/s3/common.h"
#include "server/s3/conditions.h"
#include "server/s3/copy_source.h"
#include "server/s3/handlers.h"
#include "server/s3/meta.h"
#include "server/s3/object.h"
#include "server/s3/restore.h"
#include "server/s3/sse.h"
#include "server/s3/tagging.h"

#define COPY_ATTEMPTS 4

struct copying {
    struct store_copy write;
    struct copy_source source;
    struct copy_digests digests;
    unsigned attempts;
};

static enum s3_code copy_once(struct request *rq);

static enum s3_code directive(struct request *rq, const char *header, const char *message,
                              bool *replace)
{
    str value = request_get_header(rq, header);
    *replace = str_is(value, "REPLACE");
    if (!str_is_set(value) || *replace || str_is(value, "COPY"))
        return S3_OK;
    return common_invalid_argument(rq, message, header, value);
}

/* Neither the website redirect nor the encryption of the source goes along (AWS: CopyObject). */
static void source_headers(struct request *rq, const struct copy_source *source,
                           struct fields *fields)
{
    struct fields all = { 0 };
    if (!fields_unpack(rq->arena, source->version.meta.fields, &all))
        return;
    for (size_t i = 0; i < all.count; i++)
        if (!str_starts(all.at[i].name, STR(META_SSE)) && !str_is(all.at[i].name, META_REDIRECT) &&
            !str_is(all.at[i].name, RESTORE_FIELD) &&
            !str_starts(all.at[i].name, STR("x-amz-object-lock-")))
            fields_add(rq->arena, fields, all.at[i].name, all.at[i].value);
}

static enum s3_code destination_meta(struct request *rq, struct copying *copying)
{
    struct object_meta *meta = &copying->write.meta;
    struct fields fields = { 0 };
    bool replace_headers, replace_tags;
    *meta = (struct object_meta){ 0 };
    enum s3_code code =
        directive(rq, "x-amz-metadata-directive", "Unknown metadata directive.", &replace_headers);
    if (code == S3_OK)
        code =
            directive(rq, "x-amz-tagging-directive", "Unknown tagging directive.", &replace_tags);
    if (code == S3_OK && replace_headers)
        code = meta_headers(rq, &fields);
    else if (code == S3_OK)
        source_headers(rq, &copying->source, &fields);
    if (code == S3_OK)
        code = meta_options(rq, meta, &fields);
    if (code == S3_OK && replace_tags)
        code = tagging_from_header(rq, &meta->tags);
    else if (code == S3_OK)
        meta->tags = copying->source.version.meta.tags;
    if (code == S3_OK)
        meta->fields = fields_pack(rq->arena, &fields);
    return code;
}

/* Copying the current version onto itself is allowed only to change something about it; a version
 * that is named by its id may be copied even so (recorded on AWS). */
static bool is_idle(struct request *rq, const struct copying *copying)
{
    static const char *const changes[] = { "x-amz-storage-class", META_SSE, META_REDIRECT,
                                           META_SSE "-customer-algorithm",
                                           "x-amz-checksum-algorithm" };
    const struct copy_source *source = &copying->source;
    if (source->bucket.id != rq->bucket.id || !str_eq(source->name.key, rq->address.key) ||
        !source->version.current || str_is_set(source->name.version_id) ||
        str_is(request_get_header(rq, "x-amz-metadata-directive"), "REPLACE"))
        return false;
    for (size_t i = 0; i < COUNT(changes); i++)
        if (str_is_set(request_get_header(rq, changes[i])))
            return false;
    /* The copy is encrypted as the bucket says now, which differs from a source with a key, and
     * counts as a change wherever the bucket says anything (recorded). */
    struct bucket_config_encryption config;
    return !sse_is_opaque(rq, source->version.meta.fields) &&
           bucket_config_encryption(rq, &config) == S3_OK && !config.chosen;
}

static enum s3_code choose_checksum(struct request *rq, struct copying *copying)
{
    str asked = request_get_header(rq, "x-amz-checksum-algorithm");
    enum digest_kind kind = copying->source.version.meta.checksum.kind;
    if (str_is_set(asked)) {
        kind = digest_kind_parse(asked);
        if (kind == DIGEST_NONE)
            return checksum_unsupported(rq);
    }
    copying->digests = (struct copy_digests){
        .kind = kind != DIGEST_NONE ? kind : DIGEST_CRC64NVME,
        .length_bytes = copying->source.version.size_bytes,
    };
    return S3_OK;
}

static enum s3_code answer(struct request *rq, const struct version_info *version)
{
    struct common_document document;
    common_document_begin(rq, &document, "CopyObjectResult");
    xml_element(&document.xml, "LastModified", common_timestamp(rq, version->modified));
    xml_element(&document.xml, "ETag", common_etag_quoted(rq, version->etag));
    checksum_write(rq, &document.xml, &version->meta.checksum, version->parts);
    if (version->meta.checksum.kind != DIGEST_NONE)
        xml_element(&document.xml, "ChecksumType", STR("FULL_OBJECT"));
    return common_document_reply(rq, &document);
}

static enum s3_code copy_done(struct request *rq)
{
    struct copying *copying = rq->state;
    const struct store_copy *write = &copying->write;
    /* STORE_CONFLICT: the source went away between look-up and commit. */
    if (write->head.result == STORE_CONFLICT) {
        if (copying->attempts == COPY_ATTEMPTS)
            return S3_OperationAborted;
        store_read_begin(rq->lane->reader);
        return copy_once(rq);
    }
    if (write->head.result != STORE_OK)
        return conditions_result(rq, &write->condition, write->head.result);
    notifications_created(rq, &write->out);
    copy_source_was_read(rq, &copying->source, "REST.COPY.OBJECT_GET");
    /* A copy into a suspended bucket tells "null", other than a put (recorded). */
    if (write->out_versioning != VERSIONING_UNSET)
        request_header(rq, "x-amz-version-id", write->out.id);
    meta_reply_encryption(rq, write->out.meta.fields);
    return answer(rq, &write->out);
}

static enum s3_code copy_write(struct request *rq)
{
    struct copying *copying = rq->state;
    struct store_copy *write = &copying->write;
    write->source_bucket = copying->source.bucket.id;
    write->source_key = copying->source.name.key;
    write->source_version = copying->source.version.id;
    write->bucket = rq->bucket.id;
    write->key = rq->address.key;
    write->etag = sse_etag(rq, write->meta.fields);
    if (!str_is_set(write->etag))
        write->etag = encode_hex(rq->arena, copying->digests.md5.bytes, copying->digests.md5.size);
    write->meta.checksum = copying->digests.checksum;
    return request_write(rq, &write->head, copy_done);
}

static enum s3_code copy_hashed(struct request *rq)
{
    struct copying *copying = rq->state;
    if (copying->digests.hashing.result == STORE_NO_VERSION && copying->attempts < COPY_ATTEMPTS) {
        store_read_begin(rq->lane->reader);
        return copy_once(rq);
    }
    enum s3_code code = copy_source_digests_end(rq, &copying->digests);
    return code == S3_OK ? copy_write(rq) : code;
}

static enum s3_code copy_once(struct request *rq)
{
    struct copying *copying = rq->state;
    copying->attempts++;
    store_copy_init(&copying->write, rq->arena);
    enum s3_code code = conditions_write(rq, false, &copying->write.condition);
    if (code == S3_OK)
        code = copy_source_find(rq, &copying->source);
    if (code == S3_OK && copying->source.version.size_bytes > LIMIT_PUT_BYTES)
        code = object_too_large_to_copy(rq);
    if (code == S3_OK && is_idle(rq, copying))
        code = common_invalid_request(
            rq, "This copy request is illegal because it is trying to copy an object to itself "
                "without changing the object's metadata, storage class, website redirect location "
                "or encryption attributes.");
    if (code == S3_OK)
        code = destination_meta(rq, copying);
    if (code == S3_OK)
        code = choose_checksum(rq, copying);
    if (code == S3_OK)
        code = copy_source_digests(rq, &copying->source, &copying->digests, copy_hashed);
    return code == S3_OK ? copy_write(rq) : code;
}

enum s3_code op_copy_object(struct request *rq)
{
    enum s3_code code = object_check_key(rq, rq->address.key);
    if (code != S3_OK)
        return code;
    rq->state = ARENA_NEW(rq->arena, struct copying);
    return copy_once(rq);
}
