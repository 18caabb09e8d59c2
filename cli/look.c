/* Verbs that look: status, explain, health. */
#include "cli/cli.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/lock.h"
#include "cli/curl.h"
#include "cli/http.h"
#include "cli/mrap.h"

static void print_status_link(const struct json *link)
{
    (void) printf(
        "  %-16.*s -> %-16.*s %-24.*s %6.0f pending %10.0f B%s%s\n",
        STR_ARG(json_string(link, "from", STR(""))), STR_ARG(json_string(link, "to", STR(""))),
        STR_ARG(json_string(link, "lag", STR(""))), json_number(link, "pending", 0),
        json_number(link, "pending_bytes", 0), json_bool(link, "partitioned", false) ? "  cut" : "",
        json_bool(link, "held", false) ? "  held" : "");
}

static void pause_for(duration how_long)
{
    struct mutex lock;
    struct condition never;
    mutex_init(&lock);
    condition_init(&never);
    mutex_lock(&lock);
    (void) condition_wait_for(&never, &lock, how_long);
    mutex_unlock(&lock);
}

static void print_outages(const struct json *outages)
{
    if (outages && outages->child)
        (void) printf("\noutages\n");
    for (const struct json *o = outages ? outages->child : NULL; o; o = o->next) {
        str until = json_string(o, "until", STR(""));
        (void) printf("  %-16.*s %.*s plane%s%.*s\n", STR_ARG(json_string(o, "region", STR(""))),
                      STR_ARG(json_string(o, "plane", STR(""))), until.size ? " until " : "",
                      STR_ARG(until));
    }
}

static void print_jobs(const struct json *jobs)
{
    if (jobs && jobs->child)
        (void) printf("\njobs\n");
    for (const struct json *job = jobs ? jobs->child : NULL; job; job = job->next)
        (void) printf("  %.*s  %-10.*s %.0f of %.0f tasks begun%s%.*s\n",
                      STR_ARG(json_string(job, "id", STR(""))),
                      STR_ARG(json_string(job, "status", STR(""))), json_number(job, "begun", 0),
                      json_number(job, "tasks", 0), json_member(job, "bucket") ? ", " : "",
                      STR_ARG(json_string(job, "bucket", STR(""))));
}

static int show_status(struct cli *cli)
{
    const struct json *document;
    bool printed;
    int code = cli_ask(cli, "GET", STR("/_atoll/v1/status"), STR_NONE, &document, &printed);
    if (code != EXIT_YES || printed)
        return code;
    const struct json *clock = json_member(document, "clock");
    (void) printf("atoll %.*s   clock %.*s %.*s   seed %.*s\n",
                  STR_ARG(json_string(document, "version", STR(""))),
                  STR_ARG(json_string(clock, "now", STR(""))),
                  STR_ARG(json_string(clock, "mode", STR(""))),
                  STR_ARG(json_string(document, "seed", STR(""))));
    const struct json *mraps = json_member(document, "mraps"),
                      *links = json_member(document, "links");
    for (const struct json *mrap = mraps ? mraps->child : NULL; mrap; mrap = mrap->next) {
        (void) printf("\n");
        mrap_print(mrap);
    }
    print_outages(json_member(document, "outages"));
    print_jobs(json_member(document, "jobs"));
    if (links && links->child)
        (void) printf("\nlinks\n");
    for (const struct json *link = links ? links->child : NULL; link; link = link->next)
        print_status_link(link);
    double pending = json_number(document, "pending", 0);
    (void) printf("\n%.0f buckets, %.0f %s pending\n", json_number(document, "buckets", 0), pending,
                  cli_copies(pending));
    return code;
}

/* Until it is interrupted, or the server does not answer. A terminal shows the latest only. */
static int watch_status(struct cli *cli, duration every)
{
    for (bool first = true;; first = false) {
        struct cli round = *cli;
        round.arena = arena_new();
        if (cli->colour)
            (void) printf("\033[H\033[2J");
        else if (!first && !cli->json)
            (void) printf("\n");
        int code = show_status(&round);
        (void) fflush(stdout);
        arena_free(round.arena);
        if (code != EXIT_YES)
            return code;
        pause_for(every);
    }
}

