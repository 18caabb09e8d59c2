/* main: the one file that sees every module. Reads the command line, builds the world, opens the
 * front door, waits for a signal, and takes everything down in order.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/http.h"
#include "scenario/scenario.h"
#include "scenario/served.h"
#include "server/build.h"
#include "server/clients.h"
#include "server/config.h"
#include "server/config_apply.h"
#include "server/config_change.h"
#include "server/config_file.h"
#include "server/configs.h"
#include "server/front/front.h"
#include "server/mraps.h"
#include "server/snapshots.h"
#include "server/turn.h"

extern char **environ;

struct server {
    struct arena *arena;
    struct config config;
    struct world *world;
    struct served *served; /* scenarios in this world */
    struct front *front;
    struct lane *lane; /* of main: for loading the world */
    duration began;
};

/* --- readiness --- */

static void notify_supervisor(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (path == NULL || *path == '\0' || strlen(path) >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, strlen(path));
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    SCOPED_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (fd >= 0 && sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *) &to, size) < 0)
        log_line(LOG_WARN, "NOTIFY_SOCKET %s did not take READY=1", path);
}

static bool announce(struct server *server)
{
    const struct settings *settings = &server->config.settings;
    if (settings->port_file.size > 0) {
        str port = str_format(server->arena, "%u\n", front_port(server->front));
        int failed = fs_replace_file(str_c(server->arena, settings->port_file), port, 0644);
        if (failed) {
            (void) fprintf(stderr, "atoll: cannot write the port file %.*s: %s\n",
                           STR_ARG(settings->port_file), strerror(-failed));
            return false;
        }
    }
    if (settings->ready_fd >= 0) {
        if (write(settings->ready_fd, "ready\n", 6) != 6)
            log_line(LOG_WARN, "--ready-fd %d could not be written", settings->ready_fd);
        (void) close(settings->ready_fd);
    }
    notify_supervisor();
    return true;
}

static void print_mraps(struct server *server)
{
    const struct mrap_list *list = mraps_acquire(server->world->mraps);
    for (size_t i = 0; i < mrap_list_count(list) && i < 10; i++) {
        const struct mrap *mrap = mrap_list_at(list, i);
        (void) fprintf(stderr, "\n  %-10.*s arn:aws:s3::%.*s:accesspoint/%.*s\n",
                       STR_ARG(mrap->name), STR_ARG(mrap->account), STR_ARG(mrap->alias));
        for (size_t m = 0; m < mrap->member_count; m++)
            (void) fprintf(stderr, "             %-16.*s %-28.*s %s\n",
                           STR_ARG(region_at(mrap->members[m].region)->code),
                           STR_ARG(mrap->members[m].bucket),
                           mrap->members[m].dial ? "active" : "passive");
    }
    mraps_release(list);
}

static void print_start(struct server *server)
{
    const struct settings *settings = &server->config.settings;
    str address = front_address(server->front, 0);
    if (log_enabled(LOG_INFO) && log_format_get() == LOG_TEXT) {
        (void) fprintf(
            stderr, "atoll %s   for development and tests, not for production   seed %llu, %.*s\n",
            ATOLL_VERSION, (unsigned long long) server->world->seed,
            STR_ARG(settings->data.size ? settings->data : STR("nothing kept")));
        print_mraps(server);
        (void) fprintf(stderr, "\n  wire up    eval \"$(atoll env%s)\"\n",
                       settings->demo ? " --as alice" : "");
    }
    double ms = (double) (clock_mono().ns - server->began.ns) / 1e6;
    (void) fprintf(stderr, "ready: http://%.*s in %.0f ms\n", STR_ARG(address), ms);
}

static bool listens_publicly(const struct server *server)
{
    for (size_t i = 0; i < front_address_count(server->front); i++) {
        str address = front_address(server->front, i);
        if (!str_starts(address, STR("127.")) && !str_starts(address, STR("[::1]")))
            return true;
    }
    return false;
}

/* --- life --- */

static int fail(const char *what, str why)
{
    (void) fprintf(stderr, "atoll: %s: %.*s\n", what, STR_ARG(why));
    return EXIT_REFUSED;
}

