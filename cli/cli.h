/* cli: the client verbs of atoll. Each is one admin call and one way to print it.
 *
 * stdout is data, stderr is talk. Exit codes (product.md 2.2): 0 yes/ok, 1 the answer is no, 2
 * wrong usage, 3 the server cannot be reached, 4 the server refused or failed; run and as: the
 * child's, or 125, 126, 127.
 */
#ifndef ATOLL_CLI_CLI_H
#define ATOLL_CLI_CLI_H

#include "base/arena.h"
#include "base/json.h"

enum cli_exit {
    EXIT_YES = 0,
    EXIT_NO = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHED = 3,
    EXIT_REFUSED = 4,
    /* run and as, like env(1): atoll itself failed, CMD cannot be run, CMD is not there. */
    EXIT_OWN_FAILURE = 125,
    EXIT_NOT_RUNNABLE = 126,
    EXIT_NOT_FOUND = 127
};

struct verb; /* verbs.h */

struct cli_flag {
    str name;  /* without dashes */
    str value; /* ptr == NULL: none */
};

#define CLI_MAX_WORDS 64
#define CLI_MAX_FLAGS 32

/* One command line, taken apart. */
struct cli {
    struct arena *arena;
    const struct verb *verb;
    str words[CLI_MAX_WORDS];
    size_t word_count;
    struct cli_flag flags[CLI_MAX_FLAGS];
    size_t flag_count;
    char **rest; /* of `as`: its command; of `run`: all that follows the verb; NULL-terminated */
    const char *program; /* argv[0] */
    bool json, quiet, colour;
    str server; /* http://HOST:PORT */
};

typedef int cli_fn(struct cli *cli);

/* True when `name` is a client verb (serve, init, config are not). */
bool cli_knows(const char *name);
/* Where the verb stands: 1, or later when flags that every verb takes come before it ("atoll
 * --server URL status"). 0: there is none. */
int cli_verb_at(int argc, char **argv);
/* argv[0] is the program, argv[cli_verb_at()] the verb. */
int cli_main(int argc, char **argv);
void cli_print_overview(void);
/* The help of a verb that is the server's; false when it is none, or prints its own. */
bool cli_print_help(const char *name);
/* "unknown command 'partion'. Did you mean 'partition'?" on stderr; EXIT_USAGE. */
int cli_unknown(const char *name);

/* For verbs. */
str cli_flag(const struct cli *cli, const char *name, const char *fallback);
bool cli_has(const struct cli *cli, const char *name);
int cli_usage(const struct cli *cli, const char *problem); /* prints the verb's usage; EXIT_USAGE */
/* One call. *document is NULL unless the answer is JSON. EXIT_YES on 2xx; else the problem is on
 * stderr and the exit code is returned (409 gives EXIT_NO). `body` ptr NULL: none. */
int cli_call(struct cli *cli, const char *method, str path, str body, str *text,
             const struct json **document);
/* What both are made of: no server is there; what the status of an answer means. */
struct http_answer; /* http.h */
int cli_unreached(const struct cli *cli, str error);
int cli_answered(struct cli *cli, const struct http_answer *answer, const struct json **document);
/* cli_call, and with --json prints the answer as it is and returns true in *printed. */
int cli_ask(struct cli *cli, const char *method, str path, str body, const struct json **document,
            bool *printed);
/* "copy" or "copies" */
static inline const char *cli_copies(double count)
{
    return count > 1 || count < 1 ? "copies" : "copy";
}
/* What most verbs do: ask, and print the answer, as it is with --json, not at all with -q. */
struct cli_question {
    const char *method;
    str path, body;
};
int cli_show(struct cli *cli, const struct cli_question *question,
             void (*print)(const struct json *answer));
/* An object as a body: its members are the caller's to write, and its end. */
struct json_writer cli_document(struct cli *cli, struct buf *buf);
str cli_escape(struct cli *cli, str segment); /* for paths and queries */

/* verbs */
cli_fn verb_status, verb_explain, verb_wait, verb_clock, verb_lag, verb_outage, verb_partition,
    verb_heal, verb_replication, verb_lifecycle, verb_reset, verb_health, verb_tail;
cli_fn verb_snapshot, verb_restore, verb_config;
cli_fn verb_mrap, verb_route, verb_region;
cli_fn verb_fault, verb_anomalies, verb_history, verb_diff;
cli_fn verb_env, verb_as, verb_run, verb_ca, verb_hosts, verb_doctor, verb_cli_alias,
    verb_completion;

#endif
