/* hosts: the names of the present world, for wiring by DNS. /etc/hosts knows no wildcards, so each
 * bucket and each access point is listed. */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/limits.h"
#include "cli/cli.h"

#define MOST_REGIONS 64

struct names {
    struct cli *cli;
    struct buf lines; /* one name per line */
    str regions[MOST_REGIONS];
    size_t region_count;
};

/* China's partition has names of its own (AWS General Reference, "Amazon S3 endpoints"). */
static const char *suffix_of(str region)
{
    return str_starts(region, STR("cn-")) ? "amazonaws.com.cn" : "amazonaws.com";
}

static void add(struct names *names, str name)
{
    str have = buf_str(&names->lines), line;
    while (str_next(&have, '\n', &line))
        if (str_eq(line, name))
            return;
    buf_add(&names->lines, name);
    buf_add_char(&names->lines, '\n');
}

static void add_region(struct names *names, str region)
{
    if (region.size == 0 || names->region_count == MOST_REGIONS)
        return;
    for (size_t i = 0; i < names->region_count; i++)
        if (str_eq(names->regions[i], region))
            return;
    names->regions[names->region_count++] = region;
}

static void find_regions(struct names *names, const struct json *buckets, const struct json *mraps)
{
    for (const struct json *b = buckets ? buckets->child : NULL; b; b = b->next)
        add_region(names, json_string(b, "region", STR_NONE));
    for (const struct json *mrap = mraps ? mraps->child : NULL; mrap; mrap = mrap->next) {
        const struct json *members = json_member(mrap, "members");
        for (const struct json *m = members ? members->child : NULL; m; m = m->next)
            add_region(names, json_string(m, "region", STR_NONE));
    }
    add_region(names, STR("us-east-1"));
    add_region(names, STR("us-west-2")); /* where access points are managed */
}

static void add_regional(struct names *names, str account)
{
    struct arena *arena = names->cli->arena;
    add(names, STR("s3.amazonaws.com"));
    add(names, STR("sts.amazonaws.com"));
    for (size_t i = 0; i < names->region_count; i++) {
        str region = names->regions[i];
        const char *suffix = suffix_of(region);
        add(names, str_format(arena, "s3.%.*s.%s", STR_ARG(region), suffix));
        if (account.size > 0)
            add(names, str_format(arena, "%.*s.s3-control.%.*s.%s", STR_ARG(account),
                                  STR_ARG(region), suffix));
        add(names, str_format(arena, "sts.%.*s.%s", STR_ARG(region), suffix));
    }
}

static void add_buckets(struct names *names, const struct json *buckets)
{
    struct arena *arena = names->cli->arena;
    for (const struct json *b = buckets ? buckets->child : NULL; b; b = b->next) {
        str name = json_string(b, "name", STR("")), region = json_string(b, "region", STR(""));
        const char *suffix = suffix_of(region);
        add(names, str_format(arena, "%.*s.s3.%.*s.%s", STR_ARG(name), STR_ARG(region), suffix));
        add(names, str_format(arena, "%.*s.s3.%s", STR_ARG(name), suffix));
    }
}

static void add_mraps(struct names *names, const struct json *mraps)
{
    struct arena *arena = names->cli->arena;
    for (const struct json *mrap = mraps ? mraps->child : NULL; mrap; mrap = mrap->next) {
        str aliases[] = { json_string(mrap, "alias", STR("")), json_string(mrap, "name", STR("")) };
        for (size_t i = 0; i < COUNT(aliases); i++) {
            const char *dot = str_ends(aliases[i], STR(".mrap")) ? "" : ".mrap";
            if (aliases[i].size > 0)
                add(names, str_format(arena, "%.*s%s.accesspoint.s3-global.amazonaws.com",
                                      STR_ARG(aliases[i]), dot));
        }
    }
}

/* The server's own address if it is written as one, else this machine. */
static str address_of(struct cli *cli)
{
    unsigned char binary[sizeof(struct in6_addr)];
    str host = str_starts(cli->server, STR("http://")) ? str_skip(cli->server, 7) : cli->server,
        port;
    if (host.size > 0 && host.ptr[0] == '[')
        host = str_from(host.ptr + 1, str_find_char(host, ']') - 1);
    else
        (void) str_cut(host, ':', &host, &port);
    const char *text = str_c(cli->arena, host);
    bool is_address =
        inet_pton(AF_INET, text, binary) == 1 || inet_pton(AF_INET6, text, binary) == 1;
    return is_address ? host : STR("127.0.0.1");
}

static void print_json(struct names *names, str address)
{
    struct buf out;
    struct json_writer writer;
    str lines = buf_str(&names->lines), name;
    buf_init_arena(&out, names->cli->arena, LIMIT_ANSWER_BYTES);
    json_begin(&writer, &out);
    json_object(&writer, NULL);
    json_text(&writer, "address", address);
    json_array(&writer, "names");
    while (str_next(&lines, '\n', &name))
        if (name.size > 0)
            json_text(&writer, NULL, name);
    json_end(&writer);
    json_end(&writer);
    (void) printf("%.*s\n", STR_ARG(buf_str(&out)));
}

static void print_lines(struct names *names, str format, str address)
{
    bool compose = str_is(format, "compose");
    str lines = buf_str(&names->lines), name;
    if (compose)
        (void) printf("    networks:\n      default:\n        aliases:\n");
    while (str_next(&lines, '\n', &name)) {
        if (name.size == 0)
            continue;
        if (compose)
            (void) printf("          - %.*s\n", STR_ARG(name));
        else
            (void) printf("%-15.*s %.*s\n", STR_ARG(address), STR_ARG(name));
    }
}

int verb_hosts(struct cli *cli)
{
    struct names names = { .cli = cli };
    const struct json *status;
    str text, format = cli_flag(cli, "format", "hosts"), address = address_of(cli);
    if (cli->word_count > 0)
        return cli_usage(cli, "takes no words; say --format hosts or compose");
    if (!str_is(format, "hosts") && !str_is(format, "compose"))
        return cli_usage(cli, "--format is hosts or compose");
    int code = cli_call(cli, "GET", STR("/_atoll/v1/status"), STR_NONE, &text, &status);
    if (code != EXIT_YES)
        return code;
    const struct json *buckets = json_member(status, "bucket_list"),
                      *mraps = json_member(status, "mraps");
    buf_init_arena(&names.lines, cli->arena, LIMIT_ANSWER_BYTES);
    find_regions(&names, buckets, mraps);
    add_regional(&names, json_string(status, "account", STR_NONE));
    add_buckets(&names, buckets);
    add_mraps(&names, mraps);
    if (cli->json)
        print_json(&names, address);
    else
        print_lines(&names, format, address);
    if (!cli->quiet && !cli->json)
        (void) fprintf(stderr, "SDKs dial port 443: start with  --listen %.*s:443  too\n",
                       STR_ARG(str_is(format, "compose") ? STR("0.0.0.0") : address));
    return code;
}
