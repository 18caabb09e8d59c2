/* --admin-token-file: which calls need the token, and what stands for one. */
#include "tests/unit/server/config_fixture.h"
#include "tests/unit/server/s3_wire.h"

TEST(all_but_the_open_calls_need_the_token)
{
    static const struct {
        int line;
        const char *path, *authorization;
        int status;
    } rows[] = {
        { __LINE__, "/_atoll/v1/status", NULL, 401 },
        { __LINE__, "/_atoll/v1/status", "", 401 },
        { __LINE__, "/_atoll/v1/status", "Bearer", 401 },
        { __LINE__, "/_atoll/v1/status", "Bearer ", 401 },
        { __LINE__, "/_atoll/v1/status", "Bearer s3cre", 401 },
        { __LINE__, "/_atoll/v1/status", "Bearer s3creT", 401 },
        { __LINE__, "/_atoll/v1/status", "Bearer s3crets", 401 },
        { __LINE__, "/_atoll/v1/status", "Basic s3cret", 401 },
        { __LINE__, "/_atoll/v1/status", "Bearer s3cret", 200 },
        { __LINE__, "/_atoll/v1/status", "bearer  s3cret ", 200 },
        { __LINE__, "/_atoll/metrics", NULL, 401 },
        { __LINE__, "/_atoll/health/live", NULL, 200 },
    };
    struct wire *wire = wire_open();
    wire->settings.admin_token = STR("s3cret");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct got got =
            wire_with(wire, "GET", rows[i].path, "", { "Host", "localhost" },
                      { rows[i].authorization ? "Authorization" : NULL, rows[i].authorization });
        if (got.status != rows[i].status)
            fail_msg("line %d: %d %.*s", rows[i].line, got.status, STR_ARG(got.body));
        assert_false(wire_says(&got, "s3cret"));
        if (got.status == 401)
            assert_str(wire_header(&got, "WWW-Authenticate"), "Bearer realm=\"atoll\"");
    }
    /* What changes something needs it before anything else is said of the call. */
    struct got got =
        wire_with(wire, "POST", "/_atoll/v1/reset", "nonsense", { "Host", "localhost" });
    assert_status(got, 401);
    /* S3 is not the admin API. */
    got = wire_ask(wire, "GET", "/", "");
    assert_status(got, 200);
    wire_close(wire);
}

TEST(the_token_is_read_from_its_file)
{
    static const struct {
        int line;
        const char *text, *token; /* NULL: not there; NULL: refused */
    } rows[] = {
        { __LINE__, "s3cret\n", "s3cret" },
        { __LINE__, "s3cret", "s3cret" },
        { __LINE__, "", NULL },
        { __LINE__, " \n", NULL },
        { __LINE__, NULL, NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_case c;
        config_case_open(&c);
        str path = str_format(c.arena, "%s/token", c.directory);
        if (rows[i].text)
            assert_int_equal(fs_replace_file(path.ptr, str_of(rows[i].text), 0600), 0);
        str flags = str_format(c.arena, "--admin-token-file %s", path.ptr);
        config_case_read(&c, flags.ptr, NULL);
        assert_true(c.sound);
        str error = STR_NONE;
        bool read = config_read_token(c.arena, &c.config.settings, &error);
        if (read != (rows[i].token != NULL) ||
            (read && !str_is(c.config.settings.admin_token, rows[i].token)))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(error));
        if (!read)
            assert_true(str_starts(error, STR("--admin-token-file ")));
        config_case_close(&c);
    }
}
