/* Reading: one scan checks what cJSON is lax about (bad numbers, escapes and control characters it
 * lets pass) and blanks what it refuses (comments, trailing commas) in a copy; then cJSON parses;
 * then a walk over text and tree side by side copies the tree with positions, which cJSON does not
 * keep. Writing: separators and quoting, straight into a buf. */
#include "base/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/encode.h"
#include "base/limits.h"

#define BYTE_ORDER_MARK STR("\xef\xbb\xbf")

/* What all three passes share. Positions are counted in the original, where a comment's characters
 * are still there; columns count characters, not bytes. */
struct reader {
    struct arena *arena;
    str original;
    char *text; /* the copy to blank; a NUL follows it */
    struct json_error *error;
};

struct place {
    size_t at;
    unsigned line, column;
};

static struct place place_first(const struct reader *reader)
{
    return (struct place){ str_starts(reader->original, BYTE_ORDER_MARK) ? 3 : 0, 1, 1 };
}

static void place_step(const struct reader *reader, struct place *place)
{
    char c = reader->original.ptr[place->at++];
    if (c == '\n') {
        place->line++;
        place->column = 1;
    } else if (((unsigned char) c & 0xc0) != 0x80) {
        place->column++;
    }
}

static struct place place_at(const struct reader *reader, size_t offset)
{
    struct place place = place_first(reader);
    while (place.at < offset)
        place_step(reader, &place);
    return place;
}

static bool fail_at(const struct reader *reader, struct place place, str message)
{
    *reader->error = (struct json_error){ place.line, place.column, message };
    return false;
}

static bool fail(const struct reader *reader, size_t offset, str message)
{
    return fail_at(reader, place_at(reader, offset), message);
}

static bool fail_unexpected(const struct reader *reader, size_t offset)
{
    unsigned char c = (unsigned char) reader->text[offset];
    if (offset >= reader->original.size)
        return fail(reader, offset, STR("the text ends too early"));
    if (c < 0x20 || c >= 0x7f)
        return fail(reader, offset, STR("unexpected character"));
    return fail(reader, offset, str_format(reader->arena, "unexpected '%c'", c));
}

/* Pass one. */
struct scan {
    const struct reader *reader;
    size_t at;
    char open[LIMIT_JSON_DEPTH];
    size_t open_at[LIMIT_JSON_DEPTH];
    unsigned depth;
    char previous; /* the first character of the token before; NUL at the start */
    size_t comma;  /* 1 + where a comma after a value stands, if nothing came since; else 0 */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool scan_comment(struct scan *scan)
{
    size_t size;
    str rest = str_skip((str){ scan->reader->text, scan->reader->original.size }, scan->at);
    if (str_starts(rest, STR("//"))) {
        size = str_find_char(rest, '\n');
    } else if (str_starts(rest, STR("/*"))) {
        size = str_find(str_skip(rest, 2), STR("*/")) + 4;
        if (size > rest.size)
            return fail(scan->reader, scan->at, STR("this comment is never closed"));
    } else {
        return fail(scan->reader, scan->at, STR("unexpected '/'"));
    }
    memset(scan->reader->text + scan->at, ' ', size);
    scan->at += size;
    return true;
}

/* cJSON reads bad hex digits as 0 and cuts the string there, as it does at a real \u0000. */
static bool scan_escape(struct scan *scan)
{
    const char *escape = scan->reader->text + scan->at;
    char digits[4] = { '0', '0', '0', '0' };
    if (escape[1] == '\0' || strchr("\"\\/bfnrtu", escape[1]) == NULL)
        return fail(scan->reader, scan->at, STR("unknown escape in the string"));
    for (unsigned i = 0; i < 4 && escape[1] == 'u'; i++) {
        char c = digits[i] = escape[2 + i];
        if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))
            return fail(scan->reader, scan->at, STR("\\u needs four hexadecimal digits"));
    }
    if (escape[1] == 'u' && memcmp(digits, "0000", 4) == 0)
        return fail(scan->reader, scan->at, STR("\\u0000 is not allowed in a string"));
    scan->at += escape[1] == 'u' ? 6 : 2;
    return true;
}

static bool scan_string(struct scan *scan)
{
    size_t from = scan->at++;
    for (;;) {
        unsigned char c = (unsigned char) scan->reader->text[scan->at];
        if (scan->at >= scan->reader->original.size || c == '\n')
            return fail(scan->reader, from, STR("this string is never closed"));
        if (c < 0x20)
            return fail(scan->reader, scan->at, STR("a control character must be escaped"));
        if (c == '"')
            break;
        if (c != '\\')
            scan->at++;
        else if (!scan_escape(scan))
            return false;
    }
    scan->at++;
    return true;
}

