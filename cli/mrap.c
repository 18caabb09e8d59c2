/* Verbs about access points: mrap, route. */
#include "cli/mrap.h"

#include <stdio.h>

static void print_routing(const struct json *routing)
{
    static const char *const members[] = { "proximity", "affinity", "propagation", "failover" };
    if (routing == NULL)
        return;
    (void) printf("  routing");
    for (size_t i = 0; i < COUNT(members); i++)
        (void) printf("  %s %.*s", members[i], STR_ARG(json_string(routing, members[i], STR(""))));
    (void) printf("  flap %g\n", json_number(routing, "flap", 0));
}

void mrap_print(const struct json *mrap)
{
    (void) printf("%.*s  %.*s  %.*s\n", STR_ARG(json_string(mrap, "name", STR(""))),
                  STR_ARG(json_string(mrap, "arn", STR(""))),
                  STR_ARG(json_string(mrap, "status", STR(""))));
    const struct json *members = json_member(mrap, "members");
    for (const struct json *m = members ? members->child : NULL; m; m = m->next) {
        (void) printf("  %-16.*s %-30.*s %-8.*s %3.0f", STR_ARG(json_string(m, "region", STR(""))),
                      STR_ARG(json_string(m, "bucket", STR(""))),
                      STR_ARG(json_string(m, "route", STR(""))), json_number(m, "dial", 0));
        if (json_member(m, "old_dial"))
            (void) printf("  was %.0f", json_number(m, "old_dial", 0));
        (void) printf("%s\n", json_bool(m, "outage", false) ? "  outage" : "");
    }
    print_routing(json_member(mrap, "routing"));
    if (json_bool(mrap, "route_change_in_progress", false))
        (void) printf("  taking effect, for every client by %.*s\n",
                      STR_ARG(json_string(mrap, "routes_everywhere_at", STR(""))));
}

/* One of them, or all. */
static void print_answer(const struct json *answer)
{
    const struct json *list = json_member(answer, "mraps");
    if (list == NULL)
        mrap_print(answer);
    for (const struct json *mrap = list ? list->child : NULL; mrap; mrap = mrap->next)
        mrap_print(mrap);
}

static int show(struct cli *cli, const char *method, str path, str body)
{
    return cli_show(cli, &(struct cli_question){ method, path, body }, print_answer);
}

int verb_mrap(struct cli *cli)
{
    static const char *const words[] = { "proximity", "affinity", "propagation", "failover" };
    struct buf buf;
    double flap;
    size_t said = cli_has(cli, "flap");
    if (cli->word_count > 1)
        return cli_usage(cli, "say one access point");
    struct json_writer writer = cli_document(cli, &buf);
    for (size_t i = 0; i < COUNT(words); i++)
        if (cli_has(cli, words[i])) {
            json_text(&writer, words[i], cli_flag(cli, words[i], NULL));
            said++;
        }
    if (cli_has(cli, "flap")) {
        if (!str_to_double(cli_flag(cli, "flap", NULL), &flap))
            return cli_usage(cli, "--flap is a share between 0 and 1");
        json_real(&writer, "flap", flap);
    }
    json_end(&writer);
    if (cli->word_count == 0)
        return said ? cli_usage(cli, "say the access point")
                    : show(cli, "GET", STR("/_atoll/v1/mraps"), STR_NONE);
    str path =
        str_format(cli->arena, "/_atoll/v1/mraps/%.*s", STR_ARG(cli_escape(cli, cli->words[0])));
    return said ? show(cli, "PATCH", path, buf_str(&buf)) : show(cli, "GET", path, STR_NONE);
}

int verb_route(struct cli *cli)
{
    struct buf buf;
    if (cli->word_count < 3 || cli->word_count % 2 == 0)
        return cli_usage(
            cli, "say the access point, then pairs of REGION and active, passive or 0..100");
    struct json_writer writer = cli_document(cli, &buf);
    for (size_t i = 1; i + 1 < cli->word_count; i += 2) {
        uint64_t dial;
        json_key(&writer, cli->words[i]);
        if (str_to_u64(cli->words[i + 1], &dial))
            json_integer(&writer, NULL, (int64_t) dial);
        else
            json_text(&writer, NULL, cli->words[i + 1]);
    }
    if (cli_has(cli, "now"))
        json_boolean(&writer, "now", true);
    json_end(&writer);
    return show(cli, "PATCH",
                str_format(cli->arena, "/_atoll/v1/mraps/%.*s/routes",
                           STR_ARG(cli_escape(cli, cli->words[0]))),
                buf_str(&buf));
}
