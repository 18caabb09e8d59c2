/* The table of client verbs, the command line taken apart, and the one way to call the server. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/encode.h"
#include "cli/http.h"

static const struct verb {
    const char *name;
    const char *group; /* in the overview; NULL: not shown there */
    const char *usage;
    const char *help;
    const char *valued; /* flags that take a value, space-separated */
    cli_fn *run;
} verbs[] = {
    { "run", "Start", "run [SERVE FLAGS] [--as CLIENT] -- CMD...", "run it just for one command",
      "*", verb_run },
    { "as", "Connect", "as CLIENT CMD...", "run a command as a client:  atoll as alice aws s3 ls",
      "*", verb_as },
    { "env", "Connect",
      "env [--as CLIENT] [--mode proxy|endpoint] [--shell sh|fish|powershell|dotenv|github|json] "
      "[--unset]",
      "print the variables that wire an AWS SDK to it", " as mode shell ", verb_env },
    { "hosts", "Connect", "hosts [--format hosts|compose]", "print names for /etc/hosts or compose",
      " format ", verb_hosts },
    { "ca", "Connect", "ca [path|export|install]", "show or export the local certificate authority",
      " ", verb_ca },
    { "cli-alias", "Connect", "cli-alias install|remove",
      "teach the AWS CLI the article's describe-multi-region-access-point", " ", verb_cli_alias },
    { "doctor", "Connect", "doctor", "find out why a client does not reach it", " ", verb_doctor },
    { "status", "Look", "status", "regions, routes, links, clock, what is pending", " ",
      verb_status },
    { "explain", "Look", "explain [ID|last] | explain --what-if --mrap NAME --client CLIENT",
      "why a request went where it went, and what it missed", " mrap client ", verb_explain },
    { "route", "Change", "route MRAP REGION active|passive|0..100 [REGION ...]",
      "make a region of an access point active or passive", " ", verb_route },
    { "lag", "Change", "lag [SRC DST] [DIST] [--both] [--bandwidth 10MB/s]",
      "set the replication lag of a link", " bandwidth ", verb_lag },
    { "partition", "Change", "partition REGION... / REGION... [--for 2m]",
      "cut regions off from each other;  heal  undoes it", " for ", verb_partition },
    { "heal", NULL, "heal", "end every partition", " ", verb_heal },
    { "outage", "Change", "outage REGION on|off [--for 2m]", "take a region down or bring it back",
      " for ", verb_outage },
    { "replication", "Change",
      "replication list|hold|release|drop|retry [SRC DST] [--count N] [--reason CODE]",
      "list, hold, release, drop, retry pending copies", " count reason ", verb_replication },
    { "clock", "Change", "clock [show|pause|run|advance DUR|next|set TIME|rate N|mode M]",
      "show, pause, run, advance", " ", verb_clock },
    { "wait", "Test", "wait [TARGET...] [--region R] [--within 30s] [--wall]",
      "block until replication has caught up", " region within ", verb_wait },
    { "reset", "Test", "reset [--to config|empty]", "back to the start", " to ", verb_reset },
    { "health", "Other", "health [--wait 30s]", "exit 0 when the server is ready; for HEALTHCHECK",
      " wait ", verb_health },
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (str_is(str_of(name), verbs[i].name))
            return &verbs[i];
    return NULL;
}

bool cli_knows(const char *name)
{
    return find_verb(name) != NULL;
}

int cli_unknown(const char *name)
{
    str names[COUNT(verbs) + 5] = { STR("serve"), STR("init"), STR("config"), STR("version"),
                                    STR("help") };
    for (size_t i = 0; i < COUNT(verbs); i++)
        names[5 + i] = str_of(verbs[i].name);
    str near = str_nearest(str_of(name), names, COUNT(names));
    (void) fprintf(stderr, "atoll: unknown command '%s'", name);
    if (near.size > 0)
        (void) fprintf(stderr, ". Did you mean '%.*s'?", STR_ARG(near));
    (void) fprintf(stderr, "\n  atoll help lists the commands\n");
    return EXIT_USAGE;
}

