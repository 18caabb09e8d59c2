/* One line in a file that is the user's: every other byte stays as it is. */
#include "cli/alias_file.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#define NAME "describe-multi-region-access-point"
#define VALUE "get-multi-region-access-point"
#define LINE NAME " = " VALUE
#define HEADER "[command s3control]"
/* Over a section that we made; without it the section is the user's. */
#define MARK "# made by atoll cli-alias"

struct place {
    bool has_section, has_alias, is_ours;
    size_t mark;   /* offset of MARK right over the header; == header without it */
    size_t header; /* offset of the header line */
    size_t body;   /* offset after it */
    size_t alias;  /* offset of the alias's line */
    size_t alias_end;
    size_t body_end;      /* of the section: next header or the end */
    bool has_other_lines; /* anything but blanks and our line */
    bool crlf;
};

static size_t line_end(str text, size_t at)
{
    size_t newline = at + str_find_char(str_skip(text, at), '\n');
    return newline < text.size ? newline + 1 : text.size;
}

/* The AWS CLI splits "command s3control" at any blanks (awscli/alias.py). */
static bool is_our_header(str line)
{
    size_t close = str_find_char(line, ']');
    str inner = str_trim(str_from(line.ptr + 1, close > 0 ? close - 1 : 0)), first, second;
    if (!str_cut(inner, ' ', &first, &second))
        return false;
    return str_is(first, "command") && str_is(str_trim(second), "s3control");
}

/* configparser takes '=' and ':', and names in any case. */
static bool cut_option(str line, str *name, str *value)
{
    size_t equals = str_find_char(line, '='), colon = str_find_char(line, ':');
    size_t at = equals < colon ? equals : colon;
    *name = str_trim(str_first(line, at));
    *value = str_trim(str_skip(line, at + 1));
    return at < line.size;
}

static void look_at_line(struct place *place, str line, size_t at, size_t end)
{
    str name, value, trimmed = str_trim(line);
    bool continues = trimmed.size > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
    if (continues && place->has_alias && place->alias_end == at)
        place->is_ours = false; /* its value goes on here */
    bool is_comment = trimmed.size > 0 && (trimmed.ptr[0] == '#' || trimmed.ptr[0] == ';');
    if (!is_comment && cut_option(line, &name, &value) && str_eq_nocase(name, STR(NAME))) {
        place->has_alias = true;
        place->is_ours = str_is(value, VALUE);
        place->alias = at;
        place->alias_end = end;
    } else if (trimmed.size > 0)
        place->has_other_lines = true;
}

static struct place find(str text)
{
    struct place place = { .crlf = str_find(text, STR("\r\n")) < text.size };
    bool inside = false;
    size_t previous = 0;
    for (size_t at = 0, end; at < text.size; previous = at, at = end) {
        end = line_end(text, at);
        str line = str_from(text.ptr + at, end - at);
        if (line.ptr[0] == '[') {
            if (inside)
                return place;
            inside = is_our_header(line);
            if (!inside)
                continue;
            place.has_section = true;
            place.header = place.mark = at;
            place.body = place.body_end = end;
            if (at > 0 && str_is(str_trim(str_from(text.ptr + previous, at - previous)), MARK))
                place.mark = previous;
        } else if (inside) {
            look_at_line(&place, line, at, end);
            place.body_end = end;
        }
    }
    return place;
}

static str joined(struct arena *arena, str before, str between, str after)
{
    struct buf buf;
    buf_init_arena(&buf, arena, LIMIT_JSON_BYTES);
    buf_add(&buf, before);
    buf_add(&buf, between);
    buf_add(&buf, after);
    return buf_str(&buf);
}

enum alias_edit alias_file_install(struct arena *arena, str text, str *out)
{
    struct place place = find(text);
    const char *newline = place.crlf ? "\r\n" : "\n";
    *out = text;
    if (place.has_alias)
        return place.is_ours ? ALIAS_UNCHANGED : ALIAS_TAKEN;
    size_t at = place.has_section ? place.body : text.size;
    /* The line before may be the last one and lack its end. */
    bool open = at > 0 && text.ptr[at - 1] != '\n';
    str section =
        place.has_section ? STR("") : str_format(arena, MARK "%s" HEADER "%s", newline, newline);
    str between =
        str_format(arena, "%s%.*s" LINE "%s", open ? newline : "", STR_ARG(section), newline);
    *out = joined(arena, str_first(text, at), between, str_skip(text, at));
    return ALIAS_CHANGED;
}

enum alias_edit alias_file_remove(struct arena *arena, str text, str *out)
{
    struct place place = find(text);
    *out = text;
    if (!place.has_alias || !place.is_ours)
        return ALIAS_UNCHANGED;
    bool whole = place.mark < place.header && !place.has_other_lines;
    size_t from = whole ? place.mark : place.alias, to = whole ? place.body_end : place.alias_end;
    *out = joined(arena, str_first(text, from), STR(""), str_skip(text, to));
    return ALIAS_CHANGED;
}
