/* The work of asynchronous requests: when it is done, what lets it fail in some Regions, and what
 * is left then (aws-behaviour A.3, A.4, A.6). */
#include "server/async_work.h"

#include "server/snapshots.h"
#include "tests/unit/server/mrap_wire.h"

#define DENY(what)                                                                                 \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\","         \
    "\"Action\":\"" what "\",\"Resource\":\"*\"}]}"
#define DOWN "{\"outage\":true,\"plane\":\"control\"}"
#define UP "{\"outage\":false,\"plane\":\"control\"}"
#define HOST_ELSEWHERE "123456789012.s3-control.eu-west-1.amazonaws.com"

/* Two buckets, and minutes for each request. */
static struct wire *open_slow(void)
{
    str error;
    struct wire *wire = wire_open();
    wire->settings.preset = STR("aws-like"); /* after a restart too */
    assert_true(world_set_preset(wire->world, wire->arena, wire->settings.preset, &error));
    bucket_in(wire, "use1", "us-east-1");
    bucket_in(wire, "euw1", "eu-west-1");
    return wire;
}

static struct got create(struct wire *wire, const char *token, const char *name)
{
    return control(wire, "POST", CREATE, create_body(wire, token, name, "use1 euw1"));
}

/* Describe, asked of another Region than us-west-2 (which atoll allows and marks). */
static struct got outcome_elsewhere(struct wire *wire, struct got accepted)
{
    str arn = wire_element(wire, &accepted, "RequestTokenARN");
    str path = str_format(wire->arena, "/v20180820/async-requests/mrap/%.*s",
                          STR_ARG(encode_uri(wire->arena, arn, false)));
    return wire_with(wire, "GET", str_c(wire->arena, path), "", { "Host", HOST_ELSEWHERE },
                     { "x-amz-account-id", "123456789012" });
}

TEST(while_us_west_2_has_no_control_plane_requests_in_progress_wait)
{
    struct wire *wire = open_slow();
    struct got accepted = create(wire, "t", "point");
    outage(wire, "us-west-2", DOWN);
    assert_status(outcome(wire, accepted), 503);
    assert_status(create(wire, "t2", "other"), 503);
    advance(wire, "1h");
    assert_says(outcome_elsewhere(wire, accepted), "<RequestStatus>INPROGRESS<");
    outage(wire, "us-west-2", UP);
    /* It is done before the end of the outage is answered. */
    assert_says(outcome(wire, accepted), "<RequestStatus>SUCCEEDED<");
    assert_str(status_of(wire, "point"), "READY");
    wire_close(wire);
}

TEST(an_outage_that_ends_by_itself_lets_the_work_be_done_at_that_instant)
{
    struct wire *wire = open_slow();
    struct got accepted = create(wire, "t", "point");
    outage(wire, "us-west-2", "{\"outage\":true,\"plane\":\"control\",\"for\":\"1h\"}");
    advance(wire, "59m");
    assert_says(outcome_elsewhere(wire, accepted), "<RequestStatus>INPROGRESS<");
    advance(wire, "1m");
    assert_says(outcome(wire, accepted), "<RequestStatus>SUCCEEDED<");
    wire_close(wire);
}

TEST(even_what_takes_no_time_waits_when_it_is_accepted_elsewhere)
{
    struct wire *wire = wire_open();
    bucket_in(wire, "use1", "us-east-1");
    outage(wire, "us-west-2", DOWN);
    struct got accepted =
        wire_with(wire, "POST", CREATE, create_body(wire, "t", "point", "use1"),
                  { "Host", HOST_ELSEWHERE }, { "x-amz-account-id", "123456789012" });
    assert_says(outcome_elsewhere(wire, accepted), "<RequestStatus>INPROGRESS<");
    outage(wire, "us-west-2", UP);
    assert_says(outcome(wire, accepted), "<RequestStatus>SUCCEEDED<");
    wire_close(wire);
}

