/* Reading with places: each value knows its line and what it is called, so that a problem can say
 * both; see config_read.h. */
#include "server/config_read.h"

#include <stdarg.h>
#include <stdio.h>

#include "server/config_table.h"

#define MOST_WORDS 32

struct config_at config_read_at(const struct config_reading *reading, const struct json *json)
{
    bool known = reading->has_lines && json;
    return (struct config_at){ reading->source, known ? json->line : 0, known ? json->column : 0 };
}

void config_read_problem(struct config_reading *reading, struct config_node node,
                         const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    (void) vsnprintf(text, sizeof text, format, args);
    va_end(args);
    config_problems_add(reading->problems, config_read_at(reading, node.json), node.path, "%s",
                        text);
}

static str join(struct config_reading *reading, str path, str name)
{
    if (path.size == 0)
        return str_copy(reading->arena, name);
    return str_format(reading->arena, "%.*s.%.*s", STR_ARG(path), STR_ARG(name));
}

struct config_node config_read_member(struct config_reading *reading, struct config_node node,
                                      const char *name)
{
    return (struct config_node){ json_member(node.json, name),
                                 join(reading, node.path, str_of(name)) };
}

struct config_node config_read_child(struct config_reading *reading, struct config_node node,
                                     const struct json *child)
{
    return (struct config_node){ child, join(reading, node.path, child->name) };
}

struct config_node config_read_element(struct config_reading *reading, struct config_node node,
                                       const struct json *child, size_t index)
{
    return (struct config_node){ child, str_format(reading->arena, "%.*s[%zu]", STR_ARG(node.path),
                                                   index) };
}

bool config_read_kind(struct config_reading *reading, struct config_node node, enum json_kind kind)
{
    static const char *const names[] = { "null",     "true or false", "a number",
                                         "a string", "a list",        "an object" };
    if (node.json && node.json->kind != kind)
        config_read_problem(reading, node, "must be %s, not %s", names[kind],
                            names[node.json->kind]);
    return node.json && node.json->kind == kind;
}

static size_t split(const char *list, str words[MOST_WORDS])
{
    size_t count = 0;
    str word;
    while (count < MOST_WORDS && str_is_set(word = config_table_word(list, count)))
        words[count++] = word;
    return count;
}

static bool has_word(const str *words, size_t count, str word)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(words[i], word))
            return true;
    return false;
}

bool config_read_object(struct config_reading *reading, struct config_node node, const char *known)
{
    str words[MOST_WORDS];
    size_t count = split(known, words);
    if (!config_read_kind(reading, node, JSON_OBJECT))
        return false;
    for (const struct json *child = node.json->child; child; child = child->next) {
        if (has_word(words, count, child->name))
            continue;
        str hint = config_problems_hint(reading->arena, str_nearest(child->name, words, count));
        config_read_problem(reading, config_read_child(reading, node, child),
                            "unknown key '%.*s'%.*s", STR_ARG(child->name), STR_ARG(hint));
    }
    return true;
}

bool config_read_text(struct config_reading *reading, struct config_node node, const char *name,
                      str *out)
{
    struct config_node member = config_read_member(reading, node, name);
    if (!config_read_kind(reading, member, JSON_STRING))
        return false;
    *out = member.json->string;
    return true;
}

bool config_read_bool(struct config_reading *reading, struct config_node node, const char *name,
                      bool *out)
{
    struct config_node member = config_read_member(reading, node, name);
    if (!config_read_kind(reading, member, JSON_BOOL))
        return false;
    *out = member.json->boolean;
    return true;
}

bool config_read_number(struct config_reading *reading, struct config_node node, const char *name,
                        double *out)
{
    struct config_node member = config_read_member(reading, node, name);
    if (!config_read_kind(reading, member, JSON_NUMBER))
        return false;
    *out = member.json->number;
    return true;
}

bool config_read_word(struct config_reading *reading, struct config_node node, const char *words,
                      size_t *index)
{
    str known[MOST_WORDS];
    size_t count = split(words, known);
    if (!config_read_kind(reading, node, JSON_STRING))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(known[i], node.json->string))
            continue;
        *index = i;
        return true;
    }
    struct buf list;
    buf_init_arena(&list, reading->arena, 512);
    for (size_t i = 0; i < count; i++)
        buf_addf(&list, "%s%.*s", i ? ", " : "", STR_ARG(known[i]));
    str hint = config_problems_hint(reading->arena, str_nearest(node.json->string, known, count));
    config_read_problem(reading, node, "'%.*s' is none of %.*s%.*s", STR_ARG(node.json->string),
                        STR_ARG(buf_str(&list)), STR_ARG(hint));
    return false;
}

bool config_read_account(struct config_reading *reading, struct config_node node, str *out)
{
    struct config_node member = config_read_member(reading, node, "account");
    uint64_t number;
    if (!config_read_kind(reading, member, JSON_STRING))
        return false;
    if (member.json->string.size != 12 || !str_to_u64(member.json->string, &number)) {
        config_read_problem(reading, member, "'%.*s' is not an account: it has 12 digits",
                            STR_ARG(member.json->string));
        return false;
    }
    *out = member.json->string;
    return true;
}

region_id config_read_region(struct config_reading *reading, struct config_node node, str code)
{
    region_id region = region_find(code);
    if (region == REGION_NONE) {
        str hint = config_problems_hint(reading->arena, region_nearest_name(code));
        config_read_problem(reading, node, "unknown region '%.*s'%.*s", STR_ARG(code),
                            STR_ARG(hint));
    }
    return region;
}

void *config_read_grow(struct arena *arena, void *array, size_t count, size_t size)
{
    /* Doubles whenever the count is a power of two, so no capacity has to be kept. */
    if ((count & (count - 1)) != 0)
        return array;
    char *grown = arena_alloc(arena, (count ? count * 2 : 1) * size);
    if (count > 0)
        memcpy(grown, array, count * size);
    return grown;
}
