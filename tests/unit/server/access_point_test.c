/* Regional access points and the tags of S3 Control: made, shown, gone through, refused. */
#include "base/lock.h"
#include "tests/unit/server/s3_wire.h"

#define HOST "123456789012.s3-control.us-east-1.amazonaws.com"
#define POINTS "/v20180820/accesspoint"

static struct got control(struct wire *wire, const char *method, const char *path, const char *body)
{
    return wire_with(wire, method, path, body, { "Host", HOST },
                     { "x-amz-account-id", "123456789012" });
}

#define CREATE(bucket)                                                                             \
    "<CreateAccessPointRequest xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">"       \
    "<Bucket>" bucket "</Bucket></CreateAccessPointRequest>"

static str make(struct wire *wire, const char *name)
{
    str path = str_format(wire->arena, POINTS "/%s", name);
    struct got got = control(wire, "PUT", path.ptr, CREATE("data"));
    assert_status(got, 200);
    return wire_element(wire, &got, "Alias");
}

TEST(an_access_point_is_made_shown_listed_and_deleted)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/data", false);
    wire_bucket(wire, "/other", false);
    str alias = make(wire, "web");
    assert_true(str_starts(alias, STR("web-")) && str_ends(alias, STR("-s3alias")));
    assert_true(alias.size <= 63);
    struct got got = control(wire, "GET", POINTS "/web", "");
    assert_status(got, 200);
    assert_says(got, "<Bucket>data</Bucket><NetworkOrigin>Internet</NetworkOrigin>");
    assert_says(got, "arn:aws:s3:us-east-1:123456789012:accesspoint/web");
    assert_says(got, "<BlockPublicAcls>true</BlockPublicAcls>");
    (void) make(wire, "api");
    got = control(wire, "GET", POINTS "?bucket=data&maxResults=1", "");
    assert_says(got, "<Name>api</Name>");
    assert_says(got, "<NextToken>api</NextToken>");
    got = control(wire, "GET", POINTS "?nextToken=api", "");
    assert_says(got, "<Name>web</Name>");
    assert_false(wire_says(&got, "NextToken") || wire_says(&got, "<Name>api<"));
    assert_false(
        wire_says(&(struct got){ .body = control(wire, "GET", POINTS "?bucket=other", "").body },
                  "<AccessPoint>"));
    assert_says(wire_ask(wire, "DELETE", "/data", ""), "BucketHasAccessPointsAttached");
    assert_status(control(wire, "DELETE", POINTS "/web", ""), 204);
    assert_status(control(wire, "DELETE", POINTS "/api", ""), 204);
    assert_status(control(wire, "GET", POINTS "/web", ""), 404);
    assert_status(wire_ask(wire, "DELETE", "/data", ""), 204);
    wire_close(wire);
}

TEST(what_is_wrong_with_an_access_point_has_its_code)
{
    struct wire *wire = wire_open();
    static const struct {
        int line;
        const char *method, *path, *body;
        int status;
        const char *code;
    } rows[] = {
        { __LINE__, "PUT", POINTS "/ab", CREATE("data"), 400, "InvalidURI" },
        { __LINE__, "PUT", POINTS "/-abc", CREATE("data"), 400, "InvalidRequest" },
        { __LINE__, "PUT", POINTS "/Abc", CREATE("data"), 400, "InvalidURI" },
        { __LINE__, "PUT", POINTS "/abc-s3alias", CREATE("data"), 400, "InvalidRequest" },
        { __LINE__, "PUT", POINTS "/web", CREATE("data"), 409, "AccessPointAlreadyOwnedByYou" },
        { __LINE__, "PUT", POINTS "/abc", CREATE("nowhere"), 400, "InvalidRequest" },
        { __LINE__, "PUT", POINTS "/abc", "", 400, "MissingRequestBodyError" },
        { __LINE__, "PUT", POINTS "/abc", "<Other/>", 400, "MalformedXML" },
        { __LINE__, "GET", POINTS "/abc", "", 404, "NoSuchAccessPoint" },
        { __LINE__, "DELETE", POINTS "/abc", "", 404, "NoSuchAccessPoint" },
        { __LINE__, "GET", POINTS "/web/policy", "", 404, "NoSuchAccessPointPolicy" },
        { __LINE__, "GET", POINTS "/web/policyStatus", "", 404, "NoSuchAccessPointPolicy" },
        { __LINE__, "PUT", POINTS "/web/policy",
          "<PutAccessPointPolicyRequest><Policy>{}</Policy></PutAccessPointPolicyRequest>", 400,
          "MalformedPolicy" },
        { __LINE__, "GET", POINTS "?maxResults=0", "", 400, "InvalidRequest" },
    };
    wire_bucket(wire, "/data", false);
    (void) make(wire, "web");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct got got = control(wire, rows[i].method, rows[i].path, rows[i].body);
        str code = wire_element(wire, &got, "Code");
        if (got.status != rows[i].status || !str_is(code, rows[i].code))
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
    }
    wire_close(wire);
}

