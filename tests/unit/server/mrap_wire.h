/* Calls about access points on a whole world, without sockets. */
#ifndef ATOLL_TESTS_UNIT_SERVER_MRAP_WIRE_H
#define ATOLL_TESTS_UNIT_SERVER_MRAP_WIRE_H

#include "base/encode.h"
#include "tests/unit/server/s3_wire.h"

#define HOST "123456789012.s3-control.us-west-2.amazonaws.com"
#define CREATE "/v20180820/async-requests/mrap/create"
#define DELETE "/v20180820/async-requests/mrap/delete"
#define POLICY "/v20180820/async-requests/mrap/put-policy"
#define INSTANCES "/v20180820/mrap/instances"

static inline struct got control(struct wire *wire, const char *method, const char *path,
                                 const char *body)
{
    return wire_with(wire, method, path, body, { "Host", HOST },
                     { "x-amz-account-id", "123456789012" });
}

static inline struct got admin(struct wire *wire, const char *method, const char *path,
                               const char *body)
{
    return wire_with(wire, method, path, body, { "Host", "localhost" },
                     { "Content-Type", "application/json" });
}

static inline void bucket_in(struct wire *wire, const char *name, const char *region)
{
    str host = str_format(wire->arena, "s3.%s.amazonaws.com", region);
    str path = str_format(wire->arena, "/%s", name);
    str body = str_is(str_of(region), "us-east-1")
                   ? STR("")
                   : str_format(wire->arena,
                                "<CreateBucketConfiguration><LocationConstraint>%s"
                                "</LocationConstraint></CreateBucketConfiguration>",
                                region);
    struct got got = wire_with(wire, "PUT", str_c(wire->arena, path), str_c(wire->arena, body),
                               { "Host", str_c(wire->arena, host) });
    assert_status(got, 200);
}

/* Body of a create: `buckets` separated by blanks. */
static inline const char *create_body(struct wire *wire, const char *token, const char *name,
                                      const char *buckets)
{
    struct buf body;
    str rest = str_of(buckets), bucket;
    buf_init_arena(&body, wire->arena, 65536);
    buf_addf(&body,
             "<CreateMultiRegionAccessPointRequest><ClientToken>%s</ClientToken><Details><Name>%s"
             "</Name><Regions>",
             token, name);
    while (rest.size > 0 && str_next(&rest, ' ', &bucket))
        buf_addf(&body, "<Region><Bucket>%.*s</Bucket></Region>", STR_ARG(bucket));
    buf_add(&body, STR("</Regions></Details></CreateMultiRegionAccessPointRequest>"));
    return str_c(wire->arena, buf_str(&body));
}

static inline struct got outcome(struct wire *wire, struct got accepted)
{
    assert_status(accepted, 200);
    str arn = wire_element(wire, &accepted, "RequestTokenARN");
    return control(wire, "GET",
                   str_c(wire->arena, str_format(wire->arena, "/v20180820/async-requests/mrap/%.*s",
                                                 STR_ARG(encode_uri(wire->arena, arn, false)))),
                   "");
}

static inline struct got make(struct wire *wire, const char *name, const char *buckets)
{
    return outcome(wire, control(wire, "POST", CREATE, create_body(wire, name, name, buckets)));
}

static inline struct got remove_mrap(struct wire *wire, const char *token, const char *name)
{
    str body =
        str_format(wire->arena,
                   "<DeleteMultiRegionAccessPointRequest><ClientToken>%s</ClientToken>"
                   "<Details><Name>%s</Name></Details></DeleteMultiRegionAccessPointRequest>",
                   token, name);
    return outcome(wire, control(wire, "POST", DELETE, str_c(wire->arena, body)));
}

static inline str status_of(struct wire *wire, const char *name)
{
    struct got got = control(
        wire, "GET", str_c(wire->arena, str_format(wire->arena, INSTANCES "/%s", name)), "");
    assert_status(got, 200);
    return wire_element(wire, &got, "Status");
}

/* The path of an access point's routes. */
static inline const char *routes_of(struct wire *wire, const char *name)
{
    struct got got = control(
        wire, "GET", str_c(wire->arena, str_format(wire->arena, INSTANCES "/%s", name)), "");
    str alias = wire_element(wire, &got, "Alias");
    return str_c(wire->arena,
                 str_format(wire->arena,
                            INSTANCES "/arn%%3Aaws%%3As3%%3A%%3A123456789012%%3Aaccesspoint/"
                                      "%.*s/routes",
                            STR_ARG(alias)));
}

/* Whose account is 111122223333. */
#define OTHER_ACCOUNT                                                                              \
    {                                                                                              \
        "Authorization",                                                                           \
            "AWS4-HMAC-SHA256 Credential=111122223333/20260102/us-east-1/s3/aws4_request, "        \
            "SignedHeaders=host, Signature=00"                                                     \
    }

static inline struct got put_policy(struct wire *wire, const char *token, const char *name,
                                    const char *policy)
{
    str body = str_format(wire->arena,
                          "<PutMultiRegionAccessPointPolicyRequest><ClientToken>%s</ClientToken>"
                          "<Details><Name>%s</Name><Policy>%s</Policy></Details>"
                          "</PutMultiRegionAccessPointPolicyRequest>",
                          token, name, policy);
    return control(wire, "POST", POLICY, str_c(wire->arena, body));
}

static inline void advance(struct wire *wire, const char *by)
{
    str body = str_format(wire->arena, "{\"advance\":\"%s\"}", by);
    assert_status(admin(wire, "POST", "/_atoll/v1/clock", str_c(wire->arena, body)), 200);
}

static inline void outage(struct wire *wire, const char *region, const char *body)
{
    str path = str_format(wire->arena, "/_atoll/v1/regions/%s", region);
    assert_status(admin(wire, "PATCH", str_c(wire->arena, path), body), 200);
}

#endif
