/* Flags, variables and the file: how each is written, which wins, what is refused. */
#include "tests/unit/server/config_fixture.h"

#include "server/config_table.h"
#include "server/config_value.h"

/* A value that no setting has by default. */
static const char *sample(const struct setting *setting)
{
    switch (setting->type) {
    case SET_TEXT:
    case SET_DATA:
        return "/some/where";
    case SET_BOOL:
        return strcmp(setting->fallback, "true") == 0 ? "false" : "true";
    case SET_WORD:
    case SET_EITHER:
    case SET_NAME: {
        static char last[32];
        str word, found = STR_NONE;
        for (size_t i = 0; str_is_set(word = config_table_word(setting->words, i)); i++)
            if (!str_is(word, setting->fallback))
                found = word;
        memcpy(last, found.ptr, found.size);
        last[found.size] = '\0';
        return last;
    }
    case SET_U64:
    case SET_COUNT:
    case SET_INT:
        return "77";
    case SET_REAL:
        return "2.5";
    case SET_DURATION:
        return "42s";
    case SET_SIZE:
        return "3KiB";
    case SET_INSTANT:
        return "2026-01-02T03:04:05.000Z";
    case SET_ACCOUNT:
        return "210987654321";
    case SET_LAG:
        return "uniform(1s,2s)";
    case SET_LISTEN:
        return "127.0.0.1:1,[::1]:2";
    case SET_HOSTS:
        return "atoll.test,s3.test";
    case SET_ALIASES:
        return "minio:9000=localhost,s3.test=[::1]:28655";
    }
    return "";
}

/* These decide what is read, or end the start. */
static bool steers(const struct setting *setting)
{
    static const char *const names[] = { "config", "demo", "help" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(setting->flag, names[i]) == 0)
            return true;
    return false;
}

TEST(every_flag_and_variable_comes_back_as_it_was_said)
{
    struct config_case c;
    config_case_open(&c);
    for (size_t i = 0; i < config_table_count(); i++) {
        const struct setting *setting = config_table_at(i);
        const char *value = sample(setting);
        if (steers(setting))
            continue;
        for (unsigned way = 0; way < 3; way++) {
            str variable = config_table_variable(c.arena, setting);
            char *env[] = { NULL, NULL };
            const char *flags = "";
            if (way == 0)
                flags = str_format(c.arena, "--%s=%s", setting->flag, value).ptr;
            else if (way == 1 && setting->type != SET_BOOL)
                flags = str_format(c.arena, "--%s %s", setting->flag, value).ptr;
            else
                env[0] = str_c(c.arena, str_format(c.arena, "%s=%s", variable.ptr, value));
            config_case_read(&c, flags, env);
            if (!c.sound)
                fail_msg("--%s: %.*s", setting->flag, STR_ARG(config_case_said(&c)));
            assert_str(config_value_text(c.arena, &c.config, setting), value);
            const struct config_origin *origin = &c.config.origins[i];
            assert_int_equal(origin->source, env[0] ? CONFIG_ENVIRONMENT : CONFIG_FLAG);
            assert_str(origin->where,
                       env[0] ? variable.ptr : str_format(c.arena, "--%s", setting->flag).ptr);
        }
    }
    config_case_close(&c);
}

TEST(every_setting_of_the_file_comes_back_as_it_was_said)
{
    struct config_case c;
    config_case_open(&c);
    for (size_t i = 0; i < config_table_count(); i++) {
        const struct setting *setting = config_table_at(i);
        if (setting->path == NULL)
            continue;
        bool bare = setting->type == SET_BOOL || setting->type == SET_COUNT ||
                    setting->type == SET_REAL || setting->type == SET_U64;
        struct buf text;
        buf_init_arena(&text, c.arena, 4096);
        str rest = str_of(setting->path), piece;
        unsigned depth = 0;
        while (str_next(&rest, '.', &piece)) {
            buf_addf(&text, "{\"%.*s\":", STR_ARG(piece));
            depth++;
        }
        buf_addf(&text, bare ? "%s" : "\"%s\"", sample(setting));
        while (depth-- > 0)
            buf_add_char(&text, '}');
        config_case_file(&c, str_c(c.arena, buf_str(&text)), "", NULL);
        if (!c.sound)
            fail_msg("%s: %.*s", setting->path, STR_ARG(config_case_said(&c)));
        assert_str(config_value_text(c.arena, &c.config, setting), sample(setting));
        assert_int_equal(c.config.origins[i].source, CONFIG_FILE);
    }
    config_case_close(&c);
}

