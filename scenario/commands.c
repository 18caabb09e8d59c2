/* The table of commands and verbs; see commands.h. */
#include "scenario/commands.h"

#define ANY SIZE_MAX

/* Which copies: what is left out is any. */
#define COPIES                                                                                     \
    "[REGION REGION] [count N] [bucket BUCKET] [key PREFIX] [rule ID] [destination BUCKET] "       \
    "[version ID]"

// clang-format off
static const struct command commands[] = {
    /* the header: read before there is a world */
    { "scenario", 1, 1, NULL, "TEXT", COMMAND_HEADER, "what this file shows; its first line" },
    { "clock manual", 0, 2, NULL, "[start TIME]", COMMAND_HEADER, "time moves only by command" },
    { "clock auto", 0, 2, NULL, "[start TIME]", COMMAND_HEADER, "it flows, and jumps in waits" },
    { "clock real", 0, 2, NULL, "[start TIME]", COMMAND_HEADER, "it flows" },
    { "seed", 1, 1, NULL, "N", COMMAND_HEADER, "of all chance; 1 when not said" },
    { "include", 1, 1, NULL, "TEXT|FILE", COMMAND_HEADER, "the lines of another file" },
    { "config", 1, 1, NULL, "TEXT|FILE", COMMAND_HEADER, "begin with the world of atoll.json" },
    /* the world */
    { "region", 1, ANY, world_lines_region, "REGION... [enable|disable]", 0,
      "the Regions that this is about; an opt-in Region on or off" },
    { "bucket", 3, 4, world_lines_bucket, "BUCKET in REGION [unversioned]", 0, "make a bucket" },
    { "mrap", 3, ANY, world_lines_mrap,
      "NAME = BUCKET... [alias A] [flap P] [propagation DIST] "
      "[affinity upload-id|none|client|connection] [proximity table|distance|declared] "
      "[failover active|automatic|off]", 0, "make an access point" },
    { "replicate", 3, ANY, rules_replicate,
      "BUCKET ->|<-> BUCKET [prefix PREFIX] [no-delete-markers] [lag DIST] [disabled]", 0,
      "add a replication rule" },
    { "client", 3, 3, world_lines_client, "NAME at PLACE", 0, "who asks, and from where" },
    { "versioning", 2, 2, rules_versioning, "BUCKET enabled|suspended", 0, "of a bucket" },
    { "rule", 4, 4, rules_switch, "BUCKET -> BUCKET enable|disable", 0, "switch rules" },
    /* what the command line can do too */
    { "route", 3, 14, traffic_route,
      "MRAP REGION DIAL [REGION DIAL] [REGION DIAL] [REGION DIAL] [REGION DIAL] [now]", 0,
      "active, passive or a dial; several at once" },
    { "lag", 1, 12, traffic_lag,
      "[REGION REGION] [REGION ->|<-> REGION] [DIST|none] [both] [bandwidth SIZE|unlimited] "
      "[rule ID] [prefix PREFIX]", 0,
      "how long copies take" },
    { "partition", 3, ANY, traffic_partition, "REGION|/... [for DUR] [one-way]", 0,
      "cut Regions off from each other" },
    { "heal", 0, 0, traffic_heal, "", 0, "no partition any more" },
    { "outage", 2, 6, traffic_outage, "REGION on|off [plane data|control|both] [for DUR]", 0,
      "a Region is down, or one of its planes" },
    { "replication hold", 0, 14, time_hold, COPIES, 0, "copies wait to be released" },
    { "replication release", 0, 15, time_release, COPIES " [early]", 0, "apply held copies now" },
    { "replication drop", 0, 16, time_drop, COPIES " [reason CODE]", 0, "they never arrive" },
    { "replication retry", 0, 14, time_retry, COPIES, 0,
      "apply failed copies again" },
    { "replication resync", 1, 3, time_resync, "BUCKET [key PREFIX]", 0,
      "queue what live replication skipped: existing objects, failed ones" },
    { "clock advance", 1, 1, time_advance, "DUR", 0, "move it; what is due happens" },
    { "clock next", 0, 0, time_next, "", 0, "to the next thing that happens" },
    { "clock set", 1, 1, time_set, "TIME", 0, "move it to an instant" },
    { "clock pause", 0, 0, time_mode, "", 0, "make it manual" },
    { "clock run", 0, 0, time_mode, "", 0, "make it flow" },
    { "clock mode", 1, 1, time_mode, "manual|auto|real", 0, "how it moves from now on" },
    { "clock rate", 1, 1, time_rate, "RATE", 0, "how fast it flows; 1: as the wall clock" },
    { "clock show", 0, 0, time_show, "", 0, "a line in the timeline" },
    { "wait", 0, ANY, time_wait, "[TARGET...] [within DUR] [region REGION] [wall]", 0,
      "until all copies arrived" },
    { "reset", 0, 2, world_lines_reset, "[to config|empty]", 0, "back to the start" },
    { "skew", 2, 2, traffic_skew, "REGION DUR", 0, "its clock is ahead: it dates versions later" },
    { "lifecycle", 3, 7, rules_lifecycle,
      "BUCKET [prefix PREFIX] [days N] [noncurrent-days N]", 0,
      "the one lifecycle rule of a bucket" },
    { "fault add", 2, ANY, inject_add,
      "[name NAME] [region REGION] [mrap MRAP] [api API] [bucket BUCKET] [key GLOB] "
      "[client CLIENT] [attempt ATTEMPT] [link TEXT] [error ERROR] [message TEXT] [delay DIST] "
      "[throttle RATE] [cut before|during|close] [truncate N] [slow RATE] [script STEPS] "
      "[probability P] [times N] [replication fail] [reason REASON] [async CODE]", 0,
      "inject an error, a delay, a cut" },
    { "fault rm", 1, 1, inject_rm, "NAME", 0, "take it away" },
    { "fault clear", 0, 0, inject_clear, "", 0, "no fault any more" },
    /* the telling */
    { "step", 1, 1, NULL, "TEXT", COMMAND_STEP, "begin a step of the story" },
    { "save", 3, 3, facts_save, "VAR = etag|version|upload|token|body", COMMAND_SAVE,
      "keep a part of the last answer" },
    { "expect", 1, ANY, facts_expect, "FACT...", COMMAND_EXPECT, "[not] a fact; see below" },
    { "eventually", 2, 2, NULL, "within DUR", COMMAND_BLOCK,
      "try the indented lines at each event until they hold" },
    { "always", 2, 2, NULL, "for DUR", COMMAND_BLOCK, "they hold at each event until then" },
};