TEST(objects_are_reached_through_the_host_and_through_the_alias)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/data", false);
    str alias = make(wire, "web");
    const char *by_alias =
        str_c(wire->arena, str_format(wire->arena, "/%.*s/dir/k", STR_ARG(alias)));
    const char *virtual_host = str_c(
        wire->arena, str_format(wire->arena, "%.*s.s3.us-east-1.amazonaws.com", STR_ARG(alias)));
#define POINT_HOST "Host", "web-123456789012.s3-accesspoint.us-east-1.amazonaws.com"
    assert_status(wire_with(wire, "PUT", "/dir/k", "body", { POINT_HOST }), 200);
    assert_says(wire_ask(wire, "GET", "/data/dir/k", ""), "body");
    assert_says(wire_ask(wire, "GET", by_alias, ""), "body");
    assert_says(wire_with(wire, "GET", "/dir/k", "", { "Host", virtual_host }), "body");
    assert_says(wire_with(wire, "GET", "/?list-type=2", "", { POINT_HOST }), "<Key>dir/k</Key>");
    assert_status(wire_with(wire, "HEAD", "/", "", { POINT_HOST }), 200);

    struct got got = wire_with(wire, "PUT", "/?versioning", "", { POINT_HOST });
    assert_status(got, 405);
    got = wire_with(wire, "GET", "/k", "",
                    { "Host", "none-123456789012.s3-accesspoint.us-east-1.amazonaws.com" });
    assert_status(got, 404);
    assert_says(got, "<Code>NoSuchAccessPoint<");
    got = wire_with(wire, "GET", "/k", "",
                    { "Host", "web-123456789012.s3-accesspoint.eu-west-1.amazonaws.com" });
    assert_says(got, "<Code>NoSuchAccessPoint<");
    got = wire_with(wire, "GET", "/k", "",
                    { "Host", "short.s3-accesspoint.us-east-1.amazonaws.com" });
    assert_says(got, "<Code>NoSuchAccessPoint<");
    wire_close(wire);
}

#define OTHER                                                                                      \
    {                                                                                              \
        "Authorization", "AWS4-HMAC-SHA256 Credential=444455556666/20260102/us-east-1/s3/"         \
                         "aws4_request, SignedHeaders=host, Signature=00"                          \
    }

/* With ' where " does. */
static void put_policy(struct wire *wire, const char *statement)
{
    struct buf body;
    buf_init_arena(&body, wire->arena, 4096);
    buf_addf(&body,
             "<PutAccessPointPolicyRequest><Policy>{\"Version\":\"2012-10-17\",\"Statement\":[%s]}"
             "</Policy></PutAccessPointPolicyRequest>",
             statement);
    char *text = str_c(wire->arena, buf_str(&body));
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    assert_status(control(wire, "PUT", POINTS "/web/policy", text), 200);
}

#define WEB "arn:aws:s3:us-east-1:123456789012:accesspoint/web"

TEST(a_request_needs_the_policies_of_the_access_point_and_of_its_bucket)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/data", false);
    (void) make(wire, "web");
    assert_status(wire_ask(wire, "PUT", "/data/k", "text"), 200);
    assert_status(wire_with(wire, "GET", "/k", "", { POINT_HOST }, OTHER), 403);
    put_policy(wire, "{'Effect':'Allow','Principal':{'AWS':'444455556666'},'Action':'s3:GetObject',"
                     "'Resource':'" WEB "/object/*'}");
    assert_says(control(wire, "GET", POINTS "/web/policyStatus", ""), "<IsPublic>false<");
    assert_status(wire_with(wire, "GET", "/k", "", { POINT_HOST }, OTHER), 403);

    /* Delegation, as AWS advises it: the bucket trusts the access points of its account. */
    assert_status(wire_ask(wire, "PUT", "/data?publicAccessBlock",
                           "<PublicAccessBlockConfiguration><RestrictPublicBuckets>false"
                           "</RestrictPublicBuckets></PublicAccessBlockConfiguration>"),
                  200);
    assert_status(
        wire_ask(wire, "PUT", "/data?policy",
                 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                 "\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":["
                 "\"arn:aws:s3:::data\",\"arn:aws:s3:::data/*\"],\"Condition\":"
                 "{\"StringEquals\":{\"s3:DataAccessPointAccount\":\"123456789012\"}}}]}"),
        204);
    assert_says(wire_with(wire, "GET", "/k", "", { POINT_HOST }, OTHER), "text");
    assert_status(wire_with(wire, "GET", "/data/k", "", { "Host", "localhost" }, OTHER), 403);
    assert_status(wire_with(wire, "PUT", "/k", "new", { POINT_HOST }, OTHER), 403);

    put_policy(wire, "{'Effect':'Deny','Principal':'*','Action':'s3:GetObject',"
                     "'Resource':'" WEB "/object/*'}");
    assert_status(wire_with(wire, "GET", "/k", "", { POINT_HOST }), 403);
    assert_status(wire_ask(wire, "GET", "/data/k", ""), 200);
    assert_status(control(wire, "DELETE", POINTS "/web/policy", ""), 204);
    assert_status(wire_with(wire, "GET", "/k", "", { POINT_HOST }), 200);

    /* Everybody: BlockPublicPolicy of the access point refuses it. */
    struct got got = control(wire, "PUT", POINTS "/web/policy",
                             "<PutAccessPointPolicyRequest><Policy>{\"Version\":\"2012-10-17\","
                             "\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\","
                             "\"Action\":\"s3:GetObject\",\"Resource\":\"" WEB "/object/*\"}]}"
                             "</Policy></PutAccessPointPolicyRequest>");
    assert_status(got, 403);
    wire_close(wire);
}

