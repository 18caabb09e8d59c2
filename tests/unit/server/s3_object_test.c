/* Objects over the whole walk: put, get, head, delete, copy. */
#include "base/encode.h"
#include "tests/unit/server/s3_wire.h"

#define MEOW_MD5 "4a4be40c96ac6314e91d93f38043a634"

TEST(an_object_comes_back_as_it_was_put)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    struct got put =
        wire_with(wire, "PUT", "/bkt/a%20key", "meow", { "Content-Type", "text/plain" },
                  { "x-amz-meta-Colour", "blue" }, { "x-amz-tagging", "a=1&b=2" });
    assert_status(put, 200);
    assert_str(wire_header(&put, "ETag"), "\"" MEOW_MD5 "\"");
    assert_false(str_is_set(wire_header(&put, "x-amz-version-id")));
    assert_true(str_is_set(wire_header(&put, "x-amz-checksum-crc64nvme")));
    assert_str(wire_header(&put, "x-amz-checksum-type"), "FULL_OBJECT");
    assert_str(wire_header(&put, "x-amz-server-side-encryption"), "AES256");

    struct got get =
        wire_with(wire, "GET", "/bkt/a%20key", "", { "x-amz-checksum-mode", "ENABLED" });
    assert_status(get, 200);
    assert_str(get.body, "meow");
    assert_str(wire_header(&get, "Content-Type"), "text/plain");
    assert_str(wire_header(&get, "x-amz-meta-colour"), "blue");
    assert_str(wire_header(&get, "x-amz-tagging-count"), "2");
    assert_str(wire_header(&get, "Accept-Ranges"), "bytes");
    assert_str(wire_header(&get, "Last-Modified"), "Fri, 02 Jan 2026 03:04:05 GMT");
    assert_false(str_is_set(wire_header(&get, "x-amz-storage-class")));
    assert_true(str_eq(wire_header(&get, "x-amz-checksum-crc64nvme"),
                       wire_header(&put, "x-amz-checksum-crc64nvme")));

    struct got head = wire_ask(wire, "HEAD", "/bkt/a%20key", "");
    assert_status(head, 200);
    assert_int_equal(head.size_bytes, 4);
    assert_int_equal(head.body.size, 0);
    assert_false(str_is_set(wire_header(&head, "x-amz-checksum-crc64nvme")));
    wire_close(wire);
}

TEST(large_bodies_survive_the_pool_and_empty_ones_need_no_file)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    size_t size = 5 * 1024 * 1024 + 17;
    char *bytes = arena_alloc(wire->arena, size + 1);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char) ('a' + i % 23);
    struct got got = wire_ask(wire, "PUT", "/bkt/large", bytes);
    assert_status(got, 200);
    got = wire_ask(wire, "GET", "/bkt/large", "");
    assert_status(got, 200);
    assert_true(str_eq(got.body, str_from(bytes, size)));
    got = wire_with(wire, "GET", "/bkt/large", "", { "Range", "bytes=5242880-5242889" });
    assert_status(got, 206);
    assert_true(str_eq(got.body, str_from(bytes + 5242880, 10)));

    got = wire_ask(wire, "PUT", "/bkt/empty", "");
    assert_status(got, 200);
    assert_str(wire_header(&got, "ETag"), "\"d41d8cd98f00b204e9800998ecf8427e\"");
    got = wire_ask(wire, "GET", "/bkt/empty", "");
    assert_status(got, 200);
    assert_int_equal(got.size_bytes, 0);
    got = wire_with(wire, "GET", "/bkt/empty", "", { "Range", "bytes=0-" });
    assert_status(got, 416);
    wire_close(wire);
}

