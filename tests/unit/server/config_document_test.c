/* Documents that are not sound are told all at once, with line, column and a way out. */
#include "tests/unit/server/config_fixture.h"

struct refused {
    int line;
    const char *text, *said; /* whole when it ends in a newline, else the beginning */
};

static void refuse_all(const struct refused *rows, size_t count)
{
    struct config_case c;
    config_case_open(&c);
    for (size_t i = 0; i < count; i++) {
        config_case_text(&c, rows[i].text);
        str said = config_case_said(&c), expected = str_of(rows[i].said);
        bool whole = expected.ptr[expected.size - 1] == '\n';
        if (c.sound || !(whole ? str_eq(said, expected) : str_starts(said, expected)))
            fail_msg("line %d said:\n%.*s", rows[i].line, STR_ARG(said));
    }
    config_case_close(&c);
}

TEST(settings_that_are_not_sound_say_where_and_what)
{
    static const struct refused rows[] = {
        { __LINE__, "", "config:1:1: " },
        { __LINE__, "[]", "config:1:1: must be an object, not a list\n" },
        { __LINE__, "{\n \"version\": 2 }", "config:2:13: version: this atoll reads version 1\n" },
        { __LINE__, "{ \"acount\": \"123456789012\" }",
          "config:1:13: acount: unknown key 'acount' (did you mean 'account'?)\n" },
        { __LINE__, "{ \"fautls\": [] }",
          "config:1:13: fautls: unknown key 'fautls' (did you mean 'faults'?)\n" },
        { __LINE__, "{ \"seed\": 1, \"seed\": 2 }", "config:1:" },
        { __LINE__, "{ \"server\": { \"lissen\": \"127.0.0.1:1\" } }",
          "config:1:25: server.lissen: unknown key 'lissen' (did you mean 'listen'?)\n" },
        { __LINE__, "{ \"server\": { \"log\": { \"levl\": \"info\" } } }",
          "config:1:32: server.log.levl: unknown key 'levl' (did you mean 'level'?)\n" },
        { __LINE__, "{ \"server\": { \"auth\": \"relaxd\" } }",
          "config:1:23: server.auth: 'relaxd' is none of off, relaxed, strict (did you mean "
          "'relaxed'?)\n" },
        { __LINE__, "{ \"server\": { \"grace\": 5 } }",
          "config:1:24: server.grace: must be a string, not a number\n"
          "config:1:24: server.grace: a number has no unit: write \"5s\"\n" },
        { __LINE__, "{ \"server\": { \"strict\": \"yes\" } }",
          "config:1:25: server.strict: must be true or false, not a string\n" },
        { __LINE__, "{ \"server\": [] }", "config:1:13: server: must be an object, not a list\n" },
        { __LINE__, "{ \"server\": { \"listen\": [\"127.0.0.1:1\", \"here\"] } }",
          "config:1:41: server.listen[1]: 'here' is not an address to listen on: write "
          "127.0.0.1:28655 or [::1]:28655\n" },
        { __LINE__, "{ \"clock\": { \"rate\": 0 } }",
          "config:1:22: clock.rate: must lie between 0.001 and 1000000\n" },
        { __LINE__, "{ \"seed\": 1.5 }", "config:1:11: seed: '1.5' is not a whole number\n" },
    };
    refuse_all(rows, COUNT(rows));
}

