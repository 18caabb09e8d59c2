/* What one lifecycle rule says (lifecycle_rule.h). */
#include "server/s3/lifecycle_rule.h"

#include "base/fields.h"
#include "server/s3/schema.h"

#define DAY_NS (86400ll * 1000000000)
#define SMALL_BYTES (128 * 1024) /* AWS: transitions of less cost more than they save */

static bool has_tag(struct arena *arena, const struct version_info *version, const struct xml *tag)
{
    struct fields tags = { 0 };
    if (version->meta.tags.size == 0 || !fields_unpack(arena, version->meta.tags, &tags))
        return false;
    str value = fields_get_exact(&tags, str_c(arena, xml_text(tag, "Key")));
    return str_is_set(value) && str_eq(value, xml_text(tag, "Value"));
}

static bool is_size(const struct xml *condition)
{
    return str_starts(condition->name, STR("ObjectSize"));
}

/* A delete marker has a key and nothing else. */
static bool condition_holds(struct arena *arena, const struct version_info *version,
                            const struct xml *condition)
{
    uint64_t size;
    if (str_is(condition->name, "Prefix"))
        return str_starts(version->key, condition->text);
    if (version->marker)
        return false;
    if (str_is(condition->name, "Tag"))
        return has_tag(arena, version, condition);
    if (!str_to_u64(str_trim(condition->text), &size))
        return false;
    return str_is(condition->name, "ObjectSizeGreaterThan") ? version->size_bytes > size
                                                            : version->size_bytes < size;
}

static bool is_enabled(const struct xml *rule)
{
    return str_is(str_trim(xml_text(rule, "Status")), "Enabled");
}

static const struct xml *first_condition(const struct xml *rule)
{
    const struct xml *filter = xml_child(rule, "Filter");
    const struct xml *both = xml_child(filter, "And");
    if (both)
        return both->child;
    return filter ? filter->child : NULL;
}

bool lifecycle_rule_matches(struct arena *arena, const struct xml *rule,
                            const struct version_info *version)
{
    const struct xml *old = xml_child(rule, "Prefix");
    if (!is_enabled(rule))
        return false;
    if (old)
        return str_starts(version->key, old->text);
    for (const struct xml *one = first_condition(rule); one; one = one->next)
        if (!condition_holds(arena, version, one))
            return false;
    return true;
}

bool lifecycle_rule_matches_upload(const struct xml *rule, str key)
{
    const struct xml *old = xml_child(rule, "Prefix");
    if (!is_enabled(rule))
        return false;
    if (old)
        return str_starts(key, old->text);
    for (const struct xml *one = first_condition(rule); one; one = one->next)
        if (!str_is(one->name, "Prefix") || !str_starts(key, one->text))
            return false;
    return true;
}

bool lifecycle_rule_asks_tags(const struct xml *rule)
{
    for (const struct xml *one = first_condition(rule); one; one = one->next)
        if (str_is(one->name, "Tag"))
            return true;
    return false;
}

bool lifecycle_rule_asks_size(const struct xml *rule)
{
    for (const struct xml *one = first_condition(rule); one; one = one->next)
        if (is_size(one))
            return true;
    return false;
}

uint64_t lifecycle_rule_number(const struct xml *action, const char *element, uint64_t otherwise)
{
    uint64_t number;
    return str_to_u64(str_trim(xml_text(action, element)), &number) ? number : otherwise;
}

/* AWS: "rounding the resulting time to the next day midnight UTC". */
bool lifecycle_rule_due(const struct xml *action, const char *days, instant since, instant *due)
{
    const uint64_t most = (uint64_t) (INT64_MAX / DAY_NS);
    str date = str_trim(xml_text(action, "Date"));
    if (action == NULL)
        return false;
    if (str_is_set(date))
        return schema_date(date, due);
    uint64_t count = lifecycle_rule_number(action, days, UINT64_MAX);
    uint64_t today = since.ns > 0 ? (uint64_t) (since.ns / DAY_NS) : 0;
    if (count == UINT64_MAX)
        return false;
    *due = count < most - today - 1 ? (instant){ (int64_t) (today + count + 1) * DAY_NS }
                                    : INSTANT_NEVER;
    return true;
}

unsigned lifecycle_rule_rank(str storage_class)
{
    static const char *const classes[] = { "STANDARD",    "STANDARD_IA", "INTELLIGENT_TIERING",
                                           "ONEZONE_IA",  "GLACIER_IR",  "GLACIER",
                                           "DEEP_ARCHIVE" };
    for (unsigned i = 0; i < COUNT(classes); i++)
        if (str_is(storage_class, classes[i]))
            return i;
    return 0;
}

bool lifecycle_rule_is_too_small(uint64_t size_bytes, str storage_class, bool varies)
{
    bool archive = str_is(storage_class, "GLACIER") || str_is(storage_class, "DEEP_ARCHIVE");
    return size_bytes < SMALL_BYTES && !(varies && archive);
}
