/* The one table of operations (operations.h), and how a request finds its row.
 *
 * S3 is told apart by what stands in the query and in one header, S3 Control by its path. A row
 * fits when all it asks for is there and no sub-resource is left that it did not ask for: "?acl"
 * must never end in GetObject because somebody misspelt the method. Of the rows that fit, the one
 * that asks for most wins; operations_test proves that this leaves no doubt.
 */
#include "server/operations.h"

#include "server/control/handlers.h"
#include "server/s3/handlers.h"

#define CONTROL_PREFIX "/v20180820"

static const struct operation operations[] = {
    /* the service */
    { "ListBuckets", "GET", AT_SERVICE, NULL, "s3:ListAllMyBuckets", 0, op_list_buckets },
    { "WriteGetObjectResponse", "POST", AT_SERVICE, "@x-amz-request-route",
      "s3:WriteGetObjectResponse", OP_MISSING, NULL },
    /* a bucket */
    { "CreateBucket", "PUT", AT_BUCKET, NULL, "s3:CreateBucket",
      OP_WRITE | OP_DOCUMENT | OP_NO_BUCKET, op_create_bucket },
    { "DeleteBucket", "DELETE", AT_BUCKET, NULL, "s3:DeleteBucket", OP_WRITE, op_delete_bucket },
    { "DeleteBucketReplication", "DELETE", AT_BUCKET, "replication",
      "s3:PutReplicationConfiguration", OP_WRITE, op_delete_bucket_replication },
    { "DeleteObjects", "POST", AT_BUCKET, "delete", "s3:DeleteObject", OP_WRITE | OP_DOCUMENT,
      op_delete_objects },
    { "GetBucketLocation", "GET", AT_BUCKET, "location", "s3:GetBucketLocation", OP_ANY_REGION,
      op_get_bucket_location },
    { "GetBucketReplication", "GET", AT_BUCKET, "replication", "s3:GetReplicationConfiguration", 0,
      op_get_bucket_replication },
    { "GetBucketVersioning", "GET", AT_BUCKET, "versioning", "s3:GetBucketVersioning", 0,
      op_get_bucket_versioning },
    { "HeadBucket", "HEAD", AT_BUCKET, NULL, "s3:ListBucket", 0, op_head_bucket },
    { "ListMultipartUploads", "GET", AT_BUCKET, "uploads", "s3:ListBucketMultipartUploads", OP_MRAP,
      op_list_uploads },
    { "ListObjectVersions", "GET", AT_BUCKET, "versions", "s3:ListBucketVersions", 0,
      op_list_object_versions },
    { "ListObjects", "GET", AT_BUCKET, NULL, "s3:ListBucket", 0, op_list_objects },
    { "ListObjectsV2", "GET", AT_BUCKET, "list-type=2", "s3:ListBucket", OP_MRAP,
      op_list_objects_v2 },
    { "PutBucketReplication", "PUT", AT_BUCKET, "replication", "s3:PutReplicationConfiguration",
      OP_WRITE | OP_DOCUMENT, op_put_bucket_replication },
    { "PutBucketVersioning", "PUT", AT_BUCKET, "versioning", "s3:PutBucketVersioning",
      OP_WRITE | OP_DOCUMENT, op_put_bucket_versioning },
    { "DeleteBucketAnalyticsConfiguration", "DELETE", AT_BUCKET, "analytics&id",
      "s3:PutAnalyticsConfiguration", OP_WRITE, op_delete_bucket_analytics },
    { "DeleteBucketCors", "DELETE", AT_BUCKET, "cors", "s3:PutBucketCORS", OP_WRITE,
      op_delete_bucket_cors },
    { "DeleteBucketEncryption", "DELETE", AT_BUCKET, "encryption", "s3:PutEncryptionConfiguration",
      OP_WRITE, op_delete_bucket_encryption },
    { "DeleteBucketIntelligentTieringConfiguration", "DELETE", AT_BUCKET, "intelligent-tiering&id",
      "s3:PutIntelligentTieringConfiguration", OP_WRITE, op_delete_bucket_intelligent_tiering },
    { "DeleteBucketInventoryConfiguration", "DELETE", AT_BUCKET, "inventory&id",
      "s3:PutInventoryConfiguration", OP_WRITE, op_delete_bucket_inventory },
    { "DeleteBucketLifecycle", "DELETE", AT_BUCKET, "lifecycle", "s3:PutLifecycleConfiguration",
      OP_WRITE, op_delete_bucket_lifecycle },
    { "DeleteBucketMetricsConfiguration", "DELETE", AT_BUCKET, "metrics&id",
      "s3:PutMetricsConfiguration", OP_WRITE, op_delete_bucket_metrics },
    { "DeleteBucketOwnershipControls", "DELETE", AT_BUCKET, "ownershipControls",
      "s3:PutBucketOwnershipControls", OP_WRITE, op_delete_bucket_ownership },
    { "DeleteBucketPolicy", "DELETE", AT_BUCKET, "policy", "s3:DeleteBucketPolicy", OP_WRITE,
      op_delete_bucket_policy },
    { "DeleteBucketTagging", "DELETE", AT_BUCKET, "tagging", "s3:PutBucketTagging", OP_WRITE,
      op_delete_bucket_tagging },
    { "DeleteBucketWebsite", "DELETE", AT_BUCKET, "website", "s3:DeleteBucketWebsite", OP_WRITE,
      op_delete_bucket_website },
    { "DeletePublicAccessBlock", "DELETE", AT_BUCKET, "publicAccessBlock",
      "s3:PutBucketPublicAccessBlock", OP_WRITE, op_delete_public_access_block },
    { "GetBucketAccelerateConfiguration", "GET", AT_BUCKET, "accelerate",
      "s3:GetAccelerateConfiguration", 0, op_get_bucket_accelerate },
    { "GetBucketAcl", "GET", AT_BUCKET, "acl", "s3:GetBucketAcl", 0, op_get_bucket_acl },
    { "GetBucketAnalyticsConfiguration", "GET", AT_BUCKET, "analytics&id",
      "s3:GetAnalyticsConfiguration", 0, op_get_bucket_analytics },
    { "GetBucketCors", "GET", AT_BUCKET, "cors", "s3:GetBucketCORS", 0, op_get_bucket_cors },
    { "GetBucketEncryption", "GET", AT_BUCKET, "encryption", "s3:GetEncryptionConfiguration", 0,
      op_get_bucket_encryption },
    { "GetBucketIntelligentTieringConfiguration", "GET", AT_BUCKET, "intelligent-tiering&id",
      "s3:GetIntelligentTieringConfiguration", 0, op_get_bucket_intelligent_tiering },
    { "GetBucketInventoryConfiguration", "GET", AT_BUCKET, "inventory&id",
      "s3:GetInventoryConfiguration", 0, op_get_bucket_inventory },
    { "GetBucketLifecycleConfiguration", "GET", AT_BUCKET, "lifecycle",
      "s3:GetLifecycleConfiguration", 0, op_get_bucket_lifecycle },
    { "GetBucketLogging", "GET", AT_BUCKET, "logging", "s3:GetBucketLogging", 0,
      op_get_bucket_logging },
    { "GetBucketMetricsConfiguration", "GET", AT_BUCKET, "metrics&id", "s3:GetMetricsConfiguration",
      0, op_get_bucket_metrics },
    { "GetBucketNotificationConfiguration", "GET", AT_BUCKET, "notification",
      "s3:GetBucketNotification", 0, op_get_bucket_notification },
    { "GetBucketOwnershipControls", "GET", AT_BUCKET, "ownershipControls",
      "s3:GetBucketOwnershipControls", 0, op_get_bucket_ownership },
    { "GetBucketPolicy", "GET", AT_BUCKET, "policy", "s3:GetBucketPolicy", 0,
      op_get_bucket_policy },
    { "GetBucketPolicyStatus", "GET", AT_BUCKET, "policyStatus", "s3:GetBucketPolicyStatus", 0,
      op_get_bucket_policy_status },
    { "GetBucketRequestPayment", "GET", AT_BUCKET, "requestPayment", "s3:GetBucketRequestPayment",
      0, op_get_bucket_request_payment },
    { "GetBucketTagging", "GET", AT_BUCKET, "tagging", "s3:GetBucketTagging", 0,
      op_get_bucket_tagging },
    { "GetBucketWebsite", "GET", AT_BUCKET, "website", "s3:GetBucketWebsite", 0,
      op_get_bucket_website },
    { "GetObjectLockConfiguration", "GET", AT_BUCKET, "object-lock",
      "s3:GetBucketObjectLockConfiguration", 0, op_get_object_lock_configuration },
    { "GetPublicAccessBlock", "GET", AT_BUCKET, "publicAccessBlock",
      "s3:GetBucketPublicAccessBlock", 0, op_get_public_access_block },
    { "ListBucketAnalyticsConfigurations", "GET", AT_BUCKET, "analytics",
      "s3:GetAnalyticsConfiguration", 0, op_list_bucket_analytics },
    { "ListBucketIntelligentTieringConfigurations", "GET", AT_BUCKET, "intelligent-tiering",
      "s3:GetIntelligentTieringConfiguration", 0, op_list_bucket_intelligent_tiering },
    { "ListBucketInventoryConfigurations", "GET", AT_BUCKET, "inventory",
      "s3:GetInventoryConfiguration", 0, op_list_bucket_inventory },
    { "ListBucketMetricsConfigurations", "GET", AT_BUCKET, "metrics", "s3:GetMetricsConfiguration",
      0, op_list_bucket_metrics },
    { "PutBucketAccelerateConfiguration", "PUT", AT_BUCKET, "accelerate",
      "s3:PutAccelerateConfiguration", OP_WRITE | OP_DOCUMENT, op_put_bucket_accelerate },
    { "PutBucketAcl", "PUT", AT_BUCKET, "acl", "s3:PutBucketAcl", OP_WRITE | OP_DOCUMENT,
      op_put_bucket_acl },
    { "PutBucketAnalyticsConfiguration", "PUT", AT_BUCKET, "analytics&id",
      "s3:PutAnalyticsConfiguration", OP_WRITE | OP_DOCUMENT, op_put_bucket_analytics },
    { "PutBucketCors", "PUT", AT_BUCKET, "cors", "s3:PutBucketCORS", OP_WRITE | OP_DOCUMENT,
      op_put_bucket_cors },
    { "PutBucketEncryption", "PUT", AT_BUCKET, "encryption", "s3:PutEncryptionConfiguration",
      OP_WRITE | OP_DOCUMENT, op_put_bucket_encryption },
    { "PutBucketIntelligentTieringConfiguration", "PUT", AT_BUCKET, "intelligent-tiering&id",
      "s3:PutIntelligentTieringConfiguration", OP_WRITE | OP_DOCUMENT,
      op_put_bucket_intelligent_tiering },
    { "PutBucketInventoryConfiguration", "PUT", AT_BUCKET, "inventory&id",
      "s3:PutInventoryConfiguration", OP_WRITE | OP_DOCUMENT, op_put_bucket_inventory },
    { "PutBucketLifecycleConfiguration", "PUT", AT_BUCKET, "lifecycle",
      "s3:PutLifecycleConfiguration", OP_WRITE | OP_DOCUMENT, op_put_bucket_lifecycle },
    { "PutBucketLogging", "PUT", AT_BUCKET, "logging", "s3:PutBucketLogging",
      OP_WRITE | OP_DOCUMENT, op_put_bucket_logging },
    { "PutBucketMetricsConfiguration", "PUT", AT_BUCKET, "metrics&id", "s3:PutMetricsConfiguration",
      OP_WRITE | OP_DOCUMENT, op_put_bucket_metrics },
    { "PutBucketNotificationConfiguration", "PUT", AT_BUCKET, "notification",
      "s3:PutBucketNotification", OP_WRITE | OP_DOCUMENT, op_put_bucket_notification },
    { "PutBucketOwnershipControls", "PUT", AT_BUCKET, "ownershipControls",
      "s3:PutBucketOwnershipControls", OP_WRITE | OP_DOCUMENT, op_put_bucket_ownership },
    { "PutBucketPolicy", "PUT", AT_BUCKET, "policy", "s3:PutBucketPolicy", OP_WRITE | OP_DOCUMENT,
      op_put_bucket_policy },
    { "PutBucketRequestPayment", "PUT", AT_BUCKET, "requestPayment", "s3:PutBucketRequestPayment",
      OP_WRITE | OP_DOCUMENT, op_put_bucket_request_payment },
    { "PutBucketTagging", "PUT", AT_BUCKET, "tagging", "s3:PutBucketTagging",
      OP_WRITE | OP_DOCUMENT, op_put_bucket_tagging },
    { "PutBucketWebsite", "PUT", AT_BUCKET, "website", "s3:PutBucketWebsite",
      OP_WRITE | OP_DOCUMENT, op_put_bucket_website },
    { "PutObjectLockConfiguration", "PUT", AT_BUCKET, "object-lock",
      "s3:PutBucketObjectLockConfiguration", OP_WRITE | OP_DOCUMENT,
      op_put_object_lock_configuration },
    { "PutPublicAccessBlock", "PUT", AT_BUCKET, "publicAccessBlock",
      "s3:PutBucketPublicAccessBlock", OP_WRITE | OP_DOCUMENT, op_put_public_access_block },
    { "PostObject", "POST", AT_BUCKET, NULL, "s3:PutObject", OP_WRITE | OP_STREAM | OP_FORM,
      op_post_object },
    { "PreflightRequest", "OPTIONS", AT_BUCKET, NULL, "s3:PreflightRequest", OP_NO_BUCKET,
      op_preflight },
    { "CreateSession", "GET", AT_BUCKET, "session", "s3:CreateSession", OP_MISSING, NULL },
    { "GetBucketAbac", "GET", AT_BUCKET, "abac", "s3:GetBucketAbac", OP_MISSING, NULL },
    { "PutBucketAbac", "PUT", AT_BUCKET, "abac", "s3:PutBucketAbac", OP_WRITE | OP_MISSING, NULL },
    { "CreateBucketMetadataConfiguration", "POST", AT_BUCKET, "metadataConfiguration",
      "s3:CreateBucketMetadataTableConfiguration", OP_WRITE | OP_MISSING, NULL },
    { "CreateBucketMetadataTableConfiguration", "POST", AT_BUCKET, "metadataTable",
      "s3:CreateBucketMetadataTableConfiguration", OP_WRITE | OP_MISSING, NULL },
    { "GetBucketMetadataConfiguration", "GET", AT_BUCKET, "metadataConfiguration",
      "s3:GetBucketMetadataTableConfiguration", OP_MISSING, NULL },
    { "GetBucketMetadataTableConfiguration", "GET", AT_BUCKET, "metadataTable",
      "s3:GetBucketMetadataTableConfiguration", OP_MISSING, NULL },
    { "DeleteBucketMetadataConfiguration", "DELETE", AT_BUCKET, "metadataConfiguration",
      "s3:DeleteBucketMetadataTableConfiguration", OP_WRITE | OP_MISSING, NULL },
    { "DeleteBucketMetadataTableConfiguration", "DELETE", AT_BUCKET, "metadataTable",
      "s3:DeleteBucketMetadataTableConfiguration", OP_WRITE | OP_MISSING, NULL },
    { "UpdateBucketMetadataInventoryTableConfiguration", "PUT", AT_BUCKET, "metadataInventoryTable",
      "s3:UpdateBucketMetadataInventoryTableConfiguration", OP_WRITE | OP_MISSING, NULL },
    { "UpdateBucketMetadataJournalTableConfiguration", "PUT", AT_BUCKET, "metadataJournalTable",
      "s3:UpdateBucketMetadataJournalTableConfiguration", OP_WRITE | OP_MISSING, NULL },
    { "UpdateBucketMetadataAnnotationTableConfiguration", "PUT", AT_BUCKET,
      "metadataAnnotationTable", "s3:UpdateBucketMetadataAnnotationTableConfiguration",
      OP_WRITE | OP_MISSING, NULL },
    /* an object */
    { "AbortMultipartUpload", "DELETE", AT_OBJECT, "uploadId", "s3:AbortMultipartUpload",
      OP_MRAP | OP_WRITE, op_abort_upload },
    { "CompleteMultipartUpload", "POST", AT_OBJECT, "uploadId", "s3:PutObject",
      OP_MRAP | OP_WRITE | OP_DOCUMENT, op_complete_upload },
    { "CopyObject", "PUT", AT_OBJECT, "@x-amz-copy-source", "s3:PutObject", OP_MRAP | OP_WRITE,
      op_copy_object },
    { "CreateMultipartUpload", "POST", AT_OBJECT, "uploads", "s3:PutObject", OP_MRAP | OP_WRITE,
      op_create_upload },
    { "DeleteObject", "DELETE", AT_OBJECT, NULL, "s3:DeleteObject", OP_MRAP | OP_WRITE,
      op_delete_object },
    { "GetObject", "GET", AT_OBJECT, NULL, "s3:GetObject", OP_MRAP, op_get_object },
    { "HeadObject", "HEAD", AT_OBJECT, NULL, "s3:GetObject", OP_MRAP, op_head_object },
    { "ListParts", "GET", AT_OBJECT, "uploadId", "s3:ListMultipartUploadParts", OP_MRAP,
      op_list_parts },
    { "PutObject", "PUT", AT_OBJECT, NULL, "s3:PutObject", OP_MRAP | OP_WRITE | OP_STREAM,
      op_put_object },
    { "UploadPart", "PUT", AT_OBJECT, "partNumber&uploadId", "s3:PutObject",
      OP_MRAP | OP_WRITE | OP_STREAM, op_upload_part },
    { "UploadPartCopy", "PUT", AT_OBJECT, "partNumber&uploadId&@x-amz-copy-source", "s3:PutObject",
      OP_WRITE, op_upload_part_copy },
    { "DeleteObjectTagging", "DELETE", AT_OBJECT, "tagging", "s3:DeleteObjectTagging",
      OP_MRAP | OP_WRITE, op_delete_object_tagging },
    { "GetObjectAcl", "GET", AT_OBJECT, "acl", "s3:GetObjectAcl", OP_MRAP, op_get_object_acl },
    { "GetObjectAttributes", "GET", AT_OBJECT, "attributes", "s3:GetObjectAttributes", 0,
      op_get_object_attributes },
    { "GetObjectLegalHold", "GET", AT_OBJECT, "legal-hold", "s3:GetObjectLegalHold", OP_MRAP,
      op_get_object_legal_hold },
    { "GetObjectRetention", "GET", AT_OBJECT, "retention", "s3:GetObjectRetention", OP_MRAP,
      op_get_object_retention },
    { "GetObjectTagging", "GET", AT_OBJECT, "tagging", "s3:GetObjectTagging", OP_MRAP,
      op_get_object_tagging },
    { "GetObjectTorrent", "GET", AT_OBJECT, "torrent", "s3:GetObjectTorrent", OP_MISSING, NULL },
    { "PutObjectAcl", "PUT", AT_OBJECT, "acl", "s3:PutObjectAcl", OP_MRAP | OP_WRITE | OP_DOCUMENT,
      op_put_object_acl },
    { "PutObjectLegalHold", "PUT", AT_OBJECT, "legal-hold", "s3:PutObjectLegalHold",
      OP_MRAP | OP_WRITE | OP_DOCUMENT, op_put_object_legal_hold },
    { "PutObjectRetention", "PUT", AT_OBJECT, "retention", "s3:PutObjectRetention",
      OP_MRAP | OP_WRITE | OP_DOCUMENT, op_put_object_retention },
    { "PutObjectTagging", "PUT", AT_OBJECT, "tagging", "s3:PutObjectTagging",
      OP_MRAP | OP_WRITE | OP_DOCUMENT, op_put_object_tagging },
    { "RestoreObject", "POST", AT_OBJECT, "restore", "s3:RestoreObject",
      OP_MRAP | OP_WRITE | OP_DOCUMENT, op_restore_object },
    { "SelectObjectContent", "POST", AT_OBJECT, "select", "s3:GetObject", OP_MISSING, NULL },
    { "PreflightRequest", "OPTIONS", AT_OBJECT, NULL, "s3:PreflightRequest", OP_NO_BUCKET,
      op_preflight },
    { "RenameObject", "PUT", AT_OBJECT, "renameObject", "s3:PutObject", OP_WRITE | OP_MISSING,
      NULL },
    { "UpdateObjectEncryption", "PUT", AT_OBJECT, "encryption", "s3:UpdateObjectEncryption",
      OP_WRITE | OP_MISSING, NULL },
    { "PutObjectAnnotation", "PUT", AT_OBJECT, "annotation", "s3:PutObjectAnnotation",
      OP_WRITE | OP_MISSING, NULL },
    { "GetObjectAnnotation", "GET", AT_OBJECT, "annotation&annotationName",
      "s3:GetObjectAnnotation", OP_MISSING, NULL },
    { "ListObjectAnnotations", "GET", AT_OBJECT, "annotation", "s3:ListObjectAnnotations",
      OP_MISSING, NULL },
    { "DeleteObjectAnnotation", "DELETE", AT_OBJECT, "annotation", "s3:DeleteObjectAnnotation",
      OP_WRITE | OP_MISSING, NULL },
    /* S3 Control: path templates below /v20180820 */
    { "CreateMultiRegionAccessPoint", "POST", AT_CONTROL, "/async-requests/mrap/create",
      "s3:CreateMultiRegionAccessPoint", OP_WRITE | OP_DOCUMENT, op_create_mrap },
    { "DeleteMultiRegionAccessPoint", "POST", AT_CONTROL, "/async-requests/mrap/delete",
      "s3:DeleteMultiRegionAccessPoint", OP_WRITE | OP_DOCUMENT, op_delete_mrap },
    { "DescribeMultiRegionAccessPointOperation", "GET", AT_CONTROL,
      "/async-requests/mrap/{request_token+}", "s3:DescribeMultiRegionAccessPointOperation", 0,
      op_describe_mrap_operation },
    { "GetMultiRegionAccessPoint", "GET", AT_CONTROL, "/mrap/instances/{name+}",
      "s3:GetMultiRegionAccessPoint", 0, op_get_mrap },
    { "GetMultiRegionAccessPointPolicy", "GET", AT_CONTROL, "/mrap/instances/{name+}/policy",
      "s3:GetMultiRegionAccessPointPolicy", 0, op_get_mrap_policy },
    { "GetMultiRegionAccessPointPolicyStatus", "GET", AT_CONTROL,
      "/mrap/instances/{name+}/policystatus", "s3:GetMultiRegionAccessPointPolicyStatus", 0,
      op_get_mrap_policy_status },
    { "GetMultiRegionAccessPointRoutes", "GET", AT_CONTROL, "/mrap/instances/{mrap+}/routes",
      "s3:GetMultiRegionAccessPointRoutes", 0, op_get_mrap_routes },
    { "ListMultiRegionAccessPoints", "GET", AT_CONTROL, "/mrap/instances",
      "s3:ListMultiRegionAccessPoints", 0, op_list_mraps },
    { "PutMultiRegionAccessPointPolicy", "POST", AT_CONTROL, "/async-requests/mrap/put-policy",
      "s3:PutMultiRegionAccessPointPolicy", OP_WRITE | OP_DOCUMENT, op_put_mrap_policy },
    { "SubmitMultiRegionAccessPointRoutes", "PATCH", AT_CONTROL, "/mrap/instances/{mrap+}/routes",
      "s3:SubmitMultiRegionAccessPointRoutes", OP_WRITE | OP_DOCUMENT, op_submit_mrap_routes },
    { "CreateAccessPoint", "PUT", AT_CONTROL, "/accesspoint/{name}", "s3:CreateAccessPoint",
      OP_WRITE | OP_DOCUMENT, op_create_access_point },
    { "CreateAccessPointForObjectLambda", "PUT", AT_CONTROL, "/accesspointforobjectlambda/{name}",
      "s3:CreateAccessPointForObjectLambda", OP_WRITE | OP_MISSING, NULL },
    { "CreateBucket", "PUT", AT_CONTROL, "/bucket/{name}", "s3:CreateBucket",
      OP_WRITE | OP_DOCUMENT | OP_NO_BUCKET | OP_MISSING, NULL },
    { "CreateJob", "POST", AT_CONTROL, "/jobs", "s3:CreateJob", OP_WRITE | OP_DOCUMENT,
      op_create_job },
    { "DeleteAccessPoint", "DELETE", AT_CONTROL, "/accesspoint/{name}", "s3:DeleteAccessPoint",
      OP_WRITE, op_delete_access_point },
    { "DeleteAccessPointForObjectLambda", "DELETE", AT_CONTROL,
      "/accesspointforobjectlambda/{name}", "s3:DeleteAccessPointForObjectLambda",
      OP_WRITE | OP_MISSING, NULL },
    { "DeleteAccessPointPolicy", "DELETE", AT_CONTROL, "/accesspoint/{name}/policy",
      "s3:DeleteAccessPointPolicy", OP_WRITE, op_delete_access_point_policy },
    { "DeleteAccessPointPolicyForObjectLambda", "DELETE", AT_CONTROL,
      "/accesspointforobjectlambda/{name}/policy", "s3:DeleteAccessPointPolicyForObjectLambda",
      OP_WRITE | OP_MISSING, NULL },
    { "DeleteBucket", "DELETE", AT_CONTROL, "/bucket/{name}", "s3:DeleteBucket",
      OP_WRITE | OP_MISSING, NULL },
    { "DeleteBucketLifecycleConfiguration", "DELETE", AT_CONTROL,
      "/bucket/{name}/lifecycleconfiguration", "s3:DeleteBucketLifecycleConfiguration",
      OP_WRITE | OP_MISSING, NULL },
    { "DeleteBucketPolicy", "DELETE", AT_CONTROL, "/bucket/{name}/policy", "s3:DeleteBucketPolicy",
      OP_WRITE | OP_MISSING, NULL },
    { "DeleteBucketTagging", "DELETE", AT_CONTROL, "/bucket/{name}/tagging",
      "s3:DeleteBucketTagging", OP_WRITE | OP_MISSING, NULL },
    { "DeleteJobTagging", "DELETE", AT_CONTROL, "/jobs/{id}/tagging", "s3:DeleteJobTagging",
      OP_WRITE, op_delete_job_tagging },
    { "DeletePublicAccessBlock", "DELETE", AT_CONTROL, "/configuration/publicAccessBlock",
      "s3:PutAccountPublicAccessBlock", OP_WRITE, op_delete_account_block },
    { "DeleteStorageLensConfiguration", "DELETE", AT_CONTROL, "/storagelens/{storagelensid}",
      "s3:DeleteStorageLensConfiguration", OP_WRITE | OP_MISSING, NULL },
    { "DeleteStorageLensConfigurationTagging", "DELETE", AT_CONTROL,
      "/storagelens/{storagelensid}/tagging", "s3:DeleteStorageLensConfigurationTagging",
      OP_WRITE | OP_MISSING, NULL },
    { "DescribeJob", "GET", AT_CONTROL, "/jobs/{id}", "s3:DescribeJob", 0, op_describe_job },
    { "GetAccessPoint", "GET", AT_CONTROL, "/accesspoint/{name}", "s3:GetAccessPoint", 0,
      op_get_access_point },
    { "GetAccessPointConfigurationForObjectLambda", "GET", AT_CONTROL,
      "/accesspointforobjectlambda/{name}/configuration",
      "s3:GetAccessPointConfigurationForObjectLambda", OP_MISSING, NULL },
    { "GetAccessPointForObjectLambda", "GET", AT_CONTROL, "/accesspointforobjectlambda/{name}",
      "s3:GetAccessPointForObjectLambda", OP_MISSING, NULL },
    { "GetAccessPointPolicy", "GET", AT_CONTROL, "/accesspoint/{name}/policy",
      "s3:GetAccessPointPolicy", 0, op_get_access_point_policy },
    { "GetAccessPointPolicyForObjectLambda", "GET", AT_CONTROL,
      "/accesspointforobjectlambda/{name}/policy", "s3:GetAccessPointPolicyForObjectLambda",
      OP_MISSING, NULL },
    { "GetAccessPointPolicyStatus", "GET", AT_CONTROL, "/accesspoint/{name}/policyStatus",
      "s3:GetAccessPointPolicyStatus", 0, op_get_access_point_policy_status },
    { "GetAccessPointPolicyStatusForObjectLambda", "GET", AT_CONTROL,
      "/accesspointforobjectlambda/{name}/policyStatus",
      "s3:GetAccessPointPolicyStatusForObjectLambda", OP_MISSING, NULL },
    { "GetBucket", "GET", AT_CONTROL, "/bucket/{name}", "s3:GetBucket", OP_MISSING, NULL },
    { "GetBucketLifecycleConfiguration", "GET", AT_CONTROL, "/bucket/{name}/lifecycleconfiguration",
      "s3:GetBucketLifecycleConfiguration", OP_MISSING, NULL },
    { "GetBucketPolicy", "GET", AT_CONTROL, "/bucket/{name}/policy", "s3:GetBucketPolicy",
      OP_MISSING, NULL },
    { "GetBucketTagging", "GET", AT_CONTROL, "/bucket/{name}/tagging", "s3:GetBucketTagging",
      OP_MISSING, NULL },
    { "GetBucketVersioning", "GET", AT_CONTROL, "/bucket/{name}/versioning",
      "s3:GetBucketVersioning", OP_MISSING, NULL },
    { "GetJobTagging", "GET", AT_CONTROL, "/jobs/{id}/tagging", "s3:GetJobTagging", 0,
      op_get_job_tagging },
    { "GetPublicAccessBlock", "GET", AT_CONTROL, "/configuration/publicAccessBlock",
      "s3:GetAccountPublicAccessBlock", 0, op_get_account_block },
    { "GetStorageLensConfiguration", "GET", AT_CONTROL, "/storagelens/{storagelensid}",
      "s3:GetStorageLensConfiguration", OP_MISSING, NULL },
    { "GetStorageLensConfigurationTagging", "GET", AT_CONTROL,
      "/storagelens/{storagelensid}/tagging", "s3:GetStorageLensConfigurationTagging", OP_MISSING,
      NULL },
    { "ListAccessPoints", "GET", AT_CONTROL, "/accesspoint", "s3:ListAccessPoints", 0,
      op_list_access_points },
    { "ListAccessPointsForObjectLambda", "GET", AT_CONTROL, "/accesspointforobjectlambda",
      "s3:ListAccessPointsForObjectLambda", OP_MISSING, NULL },
    { "ListJobs", "GET", AT_CONTROL, "/jobs", "s3:ListJobs", 0, op_list_jobs },
    { "ListRegionalBuckets", "GET", AT_CONTROL, "/bucket", "s3:ListRegionalBuckets", OP_MISSING,
      NULL },
    { "ListStorageLensConfigurations", "GET", AT_CONTROL, "/storagelens",
      "s3:ListStorageLensConfigurations", OP_MISSING, NULL },
    { "PutAccessPointConfigurationForObjectLambda", "PUT", AT_CONTROL,
      "/accesspointforobjectlambda/{name}/configuration",
      "s3:PutAccessPointConfigurationForObjectLambda", OP_WRITE | OP_MISSING, NULL },
    { "PutAccessPointPolicy", "PUT", AT_CONTROL, "/accesspoint/{name}/policy",
      "s3:PutAccessPointPolicy", OP_WRITE | OP_DOCUMENT, op_put_access_point_policy },
    { "PutAccessPointPolicyForObjectLambda", "PUT", AT_CONTROL,
      "/accesspointforobjectlambda/{name}/policy", "s3:PutAccessPointPolicyForObjectLambda",
      OP_WRITE | OP_MISSING, NULL },
    { "PutBucketLifecycleConfiguration", "PUT", AT_CONTROL, "/bucket/{name}/lifecycleconfiguration",
      "s3:PutBucketLifecycleConfiguration", OP_WRITE | OP_MISSING, NULL },
    { "PutBucketPolicy", "PUT", AT_CONTROL, "/bucket/{name}/policy", "s3:PutBucketPolicy",
      OP_WRITE | OP_MISSING, NULL },
    { "PutBucketTagging", "PUT", AT_CONTROL, "/bucket/{name}/tagging", "s3:PutBucketTagging",
      OP_WRITE | OP_MISSING, NULL },
    { "PutBucketVersioning", "PUT", AT_CONTROL, "/bucket/{name}/versioning",
      "s3:PutBucketVersioning", OP_WRITE | OP_DOCUMENT | OP_MISSING, NULL },
    { "PutJobTagging", "PUT", AT_CONTROL, "/jobs/{id}/tagging", "s3:PutJobTagging",
      OP_WRITE | OP_DOCUMENT, op_put_job_tagging },
    { "PutPublicAccessBlock", "PUT", AT_CONTROL, "/configuration/publicAccessBlock",
      "s3:PutAccountPublicAccessBlock", OP_WRITE | OP_DOCUMENT, op_put_account_block },
    { "PutStorageLensConfiguration", "PUT", AT_CONTROL, "/storagelens/{storagelensid}",
      "s3:PutStorageLensConfiguration", OP_WRITE | OP_MISSING, NULL },
    { "PutStorageLensConfigurationTagging", "PUT", AT_CONTROL,
      "/storagelens/{storagelensid}/tagging", "s3:PutStorageLensConfigurationTagging",
      OP_WRITE | OP_MISSING, NULL },
    { "UpdateJobPriority", "POST", AT_CONTROL, "/jobs/{id}/priority", "s3:UpdateJobPriority",
      OP_WRITE, op_update_job_priority },
    { "UpdateJobStatus", "POST", AT_CONTROL, "/jobs/{id}/status", "s3:UpdateJobStatus", OP_WRITE,
      op_update_job_status },
    { "ListTagsForResource", "GET", AT_CONTROL, "/tags/{resourceArn+}", "s3:ListTagsForResource", 0,
      op_list_tags_for_resource },
    { "TagResource", "POST", AT_CONTROL, "/tags/{resourceArn+}", "s3:TagResource",
      OP_WRITE | OP_DOCUMENT, op_tag_resource },
    { "UntagResource", "DELETE", AT_CONTROL, "/tags/{resourceArn+}", "s3:UntagResource", OP_WRITE,
      op_untag_resource },
    { "PutBucketReplication", "PUT", AT_CONTROL, "/bucket/{name}/replication",
      "s3:PutBucketReplication", OP_WRITE | OP_DOCUMENT | OP_MISSING, NULL },
    { "GetBucketReplication", "GET", AT_CONTROL, "/bucket/{name}/replication",
      "s3:GetBucketReplication", OP_MISSING, NULL },
    { "DeleteBucketReplication", "DELETE", AT_CONTROL, "/bucket/{name}/replication",
      "s3:DeleteBucketReplication", OP_WRITE | OP_MISSING, NULL },
    { "PutAccessPointScope", "PUT", AT_CONTROL, "/accesspoint/{name}/scope",
      "s3:PutAccessPointScope", OP_WRITE | OP_MISSING, NULL },
    { "GetAccessPointScope", "GET", AT_CONTROL, "/accesspoint/{name}/scope",
      "s3:GetAccessPointScope", OP_MISSING, NULL },
    { "DeleteAccessPointScope", "DELETE", AT_CONTROL, "/accesspoint/{name}/scope",
      "s3:DeleteAccessPointScope", OP_WRITE | OP_MISSING, NULL },
    { "ListAccessPointsForDirectoryBuckets", "GET", AT_CONTROL, "/accesspointfordirectory",
      "s3:ListAccessPointsForDirectoryBuckets", OP_MISSING, NULL },
    { "CreateStorageLensGroup", "POST", AT_CONTROL, "/storagelensgroup",
      "s3:CreateStorageLensGroup", OP_WRITE | OP_MISSING, NULL },
    { "ListStorageLensGroups", "GET", AT_CONTROL, "/storagelensgroup", "s3:ListStorageLensGroups",
      OP_MISSING, NULL },
    { "GetStorageLensGroup", "GET", AT_CONTROL, "/storagelensgroup/{name}",
      "s3:GetStorageLensGroup", OP_MISSING, NULL },
    { "UpdateStorageLensGroup", "PUT", AT_CONTROL, "/storagelensgroup/{name}",
      "s3:UpdateStorageLensGroup", OP_WRITE | OP_MISSING, NULL },
    { "DeleteStorageLensGroup", "DELETE", AT_CONTROL, "/storagelensgroup/{name}",
      "s3:DeleteStorageLensGroup", OP_WRITE | OP_MISSING, NULL },
    { "CreateAccessGrantsInstance", "POST", AT_CONTROL, "/accessgrantsinstance",
      "s3:CreateAccessGrantsInstance", OP_WRITE | OP_MISSING, NULL },
    { "GetAccessGrantsInstance", "GET", AT_CONTROL, "/accessgrantsinstance",
      "s3:GetAccessGrantsInstance", OP_MISSING, NULL },
    { "DeleteAccessGrantsInstance", "DELETE", AT_CONTROL, "/accessgrantsinstance",
      "s3:DeleteAccessGrantsInstance", OP_WRITE | OP_MISSING, NULL },
    { "GetAccessGrantsInstanceForPrefix", "GET", AT_CONTROL, "/accessgrantsinstance/prefix",
      "s3:GetAccessGrantsInstanceForPrefix", OP_MISSING, NULL },
    { "AssociateAccessGrantsIdentityCenter", "POST", AT_CONTROL,
      "/accessgrantsinstance/identitycenter", "s3:AssociateAccessGrantsIdentityCenter",
      OP_WRITE | OP_MISSING, NULL },
    { "DissociateAccessGrantsIdentityCenter", "DELETE", AT_CONTROL,
      "/accessgrantsinstance/identitycenter", "s3:DissociateAccessGrantsIdentityCenter",
      OP_WRITE | OP_MISSING, NULL },
    { "PutAccessGrantsInstanceResourcePolicy", "PUT", AT_CONTROL,
      "/accessgrantsinstance/resourcepolicy", "s3:PutAccessGrantsInstanceResourcePolicy",
      OP_WRITE | OP_MISSING, NULL },
    { "GetAccessGrantsInstanceResourcePolicy", "GET", AT_CONTROL,
      "/accessgrantsinstance/resourcepolicy", "s3:GetAccessGrantsInstanceResourcePolicy",
      OP_MISSING, NULL },
    { "DeleteAccessGrantsInstanceResourcePolicy", "DELETE", AT_CONTROL,
      "/accessgrantsinstance/resourcepolicy", "s3:DeleteAccessGrantsInstanceResourcePolicy",
      OP_WRITE | OP_MISSING, NULL },
    { "CreateAccessGrant", "POST", AT_CONTROL, "/accessgrantsinstance/grant",
      "s3:CreateAccessGrant", OP_WRITE | OP_MISSING, NULL },
    { "GetAccessGrant", "GET", AT_CONTROL, "/accessgrantsinstance/grant/{id}", "s3:GetAccessGrant",
      OP_MISSING, NULL },
    { "DeleteAccessGrant", "DELETE", AT_CONTROL, "/accessgrantsinstance/grant/{id}",
      "s3:DeleteAccessGrant", OP_WRITE | OP_MISSING, NULL },
    { "ListAccessGrants", "GET", AT_CONTROL, "/accessgrantsinstance/grants", "s3:ListAccessGrants",
      OP_MISSING, NULL },
    { "ListCallerAccessGrants", "GET", AT_CONTROL, "/accessgrantsinstance/caller/grants",
      "s3:ListCallerAccessGrants", OP_MISSING, NULL },
    { "CreateAccessGrantsLocation", "POST", AT_CONTROL, "/accessgrantsinstance/location",
      "s3:CreateAccessGrantsLocation", OP_WRITE | OP_MISSING, NULL },
    { "GetAccessGrantsLocation", "GET", AT_CONTROL, "/accessgrantsinstance/location/{id}",
      "s3:GetAccessGrantsLocation", OP_MISSING, NULL },
    { "UpdateAccessGrantsLocation", "PUT", AT_CONTROL, "/accessgrantsinstance/location/{id}",
      "s3:UpdateAccessGrantsLocation", OP_WRITE | OP_MISSING, NULL },
    { "DeleteAccessGrantsLocation", "DELETE", AT_CONTROL, "/accessgrantsinstance/location/{id}",
      "s3:DeleteAccessGrantsLocation", OP_WRITE | OP_MISSING, NULL },
    { "ListAccessGrantsLocations", "GET", AT_CONTROL, "/accessgrantsinstance/locations",
      "s3:ListAccessGrantsLocations", OP_MISSING, NULL },
    { "GetDataAccess", "GET", AT_CONTROL, "/accessgrantsinstance/dataaccess", "s3:GetDataAccess",
      OP_MISSING, NULL },
    { "ListAccessGrantsInstances", "GET", AT_CONTROL, "/accessgrantsinstances",
      "s3:ListAccessGrantsInstances", OP_MISSING, NULL },
    /* the query protocol */
    { "AssumeRole", "POST", AT_STS, "Action=AssumeRole", "", 0, op_assume_role },
    { "GetCallerIdentity", "POST", AT_STS, "Action=GetCallerIdentity", "", 0,
      op_get_caller_identity },
    { "GetSessionToken", "POST", AT_STS, "Action=GetSessionToken", "", 0, op_get_session_token },
    { "CreateRole", "POST", AT_IAM, "Action=CreateRole", "", OP_WRITE, op_create_role },
    { "DeleteRole", "POST", AT_IAM, "Action=DeleteRole", "", OP_WRITE, op_delete_role },
    { "DeleteRolePolicy", "POST", AT_IAM, "Action=DeleteRolePolicy", "", OP_WRITE,
      op_delete_role_policy },
    { "GetRole", "POST", AT_IAM, "Action=GetRole", "", 0, op_get_role },
    { "GetRolePolicy", "POST", AT_IAM, "Action=GetRolePolicy", "", 0, op_get_role_policy },
    { "ListRolePolicies", "POST", AT_IAM, "Action=ListRolePolicies", "", 0, op_list_role_policies },
    { "ListRoles", "POST", AT_IAM, "Action=ListRoles", "", 0, op_list_roles },
    { "PutRolePolicy", "POST", AT_IAM, "Action=PutRolePolicy", "", OP_WRITE, op_put_role_policy },
    { "UpdateAssumeRolePolicy", "POST", AT_IAM, "Action=UpdateAssumeRolePolicy", "", OP_WRITE,
      op_update_assume_role_policy },
    { "GetMetricData", "POST", AT_CLOUDWATCH, "Action=GetMetricData", "", 0, op_get_metric_data },
    { "GetMetricStatistics", "POST", AT_CLOUDWATCH, "Action=GetMetricStatistics", "", 0,
      op_get_metric_statistics },
    { "ListMetrics", "POST", AT_CLOUDWATCH, "Action=ListMetrics", "", 0, op_list_metrics },
};

