/* Wiring a client: trust, env, as, run, hosts, ca, cli-alias, against a server that is a thread. */
#include "tests/unit/cli/fake_server.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cli/command.h"
#include "cli/wiring.h"

static const struct fake_answer whole[] = {
    { "/_atoll/ca.pem", 200, "application/x-pem-file", FAKE_PEM },
    { "/_atoll/node-preload.cjs", 200, "text/javascript", "// preload\n" },
    { "/_atoll/health/ready", 200, "text/plain", "ok" },
    { "/_atoll/env?shell=json", 200, "application/json",
      "{\"AWS_ACCESS_KEY_ID\":\"alice\",\"HTTPS_PROXY\":\"http://proxy\"}" },
    { "/_atoll/env", 200, "text/plain", "export A=b\n" },
    { "/_atoll/v1/status", 200, "application/json",
      "{\"account\":\"123456789012\",\"bucket_list\":[{\"name\":\"b.c\",\"region\":\"eu-west-1\"},"
      "{\"name\":\"cn\",\"region\":\"cn-north-1\"}],\"mraps\":[{\"name\":\"orders\",\"alias\":"
      "\"mfzwi23gnjvgw.mrap\",\"members\":[{\"region\":\"us-east-2\"}]}]}" },
    { NULL, 0, NULL, NULL },
};

/* `atoll run` starts /proc/self/exe: here that is this test, which then is the server. */
__attribute__((constructor(101))) static void be_the_server(int argc, char **argv)
{
    struct fake_server fake;
    if (argc < 2 || strcmp(argv[1], "serve") != 0)
        return;
    int ready_fd = -1;
    const char *port_file = NULL;
    for (int i = 2; i < argc; i++) {
        if (strncmp(argv[i], "--ready-fd=", 11) == 0)
            ready_fd = (int) strtol(argv[i] + 11, NULL, 10);
        if (strncmp(argv[i], "--port-file=", 12) == 0)
            port_file = argv[i] + 12;
        if (strcmp(argv[i], "--broken") == 0)
            _exit(2);
    }
    fake_server_listen(&fake, whole);
    char port[16];
    int size = snprintf(port, sizeof port, "%u\n", fake.port);
    if (fs_replace_file(port_file, str_from(port, (size_t) size), 0644) != 0 ||
        write(ready_fd, "ready\n", 6) != 6)
        _exit(4);
    (void) close(ready_fd);
    sigset_t signals;
    int got;
    (void) sigemptyset(&signals);
    (void) sigaddset(&signals, SIGTERM);
    (void) pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (pthread_create(&fake.thread, NULL, fake_server_run, &fake) != 0)
        _exit(4);
    (void) sigwait(&signals, &got);
    char over[512];
    (void) snprintf(over, sizeof over, "%s/server-over", getenv("HOME"));
    _exit(fs_replace_file(over, STR("over"), 0600) == 0 ? 0 : 4);
}

static const char *home(void)
{
    static const char *const cleared[] = { "XDG_DATA_HOME",        "ATOLL_CA_DIR",
                                           "NODE_OPTIONS",         "HTTPS_PROXY",
                                           "https_proxy",          "AWS_ACCESS_KEY_ID",
                                           "AWS_REGION",           "AWS_ENDPOINT_URL_S3",
                                           "AWS_SECRET_ACCESS_KEY" };
    for (size_t i = 0; i < COUNT(cleared); i++)
        (void) unsetenv(cleared[i]);
    (void) setenv("HOME", test_directory(), 1);
    return getenv("HOME");
}

static void put(const char *dir, const char *name, const char *text)
{
    char path[512];
    (void) snprintf(path, sizeof path, "%s/%s", dir, name);
    *strrchr(path, '/') = '\0';
    assert_int_equal(fs_make_dirs(fs_real(), path), 0);
    path[strlen(path)] = '/';
    assert_int_equal(fs_replace_file(path, str_of(text), 0640), 0);
}

static void assert_file(const char *dir, const char *name, const char *text)
{
    struct arena *arena = arena_new();
    str there = STR("(none)");
    char *path = str_c(arena, str_format(arena, "%s/%s", dir, name));
    (void) !fs_read_file(arena, path, 65536, &there);
    assert_str(there, text);
    arena_free(arena);
}

