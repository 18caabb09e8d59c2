/* CloudWatch, as far as the metrics of S3 go: ListMetrics and GetMetricStatistics of namespace
 * AWS/S3; GetMetricData is in op_metric_data.c. What is counted, and when, is
 * server/cloudwatch.h's. A Region shows its own metrics only, as in AWS.
 */
#include "server/control/handlers.h"
#include "server/control/metric_ask.h"
#include "server/storage_metrics.h"
#include "server/world.h"

#define MOST_POINTS 1440 /* of GetMetricStatistics [AWS] */
#define METRICS_PAGE 500 /* [AWS] */
#define RECENT_MINUTES 180
#define MOST_STATISTICS 5
#define MOST_PERCENTILES 10 /* [AWS] */

/* --- ListMetrics --- */

static bool has_dimensions(const struct cloudwatch_metric *metric,
                           const struct cloudwatch_query *wanted)
{
    for (size_t i = 0; i < CLOUDWATCH_DIMENSIONS && wanted->dimensions[i].name; i++) {
        const struct cloudwatch_dimension *want = &wanted->dimensions[i];
        bool found = false;
        for (size_t j = 0; j < CLOUDWATCH_DIMENSIONS && metric->dimensions[j].name; j++)
            found = found ||
                    (strcmp(want->name, metric->dimensions[j].name) == 0 &&
                     (want->value.size == 0 || str_eq(want->value, metric->dimensions[j].value)));
        if (!found)
            return false;
    }
    return true;
}

static void write_metric(struct rpc_answer *answer, const struct cloudwatch_metric *metric)
{
    rpc_structure(answer, NULL);
    rpc_add_text(answer, "Namespace", STR("AWS/S3"));
    rpc_add_text(answer, "MetricName", metric->name);
    rpc_list(answer, "Dimensions");
    for (size_t i = 0; i < CLOUDWATCH_DIMENSIONS && metric->dimensions[i].name; i++) {
        rpc_structure(answer, NULL);
        rpc_add_text(answer, "Name", str_of(metric->dimensions[i].name));
        rpc_add_text(answer, "Value", metric->dimensions[i].value);
        rpc_close(answer);
    }
    rpc_close(answer);
    rpc_close(answer);
}

static enum s3_code judge_recent(const struct metric_ask *ask, bool *recent)
{
    str text = rpc_text(ask->rq, ask->input, "RecentlyActive");
    *recent = text.size > 0;
    return text.size == 0 || str_is(text, "PT3H")
               ? S3_OK
               : metric_refuse(ask, S3_InvalidParameterValue, "RecentlyActive", "must be PT3H");
}

/* What was counted, then what lies in the store. */
static size_t list_all(struct request *rq, struct cloudwatch_metric **out)
{
    struct cloudwatch_metric *counted, *stored = NULL;
    size_t first = cloudwatch_list(rq->world->cloudwatch, rq->arena, rq->region, &counted);
    size_t second =
        storage_metrics_list(rq->lane->reader, rq->arena, rq->region, rq->received_at, &stored);
    *out = ARENA_ARRAY(rq->arena, struct cloudwatch_metric, first + second);
    if (first > 0)
        memcpy(*out, counted, first * sizeof **out);
    if (second > 0)
        memcpy(*out + first, stored, second * sizeof **out);
    return first + second;
}

static enum s3_code list_metrics(struct metric_ask *ask)
{
    struct request *rq = ask->rq;
    struct cloudwatch_query wanted = { 0 };
    struct cloudwatch_metric *metrics;
    struct rpc_answer answer;
    uint64_t at, written = 0;
    bool recent;
    str space = rpc_text(rq, ask->input, "Namespace"),
        name = rpc_text(rq, ask->input, "MetricName");
    enum s3_code code = metric_read_dimensions(ask, ask->input, &wanted);
    if (code == S3_OK)
        code = judge_recent(ask, &recent);
    if (code == S3_OK && !metric_read_token(ask, &at))
        code = metric_refuse(ask, S3_InvalidParameterValue, "NextToken", "is invalid");
    if (code != S3_OK)
        return code;
    int64_t oldest = recent ? cloudwatch_minute(rq->received_at) - RECENT_MINUTES : 0;
    size_t count = list_all(rq, &metrics);
    if ((space.size > 0 && !str_is(space, "AWS/S3")) || str_is_set(wanted.name))
        count = 0;
    rpc_begin(rq, &answer, "ListMetrics");
    rpc_list(&answer, "Metrics");
    for (; at < count && written < METRICS_PAGE; at++)
        if ((name.size == 0 || str_eq(name, metrics[at].name)) && metrics[at].last >= oldest &&
            has_dimensions(&metrics[at], &wanted)) {
            write_metric(&answer, &metrics[at]);
            written++;
        }
    rpc_close(&answer);
    if (at < count)
        metric_add_token(&answer, at);
    return rpc_end(&answer);
}