TEST(flags_win_over_variables_and_these_over_the_file)
{
    char *env[] = { (char[]){ "ATOLL_JOURNAL=2" }, (char[]){ "ATOLL_GRACE=2s" },
                    (char[]){ "ATOLL_LISTEN=127.0.0.1:2,127.0.0.1:22" }, (char[]){ "ATOLL_LAG=2s" },
                    NULL };
    const char *file =
        "{ \"server\": { \"journal\": 1, \"grace\": \"1s\", \"workers\": 1,"
        " \"listen\": [\"127.0.0.1:1\"] }, \"links\": { \"*\": { \"lag\": \"1s\" } } }";
    struct config_case c;
    config_case_open(&c);
    config_case_file(&c, file, "--journal 3 -l 127.0.0.1:3 -l127.0.0.1:33", env);
    assert_str(config_case_said(&c), "");
    assert_int_equal(c.config.settings.journal, 3);
    assert_true(c.config.settings.grace.ns == DURATION_S(2).ns);
    assert_int_equal(c.config.settings.workers, 1);
    assert_int_equal(c.config.settings.listen_count, 2);
    assert_str(c.config.settings.listen[1], "127.0.0.1:33");
    assert_str(c.config.settings.lag, "2s");
    config_case_read(&c, "", env);
    assert_int_equal(c.config.settings.listen_count, 2);
    assert_str(c.config.settings.listen[0], "127.0.0.1:2");

    struct buf shown;
    buf_init_arena(&shown, c.arena, 1 << 16);
    config_show_origins(&c.config, &shown);
    str text = buf_str(&shown);
    assert_true(str_find(text, STR("ATOLL_JOURNAL\n")) < text.size);
    assert_true(str_find(text, STR("atoll.json:1:")) < text.size);
    assert_true(str_find(text, STR(" default\n")) < text.size);
    config_case_close(&c);
}

TEST(flags_that_are_not_sound_are_told_all_at_once)
{
    static const struct {
        int line;
        const char *flags, *said;
    } rows[] = {
        { __LINE__, "--lissen x",
          "unknown flag '--lissen' (did you mean '--listen'?)\n"
          "unexpected argument 'x'\n" },
        { __LINE__, "-z", "unknown flag '-z'\n" },
        { __LINE__, "--grace", "--grace: needs a value: DUR\n" },
        { __LINE__, "--auth", "--auth: needs a value: off|relaxed|strict\n" },
        { __LINE__, "--grace --strict", "--grace: needs a value: DUR\n" },
        { __LINE__, "--grace 5", "--grace: '5' is not a duration: write 250ms, 15s, 2m or 1h\n" },
        { __LINE__, "--grace 2h", "--grace: must lie between 0 and 3600 seconds\n" },
        { __LINE__, "--data=", "--data: needs a value: memory|DIR\n" },
        { __LINE__, "--no-data", "unknown flag '--no-data'\n" },
        { __LINE__, "--no-hints=1", "--no-hints: takes no value\n" },
        { __LINE__, "--strict=maybe", "--strict: 'maybe' is not true or false\n" },
        { __LINE__, "--clock autoo",
          "--clock: 'autoo' is none of real, manual, auto (did you mean 'auto'?)\n" },
        { __LINE__, "--preset slow",
          "--preset: 'slow' is none of default, instant, aws-like, hostile\n" },
        { __LINE__, "--clock-start yesterday",
          "--clock-start: 'yesterday' is not a time: write now or 2026-01-02T03:04:05Z\n" },
        { __LINE__, "--account 12", "--account: '12' is not an account: it has 12 digits\n" },
        { __LINE__, "--seed -1", "--seed: must lie between 0 and 9007199254740992\n" },
        { __LINE__, "--part-min-size 5",
          "--part-min-size: '5' is not a size: write 512B, 64KiB "
          "or 10MB\n" },
        { __LINE__, "--host-name s3.amazonaws.com",
          "--host-name: 's3.amazonaws.com' is not a name of our own: AWS's are known already\n" },
        { __LINE__, "--listen 28655",
          "--listen: '28655' is not an address to listen on: write 127.0.0.1:28655 or "
          "[::1]:28655\n" },
        { __LINE__, "--listen 127.0.0.1:65536",
          "--listen: '127.0.0.1:65536' is not an address to listen on: write 127.0.0.1:28655 or "
          "[::1]:28655\n" },
        { __LINE__, "--proxy-other tunnel -l 0.0.0.0:1",
          "--proxy-other: tunnelling is for loopback listeners only, and 0.0.0.0:1 is not one\n" },
        { __LINE__, "serve", "unexpected argument 'serve'\n" },
        { __LINE__, "-- pytest", "unexpected argument 'pytest'\n" },
        { __LINE__, "--config nowhere.json",
          "--config: cannot read nowhere.json: No such file or directory\n" },
        { __LINE__, "--demo -c x.json",
          "--demo: goes without a file: leave out --config\n"
          "--config: cannot read x.json: No such file or directory\n" },
    };
    struct config_case c;
    config_case_open(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        config_case_read(&c, rows[i].flags, NULL);
        if (c.sound || !str_is(config_case_said(&c), rows[i].said))
            fail_msg("line %d said:\n%.*s", rows[i].line, STR_ARG(config_case_said(&c)));
    }
    config_case_close(&c);
}

