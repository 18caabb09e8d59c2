/* Signature Version 2 in the query and in the header, sessions' tokens, host aliases. */
#include "tests/unit/server/auth_requests.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "routing/topology.h"
#include "server/auth/host_alias.h"
#include "server/auth/sigv2.h"
#include "server/operations.h"
#include "server/s3/address.h"

static struct request *request_to(struct auth_fixture *fixture, const char *method, str target,
                                  const char *host)
{
    struct request *rq = fixture_request(fixture, str_of(method), str_copy(fixture->arena, target));
    assert_true(instant_parse_amz(STR("20261122T120000Z"), &rq->received_wall));
    fixture_header(rq, "Host", host);
    if (!address_parse(rq->arena, (struct host_names){ 0 }, str_of(host), rq->target, &rq->address,
                       &rq->raw_query))
        rq->address.kind = ADDRESS_NONE;
    return rq;
}

/* --- recorded --- */

static const char *const recorded[] = { "presign-sigv2-0-boto143", "presign-sigv2-2-boto126" };

static const struct json *read_vector(struct arena *arena, const char *name)
{
    struct json_error error;
    str text;
    char path[256];
    (void) snprintf(path, sizeof path, "tests/golden/signatures/%s.json", name);
    assert_int_equal(fs_read_file(arena, path, LIMIT_JSON_BYTES, &text), 0);
    const struct json *json = json_parse(arena, text, &error);
    assert_non_null(json);
    return json;
}

static struct request *recorded_request(struct auth_fixture *fixture, const struct json *json,
                                        str method, str target)
{
    const struct json *header = json_member(json, "headers")->child;
    struct request *rq =
        request_to(fixture, "", target, str_c(fixture->arena, header->child->next->string));
    rq->method = method;
    return rq;
}

TEST(what_boto3_presigns_by_default_is_verified)
{
    for (size_t i = 0; i < COUNT(recorded); i++) {
        struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
        const struct json *json = read_vector(fixture->arena, recorded[i]);
        str method = json_string(json, "method", STR("")),
            target = json_string(json, "target", STR(""));
        struct request *rq = recorded_request(fixture, json, method, target);
        struct claim claim = claim_read(rq, STR("s3"));
        assert_true(
            str_eq(sigv2_string_to_sign(rq, &claim), json_string(json, "string_to_sign", STR(""))));
        assert_int_equal(auth_check(rq), S3_OK);
        assert_true(rq->who.verified);
        assert_int_equal(rq->nonstandard.count, 0);
        assert_str(rq->who.account, "111122223333");
        rq = recorded_request(fixture, json, STR("DELETE"), target);
        assert_int_equal(auth_check(rq), S3_SignatureDoesNotMatch);
        fixture_free(fixture);
    }
}

/* Any other character anywhere in the target: the key, the signature, when it expires, what the
 * signed headers say. */
TEST(a_recorded_url_with_one_other_character_is_refused)
{
    for (size_t i = 0; i < COUNT(recorded); i++) {
        struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
        const struct json *json = read_vector(fixture->arena, recorded[i]);
        str method = json_string(json, "method", STR("")),
            target = json_string(json, "target", STR(""));
        for (size_t at = 1; at < target.size; at++) {
            char *other = arena_copy(fixture->arena, target.ptr, target.size);
            other[at] = other[at] == '0' ? '1' : '0';
            struct request *rq =
                recorded_request(fixture, json, method, str_from(other, target.size));
            if (rq->address.kind != ADDRESS_NONE && auth_check(rq) == S3_OK &&
                rq->who.account.size > 0)
                fail_msg("%s: accepted with another character at %zu", recorded[i], at);
        }
        fixture_free(fixture);
    }
}

TEST(what_a_presigned_url_carries_counts_as_sent)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    const struct json *json = read_vector(fixture->arena, recorded[1]);
    str target = json_string(json, "target", STR(""));
    struct request *rq = recorded_request(fixture, json, STR("PUT"), target);
    assert_int_equal(auth_check(rq), S3_OK);
    assert_str(request_get_header(rq, "Content-Type"), "image/png");
    assert_str(request_get_header(rq, "x-amz-meta-a"), "b");
    /* As a header too, and then it is the header that counts. */
    rq = recorded_request(fixture, json, STR("PUT"), target);
    fixture_header(rq, "Content-Type", "image/png");
    assert_int_equal(auth_check(rq), S3_OK);
    rq = recorded_request(fixture, json, STR("PUT"), target);
    fixture_header(rq, "X-Amz-Meta-A", "c");
    assert_int_equal(auth_check(rq), S3_SignatureDoesNotMatch);
    fixture_free(fixture);
}