/* Query names that change what a request is about (the model's, and s3's signed sub-resources). */
// clang-format off
static const char *const subresources[] = {
    "abac", "accelerate", "acl", "analytics", "annotation", "annotations", "attributes", "cors",
    "delete", "encryption", "intelligent-tiering", "inventory", "legal-hold", "lifecycle",
    "location", "logging", "metadataAnnotationTable", "metadataConfiguration",
    "metadataInventoryTable", "metadataJournalTable", "metadataTable", "metrics", "notification", "object-lock",
    "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "renameObject",
    "replication", "requestPayment", "restore", "retention", "select", "session", "tagging",
    "torrent", "uploadId", "uploads", "versioning", "versions", "website",
};
// clang-format on

static bool is_subresource(str name, str method)
{
    /* A preflight asks about the request that follows, whatever that one is about. */
    if (str_is(method, "OPTIONS"))
        return false;
    /* GetObject and HeadObject take partNumber as a mere modifier. */
    if (str_is(name, "partNumber"))
        return !str_is(method, "GET") && !str_is(method, "HEAD");
    for (size_t i = 0; i < COUNT(subresources); i++)
        if (str_is(name, subresources[i]))
            return true;
    return false;
}

static bool condition_holds(const struct request *rq, str condition)
{
    str name, value;
    if (condition.ptr[0] == '@') {
        str header = str_skip(condition, 1);
        for (size_t i = 0; i < rq->headers.count; i++)
            if (str_eq_nocase(rq->headers.at[i].name, header))
                return true;
        return false;
    }
    bool valued = str_cut(condition, '=', &name, &value);
    for (size_t i = 0; i < rq->query.count; i++)
        if (str_eq(rq->query.at[i].name, name))
            return !valued || str_eq(rq->query.at[i].value, value);
    return false;
}

