/* STS and the roles of IAM, as their clients ask: on their own hosts, and on one endpoint for all
 * services, where only the scope of the signature tells them apart. */
#include "tests/unit/server/s3_wire.h"

#include "server/control/role.h"

#define FORM "Content-Type", "application/x-www-form-urlencoded"
#define SCOPE(service)                                                                             \
    "AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/" service                                 \
    "/aws4_request, SignedHeaders=host, Signature=0"
#define TRUST                                                                                      \
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C"  \
    "%22Principal%22%3A%7B%22AWS%22%3A%22%2A%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%" \
    "7D"
#define ALLOW                                                                                      \
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C"  \
    "%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"

static struct got iam(struct wire *wire, const char *body)
{
    return wire_with(wire, "POST", "/", body, { "Host", "iam.amazonaws.com" }, { FORM });
}

static struct got sts(struct wire *wire, const char *body)
{
    return wire_with(wire, "POST", "/", body, { "Host", "sts.us-east-1.amazonaws.com" }, { FORM });
}

TEST(the_scope_of_the_signature_tells_services_apart_on_one_endpoint)
{
    struct wire *wire = wire_open();
    struct got got = wire_with(wire, "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15",
                               { "Authorization", SCOPE("sts") }, { FORM });
    assert_status(got, 200);
    assert_says(got, "<Account>123456789012</Account>");
    got = wire_with(wire, "POST", "/", "Action=ListRoles", { "Authorization", SCOPE("iam") },
                    { FORM });
    assert_status(got, 200);
    assert_says(got, "<IsTruncated>false</IsTruncated>");
    got = wire_with(wire, "POST", "/", "Action=PutMetricData",
                    { "Authorization", SCOPE("monitoring") }, { FORM });
    assert_status(got, 501);
    assert_says(got, "monitoring");
    got = wire_with(wire, "GET", "/", "", { "Authorization", SCOPE("s3") });
    assert_status(got, 200);
    assert_says(got, "ListAllMyBucketsResult");
    wire_close(wire);
}