void cli_print_overview(void)
{
    const char *group = "Start";
    (void) printf(
        "atoll %s: S3 regions, Multi-Region Access Points and replication lag on your machine\n\n"
        "  atoll serve --demo                              start with a ready-made world\n"
        "  atoll as alice aws s3 ls s3://arn:aws:s3::123456789012:accesspoint/orders.mrap\n\n"
        "Start      serve        run the emulator\n",
        ATOLL_VERSION);
    for (size_t i = 0; i < COUNT(verbs); i++) {
        if (verbs[i].group == NULL)
            continue;
        bool first = !str_is(str_of(verbs[i].group), group);
        (void) printf("%-10s %-12s %s\n", first ? verbs[i].group : "", verbs[i].name,
                      verbs[i].help);
        group = verbs[i].group;
    }
    (void) printf("           init, config, version, help\n\n"
                  "Every command takes -h, --json, -q, --server URL (default $ATOLL_SERVER or "
                  "http://127.0.0.1:28655).\n");
}

int cli_usage(const struct cli *cli, const char *problem)
{
    const struct verb *verb = find_verb(cli->verb);
    if (problem)
        (void) fprintf(stderr, "atoll %s: %s\n", cli->verb, problem);
    (void) fprintf(problem ? stderr : stdout, "usage: atoll %s\n  %s\n", verb->usage, verb->help);
    return problem ? EXIT_USAGE : EXIT_YES;
}

/* --- the command line --- */

str cli_flag(const struct cli *cli, const char *name, const char *fallback)
{
    for (size_t i = 0; i < cli->flag_count; i++)
        if (str_is(cli->flags[i].name, name))
            return cli->flags[i].value;
    return str_of(fallback);
}

bool cli_has(const struct cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->flag_count; i++)
        if (str_is(cli->flags[i].name, name))
            return true;
    return false;
}

static bool takes_value(const struct verb *verb, struct arena *arena, str name)
{
    str spaced = str_format(arena, " %.*s ", STR_ARG(name));
    str valued = str_of(verb->valued);
    return str_is(name, "server") || str_find(valued, spaced) < valued.size;
}

/* Every flag a verb knows stands in its usage line; anything else is a typing error. */
static bool is_flag_of(const struct verb *verb, struct arena *arena, str name)
{
    static const char *const common[] = { "json", "q", "quiet", "h", "help", "server", "no-color" };
    for (size_t i = 0; i < COUNT(common); i++)
        if (str_is(name, common[i]))
            return true;
    str usage = str_of(verb->usage), dashed = str_format(arena, "--%.*s", STR_ARG(name));
    return str_find(usage, dashed) < usage.size;
}

static bool take_flag(struct cli *cli, const struct verb *verb, char **argv, int argc, int *at)
{
    str word = str_of(argv[*at]), name, value = STR_NONE;
    word = str_skip(word, str_starts(word, STR("--")) ? 2 : 1);
    bool joined = str_cut(word, '=', &name, &value);
    if (!is_flag_of(verb, cli->arena, name)) {
        (void) fprintf(stderr, "atoll %s: unknown flag '%s'\n", cli->verb, argv[*at]);
        return false;
    }
    if (!joined && takes_value(verb, cli->arena, name)) {
        if (*at + 1 >= argc) {
            (void) fprintf(stderr, "atoll %s: %s needs a value\n", cli->verb, argv[*at]);
            return false;
        }
        value = str_of(argv[++*at]);
    } else if (!joined)
        value = STR_NONE;
    if (cli->flag_count == CLI_MAX_FLAGS)
        return false;
    cli->flags[cli->flag_count++] = (struct cli_flag){ name, value };
    return true;
}

static bool take_apart(struct cli *cli, const struct verb *verb, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        str word = str_of(argv[i]);
        if (str_is(word, "--")) {
            cli->rest = argv + i + 1;
            return true;
        }
        if (word.size > 1 && word.ptr[0] == '-' && !(word.ptr[1] >= '0' && word.ptr[1] <= '9')) {
            if (!take_flag(cli, verb, argv, argc, &i))
                return false;
        } else if (cli->word_count < CLI_MAX_WORDS)
            cli->words[cli->word_count++] = word;
    }
    return true;
}

