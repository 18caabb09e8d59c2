/* Policies of access points as their asynchronous request judges them: what is wrong is told by
 * Describe, and what was in force stays. */
#include "base/encode.h"
#include "tests/unit/server/s3_wire.h"

#define CONTROL "Host", "123456789012.s3-control.us-west-2.amazonaws.com"
#define ACCOUNT_ID "x-amz-account-id", "123456789012"
#define NS "xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\""

static struct got control(struct wire *wire, const char *method, const char *path, str body)
{
    return wire_with(wire, method, path, str_c(wire->arena, body), { CONTROL }, { ACCOUNT_ID });
}

/* The outcome of an asynchronous request, once it is over. */
static struct got outcome(struct wire *wire, struct got accepted)
{
    assert_status(accepted, 200);
    str arn = wire_element(wire, &accepted, "RequestTokenARN");
    struct got got = wire_with(wire, "POST", "/_atoll/v1/clock", "{\"advance\": \"1h\"}",
                               { "Host", "localhost" }, { "Content-Type", "application/json" });
    assert_status(got, 200);
    str path = str_format(wire->arena, "/v20180820/async-requests/mrap/%.*s",
                          STR_ARG(encode_uri(wire->arena, arn, false)));
    return control(wire, "GET", str_c(wire->arena, path), STR(""));
}

/* `block`: of its public access block. */
static str new_mrap(struct wire *wire, const char *block)
{
    struct got got;
    wire_bucket(wire, "/member", false);
    got = outcome(wire,
                  control(wire, "POST", "/v20180820/async-requests/mrap/create",
                          str_format(wire->arena,
                                     "<CreateMultiRegionAccessPointRequest " NS
                                     "><ClientToken>c</ClientToken><Details><Name>point</Name>%s"
                                     "<Regions><Region><Bucket>member</Bucket></Region></Regions>"
                                     "</Details></CreateMultiRegionAccessPointRequest>",
                                     block)));
    assert_says(got, "<RequestStatus>SUCCEEDED</RequestStatus>");
    got = control(wire, "GET", "/v20180820/mrap/instances/point", STR(""));
    str alias = wire_element(wire, &got, "Alias");
    return str_format(wire->arena, "arn:aws:s3::123456789012:accesspoint/%.*s", STR_ARG(alias));
}

/* `policy`: with '@' where the access point's ARN belongs, and ' where " does. */
static struct got put_policy(struct wire *wire, str arn, const char *policy, int number)
{
    struct buf body;
    buf_init_arena(&body, wire->arena, 65536);
    buf_addf(&body,
             "<PutMultiRegionAccessPointPolicyRequest " NS "><ClientToken>p%d</ClientToken>"
             "<Details><Name>point</Name><Policy>",
             number);
    for (const char *c = policy; *c; c++) {
        if (*c == '@')
            buf_add(&body, arn);
        else
            buf_add_char(&body, *c == '\'' ? '"' : *c);
    }
    buf_add(&body, STR("</Policy></Details></PutMultiRegionAccessPointPolicyRequest>"));
    return outcome(
        wire, control(wire, "POST", "/v20180820/async-requests/mrap/put-policy", buf_str(&body)));
}

#define ALLOW(principal, action, resource)                                                         \
    "{'Version':'2012-10-17','Statement':[{'Effect':'Allow','Principal':" principal                \
    ",'Action':'" action "','Resource':'" resource "'}]}"

TEST(a_policy_is_judged_as_a_buckets_is)
{
    static const struct {
        int line;
        const char *policy, *why; /* NULL: it is sound */
    } rows[] = {
        { __LINE__, ALLOW("{'AWS':'111122223333'}", "s3:GetObject", "@/object/*"), NULL },
        { __LINE__, ALLOW("'*'", "s3:*", "@"), NULL },
        { __LINE__, "", "Policies must be valid JSON and the first byte must be '{'" },
        { __LINE__, "{'Statement':", "This policy contains invalid Json" },
        { __LINE__, "{}", "Missing required field Statement" },
        { __LINE__, "{'Statement':[]}", "Could not parse the policy: Statement is empty!" },
        { __LINE__, ALLOW("'*'", "s3:GetObject", "arn:aws:s3:::member/*"),
          "Policy has invalid resource" },
        { __LINE__, ALLOW("'*'", "s3:GetObject", "@other/object/*"),
          "Policy has invalid resource" },
        { __LINE__, ALLOW("'*'", "iam:GetRole", "@"), "Policy has invalid action" },
        { __LINE__, ALLOW("{'AWS':'nobody'}", "s3:GetObject", "@/object/*"),
          "Invalid principal in policy" },
    };
    struct wire *wire = wire_open();
    str arn = new_mrap(wire, "<PublicAccessBlock><BlockPublicPolicy>false</BlockPublicPolicy>"
                             "</PublicAccessBlock>");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct got got = put_policy(wire, arn, rows[i].policy, (int) i);
        bool failed = str_is(wire_element(wire, &got, "Code"), "MalformedPolicy");
        if (failed != (rows[i].why != NULL) ||
            (failed && str_find(got.body, str_of(rows[i].why)) == got.body.size))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(got.body));
        /* The last sound one stays in force. */
        got = control(wire, "GET", "/v20180820/mrap/instances/point/policy", STR(""));
        assert_status(got, 200);
        if (i > 0)
            assert_says(got, "s3:*");
    }
    struct got got = control(wire, "GET", "/v20180820/mrap/instances/point/policystatus", STR(""));
    assert_says(got, "<IsPublic>true</IsPublic>");
    wire_close(wire);
}

TEST(a_public_policy_is_refused_unless_the_block_of_its_access_point_allows_it)
{
    struct wire *wire = wire_open();
    str arn = new_mrap(wire, "");
    struct got got = put_policy(wire, arn, ALLOW("'*'", "s3:GetObject", "@/object/*"), 1);
    assert_says(got, "<RequestStatus>FAILED<");
    assert_says(got, "<Code>AccessDenied</Code><Message>Access Denied</Message>");
    got = control(wire, "GET", "/v20180820/mrap/instances/point/policy", STR(""));
    assert_status(got, 404);
    got = put_policy(wire, arn, ALLOW("{'AWS':'111122223333'}", "s3:GetObject", "@/object/*"), 2);
    assert_says(got, "<RequestStatus>SUCCEEDED<");
    wire_close(wire);
}
