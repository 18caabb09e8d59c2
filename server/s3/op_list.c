/* ListObjects (V1), ListObjectsV2, ListObjectVersions, ListMultipartUploads: four views of
 * store_list. They share parameters, common prefixes and percent-encoding; each has its own markers
 * and entries. */
#include "base/limits.h"
#include "server/s3/acl.h"
#include "server/s3/checksum.h"
#include "server/s3/common.h"
#include "server/s3/handlers.h"
#include "server/s3/object.h"
#include "server/s3/token.h"

struct listing {
    struct list_query query;
    struct list_page page;
    bool url;     /* encoding-type=url */
    bool started; /* began, perhaps pages ago, with a start-after */
    str owner;    /* canonical user id; made once, a page names it up to 2,000 times */
    struct common_document document;
};

static enum s3_code read_shared(struct request *rq, enum list_kind kind, const char *max_name,
                                struct listing *listing)
{
    *listing = (struct listing){ 0 };
    listing->query = (struct list_query){ .kind = kind,
                                          .bucket = rq->bucket.id,
                                          .prefix = request_query(rq, "prefix"),
                                          .delimiter = request_query(rq, "delimiter") };
    enum s3_code code = common_max(rq, max_name, LIMIT_LIST_KEYS, &listing->query.max);
    return code == S3_OK ? common_encoding_type(rq, &listing->url) : code;
}

static enum s3_code run(struct request *rq, struct listing *listing)
{
    enum store_result result =
        store_list(rq->lane->reader, rq->arena, &listing->query, &listing->page);
    return result == STORE_OK ? S3_OK : common_from_store(rq, result);
}

static void encoded(struct request *rq, struct listing *listing, const char *name, str value)
{
    common_encoded(rq, &listing->document.xml, name, value, listing->url);
}

static void write_owner(struct request *rq, struct listing *listing, const char *element, str acl)
{
    struct xml_writer *xml = &listing->document.xml;
    if (listing->owner.size == 0)
        listing->owner = common_canonical_id(rq->arena, rq->bucket.account);
    xml_open(xml, element);
    xml_element(xml, "ID", acl.size > 0 ? acl_owner(rq, acl) : listing->owner);
    xml_close(xml);
}

/* Only when there is something to say. */
static void encoded_if(struct request *rq, struct listing *listing, const char *name, str value)
{
    if (value.size > 0)
        encoded(rq, listing, name, value);
}

static void write_prefixes(struct request *rq, struct listing *listing)
{
    struct xml_writer *xml = &listing->document.xml;
    for (size_t i = 0; i < listing->page.count; i++) {
        if (!listing->page.at[i].is_prefix)
            continue;
        xml_open(xml, "CommonPrefixes");
        encoded(rq, listing, "Prefix", listing->page.at[i].key);
        xml_close(xml);
    }
}

static void write_checksum_kind(struct xml_writer *xml, const struct object_checksum *checksum)
{
    if (checksum->kind == DIGEST_NONE)
        return;
    xml_element(xml, "ChecksumAlgorithm", digest_name(checksum->kind));
    xml_element(xml, "ChecksumType", checksum->composite ? STR("COMPOSITE") : STR("FULL_OBJECT"));
}

static str storage_class(const struct object_meta *meta)
{
    return meta->storage_class.size > 0 ? meta->storage_class : STR("STANDARD");
}

/* -- objects --------------------------------------------------------------------------------- */

static void write_objects(struct request *rq, struct listing *listing, bool owner)
{
    struct xml_writer *xml = &listing->document.xml;
    for (size_t i = 0; i < listing->page.count; i++) {
        const struct version_info *version = &listing->page.at[i].version;
        if (listing->page.at[i].is_prefix)
            continue;
        xml_open(xml, "Contents");
        encoded(rq, listing, "Key", version->key);
        xml_element(xml, "LastModified", common_timestamp(rq, version->modified));
        xml_element(xml, "ETag", common_etag_quoted(rq, version->etag));
        write_checksum_kind(xml, &version->meta.checksum);
        xml_integer(xml, "Size", version->size_bytes);
        if (owner)
            write_owner(rq, listing, "Owner", version->meta.acl);
        xml_element(xml, "StorageClass", storage_class(&version->meta));
        xml_close(xml);
    }
}

static void write_limits(struct listing *listing, const char *max_name, unsigned max)
{
    struct xml_writer *xml = &listing->document.xml;
    xml_integer(xml, max_name, max);
    if (listing->url)
        xml_element(xml, "EncodingType", STR("url"));
    xml_boolean(xml, "IsTruncated", listing->page.truncated);
}

/* AWS tells it with lists of objects; an access point does not tell who served. */
static void tell_region(struct request *rq)
{
    if (rq->mrap == NULL)
        request_header(rq, "x-amz-bucket-region", rq->bucket.region);
}