TEST(ranges_parts_and_conditions_choose_what_is_sent)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    struct got got = wire_ask(wire, "PUT", "/bkt/k", "0123456789");
    str etag = wire_header(&got, "ETag");
    got = wire_with(wire, "GET", "/bkt/k", "", { "Range", "bytes=2-4" },
                    { "x-amz-checksum-mode", "ENABLED" });
    assert_status(got, 206);
    assert_str(got.body, "234");
    assert_str(wire_header(&got, "Content-Range"), "bytes 2-4/10");
    assert_false(str_is_set(wire_header(&got, "x-amz-checksum-crc64nvme")));
    got = wire_with(wire, "GET", "/bkt/k", "", { "Range", "bytes=0-99" },
                    { "x-amz-checksum-mode", "ENABLED" });
    assert_status(got, 206);
    assert_true(str_is_set(wire_header(&got, "x-amz-checksum-crc64nvme")));
    got = wire_with(wire, "GET", "/bkt/k", "", { "Range", "bytes=10-" });
    assert_status(got, 416);
    assert_says(got, "<RangeRequested>bytes=10-</RangeRequested>");
    assert_says(got, "<ActualObjectSize>10</ActualObjectSize>");
    got = wire_ask(wire, "GET", "/bkt/k?partNumber=1", "");
    assert_status(got, 206);
    got = wire_ask(wire, "GET", "/bkt/k?partNumber=2", "");
    assert_status(got, 416);
    assert_says(got, "InvalidPartNumber");
    got = wire_with(wire, "GET", "/bkt/k?partNumber=1", "", { "Range", "bytes=0-1" });
    assert_status(got, 400);

    got = wire_with(wire, "GET", "/bkt/k", "", { "If-None-Match", etag.ptr });
    assert_status(got, 304);
    assert_true(str_eq(wire_header(&got, "ETag"), etag));
    assert_int_equal(got.body.size, 0);
    got = wire_with(wire, "GET", "/bkt/k", "", { "If-Match", "\"other\"" });
    assert_status(got, 412);
    assert_says(got, "<Condition>If-Match</Condition>");
    got = wire_ask(wire, "GET", "/bkt/k?response-content-type=text%2Fcss", "");
    assert_status(got, 400); /* an unsigned request may not */
    wire_close(wire);
}

TEST(conditional_writes_see_the_current_version)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    struct got got = wire_with(wire, "PUT", "/bkt/k", "1", { "If-Match", "\"x\"" });
    assert_status(got, 404);
    got = wire_with(wire, "PUT", "/bkt/k", "1", { "If-None-Match", "*" });
    assert_status(got, 200);
    str etag = wire_header(&got, "ETag");
    got = wire_with(wire, "PUT", "/bkt/k", "2", { "If-None-Match", "*" });
    assert_status(got, 412);
    assert_says(got, "<Condition>If-None-Match</Condition>");
    got = wire_with(wire, "PUT", "/bkt/k", "2", { "If-None-Match", "\"x\"" });
    assert_status(got, 501);
    assert_says(got, "<Header>If-None-Match</Header>");
    got = wire_with(wire, "PUT", "/bkt/k", "2", { "If-Match", etag.ptr });
    assert_status(got, 200);
    got = wire_with(wire, "DELETE", "/bkt/k", "", { "If-Match", etag.ptr });
    assert_status(got, 412);
    got = wire_with(wire, "DELETE", "/bkt/k", "", { "If-Match", "*" });
    assert_status(got, 204);
    wire_close(wire);
}

TEST(what_a_body_promises_is_checked)
{
    static const struct {
        int line;
        const char *name, *value, *code;
    } rows[] = {
        { __LINE__, "Content-MD5", "nonsense", "InvalidDigest" },
        { __LINE__, "Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==", "BadDigest" },
        { __LINE__, "x-amz-checksum-crc32", "AAAAAA==", "BadDigest" },
        { __LINE__, "x-amz-checksum-crc32", "AAAA", "InvalidRequest" },
        { __LINE__, "x-amz-checksum-xxhash64", "AAAA", "InvalidRequest" },
        { __LINE__, "x-amz-sdk-checksum-algorithm", "CRC32", "InvalidRequest" },
        { __LINE__, "x-amz-content-sha256", "nonsense", "InvalidArgument" },
        { __LINE__, "x-amz-content-sha256",
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          "XAmzContentSHA256Mismatch" },
        { __LINE__, "x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
          "MissingContentLength" },
        { __LINE__, "x-amz-storage-class", "CARDBOARD", "InvalidStorageClass" },
        { __LINE__, "x-amz-acl", "public-read", "AccessControlListNotSupported" },
        { __LINE__, "x-amz-tagging", "a=1&a=2", "InvalidArgument" },
        { __LINE__, "x-amz-tagging", "aws:a=1", "InvalidTag" },
        { __LINE__, "x-amz-object-lock-mode", "GOVERNANCE", "InvalidRequest" },
    };
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct got got = wire_with(wire, "PUT", "/bkt/k", "meow", { rows[i].name, rows[i].value });
        str code = wire_element(wire, &got, "Code");
        if (!str_is(code, rows[i].code))
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
    }
    struct got got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_status(got, 404);
    got = wire_with(wire, "PUT", "/bkt/k", "hello world", { "x-amz-checksum-crc32", "DUoRhQ==" },
                    { "Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww==" });
    assert_status(got, 200);
    assert_str(wire_header(&got, "x-amz-checksum-crc32"), "DUoRhQ==");
    wire_close(wire);
}

