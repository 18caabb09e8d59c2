/* The S3 Control, STS handlers, declared by type. Which file holds which: server/control/README.md.
 */
#ifndef ATOLL_SERVER_CONTROL_HANDLERS_H
#define ATOLL_SERVER_CONTROL_HANDLERS_H

#include "server/operations.h"

/* op_mrap.c: asynchronous requests */
op_fn op_create_mrap, op_delete_mrap, op_put_mrap_policy;
/* op_mrap_describe.c */
op_fn op_describe_mrap_operation;
/* op_mrap_get.c */
op_fn op_get_mrap, op_list_mraps, op_get_mrap_policy, op_get_mrap_policy_status;
/* op_mrap_routes.c */
op_fn op_get_mrap_routes, op_submit_mrap_routes;
/* op_access_point.c */
op_fn op_create_access_point, op_get_access_point, op_list_access_points, op_delete_access_point,
    op_put_access_point_policy, op_get_access_point_policy, op_delete_access_point_policy,
    op_get_access_point_policy_status;
/* op_account_block.c */
op_fn op_put_account_block, op_get_account_block, op_delete_account_block;
/* op_tags.c */
op_fn op_list_tags_for_resource, op_tag_resource, op_untag_resource;

/* op_query.c: the one entry of the query protocol, which finds the action's row. */
op_fn op_query;
/* op_sts.c */
op_fn op_assume_role, op_get_caller_identity, op_get_session_token;
/* op_iam.c: roles and their inline policies */
op_fn op_create_role, op_delete_role, op_delete_role_policy, op_get_role, op_get_role_policy,
    op_list_role_policies, op_list_roles, op_put_role_policy, op_update_assume_role_policy;
/* op_cloudwatch.c: the metrics of S3 */
op_fn op_get_metric_data, op_get_metric_statistics, op_list_metrics;
/* op_job.c, op_job_get.c: S3 Batch Operations */
op_fn op_create_job, op_update_job_priority, op_update_job_status, op_put_job_tagging,
    op_delete_job_tagging;
op_fn op_describe_job, op_list_jobs, op_get_job_tagging;
/* Any AWS host that is not emulated: an error in the service's own shape, naming the host. */
op_fn op_not_emulated;

#endif
