/* What the authenticate step makes of requests that no client recorded: wrong times, headers left
 * unsigned, unknown keys, the three modes. */
#include "tests/unit/server/auth_requests.h"

TEST(a_presigned_request_lives_from_its_date_to_its_expiry)
{
    static const char week[] =
        QUERY(A, QUERY_CREDENTIAL, D, "X-Amz-Expires=604800", H,
              "X-Amz-Signature=20d21f400c6526d6fe07572ae14202acd90e31916951a5b17527809e70e62572");
    static const char minute[] = QUERY(A, QUERY_CREDENTIAL, D, E, H, S);
    static const struct {
        int line;
        const char *target, *now, *message;
    } rows[] = {
        { __LINE__, minute, "20261122T120000Z", NULL },
        { __LINE__, minute, "20261122T120100Z", NULL },
        { __LINE__, minute, "20261122T120101Z", "Request has expired" },
        { __LINE__, minute, "20261122T114500Z", NULL },
        { __LINE__, minute, "20261122T114459Z", "Request is not valid yet" },
        { __LINE__, week, "20261129T120000Z", NULL },
        { __LINE__, week, "20261129T120001Z", "Request has expired" },
    };
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq = get_presigned(fixture, rows[i].target);
        assert_true(instant_parse_amz(str_of(rows[i].now), &rq->received_wall));
        enum s3_code code = auth_check(rq);
        enum s3_code expected = rows[i].message ? S3_AccessDenied : S3_OK;
        if (code != expected || (rows[i].message && !str_is(rq->message, rows[i].message)))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(rq->message));
    }
    fixture_free(fixture);
}

TEST(an_expired_request_is_told_when_it_expired)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    struct request *rq = get_presigned(fixture, QUERY(A, QUERY_CREDENTIAL, D, E, H, S));
    assert_true(instant_parse_amz(STR("20261122T130000Z"), &rq->received_wall));
    assert_int_equal(auth_check(rq), S3_AccessDenied);
    assert_str(extra(rq, "X-Amz-Expires"), "60");
    assert_str(extra(rq, "Expires"), "2026-11-22T12:01:00Z");
    assert_str(extra(rq, "ServerTime"), "2026-11-22T13:00:00Z");
    fixture_free(fixture);
}

TEST(no_seconds_at_all_have_expired_at_once)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    struct request *rq =
        get_presigned(fixture, QUERY(A, QUERY_CREDENTIAL, D, "X-Amz-Expires=0", H, S));
    rq->received_wall = instant_add(rq->received_wall, DURATION_MS(1));
    assert_int_equal(auth_check(rq), S3_AccessDenied);
    assert_str(rq->message, "Request has expired");
    assert_str(extra(rq, "X-Amz-Expires"), "0");
    fixture_free(fixture);
}

TEST(a_clock_more_than_fifteen_minutes_off_is_refused)
{
    static const struct {
        int line;
        const char *now;
        bool accepted;
    } rows[] = {
        { __LINE__, "20261122T121500Z", true },
        { __LINE__, "20261122T121501Z", false },
        { __LINE__, "20261122T114500Z", true },
        { __LINE__, "20261122T114459Z", false },
    };
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq = get(fixture, "/k", GOOD);
        assert_true(instant_parse_amz(str_of(rows[i].now), &rq->received_wall));
        enum s3_code code = auth_check(rq);
        if (code != (rows[i].accepted ? S3_OK : S3_RequestTimeTooSkewed))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(s3_error_of(code)->code));
        if (rows[i].accepted)
            continue;
        assert_str(extra(rq, "RequestTime"), "20261122T120000Z");
        assert_int_equal(extra(rq, "ServerTime").size, sizeof "2026-11-22T12:15:01Z" - 1);
        assert_str(extra(rq, "MaxAllowedSkewMilliseconds"), "900000");
    }
    fixture_free(fixture);
}

TEST(another_skew_may_be_allowed)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    fixture->settings.signature_skew = DURATION_S(5);
    struct request *rq = get(fixture, "/k", GOOD);
    rq->received_wall = instant_add(rq->received_wall, DURATION_S(6));
    assert_int_equal(auth_check(rq), S3_RequestTimeTooSkewed);
    assert_str(extra(rq, "MaxAllowedSkewMilliseconds"), "5000");
    fixture_free(fixture);
}