TEST(regions_that_are_not_sound_say_where_and_what)
{
    static const struct refused rows[] = {
        { __LINE__, "{ \"regions\": [\"us-est-1\"] }",
          "config:1:15: regions[0]: unknown region 'us-est-1' (did you mean 'us-east-1'?)\n" },
        { __LINE__, "{ \"regions\": { \"us-est-1\": { } } }",
          "config:1:28: regions.us-est-1: unknown region 'us-est-1' (did you mean "
          "'us-east-1'?)\n" },
        { __LINE__, "{ \"regions\": { \"us-east-1\": { \"enabled\": false } } }",
          "config:1:42: regions.us-east-1.enabled: us-east-1 is enabled by default and cannot be "
          "disabled: only opt-in Regions, such as af-south-1, can\n" },
        { __LINE__, "{ \"regions\": { \"af-south-1\": { \"enabled\": \"no\" } } }",
          "config:1:43: regions.af-south-1.enabled: must be true or false, not a string\n" },
        { __LINE__, "{ \"regions\": { \"us-east-1\": { \"skew\": \"soon\" } } }",
          "config:1:39: regions.us-east-1.skew: 'soon' is no duration up to 365d: write how "
          "far this Region's clock is ahead, as 5m\n" },
        { __LINE__, "{ \"regions\": { \"us-east-1\": { \"scew\": \"5m\" } } }",
          "config:1:39: regions.us-east-1.scew: unknown key 'scew' (did you mean 'skew'?)\n" },
        { __LINE__, "{ \"regions\": \"us-east-1\" }",
          "config:1:14: regions: must be an object, not a string\n" },
        { __LINE__,
          "{ \"server\": { \"strict\": true }, \"buckets\": { \"abc\": { \"region\": "
          "\"me-south-1\" } } }",
          "config:1:53: buckets.abc.region: with --strict the opt-in Region 'me-south-1' is "
          "disabled, as in a new AWS account: say \"regions\": {\"me-south-1\": {\"enabled\": "
          "true}}\n" },
    };
    refuse_all(rows, COUNT(rows));
}

TEST(a_world_that_is_not_sound_says_where_and_what)
{
    static const struct refused rows[] = {
        { __LINE__, "{ \"buckets\": { \"orders-use1\": { \"region\": \"us-est-1\" } } }",
          "config:1:43: buckets.orders-use1.region: unknown region 'us-est-1' (did you mean "
          "'us-east-1'?)\n" },
        { __LINE__, "{ \"links\": { \"*\": { \"overrides\": [ { \"lag\": \"1m\" } ] } } }",
          "config:1:36: links.*.overrides[0]: needs a \"rule\" or a \"prefix\"\n" },
        { __LINE__, "{ \"links\": { \"*\": { \"overrides\": [ { \"prefix\": \"a\" } ] } } }",
          "config:1:36: links.*.overrides[0]: needs a \"lag\"\n" },
        { __LINE__, "{ \"buckets\": { \"abc\": { } } }",
          "config:1:23: buckets.abc: needs a \"region\"\n" },
        { __LINE__, "{ \"buckets\": { \"a_b_c\": { \"region\": \"eu-west-1\" } } }",
          "config:1:25: buckets.a_b_c: 'a_b_c' is no bucket name: 3 to 63 lowercase letters, "
          "digits, dots and hyphens\n" },
        { __LINE__,
          "{ \"buckets\": { \"abc\": { \"region\": \"eu-west-1\", \"versioning\": "
          "\"enabeld\" } } }",
          "config:1:62: buckets.abc.versioning: 'enabeld' is none of off, enabled, suspended (did "
          "you mean 'enabled'?)\n" },
        { __LINE__,
          "{ \"buckets\": { \"abc\": { \"region\": \"eu-west-1\", \"objects\": { \"k\": {} } } } }",
          "config:1:66: buckets.abc.objects.k: needs either \"text\" or \"file\"\n" },
        { __LINE__,
          "{ \"buckets\": { \"abc\": { \"region\": \"eu-west-1\", \"objects\": { \"k\": "
          "{ \"file\": \"/etc/passwd\" } } } } }",
          "config:1:76: buckets.abc.objects.k.file: only a configuration that is itself a file can "
          "name one\n" },
        { __LINE__, "{ \"mraps\": { \"orders\": { \"buckets\": [\"abc\"] } } }",
          "config:1:24: mraps.orders.buckets[0]: unknown bucket 'abc'\n" },
        { __LINE__, "{ \"mraps\": { \"orders\": { \"alias\": \"Orders\", \"buckets\": [] } } }",
          "config:1:35: mraps.orders.alias: 'Orders' is no alias: lowercase letters and digits, "
          "then .mrap\n"
          "config:1:56: mraps.orders.buckets: needs at least one bucket\n" },
        { __LINE__, "{ \"replication\": [ { \"link\": \"abc > abd\" } ] }",
          "config:1:30: replication[0].link: 'abc > abd' is no link: write \"source -> "
          "destination\", or <-> for both\n" },
        { __LINE__, "{ \"links\": { \"us-east-1 -> eu-wst-1\": {} } }",
          "config:1:39: links.us-east-1 -> eu-wst-1: unknown region 'eu-wst-1' (did you mean "
          "'eu-west-1'?)\n" },
        { __LINE__, "{ \"links\": { \"*\": { \"bandwidth\": \"10\" } } }",
          "config:1:34: links.*.bandwidth: '10' is no bandwidth: write 10MB/s, 512KiB/s or "
          "unlimited\n" },
        { __LINE__, "{ \"clients\": { \"alice\": { \"at\": \"pariss\" } } }",
          "config:1:33: clients.alice.at: unknown place 'pariss' (did you mean 'paris'?): a "
          "Region, a city or [latitude, longitude]\n" },
        { __LINE__, "{ \"clients\": { \"ship\": { \"at\": [91, 0] } } }",
          "config:1:32: clients.ship.at: a point on the map is [latitude, longitude]\n" },
        { __LINE__, "{ \"clients\": { \"alice\": {} } }",
          "config:1:25: clients.alice: needs an \"at\": where it is\n" },
        { __LINE__,
          "{ \"clients\": { \"alice\": { \"at\": \"paris\" } }, \"client_networks\": { "
          "\"10.0.0.0/33\": \"alicce\" } }",
          "config:1:82: client_networks.10.0.0.0/33: '10.0.0.0/33' is no network: write "
          "172.30.1.0/24\n"
          "config:1:82: client_networks.10.0.0.0/33: unknown client 'alicce' (did you mean "
          "'alice'?)\n" },
        { __LINE__, "{ \"accounts\": { \"12\": {} } }",
          "config:1:23: accounts.12: '12' is not an account: it has 12 digits\n" },
    };
    refuse_all(rows, COUNT(rows));
}

