/* The schema for editors says of every setting where it stands and what it may be. */
#include "tests/unit/test.h"

#include "base/json.h"
#include "server/config.h"
#include "server/config_table.h"

struct schema_case {
    struct arena *arena;
    const struct json *root;
};

static struct schema_case schema_open(void)
{
    struct schema_case c = { .arena = arena_new() };
    struct json_error error;
    struct buf text;
    buf_init_arena(&text, c.arena, 1 << 20);
    config_schema(&text);
    c.root = json_parse(c.arena, buf_str(&text), &error);
    assert_non_null(c.root);
    return c;
}

/* "server.log.level" in the schema; NULL when it is not there. */
static const struct json *schema_at(const struct schema_case *c, str path)
{
    const struct json *node = c->root;
    str name;
    while (str_next(&path, '.', &name))
        node = json_member(json_member(node, "properties"), str_c(c->arena, name));
    return node;
}

TEST(every_setting_of_the_file_has_its_place_in_the_schema)
{
    struct schema_case c = schema_open();
    for (size_t i = 0; i < config_table_count(); i++) {
        const struct setting *setting = config_table_at(i);
        if (setting->path == NULL)
            continue;
        const struct json *at = schema_at(&c, str_of(setting->path));
        if (at == NULL || !str_is(json_string(at, "description", STR("")), setting->help))
            fail_msg("%s is not in the schema", setting->path);
    }
    arena_free(c.arena);
}

TEST(the_schema_holds_kinds_words_bounds_and_defaults)
{
    static const struct {
        int line;
        const char *path, *member, *value;
    } rows[] = {
        { __LINE__, "server.auth", "type", "string" },
        { __LINE__, "server.auth", "default", "relaxed" },
        { __LINE__, "server.strict", "type", "boolean" },
        { __LINE__, "server.journal", "type", "integer" },
        { __LINE__, "clock.rate", "type", "number" },
        { __LINE__, "server.grace", "type", "string" },
        { __LINE__, "buckets", "type", "object" },
        { __LINE__, "replication", "type", "array" },
        { __LINE__, "links", "type", "object" },
    };
    struct schema_case c = schema_open();
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct json *at = schema_at(&c, str_of(rows[i].path));
        str value = json_string(at, rows[i].member, STR("nothing"));
        if (!str_is(value, rows[i].value))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(value));
    }
    const struct json *modes = json_member(schema_at(&c, STR("clock.mode")), "enum");
    assert_int_equal(modes->count, 3);
    const struct json *journal = schema_at(&c, STR("server.journal"));
    assert_int_equal((int) json_number(journal, "maximum", 0), 1000000);
    assert_int_equal((int) json_number(journal, "default", 0), 10000);
    const struct json *bound = schema_at(&c, STR("server.queue_limit"));
    assert_true(json_number(bound, "default", 0) > 0);
    assert_true(json_bool(schema_at(&c, STR("server.hints")), "default", false));
    arena_free(c.arena);
}

TEST(a_name_that_no_reader_knows_is_outside_the_schema_too)
{
    struct schema_case c = schema_open();
    assert_false(json_bool(c.root, "additionalProperties", true));
    assert_false(json_bool(schema_at(&c, STR("server")), "additionalProperties", true));
    assert_true(json_bool(schema_at(&c, STR("links")), "additionalProperties", true));
    assert_true(json_bool(schema_at(&c, STR("links.*")), "additionalProperties", true));
    assert_non_null(schema_at(&c, STR("$schema")));
    arena_free(c.arena);
}
