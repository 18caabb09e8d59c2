/* Why a signature did not match: every usual mistake is made, signed, and found again. */
#include "tests/unit/server/auth_requests.h"

#include "base/digest.h"
#include "server/auth/mismatch.h"
#include "server/auth/sigv4.h"
#include "tests/unit/server/s3_wire.h"

struct diagnosis {
    struct request *rq;
    struct claim claim;
    const struct mismatch *found;
};

static str sign(struct arena *arena, const char *date, const char *region, str string_to_sign)
{
    unsigned char key[SIGV4_KEY_BYTES];
    sigv4_signing_key(STR(EXAMPLE_SECRET), str_of(date), str_of(region), STR("s3"), key);
    struct digest_value mac = digest_hmac_sha256(str_from(key, sizeof key), string_to_sign);
    return encode_hex(arena, mac.bytes, mac.size);
}

/* The text with its first `from` replaced. */
static str changed(struct arena *arena, str text, const char *from, const char *to)
{
    size_t at = str_find(text, str_of(from));
    assert_true(at < text.size);
    str rest = str_skip(text, at + strlen(from));
    return str_format(arena, "%.*s%s%.*s", STR_ARG(str_first(text, at)), to, STR_ARG(rest));
}

static void diagnose(struct diagnosis *it, const char *from, const char *to)
{
    struct arena *arena = it->rq->arena;
    struct verifier verifier;
    str canonical = canonical_request(it->rq, &it->claim, STR(EMPTY_SHA256));
    str signed_text = from ? changed(arena, canonical, from, to) : canonical;
    if (from)
        it->claim.signature = sign(arena, "20261122", "us-east-1",
                                   canonical_string_to_sign(arena, &it->claim, signed_text));
    assert_true(credentials_verifier(it->rq->world->credentials, arena, &it->claim, &verifier));
    it->found = mismatch_find(it->rq, &it->claim, &verifier, canonical);
}

#define WITH_HEADERS                                                                               \
    ALGORITHM CREDENTIAL ", " HEADERS ";x-amz-meta-a;x-amz-security-token, " SIGNATURE

static struct diagnosis begin(struct auth_fixture *fixture, const char *target)
{
    struct diagnosis it = { .rq = get(fixture, target, WITH_HEADERS) };
    fixture_header(it.rq, "x-amz-meta-a", " one   two ");
    fixture_header(it.rq, "x-amz-security-token", "VERYSECRET");
    it.rq->address.bucket = STR("b");
    it.rq->address.virtual_host = true;
    it.claim = claim_read(it.rq, STR("s3"));
    assert_int_equal(it.claim.code, S3_OK);
    return it;
}

