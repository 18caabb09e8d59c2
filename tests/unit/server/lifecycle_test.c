/* Lifecycle on the emulated clock: what the nights do to objects, versions, markers and uploads. */
#include "base/json.h"
#include "replication/timekeeper.h"
#include "tests/unit/server/s3_wire.h"

#define DAY DURATION_S(86400)

static void pass(struct wire *wire, duration by)
{
    struct time_job job = { .kind = TIME_ADVANCE_BY, .arena = wire->arena, .by = by };
    assert_int_equal(timekeeper_run(wire->world->timekeeper, &job), TIME_OK);
}

static void pass_days(struct wire *wire, int days)
{
    pass(wire, (duration){ DAY.ns * days });
}

static void rules(struct wire *wire, const char *inside)
{
    str body =
        str_format(wire->arena, "<LifecycleConfiguration>%s</LifecycleConfiguration>", inside);
    assert_status(wire_ask(wire, "PUT", "/bucket?lifecycle", body.ptr), 200);
}
#define RULE(filter, actions)                                                                      \
    "<Rule><ID>night</ID><Filter>" filter "</Filter><Status>Enabled</Status>" actions "</Rule>"
#define ALL(actions) RULE("<Prefix></Prefix>", actions)

static struct wire *open_bucket(bool versioned)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bucket", versioned);
    return wire;
}

static void put(struct wire *wire, const char *path)
{
    assert_status(wire_ask(wire, "PUT", path, "text"), 200);
}

static int status(struct wire *wire, const char *path)
{
    return wire_ask(wire, "HEAD", path, "").status;
}

TEST(an_object_expires_at_the_midnight_after_its_days)
{
    struct wire *wire = open_bucket(false);
    rules(wire, RULE("<Prefix>logs/</Prefix>", "<Expiration><Days>1</Days></Expiration>"));
    put(wire, "/bucket/logs/a");
    put(wire, "/bucket/kept");
    struct got got = wire_ask(wire, "HEAD", "/bucket/logs/a", "");
    assert_str(wire_header(&got, "x-amz-expiration"),
               "expiry-date=\"Sun, 04 Jan 2026 00:00:00 GMT\", rule-id=\"night\"");
    pass_days(wire, 1); /* 3 January, 03:04 */
    assert_int_equal(status(wire, "/bucket/logs/a"), 200);
    pass(wire, DURATION_S(20 * 3600)); /* 23:04 */
    assert_int_equal(status(wire, "/bucket/logs/a"), 200);
    pass(wire, DURATION_S(3600));
    assert_int_equal(status(wire, "/bucket/logs/a"), 404);
    assert_int_equal(status(wire, "/bucket/kept"), 200);
    wire_close(wire);
}

TEST(days_that_pass_at_once_are_all_lived_through)
{
    struct wire *wire = open_bucket(true);
    put(wire, "/bucket/k");
    rules(wire, ALL("<Expiration><Days>1</Days></Expiration><NoncurrentVersionExpiration>"
                    "<NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>"));
    pass_days(wire, 2);
    struct got got = wire_ask(wire, "GET", "/bucket?versions", "");
    assert_says(got, "<DeleteMarker>");
    assert_says(got, "<LastModified>2026-01-04T00:00:00.000Z</LastModified>");
    assert_says(got, "<Version>");
    pass_days(wire, 30);
    got = wire_ask(wire, "GET", "/bucket?versions", "");
    assert_false(wire_says(&got, "<Version>"));
    assert_false(wire_says(&got, "<DeleteMarker>"));
    wire_close(wire);
}