static bool fill_world(struct server *server, str *error)
{
    server->lane = world_lane_open(server->world, 1000);
    if (server->lane == NULL) {
        *error = STR("the database could not be opened for reading");
        return false;
    }
    const struct settings *settings = &server->config.settings;
    bool filled = config_apply(server->arena, server->world, server->lane, error);
    if (filled && settings->import_file.size > 0)
        filled = snapshots_import(server->world, server->arena, settings->import_file, error);
    if (filled && settings->init_file.size > 0)
        filled = scenario_run_in(server->arena, server->lane,
                                 str_c(server->arena, settings->init_file), error);
    world_lane_close(server->lane);
    return filled;
}

/* --- SIGHUP --- */

static void log_names(struct arena *arena, const char *what, const struct config_names *names)
{
    struct buf list;
    buf_init_arena(&list, arena, LIMIT_JSON_BYTES);
    for (size_t i = 0; i < names->count; i++)
        buf_addf(&list, "%s%.*s", i ? ", " : "", STR_ARG(names->at[i]));
    if (names->count > 0)
        log_line(LOG_INFO, "SIGHUP: %s %.*s", what, STR_ARG(buf_str(&list)));
}

/* All of them, a line each, as `serve --check` says them. */
static void log_problems(struct arena *arena, struct config_problems *problems)
{
    struct buf text;
    str rest, line;
    buf_init_arena(&text, arena, LIMIT_ANSWER_BYTES);
    config_problems_write(problems, &text);
    rest = buf_str(&text);
    log_line(LOG_ERROR, "SIGHUP: the configuration is not sound; the one in effect stays");
    while (rest.size > 0 && str_next(&rest, '\n', &line))
        if (line.size > 0)
            log_line(LOG_ERROR, "%.*s", STR_ARG(line));
}

static void log_change(struct arena *arena, enum config_change_result result,
                       struct config_change *change)
{
    if (result == CONFIG_UNSOUND)
        log_problems(arena, change->problems);
    else if (result == CONFIG_NOT_APPLIED)
        log_line(LOG_ERROR, "SIGHUP: the configuration was not applied: %.*s",
                 STR_ARG(change->error));
    else if (change->changed.count == 0)
        log_line(LOG_INFO, "SIGHUP: nothing changed");
    log_names(arena, "changed", &change->changed);
    log_names(arena, "no longer in the file, kept", &change->kept);
}

static void change_to(struct server *server, struct arena *arena, struct config_change *change)
{
    struct lane *lane = world_lane_open(server->world, CONFIG_CHANGE_LANE);
    if (lane == NULL) {
        log_line(LOG_ERROR, "SIGHUP: the database could not be opened for reading");
        return;
    }
    log_change(arena, config_change(arena, lane, change), change);
    world_lane_close(lane);
}

/* The file that the server was started with; whatever was put in its place since gives way. */
static void read_again(struct server *server)
{
    str file = server->config.file, text;
    struct arena *arena = arena_new();
    if (file.size == 0) {
        log_line(LOG_WARN, "SIGHUP: there is nothing to read again: no configuration file was "
                           "read at the start");
        arena_free(arena);
        return;
    }
    int read = fs_read_file(arena, str_c(arena, file), LIMIT_JSON_BYTES, &text);
    if (read < 0)
        log_line(LOG_ERROR, "SIGHUP: cannot read %.*s: %s; the configuration in effect stays",
                 STR_ARG(file), strerror(-read));
    else {
        struct config_change change = { .text = { text, file,
                                                  config_file_directory(arena, file) } };
        turn_wait(server->world->turn);
        change_to(server, arena, &change);
        turn_give(server->world->turn);
    }
    arena_free(arena);
}

static int run_until_signal(struct server *server, const sigset_t *signals)
{
    const struct settings *settings = &server->config.settings;
    int signal_number = 0;
    front_start(server->front);
    atomic_store(&server->world->ready, true);
    if (!announce(server))
        return EXIT_REFUSED;
    print_start(server);
    if (listens_publicly(server) && settings->auth != AUTH_MODE_STRICT)
        log_line(LOG_WARN, "listening beyond this machine without --auth strict: anybody there may "
                           "read and write");
    for (;;) {
        (void) sigwait(signals, &signal_number);
        if (signal_number != SIGHUP)
            break;
        read_again(server);
    }
    /* A second signal ends the process at once. */
    (void) pthread_sigmask(SIG_UNBLOCK, signals, NULL);
    log_line(LOG_INFO, "stopping: finishing what is in progress");
    served_stop(server->served);
    (void) front_drain(server->front, settings->grace);
    str error;
    if (settings->export_file.size > 0 &&
        !snapshots_export(server->world, server->arena, settings->export_file, &error))
        return fail("the end", error);
    return EXIT_YES;
}

