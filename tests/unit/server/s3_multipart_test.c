/* Uploads in parts and listings, over the whole walk. The least part here is 8 bytes. */
#include "tests/unit/server/s3_wire.h"

static str create(struct wire *wire, const char *algorithm, const char *type)
{
    struct got got = algorithm ? wire_with(wire, "POST", "/bkt/k?uploads", "",
                                           { "x-amz-checksum-algorithm", algorithm },
                                           { type ? "x-amz-checksum-type" : NULL, type })
                               : wire_ask(wire, "POST", "/bkt/k?uploads", "");
    assert_status(got, 200);
    return wire_element(wire, &got, "UploadId");
}

static const char *part_target(struct wire *wire, str id, unsigned number)
{
    return str_format(wire->arena, "/bkt/k?partNumber=%u&uploadId=%.*s", number, STR_ARG(id)).ptr;
}

static const char *upload_target(struct wire *wire, str id)
{
    return str_format(wire->arena, "/bkt/k?uploadId=%.*s", STR_ARG(id)).ptr;
}

static str put_part(struct wire *wire, str id, unsigned number, const char *body)
{
    struct got got = wire_ask(wire, "PUT", part_target(wire, id, number), body);
    assert_status(got, 200);
    return wire_header(&got, "ETag");
}

static const char *list_of(struct wire *wire, str first, str second)
{
    return str_format(wire->arena,
                      "<CompleteMultipartUpload>"
                      "<Part><PartNumber>1</PartNumber><ETag>%.*s</ETag></Part>"
                      "<Part><PartNumber>2</PartNumber><ETag>%.*s</ETag></Part>"
                      "</CompleteMultipartUpload>",
                      STR_ARG(first), STR_ARG(second))
        .ptr;
}

TEST(parts_become_one_object)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", true);
    str id = create(wire, NULL, NULL);
    str first = put_part(wire, id, 1, "01234567"), second = put_part(wire, id, 2, "89");
    put_part(wire, id, 3, "dropped");
    struct got got = wire_ask(wire, "GET", upload_target(wire, id), "");
    assert_says(got, "<PartNumber>3</PartNumber>");
    got = wire_ask(wire, "GET", "/bkt?uploads", "");
    assert_true(str_eq(wire_element(wire, &got, "UploadId"), id));

    const char *list = list_of(wire, first, second);
    got = wire_with(wire, "POST", upload_target(wire, id), list, { "x-amz-mp-object-size", "11" });
    assert_says(got, "value 11 does not match what was computed: 10");
    got = wire_with(wire, "POST", upload_target(wire, id), list, { "x-amz-mp-object-size", "10" });
    assert_status(got, 200);
    assert_says(got, "<Location>https://localhost:28655/bkt/k</Location>");
    assert_says(got, "-2&quot;</ETag>");
    assert_says(got, "<ChecksumType>FULL_OBJECT</ChecksumType>");
    str crc = wire_element(wire, &got, "ChecksumCRC64NVME");
    got = wire_ask(wire, "POST", upload_target(wire, id), list);
    assert_status(got, 200); /* again, soon after */

    got = wire_with(wire, "GET", "/bkt/k", "", { "x-amz-checksum-mode", "ENABLED" });
    assert_str(got.body, "0123456789");
    assert_true(str_eq(wire_header(&got, "x-amz-checksum-crc64nvme"), crc));
    got = wire_ask(wire, "GET", "/bkt/k?partNumber=2", "");
    assert_status(got, 206);
    assert_str(got.body, "89");
    assert_str(wire_header(&got, "x-amz-mp-parts-count"), "2");
    assert_str(wire_header(&got, "Content-Range"), "bytes 8-9/10");

    got = wire_with(wire, "PUT", "/bkt/whole", "", { "x-amz-copy-source", "bkt/k" });
    assert_status(got, 200);
    assert_says(got, "781e5e245d69b566979b86e28d23f2c7"); /* MD5 of 0123456789 */
    wire_close(wire);
}

