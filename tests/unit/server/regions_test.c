/* Outages of one plane of a Region: who answers, who does not, what is remembered. */
#include "server/regions.h"
#include "tests/unit/server/s3_wire.h"

#define REGION(code) "/_atoll/v1/regions/" code
#define LIST "/v20180820/mrap/instances"

static struct got admin(struct wire *wire, const char *method, const char *path, const char *body)
{
    return wire_with(wire, method, path, body, { "Host", "localhost" },
                     { "Content-Type", "application/json" });
}

static int list_of_access_points(struct wire *wire)
{
    return wire_with(wire, "GET", LIST, "",
                     { "Host", "123456789012.s3-control.us-west-2.amazonaws.com" },
                     { "x-amz-account-id", "123456789012" })
        .status;
}

static int list_of_buckets(struct wire *wire)
{
    return wire_with(wire, "GET", "/", "", { "Host", "s3.us-west-2.amazonaws.com" }).status;
}

TEST(an_outage_takes_the_planes_that_it_names)
{
    static const struct {
        int line;
        const char *body;
        int data, control;
        const char *answer;
    } rows[] = {
        { __LINE__, "{\"outage\":true}", 503, 503, "\"outage\":true,\"plane\":\"both\"" },
        { __LINE__, "{\"outage\":false,\"plane\":\"control\"}", 503, 200, "\"plane\":\"data\"" },
        { __LINE__, "{\"outage\":false}", 200, 200, "\"outage\":false," },
        { __LINE__, "{\"outage\":true,\"plane\":\"data\"}", 503, 200, "\"plane\":\"data\"" },
        { __LINE__, "{\"outage\":true,\"plane\":\"control\"}", 503, 503, "\"plane\":\"both\"" },
        { __LINE__, "{\"plane\":\"data\",\"outage\":false}", 200, 503, "\"plane\":\"control\"" },
        { __LINE__, "{\"outage\":false,\"plane\":\"both\"}", 200, 200, "\"outage\":false," },
    };
    struct wire *wire = wire_open();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct got got = admin(wire, "PATCH", REGION("us-west-2"), rows[i].body);
        assert_status(got, 200);
        assert_says(got, rows[i].answer);
        int data = list_of_buckets(wire), control = list_of_access_points(wire);
        if (data != rows[i].data || control != rows[i].control)
            fail_msg("line %d: data plane %d, control plane %d", rows[i].line, data, control);
    }
    wire_close(wire);
}

TEST(a_plane_that_is_none_or_without_an_outage_changes_nothing)
{
    static const char *const bodies[] = {
        "{\"outage\":true,\"plane\":\"ground\"}",
        "{\"outage\":true,\"plane\":\"\"}",
        "{\"outage\":true,\"plane\":7}",
        "{\"plane\":\"data\"}",
        "{\"skew\":\"5m\",\"plane\":\"data\"}",
        "{\"outage\":true,\"plane\":\"data\",\"for\":\"soon\"}",
    };
    struct wire *wire = wire_open();
    for (size_t i = 0; i < COUNT(bodies); i++)
        assert_status(admin(wire, "PATCH", REGION("us-west-2"), bodies[i]), 400);
    assert_says(admin(wire, "GET", "/_atoll/v1/status", ""), "\"outages\":[]");
    assert_int_equal(list_of_buckets(wire), 200);
    wire_close(wire);
}

TEST(planes_end_apart_on_the_emulated_clock_and_the_status_says_when)
{
    struct wire *wire = wire_open();
    assert_status(admin(wire, "PATCH", REGION("us-west-2"),
                        "{\"outage\":true,\"plane\":\"control\",\"for\":\"2m\"}"),
                  200);
    assert_status(admin(wire, "PATCH", REGION("us-west-2"),
                        "{\"outage\":true,\"plane\":\"data\",\"for\":\"1h\"}"),
                  200);
    assert_says(admin(wire, "GET", "/_atoll/v1/status", ""),
                "{\"region\":\"us-west-2\",\"plane\":\"control\",\"until\":\"2026-");
    assert_status(admin(wire, "POST", "/_atoll/v1/clock", "{\"advance\":\"2m\"}"), 200);
    assert_int_equal(list_of_access_points(wire), 200);
    assert_int_equal(list_of_buckets(wire), 503);
    struct got got = admin(wire, "GET", "/_atoll/v1/status", "");
    assert_says(got, "\"plane\":\"data\"");
    assert_false(wire_says(&got, "\"plane\":\"control\""));
    wire_close(wire);
}

TEST(an_outage_of_one_plane_outlives_a_restart)
{
    struct wire *wire = wire_open();
    instant now = clock_now(wire->world->clock);
    assert_status(
        admin(wire, "PATCH", REGION("eu-west-1"), "{\"outage\":true,\"plane\":\"control\"}"), 200);
    struct regions *again = regions_open(wire->lane->reader, false);
    region_id region = region_find(STR("eu-west-1"));
    assert_true(region_set_has(regions_up(again, now), region));
    assert_false(region_set_has(regions_control_up(again, now), region));
    assert_int_equal(regions_back_at(again, REGION_CONTROL_PLANE, region, now).ns,
                     INSTANT_NEVER.ns);
    assert_int_equal(regions_back_at(again, REGION_DATA_PLANE, region, now).ns, now.ns);
    regions_close(again);
    wire_close(wire);
}