static size_t scan_digits(struct scan *scan)
{
    size_t from = scan->at;
    while (is_digit(scan->reader->text[scan->at]))
        scan->at++;
    return scan->at - from;
}

/* cJSON asks strtod, which takes "01", "1." and more digits than cJSON hands it. */
static bool scan_number(struct scan *scan)
{
    const char *text = scan->reader->text;
    size_t from = scan->at;
    if (text[scan->at] == '-')
        scan->at++;
    bool leading_zero = text[scan->at] == '0';
    size_t whole = scan_digits(scan);
    bool good = whole > 0 && (!leading_zero || whole == 1);
    if (text[scan->at] == '.') {
        scan->at++;
        good = scan_digits(scan) > 0 && good;
    }
    if ((text[scan->at] | 0x20) == 'e') {
        scan->at++;
        if (text[scan->at] == '+' || text[scan->at] == '-')
            scan->at++;
        good = scan_digits(scan) > 0 && good;
    }
    if (!good)
        return fail(scan->reader, from, STR("this is not a number"));
    if (scan->at - from > 60)
        return fail(scan->reader, from, STR("the number has too many digits"));
    if (!isfinite(strtod(text + from, NULL)))
        return fail(scan->reader, from, STR("the number is too large"));
    return true;
}

static bool scan_open(struct scan *scan, char c)
{
    if (scan->depth == LIMIT_JSON_DEPTH)
        return fail(scan->reader, scan->at,
                    str_format(scan->reader->arena, "nested deeper than %d", LIMIT_JSON_DEPTH));
    scan->open[scan->depth] = c;
    scan->open_at[scan->depth++] = scan->at++;
    return true;
}

static bool scan_close(struct scan *scan, char c)
{
    char opener = c == '}' ? '{' : '[';
    if (scan->depth == 0 || scan->open[scan->depth - 1] != opener)
        return fail_unexpected(scan->reader, scan->at);
    if (scan->comma)
        scan->reader->text[scan->comma - 1] = ' ';
    scan->depth--;
    scan->at++;
    return true;
}

/* cJSON gives a wrong place when a member does not begin with a string. */
static bool scan_expects_name(const struct scan *scan)
{
    return scan->depth > 0 && scan->open[scan->depth - 1] == '{' &&
           (scan->previous == '{' || scan->previous == ',');
}

static bool scan_significant(struct scan *scan, char c)
{
    if (c == '{' || c == '[')
        return scan_open(scan, c);
    if (c == '}' || c == ']')
        return scan_close(scan, c);
    if (c == '"')
        return scan_string(scan);
    if (c == '-' || is_digit(c))
        return scan_number(scan);
    if (c != ',' && c != ':' && ((c | 0x20) < 'a' || (c | 0x20) > 'z'))
        return fail_unexpected(scan->reader, scan->at);
    scan->at++;
    return true;
}

static bool scan_token(struct scan *scan)
{
    char c = scan->reader->text[scan->at];
    if (is_space(c)) {
        scan->at++;
        return true;
    }
    if (c == '/')
        return scan_comment(scan);
    if (c != '"' && c != '}' && c != ']' && scan_expects_name(scan))
        return fail(scan->reader, scan->at, STR("expected a member's name in double quotes"));
    if (!scan_significant(scan, c))
        return false;
    bool after_value = scan->previous && strchr("{[,:", scan->previous) == NULL;
    scan->comma = c == ',' && after_value ? scan->at : 0;
    scan->previous = c;
    return true;
}

static bool scan_text(const struct reader *reader)
{
    struct scan scan = { .reader = reader, .at = place_first(reader).at };
    memset(reader->text, ' ', scan.at);
    while (scan.at < reader->original.size)
        if (!scan_token(&scan))
            return false;
    if (scan.depth == 0)
        return true;
    size_t open_at = scan.open_at[scan.depth - 1];
    return fail(reader, open_at,
                str_format(reader->arena, "this '%c' is never closed", reader->text[open_at]));
}

/* Pass three. The text is well-formed by now: only distances matter. */
static struct json *walk_value(const struct reader *reader, struct place *place,
                               const cJSON *parsed);

static void walk_blanks(const struct reader *reader, struct place *place)
{
    while (is_space(reader->text[place->at]))
        place_step(reader, place);
}

static void walk_string(const struct reader *reader, struct place *place)
{
    place_step(reader, place);
    while (reader->text[place->at] != '"') {
        if (reader->text[place->at] == '\\')
            place_step(reader, place);
        place_step(reader, place);
    }
    place_step(reader, place);
}

struct member_place {
    str name;
    struct place place;
};

static int compare_members(const void *left, const void *right)
{
    const struct member_place *a = left, *b = right;
    int order = str_cmp(a->name, b->name);
    return order ? order : (a->place.at > b->place.at) - (a->place.at < b->place.at);
}

