/* What faults count: attempts as SDKs say them, and hits over a restart. */
#include "tests/unit/server/s3_wire.h"

static struct got admin(struct wire *wire, const char *method, const char *path, const char *body)
{
    return wire_with(wire, method, path, body, { "Host", "localhost" },
                     { "Content-Type", "application/json" });
}

static void reopen(struct wire *wire)
{
    str error = STR_NONE;
    world_lane_close(wire->lane);
    world_close(wire->world);
    wire->world = world_open(wire->arena, &wire->settings, &error);
    if (wire->world == NULL)
        fail_msg("%.*s", STR_ARG(error));
    wire->lane = world_lane_open(wire->world, 0);
}

TEST(a_fault_goes_on_counting_after_a_restart)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bucket", false);
    assert_status(
        admin(wire, "PUT", "/_atoll/v1/faults/thrice",
              "{\"match\":{\"api\":\"GetObject\"},\"error\":\"503:SlowDown\",\"times\":3}"),
        200);
    assert_status(admin(wire, "PUT", "/_atoll/v1/faults/steps",
                        "{\"match\":{\"api\":\"HeadBucket\"},"
                        "\"script\":[\"503:SlowDown\",\"500:InternalError\",\"ok\"]}"),
                  200);
    assert_status(wire_ask(wire, "GET", "/bucket/k", ""), 503);
    assert_status(wire_ask(wire, "GET", "/bucket/k", ""), 503);
    assert_status(wire_ask(wire, "HEAD", "/bucket", ""), 503);
    reopen(wire);
    assert_says(admin(wire, "GET", "/_atoll/v1/faults/thrice", ""), "\"hits\":2");
    assert_status(wire_ask(wire, "GET", "/bucket/k", ""), 503);
    assert_status(wire_ask(wire, "GET", "/bucket/k", ""), 404);
    assert_status(wire_ask(wire, "HEAD", "/bucket", ""), 500);
    assert_status(wire_ask(wire, "HEAD", "/bucket", ""), 200);

    /* Another rule of the same name begins at nothing. */
    assert_status(
        admin(wire, "PUT", "/_atoll/v1/faults/thrice",
              "{\"match\":{\"api\":\"GetObject\"},\"error\":\"503:SlowDown\",\"times\":1}"),
        200);
    reopen(wire);
    assert_says(admin(wire, "GET", "/_atoll/v1/faults/thrice", ""), "\"hits\":0");
    wire_close(wire);
}

TEST(an_attempt_is_what_the_sdk_says_or_how_often_its_call_came)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bucket", false);
    assert_status(admin(wire, "PUT", "/_atoll/v1/faults/x",
                        "{\"match\":{\"attempt\":\"<=2\"},\"error\":\"503:SlowDown\"}"),
                  200);
    static const struct {
        int line;
        const char *name, *value;
        int status;
    } rows[] = {
        { __LINE__, "amz-sdk-request", "attempt=1; max=3", 503 },
        { __LINE__, "amz-sdk-request", "attempt=3; max=3", 404 },
        { __LINE__, "amz-sdk-request", "ttl=20260101T000000Z; attempt=2; max=3", 503 },
        { __LINE__, "amz-sdk-request", "attempt=x", 503 },
        { __LINE__, "amz-sdk-request", "attempt=0", 503 },
        { __LINE__, "amz-sdk-invocation-id", "a", 503 },
        { __LINE__, "amz-sdk-invocation-id", "a", 503 },
        { __LINE__, "amz-sdk-invocation-id", "a", 404 },
        { __LINE__, "amz-sdk-invocation-id", "b", 503 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct got got = wire_with(wire, "GET", "/bucket/k", "", { "Host", "localhost" },
                                   { rows[i].name, rows[i].value });
        if (got.status != rows[i].status)
            fail_msg("line %d: %d", rows[i].line, got.status);
    }
    wire_close(wire);
}
