/* change_words: the present state of what can be changed by hand, as lines of the command line,
 * which are a scenario's too: "lag us-east-1 -> eu-west-1 fixed(15s)", "partition a / b for 2m".
 *
 * Threads: as the parts that are asked. Ownership: the arena's.
 */
#ifndef ATOLL_SERVER_CHANGE_WORDS_H
#define ATOLL_SERVER_CHANGE_WORDS_H

#include "server/request.h"

#define CHANGE_VERSIONING "versioning" /* no document's kind: id is a bucket */

/* What a document is about, in one text for all documents of one thing; STR_NONE: nothing that is
 * changed by hand. kind CONFIG_REPLICATION_RULES and CHANGE_VERSIONING: of the bucket `id`. */
str change_words_thing(struct arena *arena, const struct store_doc *doc);
/* That thing as it is now: lines, each with its end; empty: as if nobody had changed it. A "for"
 * counts from `now`. */
str change_words_say(struct lane *lane, struct arena *arena, instant now,
                     const struct store_doc *doc);
/* The lines that lead from one to the other; `was` and `is` are of change_words_say. */
str change_words_step(struct lane *lane, struct arena *arena, const struct store_doc *doc, str was,
                      str is);
/* As one word of a line: in quotation marks where it must be. */
str change_words_quote(struct arena *arena, str text);

#endif