TEST(an_aws_chunked_body_is_stored_without_its_framing)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    struct got got =
        wire_with(wire, "PUT", "/bkt/k",
                  "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n",
                  { "x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
                  { "x-amz-decoded-content-length", "11" }, { "Content-Encoding", "aws-chunked" },
                  { "x-amz-trailer", "x-amz-checksum-crc32" });
    assert_status(got, 200);
    assert_str(wire_header(&got, "x-amz-checksum-crc32"), "DUoRhQ==");
    got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_str(got.body, "hello world");
    assert_false(str_is_set(wire_header(&got, "Content-Encoding")));
    got = wire_with(
        wire, "PUT", "/bkt/k", "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\n\r\n",
        { "x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
        { "x-amz-decoded-content-length", "11" }, { "x-amz-trailer", "x-amz-checksum-crc32" });
    assert_status(got, 200);
    got = wire_with(
        wire, "PUT", "/bkt/k", "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
        { "x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
        { "x-amz-decoded-content-length", "11" }, { "x-amz-trailer", "x-amz-checksum-crc32" });
    assert_says(got, "<Code>BadDigest</Code>");
    got = wire_with(wire, "PUT", "/bkt/k", "b\r\nhello world\r\n0\r\n\r\n",
                    { "x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
                    { "x-amz-decoded-content-length", "12" });
    assert_says(got, "<Code>IncompleteBody</Code>");
    wire_close(wire);
}

TEST(versions_and_markers_come_and_go)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", true);
    struct got got = wire_ask(wire, "PUT", "/bkt/k", "one");
    str first = wire_header(&got, "x-amz-version-id");
    assert_int_equal(first.size, 32);
    got = wire_ask(wire, "PUT", "/bkt/k", "two");
    got = wire_ask(wire, "DELETE", "/bkt/k", "");
    assert_status(got, 204);
    assert_str(wire_header(&got, "x-amz-delete-marker"), "true");
    str marker = wire_header(&got, "x-amz-version-id");

    got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_status(got, 404);
    assert_str(wire_header(&got, "x-amz-delete-marker"), "true");
    assert_true(str_eq(wire_header(&got, "x-amz-version-id"), marker));
    str by_first = str_format(wire->arena, "/bkt/k?versionId=%.*s", STR_ARG(first));
    str by_marker = str_format(wire->arena, "/bkt/k?versionId=%.*s", STR_ARG(marker));
    got = wire_ask(wire, "GET", by_first.ptr, "");
    assert_status(got, 200);
    assert_str(got.body, "one");
    got = wire_ask(wire, "GET", by_marker.ptr, "");
    assert_status(got, 405);
    assert_says(got, "<ResourceType>DeleteMarker</ResourceType>");
    assert_str(wire_header(&got, "Allow"), "DELETE");
    got = wire_ask(wire, "GET", "/bkt/k?versionId=nonsense", "");
    assert_says(got, "Invalid version id specified");
    got = wire_ask(wire, "GET", "/bkt/k?versionId=00000000000000000000000000000000", "");
    assert_says(got, "Invalid version id specified");
    str elsewhere = str_format(wire->arena, "/bkt/other?versionId=%.*s", STR_ARG(first));
    got = wire_ask(wire, "GET", elsewhere.ptr, "");
    assert_says(got, "<Code>NoSuchVersion</Code>");

    got = wire_ask(wire, "DELETE", by_marker.ptr, "");
    assert_status(got, 204);
    assert_str(wire_header(&got, "x-amz-delete-marker"), "true");
    got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_str(got.body, "two");
    wire_close(wire);
}

TEST(many_keys_are_deleted_in_one_request)
{
    static const char document[] =
        "<Delete><Object><Key>a</Key></Object><Object><Key>none</Key></Object>"
        "<Object><Key>a</Key><VersionId>nonsense</VersionId></Object></Delete>";
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    struct got got = wire_ask(wire, "PUT", "/bkt/a", "1");
    got = wire_ask(wire, "POST", "/bkt?delete", document);
    assert_says(got, "Missing required header");
    struct digest_value md5 = digest_of(DIGEST_MD5, document, sizeof document - 1);
    str text = str_copy(wire->arena, encode_base64(wire->arena, md5.bytes, 16));
    got = wire_with(wire, "POST", "/bkt?delete", document, { "Content-MD5", text.ptr },
                    { "x-amz-bypass-governance-retention", "true" });
    assert_says(got, "only applicable to Object Lock enabled buckets");
    got = wire_with(wire, "POST", "/bkt?delete", document, { "Content-MD5", text.ptr });
    assert_status(got, 200);
    assert_says(got, "<Deleted><Key>a</Key></Deleted><Deleted><Key>none</Key></Deleted>");
    assert_says(got, "<Code>NoSuchVersion</Code>");
    got = wire_ask(wire, "GET", "/bkt/a", "");
    assert_status(got, 404);
    got = wire_with(wire, "DELETE", "/bkt/a", "", { "x-amz-bypass-governance-retention", "true" });
    assert_status(got, 400);
    assert_says(got, "is only applicable to Object Lock enabled buckets.");
    wire_close(wire);
}

static void count_commits(void *ctx, const char *name)
{
    unsigned *commits = ctx;
    *commits += strcmp(name, "put.after_commit") == 0;
}

TEST(a_thousand_keys_are_deleted_in_one_commit)
{
    struct wire *wire = wire_open();
    struct buf document;
    unsigned commits = 0;
    buf_init_arena(&document, wire->arena, 1u << 20);
    wire_bucket(wire, "/bkt", true);
    buf_add(&document, STR("<Delete>"));
    for (unsigned i = 0; i < 1000; i++) {
        if (i % 10 == 0)
            (void) wire_ask(wire, "PUT", str_format(wire->arena, "/bkt/k%u", i).ptr, "1");
        buf_addf(&document, "<Object><Key>k%u</Key></Object>", i);
    }
    buf_add(&document, STR("</Delete>"));
    struct digest_value md5 = digest_of(DIGEST_MD5, document.ptr, document.size);
    const char *body = str_c(wire->arena, buf_str(&document));
    str text = str_copy(wire->arena, encode_base64(wire->arena, md5.bytes, 16));
    store_set_sync_point(wire->world->store, count_commits, &commits);
    struct got got = wire_with(wire, "POST", "/bkt?delete", body, { "Content-MD5", text.ptr });
    assert_status(got, 200);
    assert_int_equal(commits, 1);
    store_set_sync_point(wire->world->store, NULL, NULL);
    got = wire_ask(wire, "GET", "/bkt?list-type=2", "");
    assert_says(got, "<KeyCount>0</KeyCount>");
    wire_close(wire);
}

TEST(copies_share_bytes_and_choose_their_metadata)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    wire_bucket(wire, "/copies", true);
    struct got got = wire_with(wire, "PUT", "/bkt/k", "meow", { "Content-Type", "text/plain" },
                               { "x-amz-meta-a", "1" }, { "x-amz-tagging", "t=1" });
    got = wire_with(wire, "PUT", "/copies/copy", "", { "x-amz-copy-source", "/bkt/k" });
    assert_status(got, 200);
    assert_says(got, "&quot;" MEOW_MD5 "&quot;");
    assert_true(str_is_set(wire_header(&got, "x-amz-version-id")));
    got = wire_ask(wire, "GET", "/copies/copy", "");
    assert_str(got.body, "meow");
    assert_str(wire_header(&got, "x-amz-meta-a"), "1");
    assert_str(wire_header(&got, "x-amz-tagging-count"), "1");

    got = wire_with(wire, "PUT", "/bkt/k", "", { "x-amz-copy-source", "bkt/k" });
    assert_says(got, "This copy request is illegal");
    got = wire_with(wire, "PUT", "/bkt/k", "", { "x-amz-copy-source", "bkt/k" },
                    { "x-amz-metadata-directive", "REPLACE" }, { "x-amz-meta-b", "2" });
    assert_status(got, 200);
    got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_str(got.body, "meow");
    assert_str(wire_header(&got, "x-amz-meta-b"), "2");
    assert_false(str_is_set(wire_header(&got, "x-amz-meta-a")));
    assert_str(wire_header(&got, "Content-Type"), "binary/octet-stream");

    got = wire_with(wire, "PUT", "/bkt/x", "", { "x-amz-copy-source", "bkt/none" });
    assert_says(got, "<Code>NoSuchKey</Code>");
    got = wire_with(wire, "PUT", "/bkt/x", "", { "x-amz-copy-source", "bkt/k" },
                    { "x-amz-copy-source-if-none-match", MEOW_MD5 });
    assert_status(got, 412);
    assert_says(got, "<Condition>x-amz-copy-source-If-None-Match</Condition>");
    got = wire_with(wire, "PUT", "/bkt/x", "", { "x-amz-copy-source", "bkt/k" },
                    { "x-amz-checksum-algorithm", "SHA256" });
    assert_says(got, "<ChecksumSHA256>");
    wire_close(wire);
}

TEST(keys_and_metadata_have_limits)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    char *target = arena_alloc(wire->arena, 1200);
    memset(target, 'k', 1100);
    memcpy(target, "/bkt/", 5);
    target[5 + 1025] = '\0';
    struct got got = wire_ask(wire, "PUT", target, "x");
    assert_says(got, "<Code>KeyTooLongError</Code>");
    assert_says(got, "<Size>1025</Size>");
    target[5 + 1024] = '\0';
    got = wire_ask(wire, "PUT", target, "x");
    assert_status(got, 200);
    char *value = arena_alloc(wire->arena, 2100);
    memset(value, 'v', 2048);
    got = wire_with(wire, "PUT", "/bkt/k", "x", { "x-amz-meta-a", value });
    assert_says(got, "<Code>MetadataTooLarge</Code>");
    value[2047] = '\0';
    got = wire_with(wire, "PUT", "/bkt/k", "x", { "x-amz-meta-a", value });
    assert_status(got, 200);
    wire_close(wire);
}

