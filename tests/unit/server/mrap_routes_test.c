/* Which member serves a request, and what x-atoll-route says about it; what began somewhere ends
 * there (aws-behaviour B.3 to B.5). */
#include <semaphore.h>

#include "server/mraps.h"
#include "tests/unit/server/mrap_wire.h"

#define MRAP_HOST                                                                                  \
    {                                                                                              \
        "Host", "point.mrap.accesspoint.s3-global.amazonaws.com"                                   \
    }

static struct wire *open_pair(void)
{
    struct wire *wire = wire_open();
    wire->settings.explain_headers = true;
    bucket_in(wire, "use1", "us-east-1");
    bucket_in(wire, "euw1", "eu-west-1");
    assert_says(make(wire, "point", "use1 euw1"), "<RequestStatus>SUCCEEDED");
    return wire;
}

static void set(struct wire *wire, const char *what, const char *body)
{
    str path = str_format(wire->arena, "/_atoll/v1/mraps/point%s", what);
    assert_status(admin(wire, "PATCH", str_c(wire->arena, path), body), 200);
}

static struct got ask_from(struct wire *wire, const char *place, const char *target)
{
    return wire_with(wire, "GET", target, "", MRAP_HOST, { "x-atoll-client", place });
}

/* "nearest-active", and the Region. */
static void must_go(struct got got, const char *region, const char *reason)
{
    str said = wire_header(&got, "x-atoll-route");
    assert_str(str_first(said, str_find_char(said, ';')), reason);
    assert_str(wire_header(&got, "x-atoll-region"), region);
}

TEST(every_way_to_a_member_has_its_reason)
{
    struct wire *wire = open_pair();
    must_go(ask_from(wire, "paris", "/k"), "eu-west-1", "nearest-active");
    must_go(ask_from(wire, "new-york", "/k"), "us-east-1", "nearest-active");
    must_go(wire_with(wire, "GET", "/euw1/k", "", { "Host", "s3.eu-west-1.amazonaws.com" }),
            "eu-west-1", "direct-bucket");

    set(wire, "", "{\"flap\":1}");
    must_go(ask_from(wire, "paris", "/k"), "us-east-1", "flapped");
    set(wire, "", "{\"flap\":0,\"propagation\":\"60s\"}");
    set(wire, "/routes", "{\"eu-west-1\":\"passive\"}");
    must_go(ask_from(wire, "paris", "/k"), "eu-west-1", "old-route-still-effective");
    advance(wire, "60s");
    must_go(ask_from(wire, "paris", "/k"), "us-east-1", "only-active");

    outage(wire, "us-east-1", "{\"outage\":true}");
    struct got got = ask_from(wire, "paris", "/k");
    assert_status(got, 503);
    assert_says(got, "<Code>ServiceUnavailable<");
    assert_says(got, "No active Region of point is reachable.");
    must_go(got, "", "none-reachable");
    assert_str(wire_header(&got, "x-atoll-route"),
               "none-reachable; client=paris; at=paris; over=\"eu-west-1:passive,us-east-1:down\"");
    set(wire, "", "{\"failover\":\"automatic\"}");
    must_go(ask_from(wire, "paris", "/k"), "eu-west-1", "passive-promoted");
    set(wire, "/routes", "{\"eu-west-1\":\"active\",\"now\":true}");
    must_go(ask_from(wire, "new-york", "/k"), "eu-west-1", "region-down-next-nearest");
    set(wire, "", "{\"failover\":\"off\"}");
    assert_status(ask_from(wire, "new-york", "/k"), 503);
    outage(wire, "us-east-1", "{\"outage\":false}");
    must_go(ask_from(wire, "new-york", "/k"), "us-east-1", "nearest-active");
    wire_close(wire);
}

TEST(of_changes_in_quick_succession_each_reaches_a_client_in_its_own_time)
{
    struct wire *wire = open_pair();
    set(wire, "", "{\"propagation\":\"60s\"}");
    set(wire, "/routes", "{\"eu-west-1\":\"passive\"}");
    advance(wire, "30s");
    set(wire, "/routes", "{\"eu-west-1\":\"active\",\"us-east-1\":\"passive\"}");
    must_go(ask_from(wire, "new-york", "/k"), "us-east-1", "old-route-still-effective");
    must_go(ask_from(wire, "paris", "/k"), "eu-west-1", "old-route-still-effective");
    advance(wire, "30s");
    must_go(ask_from(wire, "paris", "/k"), "us-east-1", "old-route-still-effective");
    advance(wire, "30s");
    must_go(ask_from(wire, "new-york", "/k"), "eu-west-1", "only-active");

    /* More than are kept: the oldest is followed at once. */
    for (int i = 0; i < MRAP_SPREADS + 3; i++)
        set(wire, "/routes",
            i % 2 ? "{\"eu-west-1\":\"passive\",\"us-east-1\":\"active\"}"
                  : "{\"eu-west-1\":\"active\",\"us-east-1\":\"passive\"}");
    assert_says(admin(wire, "GET", "/_atoll/v1/mraps/point", ""),
                "\"route_change_in_progress\":true");
    set(wire, "/routes", "{\"us-east-1\":\"active\",\"now\":true}");
    must_go(ask_from(wire, "new-york", "/k"), "us-east-1", "nearest-active");
    wire_close(wire);
}

TEST(weights_share_requests_and_a_whole_split_names_the_rest_nothing)
{
    struct wire *wire = open_pair();
    int there = 0;
    set(wire, "/routes", "{\"us-east-1\":70,\"eu-west-1\":30}");
    for (int i = 0; i < 1000; i++) {
        struct got got = ask_from(wire, "paris", "/k");
        str said = wire_header(&got, "x-atoll-route");
        assert_true(str_starts(said, STR("weighted;")));
        there += str_is(wire_header(&got, "x-atoll-region"), "us-east-1");
    }
    assert_true(there > 650 && there < 750);
    wire_close(wire);
}

