/* The form parser. The delimiter begins with CR and holds no other one, so a partial match that
 * fails is data up to there and the search starts afresh at the byte that failed: no byte is ever
 * looked at twice, and the bytes held back are the delimiter's own.
 */
#include "server/s3/form.h"

static enum form_event fail(struct form *form, enum form_event why)
{
    form->state = FORM_BROKEN;
    form->broken = why;
    return why;
}

static bool is_boundary(str boundary)
{
    for (size_t i = 0; i < boundary.size; i++)
        if ((unsigned char) boundary.ptr[i] < 0x20 || boundary.ptr[i] == 0x7f)
            return false;
    return boundary.size > 0 && boundary.size <= FORM_BOUNDARY_BYTES;
}

bool form_init(struct form *form, str boundary)
{
    if (!is_boundary(boundary))
        return false;
    form->name = form->value = form->filename = form->data = STR_NONE;
    form->state = FORM_IN_PREAMBLE;
    form->matched = 2; /* the first boundary needs no line end before it */
    form->used = form->text_size = form->value_at = form->line_at = 0;
    memcpy(form->delimiter, "\r\n--", 4);
    memcpy(form->delimiter + 4, boundary.ptr, boundary.size);
    form->delimiter_size = boundary.size + 4;
    return true;
}

/* The value of NAME="value" or NAME=value among parameters; quotes may hide ';' and a backslash
 * quotes the quote. `at` is where the parameters begin. */
static str parameter_of(str header, const char *name)
{
    str rest = header;
    while (rest.size > 0) {
        size_t end = 0;
        bool quoted = false;
        while (end < rest.size && (quoted || rest.ptr[end] != ';')) {
            if (rest.ptr[end] == '\\' && quoted && end + 1 < rest.size && rest.ptr[end + 1] == '"')
                end++;
            else if (rest.ptr[end] == '"')
                quoted = !quoted;
            end++;
        }
        str key, value;
        bool valued = str_cut(str_first(rest, end), '=', &key, &value);
        rest = str_skip(rest, end + 1);
        if (!valued || !str_eq_nocase(str_trim(key), str_of(name)))
            continue;
        value = str_trim(value);
        if (value.size >= 2 && value.ptr[0] == '"' && value.ptr[value.size - 1] == '"')
            return str_from(value.ptr + 1, value.size - 2);
        return value;
    }
    return STR_NONE;
}

str form_boundary(str content_type)
{
    str type, parameters;
    (void) str_cut(content_type, ';', &type, &parameters);
    if (!str_eq_nocase(str_trim(type), STR("multipart/form-data")))
        return STR_NONE;
    return parameter_of(parameters, "boundary");
}

static void begin_part(struct form *form)
{
    form->state = FORM_IN_HEADERS;
    form->text_size = form->value_at = form->line_at = 0;
    form->matched = 0;
    form->used += form->delimiter_size; /* AWS counts boundaries too */
    form->name = form->filename = STR_NONE;
}

/* One byte of a field; false when the fields pass their limit. */
static bool keep(struct form *form, char c)
{
    if (form->used >= sizeof form->text || form->text_size >= sizeof form->text)
        return false;
    form->text[form->text_size++] = c;
    form->used++;
    return true;
}

static void read_disposition(struct form *form, str line)
{
    str header, value;
    if (!str_cut(line, ':', &header, &value) ||
        !str_eq_nocase(str_trim(header), STR("Content-Disposition")))
        return;
    form->name = parameter_of(value, "name");
    form->filename = parameter_of(value, "filename");
}

/* Headers end with an empty line. Only Content-Disposition means anything. */
static enum form_event in_headers(struct form *form, str *rest)
{
    while (rest->size > 0) {
        char c = rest->ptr[0];
        *rest = str_skip(*rest, 1);
        if (!keep(form, c))
            return fail(form, FORM_TOO_LARGE);
        if (c != '\n')
            continue;
        str line = str_trim(str_from(form->text + form->line_at, form->text_size - form->line_at));
        form->line_at = form->text_size;
        if (line.size > 0) {
            read_disposition(form, line);
            continue;
        }
        if (!str_is_set(form->name))
            return fail(form, FORM_BAD);
        form->value_at = form->text_size;
        form->state = FORM_IN_VALUE;
        if (!str_eq_nocase(form->name, STR("file")))
            return FORM_MORE;
        form->state = FORM_IN_FILE;
        return FORM_FILE;
    }
    return FORM_MORE;
}