static bool check_unique(const struct reader *reader, struct member_place *members, size_t count)
{
    if (count > 1)
        qsort(members, count, sizeof *members, compare_members);
    for (size_t i = 1; i < count; i++)
        if (str_eq(members[i - 1].name, members[i].name))
            return fail_at(reader, members[i].place,
                           str_format(reader->arena, "the member \"%.*s\" is there twice",
                                      STR_ARG(members[i].name)));
    return true;
}

static bool walk_children(const struct reader *reader, struct place *place, const cJSON *parsed,
                          struct json *json)
{
    bool is_object = json->kind == JSON_OBJECT;
    size_t count = (size_t) cJSON_GetArraySize(parsed);
    struct member_place *members =
        is_object ? ARENA_ARRAY(reader->arena, struct member_place, count) : NULL;
    struct json **tail = &json->child;
    place_step(reader, place); /* the opener, then after each child a comma or the closer */
    for (const cJSON *child = parsed->child; child; child = child->next) {
        str name = STR_NONE;
        walk_blanks(reader, place);
        if (is_object) {
            name = str_copy(reader->arena, str_of(child->string));
            members[json->count] = (struct member_place){ name, *place };
            walk_string(reader, place);
            walk_blanks(reader, place);
            place_step(reader, place); /* the colon */
        }
        *tail = walk_value(reader, place, child);
        if (*tail == NULL)
            return false;
        (*tail)->name = name;
        tail = &(*tail)->next;
        json->count++;
        walk_blanks(reader, place);
        if (child->next)
            place_step(reader, place);
    }
    walk_blanks(reader, place);
    place_step(reader, place);
    return !is_object || check_unique(reader, members, count);
}

static enum json_kind kind_of(const cJSON *parsed)
{
    if (cJSON_IsObject(parsed))
        return JSON_OBJECT;
    if (cJSON_IsArray(parsed))
        return JSON_ARRAY;
    if (cJSON_IsString(parsed))
        return JSON_STRING;
    if (cJSON_IsNumber(parsed))
        return JSON_NUMBER;
    return cJSON_IsBool(parsed) ? JSON_BOOL : JSON_NULL;
}

static struct json *walk_value(const struct reader *reader, struct place *place,
                               const cJSON *parsed)
{
    walk_blanks(reader, place);
    struct json *json = ARENA_NEW(reader->arena, struct json);
    json->kind = kind_of(parsed);
    json->line = place->line;
    json->column = place->column;
    if (json->kind == JSON_OBJECT || json->kind == JSON_ARRAY)
        return walk_children(reader, place, parsed, json) ? json : NULL;
    if (json->kind == JSON_STRING) {
        json->string = str_copy(reader->arena, str_of(parsed->valuestring));
        walk_string(reader, place);
        return json;
    }
    json->boolean = cJSON_IsTrue(parsed);
    json->number = json->kind == JSON_NUMBER ? parsed->valuedouble : 0;
    for (char c = reader->text[place->at]; c && !is_space(c) && strchr(",]}", c) == NULL;
         c = reader->text[place->at])
        place_step(reader, place);
    return json;
}

static bool check_bytes(const struct reader *reader, str text)
{
    if (text.size > LIMIT_JSON_BYTES)
        return fail(reader, 0, STR("the text is too large"));
    size_t good = str_find_char(text, '\0');
    if (good < text.size)
        return fail(reader, good, STR("unexpected NUL character"));
    if (utf8_is_valid(text))
        return true;
    good = 0;
    for (size_t size = 1; size > 0; good += size)
        size = utf8_sequence_size(str_skip(text, good));
    return fail(reader, good, STR("the text is not UTF-8"));
}

struct json *json_parse(struct arena *arena, str text, struct json_error *error)
{
    struct reader reader = { arena, text, NULL, error };
    if (!check_bytes(&reader, text))
        return NULL;
    reader.text = str_c(arena, text);
    if (!scan_text(&reader))
        return NULL;
    /* The NUL counts as text, else cJSON steps back by one at the end of input. */
    const char *end = NULL;
    cJSON *parsed = cJSON_ParseWithLengthOpts(reader.text, text.size + 1, &end, 1);
    if (parsed == NULL) {
        (void) fail_unexpected(&reader, (size_t) (end - reader.text));
        return NULL;
    }
    struct place place = place_first(&reader);
    struct json *json = walk_value(&reader, &place, parsed);
    cJSON_Delete(parsed);
    return json;
}

const struct json *json_member(const struct json *object, const char *name)
{
    if (object == NULL || object->kind != JSON_OBJECT)
        return NULL;
    str wanted = str_of(name);
    for (const struct json *member = object->child; member; member = member->next)
        if (str_eq(member->name, wanted))
            return member;
    return NULL;
}

