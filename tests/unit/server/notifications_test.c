/* Event notifications: who is told what, as the event stream shows it. */
#include "base/fs.h"
#include "base/json.h"
#include "replication/timekeeper.h"
#include "server/config.h"
#include "server/configs.h"
#include "server/deliveries.h"
#include "server/notifications.h"
#include "server/s3/xml.h"
#include "tests/unit/server/told.h"

#define TOPIC(events, filter)                                                                      \
    "<NotificationConfiguration><TopicConfiguration><Id>id</Id>"                                   \
    "<Topic>arn:aws:sns:us-east-1:123456789012:t</Topic>" events filter                            \
    "</TopicConfiguration></NotificationConfiguration>"
#define EVENT(name) "<Event>" name "</Event>"

static struct wire *open_topic(bool versioned, const char *configuration)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bucket", versioned);
    assert_status(wire_ask(wire, "PUT", "/bucket?notification", configuration), 200);
    return wire;
}

TEST(a_put_is_told_with_s3s_message)
{
    struct wire *wire = open_topic(true, TOPIC(EVENT("s3:ObjectCreated:*"), ""));
    assert_status(wire_ask(wire, "PUT", "/bucket/a%20b/%C3%A4", "text"), 200);
    assert_told(wire, "ObjectCreated:Put ");
    struct json_error error;
    const struct json *document = json_parse(wire->arena, told(wire).last, &error);
    const struct json *record = json_member(document, "Records")->child;
    const struct json *s3 = json_member(record, "s3");
    const struct json *object = json_member(s3, "object");
    assert_str(json_string(record, "eventVersion", STR_NONE), "2.1");
    assert_str(json_string(record, "eventTime", STR_NONE), "2026-01-02T03:04:05.000Z");
    assert_str(json_string(s3, "configurationId", STR_NONE), "id");
    assert_str(json_string(json_member(s3, "bucket"), "arn", STR_NONE), "arn:aws:s3:::bucket");
    assert_str(json_string(object, "key", STR_NONE), "a+b/%C3%A4");
    assert_str(json_string(object, "eTag", STR_NONE), "1cb251ec0d568de6a929b520c4aed8d1");
    assert_int_equal(json_string(object, "versionId", STR_NONE).size, 32);
    assert_int_equal(json_string(object, "sequencer", STR_NONE).size, 22);
    wire_close(wire);
}

TEST(each_way_to_write_has_its_name)
{
    struct wire *wire =
        open_topic(true, TOPIC(EVENT("s3:ObjectCreated:*") EVENT("s3:ObjectRemoved:*")
                                   EVENT("s3:ObjectTagging:*"),
                               ""));
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    assert_status(wire_with(wire, "PUT", "/bucket/c", "", { "x-amz-copy-source", "/bucket/k" }),
                  200);
    assert_status(wire_ask(wire, "PUT", "/bucket/k?tagging",
                           "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet>"
                           "</Tagging>"),
                  200);
    assert_status(wire_ask(wire, "DELETE", "/bucket/k?tagging", ""), 204);
    assert_status(wire_ask(wire, "DELETE", "/bucket/k", ""), 204);
    assert_told(wire, "ObjectCreated:Put ObjectCreated:Copy ObjectTagging:Put "
                      "ObjectTagging:Delete ObjectRemoved:DeleteMarkerCreated ");
    wire_close(wire);
}

TEST(what_was_refused_or_not_asked_for_is_not_told)
{
    struct wire *wire = open_topic(false, TOPIC(EVENT("s3:ObjectRemoved:Delete"), ""));
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    assert_status(wire_with(wire, "DELETE", "/bucket/k", "", { "If-Match", "\"no\"" }), 412);
    assert_told(wire, "");
    assert_status(wire_ask(wire, "DELETE", "/bucket/k", ""), 204);
    assert_told(wire, "ObjectRemoved:Delete ");
    wire_close(wire);
}

static void advance(struct wire *wire, int seconds)
{
    struct time_job job = { .kind = TIME_ADVANCE_BY,
                            .arena = wire->arena,
                            .by = DURATION_S(seconds) };
    assert_int_equal(timekeeper_run(wire->world->timekeeper, &job), TIME_OK);
}

#define RESTORE(days)                                                                              \
    "<RestoreRequest><Days>" days "</Days><GlacierJobParameters><Tier>Expedited</Tier>"            \
    "</GlacierJobParameters></RestoreRequest>"

