/* Verbs about time: clock, lifecycle and wait. */
#include "cli/cli.h"

#include <stdio.h>

static int print_clock(struct cli *cli, const char *method, str body)
{
    const struct json *document;
    bool printed;
    int code = cli_ask(cli, method, STR("/_atoll/v1/clock"), body, &document, &printed);
    if (code != EXIT_YES || printed || cli->quiet)
        return code;
    (void) printf("%.*s %.*s", STR_ARG(json_string(document, "now", STR(""))),
                  STR_ARG(json_string(document, "mode", STR(""))));
    if (json_number(document, "rate", 1) < 1 || json_number(document, "rate", 1) > 1)
        (void) printf(" x%g", json_number(document, "rate", 1));
    str next = json_string(document, "next_event", STR_NONE);
    if (next.size > 0)
        (void) printf(", next copy due %.*s", STR_ARG(next));
    double applied = json_number(document, "applied", 0);
    if (applied > 0)
        (void) printf(", %.0f %s came due", applied, cli_copies(applied));
    (void) printf("\n");
    return code;
}

int verb_clock(struct cli *cli)
{
    static const struct {
        const char *word;
        const char *member;
        const char *value; /* NULL: the next word */
    } forms[] = {
        { "pause", "mode", "manual" },  { "run", "mode", "real" }, { "next", "advance", "next" },
        { "advance", "advance", NULL }, { "set", "set", NULL },    { "mode", "mode", NULL },
        { "rate", "rate", NULL },
    };
    struct buf buf;
    str word = cli->word_count ? cli->words[0] : STR("show");
    double number;
    if (str_is(word, "show"))
        return print_clock(cli, "GET", STR_NONE);
    struct json_writer writer = cli_document(cli, &buf);
    for (size_t i = 0; i < COUNT(forms); i++) {
        if (!str_is(word, forms[i].word))
            continue;
        if (cli->word_count != (forms[i].value ? 1u : 2u))
            break;
        str value = forms[i].value ? str_of(forms[i].value) : cli->words[1];
        if (str_is(word, "rate") && str_to_double(value, &number))
            json_real(&writer, "rate", number);
        else
            json_text(&writer, forms[i].member, value);
        json_end(&writer);
        return print_clock(cli, "POST", buf_str(&buf));
    }
    return cli_usage(cli, "say show, pause, run, advance DUR, next, set TIME, rate N or mode M");
}

int verb_lifecycle(struct cli *cli)
{
    const struct json *document;
    bool printed;
    if (cli->word_count != 1 || !str_is(cli->words[0], "run"))
        return cli_usage(cli, "say lifecycle run");
    int code =
        cli_ask(cli, "POST", STR("/_atoll/v1/lifecycle/run"), STR("{}"), &document, &printed);
    if (code == EXIT_YES && !printed && !cli->quiet)
        (void) printf("lifecycle acted on %.0f objects and uploads\n",
                      json_number(document, "count", 0));
    return code;
}

static void print_missing(const struct json *document)
{
    const struct json *missing = json_member(document, "missing");
    for (const struct json *copy = missing ? missing->child : NULL; copy; copy = copy->next) {
        str reason = json_string(copy, "reason", STR(""));
        str state = json_string(copy, "state", STR(""));
        str due = str_is(state, "pending") ? json_string(copy, "due", STR("")) : STR("");
        (void) fprintf(stderr, "  %.*s/%.*s %.8s for %.*s is %.*s%s%.*s%s%.*s\n",
                       STR_ARG(json_string(copy, "bucket", STR(""))),
                       STR_ARG(json_string(copy, "key", STR(""))),
                       json_string(copy, "version_id", STR("null")).ptr,
                       STR_ARG(json_string(copy, "to", STR(""))), STR_ARG(state),
                       due.size > 0 ? ", due " : "", STR_ARG(due), reason.size > 0 ? ": " : "",
                       STR_ARG(reason));
    }
}

/* "orders/cart.json: 4f98f59e in 3 of 3 Regions after 15.0 s" */
static void print_arrived(const struct json *target, const char *after)
{
    double in = json_number(target, "in", -1), of = json_number(target, "of", 0);
    (void) printf("%.*s: ", STR_ARG(json_string(target, "target", STR(""))));
    if (in < 0)
        (void) printf("all copies arrived");
    else if (in < 1)
        (void) printf("nowhere");
    else if (json_bool(target, "delete_marker", false))
        (void) printf("deleted in %.0f of %.0f Regions", in, of);
    else
        (void) printf("%.8s in %.0f of %.0f Regions", json_string(target, "etag", STR("-")).ptr, in,
                      of);
    (void) printf("%s\n", after);
}

static void print_waited(struct cli *cli, const struct json *document)
{
    const struct json *targets = json_member(document, "targets");
    const char *after =
        str_c(cli->arena,
              str_format(cli->arena, " after %.1f s%s", json_number(document, "waited_s", 0),
                         json_bool(document, "jumped", false) ? " (clock skipped ahead)" : ""));
    if (targets == NULL || targets->child == NULL)
        (void) printf("all copies arrived%s\n", after);
    for (const struct json *t = targets ? targets->child : NULL; t; t = t->next)
        print_arrived(t, after);
}

int verb_wait(struct cli *cli)
{
    struct buf buf;
    const struct json *document;
    bool printed;
    struct json_writer writer = cli_document(cli, &buf);
    json_array(&writer, "targets");
    for (size_t i = 0; i < cli->word_count; i++)
        json_text(&writer, NULL, cli->words[i]);
    json_end(&writer);
    json_array(&writer, "regions");
    for (size_t i = 0; i < cli->flag_count; i++)
        if (str_is(cli->flags[i].name, "region"))
            json_text(&writer, NULL, cli->flags[i].value);
    json_end(&writer);
    json_text(&writer, "within", cli_flag(cli, "within", "1h"));
    json_boolean(&writer, "wall", cli_has(cli, "wall"));
    json_end(&writer);
    int code = cli_ask(cli, "POST", STR("/_atoll/v1/wait"), buf_str(&buf), &document, &printed);
    if (code == EXIT_NO && !printed)
        print_missing(document);
    if (code == EXIT_YES && !printed && !cli->quiet)
        print_waited(cli, document);
    return code;
}