TEST(each_usual_mistake_is_named_with_the_byte_where_it_begins)
{
    static const struct {
        int line;
        const char *target, *from, *to, *cause;
        size_t at;
    } rows[] = {
        { __LINE__, "/a%20b", "/a%20b", "/a%2520b", "encoded twice", 8 },
        { __LINE__, "/a%20b", "/a%20b", "/a b", "without being encoded", 6 },
        { __LINE__, "/a+b", "/a+b", "/a%2Bb", "encoded twice", 6 },
        { __LINE__, "/a//b/./c", "/a//b/./c", "/a/b/c", "normalised", 7 },
        { __LINE__, "/k", "/k", "/b/k", "bucket's name in front", 5 },
        { __LINE__, "/k?b=1&a=2", "a=2&b=1", "b=1&a=2", "not sorted", 7 },
        { __LINE__, "/k?b=/&a", "a=&b=%2F", "b=/&a=", "neither sorted nor encoded", 7 },
        { __LINE__, "/k?acl", "acl=", "acl", "needs its '='", 10 },
        { __LINE__, "/k?a=1", "a=1", "", "left out", 7 },
        { __LINE__, "/k", "one two", "one   two", "not collapsed", 163 },
        { __LINE__, "/k", ":one two", ": one   two ", "not removed", 159 },
        { __LINE__, "/k", "\n" EMPTY_SHA256, "\nUNSIGNED-PAYLOAD", "UNSIGNED-PAYLOAD", SIZE_MAX },
        { __LINE__, "/k", "GET", "HEAD", "signed as HEAD", 0 },
        { __LINE__, "/k", "host:b.s3.amazonaws.com", "host:b.s3.amazonaws.com:443",
          "signed as b.s3.amazonaws.com:443", 31 },
        { __LINE__, "/k", "host:b.s3.amazonaws.com", "host:b.localhost:80",
          "signed as b.localhost:80", 15 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
        struct diagnosis it = begin(fixture, rows[i].target);
        diagnose(&it, rows[i].from, rows[i].to);
        str cause = it.found->cause;
        if (!it.found->found || str_find(cause, str_of(rows[i].cause)) == cause.size ||
            (rows[i].at != SIZE_MAX && it.found->at != rows[i].at))
            fail_msg("line %d: byte %zu: %.*s", rows[i].line, it.found->at, STR_ARG(cause));
        fixture_free(fixture);
    }
}

TEST(a_key_of_another_region_or_day_is_named)
{
    static const struct {
        int line;
        const char *date, *region, *cause;
    } rows[] = {
        { __LINE__, "20261122", "eu-west-1", "the scope 20261122/eu-west-1/s3/aws4_request" },
        { __LINE__, "20261123", "us-east-1", "the scope 20261123/us-east-1/s3/aws4_request" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
        struct diagnosis it = begin(fixture, "/k");
        str canonical = canonical_request(it.rq, &it.claim, STR(EMPTY_SHA256));
        it.rq->received_wall = instant_add(it.rq->received_wall, DURATION_S(86400));
        it.claim.signature = sign(fixture->arena, rows[i].date, rows[i].region,
                                  canonical_string_to_sign(fixture->arena, &it.claim, canonical));
        diagnose(&it, NULL, NULL);
        if (!it.found->found ||
            str_find(it.found->cause, str_of(rows[i].cause)) == it.found->cause.size)
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(it.found->cause));
        assert_true(it.found->at == MISMATCH_NOWHERE);
        fixture_free(fixture);
    }
}

TEST(what_no_mistake_explains_is_said_to_be_so)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    struct diagnosis it = begin(fixture, "/k?b=1&a=2");
    diagnose(&it, NULL, NULL);
    assert_false(it.found->found);
    assert_true(str_starts(it.found->cause, STR("none of the usual mistakes")));
    assert_int_equal(it.found->client.size, 0);
    fixture_free(fixture);
}

TEST(no_secret_stands_in_what_is_kept)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    struct diagnosis it = begin(fixture, "/k?X-Amz-Security-Token=ALSOSECRET&z=1");
    diagnose(&it, "GET", "PUT");
    assert_true(it.found->found);
    const str texts[] = { it.found->canonical, it.found->client };
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_true(str_find(texts[i], STR("SECRET")) == texts[i].size);
        assert_true(str_find(texts[i], STR("x-amz-security-token:**********\n")) < texts[i].size);
        assert_true(str_find(texts[i], STR("X-Amz-Security-Token=**********&z=1")) < texts[i].size);
    }
    fixture_free(fixture);
}

TEST(a_canonical_request_that_is_too_long_is_left_alone)
{
    struct auth_fixture *fixture = timed(AUTH_MODE_STRICT);
    struct diagnosis it = begin(fixture, "/k");
    char *huge = arena_alloc(fixture->arena, MISMATCH_BYTES + 1);
    memset(huge, 'a', MISMATCH_BYTES);
    fixture_header(it.rq, "x-amz-meta-a", huge);
    diagnose(&it, NULL, NULL);
    assert_false(it.found->found);
    assert_int_equal(it.found->canonical.size, 0);
    fixture_free(fixture);
}

TEST(explain_shows_what_was_found)
{
    struct wire *wire = wire_open();
    wire->settings.auth = AUTH_MODE_RELAXED;
    wire->settings.signature_skew = DURATION_S(-1);
    credentials_add(wire->world->credentials, STR(EXAMPLE_KEY), STR(EXAMPLE_SECRET),
                    STR("123456789012"), true);
    struct got got = wire_with(wire, "HEAD", "/k", "", { "Host", "b.s3.amazonaws.com" },
                               { "X-Amz-Date", "20261122T120000Z" },
                               { "x-amz-content-sha256", EMPTY_SHA256 }, { "Authorization", GOOD });
    assert_status(got, 403);
    got = wire_ask(wire, "GET", "/_atoll/v1/requests/last", "");
    assert_status(got, 200);
    assert_says(got, "\"signature\":{\"found\":true,\"cause\":\"the method was signed as GET\"");
    assert_says(got, "\"canonical_request\":\"HEAD\\n/k\\n\\nhost:b.s3.amazonaws.com\\n");
    assert_says(got, "\"client_canonical_request\":\"GET\\n/k\\n");
    assert_says(got, "\"differs_at\":0");
    assert_false(wire_says(&got, EXAMPLE_SECRET));
    wire_close(wire);
}