int verb_status(struct cli *cli)
{
    duration every = DURATION_MS(1000);
    bool watches = cli_has(cli, "watch");
    if (cli->word_count > (watches ? 1 : 0))
        return cli_usage(cli, watches ? "--watch wants one duration" : "takes no words");
    if (!watches)
        return show_status(cli);
    if (cli->word_count == 1 && (!duration_parse(cli->words[0], &every) || every.ns <= 0))
        return cli_usage(cli, "--watch wants a duration such as 1s");
    return watch_status(cli, every);
}

static void print_candidates(const struct json *route)
{
    const struct json *candidates = json_member(route, "candidates");
    str chosen = json_string(route, "region", STR_NONE);
    for (const struct json *c = candidates ? candidates->child : NULL; c; c = c->next) {
        str region = json_string(c, "region", STR(""));
        (void) printf("            %-16.*s %4.0f ms  %.*s%s\n", STR_ARG(region),
                      json_number(c, "rtt_ms", 0), STR_ARG(json_string(c, "route", STR(""))),
                      str_eq(region, chosen) ? "   <- chosen" : "");
    }
}

static void print_missed(const struct json *freshness)
{
    const struct json *newest = json_member(freshness, "newest");
    str verdict = json_string(freshness, "verdict", STR_NONE),
        due = json_string(freshness, "due", STR_NONE);
    if (verdict.size == 0 || str_is(verdict, "fresh") || newest == NULL)
        return;
    (void) printf("missed    %.*s, acknowledged %.*s in %.*s",
                  STR_ARG(json_string(newest, "etag", STR(""))),
                  STR_ARG(json_string(newest, "acknowledged", STR(""))),
                  STR_ARG(json_string(newest, "region", STR(""))));
    (void) printf(", %.3f s before this read\n", json_number(freshness, "age_s", 0));
    if (due.size > 0)
        (void) printf("          on its way: due here %.*s\n", STR_ARG(due));
    (void) printf(
        "so        the answer was already out of date (%.*s), and nothing in it said so.\n"
        "          This is what S3 documents: an access point does not look at the data.\n",
        STR_ARG(verdict));
}

/* The line of a canonical request that byte `at` is in. */
static str line_at(str text, size_t at)
{
    size_t begin = at < text.size ? at : text.size;
    while (begin > 0 && text.ptr[begin - 1] != '\n')
        begin--;
    str rest = str_skip(text, begin);
    return str_first(rest, str_find_char(rest, '\n'));
}

static void print_signature(const struct json *signature)
{
    if (signature == NULL)
        return;
    str ours = json_string(signature, "canonical_request", STR("")),
        theirs = json_string(signature, "client_canonical_request", STR("")), line;
    double at = json_number(signature, "differs_at", -1);
    (void) printf("signature %.*s\n", STR_ARG(json_string(signature, "cause", STR(""))));
    if (at >= 0) {
        (void) printf("  canonical requests differ from byte %.0f\n", at);
        (void) printf("  server  %.*s\n", STR_ARG(line_at(ours, (size_t) at)));
        (void) printf("  client  %.*s\n", STR_ARG(line_at(theirs, (size_t) at)));
        return;
    }
    (void) printf("  the server's canonical request:\n");
    while (str_is_set(ours) && str_next(&ours, '\n', &line))
        (void) printf("    %.*s\n", STR_ARG(line));
}

/* What became of the copies of the version that was written or read. */
static void print_copies(const struct json *copies)
{
    for (const struct json *copy = copies ? copies->child : NULL; copy; copy = copy->next) {
        str reason = json_string(copy, "reason", STR("")),
            missing = json_string(copy, "missing", STR(""));
        (void) printf("copy      to %.*s: %.*s%s%.*s\n",
                      STR_ARG(json_string(copy, "destination", STR(""))),
                      STR_ARG(json_string(copy, "state", STR(""))), reason.size > 0 ? ", " : "",
                      STR_ARG(reason));
        if (missing.size > 0)
            (void) printf("          %.*s\n", STR_ARG(missing));
    }
}

