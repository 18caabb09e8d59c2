/* GetMetricData: many queries in one call, some of them expressions over others. Each is worked out
 * once, when it is first wanted; then all points lie in one row from which a page is cut. */
#include "server/control/handlers.h"
#include "server/control/metric_ask.h"
#include "server/metric_math.h"

#define MOST_DATA_POINTS 100800 /* [AWS] */
#define MOST_QUERIES 500        /* [AWS] */

enum progress { UNKNOWN, UNDER_WAY, KNOWN };

struct data_query {
    str id, label, expression, statistic;
    const struct json *stat; /* MetricStat */
    bool hidden;             /* ReturnData false */
    enum progress progress;
    struct metric_value value;
};

struct data_ask {
    struct metric_ask *ask;
    struct data_query *queries;
    size_t count;
    enum s3_code code; /* of what went wrong inside an expression */
    struct metric_names names;
};

/* --- reading --- */

/* [AWS] "letters, numbers, and underscore; the first character must be a lowercase letter" */
static bool is_id(str id)
{
    for (size_t i = 0; i < id.size; i++) {
        char c = id.ptr[i];
        bool lower = c >= 'a' && c <= 'z';
        bool other = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (!lower && (i == 0 || !other))
            return false;
    }
    return id.size > 0;
}

static struct data_query *find_query(const struct data_ask *data, str id)
{
    for (size_t i = 0; i < data->count; i++)
        if (str_eq(data->queries[i].id, id))
            return &data->queries[i];
    return NULL;
}

static enum s3_code read_query(struct data_ask *data, const struct json *node)
{
    struct metric_ask *ask = data->ask;
    struct data_query *query = &data->queries[data->count];
    *query = (struct data_query){ .id = rpc_text(ask->rq, node, "Id"),
                                  .label = rpc_text(ask->rq, node, "Label"),
                                  .expression = rpc_text(ask->rq, node, "Expression"),
                                  .stat = json_member(node, "MetricStat"),
                                  .hidden = rpc_is_false(node, "ReturnData") };
    if (!is_id(query->id))
        return metric_refuse(ask, S3_ValidationError, "MetricDataQueries.member.Id",
                             "must begin with a small letter and go on with letters, digits and _");
    if (find_query(data, query->id))
        return metric_refuse(ask, S3_ValidationError, "MetricDataQueries.member.Id",
                             "must be different for each query");
    if ((query->expression.size > 0) == (query->stat != NULL))
        return metric_refuse(ask, S3_ValidationError, "MetricDataQueries",
                             "needs either MetricStat or Expression in each query");
    query->statistic = rpc_text(ask->rq, query->stat, "Stat");
    if (query->label.size == 0)
        query->label = query->stat
                           ? rpc_text(ask->rq, json_member(query->stat, "Metric"), "MetricName")
                           : query->id;
    data->count++;
    return S3_OK;
}

static enum s3_code read_queries(struct data_ask *data)
{
    struct metric_ask *ask = data->ask;
    const struct json *node = rpc_first(ask->input, "MetricDataQueries");
    if (node == NULL)
        return metric_missing(ask, "MetricDataQueries");
    data->queries = ARENA_ARRAY(ask->rq->arena, struct data_query, MOST_QUERIES);
    for (; node; node = node->next) {
        if (data->count == MOST_QUERIES)
            return metric_refuse(ask, S3_ValidationError, "MetricDataQueries",
                                 "has more than 500 members");
        enum s3_code code = read_query(data, node);
        if (code != S3_OK)
            return code;
    }
    return S3_OK;
}

/* --- values --- */

static struct metric_value value_of(struct metric_ask *ask, const struct data_query *query,
                                    const struct cloudwatch_points *points, int64_t period)
{
    struct metric_series *series = ARENA_NEW(ask->rq->arena, struct metric_series);
    series->minutes = ARENA_ARRAY(ask->rq->arena, int64_t, points->count);
    series->values = ARENA_ARRAY(ask->rq->arena, double, points->count);
    series->period = period;
    for (size_t i = 0; i < points->count; i++) {
        series->minutes[i] = points->at[i].minute;
        series->values[i] = metric_value_of(&points->at[i], query->statistic);
    }
    series->count = series->room = points->count;
    return (struct metric_value){ METRIC_SERIES, 0, series, 1 };
}

static enum s3_code fetch(struct data_ask *data, struct data_query *query)
{
    struct metric_ask *ask = data->ask;
    struct cloudwatch_query wanted;
    enum s3_code code = metric_read(ask, json_member(query->stat, "Metric"), query->stat, &wanted);
    if (code == S3_OK)
        code = metric_read_range(ask, &wanted);
    if (code == S3_OK)
        code = metric_read_period(ask, query->stat, &wanted);
    if (code == S3_OK)
        code = query->statistic.size > 0
                   ? metric_judge_statistic(ask, "Stat", query->statistic, true)
                   : metric_missing(ask, "Stat");
    if (code != S3_OK)
        return code;
    wanted.spread = metric_is_percentile(query->statistic);
    struct cloudwatch_points points = metric_points(ask, &wanted);
    query->value = value_of(ask, query, &points, wanted.period);
    return S3_OK;
}

