/* Views of bytes: comparing, cutting, reading numbers, and copies into arenas. */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/bug.h"

static unsigned char lower(char c)
{
    return (unsigned char) (c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int str_cmp(str a, str b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

bool str_eq_nocase(str a, str b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

bool str_starts(str s, str prefix)
{
    return s.size >= prefix.size && str_eq(str_first(s, prefix.size), prefix);
}

bool str_glob(str pattern, str text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t < text.size) {
        if (p < pattern.size && (pattern.ptr[p] == '?' || pattern.ptr[p] == text.ptr[t]) &&
            pattern.ptr[p] != '*') {
            p++;
            t++;
        } else if (p < pattern.size && pattern.ptr[p] == '*') {
            star = p++;
            mark = t;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else
            return false;
    }
    while (p < pattern.size && pattern.ptr[p] == '*')
        p++;
    return p == pattern.size;
}

bool str_starts_nocase(str s, str prefix)
{
    return s.size >= prefix.size && str_eq_nocase(str_first(s, prefix.size), prefix);
}

bool str_ends(str s, str suffix)
{
    return s.size >= suffix.size && str_eq(str_skip(s, s.size - suffix.size), suffix);
}

str str_skip(str s, size_t from)
{
    if (from > s.size)
        from = s.size;
    return from ? (str){ s.ptr + from, s.size - from } : s;
}

str str_first(str s, size_t size_bytes)
{
    return (str){ s.ptr, size_bytes < s.size ? size_bytes : s.size };
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

str str_trim(str s)
{
    while (s.size && is_blank(s.ptr[s.size - 1]))
        s.size--;
    size_t from = 0;
    while (from < s.size && is_blank(s.ptr[from]))
        from++;
    return str_skip(s, from);
}

size_t str_find_char(str s, char c)
{
    const char *found = s.size ? memchr(s.ptr, c, s.size) : NULL;
    return found ? (size_t) (found - s.ptr) : s.size;
}

size_t str_find(str s, str needle)
{
    if (needle.size == 0)
        return 0;
    const char *found = s.size ? memmem(s.ptr, s.size, needle.ptr, needle.size) : NULL;
    return found ? (size_t) (found - s.ptr) : s.size;
}

bool str_cut(str s, char c, str *head, str *tail)
{
    size_t at = str_find_char(s, c);
    bool found = at < s.size;
    *head = str_first(s, at);
    *tail = found ? str_skip(s, at + 1) : STR_NONE;
    return found;
}

/* An empty last piece ("a,") must still come, so "used up" is the unset str, not the empty one. */
bool str_next(str *rest, char c, str *piece)
{
    if (!str_is_set(*rest))
        return false;
    (void) str_cut(*rest, c, piece, rest);
    return true;
}

bool str_to_u64(str s, uint64_t *out)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s.size; i++) {
        if (!is_digit(s.ptr[i]) || __builtin_mul_overflow(n, 10u, &n) ||
            __builtin_add_overflow(n, (uint64_t) (s.ptr[i] - '0'), &n))
            return false;
    }
    if (s.size)
        *out = n;
    return s.size > 0;
}

bool str_to_i64(str s, int64_t *out)
{
    bool negative = s.size && s.ptr[0] == '-';
    uint64_t n;
    if (!str_to_u64(str_skip(s, negative ? 1 : 0), &n))
        return false;
    if (n > (uint64_t) INT64_MAX + (negative ? 1 : 0))
        return false;
    *out = negative ? (int64_t) (0 - n) : (int64_t) n;
    return true;
}

/* strtod alone would also take blanks, hexadecimal, "inf" and "nan". */
bool str_to_double(str s, double *out)
{
    char text[64];
    str whole, fraction;
    str digits = str_skip(s, str_starts(s, STR("-")) ? 1 : 0);
    bool has_point = str_cut(digits, '.', &whole, &fraction);
    if (s.size >= sizeof text || whole.size == 0 || (has_point && fraction.size == 0))
        return false;
    for (size_t i = 0; i < digits.size; i++)
        if (!is_digit(digits.ptr[i]) && i != whole.size)
            return false;
    memcpy(text, s.ptr, s.size);
    text[s.size] = '\0';
    *out = strtod(text, NULL);
    return true;
}

char *str_c(struct arena *arena, str s)
{
    char *copy = arena_alloc_raw(arena, s.size + 1);
    if (s.size)
        memcpy(copy, s.ptr, s.size);
    copy[s.size] = '\0';
    return copy;
}

str str_copy(struct arena *arena, str s)
{
    return str_is_set(s) ? (str){ str_c(arena, s), s.size } : STR_NONE;
}

str str_lower(struct arena *arena, str s)
{
    char *copy = str_c(arena, s);
    for (size_t i = 0; i < s.size; i++)
        copy[i] = (char) lower(copy[i]);
    return (str){ copy, s.size };
}

str str_format(struct arena *arena, const char *format, ...)
{
    char small[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    BUG_UNLESS(size >= 0);
    str text = { small, (size_t) size };
    if (text.size < sizeof small) {
        text = str_copy(arena, text);
    } else {
        char *large = arena_alloc_raw(arena, text.size + 1);
        (void) vsnprintf(large, text.size + 1, format, again);
        text.ptr = large;
    }
    va_end(again);
    return text;
}

#define NEAREST_MOST_BYTES 64

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

/* Two letters that changed places are one mistake. Case counts for nothing: "us-West-2" is a
 * spelling of "us-west-2". */
static unsigned edit_distance(str a, str b)
{
    unsigned rows[3][NEAREST_MOST_BYTES + 1];
    for (unsigned j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.size; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        unsigned char c = lower(a.ptr[i - 1]);
        row[0] = i;
        for (unsigned j = 1; j <= b.size; j++) {
            unsigned char d = lower(b.ptr[j - 1]);
            row[j] = min3(above[j - 1] + (c != d), above[j] + 1, row[j - 1] + 1);
            if (i > 1 && j > 1 && c == lower(b.ptr[j - 2]) && d == lower(a.ptr[i - 2]))
                row[j] = min3(row[j], before[j - 2] + 1, row[j]);
        }
    }
    return rows[a.size % 3][b.size];
}

/* Near: at most a third of the word is wrong, and at least one letter may be. */
str str_nearest(str word, const str *words, size_t count)
{
    if (word.size == 0 || word.size > NEAREST_MOST_BYTES)
        return STR_NONE;
    unsigned best = word.size < 6 ? 1 : (unsigned) word.size / 3;
    str nearest = STR_NONE;
    for (size_t i = 0; i < count; i++) {
        if (words[i].size == 0 || words[i].size > NEAREST_MOST_BYTES)
            continue;
        unsigned distance = edit_distance(word, words[i]);
        if (distance < best || (distance == best && !str_is_set(nearest))) {
            best = distance;
            nearest = words[i];
        }
    }
    return nearest;
}
