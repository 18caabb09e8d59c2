/* commands: the table of what a scenario can say, one row each: its name, how often its words may
 * come, what runs it, its usage. `atoll scenario --help` prints the table; syntax.h judges by it.
 * Threads: one run at a time; rows are constant.
 */
#ifndef ATOLL_SCENARIO_COMMANDS_H
#define ATOLL_SCENARIO_COMMANDS_H

#include "scenario/script.h"

struct run; /* scenario/run.h */

/* One line about to run: its arguments with the variables put in. */
struct call {
    struct run *run;
    const struct script_line *line;
    const str *args; /* after the name */
    const struct lex_word *words;
    size_t count;
};
typedef bool command_fn(struct call *call); /* false: run_fail was called */

enum command_flag {
    COMMAND_HEADER = 1,  /* read before the world is there */
    COMMAND_REQUEST = 2, /* NAME VERB ... */
    COMMAND_BLOCK = 4,   /* with indented lines */
    COMMAND_EXPECT = 8,
    COMMAND_SAVE = 16,
    COMMAND_STEP = 32
};

struct command {
    const char *name;  /* one word or two: "clock advance" */
    size_t min, max;   /* words after the name */
    command_fn *run;   /* NULL: the reader's or the runner's own */
    const char *usage; /* after the name, as syntax.h reads it */
    unsigned flags;
    const char *help;
};

/* By the first words of a line; NULL when it is none. *name_words: how many of them name it. */
const struct command *commands_find(const struct lex_word *words, size_t count, size_t *name_words);
const struct command *commands_find_verb(str verb);
bool commands_is_word(str word); /* first word of a command: no name for a client */
/* "did you mean", or STR_NONE. */
str commands_nearest(str word);
/* The rows as help. */
void commands_help(struct buf *out);

/* "for", "within": the word after this one; STR_NONE when it is not there. */
str call_after(const struct call *call, const char *word);
bool call_has(const struct call *call, const char *word);
/* "version": of version=X; STR_NONE when it is not there. */
str call_setting(const struct call *call, const char *key);
/* The first argument in quotation marks, or made of a variable alone, from `from` on; the body. */
bool call_text(const struct call *call, size_t from, str *out);

/* What each file runs. world_lines.c: */
command_fn world_lines_region, world_lines_bucket, world_lines_mrap, world_lines_client,
    world_lines_reset;
/* rules.c: */
command_fn rules_replicate, rules_switch, rules_versioning, rules_lifecycle;
/* traffic.c: */
command_fn traffic_lag, traffic_partition, traffic_heal, traffic_outage, traffic_route,
    traffic_skew;
/* time.c: */
command_fn time_advance, time_next, time_set, time_mode, time_rate, time_show, time_wait, time_hold,
    time_release, time_drop, time_retry, time_resync;
/* requests.c: */
command_fn requests_put, requests_get, requests_head, requests_delete, requests_copy, requests_list,
    requests_delete_many, requests_mpu_start, requests_mpu_part, requests_mpu_complete,
    requests_mpu_abort, requests_raw, requests_tag;
/* inject.c: */
command_fn inject_add, inject_rm, inject_clear;
/* facts.c: */
command_fn facts_expect, facts_save;

#endif
