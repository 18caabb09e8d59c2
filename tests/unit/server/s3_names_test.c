/* What clients name: metadata, continuation tokens, copy sources, version ids, parts to complete.
 */
#include "server/s3/complete_body.h"
#include "server/s3/copy_source.h"
#include "server/s3/meta.h"
#include "server/s3/object.h"
#include "server/s3/token.h"
#include "tests/unit/test.h"

TEST(an_object_keeps_its_headers_as_s3_writes_them)
{
    struct arena *arena = arena_new();
    struct fields headers = { 0 }, kept = { 0 };
    fields_add(arena, &headers, STR("content-type"), STR("text/plain"));
    fields_add(arena, &headers, STR("CONTENT-ENCODING"), STR("gzip, aws-chunked"));
    fields_add(arena, &headers, STR("Authorization"), STR("secret"));
    fields_add(arena, &headers, STR("X-Amz-Meta-Colour"), STR(" blue "));
    fields_add(arena, &headers, STR("x-amz-meta-colour"), STR("red"));
    assert_int_equal(meta_collect(arena, &headers, &kept), 6 + 4 + 6 + 3);
    assert_int_equal(kept.count, 3);
    assert_str(kept.at[0].name, "Content-Type");
    assert_str(kept.at[0].value, "text/plain");
    assert_str(kept.at[1].value, "gzip");
    assert_str(kept.at[2].name, "x-amz-meta-colour");
    assert_str(kept.at[2].value, "blue,red");
    arena_free(arena);
}

TEST(aws_chunked_alone_is_no_encoding)
{
    struct arena *arena = arena_new();
    struct fields headers = { 0 }, kept = { 0 };
    fields_add(arena, &headers, STR("Content-Encoding"), STR("aws-chunked"));
    assert_int_equal(meta_collect(arena, &headers, &kept), 0);
    assert_int_equal(kept.count, 0);
    arena_free(arena);
}

TEST(metadata_that_is_not_ascii_is_shown_as_rfc_2047_and_unprintable_is_not_shown)
{
    struct arena *arena = arena_new();
    str shown;
    assert_true(meta_shown(arena, STR("plain text"), &shown));
    assert_str(shown, "plain text");
    /* The example of AWS's "Working with object metadata". */
    assert_true(meta_shown(arena, STR("\303\204M\303\204Z\303\225\303\221 S3"), &shown));
    assert_str(shown, "=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KRIFMz?=");
    assert_false(meta_shown(arena, STR("bell\a"), &shown));
    assert_false(meta_shown(arena, STR("\177"), &shown));
    arena_free(arena);
}

TEST(a_token_leads_back_to_its_key_and_only_in_its_own_listing)
{
    struct arena *arena = arena_new();
    struct token place = { STR("a/"), STR("/"), STR("a/key \377\001"), true };
    struct token read = { .prefix = STR("a/"), .delimiter = STR("/") };
    struct token others[] = { { .prefix = STR("b/"), .delimiter = STR("/") },
                              { .prefix = STR("a/") },
                              { .prefix = STR("a"), .delimiter = STR("//") } };
    str text = token_make(arena, &place);
    assert_true(token_read(arena, text, &read));
    assert_str(read.last_key, "a/key \377\001");
    assert_true(read.started);
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(token_read(arena, text, &others[i]));
    assert_false(token_read(arena, STR(""), &read));
    assert_false(token_read(arena, STR("AAAA"), &read));
    assert_false(token_read(arena, STR("not base64!"), &read));
    arena_free(arena);
}

TEST(a_token_with_any_character_changed_is_refused)
{
    struct arena *arena = arena_new();
    struct token place = { .last_key = STR("photos/2026/01.jpg") };
    str token = token_make(arena, &place);
    for (size_t i = 0; i < token.size; i++) {
        char *damaged = str_c(arena, token);
        damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
        if (token_read(arena, str_from(damaged, token.size), &place))
            fail_msg("character %zu", i);
    }
    arena_free(arena);
}

TEST(copy_sources_are_read_in_every_form)
{
    static const struct {
        int line;
        const char *header;
        bool ok;
        const char *bucket, *key, *version;
        bool access_point;
    } rows[] = {
        { __LINE__, "bucket/key", true, "bucket", "key", NULL, false },
        { __LINE__, "/bucket/key", true, "bucket", "key", NULL, false },
        { __LINE__, "bucket%2Fkey", true, "bucket", "key", NULL, false },
        { __LINE__, "%2Fbucket%2Fa%2Fb", true, "bucket", "a/b", NULL, false },
        { __LINE__, "bucket/a%20b+c%2Bd", true, "bucket", "a b c+d", NULL, false },
        { __LINE__, "https://s3.amazonaws.com/bucket/a/b", true, "bucket", "a/b", NULL, false },
        { __LINE__, "http://127.0.0.1:28655/bucket/a?versionId=v", true, "bucket", "a", "v",
          false },
        { __LINE__, "bucket//a//b/", true, "bucket", "/a//b/", NULL, false },
        { __LINE__, "bucket/key?versionId=null", true, "bucket", "key", "null", false },
        { __LINE__, "bucket/a%3FversionId=x", true, "bucket", "a?versionId=x", NULL, false },
        { __LINE__, "bucket/a?b?versionId=v", true, "bucket", "a?b", "v", false },
        { __LINE__, "mfzwi23gnjvgw.mrap/key", true, "mfzwi23gnjvgw.mrap", "key", NULL, true },
        { __LINE__, "arn%3Aaws%3As3%3A%3A111122223333%3Aaccesspoint%2Fm.mrap/object/a/b", true,
          "arn:aws:s3::111122223333:accesspoint/m.mrap", "a/b", NULL, true },
        { __LINE__, "arn:aws:s3::111122223333:accesspoint/m.mrap", false, NULL, NULL, NULL, false },
        { __LINE__, "bucket", false, NULL, NULL, NULL, false },
        { __LINE__, "bucket/", false, NULL, NULL, NULL, false },
        { __LINE__, "/", false, NULL, NULL, NULL, false },
        { __LINE__, "", false, NULL, NULL, NULL, false },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct copy_source_name got;
        bool ok = copy_source_parse(arena, str_of(rows[i].header), &got);
        if (ok != rows[i].ok)
            fail_msg("line %d: %s", rows[i].line, ok ? "accepted" : "refused");
        if (!ok)
            continue;
        if (!str_is(got.bucket, rows[i].bucket) || !str_is(got.key, rows[i].key) ||
            str_is_set(got.version_id) != (rows[i].version != NULL) ||
            !str_eq(got.version_id, str_of(rows[i].version)) ||
            got.access_point != rows[i].access_point)
            fail_msg("line %d: %.*s / %.*s ? %.*s", rows[i].line, STR_ARG(got.bucket),
                     STR_ARG(got.key), STR_ARG(got.version_id));
    }
    arena_free(arena);
}