#define TWO_BUCKETS                                                                                \
    "\"buckets\": {\n"                                                                             \
    " \"one\": { \"region\": \"us-east-1\", \"versioning\": \"enabled\" },\n"                      \
    " \"two\": { \"region\": \"eu-west-1\", \"versioning\": \"enabled\" },\n"                      \
    " \"bare\": { \"region\": \"eu-west-1\" }\n},\n"

TEST(names_must_be_declared_and_go_together)
{
    static const struct {
        int line;
        const char *text, *said;
    } rows[] = {
        { __LINE__,
          "{" TWO_BUCKETS "\"mraps\": { \"abc\": { \"buckets\": [\"one\", \"twoo\"] } } }",
          "mraps.abc.buckets[1]: unknown bucket 'twoo' (did you mean 'two'?)\n" },
        { __LINE__,
          "{" TWO_BUCKETS "\"mraps\": { \"abc\": { \"buckets\": [\"bare\", \"two\"] } } }",
          "'bare' and 'two' are both in 'eu-west-1': one bucket of a Region\n" },
        { __LINE__,
          "{" TWO_BUCKETS "\"mraps\": { \"abc\": { \"buckets\": [\"one\", \"two\"], "
          "\"routes\": { \"us-east-1\": \"passive\", \"eu-west-1\": 0 } } } }",
          "mraps.abc.routes: at least one Region must be active\n" },
        { __LINE__,
          "{" TWO_BUCKETS "\"mraps\": { \"abc\": { \"buckets\": [\"one\", \"two\"], "
          "\"routes\": { \"eu-west-2\": 30 } } } }",
          "no bucket of this access point is in 'eu-west-2' (did you mean 'eu-west-1'?)\n" },
        { __LINE__,
          "{" TWO_BUCKETS "\"mraps\": { \"abc\": { \"buckets\": [\"one\"], "
          "\"routes\": { \"us-east-1\": 101 } } } }",
          "mraps.abc.routes.us-east-1: a dial is a whole number from 0 to 100\n" },
        { __LINE__,
          "{" TWO_BUCKETS "\"mraps\": { \"abc\": { \"alias\": \"x.mrap\", \"buckets\": [\"one\"] },"
          "\"abd\": { \"alias\": \"x.mrap\", \"buckets\": [\"two\"] } } }",
          "mraps.abd: 'abc' has this alias already\n" },
        { __LINE__, "{" TWO_BUCKETS "\"replication\": [ { \"link\": \"one -> bare\" } ] }",
          "replication[0]: replication needs \"versioning\": \"enabled\" in bucket 'bare'\n" },
        { __LINE__, "{" TWO_BUCKETS "\"replication\": [ { \"link\": \"one <-> tow\" } ] }",
          "replication[0]: unknown bucket 'tow'" },
        { __LINE__, "{" TWO_BUCKETS "\"replication\": [ { \"link\": \"one -> one\" } ] }",
          "replication[0].link: a bucket cannot replicate to itself\n" },
        { __LINE__,
          "{" TWO_BUCKETS "\"replication\": [ { \"link\": \"one -> two\", "
          "\"storage_class\": \"COLD\" } ] }",
          "replication[0]: S3 would refuse the rules of 'one': " },
        { __LINE__, "{" TWO_BUCKETS "\"regions\": [\"us-east-1\"] }",
          "buckets.two.region: 'eu-west-1' is not in the list of \"regions\"\n" },
        { __LINE__,
          "{ \"server\": { \"strict\": true }, " TWO_BUCKETS
          "\"mraps\": { \"abc\": { \"buckets\": [\"one\"], \"routes\": { \"us-east-1\": 30 } "
          "} } }",
          "mraps.abc.routes: with --strict a dial is 0 or 100, as on AWS, not 30\n" },
        { __LINE__,
          "{ \"links\": { \"us-east-1 <-> eu-west-1\": { \"lag\": \"1s\" },\n"
          " \"eu-west-1 -> us-east-1\": {} } }",
          "config:2:28: links.eu-west-1 -> us-east-1: this way is already set in line 1\n" },
        { __LINE__,
          "{ \"accounts\": { \"111122223333\": { \"keys\": { \"bob\": \"s\" } } },"
          " \"clients\": { \"bob\": { \"at\": \"paris\" } } }",
          "clients.bob: access key 'bob' has another secret elsewhere\n" },
    };
    struct config_case c;
    config_case_open(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        config_case_text(&c, rows[i].text);
        str said = config_case_said(&c);
        if (c.sound || str_find(said, str_of(rows[i].said)) == said.size)
            fail_msg("line %d said:\n%.*s", rows[i].line, STR_ARG(said));
    }
    config_case_close(&c);
}