TEST(a_region_without_control_plane_fails_its_part)
{
    struct wire *wire = open_slow();
    struct got accepted = create(wire, "t", "point");
    outage(wire, "eu-west-1", DOWN);
    advance(wire, "3m");
    struct got got = outcome(wire, accepted);
    assert_says(got, "<RequestStatus>FAILED</RequestStatus>");
    assert_says(got, "<Name>us-east-1</Name><RequestStatus>SUCCEEDED<");
    assert_says(got, "<Name>eu-west-1</Name><RequestStatus>FAILED<");
    assert_says(
        got,
        "<Code>InternalErrors</Code><Message>We encountered an internal error. Please try again.<");
    assert_says(got, "<Resource>point</Resource>");
    assert_str(wire_element(wire, &got, "RequestId"),
               str_c(wire->arena, wire_header(&accepted, "x-amz-request-id")));
    assert_str(status_of(wire, "point"), "PARTIALLY_CREATED");

    /* It routes nothing, takes no policy; only another create or a delete helps. */
    got = wire_with(wire, "GET", "/k", "",
                    { "Host", "point.mrap.accesspoint.s3-global.amazonaws.com" });
    assert_says(got, "<Code>NoSuchMultiRegionAccessPoint<");
    got = put_policy(wire, "p", "point", DENY("s3:GetObject"));
    advance(wire, "2m");
    assert_says(outcome(wire, got), "<Code>MultiRegionAccessPointNotReady<");
    outage(wire, "eu-west-1", UP);
    accepted = create(wire, "again", "point");
    assert_str(status_of(wire, "point"), "CREATING");
    advance(wire, "3m");
    assert_says(outcome(wire, accepted), "<RequestStatus>SUCCEEDED<");
    assert_str(status_of(wire, "point"), "READY");

    got = remove_mrap(wire, "d", "point");
    assert_says(got, "<RequestStatus>INPROGRESS<");
    outage(wire, "us-east-1", DOWN);
    advance(wire, "2m");
    assert_str(status_of(wire, "point"), "PARTIALLY_DELETED");
    outage(wire, "us-east-1", UP);
    (void) remove_mrap(wire, "d-2", "point");
    assert_str(status_of(wire, "point"), "DELETING");
    advance(wire, "2m");
    assert_status(control(wire, "GET", INSTANCES "/point", ""), 404);
    wire_close(wire);
}

static struct got create_theirs(struct wire *wire, const char *name, const char *owner)
{
    str body = str_format(
        wire->arena,
        "<CreateMultiRegionAccessPointRequest><ClientToken>%s</ClientToken><Details><Name>%s</Name>"
        "<Regions><Region><Bucket>theirs</Bucket><BucketAccountId>%s</BucketAccountId></Region>"
        "<Region><Bucket>euw1</Bucket></Region></Regions></Details>"
        "</CreateMultiRegionAccessPointRequest>",
        name, name, owner);
    return control(wire, "POST", CREATE, str_c(wire->arena, body));
}

TEST(a_bucket_of_another_account_may_go_while_the_access_point_is_made)
{
    struct wire *wire = open_slow();
    assert_status(wire_with(wire, "PUT", "/theirs", "", { "Host", "s3.us-east-1.amazonaws.com" },
                            OTHER_ACCOUNT),
                  200);
    struct got first = create_theirs(wire, "wrong", "999999999999"),
               second = create_theirs(wire, "right", "111122223333");
    assert_status(wire_with(wire, "DELETE", "/theirs", "", { "Host", "s3.us-east-1.amazonaws.com" },
                            OTHER_ACCOUNT),
                  204);
    /* The same account's may not. */
    struct got got =
        wire_with(wire, "DELETE", "/euw1", "", { "Host", "s3.eu-west-1.amazonaws.com" });
    assert_says(got, "<Code>BucketHasAccessPointsAttached<");
    advance(wire, "3m");
    got = outcome(wire, first);
    assert_says(got, "<Code>AccessDenied<");
    assert_status(control(wire, "GET", INSTANCES "/wrong", ""), 404);
    got = outcome(wire, second);
    assert_says(got, "<BucketAccountId>111122223333</BucketAccountId>");
    assert_says(got, "<Code>NoSuchBucket</Code><Message>The specified bucket does not "
                     "exist</Message><Resource>theirs<");
    assert_says(got, "<Name>eu-west-1</Name><RequestStatus>SUCCEEDED<");
    assert_str(status_of(wire, "right"), "PARTIALLY_CREATED");
    wire_close(wire);
}

TEST(of_two_policies_in_progress_the_last_that_was_put_stands)
{
    struct wire *wire = open_slow();
    (void) create(wire, "t", "point");
    advance(wire, "3m");
    struct got first = put_policy(wire, "p1", "point", DENY("s3:GetObject")),
               second = put_policy(wire, "p2", "point", DENY("s3:PutObject"));
    struct got got = control(wire, "GET", INSTANCES "/point/policy", "");
    assert_says(got, "<Proposed><Policy>");
    assert_says(got, "s3:PutObject");
    assert_false(wire_says(&got, "<Established>"));
    advance(wire, "2m");
    got = outcome(wire, first);
    assert_says(got, "<RequestStatus>FAILED<");
    assert_says(got, "<Code>MultiRegionAccessPointModifiedByAnotherRequest<");
    assert_says(outcome(wire, second), "<RequestStatus>SUCCEEDED<");
    assert_says(control(wire, "GET", INSTANCES "/point/policy", ""), "<Established><Policy>");

    /* And of a policy and a delete the delete. */
    first = put_policy(wire, "p3", "point", DENY("s3:*"));
    got = remove_mrap(wire, "d", "point");
    advance(wire, "2m");
    assert_says(outcome(wire, first), "<Code>MultiRegionAccessPointModifiedByAnotherRequest<");
    assert_status(control(wire, "GET", INSTANCES "/point", ""), 404);
    wire_close(wire);
}