TEST(the_ca_of_this_user_is_used_when_it_is_the_servers)
{
    struct fake_server fake;
    struct said said;
    const char *dir = home();
    put(dir, ".local/share/atoll/ca/ca.pem", FAKE_PEM);
    fake_server_start(&fake, whole);
    say(&said, "ca path");
    fake_server_stop(&fake);
    assert_int_equal(said.code, EXIT_YES);
    assert_has(said.out, "/.local/share/atoll/ca/ca.pem\n");
}

TEST(another_servers_ca_is_fetched_to_a_place_of_its_own)
{
    struct fake_server fake;
    struct said said;
    char name[128];
    const char *dir = home();
    put(dir, ".local/share/atoll/ca/ca.pem", "another");
    fake_server_start(&fake, whole);
    say(&said, "env");
    say(&said, "ca path");
    fake_server_stop(&fake);
    (void) snprintf(name, sizeof name, "/.local/share/atoll/servers/127.0.0.1-%u/ca.pem",
                    fake.port);
    assert_has(said.out, name);
    assert_has(fake.asked, "&ca=");
    assert_has(fake.asked, "&preload=");
    assert_file(dir, name, FAKE_PEM);
    assert_file(dir, ".local/share/atoll/ca/ca.pem", "another");
}

TEST(the_ca_is_found_without_a_server_too)
{
    struct said said;
    (void) setenv("ATOLL_SERVER", "http://127.0.0.1:1", 1);
    const char *dir = home();
    say(&said, "ca path");
    assert_int_equal(said.code, EXIT_NO);
    put(dir, "mine/ca.pem", FAKE_PEM);
    char mine[512];
    (void) snprintf(mine, sizeof mine, "%s/mine", dir);
    (void) setenv("ATOLL_CA_DIR", mine, 1);
    say(&said, "ca export");
    assert_int_equal(said.code, EXIT_YES);
    assert_string_equal(said.out, FAKE_PEM);
    say(&said, "ca install");
    assert_has(said.out, "mine/ca.pem");
    (void) unsetenv("ATOLL_CA_DIR");
}

TEST(env_prints_the_servers_script_verbatim)
{
    struct fake_server fake;
    struct said said;
    (void) home();
    (void) setenv("AWS_REGION", "eu-west-1", 1);
    fake_server_start(&fake, whole);
    say(&said, "env --as paris");
    fake_server_stop(&fake);
    (void) unsetenv("AWS_REGION");
    assert_string_equal(said.out, "export A=b\n");
    assert_has(fake.asked, "as=paris");
    assert_has(fake.asked, "region=eu-west-1");
}

TEST(unset_needs_no_server_and_spares_what_is_not_ours)
{
    struct said said;
    (void) home();
    (void) setenv("ATOLL_SERVER", "http://127.0.0.1:1", 1);
    (void) setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
    (void) setenv("https_proxy", "http://corporate:3128", 1);
    (void) setenv("NODE_OPTIONS", "--require /d/atoll/node-preload.cjs --max-old-space-size=1", 1);
    say(&said, "env --unset");
    assert_int_equal(said.code, EXIT_YES);
    assert_has(said.out, "unset HTTPS_PROXY\n");
    assert_has(said.out, "unset AWS_CA_BUNDLE\n");
    assert_has(said.out, "unset ATOLL_SERVER\n");
    assert_has(said.out, "export NODE_OPTIONS='--max-old-space-size=1'\n");
    assert_lacks(said.out, "unset https_proxy");
    assert_lacks(said.out, "AWS_REGION");
    say(&said, "env --unset --shell fish");
    assert_has(said.out, "set -e HTTPS_PROXY\n");
    say(&said, "env --unset --shell powershell");
    assert_has(said.out, "Remove-Item Env:HTTPS_PROXY -ErrorAction SilentlyContinue\n");
    say(&said, "env --unset --shell github");
    assert_int_equal(said.code, EXIT_USAGE);
    (void) setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    (void) setenv("AWS_SECRET_ACCESS_KEY", "real", 1);
    say(&said, "env --unset");
    assert_lacks(said.out, "AWS_ACCESS_KEY_ID");
    assert_lacks(said.out, "AWS_SECRET_ACCESS_KEY");
    (void) home();
}