static str server_of(const struct cli *cli)
{
    str flag = cli_flag(cli, "server", NULL);
    const char *variable = getenv("ATOLL_SERVER");
    str server = flag.size > 0           ? flag
                 : variable && *variable ? str_of(variable)
                                         : STR("http://127.0.0.1:28655");
    while (str_ends(server, STR("/")))
        server = str_first(server, server.size - 1);
    return server;
}

int cli_main(int argc, char **argv)
{
    const struct verb *verb = find_verb(argv[1]);
    if (verb == NULL)
        return cli_unknown(argv[1]);
    struct cli cli = { .arena = arena_new(), .verb = verb->name, .argv = argv };
    const char *term = getenv("TERM");
    int code;
    cli.colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL && term &&
                 !str_is(str_of(term), "dumb");
    /* `as` and `run` hand everything on: their flags end where the command begins. */
    if (str_is(str_of(verb->valued), "*")) {
        cli.rest = argv + 2;
        cli.server = server_of(&cli);
        bool help =
            argc > 2 && (str_is(str_of(argv[2]), "-h") || str_is(str_of(argv[2]), "--help"));
        code = help ? cli_usage(&cli, NULL) : verb->run(&cli);
    } else if (!take_apart(&cli, verb, argc, argv)) {
        code = cli_usage(&cli, "see the usage below");
    } else {
        cli.json = cli_has(&cli, "json");
        cli.quiet = cli_has(&cli, "q") || cli_has(&cli, "quiet");
        cli.colour = cli.colour && !cli_has(&cli, "no-color");
        cli.server = server_of(&cli);
        code =
            cli_has(&cli, "h") || cli_has(&cli, "help") ? cli_usage(&cli, NULL) : verb->run(&cli);
    }
    if (fflush(stdout) != 0)
        code = EXIT_REFUSED;
    arena_free(cli.arena);
    return code;
}

/* --- calls --- */

str cli_escape(struct cli *cli, str segment)
{
    return encode_uri(cli->arena, segment, false);
}

static void show_problem(const struct cli *cli, const struct json *problem, int status)
{
    str detail = json_string(problem, "detail", STR("the server refused")),
        hint = json_string(problem, "hint", STR_NONE);
    (void) fprintf(stderr, "atoll %s: %.*s (%d)\n", cli->verb, STR_ARG(detail), status);
    if (hint.size > 0)
        (void) fprintf(stderr, "  %.*s\n", STR_ARG(hint));
}

int cli_call(struct cli *cli, const char *method, str path, str body, str *text,
             const struct json **document)
{
    struct http_answer answer;
    struct json_error bad;
    str error;
    *document = NULL;
    if (!http_call(cli->arena, cli->server, method, path, body, &answer, &error)) {
        (void) fprintf(stderr,
                       "atoll %s: %.*s\n  start one with: atoll serve   (or say --server URL)\n",
                       cli->verb, STR_ARG(error));
        return EXIT_UNREACHED;
    }
    *text = answer.body;
    if (str_find(answer.content_type, STR("json")) < answer.content_type.size)
        *document = json_parse(cli->arena, answer.body, &bad);
    if (answer.status / 100 == 2)
        return EXIT_YES;
    show_problem(cli, *document, answer.status);
    return answer.status == 409 ? EXIT_NO : EXIT_REFUSED;
}

int cli_ask(struct cli *cli, const char *method, str path, str body, const struct json **document,
            bool *printed)
{
    str text = STR_NONE;
    int code = cli_call(cli, method, path, body, &text, document);
    *printed = cli->json && (code == EXIT_YES || code == EXIT_NO);
    if (*printed)
        (void) printf("%.*s%s", STR_ARG(text), str_ends(text, STR("\n")) ? "" : "\n");
    return code;
}
