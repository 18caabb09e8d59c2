/* Small sub-resources of buckets, each a table and at most one rule: transfer acceleration, who
 * pays, logging, default encryption, object ownership, public access block.
 */
#include "server/s3/common.h"
#include "server/s3/document.h"
#include "server/s3/handlers.h"
#include "server/s3/bucket_config.h"

/* ---- transfer acceleration ---- */

static const struct schema accelerate_members[] = {
    { "Status", SCHEMA_WORD, 1, 1, "Enabled|Suspended", NULL }, SCHEMA_END
};
static const struct schema accelerate_schema = {
    "AccelerateConfiguration", SCHEMA_GROUP, 1, 1, NULL, accelerate_members
};

/* AWS: the accelerated host is BUCKET.s3-accelerate..., whose certificate covers one label. */
static enum s3_code judge_accelerated_name(struct request *rq)
{
    if (str_find_char(rq->bucket.name, '.') == rq->bucket.name.size)
        return S3_OK;
    return common_invalid_request(rq, "S3 Transfer Acceleration is not supported for buckets with "
                                      "periods (.) in their names");
}

static const struct document accelerate = { "accelerate", &accelerate_schema, S3_OK, NULL, NULL };

enum s3_code op_put_bucket_accelerate(struct request *rq)
{
    enum s3_code code = judge_accelerated_name(rq); /* whatever the document says */
    return code == S3_OK ? document_put(rq, &accelerate) : code;
}

enum s3_code op_get_bucket_accelerate(struct request *rq)
{
    return document_get(rq, &accelerate);
}

/* ---- request payment ---- */

static const struct schema payment_members[] = {
    { "Payer", SCHEMA_WORD, 1, 1, "Requester|BucketOwner", NULL }, SCHEMA_END
};
static const struct schema payment_schema = {
    "RequestPaymentConfiguration", SCHEMA_GROUP, 1, 1, NULL, payment_members
};
static const struct document payment = { "requestPayment", &payment_schema, S3_OK,
                                         "<Payer>BucketOwner</Payer>", NULL };

enum s3_code op_put_bucket_request_payment(struct request *rq)
{
    return document_put(rq, &payment);
}

enum s3_code op_get_bucket_request_payment(struct request *rq)
{
    return document_get(rq, &payment);
}

/* ---- logging ---- */

static const struct schema grantee_members[] = { { "ID", SCHEMA_WORD, 0, 1, NULL, NULL },
                                                 { "DisplayName", SCHEMA_TEXT, 0, 1, NULL, NULL },
                                                 { "EmailAddress", SCHEMA_TEXT, 0, 1, NULL, NULL },
                                                 { "URI", SCHEMA_WORD, 0, 1, NULL, NULL },
                                                 SCHEMA_END };
static const struct schema grant_members[] = {
    { "Grantee", SCHEMA_GROUP, 1, 1, NULL, grantee_members },
    /* AWS names three, and takes those of every ACL. */
    { "Permission", SCHEMA_WORD, 1, 1, "FULL_CONTROL|READ|WRITE|READ_ACP|WRITE_ACP", NULL },
    SCHEMA_END
};
static const struct schema grants_members[] = {
    { "Grant", SCHEMA_GROUP, 0, 0, NULL, grant_members }, SCHEMA_END
};
static const struct schema partitioned_members[] = {
    { "PartitionDateSource", SCHEMA_WORD, 0, 1, "EventTime|DeliveryTime", NULL }, SCHEMA_END
};
static const struct schema format_members[] = { { "PartitionedPrefix", SCHEMA_GROUP, 0, 1, NULL,
                                                  partitioned_members },
                                                { "SimplePrefix", SCHEMA_GROUP, 0, 1, NULL, NULL },
                                                SCHEMA_END };
static const struct schema enabled_members[] = {
    { "TargetBucket", SCHEMA_WORD, 1, 1, NULL, NULL },
    { "TargetGrants", SCHEMA_GROUP, 0, 1, NULL, grants_members },
    { "TargetObjectKeyFormat", SCHEMA_GROUP, 0, 1, NULL, format_members },
    { "TargetPrefix", SCHEMA_TEXT, 1, 1, NULL, NULL },
    SCHEMA_END
};
static const struct schema logging_members[] = {
    { "LoggingEnabled", SCHEMA_GROUP, 0, 1, NULL, enabled_members }, SCHEMA_END
};
static const struct schema logging_schema = { "BucketLoggingStatus", SCHEMA_GROUP, 1, 1, NULL,
                                              logging_members };

