/* lex: one line of a scenario as words, split like a shell splits them.
 *
 *   alice put orders/k "a \"quoted\" body" if-match=$e     # a comment
 *
 * "..." keeps spaces and knows \" \\ \$ \n \t; '...' keeps everything; outside both a backslash
 * keeps the next character. $name is a variable except in '...'. Ownership: the arena's.
 * Threads: pure. Errors: false and a sentence.
 */
#ifndef ATOLL_SCENARIO_LEX_H
#define ATOLL_SCENARIO_LEX_H

#include "base/fields.h"

struct lex_part {
    str text; /* of a variable: its name */
    bool variable;
};

struct lex_word {
    str text;    /* variables as "$name" */
    bool quoted; /* it begins with a quotation mark */
    struct lex_part *parts;
    size_t part_count;
};

struct lex_line {
    unsigned indent; /* columns; a tab goes to the next multiple of 8 */
    str text;        /* as written, without blanks at its ends and without the comment */
    struct lex_word *words;
    size_t count; /* 0: nothing but blanks and a comment */
};

MUST_CHECK bool lex_line(struct arena *arena, str text, struct lex_line *out, str *error);
bool lex_word_has_variable(const struct lex_word *word);
/* The word with its variables put in; a variable that is not there is empty. */
str lex_expand(struct arena *arena, const struct lex_word *word, const struct fields *variables);

#endif
