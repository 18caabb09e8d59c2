/* Verbs that put the whole world aside and bring it back: snapshot, restore. */
#include <stdio.h>

#include "cli/cli.h"

static str path_of(struct cli *cli, const char *rest)
{
    return str_format(cli->arena, "/_atoll/v1/snapshots/%.*s%s",
                      STR_ARG(cli_escape(cli, cli->words[0])), rest);
}

static int list(struct cli *cli)
{
    const struct json *document;
    bool printed;
    int code = cli_ask(cli, "GET", STR("/_atoll/v1/snapshots"), STR_NONE, &document, &printed);
    if (code != EXIT_YES || printed)
        return code;
    const struct json *all = json_member(document, "snapshots");
    for (const struct json *one = all ? all->child : NULL; one; one = one->next) {
        str name = json_string(one, "name", STR("")), at = json_string(one, "at", STR(""));
        (void) printf("%-24.*s %.*s  %6.0f objects  %s\n", STR_ARG(name), STR_ARG(at),
                      json_number(one, "objects", 0),
                      size_text(cli->arena, (uint64_t) json_number(one, "bytes", 0)).ptr);
    }
    return EXIT_YES;
}

/* One call without a document, and one line about what came of it. */
static int ask(struct cli *cli, const char *method, const char *rest, const char *said)
{
    const struct json *document;
    bool printed;
    int code = cli_ask(cli, method, path_of(cli, rest), STR(""), &document, &printed);
    if (code == EXIT_YES && !printed && !cli->quiet)
        (void) printf("%s %.*s\n", said, STR_ARG(cli->words[0]));
    return code;
}

int verb_snapshot(struct cli *cli)
{
    if (cli->word_count > 1)
        return cli_usage(cli, "one name, please");
    if (cli->word_count == 0)
        return list(cli);
    if (cli_has(cli, "rm"))
        return ask(cli, "DELETE", "", "deleted the snapshot");
    return ask(cli, "PUT", "", "the world is kept as");
}

int verb_restore(struct cli *cli)
{
    if (cli->word_count != 1)
        return cli_usage(cli, "name the snapshot; atoll snapshot lists them");
    return ask(cli, "POST", "/restore", "the world is again as in");
}
