/* str: a view of bytes that somebody else owns; never NUL-terminated by promise.
 *
 * Ownership: none. A str lives as long as what it points into (an arena, a literal, a buffer).
 * Threads: values, so any. Errors: none; a missing thing is an empty str with ptr == NULL
 * (str_is_set tells the two kinds of empty apart).
 */
#ifndef ATOLL_BASE_STR_H
#define ATOLL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

struct arena;

typedef struct {
    const char *ptr;
    size_t size;
} str;

#define STR(literal) ((str){ "" literal, sizeof(literal) - 1 })
#define STR_NONE ((str){ NULL, 0 })
/* For printf: "%.*s", STR_ARG(s). */
#define STR_ARG(s) (int) (s).size, (s).ptr ? (s).ptr : ""

static inline str str_of(const char *c_string)
{
    return (str){ c_string, c_string ? strlen(c_string) : 0 };
}

static inline str str_from(const void *bytes, size_t size_bytes)
{
    return (str){ bytes, size_bytes };
}

static inline bool str_is_set(str s)
{
    return s.ptr != NULL;
}

static inline bool str_eq(str a, str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.ptr, b.ptr, a.size) == 0);
}

static inline bool str_is(str a, const char *c_string)
{
    return str_eq(a, str_of(c_string));
}

/* Unsigned byte order, shorter first: S3's order of keys. */
int str_cmp(str a, str b);
bool str_eq_nocase(str a, str b);
bool str_starts(str s, str prefix);
bool str_starts_nocase(str s, str prefix);
/* '*' is any number of bytes, '?' one. At most pattern x text steps. */
bool str_glob(str pattern, str text);
bool str_ends(str s, str suffix);
/* The part after `from`, clipped at the end. */
str str_skip(str s, size_t from);
str str_first(str s, size_t size_bytes);
/* Without blanks and tabs (and CR, LF) at both ends. */
str str_trim(str s);
/* Index of the first `c`, or s.size. */
size_t str_find_char(str s, char c);
/* Index of the first `needle`, or s.size if there is none; an empty needle is found at 0. */
size_t str_find(str s, str needle);
/* Cuts at the first `c`: *head gets what is before it, *tail what is after. False, and *head is
 * all and *tail empty, when there is no `c`. */
bool str_cut(str s, char c, str *head, str *tail);
/* Takes the next piece up to `c` from *rest; false when *rest is used up. "a,,b" has 3 pieces. */
bool str_next(str *rest, char c, str *piece);
/* Decimal digits only, no sign, no blanks, no overflow. */
MUST_CHECK bool str_to_u64(str s, uint64_t *out);
MUST_CHECK bool str_to_i64(str s, int64_t *out);
/* A finite decimal number as people write them ("0.25", "-3"), whole string. */
MUST_CHECK bool str_to_double(str s, double *out);

/* Copies into an arena. str_copy's result is followed by a NUL that its size does not count. */
str str_copy(struct arena *arena, str s);
char *str_c(struct arena *arena, str s);
str str_lower(struct arena *arena, str s);
str str_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* Levenshtein-nearest of `count` words for "did you mean"; STR_NONE when nothing is near. */
str str_nearest(str word, const str *words, size_t count);

#endif