TEST(switches_go_both_ways)
{
    static const struct {
        int line;
        const char *flags, *variable;
        bool hints, strict;
    } rows[] = {
        { __LINE__, "", "A=1", true, false },
        { __LINE__, "--no-hints", "A=1", false, false },
        { __LINE__, "--no-hints --hints", "A=1", true, false },
        { __LINE__, "--hints=off --strict", "A=1", false, true },
        { __LINE__, "", "ATOLL_HINTS=0", false, false },
        { __LINE__, "", "ATOLL_NO_HINTS=1", false, false },
        { __LINE__, "", "ATOLL_NO_HINTS=false", true, false },
        { __LINE__, "", "ATOLL_STRICT=yes", true, true },
        { __LINE__, "--no-strict", "ATOLL_STRICT=1", true, false },
        { __LINE__, "", "ATOLL_STRICT=", true, false },
    };
    struct config_case c;
    config_case_open(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *env[] = { str_c(c.arena, str_of(rows[i].variable)), NULL };
        config_case_read(&c, rows[i].flags, env);
        if (!c.sound || c.config.settings.hints != rows[i].hints ||
            c.config.settings.strict != rows[i].strict)
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(config_case_said(&c)));
    }
    config_case_close(&c);
}

TEST(a_configuration_is_found_where_people_keep_it)
{
    struct config_case c;
    config_case_open(&c);
    str home = str_format(c.arena, "%s/home", c.directory);
    str folder = str_format(c.arena, "%s/.config/atoll", home.ptr);
    str file = str_format(c.arena, "%s/atoll.json", folder.ptr);
    char *env[] = { str_c(c.arena, str_format(c.arena, "HOME=%s", home.ptr)), NULL, NULL };
    c.directory = str_c(c.arena, str_format(c.arena, "%s/work", c.directory));
    assert_int_equal(fs_make_dirs(fs_real(), folder.ptr), 0);
    assert_int_equal(fs_make_dirs(fs_real(), c.directory), 0);

    config_case_read(&c, "", env);
    assert_true(c.sound && c.config.source.size == 0);
    assert_str(c.config.settings.ca_dir,
               str_format(c.arena, "%s/.local/share/atoll/ca", home.ptr).ptr);
    assert_false(c.config.settings.seed_given);
    assert_int_equal(fs_replace_file(file.ptr, STR("{ \"seed\": 5 }"), 0600), 0);
    config_case_read(&c, "", env);
    assert_str(c.config.source, file.ptr);
    assert_true(c.config.settings.seed == 5);
    config_case_file(&c, "{ \"seed\": 6 }", "", env);
    assert_true(c.config.settings.seed == 6);
    env[1] = str_c(c.arena, str_format(c.arena, "ATOLL_CONFIG=%s", file.ptr));
    config_case_read(&c, "", env);
    assert_true(c.config.settings.seed == 5);
    env[1] = (char[]){ "ATOLL_CONFIG_JSON={\"seed\": 8}" };
    config_case_read(&c, "", env);
    assert_true(c.config.settings.seed == 8);
    config_case_read(&c, str_format(c.arena, "-c %s", file.ptr).ptr, env);
    assert_true(c.config.settings.seed == 5);
    env[1] = (char[]){ "ATOLL_DEMO=1" };
    config_case_read(&c, "", env);
    assert_true(c.sound && c.config.settings.demo);
    assert_int_equal(c.config.document.mrap_count, 1);
    config_case_read(&c, str_format(c.arena, "-c %s", file.ptr).ptr, env);
    assert_true(c.sound && !c.config.settings.demo && c.config.settings.seed == 5);
    config_case_close(&c);
}