TEST(the_date_may_stand_in_x_amz_date_or_in_Date)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    struct request *rq =
        get(fixture, "/k",
            ALGORITHM CREDENTIAL
            ", SignedHeaders=date;host;x-amz-content-sha256, "
            "Signature=7788b2a883d4eda23cf74aff71319f39090cb1f4043dfca5802ea304671fe4af");
    fields_remove(&rq->headers, "x-amz-date");
    fixture_header(rq, "Date", "Sun, 22 Nov 2026 12:00:00 GMT");
    assert_int_equal(auth_check(rq), S3_OK);

    static const char *const dates[] = { "", "yesterday", "2026-11-22T12:00:00Z" };
    for (size_t i = 0; i < COUNT(dates); i++) {
        rq = get(fixture, "/k", GOOD);
        fields_set(rq->arena, &rq->headers, STR("x-amz-date"), str_of(dates[i]));
        assert_int_equal(auth_check(rq), S3_AccessDenied);
        assert_str(rq->message, "AWS authentication requires a valid Date or x-amz-date header");
    }
    rq = get(fixture, "/k", GOOD);
    fields_remove(&rq->headers, "x-amz-date");
    assert_int_equal(auth_check(rq), S3_AccessDenied);
    fixture_free(fixture);
}

TEST(amz_headers_and_host_must_be_signed)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    struct request *rq = get(fixture, "/k", GOOD);
    fixture_header(rq, "X-Amz-Acl", "public-read");
    fixture_header(rq, "x-amz-meta-a", "b");
    fixture_header(rq, "Range", "bytes=0-1");
    fixture_header(rq, "x-amzn-trace-id", "a proxy's");
    assert_int_equal(auth_check(rq), S3_AccessDenied);
    assert_str(rq->message, "There were headers present in the request which were not signed");
    assert_str(extra(rq, "HeadersNotSigned"), "x-amz-acl, x-amz-meta-a");

    rq = get(fixture, "/k",
             ALGORITHM CREDENTIAL ", SignedHeaders=x-amz-content-sha256;x-amz-date, " SIGNATURE);
    assert_int_equal(auth_check(rq), S3_AccessDenied);
    assert_str(extra(rq, "HeadersNotSigned"), "host");

    rq = get_presigned(fixture, QUERY(A, QUERY_CREDENTIAL, D, E, H, S));
    fixture_header(rq, "x-amz-tagging", "a=b");
    assert_int_equal(auth_check(rq), S3_AccessDenied);
    assert_str(extra(rq, "HeadersNotSigned"), "x-amz-tagging");
    fixture_free(fixture);
}

TEST(s3_needs_the_payload_hash)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    struct request *rq = get(fixture, "/k", GOOD);
    fields_remove(&rq->headers, "x-amz-content-sha256");
    assert_int_equal(auth_check(rq), S3_InvalidRequest);
    assert_str(rq->message, "Missing required header for this request: x-amz-content-sha256");
    fixture_free(fixture);
}

TEST(a_wrong_signature_is_answered_with_what_should_have_been_signed)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    struct request *rq = get(fixture, "/other", GOOD);
    assert_int_equal(auth_check(rq), S3_SignatureDoesNotMatch);
    assert_false(rq->who.verified);
    static const char *const order[] = { "AWSAccessKeyId",    "StringToSign",
                                         "SignatureProvided", "StringToSignBytes",
                                         "CanonicalRequest",  "CanonicalRequestBytes" };
    assert_int_equal(rq->extra.count, COUNT(order));
    for (size_t i = 0; i < COUNT(order); i++)
        assert_str(rq->extra.at[i].name, order[i]);
    assert_str(extra(rq, "AWSAccessKeyId"), EXAMPLE_KEY);
    assert_str(extra(rq, "SignatureProvided"),
               "5832f82012c6c27eb7c0d98eb8c85bc8a6a2af929809050142d308e3cb9b3468");
    assert_str(
        extra(rq, "CanonicalRequest"),
        "GET\n/other\n\nhost:b.s3.amazonaws.com\nx-amz-content-sha256:" EMPTY_SHA256
        "\nx-amz-date:20261122T120000Z\n\nhost;x-amz-content-sha256;x-amz-date\n" EMPTY_SHA256);
    assert_true(str_starts(extra(rq, "StringToSign"),
                           STR("AWS4-HMAC-SHA256\n20261122T120000Z\n" SCOPE "\n")));
    assert_true(str_starts(extra(rq, "StringToSignBytes"), STR("41 57 53 34 2d 48 4d")));
    assert_true(str_ends(extra(rq, "CanonicalRequestBytes"), STR(" 38 35 35")));
    fixture_free(fixture);
}