static bool selector_names(str selector, str name)
{
    str condition;
    while (str_next(&selector, '&', &condition))
        if (str_eq(condition, name))
            return true;
    return false;
}

/* How many conditions of the selector hold; -1 when one does not, or a sub-resource is left. */
static int query_fit(const struct operation *op, const struct request *rq)
{
    str selector = str_of(op->selector), rest = selector, condition;
    int conditions = 0;
    while (str_next(&rest, '&', &condition)) {
        if (!condition_holds(rq, condition))
            return -1;
        conditions++;
    }
    for (size_t i = 0; i < rq->query.count; i++)
        if (is_subresource(rq->query.at[i].name, rq->method) &&
            !selector_names(selector, rq->query.at[i].name))
            return -1;
    return conditions;
}

/* Literal characters of the template that matched, -1 when it does not. "{x}" is one segment;
 * "{x+}" is greedy, so an ARN with its '/' fits and what follows is split off the end. */
static int path_fit(str template, str path)
{
    size_t open = str_find_char(template, '{');
    if (open == template.size)
        return str_eq(template, path) ? (int) path.size : -1;
    if (path.size <= open || !str_eq(str_first(path, open), str_first(template, open)))
        return -1;
    size_t close = str_find_char(template, '}');
    bool greedy = template.ptr[close - 1] == '+';
    str after = str_skip(template, close + 1), rest = str_skip(path, open);
    size_t end = greedy ? rest.size - (after.size < rest.size ? after.size : rest.size)
                        : str_find_char(rest, '/');
    if (end == 0 || !str_eq(str_skip(rest, end), after))
        return -1;
    return (int) (open + after.size);
}

int operation_fit(const struct operation *op, const struct request *rq, enum op_place place)
{
    if (op->place != place || (place < AT_STS && !str_is(rq->method, op->method)))
        return -1;
    if (place != AT_CONTROL)
        return query_fit(op, rq);
    str path = rq->address.path;
    if (!str_starts(path, STR(CONTROL_PREFIX)))
        return -1;
    path = str_skip(path, sizeof(CONTROL_PREFIX) - 1);
    if (path.size > 1 && path.ptr[path.size - 1] == '/')
        path.size--;
    return path_fit(str_of(op->selector), path);
}

const struct operation *operation_find(const struct request *rq, enum op_place place)
{
    const struct operation *best = NULL;
    int best_fit = -1;
    for (size_t i = 0; i < COUNT(operations); i++) {
        int fit = operation_fit(&operations[i], rq, place);
        if (fit > best_fit) {
            best_fit = fit;
            best = &operations[i];
        }
    }
    return best;
}

const struct operation *operations_all(size_t *count)
{
    *count = COUNT(operations);
    return operations;
}
