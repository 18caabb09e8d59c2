/* Sub-resources of which a bucket has many, told apart by an id: inventory, analytics, metrics,
 * intelligent tiering. Kept and listed; nothing is measured or reported.
 */
#include "base/encode.h"
#include "base/limits.h"
#include "server/s3/common.h"
#include "server/s3/document.h"
#include "server/s3/handlers.h"

#define PAGE 100       /* AWS: "returns up to 100 configurations at a time" */
#define MOST_KEPT 1000 /* AWS: "up to 1,000 ... configurations per bucket" */

/* ---- tables ---- */

static const struct schema tag_members[] = { { "Key", SCHEMA_TEXT, 1, 1, NULL, NULL },
                                             { "Value", SCHEMA_TEXT, 1, 1, NULL, NULL },
                                             SCHEMA_END };
static const struct schema and_members[] = { { "Prefix", SCHEMA_TEXT, 0, 1, NULL, NULL },
                                             { "AccessPointArn", SCHEMA_WORD, 0, 1, NULL, NULL },
                                             { "Tag", SCHEMA_GROUP, 0, 0, NULL, tag_members },
                                             SCHEMA_END };
static const struct schema filter_members[] = { { "Prefix", SCHEMA_TEXT, 0, 1, NULL, NULL },
                                                { "AccessPointArn", SCHEMA_WORD, 0, 1, NULL, NULL },
                                                { "Tag", SCHEMA_GROUP, 0, 1, NULL, tag_members },
                                                { "And", SCHEMA_GROUP, 0, 1, NULL, and_members },
                                                SCHEMA_END };
static const struct schema metrics_members[] = { { "Id", SCHEMA_WORD, 1, 1, NULL, NULL },
                                                 { "Filter", SCHEMA_GROUP, 0, 1, NULL,
                                                   filter_members },
                                                 SCHEMA_END };
static const struct schema metrics_schema = { "MetricsConfiguration", SCHEMA_GROUP, 1, 1, NULL,
                                              metrics_members };

static const struct schema sse_kms_members[] = { { "KeyId", SCHEMA_WORD, 1, 1, NULL, NULL },
                                                 SCHEMA_END };
static const struct schema inventory_encryption_members[] = {
    { "SSE-S3", SCHEMA_GROUP, 0, 1, NULL, NULL },
    { "SSE-KMS", SCHEMA_GROUP, 0, 1, NULL, sse_kms_members },
    SCHEMA_END
};
static const struct schema inventory_bucket_members[] = {
    { "AccountId", SCHEMA_WORD, 0, 1, NULL, NULL },
    { "Bucket", SCHEMA_WORD, 1, 1, NULL, NULL },
    { "Format", SCHEMA_WORD, 1, 1, "CSV|ORC|Parquet", NULL },
    { "Prefix", SCHEMA_TEXT, 0, 1, NULL, NULL },
    { "Encryption", SCHEMA_GROUP, 0, 1, NULL, inventory_encryption_members },
    SCHEMA_END
};
static const struct schema inventory_destination_members[] = {
    { "S3BucketDestination", SCHEMA_GROUP, 1, 1, NULL, inventory_bucket_members }, SCHEMA_END
};
static const struct schema inventory_filter_members[] = {
    { "Prefix", SCHEMA_TEXT, 1, 1, NULL, NULL }, SCHEMA_END
};
static const struct schema inventory_field_members[] = {
    { "Field", SCHEMA_WORD, 0, 0,
      "Size|LastModifiedDate|StorageClass|ETag|IsMultipartUploaded|ReplicationStatus|"
      "EncryptionStatus|ObjectLockRetainUntilDate|ObjectLockMode|ObjectLockLegalHoldStatus|"
      "IntelligentTieringAccessTier|BucketKeyStatus|ChecksumAlgorithm|ObjectAccessControlList|"
      "ObjectOwner|LifecycleExpirationDate",
      NULL },
    SCHEMA_END
};
static const struct schema inventory_schedule_members[] = {
    { "Frequency", SCHEMA_WORD, 1, 1, "Daily|Weekly", NULL }, SCHEMA_END
};
static const struct schema inventory_members[] = {
    { "Destination", SCHEMA_GROUP, 1, 1, NULL, inventory_destination_members },
    { "IsEnabled", SCHEMA_BOOLEAN, 1, 1, NULL, NULL },
    { "Filter", SCHEMA_GROUP, 0, 1, NULL, inventory_filter_members },
    { "Id", SCHEMA_WORD, 1, 1, NULL, NULL },
    { "IncludedObjectVersions", SCHEMA_WORD, 1, 1, "All|Current", NULL },
    { "OptionalFields", SCHEMA_GROUP, 0, 1, NULL, inventory_field_members },
    { "Schedule", SCHEMA_GROUP, 1, 1, NULL, inventory_schedule_members },
    SCHEMA_END
};
static const struct schema inventory_schema = { "InventoryConfiguration", SCHEMA_GROUP, 1, 1, NULL,
                                                inventory_members };