/* --- by hand --- */

#define V2_QUERY "AWSAccessKeyId=" EXAMPLE_KEY "&Signature=xD02md7TsmgD41h4SVCqMxDLSUQ%3D"

TEST(sub_resources_are_signed_in_order_and_other_parameters_are_not)
{
    static const struct {
        int line;
        const char *target, *host;
        bool accepted;
    } rows[] = {
        { __LINE__,
          "/b/k?acl&versionId=3&response-content-type=text%2Fplain&Expires=1795348860&" V2_QUERY,
          "localhost:28655", true },
        { __LINE__,
          "/k?versionId=3&x-id=GetObject&response-content-type=text/"
          "plain&acl&Expires=1795348860&" V2_QUERY,
          "b.s3.amazonaws.com", true },
        { __LINE__,
          "/k?versionId=3&response-content-type=text/plain&acl&Expires=1795348860&" V2_QUERY,
          "b.localhost", true },
        { __LINE__,
          "/k?versionId=3&response-content-type=text/plain&acl=&Expires=1795348860&" V2_QUERY,
          "b.localhost", true },
        { __LINE__,
          "/k?versionId=4&response-content-type=text/plain&acl&Expires=1795348860&" V2_QUERY,
          "b.localhost", false },
        { __LINE__,
          "/k?versionId=3&response-content-type=text/plain&acl&Expires=1795348860&" V2_QUERY,
          "c.localhost", false },
        { __LINE__,
          "/k?versionId=3&response-content-type=text/"
          "plain&acl&uploads&Expires=1795348860&" V2_QUERY,
          "b.localhost", false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
        struct request *rq = request_to(fixture, "GET", str_of(rows[i].target), rows[i].host);
        if ((auth_check(rq) == S3_OK) != rows[i].accepted)
            fail_msg("line %d: %.*s\n%.*s", rows[i].line, STR_ARG(rq->message),
                     STR_ARG(extra(rq, "StringToSign")));
        fixture_free(fixture);
    }
}

TEST(a_sigv2_url_expires_in_aws_words)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    const char *target = "/b/k?acl&response-content-type=text/plain&versionId=3"
                         "&Expires=1795348860&" V2_QUERY;
    struct request *rq = request_to(fixture, "GET", str_of(target), "localhost");
    assert_true(instant_parse_amz(STR("20261122T120100Z"), &rq->received_wall));
    assert_int_equal(auth_check(rq), S3_OK);
    rq = request_to(fixture, "GET", str_of(target), "localhost");
    assert_true(instant_parse_amz(STR("20261122T120101Z"), &rq->received_wall));
    assert_int_equal(auth_check(rq), S3_AccessDenied);
    assert_str(rq->message, "Request has expired");
    assert_str(extra(rq, "Expires"), "2026-11-22T12:01:00Z");
    assert_str(extra(rq, "ServerTime"), "2026-11-22T12:01:01Z");
    assert_false(str_is_set(extra(rq, "X-Amz-Expires")));
    fixture_free(fixture);
}

