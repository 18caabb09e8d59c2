/* facts: what `expect` can ask. The table of the facts about the last answer and about the world;
 * the reader judges their usage, the runner asks. Threads: one run at a time. */
#ifndef ATOLL_SCENARIO_FACTS_H
#define ATOLL_SCENARIO_FACTS_H

#include "scenario/commands.h"

/* What is wrong with the words after `expect`, or STR_NONE. *needs_answer: it is about the last
 * request. */
str facts_judge(struct arena *arena, const struct lex_word *words, size_t count,
                bool *needs_answer);
void facts_help(struct buf *out);

/* True when it holds; *got says what is there instead, or why it cannot be asked. */
typedef bool fact_fn(struct call *call, str *got);
/* world_facts.c */
fact_fn world_facts_converged, world_facts_diverged, world_facts_pending, world_facts_history;
/* For a wait: NULL-safe check that the key is the same in every Region of the access point;
 * true also when the target is no access point. */
bool world_facts_same(struct run *run, str target, str *got);

#endif