TEST(node_options_keep_what_the_user_had)
{
    static const struct {
        int line;
        const char *preload, *before, *after, *undone;
    } rows[] = {
        { __LINE__, "/d/node-preload.cjs", "", "--require /d/node-preload.cjs", "" },
        { __LINE__, "/d/node-preload.cjs", "--a", "--require /d/node-preload.cjs --a", "--a" },
        { __LINE__, "/d e/node-preload.cjs", "--a", "--require \"/d e/node-preload.cjs\" --a",
          "--a" },
        { __LINE__, "/d/node-preload.cjs", "--require /d/node-preload.cjs",
          "--require /d/node-preload.cjs", "" },
        { __LINE__, "/d/node-preload.cjs", "--require /x.js",
          "--require /d/node-preload.cjs --require /x.js", "--require /x.js" },
        { __LINE__, "", "--a", "--a", "--a" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        str after = wiring_node_options(arena, str_of(rows[i].preload), str_of(rows[i].before));
        str undone = wiring_without_preload(arena, after);
        if (!str_is(after, rows[i].after) || !str_is(undone, rows[i].undone))
            fail_msg("line %d: \"%.*s\", \"%.*s\"", rows[i].line, STR_ARG(after), STR_ARG(undone));
    }
    assert_str(wiring_without_preload(arena, STR("--a --require /d/node-preload.cjs --b")),
               "--a --b");
    arena_free(arena);
}

/* as and run become or start programs, so they are tested in a process of their own. */
static pid_t start(const char *line)
{
    (void) fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    struct arena *arena = arena_new();
    char *argv[32] = { str_c(arena, STR("atoll")) };
    int argc = 1, nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    str rest = str_of(line), word;
    while (argc < 31 && str_next(&rest, ' ', &word))
        argv[argc++] = str_c(arena, word);
    (void) dup2(nothing, STDERR_FILENO);
    _exit(cli_main(argc, argv));
}

static int end(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return command_code(status);
}

static int in_a_child(const char *line)
{
    return end(start(line));
}

TEST(as_and_run_give_the_commands_code)
{
    static const struct {
        int line, code;
        const char *rest; /* after "as alice" and after "run --as alice --" */
    } rows[] = {
        { __LINE__, 0, "true" },
        { __LINE__, 1, "false" },
        { __LINE__, 126, "/etc/passwd" },
        { __LINE__, 127, "no-such-program-at-all" },
        { __LINE__, 0, "printenv AWS_ACCESS_KEY_ID" },
        { __LINE__, 1, "printenv AWS_ENDPOINT_URL_S3" },
        { __LINE__, 2, "ls --no-such-flag" },
    };
    struct fake_server fake;
    (void) home();
    int out = dup(STDOUT_FILENO), nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    char command[256];
    (void) setenv("AWS_ENDPOINT_URL_S3", "http://elsewhere", 1);
    (void) dup2(nothing, STDOUT_FILENO);
    fake_server_start(&fake, whole);
    for (size_t i = 0; i < COUNT(rows); i++) {
        (void) snprintf(command, sizeof command, "as alice %s", rows[i].rest);
        int as_code = in_a_child(command);
        (void) snprintf(command, sizeof command, "run --demo --as alice -- %s", rows[i].rest);
        int run_code = in_a_child(command);
        if (as_code != rows[i].code)
            fail_msg("line %d: as gave %d", rows[i].line, as_code);
        if (run_code != rows[i].code)
            fail_msg("line %d: run gave %d", rows[i].line, run_code);
    }
    fake_server_stop(&fake);
    (void) dup2(out, STDOUT_FILENO);
    (void) home();
}

TEST(run_hands_a_signal_on_and_stops_its_server)
{
    char fifo[512], line[512];
    const char *dir = home();
    (void) snprintf(fifo, sizeof fifo, "%s/fifo", dir);
    (void) snprintf(line, sizeof line, "%s/never", dir);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(mkfifo(line, 0600), 0);
    put(dir, "script", "echo started > $HOME/fifo; exec cat $HOME/never\n");
    (void) snprintf(line, sizeof line, "run -- sh %s/script", dir);
    pid_t pid = start(line);
    int fd = open(fifo, O_RDONLY | O_CLOEXEC); /* until the command has begun */
    ssize_t got = read(fd, line, sizeof line - 1);
    (void) close(fd);
    assert_true(got > 0);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(end(pid), 128 + SIGTERM);
    assert_file(dir, "server-over", "over");
}

TEST(run_fails_with_125_when_the_server_does_not_start)
{
    (void) home();
    assert_int_equal(in_a_child("run --broken -- true"), EXIT_OWN_FAILURE);
    assert_int_equal(in_a_child("run --demo"), EXIT_OWN_FAILURE);
    assert_int_equal(in_a_child("run --demo --"), EXIT_OWN_FAILURE);
    assert_int_equal(in_a_child("run --as -- true"), EXIT_OWN_FAILURE);
    assert_int_equal(in_a_child("as alice"), EXIT_OWN_FAILURE);
}

TEST(hosts_names_every_bucket_and_access_point_once)
{
    static const char *const names[] = {
        "127.0.0.1       s3.amazonaws.com\n",
        " b.c.s3.eu-west-1.amazonaws.com\n",
        " b.c.s3.amazonaws.com\n",
        " cn.s3.cn-north-1.amazonaws.com.cn\n",
        " mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com\n",
        " orders.mrap.accesspoint.s3-global.amazonaws.com\n",
        " s3.us-east-2.amazonaws.com\n",
        " 123456789012.s3-control.us-west-2.amazonaws.com\n",
        " sts.amazonaws.com\n",
    };
    struct fake_server fake;
    struct said said;
    fake_server_start(&fake, whole);
    say(&said, "hosts");
    assert_int_equal(said.code, EXIT_YES);
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_has(said.out, names[i]);
        assert_lacks(strstr(said.out, names[i]) + strlen(names[i]), names[i]);
    }
    say(&said, "hosts --format compose");
    assert_has(said.out, "        aliases:\n          - s3.amazonaws.com\n");
    say(&said, "hosts --json");
    assert_has(said.out, "\"address\":\"127.0.0.1\"");
    say(&said, "hosts --format toml");
    assert_int_equal(said.code, EXIT_USAGE);
    fake_server_stop(&fake);
}

