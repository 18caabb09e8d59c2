/* verbs: the table of client verbs, and what its usage lines say.
 *
 * A usage line is the one source for parsing, help and completion: "[--for 2m]" is a flag with a
 * value, "[--both]" one without, "on|off" a choice. Threads: constant. Errors: none.
 */
#ifndef ATOLL_CLI_VERBS_H
#define ATOLL_CLI_VERBS_H

#include <stdio.h>

#include "cli/cli.h"

enum verb_shape {
    VERB_PLAIN,      /* words and flags in any order */
    VERB_THEN_WORDS, /* flags and one word, then somebody else's command: as CLIENT CMD... */
    VERB_OWN         /* takes its arguments apart itself: run */
};

struct verb {
    const char *name;
    const char *group; /* in the overview; NULL: not shown there */
    const char *usage; /* begins with the name */
    const char *help;
    enum verb_shape shape;
    cli_fn *run;
};

struct verb_flag {
    str name;  /* without dashes */
    str value; /* "2m", "hosts|compose"; ptr NULL: takes none */
};

const struct verb *verbs_at(size_t i); /* NULL after the last */
const struct verb *verbs_find(str name);
/* Of all commands, the server's included; STR_NONE when nothing is near. */
str verbs_nearest(str name);
/* Commands that live in the server; NULL after the last. */
const struct verb *verbs_of_server(size_t i);

/* The next flag of a usage line; `*usage` moves on. False after the last. */
bool verbs_next_flag(str *usage, struct verb_flag *out);
/* Looks in the verb's usage, then among the flags that every verb takes. */
bool verbs_flag(const struct verb *verb, str name, struct verb_flag *out);
str verbs_nearest_flag(const struct verb *verb, str name);
/* "json", "server URL", ...: the flags that every verb takes, as a usage line. */
str verbs_common_usage(void);
/* The choices of the verb's first word, "on|off", or STR_NONE. */
str verbs_first_choices(const struct verb *verb);

void verbs_print_usage(FILE *out, const struct verb *verb); /* at most 80 columns */
void verbs_print_help(FILE *out, const struct verb *verb);  /* two examples, then the usage */

#endif