static int open_and_run(struct server *server, const sigset_t *signals)
{
    str error = STR_NONE;
    int code;
    if (!config_read_token(server->arena, &server->config.settings, &error))
        return fail("the admin API cannot be closed", error);
    server->world = world_open(server->arena, &server->config.settings, &error);
    if (server->world == NULL)
        return fail("the world does not open", error);
    configs_replace(server->world->configs, NULL, &server->config);
    server->served = served_open(server->world);
    server->front = front_open(server->arena, server->world, NULL, &error);
    if (server->front == NULL)
        code = fail("the front door does not open", error);
    else if (!fill_world(server, &error))
        code = fail("the configuration could not be applied", error);
    else
        code = run_until_signal(server, signals);
    front_close(server->front);
    served_close(server->served);
    world_close(server->world);
    served_free(server->served);
    return code;
}

static void take_signals(sigset_t *signals)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    (void) sigaction(SIGPIPE, &ignore, NULL);
    (void) sigemptyset(signals);
    (void) sigaddset(signals, SIGINT);
    (void) sigaddset(signals, SIGTERM);
    (void) sigaddset(signals, SIGHUP);
    (void) pthread_sigmask(SIG_BLOCK, signals, NULL);
}

static bool read_config(struct server *server, int argc, char **argv, int *code)
{
    struct buf problems;
    struct config_input input = { .args = argv + 2,
                                  .arg_count = (size_t) (argc - 2),
                                  .env = environ };
    buf_init_arena(&problems, server->arena, LIMIT_ANSWER_BYTES);
    bool sound = config_parse(server->arena, &input, &server->config, &problems);
    if (sound && server->config.help) {
        struct buf help;
        buf_init_arena(&help, server->arena, LIMIT_ANSWER_BYTES);
        config_help(&help);
        (void) printf("%.*s", STR_ARG(buf_str(&help)));
        *code = EXIT_YES;
        return false;
    }
    if (!sound) {
        (void) fprintf(stderr, "%.*s", STR_ARG(buf_str(&problems)));
        *code = EXIT_USAGE;
    }
    return sound;
}

static int serve(int argc, char **argv)
{
    struct server server = { .arena = arena_new(), .began = clock_mono() };
    sigset_t signals;
    int code = EXIT_YES;
    if (read_config(&server, argc, argv, &code)) {
        if (server.config.check_only)
            (void) fprintf(stderr, "atoll: the configuration is sound\n");
        else {
            log_configure(server.config.settings.log_level, server.config.settings.log_format);
            take_signals(&signals);
            code = open_and_run(&server, &signals);
        }
    }
    arena_free(server.arena);
    return code;
}

/* --- the other verbs of the server's side --- */

static bool asks_for_help(str word)
{
    return str_is(word, "help") || str_is(word, "--help") || str_is(word, "-h");
}

static int init(int argc, char **argv)
{
    if (argc > 2 && argv[2][0] == '-') {
        (void) fprintf(stderr, "usage: atoll init [FILE]\n");
        return EXIT_USAGE;
    }
    const char *path = argc > 2 ? argv[2] : "atoll.json";
    str text = config_template();
    SCOPED_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        (void) fprintf(stderr, "atoll init: %s: %s\n", path,
                       errno == EEXIST ? "is there already; nothing was changed" : strerror(errno));
        return EXIT_NO;
    }
    if (fs_write_all(fs_real(), fd, text.ptr, text.size, 0) != 0)
        return EXIT_REFUSED;
    (void) fprintf(stderr, "wrote %s; start with: atoll serve -c %s\n", path, path);
    return EXIT_YES;
}

/* atoll config show [--origin] [serve flags]: what a serve with these flags would use. */
static int config_show_verb(int argc, char **argv)
{
    struct server server = { .arena = arena_new() };
    struct buf out;
    bool origins = false;
    int code = EXIT_YES, kept = 2;
    for (int i = 3; i < argc; i++) {
        if (str_is(str_of(argv[i]), "--origin"))
            origins = true;
        else if (!str_is(str_of(argv[i]), "--json")) /* it is JSON anyway */
            argv[kept++] = argv[i];
    }
    if (read_config(&server, kept, argv, &code)) {
        buf_init_arena(&out, server.arena, LIMIT_ANSWER_BYTES);
        if (origins)
            config_show_origins(&server.config, &out);
        else
            config_show(&server.config, &out);
        (void) printf("%.*s\n", STR_ARG(buf_str(&out)));
    }
    arena_free(server.arena);
    return code;
}