/* Where the delimiter begins, or could begin at the very end; rest.size when nowhere. */
static size_t find_delimiter(const struct form *form, str rest)
{
    size_t at = 0;
    while (at < rest.size) {
        const char *cr = memchr(rest.ptr + at, '\r', rest.size - at);
        if (cr == NULL)
            return rest.size;
        at = (size_t) (cr - rest.ptr);
        size_t left = rest.size - at;
        if (memcmp(cr, form->delimiter,
                   left < form->delimiter_size ? left : form->delimiter_size) == 0)
            return at;
        at++;
    }
    return at;
}

/* How many bytes of *rest come before the first that could belong to the delimiter; *held is what
 * was held back of it and turned out to be data. *whole: the delimiter is complete. */
static size_t before_delimiter(struct form *form, str rest, size_t *held, bool *whole,
                               size_t *consumed)
{
    size_t at = 0;
    *held = 0;
    *whole = false;
    while (form->matched > 0 && at < rest.size) {
        if (rest.ptr[at] != form->delimiter[form->matched]) {
            *held = form->matched;
            form->matched = 0;
            *consumed = at;
            return 0;
        }
        at++;
        if (++form->matched == form->delimiter_size) {
            form->matched = 0;
            *whole = true;
            break;
        }
    }
    *consumed = at;
    if (at > 0 || form->matched > 0)
        return 0;
    *consumed = find_delimiter(form, rest);
    if (*consumed > 0)
        return *consumed;
    form->matched = 1;
    *consumed = 1;
    return 0;
}

static enum form_event take(struct form *form, str piece)
{
    if (form->state == FORM_IN_FILE) {
        form->data = piece;
        return FORM_DATA;
    }
    for (size_t i = 0; form->state == FORM_IN_VALUE && i < piece.size; i++)
        if (!keep(form, piece.ptr[i]))
            return fail(form, FORM_TOO_LARGE);
    return FORM_MORE;
}

static enum form_event at_delimiter(struct form *form)
{
    bool in_file = form->state == FORM_IN_FILE, in_value = form->state == FORM_IN_VALUE;
    form->state = in_file ? FORM_IN_EPILOGUE : FORM_AFTER_BOUNDARY;
    form->matched = 0;
    if (in_file)
        return FORM_END;
    if (!in_value)
        return FORM_MORE;
    form->value = str_from(form->text + form->value_at, form->text_size - form->value_at);
    return FORM_FIELD;
}

/* Up to the next delimiter: the preamble, a value or the file. */
static enum form_event in_content(struct form *form, str *rest)
{
    while (rest->size > 0) {
        size_t held, consumed;
        bool whole;
        size_t plain = before_delimiter(form, *rest, &held, &whole, &consumed);
        str piece = plain > 0 ? str_first(*rest, plain) : str_from(form->delimiter, held);
        *rest = str_skip(*rest, consumed);
        enum form_event event = whole            ? at_delimiter(form)
                                : piece.size > 0 ? take(form, piece)
                                                 : FORM_MORE;
        if (event != FORM_MORE || whole)
            return event;
    }
    return FORM_MORE;
}

/* "--" ends the form, blanks may stand before the line's end; `matched` counts dashes. */
static enum form_event after_boundary(struct form *form, str *rest)
{
    while (rest->size > 0) {
        char c = rest->ptr[0];
        *rest = str_skip(*rest, 1);
        if (c == '-' && ++form->matched == 2)
            return fail(form, FORM_NO_FILE);
        if (c == '-')
            continue;
        if (form->matched > 0 || (c != ' ' && c != '\t' && c != '\r' && c != '\n'))
            return fail(form, FORM_BAD);
        if (c != '\n')
            continue;
        begin_part(form);
        return FORM_MORE;
    }
    return FORM_MORE;
}

enum form_event form_next(struct form *form, str *rest)
{
    enum form_event event = FORM_MORE;
    while (event == FORM_MORE && rest->size > 0) {
        switch (form->state) {
        case FORM_AFTER_BOUNDARY:
            event = after_boundary(form, rest);
            break;
        case FORM_IN_HEADERS:
            event = in_headers(form, rest);
            break;
        case FORM_IN_PREAMBLE:
        case FORM_IN_VALUE:
        case FORM_IN_FILE:
            event = in_content(form, rest);
            break;
        case FORM_IN_EPILOGUE:
            *rest = str_skip(*rest, rest->size);
            break;
        case FORM_BROKEN:
            return form->broken;
        }
    }
    return event;
}
