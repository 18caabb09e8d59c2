/* The command line taken apart, the overview, and the one way to call the server. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/limits.h"
#include "cli/http.h"
#include "cli/verbs.h"

#define DEFAULT_SERVER "http://127.0.0.1:28655"

bool cli_knows(const char *name)
{
    return verbs_find(str_of(name)) != NULL;
}

int cli_unknown(const char *name)
{
    str near = verbs_nearest(str_of(name));
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
        "atoll %s: S3 Regions, Multi-Region Access Points and their lag, locally\n\n"
        "  atoll serve --demo                              start with a ready-made world\n"
        "  atoll as alice aws s3 ls s3://arn:aws:s3::123456789012:accesspoint/orders.mrap\n\n"
        "Start      serve        run the emulator\n",
        ATOLL_VERSION);
    for (size_t i = 0; verbs_at(i); i++) {
        const struct verb *verb = verbs_at(i);
        if (verb->group == NULL)
            continue;
        bool first = !str_is(str_of(verb->group), group);
        (void) printf("%-10s %-12s %s\n", first ? verb->group : "", verb->name, verb->help);
        group = verb->group;
    }
    (void) printf("           scenario, init, version, help\n\n"
                  "Every command takes -h, --json, -q, --server URL (default $ATOLL_SERVER "
                  "or\n" DEFAULT_SERVER "). Exit codes: 0 yes, 1 no, 2 wrong usage,\n"
                  "3 no server, 4 the server refused.\n");
}

bool cli_print_help(const char *name)
{
    for (size_t i = 0; verbs_of_server(i); i++)
        if (str_is(str_of(name), verbs_of_server(i)->name) && verbs_of_server(i)->group == NULL) {
            verbs_print_help(stdout, verbs_of_server(i));
            return true;
        }
    return false;
}

int cli_usage(const struct cli *cli, const char *problem)
{
    FILE *out = problem ? stderr : stdout;
    if (problem)
        (void) fprintf(stderr, "atoll %s: %s\n", cli->verb->name, problem);
    if (problem)
        verbs_print_usage(out, cli->verb);
    else
        verbs_print_help(out, cli->verb);
    if (problem == NULL)
        (void) fprintf(out, cli->verb->shape == VERB_OWN
                                ? "  SERVE FLAGS: see atoll serve -h\n"
                                : "  also: -h, --json, -q, --server URL\n");
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

static bool is_flag(str word)
{
    /* "-33.9,151.2" is a place */
    return word.size > 1 && word.ptr[0] == '-' && !(word.ptr[1] >= '0' && word.ptr[1] <= '9');
}

static bool refuse(const struct cli *cli, str flag, const char *problem)
{
    (void) fprintf(stderr, "atoll %s: %.*s %s\n", cli->verb->name, STR_ARG(flag), problem);
    return false;
}

static bool unknown_flag(const struct cli *cli, str flag, str name)
{
    str near = verbs_nearest_flag(cli->verb, name);
    (void) fprintf(stderr, "atoll %s: unknown flag '%.*s'", cli->verb->name, STR_ARG(flag));
    if (near.size > 0)
        (void) fprintf(stderr, ". Did you mean '--%.*s'?", STR_ARG(near));
    (void) fprintf(stderr, "\n");
    return false;
}

/* The long name of a flag as typed: "--json" or, of those that have a letter, "-q". */
static str long_name(str word)
{
    static const struct {
        const char *letter, *name;
    } letters[] = { { "-h", "help" },
                    { "-q", "quiet" },
                    { "-n", "last" }, /* tail's */
                    { "-o", "out" },
                    { "-i", "in" } }; /* of snapshot and restore */
    for (size_t i = 0; i < COUNT(letters); i++)
        if (str_is(word, letters[i].letter))
            return str_of(letters[i].name);
    return str_starts(word, STR("--")) ? str_skip(word, 2) : STR_NONE;
}

/* *at moves to the value when that is an argument of its own. */
static bool take_flag(struct cli *cli, int argc, char **argv, int *at)
{
    str word = str_of(argv[*at]), name, value, shown;
    struct verb_flag flag;
    bool joined = str_cut(long_name(word), '=', &name, &value);
    if (!verbs_flag(cli->verb, name, &flag))
        return unknown_flag(cli, word, name.size ? name : str_skip(word, 1));
    (void) str_cut(word, '=', &shown, &(str){ 0 });
    if (!str_is_set(flag.value)) {
        if (joined)
            return refuse(cli, shown, "takes no value");
        value = STR_NONE;
    } else if (!joined) {
        if (*at + 1 >= argc || is_flag(str_of(argv[*at + 1])))
            return refuse(cli, shown,
                          str_c(cli->arena, str_format(cli->arena, "needs a value: %.*s",
                                                       STR_ARG(flag.value))));
        value = str_of(argv[++*at]);
    }
    if (cli->flag_count == CLI_MAX_FLAGS)
        return refuse(cli, shown, "is one flag too many");
    cli->flags[cli->flag_count++] = (struct cli_flag){ name, value };
    return true;
}

static bool take_word(struct cli *cli, str word)
{
    if (cli->word_count == CLI_MAX_WORDS)
        return refuse(cli, word, "is one word too many");
    cli->words[cli->word_count++] = word;
    return true;
}

