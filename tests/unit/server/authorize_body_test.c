/* Conditions about what a request's body says: such a request is judged when the body is there. */
#include "server/config.h"
#include "server/configs.h"
#include "tests/unit/server/s3_wire.h"

#define LOCATION(region)                                                                           \
    "<CreateBucketConfiguration><LocationConstraint>" region "</LocationConstraint>"               \
    "</CreateBucketConfiguration>"
#define TAGS(key, value)                                                                           \
    "<Tagging><TagSet><Tag><Key>" key "</Key><Value>" value "</Value></Tag></TagSet></Tagging>"
#define TAGGED(key, value)                                                                         \
    "<CreateBucketConfiguration><Tags><Tag><Key>" key "</Key><Value>" value                        \
    "</Value></Tag></Tags></CreateBucketConfiguration>"
#define RETENTION(mode)                                                                            \
    "<Retention><Mode>" mode                                                                       \
    "</Mode><RetainUntilDate>2026-02-01T00:00:00Z</RetainUntilDate></Retention>"
#define HOLD(status) "<LegalHold><Status>" status "</Status></LegalHold>"

struct judged {
    int line;
    const char *operator, * key, *value; /* of the Deny */
    const char *target, *body;
    bool denied;
};

static const struct judged rows[] = {
    { __LINE__, "StringEquals", "s3:LocationConstraint", "eu-west-1", "/new", LOCATION("eu-west-1"),
      true },
    { __LINE__, "StringEquals", "s3:LocationConstraint", "eu-west-1", "/new", LOCATION("eu-west-2"),
      false },
    { __LINE__, "StringNotEquals", "s3:LocationConstraint", "eu-west-1", "/new", "", true },
    { __LINE__, "StringEquals", "s3:LocationConstraint", "eu-west-1", "/new", "", false },
    { __LINE__, "StringEquals", "s3:RequestObjectTag/team", "red", "/box/k?tagging",
      TAGS("team", "red"), true },
    { __LINE__, "StringEquals", "s3:RequestObjectTag/team", "red", "/box/k?tagging",
      TAGS("team", "blue"), false },
    { __LINE__, "ForAnyValue:StringEquals", "s3:RequestObjectTagKeys", "team", "/box/k?tagging",
      TAGS("team", "blue"), true },
    /* S3 user guide, "Using tags with S3 general purpose buckets": tags of the request */
    { __LINE__, "StringEquals", "aws:RequestTag/team", "red", "/new", TAGGED("team", "red"), true },
    { __LINE__, "StringEquals", "aws:RequestTag/team", "red", "/new", TAGGED("team", "blue"),
      false },
    { __LINE__, "StringEquals", "aws:RequestTag/Team", "red", "/new", TAGGED("team", "red"),
      false },
    { __LINE__, "StringEquals", "s3:RequestObjectTag/team", "red", "/new", TAGGED("team", "red"),
      false },
    { __LINE__, "StringEquals", "aws:RequestTag/team", "red", "/box/k?tagging", TAGS("team", "red"),
      false },
    { __LINE__, "Null", "aws:RequestTag/team", "true", "/new", "", true },
    { __LINE__, "Null", "aws:RequestTag/team", "true", "/new", TAGGED("team", "red"), false },
    { __LINE__, "ForAnyValue:StringEquals", "aws:TagKeys", "team", "/new", TAGGED("team", "x"),
      true },
    { __LINE__, "ForAnyValue:StringEquals", "aws:TagKeys", "team", "/new", TAGGED("cost", "x"),
      false },
    { __LINE__, "ForAllValues:StringEquals", "aws:TagKeys", "team", "/new", TAGGED("cost", "x"),
      false },
    /* absent: attribute-based access control is off until a bucket asks for it */
    { __LINE__, "Null", "s3:BucketTag/team", "false", "/box/k?tagging", TAGS("team", "red"),
      false },
    { __LINE__, "Null", "aws:PrincipalTag/team", "false", "/new", TAGGED("team", "red"), false },
    { __LINE__, "StringEquals", "s3:object-lock-mode", "COMPLIANCE", "/locked/k?retention",
      RETENTION("COMPLIANCE"), true },
    { __LINE__, "StringEquals", "s3:object-lock-mode", "COMPLIANCE", "/locked/k?retention",
      RETENTION("GOVERNANCE"), false },
    { __LINE__, "NumericGreaterThan", "s3:object-lock-remaining-retention-days", "10",
      "/locked/k?retention", RETENTION("GOVERNANCE"), true },
    { __LINE__, "NumericGreaterThan", "s3:object-lock-remaining-retention-days", "40",
      "/locked/k?retention", RETENTION("GOVERNANCE"), false },
    { __LINE__, "StringEquals", "s3:object-lock-legal-hold", "ON", "/locked/k?legal-hold",
      HOLD("ON"), true },
    { __LINE__, "StringEquals", "s3:object-lock-legal-hold", "ON", "/locked/k?legal-hold",
      HOLD("OFF"), false },
};

static void prepare(struct wire *wire)
{
    wire_bucket(wire, "/box", false);
    assert_status(wire_ask(wire, "PUT", "/box/k", "text"), 200);
    assert_status(
        wire_with(wire, "PUT", "/locked", "", { "x-amz-bucket-object-lock-enabled", "true" }), 200);
    assert_status(wire_ask(wire, "PUT", "/locked/k", "text"), 200);
}

TEST(what_a_body_says_is_judged_before_it_is_done)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire *wire = wire_open();
        struct config config = { .check_only = false };
        struct config_account account = { .id = STR("123456789012") };
        prepare(wire);
        fields_add(wire->arena, &account.policies, STR("p"),
                   str_format(wire->arena,
                              "{\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"s3:*\","
                              "\"Resource\":\"*\",\"Condition\":{\"%s\":{\"%s\":\"%s\"}}}]}",
                              rows[i].operator, rows[i].key, rows[i].value));
        config.document.accounts = &account;
        config.document.account_count = 1;
        configs_replace(wire->world->configs, NULL, &config);
        struct got got = wire_ask(wire, "PUT", rows[i].target, rows[i].body);
        if ((got.status == 403) != rows[i].denied || (!rows[i].denied && got.status >= 300))
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
        wire_close(wire);
    }
}
