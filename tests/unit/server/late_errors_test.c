/* --late-errors: what AWS can only say after it has said 200. */
#include "tests/unit/server/s3_wire.h"

static const char unknown_part[] = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
                                   "<ETag>\"00000000000000000000000000000000\"</ETag></Part>"
                                   "</CompleteMultipartUpload>";

static char *begun_upload(struct wire *wire)
{
    struct got got = wire_ask(wire, "POST", "/bkt/k?uploads", "");
    assert_status(got, 200);
    str id = wire_element(wire, &got, "UploadId");
    return str_c(wire->arena, str_format(wire->arena, "/bkt/k?uploadId=%.*s", STR_ARG(id)));
}

TEST(a_complete_fails_in_a_200_only_when_asked_to)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    const char *target = begun_upload(wire);
    struct got got = wire_ask(wire, "POST", target, unknown_part);
    assert_status(got, 400);
    wire->settings.late_errors = true;
    got = wire_ask(wire, "POST", target, unknown_part);
    assert_status(got, 200);
    assert_says(got, "<Error><Code>InvalidPart</Code>");
    /* What the document alone tells is still said at once. */
    got = wire_ask(wire, "POST", target, "<Wrong/>");
    assert_status(got, 400);
    wire_close(wire);
}

TEST(a_copy_that_its_condition_refuses_fails_in_a_200)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/bkt", false);
    wire->settings.late_errors = true;
    assert_status(wire_ask(wire, "PUT", "/bkt/a", "text"), 200);
    assert_status(wire_ask(wire, "PUT", "/bkt/b", "text"), 200);
    struct got got = wire_with(wire, "PUT", "/bkt/b", "", { "x-amz-copy-source", "/bkt/a" },
                               { "If-None-Match", "*" });
    assert_status(got, 200);
    assert_says(got, "<Code>PreconditionFailed</Code>");
    got = wire_with(wire, "PUT", "/bkt/b", "", { "x-amz-copy-source", "/bkt/none" });
    assert_status(got, 404);
    got = wire_with(wire, "PUT", "/bkt/b", "text", { "If-None-Match", "*" });
    assert_status(got, 412);
    wire_close(wire);
}