enum s3_code op_list_objects(struct request *rq)
{
    struct listing listing;
    enum s3_code code = read_shared(rq, LIST_OBJECTS, "max-keys", &listing);
    if (code == S3_OK) {
        listing.query.after = request_query(rq, "marker");
        code = run(rq, &listing);
    }
    if (code != S3_OK)
        return code;
    tell_region(rq);
    common_document_begin(rq, &listing.document, "ListBucketResult");
    xml_element(&listing.document.xml, "Name", rq->bucket.name);
    /* Clients do not decode this one of the first version (botocore's decode_list_object). */
    xml_element(&listing.document.xml, "Prefix", listing.query.prefix);
    encoded(rq, &listing, "Marker", listing.query.after);
    /* "This element is returned only if you have the delimiter request parameter specified." */
    if (listing.page.truncated && listing.query.delimiter.size > 0)
        encoded(rq, &listing, "NextMarker", listing.page.next_key);
    encoded_if(rq, &listing, "Delimiter", listing.query.delimiter);
    write_limits(&listing, "MaxKeys", listing.query.max);
    write_objects(rq, &listing, !rq->who.anonymous); /* strangers are not told (recorded) */
    write_prefixes(rq, &listing);
    return common_document_reply(rq, &listing.document);
}

static enum s3_code read_start(struct request *rq, struct listing *listing)
{
    str token = request_query(rq, "continuation-token");
    listing->query.after = request_query(rq, "start-after");
    listing->started = listing->query.after.size > 0;
    if (!request_has_query(rq, "continuation-token"))
        return S3_OK;
    struct token place = { .prefix = listing->query.prefix, .delimiter = listing->query.delimiter };
    if (token.size == 0 || !token_read(rq->arena, token, &place))
        return common_invalid_argument(rq, "The continuation token provided is incorrect",
                                       "continuation-token", STR_NONE);
    listing->query.after = place.last_key;
    listing->started = place.started;
    return S3_OK;
}

static void write_head_v2(struct request *rq, struct listing *listing)
{
    struct xml_writer *xml = &listing->document.xml;
    str token = request_query(rq, "continuation-token");
    xml_element(xml, "Name", rq->bucket.name);
    encoded(rq, listing, "Prefix", listing->query.prefix);
    if (token.size > 0)
        xml_element(xml, "ContinuationToken", token);
    /* AWS was recorded not to tell it beside a token of a listing that began without one. */
    if (listing->started)
        encoded_if(rq, listing, "StartAfter", request_query(rq, "start-after"));
    struct token next = { listing->query.prefix, listing->query.delimiter, listing->page.next_key,
                          listing->started };
    if (listing->page.truncated)
        xml_element(xml, "NextContinuationToken", token_make(rq->arena, &next));
    xml_integer(xml, "KeyCount", listing->page.count);
    encoded_if(rq, listing, "Delimiter", listing->query.delimiter);
    write_limits(listing, "MaxKeys", listing->query.max);
}

enum s3_code op_list_objects_v2(struct request *rq)
{
    struct listing listing;
    enum s3_code code = read_shared(rq, LIST_OBJECTS, "max-keys", &listing);
    if (code == S3_OK)
        code = read_start(rq, &listing);
    if (code == S3_OK)
        code = run(rq, &listing);
    if (code != S3_OK)
        return code;
    tell_region(rq);
    common_document_begin(rq, &listing.document, "ListBucketResult");
    write_head_v2(rq, &listing);
    write_objects(rq, &listing, str_eq_nocase(request_query(rq, "fetch-owner"), STR("true")));
    write_prefixes(rq, &listing);
    return common_document_reply(rq, &listing.document);
}

/* -- versions -------------------------------------------------------------------------------- */

static enum s3_code read_version_markers(struct request *rq, struct listing *listing)
{
    str id = request_query(rq, "version-id-marker");
    listing->query.after = request_query(rq, "key-marker");
    if (id.size == 0)
        return S3_OK;
    if (listing->query.after.size == 0)
        return common_invalid_argument(
            rq, "A version-id marker cannot be specified without a key marker.",
            "version-id-marker", id);
    if (!object_version_id_is_valid(id))
        return common_invalid_argument(rq, "Invalid version id specified", "version-id-marker", id);
    listing->query.after_id = id;
    return S3_OK;
}

static void write_version(struct request *rq, struct listing *listing,
                          const struct version_info *version)
{
    struct xml_writer *xml = &listing->document.xml;
    xml_open(xml, version->marker ? "DeleteMarker" : "Version");
    if (!version->marker) {
        xml_element(xml, "ETag", common_etag_quoted(rq, version->etag));
        write_checksum_kind(xml, &version->meta.checksum);
        xml_integer(xml, "Size", version->size_bytes);
        xml_element(xml, "StorageClass", storage_class(&version->meta));
    }
    encoded(rq, listing, "Key", version->key);
    xml_element(xml, "VersionId", version->id);
    xml_boolean(xml, "IsLatest", version->current);
    xml_element(xml, "LastModified", common_timestamp(rq, version->modified));
    write_owner(rq, listing, "Owner", version->meta.acl);
    xml_close(xml);
}