TEST(a_list_that_does_not_fit_is_refused_with_the_part_named)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    str id = create(wire, NULL, NULL);
    str first = put_part(wire, id, 1, "tiny"), second = put_part(wire, id, 2, "89");
    struct got got = wire_ask(wire, "POST", upload_target(wire, id), list_of(wire, first, second));
    assert_says(got, "<Code>EntityTooSmall</Code>");
    assert_says(got, "<ProposedSize>4</ProposedSize><MinSizeAllowed>8</MinSizeAllowed>"
                     "<PartNumber>1</PartNumber>");
    got = wire_ask(wire, "POST", upload_target(wire, id), list_of(wire, second, first));
    assert_says(got, "<Code>InvalidPart</Code>");
    got = wire_ask(wire, "POST", upload_target(wire, id),
                   "<CompleteMultipartUpload></CompleteMultipartUpload>");
    assert_says(got, "You must specify at least one part");
    got = wire_ask(wire, "PUT", part_target(wire, id, 10001), "x");
    assert_says(got, "between 1 and 10000");
    got = wire_ask(wire, "DELETE", upload_target(wire, id), "");
    assert_status(got, 204);
    got = wire_ask(wire, "PUT", part_target(wire, id, 1), "x");
    assert_says(got, "<Code>NoSuchUpload</Code>");
    got = wire_ask(wire, "GET", upload_target(wire, id), "");
    assert_status(got, 404);
    wire_close(wire);
}

TEST(checksums_of_parts_follow_the_upload)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    struct got got =
        wire_with(wire, "POST", "/bkt/k?uploads", "", { "x-amz-checksum-algorithm", "SHA256" },
                  { "x-amz-checksum-type", "FULL_OBJECT" });
    assert_says(got, "FULL_OBJECT checksum type cannot be used with the sha256");
    str id = create(wire, "CRC32", NULL);
    got = wire_ask(wire, "PUT", part_target(wire, id, 1), "hello world");
    assert_says(got, "expected checksum Type: crc32, actual checksum Type: null");
    got = wire_with(wire, "PUT", part_target(wire, id, 1), "hello world",
                    { "x-amz-checksum-crc32", "DUoRhQ==" });
    assert_status(got, 200);
    str etag = wire_header(&got, "ETag");
    const char *bare = str_format(wire->arena,
                                  "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
                                  "<ETag>%.*s</ETag></Part></CompleteMultipartUpload>",
                                  STR_ARG(etag))
                           .ptr;
    got = wire_ask(wire, "POST", upload_target(wire, id), bare);
    assert_says(got, "It was missing for part 1 in the request.");
    const char *full = str_format(wire->arena,
                                  "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
                                  "<ETag>%.*s</ETag><ChecksumCRC32>DUoRhQ==</ChecksumCRC32>"
                                  "</Part></CompleteMultipartUpload>",
                                  STR_ARG(etag))
                           .ptr;
    got = wire_ask(wire, "POST", upload_target(wire, id), full);
    assert_status(got, 200);
    assert_says(got, "<ChecksumType>COMPOSITE</ChecksumType>");
    assert_true(str_ends(wire_element(wire, &got, "ChecksumCRC32"), STR("-1")));
    wire_close(wire);
}

TEST(parts_are_copied_from_ranges_of_objects)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    struct got got = wire_ask(wire, "PUT", "/bkt/source", "0123456789");
    str id = create(wire, NULL, NULL);
    const char *target = part_target(wire, id, 1);
    got = wire_with(wire, "PUT", target, "", { "x-amz-copy-source", "bkt/source" },
                    { "x-amz-copy-source-range", "bytes=0-10" });
    assert_says(got, "Range specified is not valid for source object of size: 10");
    got = wire_with(wire, "PUT", target, "", { "x-amz-copy-source", "bkt/source" },
                    { "x-amz-copy-source-range", "0-3" });
    assert_says(got, "must be of the form bytes=first-last");
    got = wire_with(wire, "PUT", target, "", { "x-amz-copy-source", "bkt/source" });
    assert_status(got, 200);
    str first = wire_element(wire, &got, "ETag");
    got =
        wire_with(wire, "PUT", part_target(wire, id, 2), "", { "x-amz-copy-source", "bkt/source" },
                  { "x-amz-copy-source-range", "bytes=2-4" });
    assert_status(got, 200);
    assert_says(got, "289dff07669d7a23de0ef88d2f7129e7"); /* MD5 of 234 */
    str second = wire_element(wire, &got, "ETag");
    got = wire_ask(wire, "POST", upload_target(wire, id), list_of(wire, first, second));
    assert_status(got, 200);
    got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_str(got.body, "0123456789234");
    wire_close(wire);
}

