/* The table of client verbs. One row serves parsing, -h, the overview, suggestions, completion. */
#include "cli/verbs.h"

#include "cli/examples.h"

#define COLUMNS 80
#define MOST_NAMES 64

// clang-format off
static const struct verb verbs[] = {
    { "run", "Start", "run [SERVE FLAGS] [--as CLIENT] [--keep-on-fail DIR] -- CMD...",
      "run it just for one command:  atoll run -- pytest", VERB_OWN, verb_run },

    { "as", "Connect", "as CLIENT CMD...",
      "run a command as a client:  atoll as alice aws s3 ls", VERB_THEN_WORDS, verb_as },
    { "env", "Connect",
      "env [--as CLIENT] [--mode proxy|endpoint] "
      "[--shell sh|fish|powershell|dotenv|github|json] [--unset]",
      "print the variables that wire an AWS SDK to it", VERB_PLAIN, verb_env },
    { "hosts", "Connect", "hosts [--format hosts|compose]",
      "print names for /etc/hosts or compose", VERB_PLAIN, verb_hosts },
    { "ca", "Connect", "ca [path|export|install]",
      "show or export the local certificate authority", VERB_PLAIN, verb_ca },
    { "cli-alias", "Connect", "cli-alias install|remove",
      "teach the AWS CLI describe-multi-region-access-point", VERB_PLAIN, verb_cli_alias },
    { "doctor", "Connect", "doctor",
      "find out why a client does not reach it", VERB_PLAIN, verb_doctor },

    { "status", "Look", "status [--watch] [1s]",
      "regions, routes, links, clock, what is pending", VERB_PLAIN, verb_status },
    { "explain", "Look", "explain [ID|last] [--curl] [--what-if --mrap NAME --client CLIENT]",
      "why a request went where it went, and what it missed", VERB_PLAIN, verb_explain },
    { "history", "Look", "history TARGET",
      "one key over time, in every region", VERB_PLAIN, verb_history },
    { "diff", "Look", "diff [MRAP] [--prefix P]",
      "keys that differ between regions", VERB_PLAIN, verb_diff },
    { "anomalies", "Look",
      "anomalies [--kind K] [--since TIME] [--fail-on K,...] [--clear]",
      "consistency anomalies seen so far", VERB_PLAIN, verb_anomalies },
    { "tail", "Look",
      "tail [--client GLOB] [--region R] [--mrap M] [--bucket B] [--key GLOB] [--api A] "
      "[--status 503|5xx] [--errors] [--stale] [--replication] [--types T,...] [--after N] "
      "[--since 5m] [--last N] [--count N] [--stats]",
      "requests and replication as they happen", VERB_PLAIN, verb_tail },

    { "mrap", "Look",
      "mrap [NAME] [--proximity table|distance|declared] "
      "[--affinity upload-id|none|client|connection] [--flap P] [--propagation DIST] "
      "[--failover active|automatic|off]",
      "an access point, its routes and how it routes; set that", VERB_PLAIN, verb_mrap },

    { "route", "Change", "route MRAP REGION active|passive|0..100 [REGION ...] [--now]",
      "make a region of an access point active or passive", VERB_PLAIN, verb_route },
    { "lag", "Change", "lag [SRC DST] [DIST|none] [--both] [--bandwidth 10MB/s] [--rule ID] [--prefix PREFIX]",
      "show or set the lag of a link, of a rule or a prefix", VERB_PLAIN, verb_lag },
    { "partition", "Change", "partition REGION... / REGION... [--for 2m] [--one-way]",
      "cut regions off from each other;  heal  undoes it", VERB_PLAIN, verb_partition },
    { "heal", NULL, "heal", "end every partition", VERB_PLAIN, verb_heal },
    { "outage", "Change", "outage REGION on|off [--for 2m] [--plane data|control|both]",
      "take a region down, or a plane of it; bring it back", VERB_PLAIN, verb_outage },
    { "region", "Change", "region REGION enable|disable|skew [DUR]",
      "enable or disable an opt-in region; set its clock ahead", VERB_PLAIN, verb_region },
    { "fault", "Change",
      "fault [add|list|rm|clear] [NAME] [--name N] [--region R] [--mrap M] [--api A] "
      "[--bucket B] [--key GLOB] [--client C] [--attempt N] [--error 503:SlowDown] "
      "[--message TEXT] [--delay DIST] [--throttle 10/s] [--cut before|during|close] "
      "[--truncate BYTES] [--slow 10KB/s] [--script STEP,...] [--probability P] [--times N] "
      "[--link LINK] [--replication fail] [--reason WORD] [--async CODE]",
      "inject errors, delays, cut connections", VERB_PLAIN, verb_fault },
    { "replication", "Change",
      "replication [list|hold|release|drop|retry|resync] [SRC DST|BUCKET] [--count N] "
      "[--reason CODE] [--state pending|waiting|held|failed] [--bucket B] [--key PREFIX] [--version ID] [--rule ID] "
      "[--destination B] [--status S,...]",
      "list, hold, release, drop, retry, resync copies", VERB_PLAIN, verb_replication },
    { "clock", "Change",
      "clock [show|pause|run|advance|next|set|rate|mode] [DUR|TIME|N|MODE]",
      "show, pause, run, advance", VERB_PLAIN, verb_clock },
    { "lifecycle", "Change", "lifecycle run",
      "let lifecycle rules act now instead of at midnight", VERB_PLAIN, verb_lifecycle },

    { "config", "Change", "config show|check|apply [FILE] [--origin]",
      "show or check a configuration; give a server another", VERB_PLAIN, verb_config },

    { "wait", "Test", "wait [TARGET...] [--region R] [--within 30s] [--wall]",
      "block until replication has caught up", VERB_PLAIN, verb_wait },
    { "reset", "Test", "reset [--to config|empty|snapshot:NAME]", "back to the start",
      VERB_PLAIN, verb_reset },
    { "snapshot", "Test", "snapshot [NAME] [--out FILE|-] [--kept] [--rm]",
      "keep the whole world under a name; without one: list", VERB_PLAIN, verb_snapshot },
    { "restore", "Test", "restore NAME [--in FILE|-]", "bring the world of a snapshot back",
      VERB_PLAIN, verb_restore },

    { "health", "Other", "health [--wait 30s]",
      "exit 0 when the server is ready; for HEALTHCHECK", VERB_PLAIN, verb_health },
    { "completion", "Other", "completion bash|zsh|fish",
      "print a completion script for a shell", VERB_PLAIN,
      verb_completion },
};
// clang-format on

