/* CloudWatch, as far as the metrics of S3 go: ListMetrics, GetMetricStatistics and GetMetricData of
 * namespace AWS/S3, in the query protocol. What is counted, and when, is server/cloudwatch.h's. A
 * Region shows its own metrics only, as in AWS.
 */
#include "server/cloudwatch.h"

#include "server/control/handlers.h"
#include "server/control/query_call.h"
#include "server/world.h"
#include "storage/queue.h"

#define MOST_POINTS 1440        /* of GetMetricStatistics [AWS] */
#define MOST_DATA_POINTS 100800 /* of GetMetricData [AWS] */
#define MOST_QUERIES 500        /* [AWS] */
#define MOST_DIMENSIONS 30      /* [AWS] */
#define MOST_STATISTICS 5
#define MOST_PENDING 100000 /* [atoll] copies on their way that an answer takes into account */

struct ask {
    struct request *rq;
    struct cloudwatch_pending *pending;
    size_t pending_count;
};

/* --- parameters --- */

static str text_at(const struct ask *ask, str prefix, const char *name)
{
    return request_query(ask->rq, str_format(ask->rq->arena, "%.*s%s", STR_ARG(prefix), name).ptr);
}

static enum s3_code refuse(const struct ask *ask, str name, const char *why)
{
    request_message(ask->rq, "The parameter %.*s %s.", STR_ARG(name), why);
    return S3_ValidationError;
}

/* Also 1767323045 and 1767323045.5, as some clients write a time. */
static bool read_time(const struct ask *ask, const char *name, instant *out)
{
    str text = request_query(ask->rq, name);
    double seconds;
    if (instant_parse_iso8601(text, out))
        return true;
    if (!str_to_double(text, &seconds) || seconds < 0 || seconds > 9e9)
        return false;
    *out = (instant){ (int64_t) seconds * 1000000000 };
    return true;
}

/* Whole minutes that hold what is between the two times; the later one is not part of it. */
static enum s3_code read_range(const struct ask *ask, struct cloudwatch_query *query)
{
    instant from, to;
    if (!read_time(ask, "StartTime", &from))
        return refuse(ask, STR("StartTime"), "is required, as an instant");
    if (!read_time(ask, "EndTime", &to))
        return refuse(ask, STR("EndTime"), "is required, as an instant");
    if (!instant_before(from, to))
        return refuse(ask, STR("StartTime"), "must be less than the parameter EndTime");
    query->from = cloudwatch_minute(from);
    query->to = cloudwatch_minute((instant){ to.ns - 1 }) + 1;
    return S3_OK;
}

/* [AWS] periods begin at multiples of themselves. Nothing older than what is kept is looked for,
 * nothing after now can be there. */
static enum s3_code read_period(const struct ask *ask, str name, struct cloudwatch_query *query)
{
    uint64_t seconds;
    if (!str_to_u64(request_query(ask->rq, str_c(ask->rq->arena, name)), &seconds) ||
        seconds == 0 || seconds % 60 != 0 || seconds > 86400 * 15)
        return refuse(ask, name, "must be a multiple of 60 seconds");
    int64_t last = cloudwatch_minute(query->now), period = (int64_t) seconds / 60;
    query->period = period;
    if (query->from < last - CLOUDWATCH_MINUTES)
        query->from = last - CLOUDWATCH_MINUTES;
    if (query->from < 0)
        query->from = 0;
    query->from -= query->from % period;
    if (query->to > last + 1)
        query->to = last + 1;
    return S3_OK;
}

static enum s3_code read_dimensions(const struct ask *ask, str prefix,
                                    struct cloudwatch_query *query)
{
    for (unsigned i = 0; i < MOST_DIMENSIONS; i++) {
        str at = str_format(ask->rq->arena, "%.*sDimensions.member.%u.", STR_ARG(prefix), i + 1);
        str name = text_at(ask, at, "Name");
        if (name.size == 0)
            return S3_OK;
        if (i == CLOUDWATCH_DIMENSIONS) { /* no series has as many: none is found */
            query->name = STR("");
            return S3_OK;
        }
        query->dimensions[i] =
            (struct cloudwatch_dimension){ str_c(ask->rq->arena, name), text_at(ask, at, "Value") };
    }
    return refuse(ask, STR("Dimensions"), "has more than 30 members");
}

static enum s3_code read_metric(const struct ask *ask, str prefix, struct cloudwatch_query *query)
{
    str space = text_at(ask, prefix, "Namespace");
    query->name = text_at(ask, prefix, "MetricName");
    if (space.size == 0)
        return refuse(ask, STR("Namespace"), "is required");
    if (query->name.size == 0)
        return refuse(ask, STR("MetricName"), "is required");
    if (!str_is(space, "AWS/S3"))
        query->name = STR("");
    return read_dimensions(ask, prefix, query);
}

