/* Minutes of metrics: counting, aggregating, forgetting; and the query protocol's refusals. */
#include "base/cbor.h"
#include "server/cloudwatch.h"

#include "tests/unit/server/s3_wire.h"

#define NOON 1767355200 /* 2026-01-02T12:00:00Z */

static instant at_s(int64_t seconds)
{
    return (instant){ (NOON + seconds) * 1000000000 };
}

static void count_get(struct cloudwatch *metrics, int64_t seconds, int status)
{
    struct event event = { .kind = EVENT_REQUEST, .at = at_s(seconds), .status = status };
    event.text[EVENT_METHOD] = STR("GET");
    event.text[EVENT_BUCKET] = STR("b");
    event.text[EVENT_KEY] = STR("k");
    event.text[EVENT_REGION] = STR("eu-west-1");
    cloudwatch_count(metrics, &event);
}

static void count_copy(struct cloudwatch *metrics, int64_t queued_s, int64_t ended_s)
{
    struct event event = { .kind = EVENT_COPY_APPLIED,
                           .at = at_s(ended_s),
                           .took = DURATION_S(ended_s - queued_s),
                           .bytes_out = 7 };
    event.text[EVENT_BUCKET] = STR("a");
    event.text[EVENT_DESTINATION] = STR("b");
    event.text[EVENT_RULE] = STR("r");
    event.text[EVENT_FROM] = STR("us-east-1");
    event.text[EVENT_TO] = STR("eu-west-1");
    cloudwatch_count(metrics, &event);
}

static struct cloudwatch_query query_of(const char *name)
{
    return (struct cloudwatch_query){ .region = STR("eu-west-1"),
                                      .name = str_of(name),
                                      .dimensions = { { "SourceBucket", STR("a") },
                                                      { "DestinationBucket", STR("b") },
                                                      { "RuleId", STR("r") } },
                                      .from = NOON / 60,
                                      .to = NOON / 60 + 10,
                                      .period = 1,
                                      .now = at_s(600) };
}

static struct cloudwatch_query requests_query(const char *name)
{
    struct cloudwatch_query query = query_of(name);
    query.dimensions[0] = (struct cloudwatch_dimension){ "FilterId", STR("EntireBucket") };
    query.dimensions[1] = (struct cloudwatch_dimension){ "BucketName", STR("b") };
    query.dimensions[2] = (struct cloudwatch_dimension){ NULL, STR_NONE };
    return query;
}

TEST(requests_fall_into_the_minute_at_which_they_came)
{
    struct arena *arena = arena_new();
    struct cloudwatch *metrics = cloudwatch_new();
    count_get(metrics, 0, 200);
    count_get(metrics, 59, 404);
    count_get(metrics, 60, 200);
    struct cloudwatch_query query = requests_query("GetRequests");
    struct cloudwatch_points points = cloudwatch_read(metrics, arena, &query);
    assert_int_equal(points.count, 2);
    assert_true(points.at[0].sum == 2 && points.at[1].sum == 1);
    query = requests_query("4xxErrors");
    query.period = 5;
    points = cloudwatch_read(metrics, arena, &query);
    assert_int_equal(points.count, 1);
    assert_true(points.at[0].sum == 1 && points.at[0].samples == 3 && points.at[0].most == 1);
    cloudwatch_free(metrics);
    arena_free(arena);
}

TEST(a_series_is_found_by_its_exact_dimensions_and_region)
{
    struct arena *arena = arena_new();
    struct cloudwatch *metrics = cloudwatch_new();
    count_get(metrics, 0, 200);
    struct cloudwatch_query query = requests_query("GetRequests");
    query.region = STR("us-east-1");
    assert_int_equal(cloudwatch_read(metrics, arena, &query).count, 0);
    query = requests_query("GetRequests");
    query.dimensions[1].name = NULL;
    assert_int_equal(cloudwatch_read(metrics, arena, &query).count, 0);
    query = requests_query("NoSuchMetric");
    assert_int_equal(cloudwatch_read(metrics, arena, &query).count, 0);
    struct cloudwatch_metric *listed;
    assert_int_equal(cloudwatch_list(metrics, arena, STR("us-east-1"), &listed), 0);
    assert_int_equal(cloudwatch_list(metrics, arena, STR("eu-west-1"), &listed), 8);
    assert_str(listed[0].name, "AllRequests");
    cloudwatch_free(metrics);
    arena_free(arena);
}