#define CONDITIONS "[if-match=ETAG] [if-none-match=ETAG]"
#define HEADERS "[header TEXT] [header TEXT] [header TEXT]"

static const struct command verbs[] = {
    { "put", 1, ANY, requests_put, "TARGET [TEXT|size=SIZE] " CONDITIONS " " HEADERS,
      COMMAND_REQUEST, "PutObject" },
    { "get", 1, ANY, requests_get, "TARGET [version=ID] " CONDITIONS " " HEADERS, COMMAND_REQUEST,
      "GetObject" },
    { "head", 1, ANY, requests_head, "TARGET [version=ID] " CONDITIONS " " HEADERS,
      COMMAND_REQUEST, "HeadObject" },
    { "delete", 1, ANY, requests_delete, "TARGET [version=ID] [if-match=ETAG]", COMMAND_REQUEST,
      "DeleteObject" },
    { "copy", 2, ANY, requests_copy, "SOURCE TARGET [version=ID] " CONDITIONS " " HEADERS,
      COMMAND_REQUEST, "CopyObject; the source is BUCKET/KEY" },
    { "list", 1, 3, requests_list, "TARGET-PREFIX [token=TOKEN] [max=N]", COMMAND_REQUEST,
      "ListObjectsV2" },
    { "delete-many", 1, ANY, requests_delete_many, "TARGET...", COMMAND_REQUEST,
      "DeleteObjects, all in the first target's bucket" },
    { "mpu-start", 1, 1, requests_mpu_start, "TARGET", COMMAND_REQUEST, "CreateMultipartUpload" },
    { "mpu-part", 4, 4, requests_mpu_part, "TARGET upload=ID part=N TEXT|size=SIZE",
      COMMAND_REQUEST, "UploadPart" },
    { "mpu-complete", 2, ANY, requests_mpu_complete, "TARGET upload=ID " CONDITIONS,
      COMMAND_REQUEST, "CompleteMultipartUpload, of all parts that were taken" },
    { "mpu-abort", 2, 2, requests_mpu_abort, "TARGET upload=ID", COMMAND_REQUEST,
      "AbortMultipartUpload" },
    { "request", 2, ANY, requests_raw,
      "METHOD PATH [host=HOST] [TEXT] " HEADERS " [header TEXT] [header TEXT]", COMMAND_REQUEST,
      "whatever a client could send; header \"Name: value\"" },
    { "tag", 2, ANY, requests_tag, "TARGET KEY=VALUE...", COMMAND_REQUEST,
      "PutObjectTagging, all tags" },
};
// clang-format on

