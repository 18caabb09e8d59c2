/* Verbs that change the world: lag, outage, region, partition, heal, replication, reset. */
#include "cli/cli.h"

#include <stdio.h>

#include "base/limits.h"
#include "cli/resync.h"

static void print_overrides(const struct json *link)
{
    const struct json *overrides = json_member(link, "overrides");
    for (const struct json *o = overrides ? overrides->child : NULL; o; o = o->next) {
        str rule = json_string(o, "rule", STR("")), prefix = json_string(o, "prefix", STR(""));
        (void) printf("  %s%.*s%s%.*s: %.*s\n", rule.size ? "rule " : "", STR_ARG(rule),
                      prefix.size ? (rule.size ? ", prefix " : "prefix ") : "", STR_ARG(prefix),
                      STR_ARG(json_string(o, "lag", STR(""))));
    }
}

static void print_link(const struct json *link)
{
    str state = json_bool(link, "partitioned", false) ? STR("cut")
                : json_bool(link, "held", false)      ? STR("held")
                                                      : STR("up");
    str bandwidth = json_string(link, "bandwidth", STR("-"));
    (void) printf("%-16.*s %-16.*s %-28.*s %-10.*s %-5.*s %8.0f\n",
                  STR_ARG(json_string(link, "from", STR(""))),
                  STR_ARG(json_string(link, "to", STR(""))),
                  STR_ARG(json_string(link, "lag", STR(""))), STR_ARG(bandwidth), STR_ARG(state),
                  json_number(link, "pending", 0));
    print_overrides(link);
}

/* The flags of this list that were given, as members of the document. */
static void add_flags(struct cli *cli, struct json_writer *writer, const char *const flags[][2])
{
    for (size_t i = 0; flags[i][0]; i++)
        if (cli_has(cli, flags[i][0]))
            json_text(writer, flags[i][1], cli_flag(cli, flags[i][0], NULL));
}

/* Of all links, or of the one between these Regions. */
static int show_lag(struct cli *cli)
{
    bool pair = cli->word_count == 2, any = false;
    const struct json *document;
    bool printed;
    int code = cli_ask(cli, "GET", STR("/_atoll/v1/links"), STR_NONE, &document, &printed);
    if (code != EXIT_YES || printed)
        return code;
    if (!pair)
        (void) printf("default lag %.*s\n", STR_ARG(json_string(document, "default_lag", STR(""))));
    const struct json *links = json_member(document, "links");
    for (const struct json *link = links ? links->child : NULL; link; link = link->next) {
        if (pair && !(str_eq(json_string(link, "from", STR("")), cli->words[0]) &&
                      str_eq(json_string(link, "to", STR("")), cli->words[1])))
            continue;
        if (!any)
            (void) printf("%-16s %-16s %-28s %-10s %-5s %8s\n", "FROM", "TO", "LAG", "BANDWIDTH",
                          "STATE", "PENDING");
        any = true;
        print_link(link);
    }
    if (pair && !any)
        (void) fprintf(stderr,
                       "atoll lag: no link %.*s -> %.*s: links are between Regions that "
                       "have buckets\n",
                       STR_ARG(cli->words[0]), STR_ARG(cli->words[1]));
    return pair && !any ? EXIT_NO : EXIT_YES;
}

static int set_lag(struct cli *cli, str from, str to, str lag)
{
    struct buf buf;
    const struct json *document;
    bool printed;
    struct json_writer writer = cli_document(cli, &buf);
    static const char *const flags[][2] = { { "rule", "rule" }, { "prefix", "prefix" }, { NULL } };
    str bandwidth = cli_flag(cli, "bandwidth", NULL);
    add_flags(cli, &writer, flags);
    if (lag.size > 0)
        json_text(&writer, "lag", lag);
    if (bandwidth.size > 0)
        json_text(&writer, "bandwidth", bandwidth);
    json_end(&writer);
    str path = str_format(cli->arena, "/_atoll/v1/links/%.*s/%.*s", STR_ARG(cli_escape(cli, from)),
                          STR_ARG(cli_escape(cli, to)));
    int code = cli_ask(cli, "PATCH", path, buf_str(&buf), &document, &printed);
    if (code != EXIT_YES || printed || cli->quiet)
        return code;
    str rate = json_string(document, "bandwidth", STR(""));
    if (str_is(from, "*"))
        (void) printf("every link without its own: ");
    else
        (void) printf("%.*s -> %.*s: ", STR_ARG(from), STR_ARG(to));
    (void) printf("lag %.*s%s%.*s\n", STR_ARG(json_string(document, "lag", STR(""))),
                  rate.size > 0 ? ", bandwidth " : "", STR_ARG(rate));
    print_overrides(document);
    return code;
}