#define COMMON_USAGE "[--json] [--quiet] [--help] [--server URL] [--no-color]"
/* Run by server/main.c. */
static const struct verb of_server[] = {
    /* With a group: they have a help of their own. */
    { "serve", "Start", "serve [SETTINGS]", "run the emulator", VERB_OWN, NULL },
    { "scenario", "Test", "scenario run|check|record [FILE|DIR...] [FLAGS]",
      "run, check or record a scenario file", VERB_OWN, NULL },
    { "init", NULL, "init [FILE]", "write a commented configuration file", VERB_OWN, NULL },
    { "version", NULL, "version", "what a bug report needs", VERB_OWN, NULL },
    { "help", NULL, "help [COMMAND]", "the commands, or one of them", VERB_OWN, NULL },
};

const struct verb *verbs_at(size_t i)
{
    return i < COUNT(verbs) ? &verbs[i] : NULL;
}

const struct verb *verbs_of_server(size_t i)
{
    return i < COUNT(of_server) ? &of_server[i] : NULL;
}

str verbs_common_usage(void)
{
    return STR(COMMON_USAGE);
}

const struct verb *verbs_find(str name)
{
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (str_is(name, verbs[i].name))
            return &verbs[i];
    return NULL;
}

str verbs_nearest(str name)
{
    str names[COUNT(verbs) + COUNT(of_server)];
    for (size_t i = 0; i < COUNT(verbs); i++)
        names[i] = str_of(verbs[i].name);
    for (size_t i = 0; i < COUNT(of_server); i++)
        names[COUNT(verbs) + i] = str_of(of_server[i].name);
    return str_nearest(name, names, COUNT(names));
}