TEST(problems_come_in_the_order_of_the_file)
{
    struct config_case c;
    config_case_open(&c);
    config_case_text(&c, "{\n"
                         "  \"mraps\": { \"ab\": { \"buckets\": [\"abc\"] } },\n"
                         "  \"buckets\": { \"abc\": { \"region\": \"nowhere\" } },\n"
                         "  \"sed\": 7\n"
                         "}\n");
    assert_false(c.sound);
    str rest = config_case_said(&c), piece;
    unsigned lines = 0;
    while (rest.size > 0 && str_next(&rest, '\n', &piece)) {
        str prefix = str_format(c.arena, "config:%u:", 2 + lines++);
        if (!str_starts(piece, prefix))
            fail_msg("%.*s", STR_ARG(config_case_said(&c)));
    }
    assert_int_equal(lines, 3);
    config_case_close(&c);
}

TEST(a_flood_of_problems_is_cut)
{
    struct config_case c;
    struct buf text;
    config_case_open(&c);
    buf_init_arena(&text, c.arena, 1 << 20);
    buf_add(&text, STR("{"));
    for (unsigned i = 0; i < 250; i++)
        buf_addf(&text, "\"wrong%u\": 1,", i);
    buf_add(&text, STR("}"));
    config_case_text(&c, str_c(c.arena, buf_str(&text)));
    assert_false(c.sound);
    assert_true(str_ends(config_case_said(&c), STR("and 150 more\n")));
    config_case_close(&c);
}

