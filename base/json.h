/* json: reading JSON with comments (JSONC) with exact positions, and writing JSON into a buf.
 *
 * The only file that knows cJSON is base/json.c. Reading: // and block comments and trailing commas
 * are blanked in place, so offsets, hence line:column, stay true. Duplicate keys are an error.
 * Ownership: a tree lives in its arena. Threads: pure. Bounds: LIMIT_JSON_BYTES, LIMIT_JSON_DEPTH.
 */
#ifndef ATOLL_BASE_JSON_H
#define ATOLL_BASE_JSON_H

#include "base/buf.h"
#include "base/time.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_kind kind;
    bool boolean;
    double number;
    str string;         /* JSON_STRING: decoded; may hold any byte but is valid UTF-8 */
    str name;           /* when a member of an object */
    struct json *child; /* first element or member */
    struct json *next;
    size_t count;  /* children */
    unsigned line; /* where the value starts, from 1 */
    unsigned column;
};

struct json_error {
    unsigned line, column; /* from 1 */
    str message;           /* in the arena */
};

/* NULL and *error filled when the text is not JSON(C). */
MUST_CHECK struct json *json_parse(struct arena *arena, str text, struct json_error *error);

/* The member of that name, or NULL (also when `object` is NULL or no object). */
const struct json *json_member(const struct json *object, const char *name);
/* Conveniences: the member's value, or the fallback when absent or of another kind. */
str json_string(const struct json *object, const char *name, str fallback);
double json_number(const struct json *object, const char *name, double fallback);
bool json_bool(const struct json *object, const char *name, bool fallback);
/* What json_instant wrote; {0} when there is none. */
instant json_instant_of(const struct json *object, const char *name);

/* Writer: commas and quoting are its business. Usage:
 *     struct json_writer w; json_begin(&w, buf);
 *     json_object(&w, NULL); json_text(&w, "name", name); json_array(&w, "xs"); ... json_end(&w);
 *     json_end(&w);
 * `name` is NULL inside arrays and at the top. */
struct json_writer {
    struct buf *buf;
    unsigned depth;
    bool first[64];
    char closer[64];
};
void json_begin(struct json_writer *writer, struct buf *buf);
void json_object(struct json_writer *writer, const char *name);
void json_array(struct json_writer *writer, const char *name);
void json_end(struct json_writer *writer);
void json_text(struct json_writer *writer, const char *name, str value);
void json_integer(struct json_writer *writer, const char *name, int64_t value);
void json_real(struct json_writer *writer, const char *name, double value);
void json_boolean(struct json_writer *writer, const char *name, bool value);
/* As decimal text of its nanoseconds: a double would lose some. */
void json_instant(struct json_writer *writer, const char *name, instant at);
void json_nothing(struct json_writer *writer, const char *name);
/* A member whose name is a str (keys, Regions); the value follows by the next call with NULL name.
 */
void json_key(struct json_writer *writer, str name);
void json_raw(struct json_writer *writer, const char *name, str json_text_verbatim);
/* Quoted and escaped into a buf. */
void json_quote(struct buf *buf, str value);

#endif
