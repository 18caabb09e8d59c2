/* tail: requests, copies and changes as they happen: a table, or NDJSON. The server sends all of
 * them; what is shown is chosen here. */
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>

#include "cli/http.h"
#include "cli/show.h"
#include "cli/stats.h"

struct tail {
    struct cli *cli;
    struct buf partial; /* of a line that is not whole yet */
    uint64_t left;      /* events still to show; 0: without end */
    double number;      /* of the newest event; 0: none came */
    bool ended;
    struct stats *stats; /* --stats: count them, show none */
};

static bool has_text(const struct cli *cli, const struct json *event, const char *flag)
{
    str wanted = cli_flag(cli, flag, NULL);
    return wanted.size == 0 || str_glob(wanted, json_string(event, flag, STR("")));
}

/* A copy concerns both of its Regions and both of its buckets. */
static bool has_either(const struct cli *cli, const struct json *event, const char *flag,
                       const char *const members[3])
{
    str wanted = cli_flag(cli, flag, NULL);
    for (size_t i = 0; wanted.size > 0 && i < 3; i++)
        if (members[i] && str_glob(wanted, json_string(event, members[i], STR(""))))
            return true;
    return wanted.size == 0;
}

static bool has_status(const struct cli *cli, const struct json *event)
{
    str wanted = cli_flag(cli, "status", NULL);
    char status[16];
    (void) snprintf(status, sizeof status, "%.0f", json_number(event, "status", 0));
    /* 5xx as well as 503 */
    for (size_t i = 0; i < wanted.size; i++)
        if (wanted.ptr[i] != 'x' && (i >= strlen(status) || wanted.ptr[i] != status[i]))
            return false;
    return wanted.size == 0 || wanted.size == strlen(status);
}

static bool is_stale(const struct json *event)
{
    str freshness = json_string(event, "freshness", STR("fresh"));
    return !str_is(freshness, "fresh");
}

static bool is_wanted(const struct cli *cli, const struct json *event)
{
    static const char *const regions[3] = { "region", "from", "to" };
    static const char *const buckets[3] = { "bucket", "destination", NULL };
    str type = json_string(event, "type", STR(""));
    if (cli_has(cli, "errors") && json_number(event, "status", 0) < 400 &&
        !str_is(type, "copy.failed"))
        return false;
    if (cli_has(cli, "stale") && !is_stale(event))
        return false;
    if (cli_has(cli, "replication") && !str_starts(type, STR("copy.")))
        return false;
    return has_text(cli, event, "client") && has_text(cli, event, "mrap") &&
           has_text(cli, event, "key") && has_text(cli, event, "api") &&
           has_either(cli, event, "region", regions) && has_either(cli, event, "bucket", buckets) &&
           has_status(cli, event);
}

static void take_line(struct tail *tail, str line)
{
    struct cli *cli = tail->cli;
    struct json_error bad;
    struct arena *arena = arena_new();
    const struct json *event = line.size > 0 ? json_parse(arena, line, &bad) : NULL;
    tail->number = json_number(event, "number", tail->number);
    if (event && is_wanted(cli, event)) {
        if (tail->stats)
            stats_add(tail->stats, event);
        else if (cli->json)
            (void) printf("%.*s\n", STR_ARG(line));
        else
            show_event(event);
        (void) fflush(stdout);
        if (tail->left > 0 && --tail->left == 0)
            tail->ended = true;
    }
    arena_free(arena);
}

static bool take_bytes(void *ctx, str bytes)
{
    struct tail *tail = ctx;
    str line;
    buf_add(&tail->partial, bytes);
    str rest = buf_str(&tail->partial);
    for (size_t end = str_find_char(rest, '\n'); end < rest.size && !tail->ended;
         end = str_find_char(rest, '\n')) {
        line = str_first(rest, end);
        take_line(tail, line);
        rest = str_skip(rest, end + 1);
    }
    size_t kept = rest.size;
    if (kept > 0)
        memmove(tail->partial.ptr, rest.ptr, kept);
    tail->partial.size = kept;
    return !tail->ended && !ferror(stdout);
}

/* What the server chooses; the rest is chosen here. */
static str path_of(struct cli *cli)
{
    static const char *const names[] = { "after", "since", "last", "types" };
    str path = STR("/_atoll/v1/events?");
    for (size_t i = 0; i < COUNT(names); i++) {
        str value = cli_flag(cli, names[i], NULL);
        if (value.size > 0)
            path = str_format(cli->arena, "%.*s%s=%.*s&", STR_ARG(path), names[i],
                              STR_ARG(cli_escape(cli, value)));
    }
    return path;
}

static void interrupted(int signal_number)
{
    (void) signal_number;
}

/* Ctrl-C ends the reading, not the program: the sums are still to be printed. */
static void end_on_interrupt(void)
{
    struct sigaction action = { .sa_handler = interrupted };
    (void) sigaction(SIGINT, &action, NULL);
    (void) sigaction(SIGTERM, &action, NULL);
}

int verb_tail(struct cli *cli)
{
    struct tail tail = { .cli = cli };
    str error;
    if (cli->word_count > 0)
        return cli_usage(cli, "tail takes only flags");
    if (!str_to_u64(cli_flag(cli, "count", "0"), &tail.left))
        return cli_usage(cli, "--count wants a whole number");
    if (cli_has(cli, "stats")) {
        tail.stats = ARENA_NEW(cli->arena, struct stats);
        end_on_interrupt();
    }
    buf_init(&tail.partial, 4u << 20);
    if (!cli->json && !tail.stats)
        show_event_head();
    (void) fflush(stdout);
    int status = http_stream(cli->arena, cli->server, path_of(cli), take_bytes, &tail, &error);
    buf_fini(&tail.partial);
    if (status == 200 && tail.stats)
        stats_print(tail.stats, cli->json);
    if (status == 200 && !tail.ended && tail.number > 0)
        (void) fprintf(stderr,
                       "atoll tail: the server ended the stream; --after %.0f goes on from there\n",
                       tail.number);
    if (status == 200)
        return EXIT_YES;
    (void) fprintf(stderr, "atoll tail: %.*s\n", STR_ARG(error));
    return status == 0 ? EXIT_UNREACHED : EXIT_REFUSED;
}