static bool take_apart(struct cli *cli, int argc, char **argv, int verb_at)
{
    bool flags_ended = false;
    for (int i = 1; i < argc; i++) {
        str word = str_of(argv[i]);
        if (i == verb_at) {
            if (cli->verb->shape != VERB_OWN)
                continue;
            cli->rest = argv + i + 1;
            return true;
        }
        if (!flags_ended && str_is(word, "--"))
            flags_ended = true;
        else if (!flags_ended && is_flag(word)) {
            if (!take_flag(cli, argc, argv, &i))
                return false;
        } else if (!take_word(cli, word))
            return false;
        if (cli->verb->shape == VERB_THEN_WORDS && cli->word_count == 1) {
            /* what follows is not ours to read */
            cli->rest = argv + i + (i + 1 < argc && str_is(str_of(argv[i + 1]), "--") ? 2 : 1);
            return true;
        }
    }
    cli->rest = argv + argc;
    return true;
}

/* A flag before its verb: of every verb, or of the one that is still to come. `next` may be its
 * value, unless it is a verb itself. False: nobody has such a flag. */
static bool skips_value(str name, const char *next, bool *known)
{
    static const struct verb none = { .usage = "" };
    struct verb_flag flag;
    bool with = false, without = false;
    *known = verbs_flag(&none, name, &flag);
    if (*known)
        return str_is_set(flag.value);
    for (size_t i = 0; verbs_at(i); i++)
        if (verbs_flag(verbs_at(i), name, &flag)) {
            with = with || str_is_set(flag.value);
            without = without || !str_is_set(flag.value);
        }
    *known = with || without;
    return with && !(without && next && verbs_find(str_of(next)));
}

int cli_verb_at(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        str word = str_of(argv[i]), name, value;
        bool known;
        if (!is_flag(word))
            return i;
        bool joined = str_cut(long_name(word), '=', &name, &value);
        bool takes = skips_value(name, i + 1 < argc ? argv[i + 1] : NULL, &known);
        if (!known)
            return 0;
        if (takes && !joined)
            i++;
    }
    return 0;
}

static str server_of(const struct cli *cli)
{
    str flag = cli_flag(cli, "server", NULL);
    const char *variable = getenv("ATOLL_SERVER");
    str server = flag.size > 0           ? flag
                 : variable && *variable ? str_of(variable)
                                         : STR(DEFAULT_SERVER);
    while (str_ends(server, STR("/")))
        server = str_first(server, server.size - 1);
    return server;
}

static bool may_colour(const struct cli *cli)
{
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL && term &&
           !str_is(str_of(term), "dumb") && !cli_has(cli, "no-color");
}

static int run_verb(struct cli *cli, int argc, char **argv, int verb_at)
{
    if (!take_apart(cli, argc, argv, verb_at)) {
        verbs_print_usage(stderr, cli->verb);
        return cli->verb->shape == VERB_PLAIN ? EXIT_USAGE : EXIT_OWN_FAILURE;
    }
    cli->json = cli_has(cli, "json");
    cli->quiet = cli_has(cli, "quiet");
    cli->colour = may_colour(cli);
    cli->server = server_of(cli);
    return cli_has(cli, "help") ? cli_usage(cli, NULL) : cli->verb->run(cli);
}

int cli_main(int argc, char **argv)
{
    int at = cli_verb_at(argc, argv);
    const char *name = at > 0 ? argv[at] : argc > 1 ? argv[1] : "";
    const struct verb *verb = at > 0 ? verbs_find(str_of(name)) : NULL;
    if (verb == NULL)
        return cli_unknown(name);
    struct cli cli = { .arena = arena_new(), .verb = verb, .program = argv[0] };
    int code = run_verb(&cli, argc, argv, at);
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
    const struct json *known = json_member(problem, "known");
    (void) fprintf(stderr, "atoll %s: %.*s (%d)\n", cli->verb->name, STR_ARG(detail), status);
    if (known && known->child)
        (void) fprintf(stderr, "  there %s:", known->count > 1 ? "are" : "is");
    for (const struct json *name = known ? known->child : NULL; name; name = name->next)
        (void) fprintf(stderr, " %.*s%s", STR_ARG(name->string), name->next ? "" : "\n");
    if (hint.size > 0)
        (void) fprintf(stderr, "  %.*s\n", STR_ARG(hint));
}

int cli_unreached(const struct cli *cli, str error)
{
    (void) fprintf(stderr,
                   "atoll %s: %.*s\n  start one with: atoll serve   (or say --server URL)\n",
                   cli->verb->name, STR_ARG(error));
    return EXIT_UNREACHED;
}

int cli_answered(struct cli *cli, const struct http_answer *answer, const struct json **document)
{
    struct json_error bad;
    *document = NULL;
    if (str_find(answer->content_type, STR("json")) < answer->content_type.size)
        *document = json_parse(cli->arena, answer->body, &bad);
    if (answer->status / 100 == 2)
        return EXIT_YES;
    show_problem(cli, *document, answer->status);
    return answer->status == 409 ? EXIT_NO : EXIT_REFUSED;
}

int cli_call(struct cli *cli, const char *method, str path, str body, str *text,
             const struct json **document)
{
    struct http_answer answer;
    str error;
    *document = NULL;
    if (!http_call(cli->arena, cli->server, method, path, body, &answer, &error))
        return cli_unreached(cli, error);
    *text = answer.body;
    return cli_answered(cli, &answer, document);
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

int cli_show(struct cli *cli, const struct cli_question *question,
             void (*print)(const struct json *answer))
{
    const struct json *document;
    bool printed;
    int code = cli_ask(cli, question->method, question->path, question->body, &document, &printed);
    if (code == EXIT_YES && !printed && !cli->quiet)
        print(document);
    return code;
}

struct json_writer cli_document(struct cli *cli, struct buf *buf)
{
    struct json_writer writer;
    buf_init_arena(buf, cli->arena, LIMIT_JSON_BYTES);
    json_begin(&writer, buf);
    json_object(&writer, NULL);
    return writer;
}