enum s3_code op_list_object_versions(struct request *rq)
{
    struct listing listing;
    enum s3_code code = read_shared(rq, LIST_VERSIONS, "max-keys", &listing);
    if (code == S3_OK)
        code = read_version_markers(rq, &listing);
    if (code == S3_OK)
        code = run(rq, &listing);
    if (code != S3_OK)
        return code;
    common_document_begin(rq, &listing.document, "ListVersionsResult");
    xml_element(&listing.document.xml, "Name", rq->bucket.name);
    encoded(rq, &listing, "Prefix", listing.query.prefix);
    encoded(rq, &listing, "KeyMarker", listing.query.after);
    xml_element(&listing.document.xml, "VersionIdMarker", listing.query.after_id);
    if (listing.page.truncated) {
        encoded(rq, &listing, "NextKeyMarker", listing.page.next_key);
        if (listing.page.next_id.size > 0)
            xml_element(&listing.document.xml, "NextVersionIdMarker", listing.page.next_id);
    }
    encoded_if(rq, &listing, "Delimiter", listing.query.delimiter);
    write_limits(&listing, "MaxKeys", listing.query.max);
    for (size_t i = 0; i < listing.page.count; i++)
        if (!listing.page.at[i].is_prefix)
            write_version(rq, &listing, &listing.page.at[i].version);
    write_prefixes(rq, &listing);
    return common_document_reply(rq, &listing.document);
}

/* -- uploads --------------------------------------------------------------------------------- */

static void write_upload(struct request *rq, struct listing *listing,
                         const struct upload_info *upload)
{
    struct xml_writer *xml = &listing->document.xml;
    xml_open(xml, "Upload");
    encoded(rq, listing, "Key", upload->key);
    xml_element(xml, "UploadId", upload->id);
    write_owner(rq, listing, "Initiator", upload->meta.acl);
    write_owner(rq, listing, "Owner", upload->meta.acl);
    xml_element(xml, "StorageClass", storage_class(&upload->meta));
    xml_element(xml, "Initiated", common_timestamp(rq, upload->initiated));
    write_checksum_kind(xml, &(struct object_checksum){ .kind = upload->checksum_kind,
                                                        .composite = upload->checksum_composite });
    xml_close(xml);
}

/* An upload that is over may be a marker; one of another key may not (recorded). */
static enum s3_code read_upload_markers(struct request *rq, struct listing *listing)
{
    struct upload_info upload;
    int64_t bucket;
    str id = request_query(rq, "upload-id-marker");
    listing->query.after = request_query(rq, "key-marker");
    /* "If key-marker is not specified, the upload-id-marker parameter is ignored." */
    if (listing->query.after.size == 0 || id.size == 0)
        return S3_OK;
    listing->query.after_id = id;
    struct store_reader *reader = rq->lane->reader;
    if (store_upload_get(reader, rq->arena, rq->bucket.id, listing->query.after, id, &upload) ==
            STORE_OK ||
        store_upload_bucket(reader, id, &bucket) != STORE_OK)
        return S3_OK;
    return common_invalid_argument(rq, "Invalid uploadId marker", "upload-id-marker", id);
}

/* The last upload of the page, also of the last page; of a page of prefixes alone, as recorded,
 * nothing. */
static void write_upload_markers(struct request *rq, struct listing *listing)
{
    const struct list_entry *last = NULL;
    for (size_t i = 0; i < listing->page.count; i++)
        if (!listing->page.at[i].is_prefix)
            last = &listing->page.at[i];
    encoded(rq, listing, "KeyMarker", listing->query.after);
    xml_element(&listing->document.xml, "UploadIdMarker", listing->query.after_id);
    if (last && listing->page.truncated) { /* may be a prefix behind the last upload */
        encoded(rq, listing, "NextKeyMarker", listing->page.next_key);
        xml_element(&listing->document.xml, "NextUploadIdMarker", listing->page.next_id);
    } else {
        encoded(rq, listing, "NextKeyMarker", last ? last->key : STR(""));
        xml_element(&listing->document.xml, "NextUploadIdMarker",
                    last ? last->upload->id : STR(""));
    }
}

enum s3_code op_list_uploads(struct request *rq)
{
    struct listing listing;
    enum s3_code code = read_shared(rq, LIST_UPLOADS, "max-uploads", &listing);
    if (code == S3_OK)
        code = read_upload_markers(rq, &listing);
    if (code == S3_OK)
        code = run(rq, &listing);
    if (code != S3_OK)
        return code;
    common_document_begin(rq, &listing.document, "ListMultipartUploadsResult");
    xml_element(&listing.document.xml, "Bucket", rq->bucket.name);
    write_upload_markers(rq, &listing);
    encoded_if(rq, &listing, "Prefix", listing.query.prefix);
    encoded_if(rq, &listing, "Delimiter", listing.query.delimiter);
    write_limits(&listing, "MaxUploads", listing.query.max);
    for (size_t i = 0; i < listing.page.count; i++)
        if (!listing.page.at[i].is_prefix)
            write_upload(rq, &listing, listing.page.at[i].upload);
    write_prefixes(rq, &listing);
    return common_document_reply(rq, &listing.document);
}
