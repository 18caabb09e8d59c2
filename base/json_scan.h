/* json_scan: the strict half of reading JSON, and places in its text. Private to base/json.c.
 *
 * Ownership: a json_source borrows everything. Threads: pure. Errors: false, and *error filled.
 */
#ifndef ATOLL_BASE_JSON_SCAN_H
#define ATOLL_BASE_JSON_SCAN_H

#include "base/json.h"

/* Places are counted in the original, where a comment's characters are still there; columns count
 * characters, not bytes. */
struct json_source {
    struct arena *arena;
    str original;
    char *text; /* a copy to blank, of the same size; a NUL follows it */
    struct json_error *error;
};

struct json_place {
    size_t at; /* offset in bytes */
    unsigned line, column;
};

/* Refuses what is too large, not UTF-8 or holds a NUL; looks at the original only. */
MUST_CHECK bool json_scan_bytes(const struct json_source *source);
/* Checks strings, numbers, brackets and depth, and blanks comments, trailing commas and a byte
 * order mark in the text. What is left is JSON but for the order of its tokens. */
MUST_CHECK bool json_scan_text(const struct json_source *source);

struct json_place json_scan_first(const struct json_source *source);
void json_scan_step(const struct json_source *source, struct json_place *place);
bool json_scan_is_space(char c);

/* These fill *error and return false. */
bool json_scan_fail(const struct json_source *source, struct json_place place, str message);
bool json_scan_fail_unexpected(const struct json_source *source, size_t offset);

#endif