str json_string(const struct json *object, const char *name, str fallback)
{
    const struct json *member = json_member(object, name);
    return member && member->kind == JSON_STRING ? member->string : fallback;
}

double json_number(const struct json *object, const char *name, double fallback)
{
    const struct json *member = json_member(object, name);
    return member && member->kind == JSON_NUMBER ? member->number : fallback;
}

bool json_bool(const struct json *object, const char *name, bool fallback)
{
    const struct json *member = json_member(object, name);
    return member && member->kind == JSON_BOOL ? member->boolean : fallback;
}

void json_begin(struct json_writer *writer, struct buf *buf)
{
    *writer = (struct json_writer){ .buf = buf };
}

static void separate(struct json_writer *writer)
{
    if (writer->depth == 0)
        return;
    if (!writer->first[writer->depth - 1])
        buf_add_char(writer->buf, ',');
    writer->first[writer->depth - 1] = false;
}

void json_key(struct json_writer *writer, str name)
{
    separate(writer);
    json_quote(writer->buf, name);
    buf_add_char(writer->buf, ':');
}

/* Without a name inside an object, json_key has been there and written the comma. */
static void start_value(struct json_writer *writer, const char *name)
{
    if (name)
        json_key(writer, str_of(name));
    else if (writer->depth > 0 && writer->closer[writer->depth - 1] == ']')
        separate(writer);
}

static void open_nested(struct json_writer *writer, const char *name, str brackets)
{
    BUG_UNLESS(writer->depth < COUNT(writer->first));
    start_value(writer, name);
    buf_add_char(writer->buf, brackets.ptr[0]);
    writer->first[writer->depth] = true;
    writer->closer[writer->depth++] = brackets.ptr[1];
}

void json_object(struct json_writer *writer, const char *name)
{
    open_nested(writer, name, STR("{}"));
}

void json_array(struct json_writer *writer, const char *name)
{
    open_nested(writer, name, STR("[]"));
}

void json_end(struct json_writer *writer)
{
    BUG_UNLESS(writer->depth > 0);
    buf_add_char(writer->buf, writer->closer[--writer->depth]);
}

void json_raw(struct json_writer *writer, const char *name, str json_text_verbatim)
{
    start_value(writer, name);
    buf_add(writer->buf, json_text_verbatim);
}

void json_text(struct json_writer *writer, const char *name, str value)
{
    start_value(writer, name);
    json_quote(writer->buf, value);
}

void json_integer(struct json_writer *writer, const char *name, int64_t value)
{
    start_value(writer, name);
    if (value < 0)
        buf_add_char(writer->buf, '-');
    buf_add_u64(writer->buf, value < 0 ? 0 - (uint64_t) value : (uint64_t) value);
}

/* The shortest form that reads back as the same number; JSON has none for infinity and NaN. */
void json_real(struct json_writer *writer, const char *name, double value)
{
    char text[40];
    if (!isfinite(value)) {
        json_nothing(writer, name);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void) snprintf(text, sizeof text, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (memcmp(&back, &value, sizeof back) == 0)
            break;
    }
    json_raw(writer, name, str_of(text));
}

void json_boolean(struct json_writer *writer, const char *name, bool value)
{
    json_raw(writer, name, value ? STR("true") : STR("false"));
}

void json_nothing(struct json_writer *writer, const char *name)
{
    json_raw(writer, name, STR("null"));
}

/* Needs an escape: a quote, a backslash, a control character. */
static void quote_special(struct buf *buf, char c)
{
    static const char letters[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                    ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\' };
    size_t index = (unsigned char) c;
    if (index < sizeof letters && letters[index])
        buf_add(buf, (str){ (char[]){ '\\', letters[index] }, 2 });
    else
        buf_addf(buf, "\\u%04x", (unsigned) index);
}

/* Bytes that are not UTF-8 become U+FFFD each: what is written is JSON whatever came in. */
void json_quote(struct buf *buf, str value)
{
    bool valid = utf8_is_valid(value);
    size_t from = 0; /* what needs no change is added in one go */
    buf_add_char(buf, '"');
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char) value.ptr[i];
        bool special = c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
        if (!special && (valid || c < 0x80))
            continue;
        size_t sequence = special ? 0 : utf8_sequence_size(str_skip(value, i));
        if (sequence > 0) {
            i += sequence - 1;
            continue;
        }
        buf_add(buf, str_first(str_skip(value, from), i - from));
        if (special)
            quote_special(buf, (char) c);
        else
            buf_add(buf, STR("\xef\xbf\xbd"));
        from = i + 1;
    }
    buf_add(buf, str_skip(value, from));
    buf_add_char(buf, '"');
}
