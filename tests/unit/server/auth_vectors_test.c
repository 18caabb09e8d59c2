/* Every recorded signature of tests/golden/signatures: accepted as it stands, refused after a
 * change of one character anywhere. The stages are compared first, so a failure names the stage.
 */
#include "tests/unit/server/auth_vectors.h"

#include "base/clock.h"
#include "server/auth/canonical.h"
#include "server/auth/claim.h"
#include "server/auth/sigv4.h"
#include "server/auth/sigv4a.h"

static void compare_keys(const struct vector *vector, const struct claim *claim)
{
    unsigned char key[SIGV4_KEY_BYTES];
    unsigned char point[SIGV4A_POINT_BYTES];
    if (claim->algorithm == AUTH_SIGV4) {
        str expected = json_string(vector->json, "signing_key", STR(""));
        sigv4_signing_key(STR(EXAMPLE_SECRET), claim->date, claim->region, claim->service, key);
        if (expected.size > 0)
            expect_hex(vector, "signing key", key, sizeof key, expected);
        return;
    }
    const struct json *public_key = json_member(vector->json, "public_key");
    sigv4a_scalar(claim->access_key, STR(EXAMPLE_SECRET), key);
    sigv4a_point(key, point);
    expect_hex(vector, "scalar", key, sizeof key,
               json_string(vector->json, "private_scalar", STR("")));
    expect_hex(vector, "x", point + 1, 32, json_string(public_key, "x", STR("")));
    expect_hex(vector, "y", point + 33, 32, json_string(public_key, "y", STR("")));
}

static void compare_stages(struct auth_fixture *fixture, const struct vector *vector)
{
    struct request *rq = request_of(fixture, vector);
    struct claim claim = claim_read(rq, STR("s3"));
    if (claim.code != S3_OK)
        fail_msg("%s: claim: %.*s", vector->name, STR_ARG(claim.message));
    expect_stage(vector, "algorithm", claim_algorithm_name(claim.algorithm),
                 json_string(vector->json, "algorithm", STR("")));
    expect_stage(vector, "scope", claim.scope, json_string(vector->json, "scope", claim.scope));
    expect_stage(vector, "signature", claim.signature, vector->signature);
    str canonical = canonical_request(rq, &claim, vector->payload);
    expect_stage(vector, "canonical request", canonical,
                 json_string(vector->json, "canonical_request", STR("")));
    expect_stage(vector, "string to sign", canonical_string_to_sign(rq->arena, &claim, canonical),
                 json_string(vector->json, "string_to_sign", STR("")));
    compare_keys(vector, &claim);
}

TEST(each_stage_of_every_vector_is_as_recorded)
{
    with_each_vector(AUTH_MODE_STRICT, compare_stages);
}

static void accept(struct auth_fixture *fixture, const struct vector *vector)
{
    struct request *rq = request_of(fixture, vector);
    enum s3_code code = auth_check(rq);
    if (code != S3_OK)
        fail_msg("%s: refused: %.*s %.*s", vector->name, STR_ARG(s3_error_of(code)->code),
                 STR_ARG(rq->message));
    assert_true(rq->who.verified);
    assert_false(rq->who.anonymous);
    assert_str(rq->who.access_key, EXAMPLE_KEY);
    assert_str(rq->who.account, "111122223333");
    assert_str(rq->who.arn, "arn:aws:iam::111122223333:user/" EXAMPLE_KEY);
    assert_str(rq->who.scope_service, "s3");
    assert_int_equal(rq->nonstandard.count, 0);
    expect_stage(vector, "payload hash", rq->who.payload_hash, vector->payload);
    expect_stage(vector, "region set", rq->who.region_set,
                 json_string(vector->json, "region_set", STR("")));
    assert_int_equal(rq->who.presigned,
                     str_is(json_string(vector->json, "where", STR("")), "query"));
    bool signed_stream = str_starts(vector->payload, STR("STREAMING-AWS4-"));
    assert_int_equal(rq->who.stream != NULL, signed_stream);
}

TEST(every_vector_is_accepted_as_it_stands_in_strict_mode)
{
    with_each_vector(AUTH_MODE_STRICT, accept);
}