/* AWS: source and target have one owner and one Region. */
static enum s3_code judge_target(struct request *rq, const struct xml *root)
{
    const struct xml *enabled = xml_child(root, "LoggingEnabled");
    struct bucket_info target;
    if (enabled == NULL)
        return S3_OK;
    str name = str_trim(xml_text(enabled, "TargetBucket"));
    enum store_result found = store_bucket_get(rq->lane->reader, rq->arena, name, &target);
    if (found != STORE_OK && found != STORE_NO_BUCKET)
        return common_from_store(rq, found);
    if (found == STORE_OK && str_eq(target.account, rq->bucket.account)) {
        if (str_eq(target.region, rq->bucket.region))
            return S3_OK;
        request_extra(rq, "TargetBucketLocation", target.region);
        if (!str_is(rq->bucket.region, "us-east-1")) /* which has no name here, as recorded */
            request_extra(rq, "SourceBucketLocation", rq->bucket.region);
        return S3_CrossLocationLoggingProhibitted;
    }
    if (found == STORE_OK)
        request_message(rq, "The owner for the bucket to be logged and the target bucket must be "
                            "the same.");
    request_extra(rq, "TargetBucket", name);
    return S3_InvalidTargetBucketForLogging;
}

static const struct document logging = { "logging", &logging_schema, S3_OK, NULL, judge_target };

enum s3_code op_put_bucket_logging(struct request *rq)
{
    return document_put(rq, &logging);
}

enum s3_code op_get_bucket_logging(struct request *rq)
{
    return document_get(rq, &logging);
}

/* ---- encryption, ownership, public access block ---- */

/* What was left out is shown as false. */
static void complete_rule(struct request *rq, const struct xml *root)
{
    struct xml *rule = root->child;
    if (xml_child(rule, "BucketKeyEnabled"))
        return;
    struct xml *added = ARENA_NEW(rq->arena, struct xml);
    *added =
        (struct xml){ .name = STR("BucketKeyEnabled"), .text = STR("false"), .next = rule->child };
    rule->child = added;
}

enum s3_code op_put_bucket_encryption(struct request *rq)
{
    const struct xml *root;
    str inside = STR_NONE;
    enum s3_code code = document_read(rq, &bucket_config_encryption_document, &root);
    if (code != S3_OK)
        return code;
    complete_rule(rq, root);
    code = document_text(rq, &bucket_config_encryption_document, root, &inside);
    return code == S3_OK
               ? document_keep(rq, bucket_config_encryption_document.kind, STR(""), inside, 200)
               : code;
}

enum s3_code op_get_bucket_encryption(struct request *rq)
{
    return document_get(rq, &bucket_config_encryption_document);
}

enum s3_code op_delete_bucket_encryption(struct request *rq)
{
    return document_delete(rq, &bucket_config_encryption_document);
}

enum s3_code op_put_bucket_ownership(struct request *rq)
{
    return document_put(rq, &bucket_config_ownership_document);
}

enum s3_code op_get_bucket_ownership(struct request *rq)
{
    return document_get(rq, &bucket_config_ownership_document);
}

enum s3_code op_delete_bucket_ownership(struct request *rq)
{
    return document_forget(rq, &bucket_config_ownership_document);
}

enum s3_code op_put_public_access_block(struct request *rq)
{
    const struct xml *root;
    enum s3_code code = document_read(rq, &bucket_config_block_document, &root);
    return code == S3_OK ? document_keep(rq, bucket_config_block_document.kind, STR(""),
                                         bucket_config_block_text(rq, root), 200)
                         : code;
}

enum s3_code op_get_public_access_block(struct request *rq)
{
    return document_get(rq, &bucket_config_block_document);
}

enum s3_code op_delete_public_access_block(struct request *rq)
{
    return document_forget(rq, &bucket_config_block_document);
}
