/* The command line taken apart, and exit codes. */
#include "tests/unit/cli/fake_server.h"

#include "cli/verbs.h"

TEST(exit_codes_follow_the_answer)
{
    static const struct {
        int line, status, code;
        const char *command;
    } rows[] = {
        { __LINE__, 200, EXIT_YES, "heal" },
        { __LINE__, 409, EXIT_NO, "wait orders/cart.json" },
        { __LINE__, 400, EXIT_REFUSED, "lag 15" },
        { __LINE__, 403, EXIT_REFUSED, "status" },
        { __LINE__, 500, EXIT_REFUSED, "reset" },
        { __LINE__, 503, EXIT_NO, "health" },
        { __LINE__, 200, EXIT_YES, "health" },
        { __LINE__, 200, EXIT_USAGE, "outage us-east-1 maybe" },
        { __LINE__, 400, EXIT_REFUSED, "outage us-east-1 on --plane ground" },
        { __LINE__, 200, EXIT_USAGE, "lag --bth" },
        { __LINE__, 404, EXIT_OWN_FAILURE, "as nobody true" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fake_answer answers[] = {
            { "/_atoll", rows[i].status, "application/json",
              "{\"detail\":\"the detail\",\"hint\":\"the hint\"}" },
            { NULL, 0, NULL, NULL },
        };
        struct fake_server fake;
        struct said said;
        (void) setenv("HOME", test_directory(), 1);
        fake_server_start(&fake, answers);
        say(&said, rows[i].command);
        fake_server_stop(&fake);
        if (said.code != rows[i].code)
            fail_msg("line %d: %s gave %d: %s", rows[i].line, rows[i].command, said.code, said.err);
        if (rows[i].code == EXIT_REFUSED) {
            assert_has(said.err, "the detail");
            assert_has(said.err, "the hint");
        }
    }
}

TEST(no_server_is_exit_3_and_125_for_as)
{
    struct fake_server fake;
    struct said said;
    fake_server_start(&fake, (struct fake_answer[]){ { NULL, 0, NULL, NULL } });
    fake_server_stop(&fake);
    say(&said, "status");
    assert_int_equal(said.code, EXIT_UNREACHED);
    assert_has(said.err, "atoll serve");
    say(&said, "as alice true");
    assert_int_equal(said.code, EXIT_OWN_FAILURE);
    say(&said, "health");
    assert_int_equal(said.code, EXIT_NO);
}

TEST(what_is_sent)
{
    static const struct {
        int line;
        const char *command, *asked;
    } rows[] = {
        { __LINE__, "lag us-east-1 eu-west-1 5s", "PATCH /_atoll/v1/links/us-east-1/eu-west-1 " },
        { __LINE__, "lag 5s", "PATCH /_atoll/v1/links/%2A/%2A {\"lag\":\"5s\"}" },
        { __LINE__, "lag a b 5s --both", "PATCH /_atoll/v1/links/b/a " },
        { __LINE__, "--json lag --bandwidth=1MB/s 5s", "\"bandwidth\":\"1MB/s\"" },
        { __LINE__, "lag --bandwidth 1MB/s 5s", "\"bandwidth\":\"1MB/s\"" },
        { __LINE__, "wait -q -- --odd-key", "\"targets\":[\"--odd-key\"]" },
        { __LINE__, "wait --region a x --region b", "\"regions\":[\"a\",\"b\"]" },
        { __LINE__, "explain --what-if --mrap o --client -33.9,151.2", "mrap=o&client=-33.9" },
        { __LINE__, "env --as alice --shell fish --mode endpoint", "shell=fish&as=alice&mode=" },
        { __LINE__, "snapshot", "GET /_atoll/v1/snapshots" },
        { __LINE__, "snapshot a", "PUT /_atoll/v1/snapshots/a" },
        { __LINE__, "snapshot a --rm", "DELETE /_atoll/v1/snapshots/a" },
        { __LINE__, "restore a/b", "POST /_atoll/v1/snapshots/a%2Fb/restore" },
        { __LINE__, "reset --to=empty", "POST /_atoll/v1/reset {\"to\":\"empty\"}" },
    };
    static const struct fake_answer answers[] = { { "/", 200, "application/json", "{}" },
                                                  { NULL, 0, NULL, NULL } };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fake_server fake;
        struct said said;
        fake_server_start(&fake, answers);
        say(&said, rows[i].command);
        fake_server_stop(&fake);
        if (said.code != EXIT_YES || strstr(fake.asked, rows[i].asked) == NULL)
            fail_msg("line %d: exit %d, asked %s%s", rows[i].line, said.code, fake.asked, said.err);
    }
}

