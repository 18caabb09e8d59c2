/* What the authenticate step makes of claims that no client recorded: spellings that are accepted,
 * malformed headers and queries in AWS's words. */
#include "tests/unit/server/auth_requests.h"

TEST(spellings_of_the_header_that_are_accepted)
{
    static const struct {
        int line;
        const char *authorization;
    } rows[] = {
        { __LINE__, GOOD },
        { __LINE__, ALGORITHM CREDENTIAL "," HEADERS "," SIGNATURE },
        { __LINE__, ALGORITHM "  " CREDENTIAL " ,\t" HEADERS ",  " SIGNATURE " " },
        { __LINE__, ALGORITHM SIGNATURE ", " HEADERS ", " CREDENTIAL },
    };
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq = get(fixture, "/k", rows[i].authorization);
        if (auth_check(rq) != S3_OK || !rq->who.verified)
            fail_msg("line %d: refused: %.*s", rows[i].line, STR_ARG(rq->message));
    }
    fixture_free(fixture);
}

static const struct {
    int line;
    const char *authorization;
    enum s3_code code;
    const char *message;
} malformed_headers[] = {
    { __LINE__, "Basic YWxpY2U6c2VjcmV0", S3_InvalidArgument, "Unsupported Authorization Type" },
    { __LINE__, "Bearer", S3_InvalidArgument, "Unsupported Authorization Type" },
    { __LINE__, "AWS4-HMAC-SHA512 " CREDENTIAL ", " HEADERS ", " SIGNATURE, S3_InvalidRequest,
      "The authorization mechanism you have provided is not supported. Please use "
      "AWS4-HMAC-SHA256." },
    { __LINE__, "AWS " EXAMPLE_KEY, S3_InvalidArgument,
      "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature" },
    { __LINE__, "AWS4-HMAC-SHA256", S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "missing Credential." },
    { __LINE__, ALGORITHM HEADERS ", " SIGNATURE, S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "missing Credential." },
    { __LINE__, ALGORITHM CREDENTIAL ", " SIGNATURE, S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "missing SignedHeaders." },
    { __LINE__, ALGORITHM CREDENTIAL ", " HEADERS, S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "missing Signature." },
    { __LINE__, ALGORITHM CREDENTIAL ", " HEADERS ", Signature=", S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "missing Signature." },
    { __LINE__, ALGORITHM CREDENTIAL ", " HEADERS ", rubbish, " SIGNATURE,
      S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "the authorization component \"rubbish\" is malformed." },
    { __LINE__, GOOD ", " SIGNATURE, S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "the authorization component \"" SIGNATURE "\" is malformed." },
    { __LINE__, ALGORITHM "Credential=" EXAMPLE_KEY ", " HEADERS ", " SIGNATURE,
      S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "the Credential is mal-formed; expecting "
                       "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"." },
    { __LINE__, ALGORITHM CREDENTIAL "/more, " HEADERS ", " SIGNATURE,
      S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "the Credential is mal-formed; expecting "
                       "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"." },
    { __LINE__, "AWS4-ECDSA-P256-SHA256 " CREDENTIAL ", " HEADERS ", " SIGNATURE,
      S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "the Credential is mal-formed; expecting "
                       "\"<YOUR-AKID>/YYYYMMDD/SERVICE/aws4_request\"." },
    { __LINE__, ALGORITHM "Credential=/" SCOPE ", " HEADERS ", " SIGNATURE,
      S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "a non-empty Access Key (AKID) must be provided in the credential." },
    { __LINE__,
      ALGORITHM "Credential=" EXAMPLE_KEY "/20261322/us-east-1/s3/aws4_request, " HEADERS
                ", " SIGNATURE,
      S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "incorrect date format \"20261322\". This date in the credential must "
                       "be in the format \"yyyyMMdd\"." },
    { __LINE__,
      ALGORITHM "Credential=" EXAMPLE_KEY "/20261121/us-east-1/s3/aws4_request, " HEADERS
                ", " SIGNATURE,
      S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "Invalid credential date \"20261121\". This date is not the same as "
                       "X-Amz-Date: \"20261122\"." },
    { __LINE__,
      ALGORITHM "Credential=" EXAMPLE_KEY "/20261122/us-east-1/ec2/aws4_request, " HEADERS
                ", " SIGNATURE,
      S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "incorrect service \"ec2\". This endpoint belongs to \"s3\"." },
    { __LINE__,
      ALGORITHM "Credential=" EXAMPLE_KEY "/20261122/us-east-1/s3/aws3_request, " HEADERS
                ", " SIGNATURE,
      S3_AuthorizationHeaderMalformed,
      HEADER_MALFORMED "incorrect terminal \"aws3_request\". This endpoint uses "
                       "\"aws4_request\"." },
};

TEST(malformed_headers_are_refused_in_the_words_of_AWS)
{
    static const enum auth_mode modes[] = { AUTH_MODE_RELAXED, AUTH_MODE_STRICT };
    for (size_t m = 0; m < COUNT(modes); m++) {
        struct auth_fixture *fixture = timed(modes[m]);
        for (size_t i = 0; i < COUNT(malformed_headers); i++) {
            struct request *rq = get(fixture, "/k", malformed_headers[i].authorization);
            enum s3_code code = auth_check(rq);
            if (code != malformed_headers[i].code ||
                !str_is(rq->message, malformed_headers[i].message))
                fail_msg("line %d: %.*s: %.*s", malformed_headers[i].line,
                         STR_ARG(s3_error_of(code)->code), STR_ARG(rq->message));
        }
        fixture_free(fixture);
    }
}

TEST(a_password_in_the_header_is_not_quoted)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    struct request *rq = get(fixture, "/k", "Basic YWxpY2U6c2VjcmV0");
    assert_int_equal(auth_check(rq), S3_InvalidArgument);
    assert_str(extra(rq, "ArgumentName"), "Authorization");
    assert_str(extra(rq, "ArgumentValue"), "Basic");
    fixture_free(fixture);
}

TEST(a_long_credential_or_list_of_headers_is_malformed)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    char text[8192] = ALGORITHM CREDENTIAL ", " SIGNATURE ", SignedHeaders=host";
    size_t size = strlen(text);
    for (size_t i = 0; i < 600; i++, size += 2)
        memcpy(text + size, ";a", 3);
    assert_int_equal(auth_check(get(fixture, "/k", text)), S3_AuthorizationHeaderMalformed);

    memset(text, 'A', sizeof text - 1);
    memcpy(text, ALGORITHM "Credential=", sizeof ALGORITHM "Credential=" - 1);
    memcpy(text + 4096, "/" SCOPE ", " HEADERS ", " SIGNATURE,
           sizeof "/" SCOPE ", " HEADERS ", " SIGNATURE);
    assert_int_equal(auth_check(get(fixture, "/k", text)), S3_AuthorizationHeaderMalformed);
    fixture_free(fixture);
}