TEST(a_restore_is_told_when_it_begins_is_there_and_ends)
{
    struct wire *wire = open_topic(true, TOPIC(EVENT("s3:ObjectRestore:*"), ""));
    assert_status(
        wire_with(wire, "PUT", "/bucket/a/k", "text", { "x-amz-storage-class", "GLACIER" }), 200);
    assert_status(wire_ask(wire, "POST", "/bucket/a/k?restore", RESTORE("1")), 202);
    assert_told(wire, "ObjectRestore:Post ");
    advance(wire, 299);
    assert_told(wire, "ObjectRestore:Post ");
    advance(wire, 1);
    assert_told(wire, "ObjectRestore:Post ObjectRestore:Completed ");
    str last = told(wire).last;
    assert_true(str_find(last, STR("\"glacierEventData\":{\"restoreEventData\":{"
                                   "\"lifecycleRestorationExpiryTime\":"
                                   "\"2026-01-04T00:00:00.000Z\","
                                   "\"lifecycleRestoreStorageClass\":\"GLACIER\"}}")) < last.size);
    assert_true(str_find(last, STR("\"eventVersion\":\"2.1\"")) < last.size);
    assert_status(wire_ask(wire, "POST", "/bucket/a/k?restore", RESTORE("3")), 200);
    advance(wire, 2 * 86400); /* 4 January: longer by now */
    assert_told(wire, "ObjectRestore:Post ObjectRestore:Completed ObjectRestore:Post ");
    advance(wire, 2 * 86400);
    assert_told(wire, "ObjectRestore:Post ObjectRestore:Completed ObjectRestore:Post "
                      "ObjectRestore:Delete ");
    last = told(wire).last;
    assert_true(str_find(last, STR("\"eventVersion\":\"2.3\"")) < last.size);
    wire_close(wire);
}

TEST(a_restore_of_what_is_gone_has_nothing_to_tell)
{
    struct wire *wire = open_topic(false, TOPIC(EVENT("s3:ObjectRestore:Completed"), ""));
    assert_status(wire_with(wire, "PUT", "/bucket/k", "text", { "x-amz-storage-class", "GLACIER" }),
                  200);
    assert_status(wire_ask(wire, "POST", "/bucket/k?restore", RESTORE("1")), 202);
    assert_status(wire_ask(wire, "DELETE", "/bucket/k", ""), 204);
    advance(wire, 600);
    assert_told(wire, "");
    wire_close(wire);
}

TEST(a_transition_is_told_with_the_class_it_led_to)
{
    struct wire *wire = open_topic(false, TOPIC(EVENT("s3:LifecycleTransition"), ""));
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    assert_status(wire_ask(wire, "PUT", "/bucket?lifecycle",
                           "<LifecycleConfiguration><Rule><Filter><ObjectSizeGreaterThan>1"
                           "</ObjectSizeGreaterThan></Filter><Status>Enabled</Status>"
                           "<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass>"
                           "</Transition></Rule></LifecycleConfiguration>"),
                  200);
    advance(wire, 3 * 86400);
    assert_told(wire, "LifecycleTransition ");
    str last = told(wire).last;
    assert_true(str_find(last, STR("\"lifecycleEventData\":{\"transitionEventData\":{"
                                   "\"destinationStorageClass\":\"GLACIER\"}}")) < last.size);
    wire_close(wire);
}

TEST(an_acl_is_told)
{
    struct wire *wire = open_topic(false, TOPIC(EVENT("s3:ObjectAcl:Put"), ""));
    assert_status(wire_ask(wire, "PUT", "/bucket?ownershipControls",
                           "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter"
                           "</ObjectOwnership></Rule></OwnershipControls>"),
                  200);
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    assert_status(wire_with(wire, "PUT", "/bucket/k?acl", "", { "x-amz-acl", "private" }), 200);
    assert_told(wire, "ObjectAcl:Put ");
    wire_close(wire);
}