/* The sink refuses pieces while its pool is busy: what was decoded must go in once all the same. */
TEST(a_large_aws_chunked_body_arrives_once_and_whole)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    const size_t chunk = 70001, chunks = 200;
    struct buf framed, plain;
    buf_init_arena(&framed, wire->arena, 32 << 20);
    buf_init_arena(&plain, wire->arena, 32 << 20);
    for (size_t i = 0; i < chunks; i++) {
        char *bytes = arena_alloc(wire->arena, chunk);
        for (size_t j = 0; j < chunk; j++)
            bytes[j] = (char) ('A' + (i * 31 + j * 7) % 53);
        buf_addf(&framed, "%zx\r\n", chunk);
        buf_add_bytes(&framed, bytes, chunk);
        buf_add(&framed, STR("\r\n"));
        buf_add_bytes(&plain, bytes, chunk);
    }
    buf_add(&framed, STR("0\r\n\r\n"));
    struct got got = wire_send(
        wire, &(struct sent){
                  .method = "PUT",
                  .target = "/bkt/k",
                  .body = buf_str(&framed),
                  .headers = { { "x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
                               { "x-amz-decoded-content-length",
                                 str_format(wire->arena, "%zu", chunk * chunks).ptr } } });
    assert_status(got, 200);
    got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_true(str_eq(got.body, buf_str(&plain)));
    wire_close(wire);
}