static const struct schema export_bucket_members[] = { { "Format", SCHEMA_WORD, 1, 1, "CSV", NULL },
                                                       { "BucketAccountId", SCHEMA_WORD, 0, 1, NULL,
                                                         NULL },
                                                       { "Bucket", SCHEMA_WORD, 1, 1, NULL, NULL },
                                                       { "Prefix", SCHEMA_TEXT, 0, 1, NULL, NULL },
                                                       SCHEMA_END };
static const struct schema export_destination_members[] = {
    { "S3BucketDestination", SCHEMA_GROUP, 1, 1, NULL, export_bucket_members }, SCHEMA_END
};
static const struct schema export_members[] = {
    { "OutputSchemaVersion", SCHEMA_WORD, 1, 1, "V_1", NULL },
    { "Destination", SCHEMA_GROUP, 1, 1, NULL, export_destination_members },
    SCHEMA_END
};
static const struct schema class_analysis_members[] = {
    { "DataExport", SCHEMA_GROUP, 0, 1, NULL, export_members }, SCHEMA_END
};
static const struct schema analytics_members[] = {
    { "Id", SCHEMA_WORD, 1, 1, NULL, NULL },
    { "Filter", SCHEMA_GROUP, 0, 1, NULL, filter_members },
    { "StorageClassAnalysis", SCHEMA_GROUP, 1, 1, NULL, class_analysis_members },
    SCHEMA_END
};
static const struct schema analytics_schema = { "AnalyticsConfiguration", SCHEMA_GROUP, 1, 1, NULL,
                                                analytics_members };

static const struct schema tiering_members[] = { { "Days", SCHEMA_INTEGER, 1, 1, NULL, NULL },
                                                 { "AccessTier", SCHEMA_WORD, 1, 1,
                                                   "ARCHIVE_ACCESS|DEEP_ARCHIVE_ACCESS", NULL },
                                                 SCHEMA_END };
static const struct schema intelligent_members[] = {
    { "Id", SCHEMA_WORD, 1, 1, NULL, NULL },
    { "Filter", SCHEMA_GROUP, 0, 1, NULL, filter_members },
    { "Status", SCHEMA_WORD, 1, 1, "Enabled|Disabled", NULL },
    { "Tiering", SCHEMA_GROUP, 1, 0, NULL, tiering_members },
    SCHEMA_END
};
static const struct schema intelligent_schema = {
    "IntelligentTieringConfiguration", SCHEMA_GROUP, 1, 1, NULL, intelligent_members
};

/* ---- rules ---- */

static enum s3_code judge_inventory(struct request *rq, const struct xml *root)
{
    const struct xml *destination = xml_child(root, "Destination");
    const struct xml *bucket = xml_child(destination, "S3BucketDestination");
    (void) rq;
    return str_starts(str_trim(xml_text(bucket, "Bucket")), STR("arn:aws:s3:::"))
               ? S3_OK
               : S3_InvalidS3DestinationBucket;
}

/* AWS: 90 to 730 days for archive access, 180 to 730 for deep archive. */
static enum s3_code judge_tierings(struct request *rq, const struct xml *root)
{
    const struct xml *tiering = xml_child(root, "Tiering");
    for (; tiering; tiering = xml_next(tiering, "Tiering")) {
        uint64_t days = 0;
        uint64_t least =
            str_is(str_trim(xml_text(tiering, "AccessTier")), "ARCHIVE_ACCESS") ? 90 : 180;
        str text = str_trim(xml_text(tiering, "Days"));
        if (!str_to_u64(text, &days) || days < least || days > 730)
            return common_invalid_argument(rq, "The Days value is not in the supported range",
                                           "Days", text);
    }
    return S3_OK;
}

struct many {
    struct document document;
    const char *list_root;
    enum s3_code other_id; /* the document's Id is not that of the request (recorded) */
};
static const struct many metrics = { { "metrics", &metrics_schema, S3_OK, NULL, NULL },
                                     "ListMetricsConfigurationsResult",
                                     S3_IdMismatch };
static const struct many inventory = { { "inventory", &inventory_schema, S3_OK, NULL,
                                         judge_inventory },
                                       "ListInventoryConfigurationsResult",
                                       S3_IdMismatch };
static const struct many analytics = { { "analytics", &analytics_schema, S3_OK, NULL, NULL },
                                       "ListBucketAnalyticsConfigurationResult",
                                       S3_MalformedXML };
static const struct many intelligent = { { "intelligent-tiering", &intelligent_schema, S3_OK, NULL,
                                           judge_tierings },
                                         "ListBucketIntelligentTieringConfigurationsOutput",
                                         S3_MalformedXML };

/* ---- the four verbs ---- */

static enum s3_code load_all(struct request *rq, const struct many *many,
                             struct store_doc_list *list)
{
    enum store_result result = store_config_list(rq->lane->reader, rq->arena, rq->bucket.id,
                                                 str_of(many->document.kind), list);
    return result == STORE_OK ? S3_OK : common_from_store(rq, result);
}