/* -- listings -------------------------------------------------------------------------------- */

static void fill(struct wire *wire)
{
    static const char *const keys[] = { "/bkt/a", "/bkt/d/1", "/bkt/d/2", "/bkt/e%20f", "/bkt/g" };
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct got got = wire_ask(wire, "PUT", keys[i], "x");
        assert_status(got, 200);
    }
}

TEST(listing_v2_pages_by_tokens_of_its_own)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    fill(wire);
    struct got got = wire_ask(wire, "GET", "/bkt?list-type=2&delimiter=/&max-keys=2", "");
    assert_status(got, 200);
    assert_says(got, "<KeyCount>2</KeyCount>");
    assert_says(got, "<IsTruncated>true</IsTruncated>");
    assert_says(got, "<CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes>");
    str token = wire_element(wire, &got, "NextContinuationToken");
    const char *next =
        str_format(wire->arena,
                   "/bkt?list-type=2&delimiter=/&encoding-type=url&continuation-token=%.*s",
                   STR_ARG(token))
            .ptr;
    got = wire_ask(wire, "GET", next, "");
    assert_says(got, "<Key>e%20f</Key>");
    assert_says(got, "<KeyCount>2</KeyCount>");
    assert_false(wire_says(&got, "<Owner>"));
    next = str_format(wire->arena, "/bkt?list-type=2&continuation-token=%.*s", STR_ARG(token)).ptr;
    got = wire_ask(wire, "GET", next, "");
    assert_says(got, "The continuation token provided is incorrect");
    got = wire_ask(wire, "GET", "/bkt?list-type=2&continuation-token=", "");
    assert_says(got, "The continuation token provided is incorrect");
    got = wire_ask(wire, "GET", "/bkt?list-type=2&max-keys=0", "");
    assert_says(got, "<KeyCount>0</KeyCount>");
    assert_says(got, "<IsTruncated>false</IsTruncated>");
    got = wire_ask(wire, "GET", "/bkt?list-type=2&max-keys=-1", "");
    assert_status(got, 400);
    wire_close(wire);
}

TEST(listing_v1_names_the_next_marker_only_with_a_delimiter)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    fill(wire);
    struct got got = wire_ask(wire, "GET", "/bkt?max-keys=1", "");
    assert_false(wire_says(&got, "<NextMarker>"));
    assert_false(wire_says(&got, "<Owner>")); /* for a stranger */
    got = wire_ask(wire, "GET", "/bkt?max-keys=2&delimiter=/", "");
    assert_says(got, "<NextMarker>d/</NextMarker>");
    got = wire_ask(wire, "GET", "/bkt?delimiter=/&marker=d/", "");
    assert_str(wire_element(wire, &got, "Key"), "e f");
    wire_close(wire);
}

TEST(listing_versions_shows_markers_and_which_is_latest)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", true);
    struct got got = wire_ask(wire, "PUT", "/bkt/k", "1");
    got = wire_ask(wire, "PUT", "/bkt/k", "2");
    got = wire_ask(wire, "DELETE", "/bkt/k", "");
    got = wire_ask(wire, "GET", "/bkt?versions&max-keys=2", "");
    assert_says(got, "<DeleteMarker><Key>k</Key>");
    assert_says(got, "<IsLatest>true</IsLatest>");
    assert_says(got, "<NextKeyMarker>k</NextKeyMarker>");
    str id = wire_element(wire, &got, "NextVersionIdMarker");
    const char *next =
        str_format(wire->arena, "/bkt?versions&key-marker=k&version-id-marker=%.*s", STR_ARG(id))
            .ptr;
    got = wire_ask(wire, "GET", next, "");
    assert_says(got, "<Size>1</Size>");
    assert_says(got, "<IsTruncated>false</IsTruncated>");
    got = wire_ask(wire, "GET", "/bkt?versions&version-id-marker=null", "");
    assert_says(got, "A version-id marker cannot be specified without a key marker.");
    wire_close(wire);
}
