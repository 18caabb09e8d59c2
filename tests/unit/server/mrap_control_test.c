/* The control plane of access points, refusal by refusal (aws-behaviour A.4, A.6), its states, and
 * Regions that have to be enabled. */
#include "server/mraps.h"
#include "tests/unit/server/mrap_wire.h"

struct refusal {
    int line;
    const char *method, *path, *body;
    int status;
    const char *code;
};

static void must_refuse(struct wire *wire, const struct refusal *row)
{
    struct got got = control(wire, row->method, row->path, row->body);
    str code = wire_element(wire, &got, "Code");
    if (got.status != row->status || !str_is(code, row->code))
        fail_msg("line %d: %d %.*s: %.*s", row->line, got.status, STR_ARG(code), STR_ARG(got.body));
    assert_says(got, "<ErrorResponse");
}

#define ROUTES(text)                                                                               \
    "<SubmitMultiRegionAccessPointRoutesRequest><RouteUpdates>" text                               \
    "</RouteUpdates></SubmitMultiRegionAccessPointRoutesRequest>"
#define ROUTE(bucket, dial)                                                                        \
    "<Route><Bucket>" bucket "</Bucket><TrafficDialPercentage>" dial                               \
    "</TrafficDialPercentage></Route>"
TEST(every_refusal_of_a_management_call_has_its_code_and_status)
{
    struct wire *wire = wire_open();
    bucket_in(wire, "use1", "us-east-1");
    assert_says(make(wire, "pair", "use1"), "<RequestStatus>SUCCEEDED");
    const struct refusal rows[] = {
        { __LINE__, "GET", INSTANCES "/nobody", "", 404, "NoSuchMultiRegionAccessPoint" },
        { __LINE__, "GET", INSTANCES "/nobody/policy", "", 404, "NoSuchMultiRegionAccessPoint" },
        { __LINE__, "GET", INSTANCES "/pair/policy", "", 404,
          "NoSuchMultiRegionAccessPointPolicy" },
        { __LINE__, "GET",
          "/v20180820/async-requests/mrap/"
          "arn%3Aaws%3As3%3Aus-west-2%3A123456789012%3Aasync-request/"
          "mrap/create/abc",
          "", 404, "NoSuchAsyncRequest" },
        { __LINE__, "GET", "/v20180820/async-requests/mrap/abc", "", 404, "NoSuchAsyncRequest" },
        { __LINE__, "POST", CREATE, "", 400, "MissingRequestBodyError" },
        { __LINE__, "POST", CREATE, "<oops", 400, "MalformedXML" },
        { __LINE__, "POST", CREATE, "<Other/>", 400, "MalformedXML" },
        { __LINE__, "POST", CREATE, create_body(wire, "", "name", "use1"), 400, "InvalidRequest" },
        { __LINE__, "POST", CREATE, create_body(wire, "t1", "No", "use1"), 400, "InvalidRequest" },
        { __LINE__, "POST", CREATE, create_body(wire, "t1", "-abc", "use1"), 400,
          "InvalidRequest" },
        { __LINE__, "POST", CREATE, create_body(wire, "t1", "a.bc", "use1"), 400,
          "InvalidRequest" },
        { __LINE__, "POST", CREATE, create_body(wire, "t1", "name", ""), 400, "InvalidRequest" },
        { __LINE__, "POST", CREATE, create_body(wire, "pair", "other", "use1"), 409,
          "ClientTokenConflict" },
        { __LINE__, "POST", CREATE,
          create_body(wire, "t1", "name", "a b c d e f g h i j k l m n o p q r"), 400,
          "TooManyMultiRegionAccessPointregionsError" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        must_refuse(wire, &rows[i]);
    wire_close(wire);
}

TEST(every_refusal_of_a_routing_call_has_its_code_and_status)
{
    struct wire *wire = wire_open();
    bucket_in(wire, "use1", "us-east-1");
    bucket_in(wire, "euw1", "eu-west-1");
    assert_says(make(wire, "alone", "use1"), "<RequestStatus>SUCCEEDED");
    assert_says(make(wire, "pair", "use1 euw1"), "<RequestStatus>SUCCEEDED");
    const char *pair = routes_of(wire, "pair"), *alone = routes_of(wire, "alone");
    const struct refusal rows[] = {
        { __LINE__, "GET", INSTANCES "/%20/routes", "", 400, "InvalidRequest" },
        { __LINE__, "GET", INSTANCES "/arn%3Aaws%3As3%3A%3A123456789012/routes", "", 400,
          "InvalidRequest" },
        { __LINE__, "GET",
          INSTANCES "/arn%3Aaws%3As3%3Aeu-west-1%3A123456789012%3Aaccesspoint/x/routes", "", 400,
          "InvalidRequest" },
        { __LINE__, "GET",
          INSTANCES "/arn%3Aaws%3As3%3A%3A123456789012%3Aaccesspoint/nobody.mrap/routes", "", 404,
          "NoSuchMultiRegionAccessPoint" },
        { __LINE__, "GET",
          INSTANCES "/arn%3Aaws%3As3%3A%3A999999999999%3Aaccesspoint/pair.mrap/routes", "", 404,
          "NoSuchMultiRegionAccessPoint" },
        { __LINE__, "PATCH", alone, ROUTES(ROUTE("use1", "0")), 405, "MethodNotAllowed" },
        { __LINE__, "PATCH", pair, "", 400, "MissingRequestBodyError" },
        { __LINE__, "PATCH", pair, ROUTES(""), 400, "MalformedXML" },
        { __LINE__, "PATCH", pair, ROUTES(ROUTE("use1", "101")), 400, "InvalidRequest" },
        { __LINE__, "PATCH", pair, ROUTES(ROUTE("use1", "x")), 400, "InvalidRequest" },
        { __LINE__, "PATCH", pair, ROUTES(ROUTE("stranger", "100")), 400, "InvalidRequest" },
        { __LINE__, "PATCH", pair, ROUTES(ROUTE("use1", "0") ROUTE("use1", "100")), 400,
          "InvalidRequest" },
        { __LINE__, "PATCH", pair,
          ROUTES("<Route><Bucket>use1</Bucket><Region>eu-west-1</Region>"
                 "<TrafficDialPercentage>0</TrafficDialPercentage></Route>"),
          400, "InvalidRequest" },
        { __LINE__, "PATCH", pair, ROUTES(ROUTE("use1", "0") ROUTE("euw1", "0")), 400,
          "InvalidRequest" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        must_refuse(wire, &rows[i]);
    assert_status(admin(wire, "PUT", "/_atoll/v1/faults/busy",
                        "{\"match\":{\"api\":\"SubmitMultiRegionAccessPointRoutes\"},"
                        "\"error\":\"503:SlowDown\",\"times\":1}"),
                  200);
    must_refuse(wire, &(struct refusal){ __LINE__, "PATCH", pair, ROUTES(ROUTE("use1", "0")), 503,
                                         "SlowDown" });
    /* All passive was refused whole. */
    struct got got = control(wire, "GET", pair, "");
    assert_false(wire_says(&got, "<TrafficDialPercentage>0<"));
    wire_close(wire);
}

TEST(what_fails_later_is_accepted_and_shows_in_describe)
{
    struct wire *wire = wire_open();
    static const struct {
        int line;
        const char *name, *buckets, *code;
    } rows[] = {
        { __LINE__, "taken", "use1", "MultiRegionAccessPointAlreadyOwnedByYou" },
        { __LINE__, "name-1", "use1 use1-b", "MultiRegionAccessPointSameBucketRegion" },
        { __LINE__, "name-2", "young", "MultiRegionAccessPointUnsupportedRegion" },
        { __LINE__, "name-3", "use1 nowhere", "NoSuchBucket" },
    };
    bucket_in(wire, "use1", "us-east-1");
    bucket_in(wire, "use1-b", "us-east-1");
    bucket_in(wire, "young", "ap-southeast-7");
    assert_says(make(wire, "taken", "use1"), "<RequestStatus>SUCCEEDED");
    for (size_t i = 0; i < COUNT(rows); i++) {
        str token = str_format(wire->arena, "t-%zu", i);
        struct got got =
            outcome(wire, control(wire, "POST", CREATE,
                                  create_body(wire, token.ptr, rows[i].name, rows[i].buckets)));
        str code = wire_element(wire, &got, "Code");
        if (!wire_says(&got, "<RequestStatus>FAILED") || !str_is(code, rows[i].code))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(got.body));
    }
    assert_says(remove_mrap(wire, "d-1", "nobody"), "<Code>NoSuchMultiRegionAccessPoint<");
    assert_str(status_of(wire, "taken"), "READY");
    wire_close(wire);
}

TEST(the_hundred_and_first_access_point_is_refused)
{
    struct wire *wire = wire_open();
    bucket_in(wire, "use1", "us-east-1");
    for (int i = 0; i < LIMIT_MRAPS_PER_ACCOUNT; i++) {
        str name = str_format(wire->arena, "mrap-%d", i);
        assert_status(control(wire, "POST", CREATE, create_body(wire, name.ptr, name.ptr, "use1")),
                      200);
    }
    struct got got = control(wire, "POST", CREATE, create_body(wire, "more", "more", "use1"));
    assert_status(got, 400);
    assert_says(got, "<Code>TooManyMultiRegionAccessPoints<");
    (void) remove_mrap(wire, "d-1", "mrap-7");
    assert_says(make(wire, "more", "use1"), "<RequestStatus>SUCCEEDED");
    wire_close(wire);
}

static void rule(struct wire *wire, const char *api, const char *region)
{
    str body = str_format(wire->arena,
                          "{\"name\":\"bad\",\"match\":{\"api\":\"%s\",\"region\":\"%s\"},"
                          "\"async\":\"InternalErrors\",\"times\":1}",
                          api, region);
    assert_status(admin(wire, "PUT", "/_atoll/v1/faults/bad", str_c(wire->arena, body)), 200);
}

TEST(a_fault_in_one_region_leaves_the_states_that_aws_documents)
{
    struct wire *wire = wire_open();
    bucket_in(wire, "use1", "us-east-1");
    bucket_in(wire, "euw1", "eu-west-1");

    rule(wire, "CreateMultiRegionAccessPoint", "eu-west-1");
    struct got got = make(wire, "point", "use1 euw1");
    assert_says(got, "<RequestStatus>FAILED</RequestStatus>");
    assert_says(got, "<Name>us-east-1</Name><RequestStatus>SUCCEEDED<");
    assert_says(got, "<Name>eu-west-1</Name><RequestStatus>FAILED<");
    assert_says(got, "<Code>InternalErrors<");
    assert_str(status_of(wire, "point"), "PARTIALLY_CREATED");

    got = outcome(wire,
                  control(wire, "POST", CREATE, create_body(wire, "again", "point", "use1 euw1")));
    assert_says(got, "<RequestStatus>SUCCEEDED<");
    assert_str(status_of(wire, "point"), "READY");

    rule(wire, "PutMultiRegionAccessPointPolicy", "us-east-1");
    got =
        outcome(wire, control(wire, "POST", POLICY,
                              "<PutMultiRegionAccessPointPolicyRequest><ClientToken>p</ClientToken>"
                              "<Details><Name>point</Name><Policy>{\"Version\":\"2012-10-17\","
                              "\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":"
                              "\"s3:*\",\"Resource\":\"*\"}]}</Policy></Details>"
                              "</PutMultiRegionAccessPointPolicyRequest>"));
    assert_says(got, "<RequestStatus>FAILED<");

    rule(wire, "DeleteMultiRegionAccessPoint", "us-east-1");
    assert_says(remove_mrap(wire, "d-1", "point"), "<RequestStatus>FAILED<");
    assert_str(status_of(wire, "point"), "PARTIALLY_DELETED");
    assert_says(remove_mrap(wire, "d-2", "point"), "<RequestStatus>SUCCEEDED<");
    assert_status(control(wire, "GET", INSTANCES "/point", ""), 404);
    wire_close(wire);
}

TEST(like_aws_it_takes_minutes_of_the_emulated_clock)
{
    struct wire *wire = wire_open();
    str error;
    assert_true(world_set_preset(wire->world, wire->arena, STR("aws-like"), &error));
    bucket_in(wire, "use1", "us-east-1");
    struct got accepted = control(wire, "POST", CREATE, create_body(wire, "t", "slow", "use1"));
    struct got got = outcome(wire, accepted);
    assert_says(got, "<RequestStatus>INPROGRESS<");
    assert_false(wire_says(&got, "ResponseDetails"));
    assert_str(status_of(wire, "slow"), "CREATING");
    assert_status(admin(wire, "POST", "/_atoll/v1/clock", "{\"advance\":\"3m\"}"), 200);
    assert_says(outcome(wire, accepted), "<RequestStatus>SUCCEEDED<");
    assert_str(status_of(wire, "slow"), "READY");
    assert_says(remove_mrap(wire, "d", "slow"), "<RequestStatus>INPROGRESS<");
    assert_str(status_of(wire, "slow"), "DELETING");
    assert_status(admin(wire, "POST", "/_atoll/v1/clock", "{\"advance\":\"2m\"}"), 200);
    assert_status(control(wire, "GET", INSTANCES "/slow", ""), 404);
    wire_close(wire);
}

TEST(an_opt_in_region_that_is_disabled_refuses_as_aws_does)
{
    struct wire *wire = wire_open();
    bucket_in(wire, "afs1", "af-south-1");
    bucket_in(wire, "use1", "us-east-1");
    assert_says(make(wire, "before", "afs1"), "<RequestStatus>SUCCEEDED<");
    struct got got = admin(wire, "PATCH", "/_atoll/v1/regions/us-east-1", "{\"enabled\":false}");
    assert_status(got, 400);
    got = admin(wire, "PATCH", "/_atoll/v1/regions/af-south-1", "{\"enabled\":false}");
    assert_status(got, 200);
    assert_says(got, "\"enabled\":false");

    got = control(wire, "POST", CREATE, create_body(wire, "t", "after", "use1 afs1"));
    assert_status(got, 403);
    assert_says(got, "<Code>InvalidRegion<");
    got = wire_with(wire, "GET", "/afs1/k", "", { "Host", "s3.af-south-1.amazonaws.com" });
    assert_status(got, 400);
    assert_says(got, "<Code>InvalidToken<");
    got = wire_with(wire, "GET", "/k", "",
                    { "Host", "before.mrap.accesspoint.s3-global.amazonaws.com" });
    assert_status(got, 403);
    assert_says(got, "<Code>AllAccessDisabled<");
    assert_str(status_of(wire, "before"), "READY"); /* the control plane goes on */

    got = admin(wire, "PATCH", "/_atoll/v1/regions/af-south-1", "{\"enabled\":true}");
    assert_status(got, 200);
    got = wire_with(wire, "GET", "/k", "",
                    { "Host", "before.mrap.accesspoint.s3-global.amazonaws.com" });
    assert_status(got, 404);
    wire_close(wire);
}

TEST(how_an_access_point_routes_is_set_shown_and_kept)
{
    struct wire *wire = wire_open();
    bucket_in(wire, "use1", "us-east-1");
    bucket_in(wire, "euw1", "eu-west-1");
    assert_says(make(wire, "pair", "use1 euw1"), "<RequestStatus>SUCCEEDED<");
    static const struct {
        int line;
        const char *body;
        int status;
        const char *says;
    } rows[] = {
        { __LINE__, "{\"flap\":0.25}", 200, "\"flap\":0.25" },
        { __LINE__, "{\"proximity\":\"declared\",\"affinity\":\"client\"}", 200,
          "\"proximity\":\"declared\",\"affinity\":\"client\"" },
        { __LINE__, "{\"propagation\":\"uniform(10s,120s)\"}", 200, "uniform(10s,2m)" },
        { __LINE__, "{\"failover\":\"automatic\"}", 200, "\"failover\":\"automatic\"" },
        { __LINE__, "{}", 200, "\"flap\":0.25" },
        { __LINE__, "{\"flap\":1.5}", 400, "between 0 and 1" },
        { __LINE__, "{\"flap\":\"x\"}", 400, "between 0 and 1" },
        { __LINE__, "{\"proximity\":\"tble\"}", 400, "did you mean 'table'" },
        { __LINE__, "{\"affinity\":7}", 400, "upload-id, none, client or connection" },
        { __LINE__, "{\"propagation\":\"soon\"}", 400, "soon" },
        { __LINE__, "{\"flop\":1}", 400, "did you mean 'flap'" },
        { __LINE__, "[]", 400, "object" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct got got = admin(wire, "PATCH", "/_atoll/v1/mraps/pair", rows[i].body);
        if (got.status != rows[i].status || !wire_says(&got, rows[i].says))
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
    }
    struct got got = admin(wire, "GET", "/_atoll/v1/mraps/pair", "");
    assert_says(got,
                "\"flap\":0.25,\"propagation\":\"uniform(10s,2m)\",\"failover\":\"automatic\"");
    got = admin(wire, "PATCH", "/_atoll/v1/mraps/pair/routes", "{\"us-east-1\":\"passive\"}");
    assert_says(got, "\"route_change_in_progress\":true");
    assert_says(got, "\"dial\":0,\"old_dial\":100");
    got = admin(wire, "PATCH", "/_atoll/v1/mraps/pair/routes",
                "{\"us-east-1\":\"active\",\"now\":true}");
    assert_says(got, "\"route_change_in_progress\":false");
    got = admin(wire, "GET", "/_atoll/v1/mraps/pairs", "");
    assert_status(got, 404);
    assert_says(got, "did you mean 'pair'");
    wire_close(wire);
}

/* Where a request on a connection that remembers `kept` goes. */
static str goes_to(struct wire *wire, const char *host, struct kept_route *kept)
{
    struct request *rq = request_new(wire->lane, &world_request_host);
    rq->method = STR("GET");
    rq->target = STR("/k");
    rq->peer = STR("127.0.0.1");
    rq->kept = kept;
    fields_add(rq->arena, &rq->headers, STR("Host"), str_of(host));
    fields_add(rq->arena, &rq->headers, STR("x-atoll-client"), STR("new-york"));
    world_request(rq, STR(""));
    str region = str_copy(wire->arena, rq->region);
    request_free(rq, true);
    return region;
}

TEST(with_affinity_to_the_connection_only_new_connections_follow_a_change_of_routes)
{
    struct wire *wire = wire_open();
    struct kept_route one = { 0 }, two = { 0 };
    const char *host = "pair.mrap.accesspoint.s3-global.amazonaws.com";
    bucket_in(wire, "use1", "us-east-1");
    bucket_in(wire, "euw1", "eu-west-1");
    assert_says(make(wire, "pair", "use1 euw1"), "<RequestStatus>SUCCEEDED<");
    assert_status(admin(wire, "PATCH", "/_atoll/v1/mraps/pair", "{\"affinity\":\"connection\"}"),
                  200);
    assert_str(goes_to(wire, host, &one), "us-east-1");
    assert_status(
        admin(wire, "PATCH", "/_atoll/v1/mraps/pair/routes", "{\"us-east-1\":\"passive\"}"), 200);
    assert_str(goes_to(wire, host, &one), "us-east-1");
    assert_str(goes_to(wire, host, &two), "eu-west-1");
    assert_str(goes_to(wire, host, NULL), "eu-west-1");

    /* An outage is network disruption: nobody stays. */
    assert_status(admin(wire, "PATCH", "/_atoll/v1/regions/us-east-1", "{\"outage\":true}"), 200);
    assert_str(goes_to(wire, host, &one), "eu-west-1");
    wire_close(wire);
}

TEST(of_two_changes_of_one_access_point_at_once_the_first_wins)
{
    struct wire *wire = wire_open();
    struct store_write write;
    bucket_in(wire, "use1", "us-east-1");
    assert_says(make(wire, "point", "use1"), "<RequestStatus>SUCCEEDED<");
    const struct mrap_list *list = mraps_acquire(wire->world->mraps);
    const struct mrap *before = mrap_list_at(list, 0);
    struct mrap after = *before;
    after.routing.flap = 0.1;
    struct store_doc doc = mrap_change_doc(wire->arena, before, &after);
    store_docs_init(&write, wire->arena);
    write.docs = &doc;
    write.doc_count = 1;
    assert_int_equal(store_write_wait(wire->world->store, &write), STORE_OK);
    after.routing.flap = 0.2; /* judged on the same picture, but the store has moved on */
    doc = mrap_change_doc(wire->arena, before, &after);
    assert_int_equal(store_write_wait(wire->world->store, &write), STORE_EXISTS);
    mraps_release(list);
    wire_close(wire);
}