static enum s3_code put(struct request *rq, const struct many *many, int status)
{
    const struct xml *root;
    struct store_doc_list list;
    str inside = STR_NONE, id = request_query(rq, "id");
    enum s3_code code = document_read(rq, &many->document, &root);
    if (code == S3_OK && !str_eq(id, str_trim(xml_text(root, "Id"))))
        code = many->other_id;
    if (code == S3_OK)
        code = document_text(rq, &many->document, root, &inside);
    if (code == S3_OK)
        code = load_all(rq, many, &list);
    if (code == S3_OK && list.count >= MOST_KEPT)
        code = S3_TooManyConfigurations;
    return code == S3_OK ? document_keep(rq, many->document.kind, id, inside, status) : code;
}

static enum s3_code get(struct request *rq, const struct many *many)
{
    str inside;
    enum store_result result =
        store_config_get(rq->lane->reader, rq->arena, rq->bucket.id, str_of(many->document.kind),
                         request_query(rq, "id"), &inside);
    if (result == STORE_ABSENT)
        return S3_NoSuchConfiguration;
    if (result != STORE_OK)
        return common_from_store(rq, result);
    return document_reply(rq, many->document.schema->name, inside);
}

static enum s3_code remove_one(struct request *rq, const struct many *many)
{
    str inside, id = request_query(rq, "id");
    enum store_result result = store_config_get(rq->lane->reader, rq->arena, rq->bucket.id,
                                                str_of(many->document.kind), id, &inside);
    if (result == STORE_ABSENT)
        return S3_NoSuchConfiguration;
    if (result != STORE_OK)
        return common_from_store(rq, result);
    return document_keep(rq, many->document.kind, id, STR_NONE, 204);
}

static enum s3_code read_after(struct request *rq, str *after)
{
    str token = request_query(rq, "continuation-token");
    *after = STR_NONE;
    if (!str_is_set(token) || (token.size > 0 && decode_base64url(rq->arena, token, after)))
        return S3_OK;
    return common_invalid_argument(rq, "The continuation token provided is incorrect",
                                   "continuation-token", STR_NONE);
}

static enum s3_code list(struct request *rq, const struct many *many)
{
    struct store_doc_list kept;
    struct common_document document;
    str after;
    size_t first = 0;
    enum s3_code code = read_after(rq, &after);
    if (code == S3_OK)
        code = load_all(rq, many, &kept);
    if (code != S3_OK)
        return code;
    while (first < kept.count && str_is_set(after) && str_cmp(kept.at[first].id, after) <= 0)
        first++;
    size_t end = kept.count - first > PAGE ? first + PAGE : kept.count;
    common_document_begin(rq, &document, many->list_root);
    xml_optional(&document.xml, "ContinuationToken", request_query(rq, "continuation-token"));
    xml_boolean(&document.xml, "IsTruncated", end < kept.count);
    for (size_t i = first; i < end; i++) {
        xml_open(&document.xml, many->document.schema->name);
        buf_add(&document.buf, kept.at[i].body);
        xml_close(&document.xml);
    }
    if (end < kept.count)
        xml_element(&document.xml, "NextContinuationToken",
                    encode_base64url(rq->arena, kept.at[end - 1].id.ptr, kept.at[end - 1].id.size));
    return common_document_reply(rq, &document);
}

/* ---- the operations ---- */

enum s3_code op_put_bucket_metrics(struct request *rq)
{
    return put(rq, &metrics, 204);
}

enum s3_code op_get_bucket_metrics(struct request *rq)
{
    return get(rq, &metrics);
}

enum s3_code op_delete_bucket_metrics(struct request *rq)
{
    return remove_one(rq, &metrics);
}

enum s3_code op_list_bucket_metrics(struct request *rq)
{
    return list(rq, &metrics);
}

enum s3_code op_put_bucket_inventory(struct request *rq)
{
    return put(rq, &inventory, 204);
}

enum s3_code op_get_bucket_inventory(struct request *rq)
{
    return get(rq, &inventory);
}

enum s3_code op_delete_bucket_inventory(struct request *rq)
{
    return remove_one(rq, &inventory);
}

enum s3_code op_list_bucket_inventory(struct request *rq)
{
    return list(rq, &inventory);
}

enum s3_code op_put_bucket_analytics(struct request *rq)
{
    return put(rq, &analytics, 204);
}

enum s3_code op_get_bucket_analytics(struct request *rq)
{
    return get(rq, &analytics);
}

enum s3_code op_delete_bucket_analytics(struct request *rq)
{
    return remove_one(rq, &analytics);
}

enum s3_code op_list_bucket_analytics(struct request *rq)
{
    return list(rq, &analytics);
}

enum s3_code op_put_bucket_intelligent_tiering(struct request *rq)
{
    return put(rq, &intelligent, 204);
}

enum s3_code op_get_bucket_intelligent_tiering(struct request *rq)
{
    return get(rq, &intelligent);
}

enum s3_code op_delete_bucket_intelligent_tiering(struct request *rq)
{
    return remove_one(rq, &intelligent);
}

enum s3_code op_list_bucket_intelligent_tiering(struct request *rq)
{
    return list(rq, &intelligent);
}
