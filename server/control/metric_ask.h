/* metric_ask: what the CloudWatch handlers share: reading the parameters of a metric, its points
 * and its statistics, refusals with CloudWatch's codes. Ownership: the request's arena. Threads:
 * the request's.
 */
#ifndef ATOLL_SERVER_CONTROL_METRIC_ASK_H
#define ATOLL_SERVER_CONTROL_METRIC_ASK_H

#include "server/cloudwatch.h"
#include "server/control/rpc.h"

struct metric_ask {
    struct request *rq;
    const struct json *input;
    bool validation; /* GetMetricData calls every refusal a ValidationError [AWS] */
    bool pending_known;
    struct cloudwatch_pending *pending;
    size_t pending_count;
};

/* Reads the body and runs the call. */
enum s3_code metric_call(struct request *rq, enum s3_code (*run)(struct metric_ask *ask));
/* "The parameter NAME WHY." with that code, or ValidationError. */
enum s3_code metric_refuse(const struct metric_ask *ask, enum s3_code code, const char *name,
                           const char *why);
enum s3_code metric_missing(const struct metric_ask *ask, const char *name);

/* Namespace, MetricName and Dimensions of a node; Unit of another; a metric that cannot be there is
 * one without a name. */
enum s3_code metric_read(struct metric_ask *ask, const struct json *metric,
                         const struct json *unit_at, struct cloudwatch_query *query);
enum s3_code metric_read_dimensions(struct metric_ask *ask, const struct json *node,
                                    struct cloudwatch_query *query);
/* StartTime and EndTime of the input. */
enum s3_code metric_read_range(struct metric_ask *ask, struct cloudwatch_query *query);
/* Nothing older than what is kept is looked for, nothing after now can be there. */
void metric_clip(struct cloudwatch_query *query);
/* Period of a node, after the range: it clips the range to what can have points. */
enum s3_code metric_read_period(struct metric_ask *ask, const struct json *node,
                                struct cloudwatch_query *query);
struct cloudwatch_points metric_points(struct metric_ask *ask, struct cloudwatch_query *query);

/* "Sum", "p99.9"; S3_OK when there is such a one. */
enum s3_code metric_judge_statistic(const struct metric_ask *ask, const char *name, str statistic,
                                    bool percentiles);
bool metric_is_percentile(str statistic);
double metric_value_of(const struct cloudwatch_point *point, str statistic);

/* A page's place; *out is 0 without a token. False when it is not ours. */
bool metric_read_token(const struct metric_ask *ask, uint64_t *out);
void metric_add_token(struct rpc_answer *answer, uint64_t next);

#endif
