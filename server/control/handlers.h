/* The S3 Control, STS handlers, declared by type. Which file holds which: server/control/README.md.
 */
#ifndef ATOLL_SERVER_CONTROL_HANDLERS_H
#define ATOLL_SERVER_CONTROL_HANDLERS_H

#include "server/operations.h"

/* op_mrap.c: asynchronous requests */
op_fn op_create_mrap, op_delete_mrap, op_put_mrap_policy, op_describe_mrap_operation;
/* op_mrap_get.c */
op_fn op_get_mrap, op_list_mraps, op_get_mrap_policy, op_get_mrap_policy_status;
/* op_mrap_routes.c */
op_fn op_get_mrap_routes, op_submit_mrap_routes;

/* op_sts.c: the query protocol, one entry; finds the action itself. */
op_fn op_sts;
/* op_iam.c: the same of IAM, for roles. */
op_fn op_iam;
/* op_cloudwatch.c: the same of CloudWatch, for metrics of S3. */
op_fn op_cloudwatch;
/* Any AWS host that is not emulated: an error in the service's own shape, naming the host. */
op_fn op_not_emulated;

#endif