/* atoll config check FILE: whether a serve with it would start. */
static int config_check_verb(const char *file)
{
    char *args[] = { (char[]){ "atoll" }, (char[]){ "serve" }, (char[]){ "--check" },
                     (char[]){ "-c" }, NULL };
    struct arena *arena = arena_new();
    args[4] = str_c(arena, str_of(file));
    int code = serve(COUNT(args), args);
    arena_free(arena);
    return code;
}

/* For scenarios against a server: asked as the command line asks. */
static bool call_server(struct arena *arena, str server, const char *method, str path, str body,
                        struct scenario_answer *out, str *error)
{
    struct http_answer answer;
    if (!http_call(arena, server, method, path, body, &answer, error))
        return false;
    *out = (struct scenario_answer){ answer.status, answer.body };
    return true;
}

/* What a bug report needs. */
static void print_version(bool as_json)
{
    struct arena *arena = arena_new();
    const struct {
        const char *member;
        str value;
    } parts[] = {
        { "version", STR(ATOLL_VERSION) },
        { "commit", build_commit() },
        { "compiler", build_compiler() },
        { "sqlite", str_of(store_sqlite_version()) },
        { "gnutls", str_of(front_tls_version()) },
        { "libmicrohttpd", str_of(front_http_version()) },
        { "features", STR("SigV4 SigV4A SigV2 TLS CONNECT") },
    };
    struct buf out;
    struct json_writer writer;
    buf_init_arena(&out, arena, LIMIT_JSON_BYTES);
    json_begin(&writer, &out);
    json_object(&writer, NULL);
    for (size_t i = 0; i < COUNT(parts); i++)
        json_text(&writer, parts[i].member, parts[i].value);
    json_end(&writer);
    if (as_json)
        (void) printf("%.*s\n", STR_ARG(buf_str(&out)));
    else
        (void) printf("atoll %s (commit %.*s)\n"
                      "built with  %.*s\n"
                      "SQLite      %s\n"
                      "TLS         GnuTLS %s\n"
                      "HTTP        libmicrohttpd %s\n"
                      "features    %.*s\n",
                      ATOLL_VERSION, STR_ARG(build_commit()), STR_ARG(build_compiler()),
                      store_sqlite_version(), front_tls_version(), front_http_version(),
                      STR_ARG(parts[COUNT(parts) - 1].value));
    arena_free(arena);
}

/* Flags before a verb of the server go behind it. */
static void put_verb_first(int argc, char **argv)
{
    int first = cli_verb_at(argc, argv);
    if (first <= 1 || cli_knows(argv[first]))
        return;
    char *verb = argv[first];
    for (int i = first; i > 1; i--)
        argv[i] = argv[i - 1];
    argv[1] = verb;
}

static int run_verb(int argc, char **argv)
{
    str verb = argc > 1 ? str_of(argv[1]) : STR("help");
    if (asks_for_help(verb)) {
        cli_print_overview();
        return EXIT_YES;
    }
    if (argc > 2 && asks_for_help(str_of(argv[2])) && cli_print_help(argv[1]))
        return EXIT_YES;
    if (str_is(verb, "version") || str_is(verb, "--version")) {
        print_version(argc > 2 && str_is(str_of(argv[2]), "--json"));
        return EXIT_YES;
    }
    if (str_is(verb, "serve"))
        return serve(argc, argv);
    if (str_is(verb, "init"))
        return init(argc, argv);
    if (str_is(verb, "config") && argc > 2 && str_is(str_of(argv[2]), "show"))
        return config_show_verb(argc, argv);
    if (str_is(verb, "config") && argc == 4 && str_is(str_of(argv[2]), "check"))
        return config_check_verb(argv[3]);
    if (str_is(verb, "scenario"))
        return scenario_main(argc, argv, call_server);
    int at = cli_verb_at(argc, argv);
    return at > 0 && cli_knows(argv[at]) ? cli_main(argc, argv) : cli_unknown(argv[1]);
}

int main(int argc, char **argv)
{
    char help[] = "--help";
    put_verb_first(argc, argv);
    if (argc > 2 && asks_for_help(str_of(argv[1])) && !asks_for_help(str_of(argv[2]))) {
        argv[1] = argv[2]; /* help VERB is VERB --help */
        argv[2] = help;
        argc = 3;
    }
    return run_verb(argc, argv);
}