TEST(a_suspended_bucket_writes_the_null_version_and_tells_no_id)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", true);
    struct got got = wire_ask(wire, "PUT", "/bkt/k", "one");
    got = wire_ask(wire, "PUT", "/bkt?versioning",
                   "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>");
    assert_status(got, 200);
    got = wire_ask(wire, "PUT", "/bkt/k", "two");
    assert_false(str_is_set(wire_header(&got, "x-amz-version-id")));
    got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_str(wire_header(&got, "x-amz-version-id"), "null");
    got = wire_ask(wire, "DELETE", "/bkt/k", "");
    assert_str(wire_header(&got, "x-amz-version-id"), "null");
    assert_str(wire_header(&got, "x-amz-delete-marker"), "true");
    got = wire_ask(wire, "GET", "/bkt?versions", "");
    assert_says(got, "<VersionId>null</VersionId>");
    assert_says(got, "<Version>"); /* "one" is still there */
    wire_close(wire);
}

TEST(archived_objects_are_headed_but_not_read)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    struct got got =
        wire_with(wire, "PUT", "/bkt/k", "x", { "x-amz-storage-class", "DEEP_ARCHIVE" });
    assert_status(got, 200);
    got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_status(got, 403);
    assert_says(got, "<StorageClass>DEEP_ARCHIVE</StorageClass>");
    got = wire_ask(wire, "HEAD", "/bkt/k", "");
    assert_status(got, 200);
    assert_str(wire_header(&got, "x-amz-storage-class"), "DEEP_ARCHIVE");
    wire_close(wire);
}