TEST(what_lifecycle_does_is_told)
{
    struct wire *wire = open_topic(false, TOPIC(EVENT("s3:LifecycleExpiration:*"), ""));
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    assert_status(wire_ask(wire, "PUT", "/bucket?lifecycle",
                           "<LifecycleConfiguration><Rule><Filter/><Status>Enabled</Status>"
                           "<Expiration><Days>1</Days></Expiration></Rule>"
                           "</LifecycleConfiguration>"),
                  200);
    struct time_job job = { .kind = TIME_ADVANCE_BY,
                            .arena = wire->arena,
                            .by = DURATION_S(3 * 86400) };
    assert_int_equal(timekeeper_run(wire->world->timekeeper, &job), TIME_OK);
    assert_told(wire, "LifecycleExpiration:Delete ");
    wire_close(wire);
}

TEST(a_target_that_nobody_can_ask_is_marked_and_refused_by_strict)
{
    static const char topic[] = TOPIC(EVENT("s3:ObjectCreated:*"), "");
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bucket", false);
    struct got got = wire_ask(wire, "PUT", "/bucket?notification", topic);
    assert_status(got, 200);
    assert_str(wire_header(&got, "x-atoll-nonstandard"), "notification-target-unknown");
    wire->settings.strict = true;
    got = wire_ask(wire, "PUT", "/bucket?notification", topic);
    assert_status(got, 400);
    assert_says(got, "Unable to validate the following destination configurations");
    got = wire_with(wire, "PUT", "/bucket?notification", topic,
                    { "x-amz-skip-destination-validation", "true" });
    assert_status(got, 200);
    wire_close(wire);
}

TEST(a_target_that_the_configuration_names_gets_the_message)
{
    struct wire *wire = wire_open();
    str path = str_format(wire->arena, "%s/told", test_directory()), text;
    struct config_target target = { .arn = STR("arn:aws:sns:us-east-1:123456789012:t"),
                                    .to = { .log = path } };
    const struct config config = { .document = { .targets = &target, .target_count = 1 } };
    configs_replace(wire->world->configs, NULL, &config);
    wire->settings.strict = true;
    wire_bucket(wire, "/bucket", false);
    struct got got =
        wire_ask(wire, "PUT", "/bucket?notification", TOPIC(EVENT("s3:ObjectCreated:*"), ""));
    assert_status(got, 200);
    assert_status(wire_ask(wire, "PUT", "/bucket/k", "text"), 200);
    deliveries_flush(wire->world->deliveries);
    assert_int_equal(fs_read_file(wire->arena, path.ptr, 65536, &text), 0);
    assert_true(str_starts(text, STR("{\"Records\":[")));
    assert_int_equal(text.ptr[text.size - 1], '\n');
    wire_close(wire);
}

TEST(filters_and_wildcards)
{
#define FILTER(name, value)                                                                        \
    "<Filter><S3Key><FilterRule><Name>" name "</Name><Value>" value                                \
    "</Value></FilterRule></S3Key></Filter>"
    static const struct {
        int line;
        const char *inside, *name, *key;
        bool wanted;
    } rows[] = {
        { __LINE__, EVENT("s3:ObjectCreated:*"), "ObjectCreated:Put", "k", true },
        { __LINE__, EVENT("s3:ObjectCreated:Put"), "ObjectCreated:Put", "k", true },
        { __LINE__, EVENT("s3:ObjectCreated:Copy"), "ObjectCreated:Put", "k", false },
        { __LINE__, EVENT("s3:ObjectRemoved:Delete"), "ObjectRemoved:DeleteMarkerCreated", "k",
          false },
        { __LINE__, EVENT("s3:ObjectCreated:*") FILTER("prefix", "a/"), "ObjectCreated:Put", "a/k",
          true },
        { __LINE__, EVENT("s3:ObjectCreated:*") FILTER("Prefix", "a/"), "ObjectCreated:Put", "a",
          false },
        { __LINE__, EVENT("s3:ObjectCreated:*") FILTER("suffix", ".jpg"), "ObjectCreated:Put",
          "x.jpg", true },
        { __LINE__, EVENT("s3:ObjectCreated:*") FILTER("suffix", ".jpg"), "ObjectCreated:Put", "g",
          false },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        str text = str_format(arena, "<TopicConfiguration>%s</TopicConfiguration>", rows[i].inside);
        const struct notification what = { .name = str_of(rows[i].name),
                                           .key = str_of(rows[i].key) };
        const struct xml *configuration = xml_parse(arena, text);
        assert_non_null(configuration);
        if (notifications_wanted(configuration, &what) != rows[i].wanted)
            fail_msg("row %d", rows[i].line);
    }
    arena_free(arena);
}