TEST(the_query_is_sorted_by_name_and_encoded_once)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    static const char authorization[] = ALGORITHM CREDENTIAL
        ", " HEADERS ", Signature=d65603fe08095e0e278267dd53ca3608a885ac5dd4182948faed4ca7a74fad1c";
    static const char *const targets[] = {
        "/k?a=1&a=2&a-b=&b=%20%2F%2B&list-type=2",
        "/k?list-type=2&b=%20%2f%2B&a-b&a=2&a=1",
        "/k?list-type=2&&b=+/%2B&a-b=&%61=2&a=1&",
        "http://b.s3.amazonaws.com/k?a=1&a=2&a-b=&b=%20%2F%2B&list-type=2",
    };
    for (size_t i = 0; i < COUNT(targets); i++) {
        struct request *rq = get(fixture, targets[i], authorization);
        if (auth_check(rq) != S3_OK)
            fail_msg("%s: %.*s", targets[i], STR_ARG(extra(rq, "CanonicalRequest")));
    }
    fixture_free(fixture);
}

TEST(fields_of_one_name_are_joined_and_blanks_collapsed)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    struct request *rq =
        get(fixture, "/k",
            ALGORITHM CREDENTIAL
            ", " HEADERS ";x-amz-meta-a, "
            "Signature=e45478366f7eaa5efeaa138610bd5205737c94a258600e48f73f1ab74a349afb");
    fixture_header(rq, "X-Amz-Meta-A", "  one ");
    fixture_header(rq, "x-amz-meta-a", "two    three");
    fixture_header(rq, "x-amz-meta-a", "four");
    assert_int_equal(auth_check(rq), S3_OK);
    fixture_free(fixture);
}

TEST(paths_are_signed_as_they_are_on_the_wire)
{
    static const struct {
        int line;
        const char *target, *path;
    } rows[] = {
        { __LINE__, "/a//b/./c/../d", "/a//b/./c/../d" },
        { __LINE__, "/%7e%2B+", "/%7e%2B+" },
        { __LINE__, "http://h:1/a?x", "/a" },
        { __LINE__, "https://h", "/" },
        { __LINE__, "http://h?x=/", "/" },
        { __LINE__, "/", "/" },
    };
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq = get(fixture, rows[i].target, GOOD);
        struct claim claim = claim_read(rq, STR("s3"));
        str line, canonical = canonical_request(rq, &claim, STR(""));
        assert_true(str_next(&canonical, '\n', &line));
        assert_true(str_next(&canonical, '\n', &line));
        if (!str_is(line, rows[i].path))
            fail_msg("line %d: \"%.*s\"", rows[i].line, STR_ARG(line));
    }
    fixture_free(fixture);
}

TEST(a_path_may_be_signed_as_what_it_means_encoded_once)
{
    static const char authorization[] = ALGORITHM CREDENTIAL
        ", " HEADERS ", Signature=d1b34fd6644e29cf2a91ea5c129f483a85ba81edefeb6a9d164d1596ad915ba5";
    static const struct {
        int line;
        const char *target;
        enum s3_code code;
    } rows[] = {
        { __LINE__, "/a//b~", S3_OK },
        { __LINE__, "/a/%2Fb~", S3_OK },
        { __LINE__, "/%61%2f/b%7e", S3_OK },
        { __LINE__, "/a/b~", S3_SignatureDoesNotMatch },
        { __LINE__, "/a/%252Fb~", S3_SignatureDoesNotMatch },
        { __LINE__, "/a/./%2Fb~", S3_SignatureDoesNotMatch },
    };
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    for (size_t i = 0; i < COUNT(rows); i++)
        if (auth_check(get(fixture, rows[i].target, authorization)) != rows[i].code)
            fail_msg("line %d: %s", rows[i].line, rows[i].target);
    fixture_free(fixture);
}

#define UNKNOWN ALGORITHM "Credential=test/" SCOPE ", " HEADERS ", " SIGNATURE

TEST(an_unknown_key_acts_as_the_default_account_and_is_marked)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    struct request *rq = get(fixture, "/k", UNKNOWN);
    rq->address.kind = ADDRESS_MRAP;
    assert_int_equal(auth_check(rq), S3_OK);
    assert_false(rq->who.verified);
    assert_false(rq->who.anonymous);
    assert_str(rq->who.access_key, "test");
    assert_str(rq->who.account, "123456789012");
    assert_str(rq->who.arn, "arn:aws:iam::123456789012:user/test");
    assert_str(rq->who.scope_region, "us-east-1");
    assert_str(fields_get_exact(&rq->nonstandard, "unknown-key"),
               "InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our "
               "records.");
    fixture_free(fixture);
}

