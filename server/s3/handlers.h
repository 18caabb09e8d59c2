/* The S3 handlers, declared by type: the compiler checks each definition against op_fn.
 * Handlers know neither HTTP nor SQL nor replication: they translate a request into store calls and
 * the outcome into an answer. Which file holds which: server/s3/README.md. */
#ifndef ATOLL_SERVER_S3_HANDLERS_H
#define ATOLL_SERVER_S3_HANDLERS_H

#include "server/operations.h"

/* op_bucket.c */
op_fn op_list_buckets, op_create_bucket, op_head_bucket, op_delete_bucket, op_get_bucket_location,
    op_get_bucket_versioning, op_put_bucket_versioning;
/* op_replication.c */
op_fn op_put_bucket_replication, op_get_bucket_replication, op_delete_bucket_replication;
/* op_settings.c */
op_fn op_put_bucket_accelerate, op_get_bucket_accelerate, op_put_bucket_request_payment,
    op_get_bucket_request_payment, op_put_bucket_logging, op_get_bucket_logging,
    op_put_bucket_encryption, op_get_bucket_encryption, op_delete_bucket_encryption,
    op_put_bucket_ownership, op_get_bucket_ownership, op_delete_bucket_ownership,
    op_put_public_access_block, op_get_public_access_block, op_delete_public_access_block;
/* op_lists.c */
op_fn op_put_bucket_metrics, op_get_bucket_metrics, op_delete_bucket_metrics,
    op_list_bucket_metrics, op_put_bucket_inventory, op_get_bucket_inventory,
    op_delete_bucket_inventory, op_list_bucket_inventory, op_put_bucket_analytics,
    op_get_bucket_analytics, op_delete_bucket_analytics, op_list_bucket_analytics,
    op_put_bucket_intelligent_tiering, op_get_bucket_intelligent_tiering,
    op_delete_bucket_intelligent_tiering, op_list_bucket_intelligent_tiering;
/* op_lifecycle.c, op_notification.c, op_cors.c, op_policy.c */
op_fn op_put_bucket_lifecycle, op_get_bucket_lifecycle, op_delete_bucket_lifecycle,
    op_put_bucket_notification, op_get_bucket_notification, op_put_bucket_cors, op_get_bucket_cors,
    op_delete_bucket_cors, op_preflight, op_put_bucket_policy, op_get_bucket_policy,
    op_delete_bucket_policy, op_get_bucket_policy_status;
/* op_website.c; pages are what website hosts answer GET and HEAD with */
op_fn op_put_bucket_website, op_get_bucket_website, op_delete_bucket_website, op_get_page,
    op_head_page;
/* op_acl.c, op_tagging.c */
op_fn op_put_bucket_acl, op_get_bucket_acl, op_put_object_acl, op_get_object_acl,
    op_put_bucket_tagging, op_get_bucket_tagging, op_delete_bucket_tagging, op_put_object_tagging,
    op_get_object_tagging, op_delete_object_tagging;
/* op_object_lock.c, op_attributes.c, op_restore.c */
op_fn op_put_object_lock_configuration, op_get_object_lock_configuration, op_put_object_retention,
    op_get_object_retention, op_put_object_legal_hold, op_get_object_legal_hold,
    op_get_object_attributes, op_restore_object;
/* op_put.c, op_get.c, op_delete.c, op_copy.c */
op_fn op_put_object, op_get_object, op_head_object, op_delete_object, op_delete_objects,
    op_copy_object;
/* op_post.c */
op_fn op_post_object;
/* op_list.c */
op_fn op_list_objects, op_list_objects_v2, op_list_object_versions, op_list_uploads;
/* op_upload.c */
op_fn op_create_upload, op_upload_part, op_upload_part_copy, op_complete_upload, op_abort_upload,
    op_list_parts;

struct store_put;
/* op_put.c, for PostObject too: what was received becomes a version; then `then` answers, with the
 * headers that op_put_outcome sets. rq->state is `put` meanwhile. */
enum s3_code op_put_store(struct request *rq, struct store_put *put,
                          enum s3_code (*then)(struct request *rq));
enum s3_code op_put_outcome(struct request *rq, struct store_put *put);

#endif