static void print_explained(const struct json *document)
{
    const struct json *request = json_member(document, "request"),
                      *client = json_member(document, "client");
    const struct json *route = json_member(document, "route"),
                      *result = json_member(document, "result"),
                      *denied = json_member(document, "denied");
    str marks = json_string(document, "nonstandard", STR_NONE);
    if (request)
        (void) printf("request   %.*s   %.*s %.*s%s%.*s   %.0f\n",
                      STR_ARG(json_string(document, "id", STR(""))),
                      STR_ARG(json_string(request, "api", STR(""))),
                      STR_ARG(json_string(request, "target", STR(""))),
                      marks.size ? "   nonstandard: " : "", STR_ARG(marks),
                      json_number(result, "status", 0));
    (void) printf("client    %.*s at %.*s\n", STR_ARG(json_string(client, "name", STR(""))),
                  STR_ARG(json_string(client, "at", STR(""))));
    (void) printf("sent to   %.*s (%.*s): %.*s\n",
                  STR_ARG(json_string(route, "region", STR("nowhere"))),
                  STR_ARG(json_string(route, "bucket", STR("-"))),
                  STR_ARG(json_string(route, "reason", STR(""))));
    print_candidates(route);
    str etag = json_string(result, "etag", STR_NONE),
        message = json_string(result, "message", STR_NONE);
    if (etag.size > 0)
        (void) printf("returned  %.*s, version %.*s\n", STR_ARG(etag),
                      STR_ARG(json_string(result, "version_id", STR("null"))));
    if (message.size > 0)
        (void) printf("error     %.*s: %.*s\n", STR_ARG(json_string(result, "code", STR(""))),
                      STR_ARG(message));
    if (denied)
        (void) printf("denied by %.*s: %.*s\n", STR_ARG(json_string(denied, "by", STR(""))),
                      STR_ARG(json_string(denied, "why", STR(""))));
    print_signature(json_member(document, "signature"));
    print_copies(json_member(document, "copies"));
    print_missed(json_member(document, "freshness"));
}

int verb_explain(struct cli *cli)
{
    const struct json *document;
    bool printed;
    str path, text;
    if (cli->word_count > 1)
        return cli_usage(cli, "one request at a time");
    if (cli_has(cli, "what-if"))
        path = str_format(cli->arena, "/_atoll/v1/route?mrap=%.*s&client=%.*s",
                          STR_ARG(cli_escape(cli, cli_flag(cli, "mrap", ""))),
                          STR_ARG(cli_escape(cli, cli_flag(cli, "client", "default"))));
    else
        path = str_format(cli->arena, "/_atoll/v1/requests/%.*s",
                          STR_ARG(cli_escape(cli, cli->word_count ? cli->words[0] : STR("last"))));
    if (cli_has(cli, "curl")) {
        if (cli_has(cli, "what-if"))
            return cli_usage(cli, "--curl is of a request that was sent: not with --what-if");
        int called = cli_call(cli, "GET", path, STR_NONE, &text, &document);
        return called == EXIT_YES ? curl_print(cli, document) : called;
    }
    int code = cli_ask(cli, "GET", path, STR_NONE, &document, &printed);
    if (code == EXIT_YES && !printed)
        print_explained(document);
    return code;
}

int verb_health(struct cli *cli)
{
    duration within = { 0 }, started = clock_mono();
    str wait = cli_flag(cli, "wait", NULL), error;
    struct http_answer answer;
    if (wait.size > 0 && !duration_parse(wait, &within))
        return cli_usage(cli, "--wait wants a duration such as 30s");
    for (;;) {
        if (http_call(cli->arena, cli->server, "GET", STR("/_atoll/health/ready"), STR_NONE,
                      &answer, &error) &&
            answer.status == 200) {
            if (cli->json)
                (void) printf("%.*s", STR_ARG(answer.body));
            return EXIT_YES;
        }
        if (clock_mono().ns - started.ns >= within.ns) {
            if (cli->json)
                (void) printf("{\"ready\":false}\n");
            return EXIT_NO;
        }
        pause_for(DURATION_MS(20));
    }
}
