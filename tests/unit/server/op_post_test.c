/* PostObject, from form to object. Signatures were made with another implementation. */
#include "tests/unit/server/s3_wire.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"

#define KEY "AKIDFORM"
#define SECRET "form-secret"
#define TYPE "Content-Type", "multipart/form-data; boundary=xYz"

struct form_case {
    struct wire *wire;
    struct buf body;
};

static void part(struct form_case *c, const char *name, str value)
{
    buf_addf(&c->body, "--xYz\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%.*s\r\n", name,
             STR_ARG(value));
}

static void form_begin(struct form_case *c, struct wire *wire)
{
    c->wire = wire;
    buf_init_arena(&c->body, wire->arena, 1 << 22);
}

static void form_file(struct form_case *c, const char *filename, str data)
{
    buf_addf(&c->body,
             "--xYz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n"
             "Content-Type: text/x-part\r\n\r\n",
             filename);
    buf_add(&c->body, data);
    buf_add(&c->body, STR("\r\n--xYz--\r\n"));
}

static struct got form_send(struct form_case *c, const char *target)
{
    return wire_send(c->wire, &(struct sent){ .method = "POST",
                                              .target = target,
                                              .body = buf_str(&c->body),
                                              .headers = { { TYPE } } });
}

static struct wire *open_world(enum auth_mode mode)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    credentials_add(wire->world->credentials, STR(KEY), STR(SECRET), STR("123456789012"), true);
    wire->settings.auth = mode;
    return wire;
}

/* Signed with Version 2; conditions beside bucket and key. */
static void part_policy(struct form_case *c, const char *conditions)
{
    struct arena *arena = c->wire->arena;
    str text =
        str_format(arena,
                   "{\"expiration\": \"2099-01-01T00:00:00Z\", \"conditions\": [{\"bucket\": "
                   "\"bkt\"}, [\"starts-with\", \"$key\", \"\"]%s]}",
                   conditions);
    str policy = encode_base64(arena, text.ptr, text.size);
    struct digest_value sum = digest_hmac_sha1(STR(SECRET), policy);
    part(c, "AWSAccessKeyId", STR(KEY));
    part(c, "policy", policy);
    part(c, "signature", encode_base64(arena, sum.bytes, sum.size));
}

static struct got read_back(struct wire *wire, const char *target)
{
    enum auth_mode mode = wire->settings.auth;
    wire->settings.auth = AUTH_MODE_OFF;
    struct got got = wire_ask(wire, "GET", target, "");
    wire->settings.auth = mode;
    return got;
}

TEST(an_anonymous_form_is_an_upload_where_anonymous_uploads_are_allowed)
{
    struct wire *wire = open_world(AUTH_MODE_RELAXED);
    struct form_case c;
    form_begin(&c, wire);
    part(&c, "key", STR("dir/${filename}"));
    part(&c, "Content-Type", STR("text/plain"));
    part(&c, "x-amz-meta-a", STR("from ${filename}"));
    part(&c, "x-ignore-this", STR("x"));
    form_file(&c, "C:\\\\pictures\\\\me.png", STR("data\r\n--xY"));
    struct got got = form_send(&c, "/bkt");
    assert_status(got, 204);
    assert_int_equal(got.body.size, 0);
    assert_str(wire_header(&got, "x-atoll-nonstandard"), "unsigned");
    assert_str(wire_header(&got, "Location"), "http://localhost:28655/bkt/dir%2Fme.png");
    got = read_back(wire, "/bkt/dir/me.png");
    assert_status(got, 200);
    assert_str(got.body, "data\r\n--xY");
    assert_str(wire_header(&got, "Content-Type"), "text/plain");
    assert_str(wire_header(&got, "x-amz-meta-a"), "from me.png");

    wire->settings.auth = AUTH_MODE_STRICT;
    got = form_send(&c, "/bkt");
    assert_status(got, 403);
    assert_says(got, "<Code>AccessDenied</Code>");
    wire_close(wire);
}

