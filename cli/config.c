/* config apply: another configuration for a running server. (config show and config check need no
 * server; they are in server/main.c.) */
#include "cli/cli.h"

#include <stdio.h>

#include "base/fs.h"
#include "base/limits.h"

static void print_problem(str file, const struct json *problem)
{
    str path = json_string(problem, "path", STR(""));
    double line = json_number(problem, "line", 0);
    (void) fprintf(stderr, "%.*s", STR_ARG(file));
    if (line > 0)
        (void) fprintf(stderr, ":%.0f:%.0f", line, json_number(problem, "column", 0));
    (void) fprintf(stderr, ": %.*s%s%.*s\n", STR_ARG(path), path.size ? ": " : "",
                   STR_ARG(json_string(problem, "message", STR(""))));
}

/* What cannot be read as JSON is said here, with the place, as the server would. */
static bool read_document(struct cli *cli, str file, str *text)
{
    struct json_error bad;
    int read = fs_read_file(cli->arena, str_c(cli->arena, file), LIMIT_JSON_BYTES, text);
    if (read < 0) {
        (void) fprintf(stderr, "atoll config: cannot read %.*s: %s\n", STR_ARG(file),
                       strerror(-read));
        return false;
    }
    if (json_parse(cli->arena, *text, &bad))
        return true;
    (void) fprintf(stderr, "%.*s:%u:%u: %.*s\n", STR_ARG(file), bad.line, bad.column,
                   STR_ARG(bad.message));
    return false;
}

static void print_names(const struct json *document, const char *member, const char *note)
{
    const struct json *names = json_member(document, member);
    for (const struct json *name = names ? names->child : NULL; name; name = name->next)
        (void) printf("%-8s %.*s%s\n", member, STR_ARG(name->string), note);
}

static void print_change(const struct json *document)
{
    const struct json *changed = json_member(document, "changed");
    if (changed == NULL || changed->child == NULL)
        (void) printf("nothing changed\n");
    print_names(document, "changed", "");
    print_names(document, "kept", "   (not as the file says, and left alone)");
}

static int apply(struct cli *cli, str file)
{
    const struct json *document = NULL;
    str text;
    bool printed;
    if (!read_document(cli, file, &text))
        return EXIT_USAGE;
    int code = cli_ask(cli, "PUT", STR("/_atoll/v1/config"), text, &document, &printed);
    const struct json *problems = document ? json_member(document, "problems") : NULL;
    for (const struct json *one = problems ? problems->child : NULL; one; one = one->next)
        print_problem(file, one);
    if (code == EXIT_YES && !printed && !cli->quiet)
        print_change(document);
    return problems ? EXIT_USAGE : code;
}

int verb_config(struct cli *cli)
{
    if (cli->word_count != 2 || !str_is(cli->words[0], "apply"))
        return cli_usage(cli, "say show, check FILE, or apply FILE");
    return apply(cli, cli->words[1]);
}