int verb_lag(struct cli *cli)
{
    bool bandwidth = cli_has(cli, "bandwidth");
    if ((cli->word_count == 0 || cli->word_count == 2) && !bandwidth)
        return show_lag(cli);
    if (cli->word_count <= 1)
        return set_lag(cli, STR("*"), STR("*"), cli->word_count ? cli->words[0] : STR_NONE);
    if (cli->word_count > 3)
        return cli_usage(cli, "say: atoll lag DIST, or atoll lag SRC DST DIST");
    str lag = cli->word_count == 3 ? cli->words[2] : STR_NONE;
    int code = set_lag(cli, cli->words[0], cli->words[1], lag);
    if (code == EXIT_YES && cli_has(cli, "both"))
        code = set_lag(cli, cli->words[1], cli->words[0], lag);
    return code;
}

static void print_region(const struct json *document)
{
    str region = json_string(document, "region", STR("")),
        plane = json_string(document, "plane", STR("both"));
    const char *state = json_bool(document, "outage", false) ? "down" : "up";
    str until = json_string(document, "until", STR(""));
    if (!str_is(plane, "both"))
        (void) printf("the %.*s plane of ", STR_ARG(plane));
    (void) printf("%.*s is %s%s%.*s\n", STR_ARG(region), state, until.size > 0 ? " until " : "",
                  STR_ARG(until));
}

int verb_outage(struct cli *cli)
{
    struct buf buf;
    const struct json *document;
    bool printed;
    static const char *const flags[][2] = { { "for", "for" }, { "plane", "plane" }, { NULL } };
    if (cli->word_count != 2 || !(str_is(cli->words[1], "on") || str_is(cli->words[1], "off")))
        return cli_usage(cli, "say the Region, then on or off");
    struct json_writer writer = cli_document(cli, &buf);
    json_boolean(&writer, "outage", str_is(cli->words[1], "on"));
    add_flags(cli, &writer, flags);
    json_end(&writer);
    str path =
        str_format(cli->arena, "/_atoll/v1/regions/%.*s", STR_ARG(cli_escape(cli, cli->words[0])));
    int code = cli_ask(cli, "PATCH", path, buf_str(&buf), &document, &printed);
    if (code == EXIT_YES && !printed && !cli->quiet)
        print_region(document);
    return code;
}

int verb_region(struct cli *cli)
{
    struct buf buf;
    const struct json *document;
    bool printed;
    bool enable = cli->word_count == 2 && str_is(cli->words[1], "enable");
    bool skew = cli->word_count == 3 && str_is(cli->words[1], "skew");
    if (!skew && (cli->word_count != 2 || !(enable || str_is(cli->words[1], "disable"))))
        return cli_usage(cli, "say the Region, then enable, disable or skew DUR");
    struct json_writer writer = cli_document(cli, &buf);
    if (skew)
        json_text(&writer, "skew", cli->words[2]);
    else
        json_boolean(&writer, "enabled", enable);
    json_end(&writer);
    str path =
        str_format(cli->arena, "/_atoll/v1/regions/%.*s", STR_ARG(cli_escape(cli, cli->words[0])));
    int code = cli_ask(cli, "PATCH", path, buf_str(&buf), &document, &printed);
    if (code != EXIT_YES || printed || cli->quiet)
        return code;
    str ahead = json_string(document, "skew", STR("0s"));
    (void) printf("%.*s is %s, its clock ", STR_ARG(cli->words[0]),
                  json_bool(document, "enabled", true) ? "enabled" : "disabled");
    if (str_is(ahead, "0s"))
        (void) printf("right\n");
    else
        (void) printf("%.*s ahead\n", STR_ARG(ahead));
    return code;
}