TEST(a_signed_form_is_verified_and_its_policy_obeyed)
{
    static const struct {
        int line;
        const char *conditions, *field, *value;
        int status;
        const char *says;
    } rows[] = {
        { __LINE__, "", NULL, NULL, 204, "" },
        { __LINE__, ", {\"x-amz-meta-a\": \"1\"}", "x-amz-meta-a", "1", 204, "" },
        { __LINE__, "", "x-amz-meta-a", "1", 403, "Extra input fields: x-amz-meta-a" },
        { __LINE__, "", "signature", "AAAA", 204, "" }, /* the first one counts */
        { __LINE__, ", {\"bucket\": \"c\"}", NULL, NULL, 403,
          "[&quot;eq&quot;, &quot;$bucket&quot;, &quot;c&quot;]" },
        { __LINE__, "", "bucket", "c", 204, "" }, /* where it really goes counts */
        { __LINE__, ", {}", NULL, NULL, 400, "<Code>InvalidPolicyDocument</Code>" },
        { __LINE__, ", [\"content-length-range\", 0, 4]", NULL, NULL, 204, "" },
        { __LINE__, ", [\"content-length-range\", 0, 3]", NULL, NULL, 400,
          "<Code>EntityTooLarge</Code>" },
        { __LINE__, ", [\"content-length-range\", 0, 3]", NULL, NULL, 400,
          "<ProposedSize>4</ProposedSize><MaxSizeAllowed>3</MaxSizeAllowed>" },
        { __LINE__, ", [\"content-length-range\", 5, 9]", NULL, NULL, 400,
          "<ProposedSize>4</ProposedSize><MinSizeAllowed>5</MinSizeAllowed>" },
        { __LINE__, "", "x-amz-checksum-crc32", "AAAAAA==", 400, "<Code>BadDigest</Code>" },
        { __LINE__, "", "x-amz-checksum-crc32", "rfPzYw==", 204, "" },
        { __LINE__, ", {\"tagging\": \"<Tagging/>\"}", "tagging", "<Tagging/>", 204, "" },
        { __LINE__, ", {\"tagging\": \"<T/>\"}", "tagging", "<T/>", 204, "" }, /* no tags */
        { __LINE__, ", {\"tagging\": \"<T\"}", "tagging", "<T", 400, "MalformedXML" },
        { __LINE__, ", {\"x-amz-storage-class\": \"HOT\"}", "x-amz-storage-class", "HOT", 400,
          "<StorageClassRequested>HOT</StorageClassRequested>" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire *wire = open_world(AUTH_MODE_STRICT);
        struct form_case c;
        form_begin(&c, wire);
        part(&c, "key", STR("k"));
        part_policy(&c, rows[i].conditions);
        if (rows[i].field)
            part(&c, rows[i].field, str_of(rows[i].value));
        form_file(&c, "f", STR("data"));
        struct got got = form_send(&c, "/bkt");
        if (got.status != rows[i].status || (*rows[i].says && !wire_says(&got, rows[i].says)))
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
        got = read_back(wire, "/bkt/k");
        assert_int_equal(got.status, rows[i].status == 204 ? 200 : 404);
        wire_close(wire);
    }
}

TEST(forms_without_what_they_need_are_refused_in_aws_words)
{
    static const struct {
        int line;
        const char *fields[4][2];
        int status;
        const char *code, *message;
    } rows[] = {
        { __LINE__, { { "a", "b" } }, 400, "InvalidArgument", "field named 'key'.  If it is" },
        { __LINE__,
          { { "key", "k" }, { "AWSAccessKeyId", KEY }, { "policy", "e30=" } },
          400,
          "InvalidArgument",
          "field named 'Signature'.  If" },
        { __LINE__,
          { { "key", "k" }, { "signature", "x" }, { "policy", "e30=" } },
          400,
          "InvalidArgument",
          "<ArgumentName>AWSAccessKeyId</ArgumentName><ArgumentValue></ArgumentValue>" },
        { __LINE__,
          { { "key", "k" }, { "x-amz-signature", "x" }, { "policy", "e30=" } },
          400,
          "InvalidArgument",
          "field named 'X-Amz-Algorithm'.  If" },
        { __LINE__,
          { { "key", "k" },
            { "x-amz-algorithm", "AWS4-HMAC-SHA256" },
            { "x-amz-credential", "c" },
            { "x-amz-date", "d" } },
          400,
          "InvalidArgument",
          "field named 'X-Amz-Signature'.  If" },
        { __LINE__,
          { { "key", "k" }, { "policy", "e30=" } },
          403,
          "AccessDenied",
          "Access Denied" },
        { __LINE__,
          { { "key", "k" },
            { "AWSAccessKeyId", KEY },
            { "signature", "x" },
            { "policy", "not base64" } },
          403,
          "SignatureDoesNotMatch",
          "<StringToSign>not base64</StringToSign>" },
        { __LINE__,
          { { "key", "k" },
            { "AWSAccessKeyId", "foo" },
            { "signature", "x" },
            { "policy", "e30=" } },
          403,
          "InvalidAccessKeyId",
          "<AWSAccessKeyId>foo</AWSAccessKeyId>" },
        { __LINE__, { { "key", "a\xff" } }, 400, "InvalidURI", "" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire *wire = open_world(AUTH_MODE_STRICT);
        struct form_case c;
        form_begin(&c, wire);
        for (size_t j = 0; j < COUNT(rows[i].fields) && rows[i].fields[j][0]; j++)
            part(&c, rows[i].fields[j][0], str_of(rows[i].fields[j][1]));
        form_file(&c, "f", STR("data"));
        struct got got = form_send(&c, "/bkt");
        if (got.status != rows[i].status || !wire_says(&got, rows[i].message) ||
            !str_is(wire_element(wire, &got, "Code"), rows[i].code))
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
        wire_close(wire);
    }
}

TEST(bodies_that_are_no_form_are_refused)
{
    struct wire *wire = open_world(AUTH_MODE_RELAXED);
    struct got got = wire_with(wire, "POST", "/bkt", "x", { "Content-Type", "text/plain" });
    assert_status(got, 412);
    assert_says(got, "<Condition>Bucket POST must be of the enclosure-type multipart/form-data");
    got = wire_with(wire, "POST", "/bkt", "x", { TYPE });
    assert_status(got, 400);
    assert_says(got, "<Code>MalformedPOSTRequest</Code>");
    got = wire_with(wire, "POST", "/bkt", "--xYz--", { TYPE });
    assert_status(got, 400);
    assert_says(got, "POST requires exactly one file upload per request.");
    got = wire_with(wire, "POST", "/bkt",
                    "--xYz\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n"
                    "--xYz\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\ncut",
                    { TYPE });
    assert_status(got, 400);
    assert_says(got, "<Code>MalformedPOSTRequest</Code>");
    struct form_case c;
    form_begin(&c, wire);
    char *large = arena_alloc(wire->arena, 30000);
    memset(large, 'x', 29999);
    part(&c, "key", str_of(large));
    form_file(&c, "f", STR("data"));
    got = form_send(&c, "/bkt");
    assert_status(got, 400);
    assert_says(got, "<Code>MaxPostPreDataLengthExceededError</Code>");
    got = form_send(&c, "/missing");
    assert_status(got, 404);
    wire_close(wire);
}

TEST(success_is_answered_as_the_form_wishes)
{
    static const struct {
        int line;
        const char *field, *value;
        int status;
        const char *location, *says;
    } rows[] = {
        { __LINE__, "success_action_status", "200", 200, "http://localhost:28655/bkt/a%20b%2Fc",
          "" },
        { __LINE__, "success_action_status", "204", 204, "http://localhost:28655/bkt/a%20b%2Fc",
          "" },
        { __LINE__, "success_action_status", "404", 204, "http://localhost:28655/bkt/a%20b%2Fc",
          "" },
        { __LINE__, "success_action_status", "201", 201, "http://localhost:28655/bkt/a%20b%2Fc",
          "<PostResponse><Location>http://localhost:28655/bkt/a%20b%2Fc</Location><Bucket>bkt</"
          "Bucket>"
          "<Key>a "
          "b/c</Key><ETag>&quot;8d777f385d3dfec8815d20f7496026dc&quot;</ETag></PostResponse>" },
        { __LINE__, "success_action_redirect", "http://x.test/done", 303,
          "http://x.test/done?bucket=bkt&key=a%20b%2Fc&etag=%228d777f385d3dfec8815d20f7496026dc%22",
          "" },
        { __LINE__, "redirect", "https://x.test/?a=1", 303,
          "https://x.test/"
          "?a=1&bucket=bkt&key=a%20b%2Fc&etag=%228d777f385d3dfec8815d20f7496026dc%22",
          "" },
        { __LINE__, "success_action_redirect", "javascript:alert(1)", 204,
          "http://localhost:28655/bkt/a%20b%2Fc", "" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire *wire = open_world(AUTH_MODE_RELAXED);
        struct form_case c;
        form_begin(&c, wire);
        part(&c, "key", STR("a b/c"));
        part(&c, rows[i].field, str_of(rows[i].value));
        form_file(&c, "f", STR("data"));
        struct got got = form_send(&c, "/bkt");
        if (got.status != rows[i].status || (*rows[i].says && !wire_says(&got, rows[i].says)) ||
            !str_is(wire_header(&got, "Location"), rows[i].location))
            fail_msg("line %d: %d %.*s %.*s", rows[i].line, got.status, STR_ARG(got.body),
                     STR_ARG(wire_header(&got, "Location")));
        assert_str(wire_header(&got, "ETag"), "\"8d777f385d3dfec8815d20f7496026dc\"");
        wire_close(wire);
    }
}

TEST(tags_of_a_form_are_the_objects)
{
    struct wire *wire = open_world(AUTH_MODE_RELAXED);
    struct form_case c;
    form_begin(&c, wire);
    part(&c, "key", STR("k"));
    part(&c, "tagging",
         STR("<Tagging><TagSet><Tag><Key>a b</Key><Value>&amp;=c</Value></Tag>"
             "<Tag><Key>d</Key><Value></Value></Tag></TagSet></Tagging>"));
    form_file(&c, "f", STR("data"));
    struct got got = form_send(&c, "/bkt");
    assert_status(got, 400); /* '&' is no character of a tag */
    assert_says(got, "<Code>InvalidTag</Code>");
    form_begin(&c, wire);
    part(&c, "key", STR("k"));
    part(&c, "tagging",
         STR("<Tagging><TagSet><Tag><Key>a b</Key><Value>=c</Value></Tag>"
             "<Tag><Key>d</Key><Value></Value></Tag></TagSet></Tagging>"));
    form_file(&c, "f", STR("data"));
    got = form_send(&c, "/bkt");
    assert_status(got, 204);
    got = read_back(wire, "/bkt/k");
    assert_str(wire_header(&got, "x-amz-tagging-count"), "2");
    wire_close(wire);
}

/* The scope's Region must be the bucket's, as everywhere. */
TEST(version_4_signs_forms_too)
{
    struct wire *wire = open_world(AUTH_MODE_STRICT);
    static const struct {
        int line;
        const char *region, *signature;
        int status;
    } rows[] = {
        { __LINE__, "us-east-1", "2d7d1cb80e2a3e3ac3d1a8d9e4e6bbd1cd03fd4ac0ebac2e1ebc3b2f2b0c7a5d",
          403 },
        { __LINE__, "us-east-1", "GOOD", 204 },
        { __LINE__, "eu-west-1", "GOOD", 400 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct form_case c;
        struct arena *arena = wire->arena;
        str credential = str_format(arena, KEY "/20261122/%s/s3/aws4_request", rows[i].region);
        str text = str_format(arena,
                              "{\"expiration\": \"2099-01-01T00:00:00Z\", \"conditions\": "
                              "[{\"bucket\": \"bkt\"}, {\"key\": \"k\"}, [\"starts-with\", "
                              "\"$x-amz-algorithm\", \"\"], {\"x-amz-credential\": \"%.*s\"}, "
                              "[\"starts-with\", \"$x-amz-date\", \"\"]]}",
                              STR_ARG(credential));
        str policy = encode_base64(arena, text.ptr, text.size);
        const char *const steps[] = { "20261122", rows[i].region, "s3", "aws4_request" };
        struct digest_value key = digest_hmac_sha256(STR("AWS4" SECRET), str_of(steps[0]));
        for (size_t j = 1; j < COUNT(steps); j++)
            key = digest_hmac_sha256(str_from(key.bytes, key.size), str_of(steps[j]));
        key = digest_hmac_sha256(str_from(key.bytes, key.size), policy);
        form_begin(&c, wire);
        part(&c, "key", STR("k"));
        part(&c, "x-amz-algorithm", STR("AWS4-HMAC-SHA256"));
        part(&c, "x-amz-credential", credential);
        part(&c, "x-amz-date", STR("20261122T000000Z"));
        part(&c, "Policy", policy);
        part(&c, "X-Amz-Signature",
             strcmp(rows[i].signature, "GOOD") == 0 ? encode_hex(arena, key.bytes, key.size)
                                                    : str_of(rows[i].signature));
        form_file(&c, "f", STR("data"));
        struct got got = form_send(&c, "/bkt");
        if (got.status != rows[i].status)
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
    }
    wire_close(wire);
}

/* Everything of it is starts-with "", but bucket and key. */
#define POLICY_4A                                                                                  \
    "eyJleHBpcmF0aW9uIjogIjIwOTktMDEtMDFUMDA6MDA6MDBaIiwgImNvbmRpdGlvbnMiOiBbeyJidWNr"             \
    "ZXQiOiAiYmt0In0sIHsia2V5IjogImsifSwgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotYWxnb3JpdGht"             \
    "IiwgIiJdLCBbInN0YXJ0cy13aXRoIiwgIiR4LWFtei1jcmVkZW50aWFsIiwgIiJdLCBbInN0YXJ0cy13"             \
    "aXRoIiwgIiR4LWFtei1kYXRlIiwgIiJdLCBbInN0YXJ0cy13aXRoIiwgIiR4LWFtei1yZWdpb24tc2V0"             \
    "IiwgIiJdXX0="
#define SIGNATURE_4A                                                                               \
    "304402207b7021fcd44fd3353447ae09427ab3a361e9c16d7ad6c5017c32963a9d80e92d022004933c93bce9a3b2" \
    "83128630dbab93c203fc30cecff097bbf42d3d107f109c64"

TEST(version_4a_signs_forms_for_a_set_of_regions)
{
    static const struct {
        int line;
        const char *regions, *signature;
        int status;
    } rows[] = {
        { __LINE__, "*", SIGNATURE_4A, 204 },
        { __LINE__, "eu-west-1,us-*", SIGNATURE_4A, 204 },
        { __LINE__, "eu-west-1", SIGNATURE_4A, 403 },
        { __LINE__, "*", "3044", 403 },
    };
    struct wire *wire = open_world(AUTH_MODE_STRICT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct form_case c;
        form_begin(&c, wire);
        part(&c, "key", STR("k"));
        part(&c, "x-amz-algorithm", STR("AWS4-ECDSA-P256-SHA256"));
        part(&c, "x-amz-credential", STR(KEY "/20261122/s3/aws4_request"));
        part(&c, "x-amz-date", STR("20261122T000000Z"));
        part(&c, "x-amz-region-set", str_of(rows[i].regions));
        part(&c, "Policy", STR(POLICY_4A));
        part(&c, "X-Amz-Signature", str_of(rows[i].signature));
        form_file(&c, "f", STR("data"));
        struct got got = form_send(&c, "/bkt");
        if (got.status != rows[i].status)
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
    }
    wire_close(wire);
}

TEST(explain_names_a_policy_that_was_signed_before_it_was_encoded)
{
    struct wire *wire = open_world(AUTH_MODE_STRICT);
    struct form_case c;
    str text = STR("{\"expiration\": \"2099-01-01T00:00:00Z\", \"conditions\": []}");
    struct digest_value sum = digest_hmac_sha1(STR(SECRET), text);
    form_begin(&c, wire);
    part(&c, "key", STR("k"));
    part(&c, "AWSAccessKeyId", STR(KEY));
    part(&c, "policy", encode_base64(wire->arena, text.ptr, text.size));
    part(&c, "signature", encode_base64(wire->arena, sum.bytes, sum.size));
    form_file(&c, "f", STR("data"));
    struct got got = form_send(&c, "/bkt");
    assert_says(got, "<Code>SignatureDoesNotMatch</Code>");
    wire->settings.auth = AUTH_MODE_OFF;
    got = wire_ask(wire, "GET", "/_atoll/v1/requests/last", "");
    assert_says(got, "the policy was signed before it was encoded in base64");
    wire_close(wire);
}

TEST(explain_names_what_version_2_signed_otherwise)
{
    static const struct {
        int line;
        const char *string_to_sign, *cause;
    } rows[] = {
        { __LINE__, "PUT\n\n\nThu, 01 Jan 2026 00:00:00 GMT\n/bkt/k",
          "the Content-Type was left out" },
        { __LINE__, "PUT\n\ntext/plain\nThu, 01 Jan 2026 00:00:00 GMT\n/k", "\"found\":false" },
    };
    struct wire *wire = open_world(AUTH_MODE_STRICT);
    wire->settings.signature_skew = DURATION_S(-1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct digest_value sum = digest_hmac_sha1(STR(SECRET), str_of(rows[i].string_to_sign));
        str signature = encode_base64(wire->arena, sum.bytes, sum.size);
        const char *header =
            str_c(wire->arena, str_format(wire->arena, "AWS " KEY ":%.*s", STR_ARG(signature)));
        struct got got = wire_with(wire, "PUT", "/bkt/k", "x", { "Authorization", header },
                                   { "Date", "Thu, 01 Jan 2026 00:00:00 GMT" },
                                   { "Content-Type", "text/plain" });
        assert_says(got, "<Code>SignatureDoesNotMatch</Code>");
        got = wire_ask(wire, "GET", "/_atoll/v1/requests/last", "");
        if (!wire_says(&got, rows[i].cause))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(got.body));
    }
    wire_close(wire);
}
