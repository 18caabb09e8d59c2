/* The parameters of CloudWatch's three calls, and a metric's points with the copies that are still
 * on their way. */
#include "server/control/metric_ask.h"

#include "base/encode.h"
#include "server/storage_metrics.h"
#include "server/world.h"
#include "storage/queue.h"

#define MOST_DIMENSIONS 30  /* [AWS] */
#define MOST_PENDING 100000 /* [atoll] copies on their way that an answer takes into account */
#define TOKEN_PREFIX "place:"

enum s3_code metric_call(struct request *rq, enum s3_code (*run)(struct metric_ask *ask))
{
    struct metric_ask ask = { .rq = rq };
    if (!rpc_input(rq, &ask.input)) {
        request_message(rq, "The body is no document of the protocol that its headers name.");
        return S3_SerializationException;
    }
    events_flush(rq->world->events);
    return run(&ask);
}

/* --- refusals --- */

enum s3_code metric_refuse(const struct metric_ask *ask, enum s3_code code, const char *name,
                           const char *why)
{
    request_message(ask->rq, "The parameter %s %s.", name, why);
    return ask->validation ? S3_ValidationError : code;
}

enum s3_code metric_missing(const struct metric_ask *ask, const char *name)
{
    return metric_refuse(ask, S3_MissingParameter, name, "is required");
}

/* --- parameters --- */

enum s3_code metric_read_dimensions(struct metric_ask *ask, const struct json *node,
                                    struct cloudwatch_query *query)
{
    const struct json *dimension = rpc_first(node, "Dimensions");
    for (size_t i = 0; dimension; i++, dimension = dimension->next) {
        str name = rpc_text(ask->rq, dimension, "Name");
        if (i == MOST_DIMENSIONS)
            return metric_refuse(ask, S3_InvalidParameterValue, "Dimensions",
                                 "has more than 30 members");
        if (name.size == 0)
            return metric_missing(ask, "Dimensions.member.Name");
        if (i < CLOUDWATCH_DIMENSIONS)
            query->dimensions[i] =
                (struct cloudwatch_dimension){ str_c(ask->rq->arena, name),
                                               rpc_text(ask->rq, dimension, "Value") };
        else
            query->name = STR(""); /* no series has as many: none is found */
    }
    return S3_OK;
}

enum s3_code metric_read(struct metric_ask *ask, const struct json *metric,
                         const struct json *unit_at, struct cloudwatch_query *query)
{
    str space = rpc_text(ask->rq, metric, "Namespace"), unit = rpc_text(ask->rq, unit_at, "Unit");
    *query = (struct cloudwatch_query){ .region = ask->rq->region, .now = ask->rq->received_at };
    query->name = rpc_text(ask->rq, metric, "MetricName");
    if (space.size == 0)
        return metric_missing(ask, "Namespace");
    if (query->name.size == 0)
        return metric_missing(ask, "MetricName");
    /* [AWS] a unit that the data does not have leads to no data. */
    if (!str_is(space, "AWS/S3") || (unit.size > 0 && !str_is(unit, cloudwatch_unit(query->name))))
        query->name = STR("");
    return metric_read_dimensions(ask, metric, query);
}

/* Whole minutes that hold what is between the two times; the later one is not part of it. */
enum s3_code metric_read_range(struct metric_ask *ask, struct cloudwatch_query *query)
{
    static const char *const names[] = { "StartTime", "EndTime" };
    instant at[2];
    for (size_t i = 0; i < COUNT(names); i++) {
        if (json_member(ask->input, names[i]) == NULL)
            return metric_missing(ask, names[i]);
        if (!rpc_instant(ask->input, names[i], &at[i]))
            return metric_refuse(ask, S3_InvalidParameterValue, names[i],
                                 "must be a date and a time, as 2026-01-02T03:04:05Z");
    }
    if (!instant_before(at[0], at[1]))
        return metric_refuse(ask, S3_InvalidParameterValue, "StartTime",
                             "must be less than the parameter EndTime");
    query->from = cloudwatch_minute(at[0]);
    query->to = cloudwatch_minute((instant){ at[1].ns - 1 }) + 1;
    return S3_OK;
}

void metric_clip(struct cloudwatch_query *query)
{
    int64_t last = cloudwatch_minute(query->now);
    int64_t kept = storage_metrics_has(query->name) ? STORAGE_METRICS_MINUTES : CLOUDWATCH_MINUTES;
    if (query->from < last - kept)
        query->from = last - kept;
    if (query->from < 0)
        query->from = 0;
    if (query->to > last + 1)
        query->to = last + 1;
}

/* [AWS] periods begin at multiples of themselves; those below a minute are for metrics that are
 * kept as finely, which these are not. Nothing older than what is kept is looked for, nothing after
 * now can be there. */
