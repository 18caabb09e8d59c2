/* Tables of elements against documents. A document is at most as deep as its table, so the
 * recursion is bounded by what is compiled in. */
#include "server/s3/schema.h"

#include "base/arena.h"

bool schema_is_one_of(str word, const char *values)
{
    str rest = str_of(values), value;
    while (str_next(&rest, '|', &value))
        if (str_eq(word, value))
            return true;
    return false;
}

bool schema_date(str text, instant *out)
{
    char whole[32];
    if (text.size != 10)
        return instant_parse_iso8601(text, out);
    memcpy(whole, text.ptr, 10);
    memcpy(whole + 10, "T00:00:00Z", 10);
    return instant_parse_iso8601(str_from(whole, 20), out);
}

static bool text_fits(const struct xml *node, const struct schema *schema)
{
    str text = str_trim(node->text);
    int64_t number;
    instant date;
    if (node->child)
        return false;
    switch (schema->type) {
    case SCHEMA_GROUP:
    case SCHEMA_TEXT:
        return true;
    case SCHEMA_WORD:
        return text.size > 0 && (schema->values == NULL || schema_is_one_of(text, schema->values));
    case SCHEMA_INTEGER:
        return str_to_i64(text, &number);
    case SCHEMA_BOOLEAN:
        return schema_is_one_of(text, "true|false|TRUE|FALSE|True|False");
    case SCHEMA_DATE:
        return schema_date(text, &date);
    }
    return false;
}

static const struct schema *member_of(const struct schema *schema, str name)
{
    for (const struct schema *member = schema->members; member && member->name; member++)
        if (str_is(name, member->name))
            return member;
    return NULL;
}

static bool occurrences_fit(const struct xml *node, const struct schema *schema)
{
    for (const struct schema *member = schema->members; member && member->name; member++) {
        unsigned count = 0;
        const struct xml *child = xml_child(node, member->name);
        for (; child; child = xml_next(child, member->name))
            count++;
        if (count < member->min || (member->max > 0 && count > member->max))
            return false;
    }
    return true;
}

bool schema_fits(const struct xml *node, const struct schema *schema)
{
    if (!str_is(node->name, schema->name))
        return false;
    if (schema->type != SCHEMA_GROUP)
        return text_fits(node, schema);
    if (str_trim(node->text).size > 0)
        return false;
    for (const struct xml *child = node->child; child; child = child->next) {
        const struct schema *member = member_of(schema, child->name);
        if (member == NULL || !schema_fits(child, member))
            return false;
    }
    return occurrences_fit(node, schema);
}

static void write_one(struct xml_writer *xml, const struct xml *node, const struct schema *schema)
{
    if (schema->type == SCHEMA_GROUP) {
        if (str_is_set(node->type))
            xml_open_typed(xml, schema->name, node->type);
        else
            xml_open(xml, schema->name);
        schema_write_members(xml, node, schema);
        xml_close(xml);
        return;
    }
    if (schema->type == SCHEMA_BOOLEAN) {
        xml_boolean(xml, schema->name, str_eq_nocase(str_trim(node->text), STR("true")));
        return;
    }
    xml_element(xml, schema->name, schema->type == SCHEMA_TEXT ? node->text : str_trim(node->text));
}

void schema_write_members(struct xml_writer *xml, const struct xml *node,
                          const struct schema *schema)
{
    for (const struct schema *member = schema->members; member && member->name; member++) {
        const struct xml *child = xml_child(node, member->name);
        for (; child; child = xml_next(child, member->name))
            write_one(xml, child, member);
    }
}