TEST(a_copy_is_pending_in_each_minute_that_it_was_on_its_way)
{
    struct arena *arena = arena_new();
    struct cloudwatch *metrics = cloudwatch_new();
    count_copy(metrics, 100, 115);
    count_copy(metrics, 30, 130); /* ends later, began earlier */
    struct cloudwatch_query query = query_of("OperationsPendingReplication");
    const struct cloudwatch_pending pending = { STR("a"),         STR("b"), STR("r"),
                                                STR("eu-west-1"), 5,        at_s(590) };
    query.pending = &pending;
    query.pending_count = 1;
    struct cloudwatch_points points = cloudwatch_read(metrics, arena, &query);
    assert_int_equal(points.count, 4);
    assert_true(points.at[0].sum == 1 && points.at[1].sum == 2 && points.at[2].sum == 1);
    assert_true(points.at[3].sum == 1 && points.at[3].minute == NOON / 60 + 9);
    query = query_of("ReplicationLatency");
    query.period = 10;
    points = cloudwatch_read(metrics, arena, &query);
    assert_int_equal(points.count, 1);
    assert_true(points.at[0].most == 100 && points.at[0].samples == 3);
    cloudwatch_free(metrics);
    arena_free(arena);
}

TEST(minutes_older_than_fifteen_days_are_forgotten)
{
    struct arena *arena = arena_new();
    struct cloudwatch *metrics = cloudwatch_new();
    for (int64_t minute = 0; minute <= CLOUDWATCH_MINUTES; minute++)
        count_get(metrics, minute * 60, 200);
    count_get(metrics, 0, 200);
    struct cloudwatch_query query = requests_query("GetRequests");
    query.to = query.from + CLOUDWATCH_MINUTES + 1;
    struct cloudwatch_points points = cloudwatch_read(metrics, arena, &query);
    assert_int_equal(points.count, CLOUDWATCH_MINUTES * 7 / 8 + 1);
    assert_int_equal(points.at[points.count - 1].minute, NOON / 60 + CLOUDWATCH_MINUTES);
    struct event reset = { .kind = EVENT_RESET };
    cloudwatch_count(metrics, &reset);
    assert_int_equal(cloudwatch_read(metrics, arena, &query).count, 0);
    cloudwatch_free(metrics);
    arena_free(arena);
}

TEST(what_cannot_be_answered_is_refused_by_name)
{
    static const char ask[] = "Action=GetMetricStatistics&Namespace=AWS/S3&MetricName=GetRequests&";
    static const struct {
        int line;
        const char *rest, *says;
        int status;
    } rows[] = {
        { __LINE__, "EndTime=2026-01-03T00:00:00Z", "StartTime", 400 },
        { __LINE__, "StartTime=2026-01-03T00:00:00Z&EndTime=2026-01-03T00:00:00Z", "less than",
          400 },
        { __LINE__, "StartTime=2026-01-02T00:00:00Z&EndTime=1767398400&Period=61", "multiple of 60",
          400 },
        { __LINE__, "StartTime=2026-01-02T00:00:00Z&EndTime=1767398400&Period=60", "Statistics",
          400 },
        { __LINE__,
          "StartTime=2026-01-02T00:00:00Z&EndTime=1767398400&Period=60&Statistics.member.1=p99",
          "percentiles", 400 },
        { __LINE__,
          "StartTime=2026-01-02T00:00:00Z&EndTime=1767398400&Period=60&Statistics.member.1=Sum"
          "&ExtendedStatistics.member.1=p99",
          "InvalidParameterCombination", 400 },
        { __LINE__,
          "StartTime=2026-01-01T00:00:00Z&EndTime=2026-01-04T00:00:00Z&Period=60"
          "&Statistics.member.1=Sum",
          "up to 4320 datapoints", 400 },
        { __LINE__,
          "StartTime=2026-01-02T00:00:00Z&EndTime=1767398400&Period=60"
          "&ExtendedStatistics.member.1=tm90",
          "trimmed", 400 },
        { __LINE__,
          "StartTime=2026-01-02T00:00:00Z&EndTime=1767398400&Period=60&Statistics.member.1=Sum",
          "<Label>GetRequests</Label>", 200 },
    };
    struct wire *wire = wire_open();
    for (size_t i = 0; i < COUNT(rows); i++) {
        str body = str_format(wire->arena, "%s%s", ask, rows[i].rest);
        struct got got =
            wire_with(wire, "POST", "/", body.ptr, { "Host", "monitoring.us-east-1.amazonaws.com" },
                      { "Content-Type", "application/x-www-form-urlencoded" });
        if (got.status != rows[i].status || !wire_says(&got, rows[i].says))
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
    }
    wire_close(wire);
}