TEST(signed_headers_that_repeat_a_long_one_end_at_the_bound)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    char text[2048] =
        ALGORITHM CREDENTIAL ", " SIGNATURE ", SignedHeaders=host;x-amz-content-sha256;x-amz-date";
    size_t size = strlen(text);
    for (size_t i = 0; i < 250; i++, size += 2)
        memcpy(text + size, ";a", 3);
    char *value = arena_alloc(fixture->arena, 60001);
    memset(value, 'v', 60000);
    struct request *rq = get(fixture, "/k", text);
    fixture_header(rq, "a", value);
    assert_int_equal(auth_check(rq), S3_SignatureDoesNotMatch);
    fixture_free(fixture);
}

#define NEEDED ""
#define CREDENTIAL_QUERY_WRONG "Error parsing the X-Amz-Credential parameter; "

TEST(malformed_queries_are_refused_in_the_words_of_AWS)
{
    static const struct {
        int line;
        const char *target;
        const char *message;
    } rows[] = {
        { __LINE__, QUERY("", QUERY_CREDENTIAL, D, E, H, S), NEEDED },
        { __LINE__, QUERY(A, "", D, E, H, S), NEEDED },
        { __LINE__, QUERY(A, QUERY_CREDENTIAL, "", E, H, S), NEEDED },
        { __LINE__, QUERY(A, QUERY_CREDENTIAL, D, "", H, S), NEEDED },
        { __LINE__, QUERY(A, QUERY_CREDENTIAL, D, E, "", S), NEEDED },
        { __LINE__, QUERY(A, QUERY_CREDENTIAL, D, E, H, ""), NEEDED },
        { __LINE__, QUERY("X-Amz-Algorithm=MD5", QUERY_CREDENTIAL, D, E, H, S),
          "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"" },
        { __LINE__,
          QUERY(A, "X-Amz-Credential=" EXAMPLE_KEY "%252F20261122%252Fus-east-1", D, E, H, S),
          CREDENTIAL_QUERY_WRONG "the Credential is mal-formed; expecting "
                                 "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"." },
        { __LINE__,
          QUERY(A, "X-Amz-Credential=" EXAMPLE_KEY "/20261122/us-east-1/sqs/aws4_request", D, E, H,
                S),
          CREDENTIAL_QUERY_WRONG "incorrect service \"sqs\". This endpoint belongs to \"s3\"." },
        { __LINE__, QUERY(A, QUERY_CREDENTIAL, "X-Amz-Date=2026-11-22T12:00:00Z", E, H, S),
          "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"" },
        { __LINE__, QUERY(A, QUERY_CREDENTIAL, "X-Amz-Date=20261123T000000Z", E, H, S),
          "Invalid credential date \"20261122\". This date is not the same as X-Amz-Date: "
          "\"20261123\"." },
        { __LINE__, QUERY(A, QUERY_CREDENTIAL, D, "X-Amz-Expires=soon", H, S),
          "X-Amz-Expires should be a number" },
        { __LINE__, QUERY(A, QUERY_CREDENTIAL, D, "X-Amz-Expires=99999999999999999999", H, S),
          "X-Amz-Expires should be a number" },
        { __LINE__, QUERY(A, QUERY_CREDENTIAL, D, "X-Amz-Expires=604801", H, S),
          "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
          "must be less than 604800 seconds" },
    };
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq = get_presigned(fixture, rows[i].target);
        enum s3_code code = auth_check(rq);
        if (code != S3_AuthorizationQueryParametersError || !str_is(rq->message, rows[i].message))
            fail_msg("line %d: %.*s: %.*s", rows[i].line, STR_ARG(s3_error_of(code)->code),
                     STR_ARG(rq->message));
    }
    fixture_free(fixture);
}

TEST(a_request_that_was_over_before_it_began_has_expired)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    struct request *rq =
        get_presigned(fixture, QUERY(A, QUERY_CREDENTIAL, D, "X-Amz-Expires=-60", H, S));
    assert_int_equal(auth_check(rq), S3_AccessDenied);
    assert_str(rq->message, "Request has expired");
    fixture_free(fixture);
}

TEST(header_and_query_together_are_refused)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    struct request *rq = get(fixture, QUERY(A, QUERY_CREDENTIAL, D, E, H, S), GOOD);
    assert_int_equal(auth_check(rq), S3_InvalidArgument);
    assert_true(str_starts(rq->message, STR("Only one auth mechanism allowed")));
    fixture_free(fixture);
}