TEST(a_role_is_made_read_changed_and_deleted)
{
    struct wire *wire = wire_open();
    struct got got =
        iam(wire, "Action=CreateRole&RoleName=r&Path=/team/&AssumeRolePolicyDocument=" TRUST);
    assert_status(got, 200);
    assert_says(got, "<CreateRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">");
    assert_says(got, "<Arn>arn:aws:iam::123456789012:role/team/r</Arn>");
    assert_says(got, "<AssumeRolePolicyDocument>" TRUST "</AssumeRolePolicyDocument>");
    str id = wire_element(wire, &got, "RoleId");
    assert_int_equal(id.size, 21);

    got = iam(wire, "Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=" TRUST);
    assert_status(got, 409);
    assert_says(got, "<Code>EntityAlreadyExists</Code>");
    got = iam(wire, "Action=PutRolePolicy&RoleName=r&PolicyName=p&PolicyDocument=" ALLOW);
    assert_status(got, 200);
    assert_says(got, "<ResponseMetadata>");
    got = iam(wire, "Action=PutRolePolicy&RoleName=r&PolicyName=p&PolicyDocument=" ALLOW);
    got = iam(wire, "Action=PutRolePolicy&RoleName=r&PolicyName=q&PolicyDocument=" ALLOW);
    got = iam(wire, "Action=ListRolePolicies&RoleName=r");
    assert_says(got, "<PolicyNames><member>p</member><member>q</member></PolicyNames>");
    got = iam(wire, "Action=GetRolePolicy&RoleName=r&PolicyName=p");
    assert_says(got, "<PolicyDocument>" ALLOW "</PolicyDocument>");
    got = iam(wire, "Action=DeleteRole&RoleName=r");
    assert_status(got, 409);
    assert_says(got, "<Code>DeleteConflict</Code>");
    got = iam(wire, "Action=DeleteRolePolicy&RoleName=r&PolicyName=p");
    assert_status(got, 200);
    got = iam(wire, "Action=GetRolePolicy&RoleName=r&PolicyName=p");
    assert_status(got, 404);
    got = iam(wire, "Action=GetRolePolicy&RoleName=r&PolicyName=q");
    assert_status(got, 200);
    got = iam(wire, "Action=DeleteRolePolicy&RoleName=r&PolicyName=q");
    got = iam(wire, "Action=ListRoles&PathPrefix=/team/");
    assert_says(got, "<RoleName>r</RoleName>");
    got = iam(wire, "Action=ListRoles&PathPrefix=/other/");
    assert_false(wire_says(&got, "<RoleName>"));
    got = iam(wire, "Action=DeleteRole&RoleName=r");
    assert_status(got, 200);
    got = iam(wire, "Action=GetRole&RoleName=r");
    assert_status(got, 404);
    assert_says(got, "The role with name r cannot be found.");
    wire_close(wire);
}

TEST(what_iam_refuses_is_refused_in_its_words)
{
    static const struct {
        int line;
        const char *body;
        int status;
        const char *code;
    } rows[] = {
        { __LINE__, "Action=CreateRole&RoleName=r", 400, "ValidationError" },
        { __LINE__, "Action=CreateRole&AssumeRolePolicyDocument=" TRUST, 400, "ValidationError" },
        { __LINE__, "Action=CreateRole&RoleName=a/b&AssumeRolePolicyDocument=" TRUST, 400,
          "ValidationError" },
        { __LINE__, "Action=CreateRole&RoleName=r&Path=team&AssumeRolePolicyDocument=" TRUST, 400,
          "ValidationError" },
        { __LINE__, "Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=%7B", 400,
          "MalformedPolicyDocument" },
        { __LINE__, "Action=PutRolePolicy&RoleName=r&PolicyName=p&PolicyDocument=" ALLOW, 404,
          "NoSuchEntity" },
        { __LINE__, "Action=ListUsers", 501, "NotImplemented" },
        { __LINE__, "", 501, "NotImplemented" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire *wire = wire_open();
        struct got got = iam(wire, rows[i].body);
        if (got.status != rows[i].status || !str_is(wire_element(wire, &got, "Code"), rows[i].code))
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
        if (rows[i].status == 501)
            assert_says(got, "`roles`");
        wire_close(wire);
    }
}

TEST(an_assumed_role_has_credentials_that_name_it)
{
    struct wire *wire = wire_open();
    (void) iam(wire, "Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=" TRUST);
    struct got got = sts(wire, "Action=AssumeRole&RoleSessionName=me&DurationSeconds=900"
                               "&RoleArn=arn:aws:iam::123456789012:role/r");
    assert_status(got, 200);
    assert_says(got, "<Arn>arn:aws:sts::123456789012:assumed-role/r/me</Arn>");
    str key = wire_element(wire, &got, "AccessKeyId");
    str token = wire_element(wire, &got, "SessionToken");
    assert_true(str_starts(key, STR("ASIA")) && key.size == 20);
    str id = wire_element(wire, &got, "AssumedRoleId");

    str authorization = str_format(wire->arena,
                                   "AWS4-HMAC-SHA256 Credential=%.*s/20261122/us-east-1/sts/"
                                   "aws4_request, SignedHeaders=host, Signature=0",
                                   STR_ARG(key));
    got = wire_with(wire, "POST", "/", "Action=GetCallerIdentity", { "Host", "sts.amazonaws.com" },
                    { FORM }, { "Authorization", str_c(wire->arena, authorization) });
    assert_says(got, "<Arn>arn:aws:sts::123456789012:assumed-role/r/me</Arn>");
    assert_true(str_eq(wire_element(wire, &got, "UserId"), id));
    got = wire_with(wire, "POST", "/", "Action=GetSessionToken", { "Host", "sts.amazonaws.com" },
                    { FORM }, { "Authorization", str_c(wire->arena, authorization) });
    assert_status(got, 403);

    /* Verified, the token is asked for before anything else. */
    wire->settings.auth = AUTH_MODE_STRICT;
    wire->settings.signature_skew = DURATION_S(-1);
    authorization = str_format(wire->arena,
                               "AWS4-HMAC-SHA256 Credential=%.*s/20261122/us-east-1/s3/"
                               "aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
                               STR_ARG(key));
    got = wire_with(wire, "GET", "/", "", { "x-amz-date", "20261122T120000Z" },
                    { "Authorization", str_c(wire->arena, authorization) });
    assert_status(got, 400);
    assert_says(got, "<Code>InvalidToken</Code>");
    got = wire_with(wire, "GET", "/", "", { "x-amz-date", "20261122T120000Z" },
                    { "Authorization", str_c(wire->arena, authorization) },
                    { "x-amz-security-token", str_c(wire->arena, token) });
    assert_says(got, "<HeadersNotSigned>x-amz-security-token</HeadersNotSigned>");
    wire_close(wire);
}

/* Another process on the same data: the same seed, an empty table. */
TEST(a_session_outlives_the_process_that_issued_it)
{
    struct wire *wire = wire_open(), *later = wire_open();
    struct got got = sts(wire, "Action=AssumeRole&RoleSessionName=me"
                               "&RoleArn=arn:aws:iam::444455556666:role/r");
    str key = wire_element(wire, &got, "AccessKeyId");
    const char *token = str_c(wire->arena, wire_element(wire, &got, "SessionToken"));
    str authorization = str_format(wire->arena,
                                   "AWS4-HMAC-SHA256 Credential=%.*s/20261122/us-east-1/sts/"
                                   "aws4_request, SignedHeaders=host, Signature=0",
                                   STR_ARG(key));
    got = wire_with(later, "POST", "/", "Action=GetCallerIdentity", { "Host", "sts.amazonaws.com" },
                    { FORM }, { "Authorization", str_c(wire->arena, authorization) },
                    { "x-amz-security-token", token });
    assert_says(got, "<Arn>arn:aws:sts::444455556666:assumed-role/r/me</Arn>");
    wire_close(later);
    wire_close(wire);
}

TEST(what_sts_refuses_is_refused_in_its_words)
{
    static const struct {
        int line;
        const char *body;
        int status;
        const char *code;
    } rows[] = {
        { __LINE__, "Action=AssumeRole&RoleSessionName=me", 400, "ValidationError" },
        { __LINE__, "Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/r", 400,
          "ValidationError" },
        { __LINE__, "Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:user/r&RoleSessionName=me",
          400, "ValidationError" },
        { __LINE__, "Action=AssumeRole&RoleArn=r&RoleSessionName=me", 400, "ValidationError" },
        { __LINE__,
          "Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/r&RoleSessionName=a/b", 400,
          "ValidationError" },
        { __LINE__,
          "Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/"
          "r&RoleSessionName=me&DurationSeconds=899",
          400, "ValidationError" },
        { __LINE__, "Action=GetSessionToken&DurationSeconds=999999", 400, "ValidationError" },
        { __LINE__, "Action=GetSessionToken", 200, "" },
        { __LINE__, "Action=AssumeRoleWithSAML", 501, "NotImplemented" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire *wire = wire_open();
        struct got got = sts(wire, rows[i].body);
        if (got.status != rows[i].status || !str_is(wire_element(wire, &got, "Code"), rows[i].code))
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
        wire_close(wire);
    }
}

TEST(a_role_that_nobody_made_is_marked_or_refused)
{
    static const char body[] = "Action=AssumeRole&RoleSessionName=me"
                               "&RoleArn=arn:aws:iam::999999999999:role/theirs";
    struct wire *wire = wire_open();
    struct got got = sts(wire, body);
    assert_status(got, 200);
    assert_str(wire_header(&got, "x-atoll-nonstandard"), "unknown-role");
    wire->settings.strict = true;
    got = sts(wire, body);
    assert_status(got, 403);
    assert_says(got, "is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::9999");
    wire_close(wire);
}

TEST(a_token_of_the_global_endpoint_does_not_reach_an_access_point)
{
    static const struct {
        int line;
        const char *host;
        bool strict;
        int status;
    } rows[] = {
        { __LINE__, "sts.amazonaws.com", true, 500 },
        { __LINE__, "sts.amazonaws.com", false, 403 }, /* the signature, which is wrong */
        { __LINE__, "sts.us-east-1.amazonaws.com", true, 403 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire *wire = wire_open();
        struct got got = wire_with(wire, "POST", "/", "Action=GetSessionToken",
                                   { "Host", rows[i].host }, { FORM });
        assert_status(got, 200);
        str key = wire_element(wire, &got, "AccessKeyId");
        str token = wire_element(wire, &got, "SessionToken");
        str authorization = str_format(wire->arena,
                                       "AWS4-ECDSA-P256-SHA256 Credential=%.*s/20261122/s3/"
                                       "aws4_request, SignedHeaders=host;x-amz-content-sha256;"
                                       "x-amz-date;x-amz-region-set;x-amz-security-token, "
                                       "Signature=00",
                                       STR_ARG(key));
        wire->settings.auth = AUTH_MODE_RELAXED;
        wire->settings.strict = rows[i].strict;
        wire->settings.signature_skew = DURATION_S(-1);
        got = wire_with(wire, "GET", "/k", "",
                        { "Host", "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com" },
                        { "x-amz-date", "20261122T120000Z" }, { "x-amz-region-set", "*" },
                        { "x-amz-content-sha256", "UNSIGNED-PAYLOAD" },
                        { "Authorization", str_c(wire->arena, authorization) },
                        { "x-amz-security-token", str_c(wire->arena, token) });
        if (got.status != rows[i].status || (got.status == 500 && got.body.size > 0))
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
        wire_close(wire);
    }
}

TEST(a_role_survives_its_document)
{
    struct arena *arena = arena_new();
    struct role role = { .account = STR("123456789012"),
                         .name = STR("r"),
                         .arn = STR("arn:aws:iam::123456789012:role/p/r"),
                         .path = STR("/p/"),
                         .id = STR("AROAX"),
                         .trust = STR("{\"a\": \"\\u00fc\"}"),
                         .created = { 1767323045000000000 } };
    fields_add(arena, &role.policies, STR("p\"q"), STR("{}"));
    struct store_doc doc = role_to_doc(arena, &role);
    struct role back;
    assert_str(doc.id, "123456789012/r");
    assert_true(role_from_doc(arena, doc.id, doc.body, &back));
    assert_true(str_eq(back.name, role.name) && str_eq(back.arn, role.arn));
    assert_true(str_eq(back.trust, role.trust) && str_eq(back.id, role.id));
    assert_int_equal(back.policies.count, 1);
    assert_str(back.policies.at[0].name, "p\"q");
    assert_int_equal(back.created.ns, role.created.ns);
    /* What the configuration writes may be short. */
    assert_true(role_from_doc(arena, STR("123456789012/x"), STR("{\"name\": \"x\"}"), &back));
    assert_str(back.arn, "arn:aws:iam::123456789012:role/x");
    assert_false(role_from_doc(arena, STR("x"), STR("{}"), &back));
    assert_false(role_from_doc(arena, STR("1/x"), STR("nonsense"), &back));
    str account, name;
    assert_true(role_arn_parse(STR("arn:aws:iam::123456789012:role/a/b/c"), &account, &name));
    assert_str(name, "c");
    assert_false(role_arn_parse(STR("arn:aws:iam::123456789012:role/"), &account, &name));
    assert_false(role_arn_parse(STR("arn:aws:iam::12:role/c"), &account, &name));
    arena_free(arena);
}
