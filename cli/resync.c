/* `atoll replication resync`: one call, or on a terminal one for each thousands of versions, so
 * that it shows how far it is. */
#include "cli/resync.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/http.h"

#define PATH "/_atoll/v1/replication/resync"
#define STEP 20000 /* versions of one call: a line is renewed about twice a second */

struct resync {
    struct cli *cli;
    bool shows;
    str after; /* where the next call goes on; unset: at the beginning */
    double queued, found, buckets;
};

static str ask_for(const struct resync *resync)
{
    struct cli *cli = resync->cli;
    struct buf buf;
    str statuses = cli_flag(cli, "status", NULL), status;
    struct json_writer writer = cli_document(cli, &buf);
    if (cli->word_count == 2)
        json_text(&writer, "bucket", cli->words[1]);
    if (cli_has(cli, "key"))
        json_text(&writer, "prefix", cli_flag(cli, "key", NULL));
    if (cli_has(cli, "status")) {
        json_array(&writer, "statuses");
        while (str_next(&statuses, ',', &status))
            json_text(&writer, NULL, status);
        json_end(&writer);
    }
    if (resync->shows)
        json_integer(&writer, "limit", STEP);
    if (str_is_set(resync->after))
        json_text(&writer, "after", resync->after);
    json_end(&writer);
    return buf_str(&buf);
}

/* The line is renewed in its place, and gone before anything else is said. */
static void clear(const struct resync *resync)
{
    if (resync->shows)
        (void) fputs("\r\033[K", stderr);
}

static void show(const struct resync *resync)
{
    str bucket, rest;
    if (!resync->shows || !str_is_set(resync->after))
        return;
    (void) str_cut(resync->after, ' ', &bucket, &rest);
    (void) fprintf(stderr, "in %.*s: %.0f versions queued, of %.0f found", STR_ARG(bucket),
                   resync->queued, resync->found);
    (void) fflush(stderr);
}

static int ask(struct resync *resync, const struct json **document, bool *printed)
{
    struct cli *cli = resync->cli;
    struct http_answer answer;
    str error;
    if (!resync->shows)
        return cli_ask(cli, "POST", STR(PATH), ask_for(resync), document, printed);
    bool answered =
        http_call(cli->arena, cli->server, "POST", STR(PATH), ask_for(resync), &answer, &error);
    clear(resync);
    return answered ? cli_answered(cli, &answer, document) : cli_unreached(cli, error);
}

static int step(struct resync *resync, bool *printed)
{
    const struct json *document = NULL;
    int code = ask(resync, &document, printed);
    resync->after = STR_NONE;
    if (code != EXIT_YES || *printed)
        return code;
    resync->queued += json_number(document, "count", 0);
    resync->found += json_number(document, "found", 0);
    resync->buckets = json_number(document, "buckets", 0);
    resync->after = json_string(document, "next", STR_NONE);
    show(resync);
    return code;
}

int resync_run(struct cli *cli)
{
    bool printed = false;
    int code;
    /* --json prints the server's one answer as it is. */
    struct resync resync = { .cli = cli,
                             .shows = !cli->quiet && !cli->json && isatty(STDERR_FILENO) };
    if (cli->word_count > 2)
        return cli_usage(cli, "say one bucket, or none for all that have replication rules");
    do
        code = step(&resync, &printed);
    while (str_is_set(resync.after));
    if (code == EXIT_YES && !printed && !cli->quiet)
        (void) printf("%.0f versions queued, of %.0f found in %.0f buckets\n", resync.queued,
                      resync.found, resync.buckets);
    return code;
}