/* --- what is on its way --- */

static void find_pending(struct ask *ask)
{
    static const enum queue_state states[] = { QUEUE_PENDING, QUEUE_WAITING, QUEUE_HELD };
    struct queue_page pages[COUNT(states)] = { 0 };
    size_t count = 0;
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

static const struct ask *ask_of(struct request *rq)
{
    struct ask *ask = ARENA_NEW(rq->arena, struct ask);
    ask->rq = rq;
    events_flush(rq->world->events);
    find_pending(ask);
    return ask;
}

static struct cloudwatch_query query_of(const struct ask *ask)
{
    return (struct cloudwatch_query){ .region = ask->rq->region,
                                      .now = ask->rq->received_at,
                                      .pending = ask->pending,
                                      .pending_count = ask->pending_count };
}

/* --- answers --- */

static const char *const statistics[MOST_STATISTICS] = { "SampleCount", "Average", "Sum", "Minimum",
                                                         "Maximum" };

static bool is_statistic(str name)
{
    for (size_t i = 0; i < MOST_STATISTICS; i++)
        if (str_is(name, statistics[i]))
            return true;
    return false;
}

static str value_of(struct arena *arena, const struct cloudwatch_point *point, str statistic)
{
    double value = str_is(statistic, "SampleCount") ? (double) point->samples
                   : str_is(statistic, "Average")   ? point->sum / (double) point->samples
                   : str_is(statistic, "Sum")       ? point->sum
                   : str_is(statistic, "Minimum")   ? point->least
                                                    : point->most;
    return str_format(arena, "%.17g", value);
}

static str time_of(struct arena *arena, const struct cloudwatch_point *point)
{
    return query_call_instant(arena, (instant){ point->minute * 60000000000 });
}

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

static void write_metric(struct xml_writer *xml, const struct cloudwatch_metric *metric)
{
    xml_open(xml, "member");
    xml_element(xml, "Namespace", STR("AWS/S3"));
    xml_element(xml, "MetricName", metric->name);
    xml_open(xml, "Dimensions");
    for (size_t i = 0; i < CLOUDWATCH_DIMENSIONS && metric->dimensions[i].name; i++) {
        xml_open(xml, "member");
        xml_element(xml, "Name", str_of(metric->dimensions[i].name));
        xml_element(xml, "Value", metric->dimensions[i].value);
        xml_close(xml);
    }
    xml_close(xml);
    xml_close(xml);
}

enum s3_code op_list_metrics(struct request *rq)
{
    const struct ask *ask = ask_of(rq);
    struct cloudwatch_query wanted = { 0 };
    struct cloudwatch_metric *metrics;
    struct query_answer answer;
    str space = request_query(ask->rq, "Namespace"), name = request_query(ask->rq, "MetricName");
    enum s3_code code = read_dimensions(ask, STR(""), &wanted);
    if (code != S3_OK)
        return code;
    size_t count = cloudwatch_list(rq->world->cloudwatch, rq->arena, rq->region, &metrics);
    bool none = (space.size > 0 && !str_is(space, "AWS/S3")) || str_is_set(wanted.name);
    query_call_begin(rq, &answer, "ListMetrics", true);
    xml_open(&answer.xml, "Metrics");
    for (size_t i = 0; i < count && !none; i++)
        if ((name.size == 0 || str_eq(name, metrics[i].name)) &&
            has_dimensions(&metrics[i], &wanted))
            write_metric(&answer.xml, &metrics[i]);
    return query_call_end(rq, &answer);
}

static enum s3_code read_statistics(const struct ask *ask, str out[MOST_STATISTICS], size_t *count)
{
    for (*count = 0; *count < MOST_STATISTICS; (*count)++) {
        str name = str_format(ask->rq->arena, "Statistics.member.%zu", *count + 1);
        out[*count] = request_query(ask->rq, name.ptr);
        if (out[*count].size == 0)
            break;
        if (!is_statistic(out[*count]))
            return refuse(ask, name,
                          "must be SampleCount, Average, Sum, Minimum or Maximum: atoll keeps no "
                          "percentiles");
    }
    return *count ? S3_OK : refuse(ask, STR("Statistics"), "is required");
}

enum s3_code op_get_metric_statistics(struct request *rq)
{
    const struct ask *ask = ask_of(rq);
    struct cloudwatch_query query = query_of(ask);
    struct query_answer answer;
    str wanted[MOST_STATISTICS];
    size_t count = 0;
    enum s3_code code = read_metric(ask, STR(""), &query);
    if (code == S3_OK)
        code = read_range(ask, &query);
    if (code == S3_OK)
        code = read_period(ask, STR("Period"), &query);
    if (code == S3_OK)
        code = read_statistics(ask, wanted, &count);
    if (code != S3_OK)
        return code;
    str unit = str_of(cloudwatch_unit(query.name)), label = request_query(ask->rq, "MetricName");
    struct cloudwatch_points points = cloudwatch_read(rq->world->cloudwatch, rq->arena, &query);
    if (points.count > MOST_POINTS)
        return refuse(ask, STR("Period"), "is too short: there are more than 1440 points");
    query_call_begin(rq, &answer, "GetMetricStatistics", true);
    xml_open(&answer.xml, "Datapoints");
    for (size_t i = 0; i < points.count; i++) {
        xml_open(&answer.xml, "member");
        xml_element(&answer.xml, "Timestamp", time_of(rq->arena, &points.at[i]));
        for (size_t j = 0; j < count; j++)
            xml_element(&answer.xml, str_c(rq->arena, wanted[j]),
                        value_of(rq->arena, &points.at[i], wanted[j]));
        xml_element(&answer.xml, "Unit", unit);
        xml_close(&answer.xml);
    }
    xml_close(&answer.xml);
    xml_element(&answer.xml, "Label", label);
    return query_call_end(rq, &answer);
}

/* --- GetMetricData --- */

struct data_query {
    str id, label, statistic;
    struct cloudwatch_query query;
    bool hidden; /* ReturnData false */
};

/* False at the end of the list. */
static bool read_data_query(const struct ask *ask, unsigned number, struct data_query *out,
                            enum s3_code *code)
{
    struct arena *arena = ask->rq->arena;
    str at = str_format(arena, "MetricDataQueries.member.%u.", number);
    str stat = str_format(arena, "%.*sMetricStat.", STR_ARG(at));
    *out = (struct data_query){ .id = text_at(ask, at, "Id"), .query = query_of(ask) };
    if (out->id.size == 0)
        return false;
    out->hidden = str_is(text_at(ask, at, "ReturnData"), "false");
    out->label = text_at(ask, at, "Label");
    out->statistic = text_at(ask, stat, "Stat");
    *code = text_at(ask, at, "Expression").size > 0
                ? refuse(ask, STR("Expression"), "is not supported: atoll does no metric math")
                : read_metric(ask, str_format(arena, "%.*sMetric.", STR_ARG(stat)), &out->query);
    if (*code == S3_OK)
        *code = read_range(ask, &out->query);
    if (*code == S3_OK)
        *code = read_period(ask, str_format(arena, "%.*sPeriod", STR_ARG(stat)), &out->query);
    if (*code == S3_OK && !is_statistic(out->statistic))
        *code = refuse(ask, STR("Stat"),
                       "must be SampleCount, Average, Sum, Minimum or Maximum: atoll keeps no "
                       "percentiles");
    if (out->label.size == 0)
        out->label = out->query.name;
    return *code == S3_OK;
}

static void write_data(const struct ask *ask, struct xml_writer *xml, const struct data_query *data,
                       const struct cloudwatch_points *points)
{
    struct arena *arena = ask->rq->arena;
    bool rising =
        str_is(request_query(ask->rq, "ScanBy"), "TimestampAscending"); /* [AWS] falling, else */
    xml_open(xml, "member");
    xml_element(xml, "Id", data->id);
    xml_element(xml, "Label", data->label);
    xml_open(xml, "Timestamps");
    for (size_t i = 0; i < points->count; i++)
        xml_element(xml, "member", time_of(arena, &points->at[rising ? i : points->count - 1 - i]));
    xml_close(xml);
    xml_open(xml, "Values");
    for (size_t i = 0; i < points->count; i++)
        xml_element(
            xml, "member",
            value_of(arena, &points->at[rising ? i : points->count - 1 - i], data->statistic));
    xml_close(xml);
    xml_element(xml, "StatusCode", STR("Complete"));
    xml_close(xml);
}

enum s3_code op_get_metric_data(struct request *rq)
{
    const struct ask *ask = ask_of(rq);
    struct query_answer answer;
    struct data_query data;
    enum s3_code code = S3_OK;
    size_t total = 0;
    unsigned number = 1;
    query_call_begin(rq, &answer, "GetMetricData", true);
    xml_open(&answer.xml, "MetricDataResults");
    for (; number <= MOST_QUERIES && read_data_query(ask, number, &data, &code); number++) {
        if (data.hidden)
            continue;
        struct cloudwatch_points points =
            cloudwatch_read(rq->world->cloudwatch, rq->arena, &data.query);
        total += points.count;
        if (total > MOST_DATA_POINTS)
            return refuse(ask, STR("Period"), "is too short: there are more than 100800 points");
        write_data(ask, &answer.xml, &data, &points);
    }
    if (code != S3_OK)
        return code;
    if (number == 1)
        return refuse(ask, STR("MetricDataQueries"), "is required");
    xml_close(&answer.xml);
    xml_open(&answer.xml, "Messages");
    xml_close(&answer.xml);
    return query_call_end(rq, &answer);
}
