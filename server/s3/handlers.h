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
/* op_put.c, op_get.c, op_delete.c, op_copy.c */
op_fn op_put_object, op_get_object, op_head_object, op_delete_object, op_delete_objects, op_copy_object;
/* op_list.c */
op_fn op_list_objects, op_list_objects_v2, op_list_object_versions, op_list_uploads;
/* op_upload.c */
op_fn op_create_upload, op_upload_part, op_upload_part_copy, op_complete_upload, op_abort_upload, op_list_parts;

#endif
