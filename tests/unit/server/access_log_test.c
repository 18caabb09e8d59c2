/* Server access logging: what a bucket that logs leaves in its target bucket. */
#include "server/access_log.h"

#include <stdlib.h>

#include "replication/timekeeper.h"
#include "tests/unit/server/s3_wire.h"

#define ENABLED(inside)                                                                            \
    "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket>" inside                \
    "<TargetPrefix>from/</TargetPrefix></LoggingEnabled></BucketLoggingStatus>"
#define PARTITIONED                                                                                \
    "<TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>EventTime"                     \
    "</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat>"

static struct wire *open_logged(const char *configuration)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bucket", false);
    wire_bucket(wire, "/logs", false);
    if (configuration)
        assert_status(wire_ask(wire, "PUT", "/bucket?logging", configuration), 200);
    access_log_flush(wire->world->access_log);
    return wire;
}

static void advance(struct wire *wire, int64_t seconds)
{
    struct time_job job = { .kind = TIME_ADVANCE_BY,
                            .arena = wire->arena,
                            .by = DURATION_S(seconds) };
    assert_int_equal(timekeeper_run(wire->world->timekeeper, &job), TIME_OK);
}

static str only_key(struct wire *wire)
{
    struct got got = wire_ask(wire, "GET", "/logs?list-type=2", "");
    assert_says(got, "<KeyCount>1</KeyCount>");
    return wire_element(wire, &got, "Key");
}

static str content(struct wire *wire, str key)
{
    str path = str_format(wire->arena, "/logs/%.*s", STR_ARG(key));
    struct got got = wire_ask(wire, "GET", str_c(wire->arena, path), "");
    assert_status(got, 200);
    assert_str(wire_header(&got, "Content-Type"), "text/plain");
    return got.body;
}

static size_t lines(str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += text.ptr[i] == '\n';
    return count;
}

static bool holds(str text, const char *part)
{
    return str_find(text, str_of(part)) < text.size;
}

TEST(records_are_written_when_the_hour_ends)
{
    struct wire *wire = open_logged(ENABLED(""));
    assert_status(wire_with(wire, "PUT", "/bucket/a%20b", "text", { "User-Agent", "me/1 (x)" }),
                  200);
    assert_status(wire_with(wire, "GET", "/bucket/a%20b", "", { "Range", "bytes=0-1" }), 206);
    assert_status(wire_ask(wire, "GET", "/bucket/none", ""), 404);
    assert_status(wire_ask(wire, "GET", "/bucket?tagging", ""), 404);
    struct got got = wire_ask(wire, "GET", "/logs?list-type=2", "");
    assert_says(got, "<KeyCount>0</KeyCount>");
    advance(wire, 3600);
    str key = only_key(wire);
    assert_true(str_starts(key, STR("from/2026-01-02-04-00-00-")));
    assert_int_equal(key.size, sizeof "from/2026-01-02-04-00-00-" - 1 + 16);
    str text = content(wire, key);
    assert_int_equal(lines(text), 4);
    assert_true(holds(text, " bucket [02/Jan/2026:03:04:05 +0000] 127.0.0.1 "));
    assert_true(holds(text, " REST.PUT.OBJECT a%20b \"PUT /bucket/a%20b HTTP/1.1\" 200 - - 4 0 0 "
                            "\"-\" \"me/1 (x)\" - "));
    assert_true(holds(text, " REST.GET.OBJECT a%20b \"GET /bucket/a%20b HTTP/1.1\" 206 - 2 4 "));
    assert_true(holds(text, "\"GET /bucket/none HTTP/1.1\" 404 NoSuchKey "));
    assert_true(
        holds(text, " REST.GET.TAGGING - \"GET /bucket?tagging HTTP/1.1\" 404 NoSuchTagSet "));
    assert_true(str_ends(text, STR(" localhost:28655 - -\n")));
    wire_close(wire);
}

TEST(only_buckets_with_a_configuration_are_recorded)
{
    struct wire *wire = open_logged(NULL);
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    assert_int_equal(access_log_next(wire->world->access_log, (instant){ 0 }).ns, INT64_MAX);
    assert_status(wire_ask(wire, "PUT", "/bucket?logging", ENABLED("")), 200);
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    assert_status(wire_ask(wire, "PUT", "/bucket?logging", "<BucketLoggingStatus/>"), 200);
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    access_log_flush(wire->world->access_log);
    str text = content(wire, only_key(wire));
    assert_true(holds(text, " REST.PUT.OBJECT k "));
    assert_int_equal(lines(text), 1);
    wire_close(wire);
}

TEST(a_partitioned_prefix_names_source_and_day)
{
    struct wire *wire = open_logged(ENABLED(PARTITIONED));
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    advance(wire, 86400);
    assert_true(str_starts(
        only_key(wire), STR("from/123456789012/us-east-1/bucket/2026/01/02/2026-01-02-04-00-00-")));
    wire_close(wire);
}

TEST(a_full_batch_does_not_wait_for_the_hour)
{
    struct wire *wire = open_logged(ENABLED(""));
    for (unsigned i = 0; i < ACCESS_LOG_LINES + 1; i++)
        assert_status(wire_ask(wire, "HEAD", "/bucket", ""), 200);
    access_log_flush(wire->world->access_log);
    struct got got = wire_ask(wire, "GET", "/logs?list-type=2", "");
    assert_says(got, "<KeyCount>2</KeyCount>");
    wire_close(wire);
}