TEST(filters_ask_for_tags_and_sizes)
{
    struct wire *wire = open_bucket(false);
    rules(wire, RULE("<And><Prefix>t/</Prefix><Tag><Key>a</Key><Value>1</Value></Tag>"
                     "<ObjectSizeGreaterThan>3</ObjectSizeGreaterThan></And>",
                     "<Expiration><Days>1</Days></Expiration>"));
    assert_status(wire_with(wire, "PUT", "/bucket/t/yes", "text", { "x-amz-tagging", "a=1&b=2" }),
                  200);
    assert_status(wire_with(wire, "PUT", "/bucket/t/other", "text", { "x-amz-tagging", "a=2" }),
                  200);
    assert_status(wire_with(wire, "PUT", "/bucket/t/small", "tex", { "x-amz-tagging", "a=1" }),
                  200);
    assert_status(wire_with(wire, "PUT", "/bucket/u", "text", { "x-amz-tagging", "a=1" }), 200);
    pass_days(wire, 3);
    assert_int_equal(status(wire, "/bucket/t/yes"), 404);
    assert_int_equal(status(wire, "/bucket/t/other"), 200);
    assert_int_equal(status(wire, "/bucket/t/small"), 200);
    assert_int_equal(status(wire, "/bucket/u"), 200);
    wire_close(wire);
}

TEST(newer_old_versions_are_kept)
{
    struct wire *wire = open_bucket(true);
    for (int i = 0; i < 5; i++)
        put(wire, "/bucket/k");
    rules(wire, ALL("<NoncurrentVersionExpiration><NewerNoncurrentVersions>2"
                    "</NewerNoncurrentVersions><NoncurrentDays>1</NoncurrentDays>"
                    "</NoncurrentVersionExpiration>"));
    pass_days(wire, 3);
    struct got got = wire_ask(wire, "GET", "/bucket?versions", "");
    unsigned versions = 0;
    for (str rest = got.body; (rest = str_skip(rest, str_find(rest, STR("<Version>")))).size > 0;
         rest = str_skip(rest, 1))
        versions++;
    assert_int_equal(versions, 3);
    wire_close(wire);
}

TEST(a_marker_with_nothing_behind_it_goes)
{
    struct wire *wire = open_bucket(true);
    assert_status(wire_ask(wire, "DELETE", "/bucket/alone", ""), 204);
    put(wire, "/bucket/hidden");
    assert_status(wire_ask(wire, "DELETE", "/bucket/hidden", ""), 204);
    rules(wire, ALL("<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>"
                    "</Expiration>"));
    pass_days(wire, 1);
    struct got got = wire_ask(wire, "GET", "/bucket?versions", "");
    assert_false(wire_says(&got, "<Key>alone</Key>"));
    assert_says(got, "<DeleteMarker><Key>hidden</Key>");
    wire_close(wire);
}

TEST(locked_versions_stay_until_their_lock_ends)
{
    struct wire *wire = wire_open();
    assert_status(
        wire_with(wire, "PUT", "/bucket", "", { "x-amz-bucket-object-lock-enabled", "true" }), 200);
    assert_status(wire_with(wire, "PUT", "/bucket/k", "one",
                            { "x-amz-object-lock-mode", "COMPLIANCE" },
                            { "x-amz-object-lock-retain-until-date", "2026-01-20T00:00:00Z" },
                            { "Content-MD5", "+XxdKZQb+xsv2rCHSQargg==" }),
                  200);
    assert_status(
        wire_with(wire, "PUT", "/bucket/k", "two", { "Content-MD5", "uKn3Fdu2T9XFbneDxoIKYQ==" }),
        200);
    rules(wire, ALL("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays>"
                    "</NoncurrentVersionExpiration>"));
    pass_days(wire, 10);
    struct got got = wire_ask(wire, "GET", "/bucket?versions", "");
    assert_says(got, "<IsLatest>false</IsLatest>");
    pass_days(wire, 10);
    got = wire_ask(wire, "GET", "/bucket?versions", "");
    assert_false(wire_says(&got, "<IsLatest>false</IsLatest>"));
    wire_close(wire);
}