TEST(half_a_sigv2_query_or_a_bad_expiry_is_refused)
{
    static const struct {
        const char *target, *message;
    } rows[] = {
        { "/k?AWSAccessKeyId=a&Signature=b", NULL },
        { "/k?AWSAccessKeyId=a&Expires=1", NULL },
        { "/k?Signature=a&Expires=1", NULL },
        { "/k?AWSAccessKeyId=&Signature=a&Expires=1", NULL },
        { "/k?AWSAccessKeyId=a&Signature=a&Expires=soon",
          "Invalid date (should be seconds since epoch): soon" },
        { "/k?AWSAccessKeyId=a&Signature=a&Expires=99999999999999999",
          "Invalid date (should be seconds since epoch): 99999999999999999" },
        { "/k?AWSAccessKeyId=a&Signature=a&Expires=-5",
          "Invalid date (should be seconds since epoch): -5" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
        struct request *rq = request_to(fixture, "GET", str_of(rows[i].target), "b.localhost");
        assert_int_equal(auth_check(rq), S3_AccessDenied);
        assert_str(rq->message, rows[i].message
                                    ? rows[i].message
                                    : "Query-string authentication requires the Signature, Expires "
                                      "and AWSAccessKeyId parameters");
        fixture_free(fixture);
    }
}

static struct request *with_header(struct auth_fixture *fixture, const char *method,
                                   const char *signature)
{
    struct request *rq = request_to(fixture, method, STR("/b/k?x-id=1"), "localhost");
    fixture_header(rq, "Authorization",
                   str_c(rq->arena, str_format(rq->arena, "AWS %s:%s", EXAMPLE_KEY, signature)));
    return rq;
}

TEST(sigv2_headers_sign_date_type_and_amz_headers)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    struct request *rq = with_header(fixture, "GET", "yxRjcgb3nT1z2j1VgTMJzdD2vXE=");
    fixture_header(rq, "Date", "Sun, 22 Nov 2026 12:00:00 GMT");
    assert_int_equal(auth_check(rq), S3_OK);

    const char *second = "/hDOBcX2l5oQgntqfhMwEvhrpPY=";
    rq = with_header(fixture, "PUT", second);
    fixture_header(rq, "X-Amz-Meta-A", " 1 ");
    fixture_header(rq, "Content-Type", "text/plain");
    fixture_header(rq, "x-amz-date", "Sun, 22 Nov 2026 12:00:00 GMT");
    fixture_header(rq, "x-amz-meta-a", "2");
    fixture_header(rq, "Date", "Sun, 22 Nov 2026 12:00:30 GMT");
    assert_int_equal(auth_check(rq), S3_OK);
    fixture_header(rq, "x-amz-acl", "public-read");
    assert_int_equal(auth_check(rq), S3_SignatureDoesNotMatch);
    assert_str(extra(rq, "SignatureProvided"), second);
    assert_false(str_is_set(extra(rq, "CanonicalRequest")));

    rq = with_header(fixture, "GET", "yxRjcgb3nT1z2j1VgTMJzdD2vXE=");
    assert_int_equal(auth_check(rq), S3_AccessDenied);
    assert_str(rq->message, "AWS authentication requires a valid Date or x-amz-date header");
    fixture_header(rq, "Date", "Sun, 22 Nov 2026 11:00:00 GMT");
    assert_int_equal(auth_check(rq), S3_RequestTimeTooSkewed);
    fixture_free(fixture);
}

/* Neither form names a Region, and boto3 presigns in this form for buckets of any: AWS's younger
 * Regions refuse it, but here a client that works in one works in all. */
TEST(version_2_is_verified_in_every_region_in_query_and_header)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    for (unsigned i = 0; i < region_count(); i++) {
        str region = region_at((region_id) i)->code;
        const char *host = str_c(
            fixture->arena, str_format(fixture->arena, "s3.%.*s.amazonaws.com", STR_ARG(region)));
        struct request *rq =
            request_to(fixture, "GET",
                       STR("/b/k?acl&versionId=3&response-content-type=text%2Fplain"
                           "&Expires=1795348860&" V2_QUERY),
                       host);
        if (auth_check(rq) != S3_OK || !rq->who.verified)
            fail_msg("query in %.*s", STR_ARG(region));
        rq = request_to(fixture, "GET", STR("/b/k?x-id=1"), host);
        fixture_header(rq, "Authorization", "AWS " EXAMPLE_KEY ":yxRjcgb3nT1z2j1VgTMJzdD2vXE=");
        fixture_header(rq, "Date", "Sun, 22 Nov 2026 12:00:00 GMT");
        if (auth_check(rq) != S3_OK || !rq->who.verified)
            fail_msg("header in %.*s", STR_ARG(region));
    }
    fixture_free(fixture);
}

TEST(an_unknown_sigv2_key_is_marked_or_refused)
{
    const str target = STR("/k?AWSAccessKeyId=alice&Expires=1795348860&Signature=c2ln");
    struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
    struct request *rq = request_to(fixture, "GET", target, "b.localhost");
    assert_int_equal(auth_check(rq), S3_OK);
    assert_int_equal(rq->who.algorithm, AUTH_SIGV2);
    assert_true(rq->who.presigned && !rq->who.verified);
    assert_true(fields_has_exact(&rq->nonstandard, "unknown-key"));
    fixture->settings.auth = AUTH_MODE_OFF;
    rq = request_to(fixture, "GET", target, "b.localhost");
    assert_int_equal(auth_check(rq), S3_OK);
    assert_int_equal(rq->nonstandard.count, 0);
    fixture->settings.auth = AUTH_MODE_STRICT;
    rq = request_to(fixture, "GET", target, "b.localhost");
    assert_int_equal(auth_check(rq), S3_InvalidAccessKeyId);
    fixture_free(fixture);
}

