/* syntax: whether words fit a usage line. The usage that help and errors print is the grammar
 * itself, so the two cannot differ.
 *
 *   "BUCKET ->|<-> BUCKET [prefix P] [lag DIST]"
 *
 *   lower      the word itself            A|b       one of several
 *   X...       one word or more           [X...]    none or more (as few as fit)
 *   [..]       may be left out; neighbours in brackets come in any order
 *   key=X      one word "key=" and a value
 * Capitals are a kind: REGION, PLACE, DUR, DIST, TIME, SIZE, N, DIAL, P (0..1), BUCKET, TEXT (in
 * quotation marks, or a variable), VAR ("$x"), KIND (of anomaly);
 * any other name takes any word. A word with a variable fits every kind: what it holds is judged
 * when it is used.
 * Threads: pure. Ownership: the arena's.
 */
#ifndef ATOLL_SCENARIO_SYNTAX_H
#define ATOLL_SCENARIO_SYNTAX_H

#include "scenario/lex.h"

/* False and a sentence that names the first word at which nothing fits. */
MUST_CHECK bool syntax_match(struct arena *arena, const char *usage, const struct lex_word *words,
                             size_t count, str *error);

#endif