int verb_partition(struct cli *cli)
{
    struct buf buf;
    const struct json *document;
    bool printed, open = false;
    if (cli->word_count < 3)
        return cli_usage(
            cli, "say the groups, with a slash between: us-east-1 / eu-west-1 ap-southeast-1");
    struct json_writer writer = cli_document(cli, &buf);
    json_array(&writer, "groups");
    for (size_t i = 0; i < cli->word_count; i++) {
        if (!open)
            json_array(&writer, NULL);
        open = true;
        if (str_is(cli->words[i], "/")) {
            json_end(&writer);
            open = false;
        } else
            json_text(&writer, NULL, cli->words[i]);
    }
    if (open)
        json_end(&writer);
    json_end(&writer);
    if (cli_has(cli, "for"))
        json_text(&writer, "for", cli_flag(cli, "for", NULL));
    if (cli_has(cli, "one-way"))
        json_boolean(&writer, "one_way", true);
    json_end(&writer);
    int code =
        cli_ask(cli, "PUT", STR("/_atoll/v1/partitions"), buf_str(&buf), &document, &printed);
    double cut = json_number(document, "cut", 0);
    str until = json_string(document, "until", STR(""));
    if (code == EXIT_YES && !printed && !cli->quiet)
        (void) printf("%.0f link%s cut%s%.*s; atoll heal ends it\n", cut, cut > 1 ? "s" : "",
                      until.size > 0 ? " until " : "", STR_ARG(until));
    return code;
}

int verb_heal(struct cli *cli)
{
    const struct json *document;
    bool printed;
    int code = cli_ask(cli, "DELETE", STR("/_atoll/v1/partitions"), STR("{}"), &document, &printed);
    if (code == EXIT_YES && !printed && !cli->quiet)
        (void) printf("no link is cut\n");
    return code;
}

/* What narrows copies, as a flag and as the server's member. */
static const char *const copy_flags[][2] = {
    { "bucket", "bucket" },           { "rule", "rule" },          { "key", "key" },
    { "destination", "destination" }, { "version", "version_id" }, { NULL }
};

static str copies_path(struct cli *cli)
{
    struct buf path;
    buf_init_arena(&path, cli->arena, LIMIT_JSON_BYTES);
    buf_addf(&path, "/_atoll/v1/replication?state=%.*s",
             STR_ARG(cli_escape(cli, cli_flag(cli, "state", ""))));
    for (size_t i = 0; copy_flags[i][0]; i++)
        if (cli_has(cli, copy_flags[i][0]))
            buf_addf(&path, "&%s=%.*s", copy_flags[i][1],
                     STR_ARG(cli_escape(cli, cli_flag(cli, copy_flags[i][0], NULL))));
    if (cli->word_count == 3)
        buf_addf(&path, "&src=%.*s&dst=%.*s", STR_ARG(cli_escape(cli, cli->words[1])),
                 STR_ARG(cli_escape(cli, cli->words[2])));
    return buf_str(&path);
}

static int list_replication(struct cli *cli)
{
    const struct json *document;
    bool printed;
    int code = cli_ask(cli, "GET", copies_path(cli), STR_NONE, &document, &printed);
    if (code != EXIT_YES || printed)
        return code;
    const struct json *copies = json_member(document, "copies");
    if (copies && copies->child)
        (void) printf("%-8s %-14s %-14s %-32s %-10s %-24s %s\n", "STATE", "FROM", "TO", "KEY",
                      "VERSION", "DUE", "REASON");
    for (const struct json *c = copies ? copies->child : NULL; c; c = c->next)
        (void) printf(
            "%-8.*s %-14.*s %-14.*s %-32.*s %-10.10s %-24.*s%s%.*s\n",
            STR_ARG(json_string(c, "state", STR(""))), STR_ARG(json_string(c, "from", STR(""))),
            STR_ARG(json_string(c, "to", STR(""))), STR_ARG(json_string(c, "key", STR(""))),
            str_c(cli->arena, json_string(c, "version_id", STR(""))),
            STR_ARG(json_string(c, "due", STR(""))), json_member(c, "reason") ? " " : "",
            STR_ARG(json_string(c, "reason", STR(""))));
    double count = json_number(document, "count", 0);
    if (!cli->quiet)
        (void) fprintf(stderr, "%.0f %s\n", count, cli_copies(count));
    return code;
}