TEST(uploads_that_nobody_completes_are_aborted)
{
    struct wire *wire = open_bucket(false);
    rules(wire, ALL("<AbortIncompleteMultipartUpload><DaysAfterInitiation>2"
                    "</DaysAfterInitiation></AbortIncompleteMultipartUpload>"));
    struct got got = wire_ask(wire, "POST", "/bucket/k?uploads", "");
    assert_status(got, 200);
    assert_str(wire_header(&got, "x-amz-abort-date"), "Mon, 05 Jan 2026 00:00:00 GMT");
    assert_str(wire_header(&got, "x-amz-abort-rule-id"), "night");
    pass_days(wire, 2);
    got = wire_ask(wire, "GET", "/bucket?uploads", "");
    assert_says(got, "<Upload>");
    pass_days(wire, 1);
    got = wire_ask(wire, "GET", "/bucket?uploads", "");
    assert_false(wire_says(&got, "<Upload>"));
    wire_close(wire);
}

TEST(objects_go_down_the_storage_classes)
{
    struct wire *wire = open_bucket(false);
    rules(wire, RULE("<ObjectSizeGreaterThan>1</ObjectSizeGreaterThan>",
                     "<Transition><Days>1</Days><StorageClass>STANDARD_IA</StorageClass>"
                     "</Transition><Transition><Days>5</Days><StorageClass>GLACIER_IR"
                     "</StorageClass></Transition>"));
    put(wire, "/bucket/k");
    pass_days(wire, 2);
    struct got got = wire_ask(wire, "HEAD", "/bucket/k", "");
    assert_str(wire_header(&got, "x-amz-storage-class"), "STANDARD_IA");
    pass_days(wire, 4);
    got = wire_ask(wire, "HEAD", "/bucket/k", "");
    assert_str(wire_header(&got, "x-amz-storage-class"), "GLACIER_IR");
    wire_close(wire);
}

TEST(small_objects_are_not_moved_unless_a_rule_says_which)
{
    struct wire *wire = open_bucket(false);
    rules(wire, ALL("<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>"));
    put(wire, "/bucket/k");
    pass_days(wire, 5);
    struct got got = wire_ask(wire, "HEAD", "/bucket/k", "");
    assert_false(str_is_set(wire_header(&got, "x-amz-storage-class")));
    wire_close(wire);
}

TEST(rules_that_are_off_or_deleted_do_nothing)
{
    struct wire *wire = open_bucket(false);
    put(wire, "/bucket/k");
    rules(wire, "<Rule><ID>off</ID><Filter/><Status>Disabled</Status><Expiration><Days>1</Days>"
                "</Expiration></Rule>");
    pass_days(wire, 3);
    rules(wire, ALL("<Expiration><Days>1</Days></Expiration>"));
    assert_status(wire_ask(wire, "DELETE", "/bucket?lifecycle", ""), 204);
    pass_days(wire, 3);
    assert_int_equal(status(wire, "/bucket/k"), 200);
    wire_close(wire);
}

TEST(more_objects_than_a_page_expire_in_one_night)
{
    struct wire *wire = open_bucket(true);
    rules(wire, ALL("<Expiration><Days>1</Days></Expiration>"));
    for (int i = 0; i < 1100; i++)
        put(wire, str_format(wire->arena, "/bucket/key-%04d", i).ptr);
    pass_days(wire, 2);
    struct got got = wire_ask(wire, "GET", "/bucket?list-type=2", "");
    assert_says(got, "<KeyCount>0</KeyCount>");
    wire_close(wire);
}

/* Nothing more is due: a wait for what never comes does not live through nights for ever. */
TEST(a_world_with_rules_comes_to_rest)
{
    struct wire *wire = open_bucket(false);
    rules(wire, ALL("<Expiration><Days>1</Days></Expiration>"));
    put(wire, "/bucket/k");
    pass_days(wire, 9);
    struct time_job job = { .kind = TIME_NEXT, .arena = wire->arena };
    assert_int_equal(timekeeper_run(wire->world->timekeeper, &job), TIME_OK);
    wire_close(wire);
}

