/* Requests for the authenticate step, made by hand: shared by the tests of claims and of the check.
 * Signatures in here were made with another implementation.
 */
#ifndef ATOLL_TESTS_UNIT_SERVER_AUTH_REQUESTS_H
#define ATOLL_TESTS_UNIT_SERVER_AUTH_REQUESTS_H

#include "tests/unit/test.h"

#include <stdio.h>

#include "server/auth/canonical.h"
#include "server/auth/claim.h"
#include "tests/unit/server/auth_fixture.h"

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ALGORITHM "AWS4-HMAC-SHA256 "
#define SCOPE "20261122/us-east-1/s3/aws4_request"
#define CREDENTIAL "Credential=" EXAMPLE_KEY "/" SCOPE
#define HEADERS "SignedHeaders=host;x-amz-content-sha256;x-amz-date"
#define SIGNATURE "Signature=5832f82012c6c27eb7c0d98eb8c85bc8a6a2af929809050142d308e3cb9b3468"
#define GOOD ALGORITHM CREDENTIAL ", " HEADERS ", " SIGNATURE
#define QUERY_CREDENTIAL                                                                           \
    "X-Amz-Credential=" EXAMPLE_KEY "%2F20261122%2Fus-east-1%2Fs3%2Faws4_request"
#define QUERY(algorithm, credential, date, expires, headers, signature)                            \
    "/k?" algorithm "&" credential "&" date "&" expires "&" headers "&" signature
#define A "X-Amz-Algorithm=AWS4-HMAC-SHA256"
#define D "X-Amz-Date=20261122T120000Z"
#define E "X-Amz-Expires=60"
#define H "X-Amz-SignedHeaders=host"
#define S "X-Amz-Signature=3982643799eeb107d175ca8eef09ab80bf94fa2d521d35ab30058d535d5928b9"
#define HEADER_MALFORMED "The authorization header is malformed; "

/* GET /k of bucket b, at 2026-11-22T12:00:00Z; `authorization` NULL: unsigned. */
UNUSED static struct request *get(struct auth_fixture *fixture, const char *target,
                                  const char *authorization)
{
    struct request *rq = fixture_request(fixture, STR("GET"), str_of(target));
    assert_true(instant_parse_amz(STR("20261122T120000Z"), &rq->received_wall));
    fixture_header(rq, "Host", "b.s3.amazonaws.com");
    fixture_header(rq, "X-Amz-Date", "20261122T120000Z");
    fixture_header(rq, "x-amz-content-sha256", EMPTY_SHA256);
    if (authorization)
        fixture_header(rq, "Authorization", authorization);
    return rq;
}

/* No x-amz headers: as a browser asks for a presigned URL. */
UNUSED static struct request *get_presigned(struct auth_fixture *fixture, const char *target)
{
    struct request *rq = fixture_request(fixture, STR("GET"), str_of(target));
    assert_true(instant_parse_amz(STR("20261122T120000Z"), &rq->received_wall));
    fixture_header(rq, "Host", "b.s3.amazonaws.com");
    return rq;
}

UNUSED static str extra(const struct request *rq, const char *element)
{
    return fields_get_exact(&rq->extra, element);
}

UNUSED static struct auth_fixture *timed(enum auth_mode mode)
{
    struct auth_fixture *fixture = fixture_new(mode);
    fixture->settings.signature_skew = DURATION_S(0);
    return fixture;
}

#endif
