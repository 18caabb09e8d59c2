/* Verbs that compare: anomalies, history, diff. */
#include "cli/cli.h"

#include <stdio.h>

#include "cli/show.h"

static const struct json *first(const struct json *document, const char *name)
{
    const struct json *list = json_member(document, name);
    return list ? list->child : NULL;
}

/* --- anomalies --- */

static void print_anomaly(const struct json *anomaly)
{
    (void) printf("%-22.*s %.*s  %.*s\n", STR_ARG(json_string(anomaly, "kind", STR(""))),
                  STR_ARG(json_string(anomaly, "at", STR(""))),
                  STR_ARG(json_string(anomaly, "sentence", STR(""))));
    for (const struct json *w = first(anomaly, "witnesses"); w; w = w->next)
        (void) printf(
            "  %-20.*s %.*s  %-16.*s %.8s  %.*s\n", STR_ARG(json_string(w, "what", STR(""))),
            STR_ARG(json_string(w, "at", STR(""))), STR_ARG(json_string(w, "region", STR(""))),
            json_string(w, "version_id", STR("nothing")).ptr,
            STR_ARG(json_string(w, "request", STR(""))));
}

/* EXIT_NO when one of the kinds that must not be was seen. */
static int judge(struct cli *cli, const struct json *document)
{
    str kinds = cli_flag(cli, "fail-on", NULL), kind;
    int code = EXIT_YES;
    const struct json *counts = json_member(document, "counts");
    while (kinds.size > 0 && str_next(&kinds, ',', &kind)) {
        double seen = json_number(counts, str_c(cli->arena, kind), -1);
        if (seen < 0) {
            (void) fprintf(stderr, "atoll anomalies: there is no kind '%.*s'\n", STR_ARG(kind));
            return EXIT_USAGE;
        }
        if (seen > 0) {
            (void) fprintf(stderr, "atoll anomalies: %.0f %.*s\n", seen, STR_ARG(kind));
            code = EXIT_NO;
        }
    }
    return code;
}

int verb_anomalies(struct cli *cli)
{
    const struct json *document;
    bool printed;
    str kind = cli_flag(cli, "kind", NULL), since = cli_flag(cli, "since", NULL);
    str path = str_format(cli->arena, "/_atoll/v1/anomalies?%s%.*s%s%.*s", kind.size ? "kind=" : "",
                          STR_ARG(cli_escape(cli, kind)), since.size ? "&since=" : "",
                          STR_ARG(cli_escape(cli, since)));
    if (cli_has(cli, "clear"))
        return cli_ask(cli, "DELETE", STR("/_atoll/v1/anomalies"), STR("{}"), &document, &printed);
    int code = cli_ask(cli, "GET", path, STR_NONE, &document, &printed);
    if (code != EXIT_YES)
        return code;
    if (!printed && !cli->quiet) {
        for (const struct json *a = first(document, "anomalies"); a; a = a->next)
            print_anomaly(a);
        bool any = false;
        for (const struct json *count = first(document, "counts"); count; count = count->next)
            if (count->number > 0) {
                (void) printf("%.0f %.*s seen\n", count->number, STR_ARG(count->name));
                any = true;
            }
        if (!any)
            (void) printf("no anomaly seen\n");
    }
    return judge(cli, document);
}

/* --- history --- */

static void print_version(const struct json *version)
{
    (void) printf("%.*s  %.8s  %-10.8s %-16.*s ", STR_ARG(json_string(version, "written", STR(""))),
                  json_string(version, "version_id", STR("")).ptr,
                  json_bool(version, "delete_marker", false)
                      ? "deleted"
                      : json_string(version, "etag", STR("")).ptr,
                  STR_ARG(json_string(version, "origin", STR(""))));
    for (const struct json *region = first(version, "in"); region; region = region->next)
        (void) printf(" %.*s", STR_ARG(region->string));
    (void) printf("\n");
}

int verb_history(struct cli *cli)
{
    const struct json *document;
    bool printed;
    if (cli->word_count != 1)
        return cli_usage(cli, "say which key: ACCESS_POINT/KEY or BUCKET/KEY");
    str path = str_format(cli->arena, "/_atoll/v1/history?target=%.*s",
                          STR_ARG(cli_escape(cli, cli->words[0])));
    int code = cli_ask(cli, "GET", path, STR_NONE, &document, &printed);
    if (code != EXIT_YES || printed)
        return code;
    (void) printf("%-24s  %-8s  %-10s %-16s  %s\n", "WRITTEN", "VERSION", "ETAG", "FIRST IN",
                  "NOW IN");
    for (const struct json *version = first(document, "versions"); version; version = version->next)
        print_version(version);
    if (first(document, "events")) {
        (void) printf("\n");
        show_event_head();
    }
    for (const struct json *event = first(document, "events"); event; event = event->next)
        show_event(event);
    return code;
}

/* --- diff --- */

static void print_difference(const struct json *row)
{
    (void) printf("%-32.*s", STR_ARG(json_string(row, "key", STR(""))));
    for (const struct json *held = first(row, "regions"); held; held = held->next)
        (void) printf(" %-16.8s", json_string(held, "etag", STR("-")).ptr);
    double pending = json_number(row, "pending", 0);
    if (pending > 0)
        (void) printf(" %.0f on the way\n", pending);
    else
        (void) printf(" nothing on the way\n");
}

static void print_page(const struct json *document, bool head)
{
    if (head) {
        (void) printf("%-32s", "KEY");
        for (const struct json *region = first(document, "regions"); region; region = region->next)
            (void) printf(" %-16.*s", STR_ARG(region->string));
        (void) printf(" COPIES\n");
    }
    for (const struct json *row = first(document, "keys"); row; row = row->next)
        print_difference(row);
}

int verb_diff(struct cli *cli)
{
    const struct json *document;
    bool printed, any = false;
    str after = STR(""), mrap = cli->word_count ? cli->words[0] : STR("");
    if (cli->word_count > 1)
        return cli_usage(cli, "one access point at a time");
    for (bool more = true; more;) {
        str path =
            str_format(cli->arena, "/_atoll/v1/keys?diverged=1&limit=1000&prefix=%.*s%s%.*s%s%.*s",
                       STR_ARG(cli_escape(cli, cli_flag(cli, "prefix", ""))),
                       mrap.size ? "&mrap=" : "", STR_ARG(cli_escape(cli, mrap)),
                       after.size ? "&after=" : "", STR_ARG(cli_escape(cli, after)));
        int code = cli_ask(cli, "GET", path, STR_NONE, &document, &printed);
        if (code != EXIT_YES)
            return code;
        if (!printed && first(document, "keys"))
            print_page(document, !any);
        any = any || first(document, "keys");
        more = json_bool(document, "truncated", false);
        after = json_string(document, "next", STR(""));
    }
    if (!any && !printed && !cli->quiet)
        (void) printf("the same in every Region\n");
    return any ? EXIT_NO : EXIT_YES;
}
