/* Whom S3 Control serves: each call is judged on the access point that it names, and management
 * needs s3:ListAllMyBuckets too. */
#include "server/config.h"
#include "server/configs.h"
#include "server/mraps.h"
#include "tests/unit/server/s3_wire.h"

#define ACCOUNT "123456789012"
#define ARN "arn:aws:s3::" ACCOUNT ":accesspoint/"
#define ENCODED_ARN "arn%3Aaws%3As3%3A%3A" ACCOUNT "%3Aaccesspoint/"
#define ALIAS "mfzwi23gnjvgw.mrap"
#define PATH "/v20180820/mrap/instances"
#define ASYNC "/v20180820/async-requests/mrap/"
#define REQUEST(name, inside)                                                                      \
    "<" name "Request><Details><Name>point</Name>" inside                                          \
    "</Details><ClientToken>t</ClientToken></" name "Request>"
#define LIST_BUCKETS "{\"Effect\":\"Allow\",\"Action\":\"s3:ListAllMyBuckets\",\"Resource\":\"*\"}"
#define ALLOW(action, resource)                                                                    \
    "{\"Effect\":\"Allow\",\"Action\":\"s3:" action "\",\"Resource\":\"" resource "\"}"

struct enforced {
    struct wire *wire;
    struct config config;
    struct config_account account;
};

static void open_point(struct enforced *at)
{
    struct store_write write;
    struct mrap mrap = {
        .name = STR("point"), .alias = STR(ALIAS), .account = STR(ACCOUNT), .member_count = 1
    };
    *at = (struct enforced){ .wire = wire_open(), .account = { .id = STR(ACCOUNT) } };
    struct wire *wire = at->wire;
    wire_bucket(wire, "/box", false);
    mrap.members[0] =
        (struct route_member){ STR("box"), region_find(STR("us-east-1")), .dial = 100 };
    mrap.member_accounts[0] = mrap.account;
    struct store_doc doc = mrap_to_doc(wire->arena, &mrap);
    store_docs_init(&write, wire->arena);
    write.docs = &doc;
    write.doc_count = 1;
    assert_int_equal(store_write_wait(wire->world->store, &write), STORE_OK);
    mraps_reload(wire->world->mraps, wire->lane->reader);
    wire->settings.iam = IAM_ENFORCE;
    at->config.document.accounts = &at->account;
    at->config.document.account_count = 1;
    configs_replace(wire->world->configs, NULL, &at->config);
}

static struct got ask(struct enforced *at, const char *method, const char *target, const char *body,
                      const char *statements)
{
    struct wire *wire = at->wire;
    at->account.policies = (struct fields){ 0 };
    fields_add(wire->arena, &at->account.policies, STR("p"),
               str_format(wire->arena, "{\"Statement\":[%s]}", statements));
    return wire_with(wire, method, target, body, { "x-amz-account-id", ACCOUNT });
}