TEST(every_vector_is_accepted_as_it_stands_in_relaxed_mode)
{
    with_each_vector(AUTH_MODE_RELAXED, accept);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The same letter in the other case. */
static str recased(struct arena *arena, str text, size_t at)
{
    char *out = arena_copy(arena, text.ptr, text.size);
    out[at] = (char) (out[at] ^ 0x20);
    return str_from(out, text.size);
}

static str without(struct arena *arena, str text, size_t at)
{
    return str_format(arena, "%.*s%.*s", STR_ARG(str_first(text, at)),
                      STR_ARG(str_skip(text, at + 1)));
}

static void expect_refused(struct request *rq, const struct vector *vector, const char *what,
                           size_t at)
{
    if (auth_check(rq) == S3_OK && rq->who.account.size > 0)
        fail_msg("%s: accepted with another %s at %zu", vector->name, what, at);
    assert_false(rq->who.verified);
}

static void change_method_and_target(struct auth_fixture *fixture, const struct vector *vector)
{
    for (size_t i = vector->offset % vector->method.size; i < vector->method.size;
         i += vector->stride) {
        struct request *rq = request_of(fixture, vector);
        rq->method = changed(rq->arena, rq->method, i);
        expect_refused(rq, vector, "method", i);
    }
    for (size_t i = 1 + vector->offset; i < vector->target.size; i += vector->stride) {
        struct request *rq = request_of(fixture, vector);
        rq->target = changed(rq->arena, rq->target, i);
        fixture_parse_query(rq);
        expect_refused(rq, vector, "target", i);
    }
}

TEST(another_character_in_method_or_target_is_refused)
{
    with_each_vector(AUTH_MODE_STRICT, change_method_and_target);
}

static struct field *field_named(struct request *rq, str name)
{
    for (size_t i = 0; i < rq->headers.count; i++)
        if (str_eq_nocase(rq->headers.at[i].name, name))
            return &rq->headers.at[i];
    return NULL;
}

static void change_signed_headers(struct auth_fixture *fixture, const struct vector *vector)
{
    for (const struct json *name = vector->signed_headers->child; name; name = name->next) {
        struct request *rq = request_of(fixture, vector);
        struct field *field = field_named(rq, name->string);
        assert_non_null(field);
        str value = field->value;
        for (size_t i = vector->offset; i < value.size; i += vector->stride) {
            rq = request_of(fixture, vector);
            field = field_named(rq, name->string);
            field->value = changed(rq->arena, value, i);
            expect_refused(rq, vector, "signed header", i);
        }
        rq = request_of(fixture, vector);
        fields_remove(&rq->headers, str_c(rq->arena, name->string));
        expect_refused(rq, vector, "set of headers: one fewer", 0);
    }
}

TEST(another_character_in_a_signed_header_is_refused)
{
    with_each_vector(AUTH_MODE_STRICT, change_signed_headers);
}

static void change_signature(struct auth_fixture *fixture, const struct vector *vector)
{
    for (size_t i = vector->offset; i < vector->signature.size; i += vector->stride) {
        struct request *rq = request_of(fixture, vector);
        struct field *field = field_named(rq, STR("authorization"));
        str *text = field ? &field->value : &rq->target;
        size_t at = str_find(*text, vector->signature);
        assert_in_range(at, 0, text->size - 1);
        *text = changed(rq->arena, *text, at + i);
        fixture_parse_query(rq);
        expect_refused(rq, vector, "signature", i);
        assert_int_equal(auth_check(rq), S3_SignatureDoesNotMatch);
    }
}

TEST(another_character_in_the_signature_is_refused_with_SignatureDoesNotMatch)
{
    with_each_vector(AUTH_MODE_STRICT, change_signature);
}

TEST(another_signature_of_a_known_key_is_refused_in_relaxed_mode_too)
{
    with_each_vector(AUTH_MODE_RELAXED, change_signature);
}

/* The hex digits of %XX say the same in either case, wherever the query is decoded. */
static bool is_escape(str target, size_t at)
{
    return (at >= 1 && target.ptr[at - 1] == '%') || (at >= 2 && target.ptr[at - 2] == '%');
}

static void change_case(struct auth_fixture *fixture, const struct vector *vector)
{
    for (size_t i = 1 + vector->offset; i < vector->target.size; i += step_of(vector, 7)) {
        struct request *rq = request_of(fixture, vector);
        if (!is_letter(vector->target.ptr[i]) || is_escape(vector->target, i))
            continue;
        rq->target = recased(rq->arena, rq->target, i);
        fixture_parse_query(rq);
        expect_refused(rq, vector, "case in the target", i);
    }
    for (const struct json *name = vector->signed_headers->child; name; name = name->next) {
        struct request *rq = request_of(fixture, vector);
        str value = field_named(rq, name->string)->value;
        for (size_t i = vector->offset; i < value.size; i += step_of(vector, 7)) {
            rq = request_of(fixture, vector);
            if (!is_letter(value.ptr[i]))
                continue;
            field_named(rq, name->string)->value = recased(rq->arena, value, i);
            expect_refused(rq, vector, "case in a signed header", i);
        }
    }
}

TEST(another_case_in_the_target_or_a_signed_header_is_refused)
{
    with_each_vector(AUTH_MODE_STRICT, change_case);
}

static void change_length_of_signature(struct auth_fixture *fixture, const struct vector *vector)
{
    typedef str changer(struct arena * arena, str text, size_t at);
    static changer *const changers[] = { recased, without };
    for (size_t c = 0; c < COUNT(changers); c++)
        for (size_t i = vector->offset; i < vector->signature.size; i += step_of(vector, 5)) {
            struct request *rq = request_of(fixture, vector);
            struct field *field = field_named(rq, STR("authorization"));
            str *text = field ? &field->value : &rq->target;
            if (c == 0 && !is_letter(vector->signature.ptr[i]))
                continue;
            *text = changers[c](rq->arena, *text, str_find(*text, vector->signature) + i);
            fixture_parse_query(rq);
            expect_refused(rq, vector, c == 0 ? "case of the signature" : "length of it", i);
        }
}

TEST(a_signature_in_another_case_or_of_another_length_is_refused)
{
    with_each_vector(AUTH_MODE_STRICT, change_length_of_signature);
}

/* Credential and signed headers; the signature has tests of its own. */
static void change_credential(struct auth_fixture *fixture, const struct vector *vector)
{
    struct request *rq = request_of(fixture, vector);
    struct field *field = field_named(rq, STR("authorization"));
    if (field == NULL)
        return; /* in the target, where each character was changed already */
    str value = field->value;
    for (size_t i = vector->offset; i < str_find(value, vector->signature);
         i += step_of(vector, 3)) {
        rq = request_of(fixture, vector);
        field_named(rq, STR("authorization"))->value = changed(rq->arena, value, i);
        if (value.ptr[i] != ' ') /* blanks between components do not matter */
            expect_refused(rq, vector, "Authorization", i);
    }
}

TEST(another_character_of_the_authorization_header_is_refused)
{
    with_each_vector(AUTH_MODE_STRICT, change_credential);
}

static void compare_body(struct auth_fixture *fixture, const struct vector *vector)
{
    if (vector->payload.size != 64)
        return;
    struct digest_value digest = digest_of(DIGEST_SHA256, vector->body.ptr, vector->body.size);
    expect_hex(vector, "sha256 of the body", digest.bytes, digest.size, vector->payload);
    str other = vector->body.size > 0 ? changed(fixture->arena, vector->body, vector->body.size / 2)
                                      : STR("x");
    digest = digest_of(DIGEST_SHA256, other.ptr, other.size);
    assert_false(str_eq(encode_hex(fixture->arena, digest.bytes, digest.size), vector->payload));
}

TEST(the_hash_that_is_signed_is_that_of_the_body)
{
    with_each_vector(AUTH_MODE_STRICT, compare_body);
}

/* Printed, not judged: the machine is shared. */
static void measure(const char *file, const char *what)
{
    struct auth_fixture *fixture = fixture_new(AUTH_MODE_STRICT);
    struct vector vector;
    read_vector(fixture->arena, file, &vector);
    unsigned count = 0;
    duration begin = clock_mono();
    duration now = begin;
    while (now.ns - begin.ns < 200 * 1000000LL) {
        struct request *rq = request_of(fixture, &vector);
        rq->arena = arena_new();
        assert_int_equal(auth_check(rq), S3_OK);
        arena_free(rq->arena);
        count++;
        now = clock_mono();
    }
    print_message("%s: %.0f verifications a second\n", what,
                  (double) count * 1e9 / (double) (now.ns - begin.ns));
    fixture_free(fixture);
}

TEST(verifications_a_second)
{
    measure("sigv4-key0-boto143.json", "SigV4");
    measure("sigv4a-key0-boto143crt.json", "SigV4A");
}