enum s3_code op_list_metrics(struct request *rq)
{
    return metric_call(rq, list_metrics);
}

/* --- GetMetricStatistics --- */

struct statistics {
    str at[MOST_STATISTICS], percentiles[MOST_PERCENTILES];
    size_t count, percentile_count;
};

static enum s3_code read_list(const struct metric_ask *ask, const char *name, str *out, size_t room,
                              size_t *count)
{
    const struct json *item = rpc_first(ask->input, name);
    bool percentiles = room == MOST_PERCENTILES;
    enum s3_code code = S3_OK;
    for (; item && code == S3_OK; item = item->next) {
        if (*count == room)
            return metric_refuse(ask, S3_InvalidParameterValue, name, "has too many members");
        code =
            percentiles && !metric_is_percentile(item->string)
                ? metric_refuse(ask, S3_InvalidParameterValue, name,
                                "must be percentiles from p0 to p100; atoll has no trimmed means")
                : metric_judge_statistic(ask, name, item->string, percentiles);
        out[(*count)++] = item->string;
    }
    return code;
}

/* [AWS] one of the two lists, not both. */
static enum s3_code read_statistics(const struct metric_ask *ask, struct statistics *out)
{
    *out = (struct statistics){ .count = 0 };
    enum s3_code code = read_list(ask, "Statistics", out->at, MOST_STATISTICS, &out->count);
    if (code == S3_OK)
        code = read_list(ask, "ExtendedStatistics", out->percentiles, MOST_PERCENTILES,
                         &out->percentile_count);
    if (code != S3_OK)
        return code;
    if (out->count > 0 && out->percentile_count > 0)
        return metric_refuse(ask, S3_InvalidParameterCombination, "Statistics",
                             "cannot be given together with ExtendedStatistics");
    return out->count + out->percentile_count > 0
               ? S3_OK
               : metric_missing(ask, "Statistics or ExtendedStatistics");
}

static enum s3_code judge_points(const struct metric_ask *ask, const struct cloudwatch_query *query)
{
    double period = 60;
    (void) rpc_number(ask->input, "Period", &period);
    int64_t asked = (int64_t) ((double) (query->to - query->from) * 60 / period);
    if (asked <= MOST_POINTS)
        return S3_OK;
    request_message(ask->rq,
                    "You have requested up to %lld datapoints, which exceeds the limit of %d. You "
                    "may reduce the datapoints requested by increasing Period, or decreasing the "
                    "time range.",
                    (long long) asked, MOST_POINTS);
    return S3_InvalidParameterCombination;
}

static enum s3_code read_all(struct metric_ask *ask, struct cloudwatch_query *query,
                             struct statistics *wanted)
{
    enum s3_code code = metric_read(ask, ask->input, ask->input, query);
    if (code == S3_OK)
        code = metric_read_range(ask, query);
    struct cloudwatch_query asked = *query;
    if (code == S3_OK)
        code = metric_read_period(ask, ask->input, query);
    if (code == S3_OK)
        code = judge_points(ask, &asked);
    if (code == S3_OK)
        code = read_statistics(ask, wanted);
    return code;
}

static void write_point(struct rpc_answer *answer, const struct cloudwatch_point *point,
                        const struct statistics *wanted, str unit)
{
    rpc_structure(answer, NULL);
    rpc_add_time(answer, "Timestamp", point->minute * 60);
    for (size_t i = 0; i < wanted->count; i++)
        rpc_add_real(answer, str_c(answer->rq->arena, wanted->at[i]),
                     metric_value_of(point, wanted->at[i]));
    rpc_add_text(answer, "Unit", unit);
    if (wanted->percentile_count > 0) {
        rpc_structure(answer, "ExtendedStatistics");
        for (size_t i = 0; i < wanted->percentile_count; i++)
            rpc_add_entry(answer, wanted->percentiles[i],
                          metric_value_of(point, wanted->percentiles[i]));
        rpc_close(answer);
    }
    rpc_close(answer);
}

static enum s3_code get_metric_statistics(struct metric_ask *ask)
{
    struct cloudwatch_query query;
    struct statistics wanted;
    struct rpc_answer answer;
    enum s3_code code = read_all(ask, &query, &wanted);
    if (code != S3_OK)
        return code;
    query.spread = wanted.percentile_count > 0;
    struct cloudwatch_points points = metric_points(ask, &query);
    rpc_begin(ask->rq, &answer, "GetMetricStatistics");
    rpc_list(&answer, "Datapoints");
    for (size_t i = 0; i < points.count; i++)
        write_point(&answer, &points.at[i], &wanted, str_of(cloudwatch_unit(query.name)));
    rpc_close(&answer);
    rpc_add_text(&answer, "Label", rpc_text(ask->rq, ask->input, "MetricName"));
    return rpc_end(&answer);
}

enum s3_code op_get_metric_statistics(struct request *rq)
{
    return metric_call(rq, get_metric_statistics);
}