TEST(each_control_call_is_judged_on_what_it_names)
{
    static const struct {
        int line;
        const char *method, *target, *body, *action, *resource;
    } rows[] = {
        { __LINE__, "GET", PATH "/point", "", "GetMultiRegionAccessPoint", ARN ALIAS },
        { __LINE__, "GET", PATH "/none", "", "GetMultiRegionAccessPoint", ARN "none" },
        { __LINE__, "GET", PATH "/point/policy", "", "GetMultiRegionAccessPointPolicy", ARN ALIAS },
        { __LINE__, "GET", PATH "/point/policystatus", "", "GetMultiRegionAccessPointPolicyStatus",
          ARN ALIAS },
        { __LINE__, "GET", PATH, "", "ListMultiRegionAccessPoints", "*" },
        { __LINE__, "GET", PATH "/" ENCODED_ARN ALIAS "/routes", "",
          "GetMultiRegionAccessPointRoutes", ARN ALIAS },
        { __LINE__, "GET", PATH "/" ENCODED_ARN "point.mrap/routes", "",
          "GetMultiRegionAccessPointRoutes", ARN ALIAS },
        { __LINE__, "GET", ASYNC "arn%3Aaws%3As3%3Aus-west-2%3A" ACCOUNT "%3Aasync-request/mrap/x",
          "", "DescribeMultiRegionAccessPointOperation",
          "arn:aws:s3:us-west-2:" ACCOUNT ":async-request/mrap/*" },
        { __LINE__, "POST", ASYNC "create",
          REQUEST("CreateMultiRegionAccessPoint", "<Regions><Region><Bucket>box</Bucket></Region>"
                                                  "</Regions>"),
          "CreateMultiRegionAccessPoint", ARN ALIAS },
        { __LINE__, "POST", ASYNC "put-policy",
          REQUEST("PutMultiRegionAccessPointPolicy", "<Policy>{}</Policy>"),
          "PutMultiRegionAccessPointPolicy", ARN ALIAS },
        { __LINE__, "POST", ASYNC "delete", REQUEST("DeleteMultiRegionAccessPoint", ""),
          "DeleteMultiRegionAccessPoint", ARN ALIAS },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct enforced at;
        open_point(&at);
        const char *other =
            str_c(at.wire->arena, str_format(at.wire->arena, LIST_BUCKETS "," ALLOW("%s", "%s"),
                                             rows[i].action, ARN "mother.mrap"));
        const char *right =
            str_c(at.wire->arena, str_format(at.wire->arena, LIST_BUCKETS "," ALLOW("%s", "%s"),
                                             rows[i].action, rows[i].resource));
        struct got got = ask(&at, rows[i].method, rows[i].target, rows[i].body, other);
        if (got.status != 403)
            fail_msg("line %d: %d instead of 403", rows[i].line, got.status);
        got = ask(&at, rows[i].method, rows[i].target, rows[i].body, right);
        if (got.status == 403 || got.status >= 500)
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(got.body));
        wire_close(at.wire);
    }
}

TEST(managing_access_points_also_needs_to_list_buckets_and_routing_does_not)
{
    struct enforced at;
    open_point(&at);
    struct got got =
        ask(&at, "GET", PATH "/point", "", ALLOW("GetMultiRegionAccessPoint", ARN ALIAS));
    assert_status(got, 403);
    assert_says(got, "s3:ListAllMyBuckets");
    got = ask(&at, "GET", PATH "/" ENCODED_ARN ALIAS "/routes", "",
              ALLOW("GetMultiRegionAccessPointRoutes", ARN ALIAS));
    assert_status(got, 200);
    wire_close(at.wire);
}

TEST(a_denied_access_point_is_denied_by_its_alias_and_others_are_not)
{
    struct enforced at;
    open_point(&at);
    at.wire->settings.iam = IAM_RESOURCES;
    struct got got =
        ask(&at, "POST", ASYNC "delete", REQUEST("DeleteMultiRegionAccessPoint", ""),
            "{\"Effect\":\"Deny\",\"Action\":\"s3:Delete*\",\"Resource\":\"" ARN ALIAS "\"}");
    assert_status(got, 403);
    got = ask(&at, "POST", ASYNC "delete", REQUEST("DeleteMultiRegionAccessPoint", ""),
              "{\"Effect\":\"Deny\",\"Action\":\"s3:Delete*\",\"Resource\":\"" ARN "m2.mrap\"}");
    assert_status(got, 200);
    wire_close(at.wire);
}

/* Service authorization reference: TagResource has aws:RequestTag and aws:TagKeys, UntagResource
 * the keys alone. */