TEST(version_ids_have_one_shape_in_all_regions)
{
    assert_true(object_version_id_is_valid(STR("null")));
    assert_true(object_version_id_is_valid(STR("abcdefghijklmnopqrstuvwxyz._-ABC")));
    assert_false(object_version_id_is_valid(STR("")));
    assert_false(object_version_id_is_valid(STR("NULL")));
    assert_false(object_version_id_is_valid(STR("abc")));
    assert_false(object_version_id_is_valid(STR("abcdefghijklmnopqrstuvwxyz /+ABC")));
    assert_false(object_version_id_is_valid(STR("abcdefghijklmnopqrstuvwxyz._-ABCD")));
}

#define PART(number, rest)                                                                         \
    "<Part><PartNumber>" number "</PartNumber><ETag>\"e\"</ETag>" rest "</Part>"

TEST(the_list_of_parts_is_judged_as_it_stands)
{
    static const struct {
        int line;
        const char *parts;
        enum complete_body_result result;
        size_t count;
    } rows[] = {
        { __LINE__, PART("1", ""), COMPLETE_BODY_OK, 1 },
        { __LINE__, PART(" 1 ", "") PART("3", "") PART("10000", ""), COMPLETE_BODY_OK, 3 },
        { __LINE__, PART("1", "<ChecksumCRC32>DUoRhQ==</ChecksumCRC32>"), COMPLETE_BODY_OK, 1 },
        { __LINE__, "", COMPLETE_BODY_EMPTY, 0 },
        { __LINE__, "<Other/>", COMPLETE_BODY_EMPTY, 0 },
        { __LINE__, "<Part><PartNumber>1</PartNumber></Part>", COMPLETE_BODY_MALFORMED, 0 },
        { __LINE__, "<Part><ETag>e</ETag></Part>", COMPLETE_BODY_MALFORMED, 0 },
        { __LINE__, PART("0", ""), COMPLETE_BODY_BAD_NUMBER, 0 },
        { __LINE__, PART("-1", ""), COMPLETE_BODY_BAD_NUMBER, 0 },
        { __LINE__, PART("10001", ""), COMPLETE_BODY_BAD_NUMBER, 0 },
        { __LINE__, PART("one", ""), COMPLETE_BODY_BAD_NUMBER, 0 },
        { __LINE__, PART("2", "") PART("1", ""), COMPLETE_BODY_BAD_ORDER, 1 },
        { __LINE__, PART("2", "") PART("2", ""), COMPLETE_BODY_OK, 1 },
        { __LINE__, PART("1", "<ChecksumCRC32>DUoR</ChecksumCRC32>"), COMPLETE_BODY_BAD_CHECKSUM,
          1 },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        str text = str_format(arena, "<CompleteMultipartUpload>%s</CompleteMultipartUpload>",
                              rows[i].parts);
        const struct xml *root = xml_parse(arena, text);
        struct complete_body body;
        assert_non_null(root);
        enum complete_body_result result = complete_body_read(arena, root, &body);
        if (result != rows[i].result || body.count != rows[i].count)
            fail_msg("line %d: %d with %zu parts", rows[i].line, (int) result, body.count);
        if (body.count > 0)
            assert_str(body.parts[0].etag, "e");
    }
    arena_free(arena);
}

TEST(etags_without_quotes_and_checksums_are_kept)
{
    struct arena *arena = arena_new();
    struct complete_body body;
    const struct xml *root = xml_parse(
        arena, STR("<CompleteMultipartUpload><Part><ChecksumCRC32>DUoRhQ==</ChecksumCRC32>"
                   "<ETag>bare</ETag><PartNumber>7</PartNumber></Part></CompleteMultipartUpload>"));
    assert_int_equal(complete_body_read(arena, root, &body), COMPLETE_BODY_OK);
    assert_int_equal(body.parts[0].number, 7);
    assert_str(body.parts[0].etag, "bare");
    assert_int_equal(body.parts[0].checksum.kind, DIGEST_CRC32);
    assert_int_equal(body.parts[0].checksum.value.bytes[0], 0x0d);
    arena_free(arena);
}