/* A body whose chunks and trailer are signed (the signatures are those of a reference signer). */
static struct got send_signed(struct wire *wire, char first)
{
    static const char authorization[] =
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261122/us-east-1/s3/aws4_requ"
        "est, "
        "SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-da"
        "te;x-amz-decoded-content-length;x-amz-trailer, "
        "Signature=459d604b6661fd408b2b60d3aae545fb7e54d00c435fa01cc4b8a84d95d07865";
    struct buf body;
    buf_init_arena(&body, wire->arena, 16384);
    buf_add(&body,
            STR("2000;chunk-signature=f0c87e2ae3c15387918117892aebf6c135210d5fc16ac77e55a9c1715eb"
                "dc775\r\n"));
    for (size_t i = 0; i < 8192; i++)
        buf_add_char(&body, i == 0 ? first : 'x');
    buf_add(&body,
            STR("\r\n"
                "a;chunk-signature=81a7240928cc517410b4a06f6ee01dd2b548858f2556b54c12167011a3a0ba"
                "24\r\n"
                "tail bytes\r\n"
                "0;chunk-signature=dc8b8966b7ba9c44ac15bb0b4c8a684de73a7c1b87a75d1a37893339050656"
                "93\r\n"
                "x-amz-checksum-crc32:GlexjA==\r\n"
                "x-amz-trailer-signature:354a67af2451a1d3395a70a9cb745f8afca703e00c87a9cb41f47e0f"
                "dad7e8f6\r\n"
                "\r\n"));
    return wire_send(
        wire,
        &(struct sent){
            .method = "PUT",
            .target = "/assets/stream.bin",
            .body = buf_str(&body),
            .headers = { { "Host", "my-app-data-us-east-1.s3.us-east-1.amazonaws.com" },
                         { "x-amz-date", "20261122T120000Z" },
                         { "x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" },
                         { "Content-Encoding", "aws-chunked" },
                         { "x-amz-decoded-content-length", "8202" },
                         { "x-amz-trailer", "x-amz-checksum-crc32" },
                         { "Content-Length", "8584" },
                         { "Authorization", authorization } } });
}

TEST(signed_chunks_are_stored_only_when_every_signature_is_right)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/my-app-data-us-east-1", false);
    credentials_add(wire->world->credentials, STR("AKIAIOSFODNN7EXAMPLE"),
                    STR("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), STR("123456789012"), true);
    wire->settings.auth = AUTH_MODE_RELAXED;
    wire->settings.signature_skew = DURATION_S(-1);
    struct got got = send_signed(wire, 'y');
    assert_status(got, 403);
    assert_says(got, "<Code>SignatureDoesNotMatch</Code>");
    got = send_signed(wire, 'x');
    assert_status(got, 200);
    assert_str(wire_header(&got, "x-amz-checksum-crc32"), "GlexjA==");
    got = wire_ask(wire, "GET", "/my-app-data-us-east-1/assets/stream.bin", "");
    assert_int_equal(got.size_bytes, 8202);
    assert_true(str_ends(got.body, STR("xxtail bytes")));
    wire_close(wire);
}
