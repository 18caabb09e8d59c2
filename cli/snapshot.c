/* Verbs that put the whole world aside and bring it back: snapshot, restore. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/cli.h"
#include "cli/http.h"
#include "cli/verbs.h"

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

/* --- as a file --- */

static int no_file(const struct cli *cli, str path, int error)
{
    (void) fprintf(stderr, "atoll %s: %.*s: %s\n", cli->verb->name, STR_ARG(path), strerror(error));
    return EXIT_REFUSED;
}

static int fetch_into(struct cli *cli, int fd)
{
    struct http_answer answer;
    const struct json *document;
    str error;
    if (http_get_file(cli->arena, cli->server, path_of(cli, "/file"), fd, &answer, &error))
        return cli_answered(cli, &answer, &document);
    if (answer.status == 0)
        return cli_unreached(cli, error);
    (void) fprintf(stderr, "atoll snapshot: %.*s\n", STR_ARG(error));
    return EXIT_REFUSED;
}

/* Beside it first: nobody takes half a world for a whole one. */
static int fetch(struct cli *cli, str path)
{
    if (str_is(path, "-"))
        return fetch_into(cli, STDOUT_FILENO);
    const char *final = str_c(cli->arena, path),
               *fresh = str_c(cli->arena, str_format(cli->arena, "%s.new", final));
    SCOPED_FD int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return no_file(cli, path, errno);
    int code = fetch_into(cli, fd);
    if (code != EXIT_YES) {
        (void) unlink(fresh);
        return code;
    }
    if (rename(fresh, final) != 0)
        return no_file(cli, path, errno);
    if (!cli->quiet)
        (void) fprintf(stderr, "wrote %s\n", final);
    return code;
}

static int send(struct cli *cli, str path)
{
    struct http_answer answer;
    const struct json *document;
    str error;
    bool is_stdin = str_is(path, "-");
    SCOPED_FD int fd =
        is_stdin ? dup(STDIN_FILENO) : open(str_c(cli->arena, path), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return no_file(cli, path, errno);
    if (http_put_file(cli->arena, cli->server, path_of(cli, "/file"), fd, &answer, &error))
        return cli_answered(cli, &answer, &document);
    return cli_unreached(cli, error);
}

/* --- verbs --- */

int verb_snapshot(struct cli *cli)
{
    str out = cli_flag(cli, "out", NULL);
    bool kept = cli_has(cli, "kept"), rm = cli_has(cli, "rm");
    if (cli->word_count > 1)
        return cli_usage(cli, "one name, please");
    if (cli->word_count == 0)
        return out.size > 0 || kept || rm ? cli_usage(cli, "name the snapshot") : list(cli);
    if (rm)
        return out.size > 0 || kept ? cli_usage(cli, "--rm goes alone")
                                    : ask(cli, "DELETE", "", "deleted the snapshot");
    if (kept && out.size == 0)
        return cli_usage(cli, "--kept wants --out FILE: it writes the one that is there");
    if (str_is(out, "-")) { /* stdout is the file */
        cli->quiet = true;
        cli->json = false;
    }
    int code = kept ? EXIT_YES : ask(cli, "PUT", "", "the world is kept as");
    return code == EXIT_YES && out.size > 0 ? fetch(cli, out) : code;
}

int verb_restore(struct cli *cli)
{
    str in = cli_flag(cli, "in", NULL);
    if (cli->word_count != 1)
        return cli_usage(cli, "name the snapshot; atoll snapshot lists them");
    int code = in.size > 0 ? send(cli, in) : EXIT_YES;
    return code == EXIT_YES ? ask(cli, "POST", "/restore", "the world is again as in") : code;
}