TEST(explain_shows_where_a_signature_went_wrong)
{
    static const struct fake_answer answers[] = {
        { "/_atoll/v1/requests/", 200, "application/json",
          "{\"id\":\"1\",\"request\":{},\"signature\":{\"found\":true,\"cause\":\"the query was "
          "not "
          "sorted\",\"canonical_request\":\"GET\\n/k\\na=2&b=1\\nhost:h\","
          "\"client_canonical_request\":\"GET\\n/k\\nb=1&a=2\\nhost:h\",\"differs_at\":7}}" },
        { NULL, 0, NULL, NULL }
    };
    struct fake_server fake;
    struct said said;
    fake_server_start(&fake, answers);
    say(&said, "explain");
    fake_server_stop(&fake);
    assert_int_equal(said.code, EXIT_YES);
    assert_non_null(strstr(said.out, "signature the query was not sorted\n"
                                     "  canonical requests differ from byte 7\n"
                                     "  server  a=2&b=1\n"
                                     "  client  b=1&a=2\n"));
}

TEST(the_token_of_the_admin_api_is_read_from_its_file)
{
    static const struct {
        int line;
        const char *text, *authorization;
    } rows[] = {
        { __LINE__, "s3cret\n", "Bearer s3cret" },
        { __LINE__, "", "" },
        { __LINE__, "two\nlines", "" },
        { __LINE__, NULL, "" },
    };
    static const struct fake_answer answers[] = { { "/", 200, "application/json", "{}" },
                                                  { NULL, 0, NULL, NULL } };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fake_server fake;
        struct said said;
        char path[512];
        (void) snprintf(path, sizeof path, "%s/token", test_directory());
        if (rows[i].text)
            assert_int_equal(fs_replace_file(path, str_of(rows[i].text), 0600), 0);
        (void) setenv("ATOLL_ADMIN_TOKEN_FILE", path, 1);
        fake_server_start(&fake, answers);
        say(&said, "status");
        fake_server_stop(&fake);
        (void) unsetenv("ATOLL_ADMIN_TOKEN_FILE");
        assert_int_equal(said.code, EXIT_YES);
        if (strcmp(fake.authorization, rows[i].authorization) != 0)
            fail_msg("line %d: '%s'", rows[i].line, fake.authorization);
    }
}

