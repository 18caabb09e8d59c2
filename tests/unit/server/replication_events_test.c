/* What replication tells the targets of notifications: trouble to the source bucket's, arrivals to
 * the destination's, on the emulated clock. */
#include "base/json.h"
#include "replication/links.h"
#include "replication/timekeeper.h"
#include "tests/unit/server/told.h"

#define TOPIC(name)                                                                                \
    "<NotificationConfiguration><TopicConfiguration><Id>id</Id>"                                   \
    "<Topic>arn:aws:sns:us-east-1:123456789012:t</Topic><Event>" name "</Event>"                   \
    "</TopicConfiguration></NotificationConfiguration>"
#define RULES(more)                                                                                \
    "<ReplicationConfiguration><Role>arn:aws:iam::123456789012:role/r</Role><Rule><ID>one</ID>"    \
    "<Priority>1</Priority><Status>Enabled</Status><Filter/><DeleteMarkerReplication>"             \
    "<Status>Enabled</Status></DeleteMarkerReplication><Destination>"                              \
    "<Bucket>arn:aws:s3:::target</Bucket>" more "</Destination></Rule></ReplicationConfiguration>"
#define METRICS                                                                                    \
    "<Metrics><Status>Enabled</Status><EventThreshold><Minutes>15</Minutes></EventThreshold>"      \
    "</Metrics>"
#define RTC                                                                                        \
    "<ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time>"                  \
    "</ReplicationTime>" METRICS

static struct wire *open_pair(const char *rules, const char *lag)
{
    struct wire *wire = wire_open();
    str error;
    struct link link = { .has_lag = true };
    wire_bucket(wire, "/bucket", true);
    wire_bucket(wire, "/target", true);
    assert_status(wire_ask(wire, "PUT", "/bucket?replication", rules), 200);
    assert_status(wire_ask(wire, "PUT", "/bucket?notification", TOPIC("s3:Replication:*")), 200);
    assert_true(lag_parse(wire->arena, str_of(lag), &link.lag, &error));
    struct store_doc doc = link_doc(wire->arena, REGION_NONE, REGION_NONE, &link);
    links_apply(wire->world->links, &doc, 1);
    return wire;
}

static void work(struct wire *wire, struct time_job job)
{
    job.arena = wire->arena;
    assert_int_equal(timekeeper_run(wire->world->timekeeper, &job), TIME_OK);
}

static void advance(struct wire *wire, int seconds)
{
    work(wire, (struct time_job){ .kind = TIME_ADVANCE_BY, .by = DURATION_S(seconds) });
}

static str of_copy(struct wire *wire, const char *member)
{
    struct json_error error;
    const struct json *document = json_parse(wire->arena, told(wire).last, &error);
    const struct json *record = json_member(document, "Records")->child;
    assert_str(json_string(record, "eventVersion", STR_NONE), "2.2");
    return json_string(json_member(record, "replicationEventData"), member, STR_NONE);
}

TEST(a_copy_under_rtc_is_told_when_it_is_late_and_when_it_comes)
{
    struct wire *wire = open_pair(RULES(RTC), "fixed(20m)");
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    advance(wire, 899);
    assert_told(wire, "");
    advance(wire, 1);
    assert_told(wire, "Replication:OperationMissedThreshold ");
    assert_str(of_copy(wire, "replicationRuleId"), "one");
    assert_str(of_copy(wire, "destinationBucket"), "arn:aws:s3:::target");
    assert_str(of_copy(wire, "s3Operation"), "OBJECT_PUT");
    assert_str(of_copy(wire, "requestTime"), "2026-01-02T03:04:05.000Z");
    advance(wire, 300);
    assert_told(wire, "Replication:OperationMissedThreshold "
                      "Replication:OperationReplicatedAfterThreshold ");
    wire_close(wire);
}

TEST(a_copy_that_is_due_at_the_threshold_is_in_time)
{
    struct wire *wire = open_pair(RULES(RTC), "fixed(15m)");
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    advance(wire, 3600);
    assert_told(wire, "");
    wire_close(wire);
}

TEST(without_rtc_nothing_is_late_and_markers_never_are)
{
    struct wire *wire = open_pair(RULES(METRICS), "fixed(20m)");
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    assert_status(wire_ask(wire, "PUT", "/bucket?replication", RULES(RTC)), 200);
    assert_status(wire_ask(wire, "DELETE", "/bucket/k", ""), 204);
    advance(wire, 3600);
    assert_told(wire, "");
    wire_close(wire);
}

TEST(a_failed_copy_is_told_with_its_reason_if_the_rule_has_metrics)
{
    static const struct {
        int line;
        const char *rules, *told;
    } rows[] = {
        { __LINE__, RULES(""), "" },
        { __LINE__, RULES(METRICS), "Replication:OperationFailedReplication " },
        { __LINE__, RULES(RTC), "Replication:OperationFailedReplication " },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire *wire = open_pair(rows[i].rules, "15s");
        assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
        assert_status(wire_ask(wire, "PUT", "/target?versioning",
                               "<VersioningConfiguration><Status>Suspended</Status>"
                               "</VersioningConfiguration>"),
                      200);
        advance(wire, 3600);
        struct told now = told(wire);
        if (!str_is(buf_str(&now.names), rows[i].told))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(buf_str(&now.names)));
        if (*rows[i].told)
            assert_str(of_copy(wire, "failureReason"), "DstBucketUnversioned");
        wire_close(wire);
    }
}

TEST(each_failure_is_told_by_its_own_reason)
{
    static const struct {
        int line;
        const char *method, *target, *body, *reason;
    } rows[] = {
        { __LINE__, "DELETE", "/target", "", "DstBucketNotFound" },
        { __LINE__, "DELETE", "/bucket?replication", "", "SrcBucketReplicationConfigMissing" },
        { __LINE__, "PUT", "/bucket?object-lock",
          "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
          "</ObjectLockConfiguration>",
          "DstBucketObjectLockConfigMissing" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire *wire = open_pair(RULES(METRICS), "15s");
        assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
        struct got got = wire_ask(wire, rows[i].method, rows[i].target, rows[i].body);
        if (got.status >= 300)
            fail_msg("line %d: %d", rows[i].line, got.status);
        advance(wire, 3600);
        struct told now = told(wire);
        assert_str(buf_str(&now.names), "Replication:OperationFailedReplication ");
        if (!str_is(of_copy(wire, "failureReason"), rows[i].reason))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(of_copy(wire, "failureReason")));
        wire_close(wire);
    }
}

TEST(what_goes_before_it_came_is_not_tracked_any_more)
{
    struct wire *wire = open_pair(RULES(RTC), "15s");
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    work(wire, (struct time_job){ .kind = TIME_DROP, .filter = { .any_state = true } });
    assert_told(wire, "Replication:OperationNotTracked ");
    wire_close(wire);
}

TEST(an_arrival_is_told_to_the_destination)
{
    struct wire *wire = open_pair(RULES(""), "15s");
    assert_status(wire_ask(wire, "PUT", "/target?notification", TOPIC("s3:ObjectCreated:Put")),
                  200);
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    assert_status(wire_ask(wire, "DELETE", "/bucket/k", ""), 204);
    assert_told(wire, "");
    advance(wire, 15);
    assert_told(wire, "ObjectCreated:Put ");
    struct json_error error;
    const struct json *record =
        json_member(json_parse(wire->arena, told(wire).last, &error), "Records")->child;
    assert_str(json_string(record, "awsRegion", STR_NONE), "us-east-1");
    assert_int_equal(json_number(json_member(json_member(record, "s3"), "object"), "size", 0), 4);
    wire_close(wire);
}