/* Are some copies of a link meant, not the link? */
static bool is_narrowed(const struct cli *cli)
{
    bool narrowed = cli_has(cli, "count");
    for (size_t i = 0; copy_flags[i][0]; i++)
        narrowed = narrowed || cli_has(cli, copy_flags[i][0]);
    return narrowed;
}

static int hold_link(struct cli *cli)
{
    struct buf buf;
    const struct json *document;
    bool printed, pair = cli->word_count == 3;
    struct json_writer writer = cli_document(cli, &buf);
    json_boolean(&writer, "hold", true);
    json_end(&writer);
    str path = str_format(cli->arena, "/_atoll/v1/links/%.*s/%.*s",
                          STR_ARG(cli_escape(cli, pair ? cli->words[1] : STR("*"))),
                          STR_ARG(cli_escape(cli, pair ? cli->words[2] : STR("*"))));
    int code = cli_ask(cli, "PATCH", path, buf_str(&buf), &document, &printed);
    if (code == EXIT_YES && !printed && !cli->quiet && pair)
        (void) printf("%.*s -> %.*s: copies that become due are held\n", STR_ARG(cli->words[1]),
                      STR_ARG(cli->words[2]));
    else if (code == EXIT_YES && !printed && !cli->quiet)
        (void) printf("every link: copies that become due are held\n");
    return code;
}

/* hold, release, drop, retry: which copies, and what became of them. */
static int by_hand(struct cli *cli, str what, const char *done)
{
    struct buf buf;
    const struct json *document;
    bool printed;
    uint64_t count = 0;
    if (cli_has(cli, "count") && !str_to_u64(cli_flag(cli, "count", NULL), &count))
        return cli_usage(cli, "--count wants a whole number");
    struct json_writer writer = cli_document(cli, &buf);
    if (cli->word_count == 3) {
        json_text(&writer, "src", cli->words[1]);
        json_text(&writer, "dst", cli->words[2]);
    }
    if (cli_has(cli, "count"))
        json_integer(&writer, "count", (int64_t) count);
    add_flags(cli, &writer, copy_flags);
    if (cli_has(cli, "reason"))
        json_text(&writer, "reason", cli_flag(cli, "reason", NULL));
    json_end(&writer);
    int code =
        cli_ask(cli, "POST", str_format(cli->arena, "/_atoll/v1/replication/%.*s", STR_ARG(what)),
                buf_str(&buf), &document, &printed);
    double copies = json_number(document, "count", 0);
    if (code == EXIT_YES && !printed && !cli->quiet)
        (void) printf("%.0f %s %s\n", copies, cli_copies(copies), done);
    return code;
}

int verb_replication(struct cli *cli)
{
    static const char *const acts[][2] = { { "hold", "held" },
                                           { "release", "released" },
                                           { "drop", "dropped" },
                                           { "retry", "tried again" } };
    str what = cli->word_count ? cli->words[0] : STR("list");
    if (str_is(what, "resync"))
        return resync_run(cli);
    if (cli->word_count > 1 && cli->word_count != 3)
        return cli_usage(cli, "say both Regions of the link, or none");
    if (str_is(what, "list"))
        return list_replication(cli);
    if (str_is(what, "hold") && !is_narrowed(cli))
        return hold_link(cli);
    for (size_t i = 0; i < COUNT(acts); i++)
        if (str_is(what, acts[i][0]))
            return by_hand(cli, what, acts[i][1]);
    return cli_usage(cli, "say list, hold, release, drop, retry or resync");
}

int verb_reset(struct cli *cli)
{
    struct buf buf;
    const struct json *document;
    bool printed;
    struct json_writer writer = cli_document(cli, &buf);
    json_text(&writer, "to", cli_flag(cli, "to", "config"));
    json_end(&writer);
    int code = cli_ask(cli, "POST", STR("/_atoll/v1/reset"), buf_str(&buf), &document, &printed);
    if (code == EXIT_YES && !printed && !cli->quiet)
        (void) printf("reset in %.0f ms\n", json_number(document, "took_ms", 0));
    return code;
}