TEST(a_target_that_is_gone_costs_the_records)
{
    struct wire *wire = open_logged(ENABLED(""));
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    assert_status(wire_ask(wire, "DELETE", "/logs", ""), 204);
    advance(wire, 3600);
    assert_int_equal(access_log_next(wire->world->access_log, (instant){ 0 }).ns, INT64_MAX);
    wire_close(wire);
}

static str all_logs(struct wire *wire)
{
    access_log_flush(wire->world->access_log);
    struct got got = wire_ask(wire, "GET", "/logs?list-type=2", "");
    struct buf buf;
    str rest = got.body;
    buf_init_arena(&buf, wire->arena, 1024 * 1024);
    while ((rest = str_skip(rest, str_find(rest, STR("<Key>")))).size > 0) {
        rest = str_skip(rest, strlen("<Key>"));
        buf_add(&buf, content(wire, str_first(rest, str_find_char(rest, '<'))));
    }
    return buf_str(&buf);
}

TEST(each_key_of_a_batch_has_a_record)
{
    struct wire *wire = open_logged(ENABLED(""));
    assert_status(wire_with(wire, "POST", "/bucket?delete",
                            "<Delete><Object><Key>a b</Key></Object><Object><Key>c</Key>"
                            "<VersionId>nope</VersionId></Object></Delete>",
                            { "Content-MD5", "Vt5FAue/WNSp0c9ROggAbQ==" }),
                  200);
    str text = all_logs(wire);
    assert_true(holds(text, " REST.POST.MULTI_OBJECT_DELETE - \"POST /bucket?delete HTTP/1.1\" "));
    assert_true(holds(text, " BATCH.DELETE.OBJECT a%20b \"-\" 204 - - - - - "));
    assert_true(
        holds(text, " BATCH.DELETE.OBJECT c \"-\" 404 NoSuchVersion - - - - \"-\" \"-\" nope "));
    wire_close(wire);
}

TEST(a_copy_is_recorded_where_it_read_too)
{
    struct wire *wire = open_logged(ENABLED(""));
    wire_bucket(wire, "/copies", false); /* which does not log */
    assert_status(wire_ask(wire, "PUT", "/bucket/a%20b", "text"), 200);
    assert_status(wire_with(wire, "PUT", "/copies/c", "", { "x-amz-copy-source", "/bucket/a%20b" }),
                  200);
    str text = all_logs(wire);
    assert_int_equal(lines(text), 2);
    assert_true(
        holds(text, " REST.COPY.OBJECT_GET a%20b \"GET /bucket/a%20b HTTP/1.1\" 200 - - 4 "));
    assert_false(holds(text, " REST.COPY.OBJECT c "));
    wire_close(wire);
}

TEST(what_lifecycle_did_is_recorded_without_a_requester)
{
    struct wire *wire = open_logged(ENABLED(""));
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    assert_status(wire_ask(wire, "POST", "/bucket/u?uploads", ""), 200);
    assert_status(
        wire_with(wire, "PUT", "/bucket?lifecycle",
                  "<LifecycleConfiguration><Rule><Filter><Prefix>k</Prefix></Filter>"
                  "<Status>Enabled</Status><Transition><Days>1</Days><StorageClass>"
                  "GLACIER</StorageClass></Transition><Expiration><Days>5</Days>"
                  "</Expiration></Rule><Rule><Filter/><Status>Enabled</Status>"
                  "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1"
                  "</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
                  "</LifecycleConfiguration>",
                  { "x-amz-transition-default-minimum-object-size", "varies_by_storage_class" }),
        200);
    advance(wire, 7 * 86400);
    str text = all_logs(wire);
    assert_true(
        holds(text, " - AmazonS3 - S3.TRANSITION.OBJECT k \"-\" - - - - - - \"-\" \"-\" null - "));
    assert_true(holds(text, " - AmazonS3 - S3.DELETE.UPLOAD u \"-\" "));
    assert_true(
        holds(text, " [08/Jan/2026:00:00:00 +0000] - AmazonS3 - S3.EXPIRE.OBJECT k \"-\" "));
    wire_close(wire);
}

TEST(target_grants_are_on_the_objects_of_a_log)
{
    struct wire *wire = open_logged(
        ENABLED("<TargetGrants><Grant><Grantee><URI>"
                "http://acs.amazonaws.com/groups/global/AuthenticatedUsers</URI></Grantee>"
                "<Permission>READ</Permission></Grant></TargetGrants>"));
    assert_status(wire_ask(wire, "PUT", "/logs?ownershipControls",
                           "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter"
                           "</ObjectOwnership></Rule></OwnershipControls>"),
                  200);
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    access_log_flush(wire->world->access_log);
    str path = str_format(wire->arena, "/logs/%.*s?acl", STR_ARG(only_key(wire)));
    struct got got = wire_ask(wire, "GET", str_c(wire->arena, path), "");
    assert_says(got, "AuthenticatedUsers</URI>");
    assert_says(got, "<Permission>READ</Permission>");
    assert_says(got, "<Permission>FULL_CONTROL</Permission>");
    wire_close(wire);
}
