/* What the S3 handlers share: parameters as AWS reads and refuses them, small pieces of answers. */
#include "tests/unit/test.h"

#include "server/s3/address.h"
#include "server/s3/common.h"
#include "storage/version_id.h"

static struct request request_of(struct arena *arena, const char *query)
{
    struct request rq = { .arena = arena };
    query_parse(arena, str_of(query), &rq.query);
    return rq;
}

TEST(numbers_of_listings_are_clipped_or_refused)
{
    static const struct {
        int line;
        const char *query;
        unsigned value;
        const char *message;
    } rows[] = {
        { __LINE__, "", 1000, NULL },
        { __LINE__, "max-keys=", 1000, NULL },
        { __LINE__, "max-keys=0", 0, NULL },
        { __LINE__, "max-keys=7", 7, NULL },
        { __LINE__, "max-keys=1000", 1000, NULL },
        { __LINE__, "max-keys=1001", 1000, NULL },
        { __LINE__, "max-keys=2147483647", 1000, NULL },
        { __LINE__, "max-keys=2147483648", 0,
          "Provided max-keys not an integer or within integer range" },
        { __LINE__, "max-keys=99999999999999999999", 0,
          "Provided max-keys not an integer or within integer range" },
        { __LINE__, "max-keys=-1", 0,
          "Argument maxKeys must be an integer between 0 and 2147483647" },
        { __LINE__, "max-keys=blah", 0,
          "Provided max-keys not an integer or within integer range" },
        { __LINE__, "max-keys=1.5", 0, "Provided max-keys not an integer or within integer range" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request rq = request_of(arena, rows[i].query);
        unsigned value;
        enum s3_code code = common_max(&rq, "max-keys", 1000, &value);
        if (rows[i].message == NULL && (code != S3_OK || value != rows[i].value))
            fail_msg("line %d: %u", rows[i].line, value);
        if (rows[i].message && (code != S3_InvalidArgument || !str_is(rq.message, rows[i].message)))
            fail_msg("line %d: \"%.*s\"", rows[i].line, STR_ARG(rq.message));
    }
    arena_free(arena);
}

TEST(the_encoding_type_is_url_or_nothing)
{
    struct arena *arena = arena_new();
    bool url;
    struct request rq = request_of(arena, "");
    assert_int_equal(common_encoding_type(&rq, &url), S3_OK);
    assert_false(url);
    rq = request_of(arena, "encoding-type=url");
    assert_int_equal(common_encoding_type(&rq, &url), S3_OK);
    assert_true(url);
    rq = request_of(arena, "encoding-type=URL");
    assert_int_equal(common_encoding_type(&rq, &url), S3_InvalidArgument);
    assert_str(rq.message, "Invalid Encoding Method specified in Request");
    assert_str(fields_get(&rq.extra, "ArgumentValue"), "URL");
    arena_free(arena);
}

TEST(etags_lose_their_quotes_and_get_them_back)
{
    static const struct {
        int line;
        const char *written, *bare;
    } rows[] = {
        { __LINE__, "\"abc\"", "abc" },
        { __LINE__, "abc", "abc" },
        { __LINE__, " \"abc-2\" ", "abc-2" },
        { __LINE__, "W/\"abc\"", "abc" },
        { __LINE__, "\"", "" },
        { __LINE__, "\"abc", "abc" },
        { __LINE__, "abc\"", "abc" },
        { __LINE__, "\"\"", "" },
        { __LINE__, "", "" },
        { __LINE__, "*", "*" },
    };
    struct arena *arena = arena_new();
    struct request rq = request_of(arena, "");
    for (size_t i = 0; i < COUNT(rows); i++)
        if (!str_is(common_etag_bare(str_of(rows[i].written)), rows[i].bare))
            fail_msg("line %d", rows[i].line);
    assert_str(common_etag_quoted(&rq, STR("abc")), "\"abc\"");
    arena_free(arena);
}

TEST(an_owner_is_the_same_for_one_account_and_64_digits_long)
{
    struct arena *arena = arena_new();
    struct request rq = request_of(arena, "");
    str a = common_canonical_id(rq.arena, STR("123456789012"));
    assert_int_equal(a.size, 64);
    assert_true(str_eq(a, common_canonical_id(rq.arena, STR("123456789012"))));
    assert_false(str_eq(a, common_canonical_id(rq.arena, STR("123456789013"))));
    assert_true(common_is_account(STR("123456789012")));
    assert_false(common_is_account(STR("12345678901")));
    assert_false(common_is_account(STR("12345678901x")));
    arena_free(arena);
}

TEST(times_in_documents_are_whole_seconds)
{
    struct arena *arena = arena_new();
    struct request rq = request_of(arena, "");
    assert_str(common_timestamp(&rq, (instant){ 1767225600999999999 }), "2026-01-01T00:00:00.000Z");
    assert_str(common_timestamp(&rq, (instant){ 0 }), "1970-01-01T00:00:00.000Z");
    arena_free(arena);
}

static str some_version_id(struct arena *arena)
{
    const struct rng_key draw = { .seed = 1, .purpose = RNG_VERSION_ID, .name = STR("k") };
    return version_id_make(arena, &draw, 1);
}

TEST(a_version_that_never_was_is_a_bad_argument)
{
    struct arena *arena = arena_new();
    struct request rq = request_of(arena, "versionId=00000000000000000000000000000000");
    assert_int_equal(common_from_store(&rq, STORE_NO_VERSION), S3_InvalidArgument);
    assert_str(rq.message, "Invalid version id specified");
    assert_str(fields_get(&rq.extra, "ArgumentName"), "versionId");
    rq = request_of(arena, "versionId=null");
    assert_int_equal(common_from_store(&rq, STORE_NO_VERSION), S3_NoSuchVersion);
    arena_free(arena);
}

TEST(a_refusal_names_what_was_not_found)
{
    struct arena *arena = arena_new();
    str id = some_version_id(arena);
    str query = str_format(arena, "versionId=%.*s&uploadId=u", STR_ARG(id));
    struct request rq = request_of(arena, query.ptr);
    rq.address.key = STR("k");
    rq.bucket.name = STR("b");
    assert_int_equal(common_from_store(&rq, STORE_OK), S3_OK);
    assert_int_equal(rq.extra.count, 0);
    assert_int_equal(common_from_store(&rq, STORE_NO_VERSION), S3_NoSuchVersion);
    assert_str(fields_get(&rq.extra, "Key"), "k");
    assert_true(str_eq(fields_get(&rq.extra, "VersionId"), id));
    assert_int_equal(common_from_store(&rq, STORE_NO_UPLOAD), S3_NoSuchUpload);
    assert_str(fields_get(&rq.extra, "UploadId"), "u");
    assert_int_equal(common_from_store(&rq, STORE_NOT_EMPTY), S3_BucketNotEmpty);
    assert_str(fields_get(&rq.extra, "BucketName"), "b");
    arena_free(arena);
}