TEST(the_alias_file_keeps_its_link_and_its_mode)
{
    struct said said;
    struct stat info;
    char link[512], target[512];
    const char *dir = home();
    put(dir, "dotfiles/alias", "[toplevel]\na = b\n");
    put(dir, ".aws/cli/other", "");
    (void) snprintf(link, sizeof link, "%s/.aws/cli/alias", dir);
    (void) snprintf(target, sizeof target, "%s/dotfiles/alias", dir);
    assert_int_equal(symlink(target, link), 0);
    say(&said, "cli-alias install");
    assert_int_equal(said.code, EXIT_YES);
    say(&said, "cli-alias install");
    assert_has(said.err, "nothing to do");
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(stat(link, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    say(&said, "cli-alias remove");
    assert_file(dir, "dotfiles/alias", "[toplevel]\na = b\n");
    dir = home();
    say(&said, "cli-alias install");
    say(&said, "cli-alias remove");
    assert_file(dir, ".aws/cli/alias", "(none)");
    say(&said, "cli-alias");
    assert_int_equal(said.code, EXIT_USAGE);
}

TEST(doctor_finds_what_is_in_the_way_and_is_content_after_wiring)
{
    struct fake_server fake;
    struct said said;
    const char *dir = home();
    fake_server_start(&fake, whole);
    (void) setenv("NO_PROXY", "localhost,.amazonaws.com", 1);
    (void) setenv("AWS_ENDPOINT_URL_S3", "http://elsewhere", 1);
    say(&said, "doctor");
    assert_int_equal(said.code, EXIT_NO);
    assert_has(said.out, "ok   atoll answers at http://127.0.0.1:");
    assert_has(said.out, "FIX  the server's CA is not on this machine yet");
    assert_has(said.out, "FIX  HTTPS_PROXY is not set");
    assert_has(said.out, "FIX  NO_PROXY (localhost,.amazonaws.com)");
    assert_has(said.out, "FIX  AWS_ENDPOINT_URL_S3");
    (void) setenv("NO_PROXY", "localhost", 1);
    (void) unsetenv("AWS_ENDPOINT_URL_S3");
    put(dir, ".local/share/atoll/ca/ca.pem", FAKE_PEM);
    put(dir, "bundle.pem", "others\n" FAKE_PEM);
    char bundle[512];
    (void) snprintf(bundle, sizeof bundle, "%s/bundle.pem", dir);
    (void) setenv("AWS_CA_BUNDLE", bundle, 1);
    (void) setenv("HTTPS_PROXY", getenv("ATOLL_SERVER"), 1);
    (void) setenv("https_proxy", getenv("ATOLL_SERVER"), 1);
    (void) setenv("AWS_ACCESS_KEY_ID", "alice", 1);
    (void) setenv("PATH", "/nonexistent", 1); /* no python3 to lack awscrt */
    say(&said, "doctor");
    (void) setenv("PATH", "/usr/bin:/bin", 1);
    fake_server_stop(&fake);
    (void) home();
    (void) unsetenv("AWS_CA_BUNDLE");
    assert_lacks(said.out, "FIX");
    assert_int_equal(said.code, EXIT_YES);
}