TEST(the_template_and_the_demo_are_sound)
{
    struct config_case c;
    config_case_open(&c);
    config_case_file(&c, config_template().ptr, "", NULL);
    assert_str(config_case_said(&c), "");
    assert_true(c.sound);
    assert_int_equal(c.config.document.bucket_count, 3);
    assert_int_equal(c.config.document.rule_count, 6);
    assert_int_equal(c.config.document.mraps[0].dials[2], 0);
    assert_str(c.config.settings.lag, "fixed(3s)");
    assert_true(c.config.settings.seed_given && c.config.settings.seed == 7);

    config_case_read(&c, "--demo", NULL);
    assert_str(config_case_said(&c), "");
    assert_true(c.sound && c.config.settings.demo);
    assert_true(c.config.settings.clock_mode == CLOCK_AUTO && c.config.settings.clock_mode_given);
    assert_str(c.config.settings.lag, "fixed(15s)");
    assert_str(c.config.document.mraps[0].alias, "orders.mrap");
    assert_int_equal(c.config.document.rule_count, 6);
    assert_int_equal(c.config.document.buckets[0].object_count, 3);
    assert_int_equal(c.config.document.client_count, 3);
    assert_true(c.config.document.rules[0].delete_markers);
    config_case_close(&c);
}

TEST(what_is_shown_can_be_loaded_again)
{
    struct config_case c;
    config_case_open(&c);
    config_case_file(&c, config_template().ptr, "", NULL);
    struct buf first, second;
    buf_init_arena(&first, c.arena, 1 << 20);
    buf_init_arena(&second, c.arena, 1 << 20);
    config_show(&c.config, &first);
    config_case_text(&c, str_c(c.arena, buf_str(&first)));
    assert_str(config_case_said(&c), "");
    config_show(&c.config, &second);
    struct json_error error;
    assert_non_null(json_parse(c.arena, buf_str(&first), &error));
    /* ca_dir is of this machine, so the file's and the text's differ only there. */
    str a = buf_str(&first), b = buf_str(&second);
    assert_true(str_eq(a, b));
    config_case_close(&c);
}

TEST(secrets_are_not_shown)
{
    struct config_case c;
    struct buf shown;
    config_case_open(&c);
    config_case_text(&c, "{ \"accounts\": { \"111122223333\": { \"keys\": { \"AKIAX\": \"deep1\" "
                         "} } }, \"clients\": { \"bob\": { \"at\": \"paris\", \"secret_key\": "
                         "\"deep2\" } } }");
    assert_true(c.sound);
    buf_init_arena(&shown, c.arena, 1 << 20);
    config_show(&c.config, &shown);
    assert_true(str_find(buf_str(&shown), STR("deep")) == shown.size);
    assert_true(str_find(buf_str(&shown), STR("AKIAX")) < shown.size);
    config_case_close(&c);
}

TEST(a_file_of_an_object_is_sought_beside_the_configuration)
{
    struct config_case c;
    config_case_open(&c);
    config_case_file(&c,
                     "{ \"buckets\": { \"abc\": { \"region\": \"eu-west-1\", \"objects\": { \"k\": "
                     "{ \"file\": \"f/x.png\", \"content_type\": \"image/png\", \"metadata\": { "
                     "\"Who\": \"me\" } } } } } }",
                     "", NULL);
    assert_str(config_case_said(&c), "");
    const struct config_object *object = &c.config.document.buckets[0].objects[0];
    assert_str(object->file, str_format(c.arena, "%s/f/x.png", c.directory).ptr);
    assert_str(fields_get_exact(&object->meta, "x-amz-meta-who"), "me");
    assert_str(fields_get_exact(&object->meta, "Content-Type"), "image/png");
    config_case_close(&c);
}

TEST(regions_by_code_are_shown_as_they_were_said)
{
    static const struct {
        int line;
        const char *said, *shown;
    } rows[] = {
        { __LINE__,
          "{ \"af-south-1\": { \"enabled\": false }, \"us-east-1\": { \"skew\": \"5m\" } }",
          "\"regions\":{\"af-south-1\":{\"enabled\":false},\"us-east-1\":{\"skew\":\"5m\"}}" },
        { __LINE__, "[\"us-east-1\", \"me-south-1\"]",
          "\"regions\":[\"me-south-1\",\"us-east-1\"]" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_case c;
        struct buf shown;
        config_case_open(&c);
        config_case_text(&c, str_format(c.arena, "{ \"regions\": %s }", rows[i].said).ptr);
        assert_true(c.sound);
        buf_init_arena(&shown, c.arena, 1 << 20);
        config_show(&c.config, &shown);
        if (str_find(buf_str(&shown), str_of(rows[i].shown)) == shown.size)
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(buf_str(&shown)));
        config_case_close(&c);
    }
}