TEST(a_key_of_twelve_digits_is_the_account_of_that_number)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    struct request *rq =
        get(fixture, "/k", ALGORITHM "Credential=999988887777/" SCOPE ", " HEADERS ", " SIGNATURE);
    assert_int_equal(auth_check(rq), S3_OK);
    assert_str(rq->who.account, "999988887777");
    rq = get(fixture, "/k", ALGORITHM "Credential=99998888777x/" SCOPE ", " HEADERS ", " SIGNATURE);
    assert_int_equal(auth_check(rq), S3_OK);
    assert_str(rq->who.account, "123456789012");
    fixture_free(fixture);
}

TEST(an_expired_request_of_an_unknown_key_is_refused_but_its_clock_is_not_judged)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    struct request *rq = get_presigned(
        fixture,
        QUERY(A, "X-Amz-Credential=test%2F20261122%2Fus-east-1%2Fs3%2Faws4_request", D, E, H, S));
    assert_true(instant_parse_amz(STR("20261122T130000Z"), &rq->received_wall));
    assert_int_equal(auth_check(rq), S3_AccessDenied);
    rq = get(fixture, "/k", UNKNOWN);
    assert_true(instant_parse_amz(STR("20271122T130000Z"), &rq->received_wall));
    assert_int_equal(auth_check(rq), S3_OK);
    fixture_free(fixture);
}

TEST(strict_mode_refuses_unknown_keys_and_those_that_config_did_not_name)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    struct request *rq = get(fixture, "/k", UNKNOWN);
    assert_int_equal(auth_check(rq), S3_InvalidAccessKeyId);
    assert_str(rq->message, "The AWS Access Key Id you provided does not exist in our records.");
    assert_str(extra(rq, "AWSAccessKeyId"), "test");

    credentials_add(fixture->world.credentials, STR(EXAMPLE_KEY), STR(EXAMPLE_SECRET), STR(""),
                    false);
    assert_int_equal(auth_check(get(fixture, "/k", GOOD)), S3_InvalidAccessKeyId);
    fixture->settings.auth = AUTH_MODE_RELAXED;
    rq = get(fixture, "/k", GOOD);
    assert_int_equal(auth_check(rq), S3_OK);
    assert_true(rq->who.verified);
    assert_str(rq->who.account, "123456789012");
    fixture_free(fixture);
}

TEST(an_unsigned_request_acts_as_the_default_account_unless_strict)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    struct request *rq = get(fixture, "/k", NULL);
    assert_int_equal(auth_check(rq), S3_OK);
    assert_true(rq->who.anonymous);
    assert_str(rq->who.account, "123456789012");
    assert_str(rq->who.payload_hash, EMPTY_SHA256);
    assert_str(fields_get_exact(&rq->nonstandard, "unsigned"), "AccessDenied: Access Denied");

    fixture->settings.auth = AUTH_MODE_STRICT;
    rq = get(fixture, "/k", NULL);
    assert_int_equal(auth_check(rq), S3_OK);
    assert_true(rq->who.anonymous);
    assert_int_equal(rq->who.account.size, 0); /* nobody: policies and ACLs judge */
    assert_int_equal(rq->nonstandard.count, 0);
    rq = get(fixture, "/k", NULL);
    rq->address.kind = ADDRESS_CONTROL;
    assert_int_equal(auth_check(rq), S3_AccessDenied);
    fixture_free(fixture);
}

TEST(a_preflight_needs_no_signature)
{
    static const enum auth_mode modes[] = { AUTH_MODE_RELAXED, AUTH_MODE_STRICT };
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct auth_fixture *fixture = timed(modes[i]);
        struct request *rq = get(fixture, "/k", NULL);
        rq->method = STR("OPTIONS");
        fixture_header(rq, "Origin", "https://example.com");
        assert_int_equal(auth_check(rq), S3_OK);
        assert_true(rq->who.anonymous);
        assert_int_equal(rq->nonstandard.count, 0);
        fixture_free(fixture);
    }
}