static double run_now(struct wire *wire)
{
    struct got got = wire_with(wire, "POST", "/_atoll/v1/lifecycle/run", "{}",
                               { "Content-Type", "application/json" });
    struct json_error error;
    assert_status(got, 200);
    return json_number(json_parse(wire->arena, got.body, &error), "count", -1);
}

TEST(lifecycle_runs_when_it_is_told_to)
{
    struct wire *wire = open_bucket(false);
    put(wire, "/bucket/a");
    put(wire, "/bucket/b");
    rules(wire, ALL("<Expiration><Date>2026-01-01T00:00:00Z</Date></Expiration>"));
    assert_int_equal(status(wire, "/bucket/a"), 200);
    assert_float_equal(run_now(wire), 2, 0.1);
    assert_int_equal(status(wire, "/bucket/a"), 404);
    assert_int_equal(status(wire, "/bucket/b"), 404);
    assert_float_equal(run_now(wire), 0, 0.1);

    put(wire, "/bucket/a"); /* a day that has not come */
    rules(wire, ALL("<Expiration><Days>1</Days></Expiration>"));
    assert_float_equal(run_now(wire), 0, 0.1);
    assert_int_equal(status(wire, "/bucket/a"), 200);
    struct got got = wire_with(wire, "POST", "/_atoll/v1/lifecycle/run", "{\"bucket\":\"b\"}",
                               { "Content-Type", "application/json" });
    assert_status(got, 400);
    wire_close(wire);
}

TEST(each_night_keeps_the_promise_of_x_amz_expiration)
{
    struct wire *wire = open_bucket(false);
    rules(wire, ALL("<Expiration><Date>2026-01-10T00:00:00Z</Date></Expiration>"));
    put(wire, "/bucket/a");
    pass_days(wire, 7); /* 9 January */
    assert_int_equal(status(wire, "/bucket/a"), 200);
    pass_days(wire, 1);
    assert_int_equal(status(wire, "/bucket/a"), 404);
    put(wire, "/bucket/late"); /* "the rule remains in effect" (AWS: lifecycle by date) */
    pass_days(wire, 1);
    assert_int_equal(status(wire, "/bucket/late"), 404);
    wire_close(wire);
}

TEST(transitions_ask_for_tags_sizes_and_old_versions)
{
    struct wire *wire = open_bucket(true);
    struct got got;
    rules(
        wire,
        "<Rule><ID>a</ID><Filter><Tag><Key>t</Key><Value>1</Value></Tag></Filter>"
        "<Status>Enabled</Status><Transition><Days>1</Days><StorageClass>GLACIER_IR"
        "</StorageClass></Transition></Rule>"
        "<Rule><ID>b</ID><Filter><And><Prefix>s/</Prefix>"
        "<ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan>"
        "</And></Filter><Status>Enabled</Status>"
        "<Transition><Days>2</Days><StorageClass>GLACIER</StorageClass></Transition>"
        "<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays>"
        "<NewerNoncurrentVersions>1</NewerNoncurrentVersions>"
        "<StorageClass>DEEP_ARCHIVE</StorageClass></NoncurrentVersionTransition></Rule>");
    put(wire, "/bucket/s/k");
    put(wire, "/bucket/s/k");
    put(wire, "/bucket/s/k");
    put(wire, "/bucket/u");
    pass_days(wire, 4);
    got = wire_ask(wire, "GET", "/bucket?versions", "");
    /* The current one, the newest old one as it was, and the oldest. */
    assert_says(got, "<StorageClass>GLACIER</StorageClass>");
    assert_says(got, "<StorageClass>DEEP_ARCHIVE</StorageClass>");
    assert_says(got, "<StorageClass>STANDARD</StorageClass>");
    got = wire_ask(wire, "HEAD", "/bucket/s/k", "");
    assert_str(wire_header(&got, "x-amz-storage-class"), "GLACIER");
    got = wire_ask(wire, "HEAD", "/bucket/u", "");
    assert_false(str_is_set(wire_header(&got, "x-amz-storage-class")));
    wire_close(wire);
}
