/* Host header and target -> what is asked for: the host classes of AWS, our own hosts, keys that
 * must come through untouched, and hosts that somebody made up to break us. */
#include "tests/unit/test.h"

#include "server/s3/address.h"

#define S3_AWS "s3.eu-west-1.amazonaws.com"
#define MRAP_HOST "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com"

struct row {
    int line;
    const char *host, *target, *address;
};

static const char *kind_name(enum address_kind kind)
{
    static const char *const names[] = {
        [ADDRESS_NONE] = "none",
        [ADDRESS_S3] = "s3",
        [ADDRESS_MRAP] = "mrap",
        [ADDRESS_CONTROL] = "control",
        [ADDRESS_STS] = "sts",
        [ADDRESS_IAM] = "iam",
        [ADDRESS_CLOUDWATCH] = "cloudwatch",
        [ADDRESS_ADMIN] = "admin",
        [ADDRESS_OTHER_AWS] = "other",
        [ADDRESS_STRANGER] = "stranger",
    };
    return names[kind];
}

static void describe_text(struct buf *buf, const char *name, str value)
{
    if (value.size > 0)
        buf_addf(buf, " %s=%.*s", name, STR_ARG(value));
}

/* What is set, in words. */
static str describe(struct arena *arena, const struct address *address)
{
    struct buf buf;
    buf_init_arena(&buf, arena, 4096);
    buf_add(&buf, str_of(kind_name(address->kind)));
    describe_text(&buf, "bucket", address->bucket);
    describe_text(&buf, "key", address->key);
    describe_text(&buf, "region", address->host_region);
    describe_text(&buf, "mrap", address->mrap);
    describe_text(&buf, "account", address->account_label);
    buf_add(&buf, address->own_host ? STR(" own") : STR(""));
    buf_add(&buf, address->virtual_host ? STR(" virtual") : STR(""));
    return buf_str(&buf);
}

static void check(const struct row *row)
{
    struct arena *arena = arena_new();
    struct address address;
    str query, got = STR("refused");
    if (address_parse(arena, (struct host_names){ 0 }, str_of(row->host), str_of(row->target),
                      &address, &query))
        got = describe(arena, &address);
    if (!str_is(got, row->address))
        fail_msg("line %d: %s %s: %.*s", row->line, row->host, row->target, STR_ARG(got));
    arena_free(arena);
}

