/* Sub-resources of objects over the whole walk: tags, ACLs, object lock, attributes, restores,
 * encryption, and what a bucket's CORS, lifecycle and website say about its objects (aws-behaviour
 * E.1, E.4, E.5, E.12; recorded errors). */
#include "base/clock.h"
#include "tests/unit/server/s3_wire.h"

#define TAG(key, value) "<Tag><Key>" key "</Key><Value>" value "</Value></Tag>"
#define KEY "pO3upElrwuEXSoFwCfnZPdSsmt/xWeFa0N9KgDijwVs="
#define KEY_MD5 "DWygnHRtgiJ77HCm+1rvHw=="
#define OTHER_KEY "6b+WOZ1T3cqZMxgThRcXAQBrS5mXKdDUphvpxptl9/4="
#define OTHER_KEY_MD5 "arxBvwY2V4SiOne6yppVPQ=="
#define SSE_C "x-amz-server-side-encryption-customer-"
#define GIVE_KEY                                                                                   \
    { SSE_C "algorithm", "AES256" }, { SSE_C "key", KEY },                                         \
    {                                                                                              \
        SSE_C "key-MD5", KEY_MD5                                                                   \
    }
#define GIVE_OTHER_KEY                                                                             \
    { SSE_C "algorithm", "AES256" }, { SSE_C "key", OTHER_KEY },                                   \
    {                                                                                              \
        SSE_C "key-MD5", OTHER_KEY_MD5                                                             \
    }

static struct wire *with_object(bool versioned)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", versioned);
    struct got got = wire_ask(wire, "PUT", "/bkt/k", "hello");
    assert_status(got, 200);
    return wire;
}

static void advance(struct wire *wire, int64_t seconds)
{
    instant now = clock_now(wire->world->clock);
    assert_true(clock_move_to(wire->world->clock, instant_add(now, DURATION_S(seconds))));
}

TEST(tags_are_put_got_counted_and_deleted)
{
    struct wire *wire = with_object(false);
    struct got got =
        wire_ask(wire, "PUT", "/bkt/k?tagging",
                 "<Tagging><TagSet>" TAG("b", "2") TAG("a", "1") "</TagSet></Tagging>");
    assert_status(got, 200);
    got = wire_ask(wire, "GET", "/bkt/k?tagging", "");
    assert_says(got, "<TagSet>" TAG("a", "1") TAG("b", "2") "</TagSet>");
    got = wire_ask(wire, "HEAD", "/bkt/k", "");
    assert_str(wire_header(&got, "x-amz-tagging-count"), "2");
    got = wire_ask(wire, "PUT", "/bkt/k?tagging",
                   "<Tagging><TagSet>" TAG("a", "1") TAG("a", "2") "</TagSet></Tagging>");
    assert_status(got, 400);
    assert_says(got, "Cannot provide multiple Tags with the same key");
    got = wire_ask(wire, "DELETE", "/bkt/k?tagging", "");
    assert_status(got, 204);
    got = wire_ask(wire, "GET", "/bkt/k?tagging", "");
    assert_says(got, "<TagSet></TagSet>");
    got = wire_ask(wire, "GET", "/bkt/none?tagging", "");
    assert_status(got, 404);
    wire_close(wire);
}

TEST(acls_are_refused_until_ownership_allows_them)
{
    struct wire *wire = with_object(false);
    struct got got = wire_with(wire, "PUT", "/bkt/k?acl", "", { "x-amz-acl", "public-read" });
    assert_says(got, "<Code>AccessControlListNotSupported</Code>");
    got = wire_with(wire, "PUT", "/bkt/k?acl", "", { "x-amz-acl", "bucket-owner-full-control" });
    assert_status(got, 200);
    got = wire_ask(wire, "PUT", "/bkt?ownershipControls",
                   "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership>"
                   "</Rule></OwnershipControls>");
    assert_status(got, 200);
    got = wire_with(wire, "PUT", "/bkt/k?acl", "", { "x-amz-acl", "public-read" });
    assert_says(got, "<Code>AccessDenied</Code>"); /* public ACLs are blocked */
    got = wire_ask(wire, "DELETE", "/bkt?publicAccessBlock", "");
    assert_status(got, 204);
    got = wire_with(wire, "PUT", "/bkt/k?acl", "", { "x-amz-acl", "public-read" });
    assert_status(got, 200);
    got = wire_ask(wire, "GET", "/bkt/k?acl", "");
    assert_says(got, "xsi:type=\"Group\"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>"
                     "</Grantee><Permission>READ</Permission>");
    assert_says(got, "<Permission>FULL_CONTROL</Permission>");
    size_t group = str_find(got.body, STR("Group")), owner = str_find(got.body, STR("FULL_"));
    assert_true(group < owner); /* groups come first */
    wire_close(wire);
}