TEST(wrong_flags_are_named_with_a_suggestion)
{
    static const struct {
        int line;
        const char *command, *message;
    } rows[] = {
        { __LINE__, "lag --bandwith 1MB/s",
          "unknown flag '--bandwith'. Did you mean '--bandwidth'" },
        { __LINE__, "status --jsn", "Did you mean '--json'" },
        { __LINE__, "status -x", "unknown flag '-x'" },
        { __LINE__, "status -json", "unknown flag '-json'. Did you mean '--json'" },
        { __LINE__, "lag --bandwidth", "--bandwidth needs a value: 10MB/s" },
        { __LINE__, "lag --bandwidth --both", "--bandwidth needs a value" },
        { __LINE__, "lag --both=yes a b 5s", "--both takes no value" },
        { __LINE__, "env --shell=tcsh --unset", "sh, fish and powershell" },
        { __LINE__, "env --mode sideways", "proxy or endpoint" },
        { __LINE__, "completion tcsh", "bash, zsh or fish" },
        { __LINE__, "partion a / b", "Did you mean 'partition'" },
        { __LINE__, "--jsn status", "unknown" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct said said;
        say(&said, rows[i].command);
        if (said.code != EXIT_USAGE || strstr(said.err, rows[i].message) == NULL || said.out[0])
            fail_msg("line %d: exit %d, %s", rows[i].line, said.code, said.err);
    }
}

TEST(every_verb_has_help_within_80_columns)
{
    struct said said;
    for (size_t i = 0; verbs_at(i); i++) {
        char line[64];
        (void) snprintf(line, sizeof line, "%s %s", verbs_at(i)->name, i % 2 ? "-h" : "--help");
        say(&said, line);
        assert_int_equal(said.code, EXIT_YES);
        assert_has(said.out, "usage: atoll ");
        str rest = str_of(said.out), piece;
        while (str_next(&rest, '\n', &piece))
            if (piece.size > 80)
                fail_msg("%s: %.*s", line, STR_ARG(piece));
    }
}

TEST(a_usage_line_says_which_flags_take_a_value)
{
    static const struct {
        int line;
        const char *verb, *flag, *value; /* NULL: none; "?": no such flag */
    } rows[] = {
        { __LINE__, "lag", "both", NULL },
        { __LINE__, "lag", "bandwidth", "10MB/s" },
        { __LINE__, "explain", "what-if", NULL },
        { __LINE__, "explain", "client", "CLIENT" },
        { __LINE__, "env", "shell", "sh|fish|powershell|dotenv|github|json" },
        { __LINE__, "env", "unset", NULL },
        { __LINE__, "env", "server", "URL" },
        { __LINE__, "run", "as", "CLIENT" },
        { __LINE__, "run", "", "?" },
        { __LINE__, "env", "she", "?" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct verb_flag flag = { STR_NONE, STR_NONE };
        bool known = verbs_flag(verbs_find(str_of(rows[i].verb)), str_of(rows[i].flag), &flag);
        str want = str_of(rows[i].value);
        bool right = str_is(want, "?") ? !known
                                       : known && str_is_set(flag.value) == str_is_set(want) &&
                                             str_eq(flag.value, want);
        if (!right)
            fail_msg("line %d: %d \"%.*s\"", rows[i].line, known, STR_ARG(flag.value));
    }
}

TEST(flags_may_stand_before_the_verb)
{
    static const struct {
        int line, at;
        const char *words[5];
    } rows[] = {
        { __LINE__, 1, { "atoll", "status" } },
        { __LINE__, 2, { "atoll", "--json", "status" } },
        { __LINE__, 3, { "atoll", "--server", "http://x", "status" } },
        { __LINE__, 2, { "atoll", "--server=http://x", "status", "-q" } },
        { __LINE__, 0, { "atoll", "-q" } },
        { __LINE__, 2, { "atoll", "--both", "lag" } },
        { __LINE__, 3, { "atoll", "--within", "30s", "wait" } },
        { __LINE__, 2, { "atoll", "--replication", "tail" } },
        { __LINE__, 3, { "atoll", "--replication", "fail", "fault" } },
        { __LINE__, 0, { "atoll", "--bogus", "lag" } },
        { __LINE__, 0, { "atoll" } },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *argv[6] = { NULL };
        int argc = 0;
        for (; argc < 5 && rows[i].words[argc]; argc++)
            argv[argc] = str_c(arena, str_of(rows[i].words[argc]));
        if (cli_verb_at(argc, argv) != rows[i].at)
            fail_msg("line %d: %d", rows[i].line, cli_verb_at(argc, argv));
    }
    arena_free(arena);
}

TEST(completion_knows_every_verb)
{
    static const char *const shells[] = { "completion bash", "completion zsh", "completion fish" };
    struct said said;
    for (size_t s = 0; s < COUNT(shells); s++) {
        say(&said, shells[s]);
        assert_int_equal(said.code, EXIT_YES);
        for (size_t i = 0; verbs_at(i); i++)
            assert_has(said.out, verbs_at(i)->name);
        assert_has(said.out, "serve");
    }
}