TEST(mode_off_believes_everything)
{
    static const struct {
        int line;
        const char *authorization, *access_key, *region, *account;
    } rows[] = {
        { __LINE__, NULL, "", "", "123456789012" },
        { __LINE__, GOOD, EXAMPLE_KEY, "us-east-1", "111122223333" },
        { __LINE__, UNKNOWN, "test", "us-east-1", "123456789012" },
        { __LINE__, "Basic YWxpY2U6c2VjcmV0", "", "", "123456789012" },
        { __LINE__, ALGORITHM "Credential=alice", "alice", "", "123456789012" },
        { __LINE__, ALGORITHM "Credential=alice/1/eu-west-1/ec2/x", "alice", "eu-west-1",
          "123456789012" },
    };
    struct auth_fixture *fixture = timed(AUTH_MODE_OFF);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq = get(fixture, "/wrong", rows[i].authorization);
        rq->received_wall = INSTANT_NEVER;
        if (auth_check(rq) != S3_OK || rq->who.verified || rq->message.size > 0 ||
            rq->extra.count > 0)
            fail_msg("line %d: refused", rows[i].line);
        assert_str(rq->who.access_key, rows[i].access_key);
        assert_str(rq->who.scope_region, rows[i].region);
        assert_str(rq->who.account, rows[i].account);
        assert_null(rq->who.stream);
        assert_int_equal(auth_finish(rq, STR("")), S3_OK);
    }
    fixture_free(fixture);
}

#define STS_SCOPE "Credential=" EXAMPLE_KEY "/20261122/us-east-1/sts/aws4_request"
#define STS_BODY "Action=GetCallerIdentity&Version=2011-06-15"

static struct request *ask_sts(struct auth_fixture *fixture, str method, const char *target,
                               const char *signature)
{
    struct request *rq = fixture_request(fixture, method, str_of(target));
    rq->address.kind = ADDRESS_STS;
    rq->has_body = str_is(method, "POST");
    assert_true(instant_parse_amz(STR("20261122T120000Z"), &rq->received_wall));
    fixture_header(rq, "Host", "sts.amazonaws.com");
    fixture_header(rq, "X-Amz-Date", "20261122T120000Z");
    char *text = arena_alloc(rq->arena, 512);
    (void) snprintf(text, 512, ALGORITHM STS_SCOPE ", SignedHeaders=host;x-amz-date, Signature=%s",
                    signature);
    fixture_header(rq, "Authorization", text);
    return rq;
}

TEST(a_body_whose_hash_was_not_named_is_checked_when_it_is_there)
{
    static const char good[] = "732d9f2494103b6688ddd5a8df9ba2d1328e9dab5767c956a3bdf94683ccf668";
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    struct request *rq = ask_sts(fixture, STR("POST"), "/", good);
    assert_int_equal(auth_check(rq), S3_OK);
    assert_false(rq->who.verified);
    assert_str(rq->who.payload_hash, "");
    assert_int_equal(auth_finish(rq, STR(STS_BODY)), S3_OK);
    assert_true(rq->who.verified);

    rq = ask_sts(fixture, STR("POST"), "/", good);
    assert_int_equal(auth_check(rq), S3_OK);
    assert_int_equal(auth_finish(rq, STR(STS_BODY "0")), S3_SignatureDoesNotMatch);
    assert_false(rq->who.verified);

    fixture->settings.auth = AUTH_MODE_RELAXED;
    credentials_clear(fixture->world.credentials);
    rq = ask_sts(fixture, STR("POST"), "/", good);
    assert_int_equal(auth_check(rq), S3_OK);
    assert_int_equal(auth_finish(rq, STR("anything")), S3_OK);
    fixture_free(fixture);
}

TEST(a_request_of_sts_without_a_body_is_checked_at_once)
{
    static const char good[] = "c022b4cde22a80744ba5e24b412eccb8a0a034dcd3b2fcdd2e396161728a4cad";
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    struct request *rq = ask_sts(fixture, STR("GET"), "/?" STS_BODY, good);
    assert_int_equal(auth_check(rq), S3_OK);
    assert_true(rq->who.verified);
    rq = ask_sts(fixture, STR("GET"), "/?" STS_BODY "0", good);
    assert_int_equal(auth_check(rq), S3_SignatureDoesNotMatch);
    rq = ask_sts(fixture, STR("GET"), "/?" STS_BODY, good);
    rq->address.kind = ADDRESS_IAM;
    assert_int_equal(auth_check(rq), S3_AuthorizationHeaderMalformed);
    fixture_free(fixture);
}

TEST(addresses_that_ask_for_no_signature_are_left_alone)
{
    static const enum address_kind kinds[] = { ADDRESS_NONE, ADDRESS_ADMIN, ADDRESS_OTHER_AWS,
                                               ADDRESS_STRANGER };
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct request *rq = get(fixture, "/k", "Basic YWxpY2U6c2VjcmV0");
        rq->address.kind = kinds[i];
        assert_int_equal(auth_check(rq), S3_OK);
    }
    fixture_free(fixture);
}
