/* Names that a bucket may have, and names that S3 keeps for itself. */
#include "tests/unit/test.h"

#include "server/s3/bucket_name.h"

#define LETTERS_60 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"

TEST(bucket_names_that_s3_accepts)
{
    static const struct {
        int line;
        const char *name;
    } rows[] = {
        { __LINE__, "abc" },
        { __LINE__, "123" },
        { __LINE__, "my-app-data-us-east-1" },
        { __LINE__, "my.dotted.bucket" },
        { __LINE__, "a--b" },
        { __LINE__, "a-.b" },
        { __LINE__, "1.2.3" },
        { __LINE__, "1.2.3.4.5" },
        { __LINE__, "1.2.3.x" },
        { __LINE__, "mrap" },
        { __LINE__, "xn-x" },
        { __LINE__, LETTERS_60 "123" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (!bucket_name_is_valid(str_of(rows[i].name)))
            fail_msg("line %d: \"%s\" was refused", rows[i].line, rows[i].name);
}

TEST(bucket_names_that_s3_refuses)
{
    static const struct {
        int line;
        const char *name;
    } rows[] = {
        { __LINE__, "" },
        { __LINE__, "ab" },
        { __LINE__, LETTERS_60 "1234" },
        { __LINE__, "Has-Capitals" },
        { __LINE__, "under_score" },
        { __LINE__, "-lead" },
        { __LINE__, "trail-" },
        { __LINE__, ".lead" },
        { __LINE__, "trail." },
        { __LINE__, "two..dots" },
        { __LINE__, "192.168.0.1" },
        { __LINE__, "999.999.999.999" },
        { __LINE__, "xn--punycode" },
        { __LINE__, "sthree-x" },
        { __LINE__, "amzn-s3-demo-bucket" },
        { __LINE__, "x-s3alias" },
        { __LINE__, "x--ol-s3" },
        { __LINE__, "mfzwi23gnjvgw.mrap" },
        { __LINE__, "x--x-s3" },
        { __LINE__, "x--table-s3" },
        { __LINE__, "sp ace" },
        { __LINE__, "sla/sh" },
        { __LINE__, "umlaut-\xc3\xbc-x" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (bucket_name_is_valid(str_of(rows[i].name)))
            fail_msg("line %d: \"%s\" was accepted", rows[i].line, rows[i].name);
}

TEST(the_account_regional_form_names_account_and_region)
{
    str account = STR("123456789012"), region = STR("eu-west-1");
    assert_true(
        bucket_name_is_account_regional(STR("logs-123456789012-eu-west-1-an"), account, region));
    assert_false(
        bucket_name_is_account_regional(STR("logs-123456789012-us-east-1-an"), account, region));
    assert_false(
        bucket_name_is_account_regional(STR("-123456789012-eu-west-1-an"), account, region));
    assert_false(bucket_name_is_account_regional(STR("logs-an"), account, region));
    assert_false(bucket_name_is_account_regional(STR("-an"), account, region));
}