enum s3_code metric_read_period(struct metric_ask *ask, const struct json *node,
                                struct cloudwatch_query *query)
{
    static const int64_t fine[] = { 1, 5, 10, 20, 30 };
    double number = 0;
    if (json_member(node, "Period") == NULL)
        return metric_missing(ask, "Period");
    bool good = rpc_number(node, "Period", &number) && number >= 1 && number <= 86400 * 15;
    int64_t seconds = good ? (int64_t) number : 0;
    good = seconds > 0 && seconds % 60 == 0;
    for (size_t i = 0; i < COUNT(fine); i++)
        good = good || seconds == fine[i];
    if (!good)
        return metric_refuse(ask, S3_InvalidParameterValue, "Period",
                             "must be 1, 5, 10, 20, 30 or a multiple of 60 seconds");
    query->period = (seconds + 59) / 60;
    metric_clip(query);
    query->from -= query->from % query->period;
    return S3_OK;
}

/* --- points --- */

static void find_pending(struct metric_ask *ask)
{
    static const enum queue_state states[] = { QUEUE_PENDING, QUEUE_WAITING, QUEUE_HELD };
    struct queue_page pages[COUNT(states)] = { 0 };
    size_t count = 0;
    ask->pending_known = true;
    for (size_t i = 0; i < COUNT(states); i++) {
        const struct queue_filter filter = { .state = states[i] };
        if (store_queue_list(ask->rq->lane->reader, ask->rq->arena, &filter, MOST_PENDING,
                             &pages[i]) == STORE_OK)
            count += pages[i].count;
    }
    ask->pending = ARENA_ARRAY(ask->rq->arena, struct cloudwatch_pending, count);
    for (size_t i = 0; i < COUNT(states); i++)
        for (size_t j = 0; j < pages[i].count; j++) {
            const struct queue_row *row = &pages[i].at[j];
            ask->pending[ask->pending_count++] =
                (struct cloudwatch_pending){ row->source_name, row->destination, row->rule,
                                             row->to_region,   row->size_bytes,  row->queued_at };
        }
}

struct cloudwatch_points metric_points(struct metric_ask *ask, struct cloudwatch_query *query)
{
    if (storage_metrics_has(query->name))
        return storage_metrics_read(ask->rq->lane->reader, ask->rq->arena, query);
    if (!ask->pending_known && cloudwatch_counts_pending(query->name))
        find_pending(ask);
    query->pending = ask->pending;
    query->pending_count = ask->pending_count;
    return cloudwatch_read(ask->rq->world->cloudwatch, ask->rq->arena, query);
}

/* --- statistics --- */

static const char *const statistics[] = { "SampleCount", "Average", "Sum", "Minimum", "Maximum" };

static bool percent_of(str statistic, double *out)
{
    return str_starts(statistic, STR("p")) && str_to_double(str_skip(statistic, 1), out) &&
           *out >= 0 && *out <= 100;
}

bool metric_is_percentile(str statistic)
{
    double percent;
    return percent_of(statistic, &percent);
}

enum s3_code metric_judge_statistic(const struct metric_ask *ask, const char *name, str statistic,
                                    bool percentiles)
{
    if (percentiles && metric_is_percentile(statistic))
        return S3_OK;
    for (size_t i = 0; i < COUNT(statistics); i++)
        if (str_is(statistic, statistics[i]))
            return S3_OK;
    return metric_refuse(ask, S3_InvalidParameterValue, name,
                         percentiles ? "must be SampleCount, Average, Sum, Minimum, Maximum or a "
                                       "percentile from p0 to p100; atoll has no trimmed means"
                                     : "must be SampleCount, Average, Sum, Minimum or Maximum; "
                                       "percentiles go into ExtendedStatistics");
}

double metric_value_of(const struct cloudwatch_point *point, str statistic)
{
    double percent;
    if (percent_of(statistic, &percent))
        return cloudwatch_percentile(point, percent);
    return str_is(statistic, "SampleCount") ? (double) point->samples
           : str_is(statistic, "Average")   ? point->sum / (double) point->samples
           : str_is(statistic, "Sum")       ? point->sum
           : str_is(statistic, "Minimum")   ? point->least
                                            : point->most;
}

/* --- pages --- */

bool metric_read_token(const struct metric_ask *ask, uint64_t *out)
{
    str token = rpc_text(ask->rq, ask->input, "NextToken"), text;
    *out = 0;
    return token.size == 0 ||
           (decode_base64url(ask->rq->arena, token, &text) && str_starts(text, STR(TOKEN_PREFIX)) &&
            str_to_u64(str_skip(text, strlen(TOKEN_PREFIX)), out));
}

void metric_add_token(struct rpc_answer *answer, uint64_t next)
{
    str text = str_format(answer->rq->arena, TOKEN_PREFIX "%llu", (unsigned long long) next);
    rpc_add_text(answer, "NextToken", encode_base64url(answer->rq->arena, text.ptr, text.size));
}