TEST(acls_are_judged_as_aws_judges_them)
{
    static const struct {
        int line;
        const char *header, *value, *body, *says;
    } rows[] = {
        { __LINE__, "x-amz-acl", "nonsense", "", "<ArgumentName>x-amz-acl</ArgumentName>" },
        { __LINE__, "x-amz-grant-read", "somebody", "", "Argument format not recognized" },
        { __LINE__, "x-amz-grant-read", "uri=\"http://x\"", "", "Invalid group uri" },
        { __LINE__, "x-amz-grant-read", "id=\"_foo\"", "", "Invalid id" },
        { __LINE__, "x-none", "x", "", "<MissingHeaderName>x-amz-acl</MissingHeaderName>" },
        { __LINE__, "x-amz-acl", "private", "<AccessControlPolicy/>",
          "This request does not support content" },
        { __LINE__, "x-none", "x", "<AccessControlPolicy/>", "<Code>MalformedACLError</Code>" },
        { __LINE__, "x-none", "x", "nonsense", "<Code>MalformedACLError</Code>" },
    };
    struct wire *wire = with_object(false);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct got got =
            wire_with(wire, "PUT", "/bkt?acl", rows[i].body, { rows[i].header, rows[i].value });
        if (!wire_says(&got, rows[i].says))
            fail_msg("row %d: %.*s", rows[i].line, STR_ARG(got.body));
    }
    wire_close(wire);
}

static struct wire *with_lock(const char *rule)
{
    struct wire *wire = wire_open();
    struct got got =
        wire_with(wire, "PUT", "/bkt", "", { "x-amz-bucket-object-lock-enabled", "true" });
    assert_status(got, 200);
    str body = str_format(wire->arena,
                          "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
                          "%s</ObjectLockConfiguration>",
                          rule);
    got = wire_ask(wire, "PUT", "/bkt?object-lock", body.ptr);
    assert_status(got, 200);
    got = wire_ask(wire, "PUT", "/bkt/k", "hello");
    assert_status(got, 200);
    return wire;
}

TEST(default_retention_is_counted_from_the_put)
{
    struct wire *wire = with_lock("<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days>"
                                  "</DefaultRetention></Rule>");
    struct got got = wire_ask(wire, "HEAD", "/bkt/k", "");
    assert_str(wire_header(&got, "x-amz-object-lock-mode"), "GOVERNANCE");
    str version = wire_header(&got, "x-amz-version-id");
    str target = str_format(wire->arena, "/bkt/k?versionId=%.*s", STR_ARG(version));
    got = wire_ask(wire, "DELETE", target.ptr, "");
    assert_status(got, 403);
    assert_says(got, "Access Denied because object protected by object lock.");
    advance(wire, 86401);
    got = wire_ask(wire, "DELETE", target.ptr, "");
    assert_status(got, 204);
    wire_close(wire);
}

#define RETENTION(mode, until)                                                                     \
    "<Retention><Mode>" mode "</Mode><RetainUntilDate>" until "</RetainUntilDate></Retention>"