TEST(hosts_of_aws_are_told_apart)
{
    static const struct row rows[] = {
        { __LINE__, "s3.amazonaws.com", "/b/k", "s3 bucket=b key=k" },
        { __LINE__, "s3.amazonaws.com", "/", "s3" },
        { __LINE__, S3_AWS, "/b/", "s3 bucket=b region=eu-west-1" },
        { __LINE__, "s3-eu-west-1.amazonaws.com", "/b", "s3 bucket=b region=eu-west-1" },
        { __LINE__, "s3-external-1.amazonaws.com", "/b", "s3 bucket=b region=us-east-1" },
        { __LINE__, "s3.dualstack.us-west-2.amazonaws.com", "/b/k",
          "s3 bucket=b key=k region=us-west-2" },
        { __LINE__, "s3-fips.us-gov-west-1.amazonaws.com", "/b/k",
          "s3 bucket=b key=k region=us-gov-west-1" },
        { __LINE__, "b.s3.amazonaws.com", "/k", "s3 bucket=b key=k virtual" },
        { __LINE__, "b." S3_AWS, "/k/l", "s3 bucket=b key=k/l region=eu-west-1 virtual" },
        { __LINE__, "my.dotted.bucket." S3_AWS, "/",
          "s3 bucket=my.dotted.bucket region=eu-west-1 virtual" },
        { __LINE__, "b.s3.us-east-1.s3.eu-west-1.amazonaws.com", "/k",
          "s3 bucket=b.s3.us-east-1 key=k region=eu-west-1 virtual" },
        { __LINE__, "b.s3.dualstack.us-west-2.amazonaws.com", "/k",
          "s3 bucket=b key=k region=us-west-2 virtual" },
        { __LINE__, "b.s3-eu-west-1.amazonaws.com", "/k",
          "s3 bucket=b key=k region=eu-west-1 virtual" },
        { __LINE__, "s3.cn-north-1.amazonaws.com.cn", "/b/k",
          "s3 bucket=b key=k region=cn-north-1" },
        { __LINE__, "b.s3.cn-north-1.amazonaws.com.cn:443", "/k",
          "s3 bucket=b key=k region=cn-north-1 virtual" },
        { __LINE__, MRAP_HOST, "/a/b", "mrap key=a/b mrap=mfzwi23gnjvgw.mrap" },
        { __LINE__, "my-global-access-point.mrap.accesspoint.s3-global.amazonaws.com:443", "/",
          "mrap mrap=my-global-access-point.mrap" },
        { __LINE__, "plain.accesspoint.s3-global.amazonaws.com", "/k", "mrap key=k mrap=plain" },
        { __LINE__, S3_AWS, "/mfzwi23gnjvgw.mrap/k",
          "s3 bucket=mfzwi23gnjvgw.mrap key=k region=eu-west-1" },
        { __LINE__, "123456789012.s3-control.us-west-2.amazonaws.com", "/v20180820/mrap/instances",
          "control region=us-west-2 account=123456789012" },
        { __LINE__, "123456789012.s3-control.dualstack.us-west-2.amazonaws.com", "/v20180820/jobs",
          "control region=us-west-2 account=123456789012" },
        { __LINE__, "123456789012.s3-control-fips.us-east-1.amazonaws.com", "/",
          "control region=us-east-1 account=123456789012" },
        { __LINE__, "s3-control.us-west-2.amazonaws.com", "/v20180820/mrap/instances",
          "control region=us-west-2" },
        { __LINE__, "sts.amazonaws.com", "/", "sts" },
        { __LINE__, "sts.eu-west-1.amazonaws.com", "/", "sts region=eu-west-1" },
        { __LINE__, "sts-fips.us-east-1.amazonaws.com", "/", "sts region=us-east-1" },
        { __LINE__, "iam.amazonaws.com", "/", "iam" },
        { __LINE__, "monitoring.us-east-1.amazonaws.com", "/", "cloudwatch region=us-east-1" },
        { __LINE__, "amazonaws.com", "/", "other" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check(&rows[i]);
}

TEST(hosts_of_our_own_take_path_style_virtual_hosts_and_accounts)
{
    static const struct row rows[] = {
        { __LINE__, "127.0.0.1:28655", "/b/k", "s3 bucket=b key=k own" },
        { __LINE__, "[::1]:28655", "/b/k", "s3 bucket=b key=k own" },
        { __LINE__, "::1", "/b/k", "s3 bucket=b key=k own" },
        { __LINE__, "localhost", "/b/k", "s3 bucket=b key=k own" },
        { __LINE__, "LOCALHOST.:80", "/B/k", "s3 bucket=B key=k own" },
        { __LINE__, "s3.localhost:1", "/b/k", "s3 bucket=b key=k own" },
        { __LINE__, "b.localhost:1", "/k", "s3 bucket=b key=k own virtual" },
        { __LINE__, "b.c.localhost:1", "/k", "s3 bucket=b.c key=k own virtual" },
        { __LINE__, "b.s3.localhost:1", "/k", "s3 bucket=b key=k own virtual" },
        { __LINE__, "b.s3.eu-west-1.localhost", "/k",
          "s3 bucket=b key=k region=eu-west-1 own virtual" },
        { __LINE__, "s3.eu-west-1.localhost", "/b/k", "s3 bucket=b key=k region=eu-west-1 own" },
        { __LINE__, "eu-west-1.localhost", "/k", "s3 bucket=eu-west-1 key=k own virtual" },
        { __LINE__, "sts.localhost", "/k", "s3 bucket=sts key=k own virtual" },
        { __LINE__, "b.atoll:28655", "/k", "s3 bucket=b key=k own virtual" },
        { __LINE__, "emulator:28655", "/b/k", "s3 bucket=b key=k own" },
        { __LINE__, "s3.example.test", "/b/k", "s3 bucket=b key=k own" },
        { __LINE__, "", "/b/k", "s3 bucket=b key=k own" },
        { __LINE__, "123456789012.localhost:1", "/v20180820/mrap/instances",
          "control account=123456789012 own" },
        { __LINE__, "123456789012.localhost:1", "/k", "s3 bucket=123456789012 key=k own virtual" },
        { __LINE__, "123456789012.127.0.0.1:1", "/v20180820/mrap/instances",
          "control account=123456789012 own" },
        { __LINE__, "x", "http://123456789012.127.0.0.1:1/v20180820/jobs",
          "control account=123456789012 own" },
        { __LINE__, "123456789012.emulator.test", "/v20180820/jobs",
          "control account=123456789012 own" },
        { __LINE__, "127.0.0.1", "/v20180820/mrap/instances", "control own" },
        { __LINE__, "127.0.0.1", "/v20180820", "s3 bucket=v20180820 own" },
        { __LINE__, "127.0.0.1", "/mfzwi23gnjvgw.mrap/a/k",
          "mrap key=a/k mrap=mfzwi23gnjvgw.mrap own" },
        { __LINE__, "mfzwi23gnjvgw.mrap.localhost", "/k",
          "mrap key=k mrap=mfzwi23gnjvgw.mrap own virtual" },
        { __LINE__, "mfzwi23gnjvgw.mrap.accesspoint.s3-global.localhost", "/k",
          "mrap key=k mrap=mfzwi23gnjvgw.mrap own" },
        { __LINE__, "127.0.0.1", "/.mrap/k", "s3 bucket=.mrap key=k own" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check(&rows[i]);
}

TEST(the_admin_path_is_ours_only_where_no_foreign_name_can_lead)
{
    static const struct {
        int line;
        const char *host, *target;
        enum address_kind kind;
    } rows[] = {
        { __LINE__, "127.0.0.1:28655", "/_atoll/v1/status", ADDRESS_ADMIN },
        { __LINE__, "[::1]", "/_atoll", ADDRESS_ADMIN },
        { __LINE__, "localhost", "/_atoll/ui/", ADDRESS_ADMIN },
        { __LINE__, "atoll.test", "http://atoll.test/_atoll/env", ADDRESS_ADMIN },
        { __LINE__, "atoll:28655", "/_atoll/env", ADDRESS_ADMIN },
        { __LINE__, "ci-service:28655", "/_atoll/env", ADDRESS_ADMIN },
        { __LINE__, "localhost", "/_atollx", ADDRESS_S3 },
        { __LINE__, "b.localhost", "/_atoll/v1", ADDRESS_S3 },
        { __LINE__, "evil.example.com", "/_atoll/v1", ADDRESS_S3 },
        { __LINE__, "", "/_atoll/v1", ADDRESS_S3 },
        { __LINE__, S3_AWS, "/_atoll/v1", ADDRESS_S3 },
        { __LINE__, MRAP_HOST, "/_atoll/v1", ADDRESS_MRAP },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address;
        str query;
        if (!address_parse(arena, (struct host_names){ 0 }, str_of(rows[i].host),
                           str_of(rows[i].target), &address, &query) ||
            address.kind != rows[i].kind)
            fail_msg("line %d: kind is %d", rows[i].line, (int) address.kind);
    }
    arena_free(arena);
}

TEST(a_host_that_is_not_emulated_is_named_by_its_service)
{
    static const struct {
        int line;
        const char *host, *service;
    } rows[] = {
        { __LINE__, "dynamodb.us-east-1.amazonaws.com", "dynamodb" },
        { __LINE__, "123456789012.dkr.ecr.us-east-1.amazonaws.com", "ecr" },
        { __LINE__, "sqs.dualstack.eu-west-1.amazonaws.com", "sqs" },
        { __LINE__, "s3-accesspoint.eu-west-1.amazonaws.com", "s3-accesspoint" },
        { __LINE__, "x.sts.amazonaws.com", "sts" },
        { __LINE__, "route53.amazonaws.com", "route53" },
        { __LINE__, "us-east-1.amazonaws.com", "us-east-1.amazonaws.com" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address;
        str query;
        assert_true(address_parse(arena, (struct host_names){ 0 }, str_of(rows[i].host), STR("/"),
                                  &address, &query));
        if (address.kind != ADDRESS_OTHER_AWS || !str_is(address.service, rows[i].service))
            fail_msg("line %d: \"%.*s\"", rows[i].line, STR_ARG(address.service));
    }
    arena_free(arena);
}

TEST(keys_come_through_as_they_were_meant)
{
    static const struct {
        int line;
        const char *target, *key, *query;
    } rows[] = {
        { __LINE__, "/b/a//b/./c/../d", "a//b/./c/../d", "" },
        { __LINE__, "/b//lead", "/lead", "" },
        { __LINE__, "/b/a+b%2Bc%20d", "a+b+c d", "" },
        { __LINE__, "/b/a%2Fb", "a/b", "" },
        { __LINE__, "/b/a%3Fb?c=d%3F", "a?b", "c=d%3F" },
        { __LINE__, "/b/%C3%BC%E6%97%A5", "\xc3\xbc\xe6\x97\xa5", "" },
        { __LINE__, "/b/dir/", "dir/", "" },
        { __LINE__, "/b/k?", "k", "" },
        { __LINE__, "/b/k?a?b", "k", "a?b" },
        { __LINE__, "/b/_atoll/v1", "_atoll/v1", "" },
        { __LINE__, "/b/%01%7f", "\x01\x7f", "" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address;
        str query;
        assert_true(address_parse(arena, (struct host_names){ 0 }, STR("localhost"),
                                  str_of(rows[i].target), &address, &query));
        if (!str_is(address.key, rows[i].key) || !str_is(query, rows[i].query))
            fail_msg("line %d: \"%.*s\", \"%.*s\"", rows[i].line, STR_ARG(address.key),
                     STR_ARG(query));
    }
    arena_free(arena);
}

TEST(a_zero_byte_in_a_key_does_not_end_it)
{
    struct arena *arena = arena_new();
    struct address address;
    str query;
    assert_true(address_parse(arena, (struct host_names){ 0 }, STR("localhost"), STR("/b/a%00b"),
                              &address, &query));
    assert_int_equal(address.key.size, 3);
    assert_str(address.raw_key, "a%00b");
    arena_free(arena);
}

TEST(an_absolute_target_wins_over_the_host_header)
{
    static const struct {
        int line;
        const char *target;
        enum address_kind kind;
        const char *bucket, *path;
    } rows[] = {
        { __LINE__, "http://b.s3.amazonaws.com/k?x", ADDRESS_S3, "b", "/k" },
        { __LINE__, "HTTPS://user@localhost:9/b/k", ADDRESS_S3, "b", "/b/k" },
        { __LINE__, "http://s3.amazonaws.com", ADDRESS_S3, "", "/" },
        { __LINE__, "http://s3.amazonaws.com?versioning", ADDRESS_S3, "", "/" },
        { __LINE__, "http://packages.example.org/simple/", ADDRESS_STRANGER, "", "/simple/" },
        { __LINE__, "http://169.254.169.254/latest/api/token", ADDRESS_STRANGER, "",
          "/latest/api/token" },
        { __LINE__, "http://evilamazonaws.com/", ADDRESS_STRANGER, "", "/" },
        { __LINE__, "http://s3.amazonaws.com.evil.org/", ADDRESS_STRANGER, "", "/" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address;
        str query;
        assert_true(address_parse(arena, (struct host_names){ 0 }, STR("other.test"),
                                  str_of(rows[i].target), &address, &query));
        if (address.kind != rows[i].kind || !str_is(address.bucket, rows[i].bucket) ||
            !str_is(address.path, rows[i].path))
            fail_msg("line %d: kind %d", rows[i].line, (int) address.kind);
    }
    arena_free(arena);
}

TEST(targets_that_are_no_path_are_refused)
{
    static const struct {
        int line;
        const char *target;
    } rows[] = {
        { __LINE__, "" },
        { __LINE__, "*" },
        { __LINE__, "b/k" },
        { __LINE__, "?list-type=2" },
        { __LINE__, "ftp://localhost/b" },
        { __LINE__, "//k" },
        { __LINE__, "/b/%" },
        { __LINE__, "/b/%4" },
        { __LINE__, "/b/%zz" },
        { __LINE__, "/b/%ff" },
        { __LINE__, "/%c3/k" },
        { __LINE__, "/b/%c0%80" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address;
        str query;
        if (address_parse(arena, (struct host_names){ 0 }, STR("localhost"), str_of(rows[i].target),
                          &address, &query))
            fail_msg("line %d: \"%s\" was accepted", rows[i].line, rows[i].target);
    }
    arena_free(arena);
}

TEST(hostile_hosts_do_no_harm)
{
    static const char *const hosts[] = {
        ".",
        "..",
        "...localhost",
        "[",
        "[]",
        "[::1",
        "]:80",
        ":80",
        "a..b.",
        "1.2.3",
        "1.2.3.4.",
        "999.1.1.1",
        "1.2.3.4.5",
        "-",
        "%00",
        "s3-",
        "s3.",
        ".s3.amazonaws.com",
        ".amazonaws.com",
        "..amazonaws.com",
        "s3..amazonaws.com",
        ".accesspoint.s3-global.amazonaws.com",
        "accesspoint.s3-global.amazonaws.com",
        "dualstack.us-east-1.amazonaws.com",
        ".localhost",
        "a@b",
    };
    struct arena *arena = arena_new();
    struct address address;
    str query;
    for (size_t i = 0; i < COUNT(hosts); i++)
        (void) !address_parse(arena, (struct host_names){ 0 }, str_of(hosts[i]), STR("/b/k"),
                              &address, &query);

    char many[4000];
    memset(many, '.', sizeof many);
    memcpy(many + sizeof many - 10, ".localhost", 10);
    assert_false(address_parse(arena, (struct host_names){ 0 }, str_from(many, sizeof many),
                               STR("/b/k"), &address, &query));
    arena_free(arena);
}

TEST(an_overlong_target_or_query_is_refused)
{
    struct arena *arena = arena_new();
    struct address address;
    str query;
    char target[LIMIT_TARGET_BYTES + 1];
    memset(target, 'k', sizeof target);
    memcpy(target, "/b/", 3);
    assert_false(address_parse(arena, (struct host_names){ 0 }, STR("localhost"),
                               str_from(target, sizeof target), &address, &query));
    assert_true(address_parse(arena, (struct host_names){ 0 }, STR("localhost"),
                              str_from(target, sizeof target - 1), &address, &query));
    memset(target, '&', 200);
    memcpy(target, "/b?", 3);
    assert_false(address_parse(arena, (struct host_names){ 0 }, STR("localhost"),
                               str_from(target, 200), &address, &query));
    arena_free(arena);
}

TEST(a_query_keeps_its_order_and_its_valueless_names)
{
    struct arena *arena = arena_new();
    struct fields query;
    query_parse(arena, STR("versioning&prefix=a+b%2Bc&x=&&=v&x=2"), &query);
    assert_int_equal(query.count, 5);
    assert_str(query.at[0].name, "versioning");
    assert_null(query.at[0].value.ptr);
    assert_str(query.at[1].value, "a b+c");
    assert_str(query.at[2].name, "x");
    assert_non_null(query.at[2].value.ptr);
    assert_str(query.at[2].value, "");
    assert_str(query.at[3].name, "");
    assert_str(query.at[4].value, "2");
    query_parse(arena, STR(""), &query);
    assert_int_equal(query.count, 0);
    arena_free(arena);
}