static int get_from(struct wire *wire, const char *place)
{
    return wire_with(wire, "GET", "/k", "",
                     { "Host", "point.mrap.accesspoint.s3-global.amazonaws.com" },
                     { "x-atoll-client", place })
        .status;
}

TEST(a_policy_that_failed_in_one_region_is_in_force_in_the_others)
{
    struct wire *wire = open_slow();
    (void) create(wire, "t", "point");
    advance(wire, "3m");
    struct got accepted = put_policy(wire, "p1", "point", DENY("s3:GetObject"));
    assert_int_equal(get_from(wire, "paris"), 404); /* still spreading */
    outage(wire, "us-east-1", DOWN);
    advance(wire, "2m");
    assert_says(outcome(wire, accepted), "<Name>us-east-1</Name><RequestStatus>FAILED<");
    assert_str(status_of(wire, "point"), "INCONSISTENT_ACROSS_REGIONS");
    assert_int_equal(get_from(wire, "paris"), 403);
    assert_int_equal(get_from(wire, "new-york"), 404);
    struct got got = control(wire, "GET", INSTANCES "/point/policy", "");
    assert_says(got, "<Proposed>");
    assert_false(wire_says(&got, "<Established>"));

    outage(wire, "us-east-1", UP);
    (void) put_policy(wire, "p2", "point", DENY("s3:GetObject"));
    advance(wire, "2m");
    assert_str(status_of(wire, "point"), "READY");
    assert_int_equal(get_from(wire, "new-york"), 403);
    wire_close(wire);
}

TEST(routes_may_change_while_a_request_is_in_progress)
{
    struct wire *wire = open_slow();
    (void) create(wire, "t", "point");
    advance(wire, "3m");
    struct got accepted = put_policy(wire, "p1", "point", DENY("s3:GetObject"));
    assert_status(
        admin(wire, "PATCH", "/_atoll/v1/mraps/point/routes", "{\"us-east-1\":\"passive\"}"), 200);
    advance(wire, "2m");
    assert_says(outcome(wire, accepted), "<RequestStatus>SUCCEEDED<");
    assert_says(admin(wire, "GET", "/_atoll/v1/mraps/point", ""), "\"dial\":0");
    wire_close(wire);
}

TEST(work_is_done_after_a_restart_and_again_after_a_restore)
{
    struct wire *wire = open_slow();
    str error;
    struct snapshot_job job = { .job = { .arena = wire->arena },
                                .world = wire->world,
                                .verb = SNAPSHOT_SAVE,
                                .name = STR("then") };
    struct got accepted = create(wire, "t", "point");
    assert_int_equal(snapshots_run(&job), STORE_OK);
    world_lane_close(wire->lane);
    world_close(wire->world);
    wire->world = world_open(wire->arena, &wire->settings, &error);
    wire->lane = world_lane_open(wire->world, 0);
    for (int round = 0; round < 2; round++) {
        assert_says(outcome(wire, accepted), "<RequestStatus>INPROGRESS<");
        advance(wire, "3m");
        assert_says(outcome(wire, accepted), "<RequestStatus>SUCCEEDED<");
        assert_str(status_of(wire, "point"), "READY");
        job = (struct snapshot_job){ .job = { .arena = wire->arena },
                                     .world = wire->world,
                                     .verb = SNAPSHOT_RESTORE,
                                     .name = STR("then") };
        assert_int_equal(snapshots_run(&job), STORE_OK);
    }
    wire_close(wire);
}

TEST(a_client_token_gives_its_request_again_and_a_name_gets_a_new_alias_each_time)
{
    struct wire *wire = wire_open();
    bucket_in(wire, "use1", "us-east-1");
    const char *body = create_body(wire, "t", "point", "use1");
    struct got first = control(wire, "POST", CREATE, body),
               second = control(wire, "POST", CREATE, body);
    assert_str(wire_element(wire, &second, "RequestTokenARN"),
               str_c(wire->arena, wire_element(wire, &first, "RequestTokenARN")));
    struct got got = control(wire, "GET", INSTANCES "/point", "");
    str alias = wire_element(wire, &got, "Alias");
    assert_says(remove_mrap(wire, "d", "point"), "<RequestStatus>SUCCEEDED<");
    /* Even now: it was answered once. */
    second = control(wire, "POST", CREATE, body);
    assert_says(outcome(wire, second), "<RequestStatus>SUCCEEDED<");
    assert_status(control(wire, "GET", INSTANCES "/point", ""), 404);
    assert_says(
        outcome(wire, control(wire, "POST", CREATE, create_body(wire, "t2", "point", "use1"))),
        "<RequestStatus>SUCCEEDED<");
    got = control(wire, "GET", INSTANCES "/point", "");
    assert_false(str_eq(wire_element(wire, &got, "Alias"), alias));
    wire_close(wire);
}
