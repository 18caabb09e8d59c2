/* The JSON schema of atoll.json, for editors: the settings from their table, the sections from
 * theirs. It says what stands where and of which kind; whether a document is sound only its readers
 * know (POST /_atoll/v1/config/check). */
#include "base/json.h"
#include "server/config_file.h"
#include "server/config_table.h"
#include "server/config_value.h"

struct schema {
    struct arena *arena;
    struct json_writer writer;
};

static const char *type_name(enum setting_type type)
{
    return type == SET_BOOL                                          ? "boolean"
           : type == SET_COUNT || type == SET_INT || type == SET_U64 ? "integer"
           : type == SET_REAL                                        ? "number"
                                                                     : "string";
}

static void write_type(struct schema *schema, const struct setting *setting)
{
    struct json_writer *w = &schema->writer;
    bool list = config_value_is_list(setting);
    if (!list && setting->type != SET_U64) {
        json_text(w, "type", str_of(type_name(setting->type)));
        return;
    }
    json_array(w, "type"); /* a list of one may be a text; a text keeps digits of a seed */
    json_text(w, NULL, STR("string"));
    json_text(w, NULL, list ? STR("array") : STR("integer"));
    json_end(w);
    if (list) {
        json_object(w, "items");
        json_text(w, "type", STR("string"));
        json_end(w);
    }
}

/* Of a number that a document holds as one; those with units are texts, with bounds of their own.
 */
static void write_bounds(struct schema *schema, const struct setting *setting)
{
    enum setting_type type = setting->type;
    if (type != SET_COUNT && type != SET_INT && type != SET_REAL && type != SET_U64)
        return;
    json_real(&schema->writer, "minimum", setting->least);
    json_real(&schema->writer, "maximum", setting->most);
}

static void write_words(struct schema *schema, const struct setting *setting)
{
    str word;
    if (setting->type != SET_WORD && setting->type != SET_EITHER && setting->type != SET_NAME)
        return;
    json_array(&schema->writer, "enum");
    for (size_t i = 0; str_is_set(word = config_table_word(setting->words, i)); i++)
        json_text(&schema->writer, NULL, word);
    json_end(&schema->writer);
}

static void write_default(struct schema *schema, const struct setting *setting)
{
    bool verbatim = !str_is(str_of(type_name(setting->type)), "string");
    if (setting->fallback == NULL || config_value_is_list(setting))
        return;
    if (verbatim)
        json_raw(&schema->writer, "default", str_of(setting->fallback));
    else
        json_text(&schema->writer, "default", str_of(setting->fallback));
}

static void write_setting(struct schema *schema, str name, const struct setting *setting)
{
    struct json_writer *w = &schema->writer;
    json_key(w, name);
    json_object(w, NULL);
    json_text(w, "description", str_of(setting->help));
    write_type(schema, setting);
    write_words(schema, setting);
    write_bounds(schema, setting);
    write_default(schema, setting);
    json_end(w);
}

/* --- the tree of the settings' paths --- */

/* A path starts with `prefix` ("server."): the name below it, and what stands below that name. */
static bool below(size_t index, str prefix, str *name, str *rest)
{
    str path = str_of(config_table_at(index)->path);
    if (path.size == 0 || !str_starts(path, prefix))
        return false;
    if (!str_cut(str_skip(path, prefix.size), '.', name, rest))
        *rest = STR_NONE;
    return true;
}

static bool was_before(size_t index, str prefix, str name)
{
    str other, rest;
    for (size_t i = 0; i < index; i++)
        if (below(i, prefix, &other, &rest) && str_eq(other, name))
            return true;
    return false;
}

/* As deep as the paths of the table. */
static void write_settings(struct schema *schema, str prefix)
{
    struct json_writer *w = &schema->writer;
    str name, rest;
    for (size_t i = 0; i < config_table_count(); i++) {
        if (!below(i, prefix, &name, &rest) || was_before(i, prefix, name))
            continue;
        if (rest.size == 0) {
            write_setting(schema, name, config_table_at(i));
            continue;
        }
        if (prefix.size == 0 && config_file_is_section(name))
            continue;
        json_key(w, name);
        json_object(w, NULL);
        json_text(w, "type", STR("object"));
        json_object(w, "properties");
        write_settings(schema,
                       str_format(schema->arena, "%.*s%.*s.", STR_ARG(prefix), STR_ARG(name)));
        json_end(w);
        json_boolean(w, "additionalProperties", str_is(name, "*"));
        json_end(w);
    }
}

static void write_section_type(struct json_writer *w, const struct config_section *section)
{
    str type = section->kind == JSON_ARRAY ? STR("array") : STR("object");
    if (!section->or_list) {
        json_text(w, "type", type);
        return;
    }
    json_array(w, "type");
    json_text(w, NULL, type);
    json_text(w, NULL, STR("array"));
    json_end(w);
}

/* Some section may hold a setting: links.*.lag. */
static void write_sections(struct schema *schema)
{
    struct json_writer *w = &schema->writer;
    const struct config_section *section;
    for (size_t i = 0; (section = config_file_section(i)) != NULL; i++) {
        json_object(w, section->name);
        json_text(w, "description", str_of(section->help));
        write_section_type(w, section);
        if (section->kind == JSON_OBJECT) {
            json_object(w, "properties");
            write_settings(schema, str_format(schema->arena, "%s.", section->name));
            json_end(w);
        }
        json_end(w);
    }
}

void config_schema(struct buf *out)
{
    struct schema schema = { .arena = arena_new() };
    struct json_writer *w = &schema.writer;
    json_begin(w, out);
    json_object(w, NULL);
    json_text(w, "$schema", STR("https://json-schema.org/draft/2020-12/schema"));
    json_text(w, "title", STR("atoll.json"));
    json_text(w, "type", STR("object"));
    json_object(w, "properties");
    json_object(w, "$schema");
    json_text(w, "type", STR("string"));
    json_end(w);
    json_object(w, "version");
    json_integer(w, "const", CONFIG_FORMAT_VERSION);
    json_end(w);
    write_settings(&schema, STR(""));
    write_sections(&schema);
    json_end(w);
    json_boolean(w, "additionalProperties", false);
    json_end(w);
    arena_free(schema.arena);
}