TEST(tags_of_a_bucket_are_added_replaced_and_taken_away_one_by_one)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/data", false);
#define TAGS "/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Adata"
#define TAG(key, value) "<Tag><Key>" key "</Key><Value>" value "</Value></Tag>"
#define TAG_BODY(tags) "<TagResourceRequest><Tags>" tags "</Tags></TagResourceRequest>"
    struct got got = control(wire, "GET", TAGS, "");
    assert_status(got, 200);
    assert_false(wire_says(&got, "<Tag>"));
    assert_status(control(wire, "POST", TAGS, TAG_BODY(TAG("a", "1") TAG("b", "2"))), 204);
    assert_status(control(wire, "POST", TAGS, TAG_BODY(TAG("b", "3") TAG("A", "4"))), 204);
    got = control(wire, "GET", TAGS, "");
    assert_says(got, TAG("A", "4") TAG("a", "1") TAG("b", "3"));
    assert_says(wire_ask(wire, "GET", "/data?tagging", ""), TAG("b", "3"));
    assert_status(control(wire, "DELETE", TAGS "?tagKeys=a&tagKeys=b", ""), 204);
    got = control(wire, "GET", TAGS, "");
    assert_says(got, "<Tags>" TAG("A", "4") "</Tags>");
    assert_status(control(wire, "DELETE", TAGS "?tagKeys=A", ""), 204);
    assert_status(wire_ask(wire, "GET", "/data?tagging", ""), 404);

    static const struct {
        int line;
        const char *method, *path, *body;
        int status;
    } rows[] = {
        { __LINE__, "POST", TAGS, TAG_BODY(TAG("x", "1") TAG("x", "2")), 400 },
        { __LINE__, "POST", TAGS, TAG_BODY(TAG("aws:x", "1")), 400 },
        { __LINE__, "POST", TAGS, TAG_BODY(""), 400 },
        { __LINE__, "POST", TAGS, "", 400 },
        { __LINE__, "POST", TAGS, "<Other/>", 400 },
        { __LINE__, "DELETE", TAGS, "", 400 },
        { __LINE__, "GET", "/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Anowhere", "", 404 },
        { __LINE__, "GET", "/v20180820/tags/data", "", 400 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        got = control(wire, rows[i].method, rows[i].path, rows[i].body);
        if (got.status != rows[i].status)
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
    }
    wire_close(wire);
}

struct tagger {
    struct wire *wire;
    struct lane *lane;
    const char *prefix;
    int refused;
};

static void *tag_often(void *arg)
{
    struct tagger *tagger = arg;
    for (int i = 0; i < 20; i++) {
        struct request *rq = request_new(tagger->lane, &world_request_host);
        str body = str_format(rq->arena,
                              "<TagResourceRequest><Tags><Tag><Key>%s%d</Key><Value>v</Value></Tag>"
                              "</Tags></TagResourceRequest>",
                              tagger->prefix, i);
        rq->method = STR("POST");
        rq->target = STR("/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Adata");
        rq->peer = STR("127.0.0.1");
        fields_add(rq->arena, &rq->headers, STR("Host"),
                   STR("123456789012.s3-control.us-east-1.amazonaws.com"));
        fields_add(rq->arena, &rq->headers, STR("x-amz-account-id"), STR("123456789012"));
        world_request(rq, body);
        tagger->refused += rq->reply.status != 204;
        request_free(rq, true);
    }
    return NULL;
}

TEST(two_who_tag_a_bucket_at_once_lose_no_tag)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/data", false);
    struct lane *second = world_lane_open(wire->world, 1);
    struct tagger taggers[] = { { .wire = wire, .lane = wire->lane, .prefix = "a" },
                                { .wire = wire, .lane = second, .prefix = "b" } };
    pthread_t thread = thread_start("tagger", tag_often, &taggers[1]);
    tag_often(&taggers[0]);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(taggers[0].refused + taggers[1].refused, 0);
    struct got got = wire_with(wire, "GET", "/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Adata", "",
                               { "Host", "123456789012.s3-control.us-east-1.amazonaws.com" },
                               { "x-amz-account-id", "123456789012" });
    str rest = got.body;
    size_t tags = 0;
    for (size_t at; (at = str_find(rest, STR("<Key>"))) < rest.size; tags++)
        rest = str_skip(rest, at + 1);
    assert_int_equal(tags, 40);
    world_lane_close(second);
    wire_close(wire);
}