/* --- flags of a usage line --- */

static size_t token_size(str s)
{
    size_t size = 0;
    while (size < s.size && s.ptr[size] != ' ' && s.ptr[size] != ']')
        size++;
    return size;
}

bool verbs_next_flag(str *usage, struct verb_flag *out)
{
    for (;;) {
        size_t at = str_find(*usage, STR("--"));
        if (at == usage->size)
            return false;
        str rest = str_skip(*usage, at + 2);
        out->name = str_first(rest, token_size(rest));
        out->value = STR_NONE;
        rest = str_skip(rest, out->name.size);
        if (str_starts(rest, STR(" ")) && !str_starts(rest, STR(" -")) &&
            !str_starts(rest, STR(" ["))) {
            rest = str_skip(rest, 1);
            out->value = str_first(rest, token_size(rest));
            rest = str_skip(rest, out->value.size);
        }
        *usage = rest;
        if (out->name.size > 0) /* "-- CMD" is no flag */
            return true;
    }
}

bool verbs_flag(const struct verb *verb, str name, struct verb_flag *out)
{
    str usages[] = { str_of(verb->usage), STR(COMMON_USAGE) };
    for (size_t i = 0; i < COUNT(usages); i++)
        while (verbs_next_flag(&usages[i], out))
            if (str_eq(out->name, name))
                return true;
    return false;
}

str verbs_nearest_flag(const struct verb *verb, str name)
{
    str usages[] = { str_of(verb->usage), STR(COMMON_USAGE) }, names[MOST_NAMES];
    struct verb_flag flag;
    size_t count = 0;
    for (size_t i = 0; i < COUNT(usages); i++)
        while (count < COUNT(names) && verbs_next_flag(&usages[i], &flag))
            names[count++] = flag.name;
    return str_nearest(name, names, count);
}

str verbs_first_choices(const struct verb *verb)
{
    str usage = str_of(verb->usage), word;
    (void) str_next(&usage, ' ', &word); /* the name */
    if (!str_next(&usage, ' ', &word))
        return STR_NONE;
    if (str_starts(word, STR("[")) && str_ends(word, STR("]")))
        word = str_from(word.ptr + 1, word.size - 2);
    bool is_choice = str_find_char(word, '|') < word.size && word.ptr[0] >= 'a';
    return is_choice ? word : STR_NONE;
}

/* --- help --- */

/* A piece of a usage line that is not broken: a bracket with all that is in it, or a word. */
static size_t piece_size(str s)
{
    size_t size = 0, depth = 0;
    for (; size < s.size && (depth > 0 || s.ptr[size] != ' '); size++) {
        if (s.ptr[size] == '[')
            depth++;
        else if (s.ptr[size] == ']' && depth > 0)
            depth--;
    }
    return size;
}

void verbs_print_usage(FILE *out, const struct verb *verb)
{
    static const char lead[] = "usage: atoll ";
    str rest = str_of(verb->usage);
    size_t indent = sizeof lead + strlen(verb->name), column = sizeof lead - 1;
    (void) fprintf(out, "%s", lead);
    for (bool first = true; rest.size > 0; first = false) {
        str piece = str_first(rest, piece_size(rest));
        rest = str_skip(rest, piece.size + 1);
        if (!first && column + 1 + piece.size > COLUMNS) {
            (void) fprintf(out, "\n%*s", (int) indent, "");
            column = indent;
        } else if (!first) {
            (void) fprintf(out, " ");
            column++;
        }
        (void) fprintf(out, "%.*s", STR_ARG(piece));
        column += piece.size;
    }
    (void) fprintf(out, "\n  %s\n", verb->help);
}

void verbs_print_help(FILE *out, const struct verb *verb)
{
    str lines = examples_of(str_of(verb->name)), line;
    while (lines.size > 0 && str_next(&lines, '\n', &line))
        (void) fprintf(out, "  atoll %.*s\n", STR_ARG(line));
    (void) fprintf(out, "\n");
    verbs_print_usage(out, verb);
}