TEST(version_2_is_not_spoken_elsewhere)
{
    static const char *const hosts[] = { "alias.mrap.accesspoint.s3-global.amazonaws.com",
                                         "123456789012.s3-control.us-west-2.amazonaws.com" };
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct auth_fixture *fixture = timed(AUTH_MODE_RELAXED);
        struct request *rq = request_to(
            fixture, "GET", STR("/k?AWSAccessKeyId=a&Signature=b&Expires=1795348860"), hosts[i]);
        assert_int_equal(auth_check(rq), S3_InvalidRequest);
        fixture_free(fixture);
    }
}

/* --- sessions --- */

TEST(a_session_needs_its_token_and_ends)
{
    static const struct {
        int line;
        const char *token, *now;
        enum s3_code code;
    } rows[] = {
        { __LINE__, "token", "20261122T120000Z", S3_SignatureDoesNotMatch },
        { __LINE__, "Token", "20261122T120000Z", S3_InvalidToken },
        { __LINE__, "toke", "20261122T120000Z", S3_InvalidToken },
        { __LINE__, NULL, "20261122T120000Z", S3_InvalidToken },
        { __LINE__, "token", "20261122T130000Z", S3_ExpiredToken },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
        struct credentials *credentials = fixture->world.credentials;
        instant ends;
        assert_true(instant_parse_amz(STR("20261122T130000Z"), &ends));
        credentials_add(credentials, STR(EXAMPLE_KEY), STR("other"), STR("111122223333"), false);
        credentials_set_session(credentials, STR(EXAMPLE_KEY), STR("token"), ends);
        struct request *rq = request_to(
            fixture, "GET", STR("/k?AWSAccessKeyId=" EXAMPLE_KEY "&Signature=b&Expires=1895348860"),
            "b.localhost");
        assert_true(instant_parse_amz(str_of(rows[i].now), &rq->received_wall));
        if (rows[i].token)
            fixture_header(rq, "x-amz-security-token", rows[i].token);
        enum s3_code code = auth_check(rq);
        if (code != rows[i].code)
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(s3_error_of(code)->code));
        fixture_free(fixture);
    }
}

/* --- host aliases --- */

TEST(the_host_that_was_signed_is_found)
{
    static const struct {
        int line;
        const char *alias, *arrived;
        bool with_port;
        const char *host;
    } rows[] = {
        { __LINE__, "minio:9000=localhost", "localhost:28655", false, "minio:9000" },
        { __LINE__, "minio:9000=localhost", "localhost:28655", true, "" },
        { __LINE__, "minio=localhost", "localhost:28655", false, "minio" },
        { __LINE__, "minio=localhost", "localhost:28655", true, "minio:28655" },
        { __LINE__, "minio=localhost", "b.localhost:28655", true, "b.minio:28655" },
        { __LINE__, "minio=localhost:1", "b.localhost:1", false, "b.minio" },
        { __LINE__, "minio=localhost:1", "b.localhost:2", false, "" },
        { __LINE__, "minio=localhost", "notlocalhost", false, "" },
        { __LINE__, "minio=localhost", "LOCALHOST", false, "minio" },
        { __LINE__, "minio=[::1]:5", "[::1]:5", false, "minio" },
        { __LINE__, "minio=localhost", "", false, "" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        str host = host_alias_signed(arena, str_of(rows[i].alias), str_of(rows[i].arrived),
                                     rows[i].with_port);
        if (!str_is(host, rows[i].host))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(host));
    }
    arena_free(arena);
}

TEST(a_signature_for_an_alias_is_accepted)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    fixture->settings.host_aliases[0] = STR("elsewhere=localhost");
    fixture->settings.host_aliases[1] = STR("s3.amazonaws.com=localhost");
    struct request *rq = get(fixture, "/k", GOOD);
    fields_set(rq->arena, &rq->headers, STR("Host"), STR("b.localhost:28655"));
    assert_int_equal(auth_check(rq), S3_SignatureDoesNotMatch);
    fixture->settings.host_alias_count = 2;
    rq = get(fixture, "/k", GOOD);
    fields_set(rq->arena, &rq->headers, STR("Host"), STR("b.localhost:28655"));
    assert_int_equal(auth_check(rq), S3_OK);
    assert_true(rq->who.verified);
    assert_str(request_get_header(rq, "Host"), "b.localhost:28655");
    rq = get(fixture, "/other", GOOD);
    fields_set(rq->arena, &rq->headers, STR("Host"), STR("b.localhost:28655"));
    assert_int_equal(auth_check(rq), S3_SignatureDoesNotMatch);
    fixture_free(fixture);
}