TEST(a_retention_is_lengthened_or_bypassed_but_compliance_never_weakened)
{
    static const struct {
        int line;
        const char *body, *bypass;
        int status;
    } rows[] = { /* one after the other, on one version */
                 { __LINE__, RETENTION("governance", "2027-01-01T00:00:00Z"), "", 400 },
                 { __LINE__, RETENTION("GOVERNANCE", "2020-01-01T00:00:00Z"), "", 400 },
                 { __LINE__, RETENTION("GOVERNANCE", "2027-01-01T00:00:00Z"), "", 200 },
                 { __LINE__, RETENTION("GOVERNANCE", "2026-06-01T00:00:00Z"), "", 403 },
                 { __LINE__, RETENTION("COMPLIANCE", "2027-01-01T00:00:00Z"), "", 403 },
                 { __LINE__, RETENTION("GOVERNANCE", "2026-06-01T00:00:00Z"), "true", 200 },
                 { __LINE__, RETENTION("GOVERNANCE", "2026-07-01T00:00:00Z"), "", 200 },
                 { __LINE__, "<Retention/>", "", 403 },
                 { __LINE__, "<Retention/>", "true", 200 },
                 { __LINE__, RETENTION("COMPLIANCE", "2027-01-01T00:00:00Z"), "", 200 },
                 { __LINE__, RETENTION("COMPLIANCE", "2026-12-01T00:00:00Z"), "true", 403 },
                 { __LINE__, RETENTION("GOVERNANCE", "2028-01-01T00:00:00Z"), "true", 403 },
                 { __LINE__, RETENTION("COMPLIANCE", "2027-02-01T00:00:00Z"), "", 200 }
    };
    struct wire *wire = with_lock("");
    struct got got = wire_ask(wire, "GET", "/bkt/k?retention", "");
    assert_says(got, "<Code>NoSuchObjectLockConfiguration</Code>");
    for (size_t i = 0; i < COUNT(rows); i++) {
        got = wire_with(wire, "PUT", "/bkt/k?retention", rows[i].body,
                        { "x-amz-bypass-governance-retention", rows[i].bypass });
        if (got.status != rows[i].status)
            fail_msg("row %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
    }
    got = wire_ask(wire, "GET", "/bkt/k?retention", "");
    assert_says(got, "<Mode>COMPLIANCE</Mode><RetainUntilDate>2027-02-01T00:00:00");
    wire_close(wire);
}

TEST(a_legal_hold_that_was_lifted_is_remembered)
{
    struct wire *wire = with_lock("");
    struct got got = wire_ask(wire, "GET", "/bkt/k?legal-hold", "");
    assert_status(got, 404);
    got = wire_ask(wire, "PUT", "/bkt/k?legal-hold", "<LegalHold><Status>abc</Status></LegalHold>");
    assert_says(got, "<Code>MalformedXML</Code>");
    got = wire_ask(wire, "PUT", "/bkt/k?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>");
    assert_status(got, 200);
    got = wire_ask(wire, "HEAD", "/bkt/k", "");
    assert_str(wire_header(&got, "x-amz-object-lock-legal-hold"), "ON");
    got = wire_ask(wire, "PUT", "/bkt/k?legal-hold", "<LegalHold><Status>OFF</Status></LegalHold>");
    assert_status(got, 200);
    got = wire_ask(wire, "GET", "/bkt/k?legal-hold", "");
    assert_says(got, "<Status>OFF</Status>");
    wire_close(wire);
}

TEST(object_lock_needs_a_bucket_that_has_it)
{
    struct wire *wire = with_object(true);
    struct got got =
        wire_ask(wire, "PUT", "/bkt/k?retention", RETENTION("GOVERNANCE", "2027-01-01T00:00:00Z"));
    assert_says(got, "Bucket is missing Object Lock Configuration");
    got = wire_ask(wire, "GET", "/bkt/k?legal-hold", "");
    assert_says(got, "Bucket is missing Object Lock Configuration");
    wire_close(wire);
}

TEST(attributes_are_those_that_were_asked_for)
{
    struct wire *wire = with_object(true);
    struct got got = wire_with(wire, "GET", "/bkt/k?attributes", "",
                               { "x-amz-object-attributes", "ETag,ObjectSize,StorageClass" });
    assert_status(got, 200);
    assert_says(got, "<ETag>5d41402abc4b2a76b9719d911017c592</ETag>"
                     "<StorageClass>STANDARD</StorageClass><ObjectSize>5</ObjectSize>");
    assert_false(wire_says(&got, "Checksum"));
    assert_int_equal(wire_header(&got, "x-amz-version-id").size, 32);
    got = wire_with(wire, "GET", "/bkt/k?attributes", "",
                    { "x-amz-object-attributes", "Checksum,ObjectParts" });
    assert_says(got, "<ChecksumType>FULL_OBJECT</ChecksumType>");
    assert_false(wire_says(&got, "ObjectParts"));
    got = wire_with(wire, "GET", "/bkt/k?attributes", "", { "x-amz-object-attributes", "Weight" });
    assert_says(got, "Invalid attribute name specified.");
    got = wire_ask(wire, "GET", "/bkt/k?attributes", "");
    assert_status(got, 400);
    wire_close(wire);
}

#define RESTORE(days, tier)                                                                        \
    "<RestoreRequest><Days>" days "</Days><GlacierJobParameters><Tier>" tier                       \
    "</Tier></GlacierJobParameters></RestoreRequest>"

TEST(an_archived_object_is_restored_for_a_while)
{
    struct wire *wire = with_object(false);
    struct got got = wire_ask(wire, "POST", "/bkt/k?restore", RESTORE("1", "Standard"));
    assert_says(got, "Restore is not allowed for the object's current storage class");
    got = wire_with(wire, "PUT", "/bkt/k", "hello", { "x-amz-storage-class", "GLACIER" });
    assert_status(got, 200);
    got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_says(got, "<Code>InvalidObjectState</Code>");
    got = wire_ask(wire, "POST", "/bkt/k?restore", RESTORE("2", "Expedited"));
    assert_status(got, 202);
    got = wire_ask(wire, "HEAD", "/bkt/k", "");
    assert_str(wire_header(&got, "x-amz-restore"), "ongoing-request=\"true\"");
    got = wire_ask(wire, "POST", "/bkt/k?restore", RESTORE("2", "Expedited"));
    assert_status(got, 409);
    advance(wire, 301);
    got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_str(got.body, "hello");
    assert_str(wire_header(&got, "x-amz-restore"),
               "ongoing-request=\"false\", expiry-date=\"Mon, 05 Jan 2026 00:00:00 GMT\"");
    got = wire_ask(wire, "POST", "/bkt/k?restore", RESTORE("3", "Standard"));
    assert_status(got, 200);
    advance(wire, 5 * 86400);
    got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_status(got, 403);
    assert_false(str_is_set(wire_header(&got, "x-amz-restore")));
    wire_close(wire);
}

TEST(a_customers_key_is_judged)
{
    static const struct {
        int line;
        const char *algorithm, *key, *md5, *says;
    } rows[] = {
        { __LINE__, "AES256", NULL, NULL, "must provide an appropriate secret key." },
        { __LINE__, NULL, KEY, KEY_MD5, "must provide a valid encryption algorithm." },
        { __LINE__, "AES128", KEY, KEY_MD5, "<Code>InvalidEncryptionAlgorithmError</Code>" },
        { __LINE__, "AES256", "c2hvcnQ=", KEY_MD5, "The secret key was invalid" },
        { __LINE__, "AES256", KEY, OTHER_KEY_MD5, "The calculated MD5 hash of the key did not" },
        { __LINE__, "AES256", KEY, NULL, "must provide the client calculated MD5" },
    };
    struct wire *wire = with_object(false);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sent sent = { .method = "PUT", .target = "/bkt/c", .body = STR("x") };
        const char *const values[] = { rows[i].algorithm, rows[i].key, rows[i].md5 };
        static const char *const names[] = { SSE_C "algorithm", SSE_C "key", SSE_C "key-MD5" };
        for (size_t j = 0, to = 0; j < COUNT(values); j++)
            if (values[j]) {
                sent.headers[to][0] = names[j];
                sent.headers[to++][1] = values[j];
            }
        struct got got = wire_send(wire, &sent);
        if (got.status != 400 || !wire_says(&got, rows[i].says))
            fail_msg("row %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
    }
    wire_close(wire);
}

TEST(an_object_under_a_customers_key_is_read_with_it)
{
    struct wire *wire = with_object(false);
    struct got got = wire_with(wire, "PUT", "/bkt/c", "hello", GIVE_KEY);
    assert_status(got, 200);
    assert_str(wire_header(&got, SSE_C "key-MD5"), KEY_MD5);
    assert_str(wire_header(&got, "x-atoll-nonstandard"), "sse-c-over-http");
    assert_false(str_is(wire_header(&got, "ETag"), "\"5d41402abc4b2a76b9719d911017c592\""));
    got = wire_with(wire, "GET", "/bkt/c", "", GIVE_KEY);
    assert_str(got.body, "hello");
    assert_false(str_is_set(wire_header(&got, "x-amz-server-side-encryption")));
    got = wire_ask(wire, "GET", "/bkt/c", "");
    assert_status(got, 400);
    assert_says(got, "The object was stored using a form of Server Side Encryption.");
    got = wire_with(wire, "GET", "/bkt/c", "", GIVE_OTHER_KEY);
    assert_status(got, 403);
    got = wire_with(wire, "GET", "/bkt/k", "", GIVE_KEY);
    assert_says(got, "The encryption parameters are not applicable to this object.");
    got = wire_with(wire, "PUT", "/bkt/copy", "", { "x-amz-copy-source", "/bkt/c" });
    assert_status(got, 400);
    got = wire_with(wire, "PUT", "/bkt/copy", "", { "x-amz-copy-source", "/bkt/c" },
                    { "x-amz-copy-source-server-side-encryption-customer-algorithm", "AES256" },
                    { "x-amz-copy-source-server-side-encryption-customer-key", KEY },
                    { "x-amz-copy-source-server-side-encryption-customer-key-MD5", KEY_MD5 });
    assert_status(got, 200);
    assert_says(got, "5d41402abc4b2a76b9719d911017c592"); /* SSE-S3: the bytes' MD5 again */
    wire_close(wire);
}

#define SOURCE_SSE_C "x-amz-copy-source-server-side-encryption-customer-"

TEST(an_upload_under_a_customers_key_wants_it_with_each_part)
{
    struct wire *wire = with_object(false);
    struct got got = wire_with(wire, "POST", "/bkt/m?uploads", "", GIVE_KEY);
    assert_status(got, 200);
    assert_str(wire_header(&got, SSE_C "algorithm"), "AES256");
    str id = wire_element(wire, &got, "UploadId");
    const char *part =
        str_format(wire->arena, "/bkt/m?partNumber=1&uploadId=%.*s", STR_ARG(id)).ptr;
    got = wire_ask(wire, "PUT", part, "hello");
    assert_status(got, 400);
    assert_says(got,
                "Subsequent part requests must include the appropriate encryption parameters.");
    got = wire_with(wire, "PUT", part, "hello", GIVE_OTHER_KEY);
    assert_status(got, 400);
    assert_says(got, "The provided encryption parameters did not match the ones used originally.");
    got = wire_with(wire, "PUT", part, "", { "x-amz-copy-source", "/bkt/k" });
    assert_status(got, 400);
    assert_status(wire_with(wire, "PUT", "/bkt/c", "hello", GIVE_OTHER_KEY), 200);
    got = wire_with(wire, "PUT", part, "", GIVE_KEY, { "x-amz-copy-source", "/bkt/c" });
    assert_says(got, "The object was stored using a form of Server Side Encryption.");
    got = wire_with(wire, "PUT", part, "", GIVE_KEY, { "x-amz-copy-source", "/bkt/c" },
                    { SOURCE_SSE_C "algorithm", "AES256" }, { SOURCE_SSE_C "key", KEY },
                    { SOURCE_SSE_C "key-MD5", KEY_MD5 });
    assert_status(got, 403);
    got = wire_with(wire, "PUT", part, "", GIVE_KEY, { "x-amz-copy-source", "/bkt/c" },
                    { SOURCE_SSE_C "algorithm", "AES256" }, { SOURCE_SSE_C "key", OTHER_KEY },
                    { SOURCE_SSE_C "key-MD5", OTHER_KEY_MD5 });
    assert_status(got, 200);
    assert_str(wire_header(&got, SSE_C "key-MD5"), KEY_MD5);
    str list = str_format(wire->arena,
                          "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%.*s"
                          "</ETag></Part></CompleteMultipartUpload>",
                          STR_ARG(wire_element(wire, &got, "ETag")));
    const char *whole = str_format(wire->arena, "/bkt/m?uploadId=%.*s", STR_ARG(id)).ptr;
    assert_status(wire_with(wire, "POST", whole, list.ptr, GIVE_OTHER_KEY), 400);
    assert_status(wire_ask(wire, "POST", whole, list.ptr), 200); /* without a checksum: needless */
    assert_int_equal(wire_ask(wire, "HEAD", "/bkt/m", "").status, 400);
    got = wire_with(wire, "HEAD", "/bkt/m", "", GIVE_OTHER_KEY);
    assert_int_equal(got.status, 403);
    got = wire_with(wire, "GET", "/bkt/m", "", GIVE_KEY);
    assert_str(got.body, "hello");
    wire_close(wire);
}

TEST(a_buckets_default_encryption_is_applied)
{
    struct wire *wire = with_object(false);
    struct got got =
        wire_ask(wire, "PUT", "/bkt?encryption",
                 "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
                 "<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>my-key</KMSMasterKeyID>"
                 "</ApplyServerSideEncryptionByDefault></Rule>"
                 "</ServerSideEncryptionConfiguration>");
    assert_status(got, 200);
    got = wire_ask(wire, "PUT", "/bkt/e", "hello");
    assert_str(wire_header(&got, "x-amz-server-side-encryption"), "aws:kms");
    got = wire_ask(wire, "HEAD", "/bkt/e", "");
    assert_str(wire_header(&got, "x-amz-server-side-encryption-aws-kms-key-id"), "my-key");
    got = wire_with(wire, "PUT", "/bkt/e", "hello", { "x-amz-server-side-encryption", "AES256" });
    assert_str(wire_header(&got, "x-amz-server-side-encryption"), "AES256");
    got = wire_with(wire, "GET", "/bkt/e", "", { "x-amz-server-side-encryption", "AES256" });
    assert_status(got, 400);
    wire_close(wire);
}

TEST(browsers_are_told_what_the_first_rule_that_fits_says)
{
    struct wire *wire = with_object(false);
    struct got got = wire_with(wire, "OPTIONS", "/bkt/k", "", { "Origin", "http://a" },
                               { "Access-Control-Request-Method", "PUT" });
    assert_says(got, "CORSResponse: CORS is not enabled for this bucket.");
    assert_status(got, 403);
    got = wire_ask(wire, "OPTIONS", "/bkt/k", "");
    assert_says(got, "Insufficient information. Origin request header needed.");
    assert_status(got, 400);
    got = wire_with(wire, "OPTIONS", "/none/k", "", { "Origin", "http://a" },
                    { "Access-Control-Request-Method", "PUT" });
    assert_says(got, "CORSResponse: Bucket not found");
    got = wire_ask(wire, "PUT", "/bkt?cors",
                   "<CORSConfiguration><CORSRule><AllowedMethod>PUT</AllowedMethod>"
                   "<AllowedMethod>GET</AllowedMethod><AllowedOrigin>http://*.site</AllowedOrigin>"
                   "<AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>"
                   "<MaxAgeSeconds>60</MaxAgeSeconds></CORSRule><CORSRule>"
                   "<AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>"
                   "</CORSConfiguration>");
    assert_status(got, 200);
    got = wire_with(wire, "OPTIONS", "/bkt/k?uploads", "", { "Origin", "http://a.site" },
                    { "Access-Control-Request-Method", "PUT" },
                    { "Access-Control-Request-Headers", "X-Amz-Date, x-amz-acl" });
    assert_status(got, 200);
    assert_str(wire_header(&got, "Access-Control-Allow-Origin"), "http://a.site");
    assert_str(wire_header(&got, "Access-Control-Allow-Methods"), "PUT, GET");
    assert_str(wire_header(&got, "Access-Control-Allow-Headers"), "x-amz-date, x-amz-acl");
    assert_str(wire_header(&got, "Access-Control-Expose-Headers"), "ETag");
    assert_str(wire_header(&got, "Access-Control-Max-Age"), "60");
    assert_str(wire_header(&got, "Access-Control-Allow-Credentials"), "true");
    got = wire_with(wire, "OPTIONS", "/bkt/k", "", { "Origin", "http://a.site" },
                    { "Access-Control-Request-Method", "PUT" },
                    { "Access-Control-Request-Headers", "content-type" });
    assert_status(got, 403);
    got = wire_with(wire, "GET", "/bkt/none", "", { "Origin", "http://b" });
    assert_status(got, 404);
    assert_str(wire_header(&got, "Access-Control-Allow-Origin"), "*");
    assert_false(str_is_set(wire_header(&got, "Access-Control-Allow-Credentials")));
    got = wire_ask(wire, "GET", "/bkt/k", "");
    assert_false(str_is_set(wire_header(&got, "Access-Control-Allow-Origin")));
    wire_close(wire);
}

TEST(the_earliest_expiry_of_a_lifecycle_is_told)
{
    struct wire *wire = with_object(false);
    struct got got = wire_ask(
        wire, "PUT", "/bkt?lifecycle",
        "<LifecycleConfiguration><Rule><ID>long</ID><Filter/><Status>Enabled</Status>"
        "<Expiration><Days>30</Days></Expiration></Rule><Rule><ID>a b</ID><Filter>"
        "<And><Prefix>k</Prefix>" TAG(
            "t", "1") "</And></Filter><Status>Enabled</Status>"
                      "<Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>");
    assert_status(got, 200);
    got = wire_ask(wire, "HEAD", "/bkt/k", "");
    assert_str(wire_header(&got, "x-amz-expiration"),
               "expiry-date=\"Mon, 02 Feb 2026 00:00:00 GMT\", rule-id=\"long\"");
    got = wire_with(wire, "PUT", "/bkt/k", "x", { "x-amz-tagging", "t=1" });
    assert_str(wire_header(&got, "x-amz-expiration"),
               "expiry-date=\"Sun, 04 Jan 2026 00:00:00 GMT\", rule-id=\"a%20b\"");
    wire_close(wire);
}

TEST(a_website_host_serves_index_error_and_redirects)
{
    static const struct {
        int line;
        const char *target;
        int status;
        const char *says, *location;
    } rows[] = {
        { __LINE__, "/", 200, "<root>", NULL },
        { __LINE__, "/docs/", 200, "<docs>", NULL },
        { __LINE__, "/docs", 302, "", "/docs/" },
        { __LINE__, "/nowhere", 404, "<sorry>", NULL },
        { __LINE__, "/old/a", 301, "", "http://bkt.s3-website-us-east-1.amazonaws.com/new/a" },
        { __LINE__, "/moved", 301, "", "/elsewhere" },
    };
    struct wire *wire = with_object(false);
    struct got got =
        wire_with(wire, "GET", "/", "", { "Host", "bkt.s3-website-us-east-1.amazonaws.com" });
    assert_status(got, 404);
    assert_says(got, "<li>Code: NoSuchWebsiteConfiguration</li>");
    got = wire_ask(wire, "PUT", "/bkt?website",
                   "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix>"
                   "</IndexDocument><ErrorDocument><Key>error.html</Key></ErrorDocument>"
                   "<RoutingRules><RoutingRule><Condition><KeyPrefixEquals>old/</KeyPrefixEquals>"
                   "</Condition><Redirect><ReplaceKeyPrefixWith>new/</ReplaceKeyPrefixWith>"
                   "</Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>");
    assert_status(got, 200);
    got = wire_ask(wire, "PUT", "/bkt/index.html", "<root>");
    got = wire_ask(wire, "PUT", "/bkt/docs/index.html", "<docs>");
    got = wire_ask(wire, "PUT", "/bkt/error.html", "<sorry>");
    got = wire_with(wire, "PUT", "/bkt/moved", "x",
                    { "x-amz-website-redirect-location", "/elsewhere" });
    assert_status(got, 200);
    for (size_t i = 0; i < COUNT(rows); i++) {
        got = wire_with(wire, "GET", rows[i].target, "",
                        { "Host", "bkt.s3-website-us-east-1.amazonaws.com" });
        if (got.status != rows[i].status || !str_is(got.body, rows[i].says) ||
            (rows[i].location && !str_is(wire_header(&got, "Location"), rows[i].location)))
            fail_msg("row %d: %d %.*s %.*s", rows[i].line, got.status, STR_ARG(got.body),
                     STR_ARG(wire_header(&got, "Location")));
    }
    wire_close(wire);
}
