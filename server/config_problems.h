/* config_problems: everything that is wrong with a configuration, collected and then said at once,
 * in the order of the file. Ownership: the arena's. Threads: one at a time. */
#ifndef ATOLL_SERVER_CONFIG_PROBLEMS_H
#define ATOLL_SERVER_CONFIG_PROBLEMS_H

#include "base/arena.h"
#include "base/json.h"

#define CONFIG_MAX_PROBLEMS 100 /* [atoll] more are only counted */

/* Where something was said. line 0: the source has no lines (a flag, a variable). */
struct config_at {
    str source;
    unsigned line, column;
};

struct config_problem {
    struct config_at at;
    str path; /* "buckets.orders.region"; empty: none */
    str message;
};

struct config_problems {
    struct arena *arena;
    struct config_problem list[CONFIG_MAX_PROBLEMS];
    size_t count; /* of all, also those that found no room */
};

void config_problems_add(struct config_problems *problems, struct config_at at, str path,
                         const char *format, ...) PRINTF_LIKE(4, 5);
/* " (did you mean 'x'?)", or nothing when no word is near. */
str config_problems_hint(struct arena *arena, str nearest);
/* One line each, sorted by line and column within a source; sources in the order they came. */
void config_problems_write(struct config_problems *problems, struct buf *out);
/* A member "problems" in the same order: {"line", "column", "path", "message"} each. Those that
 * found no room are left out. */
void config_problems_json(struct config_problems *problems, struct json_writer *writer);
/* "atoll.json:14:9", "--grace". */
str config_problems_place(struct arena *arena, struct config_at at);

#endif