TEST(conditions_ask_for_the_tags_that_a_resource_is_given_and_the_keys_it_loses)
{
#define TAGS "/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Abox"
#define TAGGED(key, value)                                                                         \
    "<TagResourceRequest><Tags><Tag><Key>" key "</Key><Value>" value                               \
    "</Value></Tag></Tags></TagResourceRequest>"
#define DENY_TAGS(operator, key, value)                                                            \
    "{\"Effect\":\"Deny\",\"Action\":[\"s3:TagResource\",\"s3:UntagResource\"],"                   \
    "\"Resource\":\"*\",\"Condition\":{\""                                                         \
    operator"\":{\"" key "\":\"" value "\"}}}"
    static const struct {
        int line;
        const char *method, *target, *body, *statement;
        int status;
    } rows[] = {
        { __LINE__, "POST", TAGS, TAGGED("team", "red"),
          DENY_TAGS("StringEquals", "aws:RequestTag/team", "red"), 403 },
        { __LINE__, "POST", TAGS, TAGGED("team", "blue"),
          DENY_TAGS("StringEquals", "aws:RequestTag/team", "red"), 204 },
        { __LINE__, "POST", TAGS, TAGGED("cost", "1"),
          DENY_TAGS("ForAllValues:StringNotEquals", "aws:TagKeys", "team"), 403 },
        { __LINE__, "DELETE", TAGS "?tagKeys=team", "",
          DENY_TAGS("ForAnyValue:StringEquals", "aws:TagKeys", "team"), 403 },
        { __LINE__, "DELETE", TAGS "?tagKeys=cost", "",
          DENY_TAGS("ForAnyValue:StringEquals", "aws:TagKeys", "team"), 204 },
        { __LINE__, "DELETE", TAGS "?tagKeys=team", "",
          DENY_TAGS("Null", "aws:RequestTag/team", "false"), 204 },
    };
    struct enforced at;
    open_point(&at);
    at.wire->settings.iam = IAM_RESOURCES;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct got got = ask(&at, rows[i].method, rows[i].target, rows[i].body, rows[i].statement);
        if (got.status != rows[i].status)
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
    }
    wire_close(at.wire);
}

#define AS(account)                                                                                \
    {                                                                                              \
        "Authorization", "AWS4-HMAC-SHA256 Credential=" account                                    \
                         "/20260102/us-west-2/s3/aws4_request, SignedHeaders=host, Signature=00"   \
    }

TEST(another_accounts_id_is_refused_with_the_ways_to_be_it)
{
    struct enforced at;
    open_point(&at);
    struct wire *wire = at.wire;
    wire->settings.iam = IAM_RESOURCES;
    wire->settings.hints = true;
    struct got got =
        wire_with(wire, "GET", PATH "/point", "", { "x-amz-account-id", "111122223333" });
    assert_status(got, 403);
    assert_says(got, "<Code>AccessDenied</Code>");
    assert_says(got, "acts as account " ACCOUNT);
    assert_says(got, "--account 111122223333");
    assert_says(got, "a key of 12 digits is the account of that number");
    got = wire_with(wire, "GET", PATH "/point", "", { "x-amz-account-id", "111122223333" },
                    AS("111122223333"));
    assert_status(got, 404); /* it may ask, and has no such access point */
    wire_close(wire);
}

TEST(a_friendly_name_is_that_of_the_callers_account)
{
    struct enforced at;
    open_point(&at);
    struct wire *wire = at.wire;
    wire->settings.iam = IAM_RESOURCES;
    const char *host = "point.mrap.accesspoint.s3-global.amazonaws.com";
    assert_status(wire_ask(wire, "PUT", "/box/k", "text"), 200);
    struct got got = wire_with(wire, "GET", "/k", "", { "Host", host });
    assert_status(got, 200);
    assert_str(wire_header(&got, "x-atoll-nonstandard"), "name-as-alias");
    got = wire_with(wire, "GET", "/k", "", { "Host", host }, AS("111122223333"));
    assert_says(got, "<Code>NoSuch");
    wire->settings.strict = true;
    got = wire_with(wire, "GET", "/k", "", { "Host", host });
    assert_says(got, "<Code>NoSuch");
    wire_close(wire);
}