/* --- finding --- */

static bool names(const struct command *command, const struct lex_word *words, size_t count,
                  size_t *name_words)
{
    str first, second;
    bool two = str_cut(str_of(command->name), ' ', &first, &second);
    if (count < 1 || words[0].quoted || !str_eq(words[0].text, first))
        return false;
    *name_words = two ? 2 : 1;
    return !two || (count > 1 && !words[1].quoted && str_eq(words[1].text, second));
}

const struct command *commands_find(const struct lex_word *words, size_t count, size_t *name_words)
{
    for (size_t i = 0; i < COUNT(commands); i++)
        if (names(&commands[i], words, count, name_words))
            return &commands[i];
    return NULL;
}

const struct command *commands_find_verb(str verb)
{
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (str_is(verb, verbs[i].name))
            return &verbs[i];
    return NULL;
}

bool commands_is_word(str word)
{
    for (size_t i = 0; i < COUNT(commands); i++) {
        str first, second;
        (void) str_cut(str_of(commands[i].name), ' ', &first, &second);
        if (str_eq(word, first))
            return true;
    }
    return false;
}

str commands_nearest(str word)
{
    str all[COUNT(commands)], second;
    for (size_t i = 0; i < COUNT(commands); i++)
        (void) str_cut(str_of(commands[i].name), ' ', &all[i], &second);
    return str_nearest(word, all, COUNT(commands));
}

/* A bracket with all that is in it, or a word. */
static size_t piece_size(str s)
{
    size_t size = 0, depth = 0;
    for (; size < s.size && (depth > 0 || s.ptr[size] != ' '); size++) {
        depth += s.ptr[size] == '[';
        depth -= s.ptr[size] == ']' && depth > 0;
    }
    return size;
}

static void add_usage(struct buf *out, const struct command *row)
{
    size_t column = 2;
    str rest = str_of(row->usage);
    buf_addf(out, "  %s%s", row->flags & COMMAND_REQUEST ? "NAME " : "", row->name);
    column += strlen(row->name) + (row->flags & COMMAND_REQUEST ? 5 : 0);
    while (rest.size > 0) {
        str piece = str_first(rest, piece_size(rest));
        rest = str_skip(rest, piece.size + 1);
        bool fits = column + 1 + piece.size <= 80;
        buf_addf(out, "%s%.*s", fits ? " " : "\n          ", STR_ARG(piece));
        column = (fits ? column + 1 : 10) + piece.size;
    }
    buf_add_char(out, '\n');
}

static void help_rows(struct buf *out, const struct command *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add_usage(out, &rows[i]);
        buf_addf(out, "      %s\n", rows[i].help);
    }
}

void commands_help(struct buf *out)
{
    help_rows(out, commands, COUNT(commands));
    buf_add(out, STR("\nRequests of a client; a target is ACCESS-POINT/KEY or BUCKET/KEY.\n"
                     "An expect follows each.\n"));
    help_rows(out, verbs, COUNT(verbs));
}

/* --- arguments --- */

static bool is_option(const struct call *call, size_t at, const char *word)
{
    return !call->words[at].quoted && str_is(call->args[at], word);
}

str call_after(const struct call *call, const char *word)
{
    for (size_t i = 0; i + 1 < call->count; i++)
        if (is_option(call, i, word))
            return call->args[i + 1];
    return STR_NONE;
}

bool call_has(const struct call *call, const char *word)
{
    for (size_t i = 0; i < call->count; i++)
        if (is_option(call, i, word))
            return true;
    return false;
}

str call_setting(const struct call *call, const char *key)
{
    size_t size = strlen(key);
    for (size_t i = 0; i < call->count; i++)
        if (!call->words[i].quoted && str_starts(call->args[i], str_of(key)) &&
            call->args[i].size > size && call->args[i].ptr[size] == '=')
            return str_skip(call->args[i], size + 1);
    return STR_NONE;
}

bool call_text(const struct call *call, size_t from, str *out)
{
    for (size_t i = from; i < call->count; i++) {
        const struct lex_word *word = &call->words[i];
        bool variable = word->part_count == 1 && word->parts[0].variable;
        if ((!word->quoted && !variable) || (i > 0 && is_option(call, i - 1, "header")))
            continue;
        *out = call->args[i];
        return true;
    }
    return false;
}