TEST(an_upload_goes_on_where_it_began_unless_it_was_told_not_to)
{
    struct wire *wire = open_pair();
    struct got begun =
        wire_with(wire, "POST", "/big?uploads", "", MRAP_HOST, { "x-atoll-client", "paris" });
    str target = str_format(wire->arena, "/big?uploadId=%.*s",
                            STR_ARG(wire_element(wire, &begun, "UploadId")));
    set(wire, "/routes", "{\"eu-west-1\":\"passive\"}");
    struct got got = ask_from(wire, "paris", str_c(wire->arena, target));
    assert_status(got, 200);
    must_go(got, "eu-west-1", "upload-affinity");
    set(wire, "", "{\"affinity\":\"none\"}");
    got = ask_from(wire, "paris", str_c(wire->arena, target));
    assert_says(got, "<Code>NoSuchUpload<");
    must_go(got, "us-east-1", "only-active");
    wire_close(wire);
}

TEST(a_bucket_of_another_account_serves_only_whom_its_policy_lets_and_only_itself)
{
    struct wire *wire = wire_open();
    const char *theirs = "s3.us-east-1.amazonaws.com";
    assert_status(wire_with(wire, "PUT", "/theirs", "", { "Host", theirs }, OTHER_ACCOUNT), 200);
    assert_status(wire_with(wire, "PUT", "/theirs/k", "v", { "Host", theirs }, OTHER_ACCOUNT), 200);
    struct got got = control(
        wire, "POST", CREATE,
        "<CreateMultiRegionAccessPointRequest><ClientToken>t</ClientToken><Details><Name>point"
        "</Name><Regions><Region><Bucket>theirs</Bucket><BucketAccountId>111122223333"
        "</BucketAccountId></Region></Regions></Details></CreateMultiRegionAccessPointRequest>");
    assert_says(outcome(wire, got), "<RequestStatus>SUCCEEDED<");
    assert_status(ask_from(wire, "paris", "/k"), 403);
    assert_status(wire_with(wire, "PUT", "/theirs?policy",
                            "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                            "\"Principal\":{\"AWS\":\"123456789012\"},\"Action\":\"s3:GetObject\","
                            "\"Resource\":\"arn:aws:s3:::theirs/*\"}]}",
                            { "Host", theirs }, OTHER_ACCOUNT),
                  204);
    got = ask_from(wire, "paris", "/k");
    assert_status(got, 200);

    /* Deleted, and made again by somebody else: that is another bucket. */
    assert_status(wire_with(wire, "DELETE", "/theirs/k", "", { "Host", theirs }, OTHER_ACCOUNT),
                  204);
    assert_status(wire_with(wire, "DELETE", "/theirs", "", { "Host", theirs }, OTHER_ACCOUNT), 204);
    assert_says(ask_from(wire, "paris", "/k"), "<Code>NoSuchBucket<");
    bucket_in(wire, "theirs", "us-east-1");
    assert_says(ask_from(wire, "paris", "/k"), "<Code>NoSuchBucket<");
    assert_status(wire_with(wire, "DELETE", "/theirs", "", { "Host", theirs }), 204);
    assert_status(wire_with(wire, "PUT", "/theirs", "", { "Host", theirs }, OTHER_ACCOUNT), 200);
    assert_status(ask_from(wire, "paris", "/k"), 403); /* again, without a policy */
    wire_close(wire);
}

static void wake(struct request *rq)
{
    assert_int_equal(sem_post(rq->connection), 0);
}

static const struct request_host host = { wake };

TEST(a_request_that_began_before_routes_changed_ends_where_it_began)
{
    struct wire *wire = open_pair();
    struct lane *slow = world_lane_open(wire->world, 1);
    struct request *rq = request_new(slow, &host);
    sem_t woken;
    assert_int_equal(sem_init(&woken, 0, 0), 0);
    rq->connection = &woken;
    rq->method = STR("PUT");
    rq->target = STR("/slow");
    rq->peer = STR("127.0.0.1");
    rq->has_body = true;
    rq->content_length = 10;
    fields_add(rq->arena, &rq->headers, STR("Host"),
               STR("point.mrap.accesspoint.s3-global.amazonaws.com"));
    fields_add(rq->arena, &rq->headers, STR("Content-Length"), STR("10"));
    fields_add(rq->arena, &rq->headers, STR("x-atoll-client"), STR("paris"));
    assert_int_equal(request_head(rq), REQUEST_WANTS_BODY);
    assert_int_equal(request_body(rq, "01234", 5), REQUEST_WANTS_BODY);
    set(wire, "/routes", "{\"eu-west-1\":\"passive\",\"now\":true}");
    must_go(ask_from(wire, "paris", "/slow"), "us-east-1", "only-active");
    assert_int_equal(request_body(rq, "56789", 5), REQUEST_WANTS_BODY);
    assert_str(rq->region, "eu-west-1");
    enum request_next next = request_body_end(rq);
    for (; next == REQUEST_WAITS; next = request_resume(rq))
        assert_int_equal(sem_wait(&woken), 0);
    assert_int_equal(next, REQUEST_READY);
    (void) sem_destroy(&woken);
    assert_int_equal(rq->reply.status, 200);
    request_free(rq, true);
    world_lane_close(slow);
    struct got got =
        wire_with(wire, "GET", "/euw1/slow", "", { "Host", "s3.eu-west-1.amazonaws.com" });
    assert_str(got.body, "0123456789");
    wire_close(wire);
}
