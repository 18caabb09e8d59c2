/* Reading: json_scan.c checks and blanks a copy of the text; then cJSON parses it; then a walk over
 * text and tree side by side copies the tree with its places, which cJSON does not keep. Writing:
 * separators and quoting, straight into a buf. */
#include "base/json.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/encode.h"
#include "base/json_scan.h"

/* The text is well-formed by now: only distances matter. */
static struct json *walk_value(const struct json_source *source, struct json_place *place,
                               const cJSON *parsed);

static void walk_blanks(const struct json_source *source, struct json_place *place)
{
    while (json_scan_is_space(source->text[place->at]))
        json_scan_step(source, place);
}

static void walk_string(const struct json_source *source, struct json_place *place)
{
    json_scan_step(source, place);
    while (source->text[place->at] != '"') {
        if (source->text[place->at] == '\\')
            json_scan_step(source, place);
        json_scan_step(source, place);
    }
    json_scan_step(source, place);
}

struct member_place {
    str name;
    struct json_place place;
};

static int compare_members(const void *left, const void *right)
{
    const struct member_place *a = left, *b = right;
    int order = str_cmp(a->name, b->name);
    return order ? order : (a->place.at > b->place.at) - (a->place.at < b->place.at);
}

static bool check_unique(const struct json_source *source, struct member_place *members,
                         size_t count)
{
    if (count > 1)
        qsort(members, count, sizeof *members, compare_members);
    for (size_t i = 1; i < count; i++)
        if (str_eq(members[i - 1].name, members[i].name))
            return json_scan_fail(source, members[i].place,
                                  str_format(source->arena, "the member \"%.*s\" is there twice",
                                             STR_ARG(members[i].name)));
    return true;
}

static bool walk_children(const struct json_source *source, struct json_place *place,
                          const cJSON *parsed, struct json *json)
{
    bool is_object = json->kind == JSON_OBJECT;
    size_t count = (size_t) cJSON_GetArraySize(parsed);
    struct member_place *members =
        is_object ? ARENA_ARRAY(source->arena, struct member_place, count) : NULL;
    struct json **tail = &json->child;
    json_scan_step(source, place); /* the opener, then after each child a comma or the closer */
    for (const cJSON *child = parsed->child; child; child = child->next) {
        str name = STR_NONE;
        walk_blanks(source, place);
        if (is_object) {
            name = str_copy(source->arena, str_of(child->string));
            members[json->count] = (struct member_place){ name, *place };
            walk_string(source, place);
            walk_blanks(source, place);
            json_scan_step(source, place); /* the colon */
        }
        *tail = walk_value(source, place, child);
        if (*tail == NULL)
            return false;
        (*tail)->name = name;
        tail = &(*tail)->next;
        json->count++;
        walk_blanks(source, place);
        if (child->next)
            json_scan_step(source, place);
    }
    walk_blanks(source, place);
    json_scan_step(source, place);
    return !is_object || check_unique(source, members, count);
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

static struct json *walk_value(const struct json_source *source, struct json_place *place,
                               const cJSON *parsed)
{
    walk_blanks(source, place);
    struct json *json = ARENA_NEW(source->arena, struct json);
    json->kind = kind_of(parsed);
    json->line = place->line;
    json->column = place->column;
    if (json->kind == JSON_OBJECT || json->kind == JSON_ARRAY)
        return walk_children(source, place, parsed, json) ? json : NULL;
    if (json->kind == JSON_STRING) {
        json->string = str_copy(source->arena, str_of(parsed->valuestring));
        walk_string(source, place);
        return json;
    }
    json->boolean = cJSON_IsTrue(parsed);
    json->number = json->kind == JSON_NUMBER ? parsed->valuedouble : 0;
    for (char c = source->text[place->at]; c && !json_scan_is_space(c) && strchr(",]}", c) == NULL;
         c = source->text[place->at])
        json_scan_step(source, place);
    return json;
}

struct json *json_parse(struct arena *arena, str text, struct json_error *error)
{
    struct json_source source = { arena, text, NULL, error };
    if (!json_scan_bytes(&source))
        return NULL;
    source.text = str_c(arena, text);
    if (!json_scan_text(&source))
        return NULL;
    /* The NUL counts as text, else cJSON steps back by one at the end of input. */
    const char *end = NULL;
    cJSON *parsed = cJSON_ParseWithLengthOpts(source.text, text.size + 1, &end, 1);
    if (parsed == NULL) {
        (void) json_scan_fail_unexpected(&source, (size_t) (end - source.text));
        return NULL;
    }
    struct json_place place = json_scan_first(&source);
    struct json *json = walk_value(&source, &place, parsed);
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

instant json_instant_of(const struct json *object, const char *name)
{
    instant at = { 0 };
    return str_to_i64(json_string(object, name, STR_NONE), &at.ns) ? at : (instant){ 0 };
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

/* Millionths, as times in seconds or milliseconds are: 15 digits at most, so that they name one
 * number, and printf and strtod need not try. False: the value is none. */
static bool add_millionths(struct json_writer *writer, const char *name, double value)
{
    if (!(value >= 1e-4 && value < 1e9))
        return false;
    uint64_t n = (uint64_t) llround(value * 1e6);
    double back = (double) n / 1e6;
    if (memcmp(&back, &value, sizeof back) != 0)
        return false;
    start_value(writer, name);
    buf_add_u64(writer->buf, n / 1000000);
    char digits[7] = ".000000";
    size_t size = 0;
    for (size_t i = 6, rest = n % 1000000; i > 0; i--, rest /= 10) {
        digits[i] = (char) ('0' + rest % 10);
        size = size == 0 && rest % 10 > 0 ? i + 1 : size;
    }
    buf_add_bytes(writer->buf, digits, size);
    return true;
}

/* The shortest form that reads back as the same number; JSON has none for infinity and NaN. */
void json_real(struct json_writer *writer, const char *name, double value)
{
    char text[40];
    if (!isfinite(value)) {
        json_nothing(writer, name);
        return;
    }
    if (add_millionths(writer, name, value))
        return;
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

void json_instant(struct json_writer *writer, const char *name, instant at)
{
    char text[24];
    (void) snprintf(text, sizeof text, "%" PRId64, at.ns);
    json_text(writer, name, str_of(text));
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