TEST(a_small_world_fits_in_variables)
{
    char *env[] = { (char[]){ "ATOLL_BUCKETS=a-a@us-east-1,logs@eu-west-1" },
                    (char[]){ "ATOLL_MRAP=orders=a-a,b-b@eu-west-1" },
                    /* Kubernetes makes these beside a service called atoll. */
                    (char[]){ "ATOLL_PORT=tcp://10.0.0.1:28655" }, NULL };
    struct config_case c;
    config_case_open(&c);
    config_case_read(&c, "", env);
    assert_str(config_case_said(&c), "");
    const struct config_document *document = &c.config.document;
    assert_int_equal(document->bucket_count, 3);
    assert_int_equal(config_document_bucket(document, STR("a-a"))->versioning, VERSIONING_ENABLED);
    assert_int_equal(config_document_bucket(document, STR("logs"))->versioning, VERSIONING_UNSET);
    assert_int_equal(document->rule_count, 2);
    assert_str(document->mraps[0].alias, "orders.mrap");
    env[0] = (char[]){ "ATOLL_BUCKETS=a-a@us-est-1" };
    config_case_read(&c, "", env);
    assert_str(config_case_said(&c),
               "ATOLL_BUCKETS, ATOLL_MRAP: buckets.a-a.region: unknown region "
               "'us-est-1' (did you mean 'us-east-1'?)\n");
    env[0] = (char[]){ "ATOLL_BUCKETS=a-a" };
    config_case_read(&c, "", env);
    assert_str(
        config_case_said(&c),
        "ATOLL_BUCKETS: 'a-a' is not sound: write a@us-east-1,b@eu-west-1, each name once\n");
    config_case_close(&c);
}

TEST(help_starts_with_two_examples_and_fits_80_columns)
{
    struct buf help;
    struct config_case c;
    config_case_open(&c);
    config_case_read(&c, "--nonsense --help", NULL);
    assert_true(c.sound && c.config.help);
    buf_init_arena(&help, c.arena, 1 << 16);
    config_help(&help);
    str rest = buf_str(&help), line;
    assert_true(str_starts(rest, STR("  atoll serve --demo\n  atoll serve ")));
    while (rest.size > 0 && str_next(&rest, '\n', &line))
        if (line.size > 80)
            fail_msg("%zu columns: %.*s", line.size, STR_ARG(line));
    for (size_t i = 0; i < config_table_count(); i++) {
        str flag = str_format(c.arena, "%s", config_table_at(i)->flag);
        if (str_find(buf_str(&help), flag) == help.size)
            fail_msg("--%s is not in the help", config_table_at(i)->flag);
    }
    config_case_close(&c);
}

TEST(what_follows_two_dashes_is_somebody_elses)
{
    struct config_case c;
    config_case_open(&c);
    struct config_input input = { .directory = c.directory, .takes_rest = true };
    input.args = config_case_words(c.arena, "--demo -- pytest --demo -q", &input.arg_count);
    assert_true(config_parse(c.arena, &input, &c.config, &c.problems));
    assert_int_equal(c.config.rest_count, 3);
    assert_string_equal(c.config.rest[0], "pytest");
    config_case_close(&c);
}
