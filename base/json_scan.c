/* cJSON lets bad numbers, bad escapes and control characters pass, and knows no comments: one pass
 * over the text makes up for both. Blanks take the place of what cJSON must not see, so that every
 * offset stays true. */
#include "base/json_scan.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/encode.h"
#include "base/limits.h"

#define BYTE_ORDER_MARK STR("\xef\xbb\xbf")

struct json_place json_scan_first(const struct json_source *source)
{
    return (struct json_place){ str_starts(source->original, BYTE_ORDER_MARK) ? 3 : 0, 1, 1 };
}

void json_scan_step(const struct json_source *source, struct json_place *place)
{
    char c = source->original.ptr[place->at++];
    if (c == '\n') {
        place->line++;
        place->column = 1;
    } else if (((unsigned char) c & 0xc0) != 0x80) {
        place->column++;
    }
}

static struct json_place place_at(const struct json_source *source, size_t offset)
{
    struct json_place place = json_scan_first(source);
    while (place.at < offset)
        json_scan_step(source, &place);
    return place;
}

bool json_scan_fail(const struct json_source *source, struct json_place place, str message)
{
    *source->error = (struct json_error){ place.line, place.column, message };
    return false;
}

static bool fail(const struct json_source *source, size_t offset, str message)
{
    return json_scan_fail(source, place_at(source, offset), message);
}

bool json_scan_fail_unexpected(const struct json_source *source, size_t offset)
{
    unsigned char c = (unsigned char) source->text[offset];
    if (offset >= source->original.size)
        return fail(source, offset, STR("the text ends too early"));
    if (c < 0x20 || c >= 0x7f)
        return fail(source, offset, STR("unexpected character"));
    return fail(source, offset, str_format(source->arena, "unexpected '%c'", c));
}

struct scan {
    const struct json_source *source;
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

bool json_scan_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool scan_comment(struct scan *scan)
{
    size_t size;
    str rest = str_skip((str){ scan->source->text, scan->source->original.size }, scan->at);
    if (str_starts(rest, STR("//"))) {
        size = str_find_char(rest, '\n');
    } else if (str_starts(rest, STR("/*"))) {
        size = str_find(str_skip(rest, 2), STR("*/")) + 4;
        if (size > rest.size)
            return fail(scan->source, scan->at, STR("this comment is never closed"));
    } else {
        return fail(scan->source, scan->at, STR("unexpected '/'"));
    }
    memset(scan->source->text + scan->at, ' ', size);
    scan->at += size;
    return true;
}

/* cJSON reads bad hex digits as 0 and cuts the string there, as it does at a real \u0000. */
static bool scan_escape(struct scan *scan)
{
    const char *escape = scan->source->text + scan->at;
    char digits[4] = { '0', '0', '0', '0' };
    if (escape[1] == '\0' || strchr("\"\\/bfnrtu", escape[1]) == NULL)
        return fail(scan->source, scan->at, STR("unknown escape in the string"));
    for (unsigned i = 0; i < 4 && escape[1] == 'u'; i++) {
        char c = digits[i] = escape[2 + i];
        if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))
            return fail(scan->source, scan->at, STR("\\u needs four hexadecimal digits"));
    }
    if (escape[1] == 'u' && memcmp(digits, "0000", 4) == 0)
        return fail(scan->source, scan->at, STR("\\u0000 is not allowed in a string"));
    scan->at += escape[1] == 'u' ? 6 : 2;
    return true;
}

static bool scan_string(struct scan *scan)
{
    size_t from = scan->at++;
    for (;;) {
        unsigned char c = (unsigned char) scan->source->text[scan->at];
        if (scan->at >= scan->source->original.size || c == '\n')
            return fail(scan->source, from, STR("this string is never closed"));
        if (c < 0x20)
            return fail(scan->source, scan->at, STR("a control character must be escaped"));
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
    while (is_digit(scan->source->text[scan->at]))
        scan->at++;
    return scan->at - from;
}

/* cJSON asks strtod, which takes "01", "1." and more digits than cJSON hands it. */
static bool scan_number(struct scan *scan)
{
    const char *text = scan->source->text;
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
        return fail(scan->source, from, STR("this is not a number"));
    if (scan->at - from > 60)
        return fail(scan->source, from, STR("the number has too many digits"));
    if (!isfinite(strtod(text + from, NULL)))
        return fail(scan->source, from, STR("the number is too large"));
    return true;
}

static bool scan_open(struct scan *scan, char c)
{
    if (scan->depth == LIMIT_JSON_DEPTH)
        return fail(scan->source, scan->at,
                    str_format(scan->source->arena, "nested deeper than %d", LIMIT_JSON_DEPTH));
    scan->open[scan->depth] = c;
    scan->open_at[scan->depth++] = scan->at++;
    return true;
}

static bool scan_close(struct scan *scan, char c)
{
    char opener = c == '}' ? '{' : '[';
    if (scan->depth == 0 || scan->open[scan->depth - 1] != opener)
        return json_scan_fail_unexpected(scan->source, scan->at);
    if (scan->comma)
        scan->source->text[scan->comma - 1] = ' ';
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
        return json_scan_fail_unexpected(scan->source, scan->at);
    scan->at++;
    return true;
}

static bool scan_token(struct scan *scan)
{
    char c = scan->source->text[scan->at];
    if (json_scan_is_space(c)) {
        scan->at++;
        return true;
    }
    if (c == '/')
        return scan_comment(scan);
    if (c != '"' && c != '}' && c != ']' && scan_expects_name(scan))
        return fail(scan->source, scan->at, STR("expected a member's name in double quotes"));
    if (!scan_significant(scan, c))
        return false;
    bool after_value = scan->previous && strchr("{[,:", scan->previous) == NULL;
    scan->comma = c == ',' && after_value ? scan->at : 0;
    scan->previous = c;
    return true;
}

bool json_scan_text(const struct json_source *source)
{
    struct scan scan = { .source = source, .at = json_scan_first(source).at };
    memset(source->text, ' ', scan.at);
    while (scan.at < source->original.size)
        if (!scan_token(&scan))
            return false;
    if (scan.depth == 0)
        return true;
    size_t open_at = scan.open_at[scan.depth - 1];
    return fail(source, open_at,
                str_format(source->arena, "this '%c' is never closed", source->text[open_at]));
}

bool json_scan_bytes(const struct json_source *source)
{
    str text = source->original;
    if (text.size > LIMIT_JSON_BYTES)
        return fail(source, 0, STR("the text is too large"));
    size_t good = str_find_char(text, '\0');
    if (good < text.size)
        return fail(source, good, STR("unexpected NUL character"));
    if (utf8_is_valid(text))
        return true;
    good = 0;
    for (size_t size = 1; size > 0; good += size)
        size = utf8_sequence_size(str_skip(text, good));
    return fail(source, good, STR("the text is not UTF-8"));
}