static enum s3_code work_out(struct data_ask *data, struct data_query *query)
{
    str error = STR_NONE;
    if (query->progress == KNOWN)
        return S3_OK;
    query->progress = UNDER_WAY;
    if (query->stat) {
        enum s3_code code = fetch(data, query);
        query->progress = KNOWN;
        return code;
    }
    bool good =
        metric_math(data->ask->rq->arena, query->expression, &data->names, &query->value, &error);
    query->progress = KNOWN;
    if (good && query->value.kind == METRIC_NUMBER && !query->hidden) {
        good = false;
        error = STR("it is a number, and a time series is wanted");
    }
    if (good)
        return S3_OK;
    if (data->code == S3_OK) {
        request_message(data->ask->rq, "Error in expression '%.*s': %.*s", STR_ARG(query->id),
                        STR_ARG(error));
        data->code = S3_ValidationError;
    }
    return data->code;
}

static bool find_name(void *ctx, str name, struct metric_value *out, str *error)
{
    struct data_ask *data = ctx;
    struct arena *arena = data->ask->rq->arena;
    struct data_query *query = find_query(data, name);
    if (query == NULL)
        *error = str_format(arena, "there is no query with the Id '%.*s'", STR_ARG(name));
    else if (query->progress == UNDER_WAY)
        *error = str_format(arena, "'%.*s' is made of itself", STR_ARG(name));
    else if (work_out(data, query) == S3_OK) {
        *out = query->value;
        return true;
    } else if (data->code == S3_OK) /* refused by its own parameters: the message stands */
        data->code = S3_ValidationError;
    return false;
}

static bool all_metrics(void *ctx, struct metric_value *out, str *error)
{
    struct data_ask *data = ctx;
    struct metric_series *all =
        ARENA_ARRAY(data->ask->rq->arena, struct metric_series, data->count);
    *out = (struct metric_value){ METRIC_LIST, 0, all, 0 };
    for (size_t i = 0; i < data->count; i++) {
        struct metric_value value;
        if (data->queries[i].stat == NULL)
            continue;
        if (!find_name(ctx, data->queries[i].id, &value, error))
            return false;
        all[out->count++] = *value.series;
    }
    return true;
}

/* --- pages --- */

struct page {
    uint64_t from, to, total; /* of all points, one after the other */
    bool rising;
};

static enum s3_code read_page(const struct metric_ask *ask, struct page *out)
{
    str order = rpc_text(ask->rq, ask->input, "ScanBy");
    double most = MOST_DATA_POINTS;
    *out = (struct page){ .rising = str_is(order, "TimestampAscending") };
    if (order.size > 0 && !out->rising && !str_is(order, "TimestampDescending"))
        return metric_refuse(ask, S3_ValidationError, "ScanBy",
                             "must be TimestampDescending or TimestampAscending");
    if (json_member(ask->input, "MaxDatapoints") &&
        (!rpc_number(ask->input, "MaxDatapoints", &most) || most < 1 || most > MOST_DATA_POINTS))
        return metric_refuse(ask, S3_ValidationError, "MaxDatapoints", "must be from 1 to 100800");
    if (!metric_read_token(ask, &out->from)) {
        request_message(ask->rq, "The token in NextToken is not one that this call has given.");
        return S3_InvalidNextToken;
    }
    out->to = out->from + (uint64_t) most;
    return S3_OK;
}

/* The part of a series that lies on the page; a series without points is on the first page. */
static void write_series(struct rpc_answer *answer, const struct data_query *query,
                         const struct metric_series *series, struct page *page)
{
    uint64_t begin = page->total, end = begin + series->count;
    uint64_t from = begin > page->from ? begin : page->from, to = end < page->to ? end : page->to;
    page->total = end;
    if (from >= to && (series->count > 0 || page->from > 0))
        return;
    rpc_structure(answer, NULL);
    rpc_add_text(answer, "Id", query->id);
    rpc_add_text(answer, "Label", query->label);
    rpc_list(answer, "Timestamps");
    for (uint64_t i = from; i < to; i++)
        rpc_add_time(answer, NULL, series->minutes[page->rising ? i - begin : end - 1 - i] * 60);
    rpc_close(answer);
    rpc_list(answer, "Values");
    for (uint64_t i = from; i < to; i++)
        rpc_add_real(answer, NULL, series->values[page->rising ? i - begin : end - 1 - i]);
    rpc_close(answer);
    rpc_add_text(answer, "StatusCode", end <= page->to ? STR("Complete") : STR("PartialData"));
    rpc_close(answer);
}

static enum s3_code get_metric_data(struct metric_ask *ask)
{
    struct data_ask data = { .ask = ask };
    struct cloudwatch_query range = { .now = ask->rq->received_at };
    struct rpc_answer answer;
    struct page page;
    ask->validation = true;
    data.names = (struct metric_names){
        .ctx = &data, .find = find_name, .all = all_metrics, .left = METRIC_MATH_POINTS
    };
    enum s3_code code = read_queries(&data);
    if (code == S3_OK)
        code = metric_read_range(ask, &range);
    if (code == S3_OK)
        code = read_page(ask, &page);
    metric_clip(&range);
    data.names.from = range.from;
    data.names.to = range.to;
    for (size_t i = 0; i < data.count && code == S3_OK; i++)
        code = work_out(&data, &data.queries[i]);
    if (code != S3_OK)
        return code;
    rpc_begin(ask->rq, &answer, "GetMetricData");
    rpc_list(&answer, "MetricDataResults");
    for (size_t i = 0; i < data.count; i++)
        for (size_t j = 0; j < data.queries[i].value.count && !data.queries[i].hidden; j++)
            write_series(&answer, &data.queries[i], &data.queries[i].value.series[j], &page);
    rpc_close(&answer);
    rpc_list(&answer, "Messages");
    rpc_close(&answer);
    if (page.total > page.to)
        metric_add_token(&answer, page.to);
    return rpc_end(&answer);
}

enum s3_code op_get_metric_data(struct request *rq)
{
    return metric_call(rq, get_metric_data);
}