/* One call in each protocol; the same metric, an answer in its own form. */
static struct got call(struct wire *wire, const char *operation, const char *json, bool cbor)
{
    struct sent sent = { "POST", "/", { { "Host", "monitoring.eu-west-1.amazonaws.com" } }, { 0 } };
    str target = str_format(wire->arena, "GraniteServiceVersion20100801.%s", operation);
    sent.body = str_of(json);
    sent.headers[1][0] = "Content-Type";
    sent.headers[1][1] = "application/x-amz-json-1.0";
    sent.headers[2][0] = "X-Amz-Target";
    sent.headers[2][1] = target.ptr;
    if (!cbor)
        return wire_send(wire, &sent);
    target =
        str_format(wire->arena, "/service/GraniteServiceVersion20100801/operation/%s", operation);
    sent.target = target.ptr;
    sent.headers[1][1] = "application/cbor";
    sent.headers[2][0] = "smithy-protocol";
    sent.headers[2][1] = "rpc-v2-cbor";
    return wire_send(wire, &sent);
}

/* {"Namespace": "AWS/S3"} and its CBOR. */
#define SPACE_JSON "{\"Namespace\": \"AWS/S3\"}"
#define SPACE_CBOR                                                                                 \
    "\xa1\x69"                                                                                     \
    "Namespace"                                                                                    \
    "\x66"                                                                                         \
    "AWS/S3"

TEST(json_and_cbor_are_answered_in_kind)
{
    struct wire *wire = wire_open();
    for (int i = 0; i < 2; i++) {
        bool cbor = i == 1;
        struct got got = call(wire, "ListMetrics", cbor ? SPACE_CBOR : SPACE_JSON, cbor);
        const char *type = cbor ? "application/cbor" : "application/x-amz-json-1.0";
        assert_int_equal(got.status, 200);
        assert_str(fields_get(&got.headers, "Content-Type"), type);
        assert_str(fields_get(&got.headers, "smithy-protocol"), cbor ? "rpc-v2-cbor" : "");
        struct json_error error;
        const struct json *answer =
            cbor ? cbor_parse(wire->arena, got.body) : json_parse(wire->arena, got.body, &error);
        assert_non_null(json_member(answer, "Metrics"));
        got = call(wire, "GetMetricStatistics", cbor ? SPACE_CBOR : SPACE_JSON, cbor);
        assert_int_equal(got.status, 400);
        assert_str(fields_get(&got.headers, "x-amzn-query-error"), "MissingParameter;Sender");
        answer =
            cbor ? cbor_parse(wire->arena, got.body) : json_parse(wire->arena, got.body, &error);
        assert_str(json_string(answer, "__type", STR_NONE),
                   "com.amazonaws.cloudwatch#MissingRequiredParameterException");
        assert_str(json_string(answer, "message", STR_NONE),
                   "The parameter MetricName is required.");
        got = call(wire, "ListMetrics", "[1", cbor);
        assert_int_equal(got.status, 400);
        assert_str(fields_get(&got.headers, "x-amzn-query-error"), "SerializationException;Sender");
    }
    wire_close(wire);
}

TEST(percentiles_are_those_of_all_minutes_of_a_period)
{
    struct arena *arena = arena_new();
    struct cloudwatch *metrics = cloudwatch_new();
    for (int i = 1; i <= 100; i++) {
        struct event event = { .kind = EVENT_REQUEST, .at = at_s(i * 6), .took = DURATION_MS(i) };
        event.text[EVENT_BUCKET] = STR("b");
        event.text[EVENT_REGION] = STR("eu-west-1");
        cloudwatch_count(metrics, &event);
    }
    struct cloudwatch_query query = requests_query("TotalRequestLatency");
    query.to += 10;
    query.period = 60;
    query.from -= query.from % 60;
    query.spread = true;
    struct cloudwatch_points points = cloudwatch_read(metrics, arena, &query);
    assert_int_equal(points.count, 1);
    assert_true(points.at[0].samples == 100);
    double median = cloudwatch_percentile(&points.at[0], 50);
    assert_true(median > 49 && median < 51);
    assert_true(cloudwatch_percentile(&points.at[0], 100) == 100);
    assert_true(cloudwatch_percentile(&points.at[0], 0) == 1);
    struct event reset = { .kind = EVENT_RESET };
    cloudwatch_count(metrics, &reset);
    cloudwatch_free(metrics);
    arena_free(arena);
}
