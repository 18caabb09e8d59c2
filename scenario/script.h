/* script: one scenario file, read and judged: its header, and its lines with their commands.
 *
 * Everything that can be wrong without a world is said here, all at once, as "file:line: message":
 * words, usages, kinds of arguments, variables that nobody saved, facts without a request before
 * them, requests that no expectation follows (an unchecked request would be silent).
 * Ownership: the arena's. Threads: pure, except that files are read.
 */
#ifndef ATOLL_SCENARIO_SCRIPT_H
#define ATOLL_SCENARIO_SCRIPT_H

#include "base/clock.h"
#include "scenario/lex.h"

struct command; /* scenario/commands.h */

struct script_line {
    str file;
    unsigned number;
    unsigned indent;
    str text;
    const struct lex_word *words; /* all of them */
    size_t count;
    const struct command *command;
    size_t name_words; /* how many words name the command; the client and the verb of a request */
    size_t block_end;  /* of eventually and always: the first line after their block */
};

struct script {
    str path;
    str name; /* the file's, without directories and ".atoll" */
    str title;
    enum clock_mode clock_mode;
    instant clock_start;
    uint64_t seed;
    str config; /* path; empty: none */
    bool has_clock, has_start, has_seed;
    unsigned header_line; /* of the first of clock, seed and config; 0: none */
    struct script_line *lines;
    size_t count;
    size_t steps; /* at least 1 when there are lines */
};

/* False, and one line per problem in `problems`, when the file cannot be run. */
MUST_CHECK bool script_read(struct arena *arena, const char *path, struct script *out,
                            struct buf *problems);
/* The same from a text; `path` is where includes are looked from. */
MUST_CHECK bool script_parse(struct arena *arena, const char *path, str text, struct script *out,
                             struct buf *problems);
/* The same for a text from elsewhere, which may name no file. */
MUST_CHECK bool script_parse_alone(struct arena *arena, const char *path, str text,
                                   struct script *out, struct buf *problems);

#endif
