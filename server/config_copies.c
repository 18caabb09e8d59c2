/* "replication": sugar for PutBucketReplication on each source, and "links": how fast the copies
 * between two Regions are. */
#include "server/config_read.h"

#include "server/config_table.h"
#include "server/config_value.h"

/* "a -> b" or "a <-> b". */
static bool split_arrow(str text, str *from, str *to, bool *both)
{
    size_t at = str_find(text, STR("->"));
    if (at == text.size)
        return false;
    *both = at > 0 && text.ptr[at - 1] == '<';
    *from = str_trim(str_first(text, *both ? at - 1 : at));
    *to = str_trim(str_skip(text, at + 2));
    return from->size > 0 && to->size > 0 && str_find(*to, STR("->")) == to->size;
}

/* --- replication --- */

#define RULE_KEYS                                                                                  \
    "link|id|prefix|delete_markers|replica_modifications|existing_objects|rtc|storage_class|"      \
    "enabled"

static void add_rule(struct config_reading *reading, const struct config_rule *rule)
{
    struct config_document *document = &reading->config->document;
    document->rules = config_read_grow(reading->arena, document->rules, document->rule_count,
                                       sizeof *document->rules);
    document->rules[document->rule_count++] = *rule;
}

static void read_rule(struct config_reading *reading, struct config_node node)
{
    str link = STR_NONE, from, to;
    bool both;
    struct config_rule rule = { .enabled = true, .path = node.path };
    if (!config_read_object(reading, node, RULE_KEYS))
        return;
    struct config_node named = config_read_member(reading, node, "link");
    if (named.json == NULL)
        config_read_problem(reading, node, "needs a \"link\": \"source -> destination\"");
    if (!config_read_text(reading, node, "link", &link))
        return;
    if (!split_arrow(link, &from, &to, &both)) {
        config_read_problem(reading, named,
                            "'%.*s' is no link: write \"source -> destination\", or <-> for both",
                            STR_ARG(link));
        return;
    }
    if (str_eq(from, to))
        config_read_problem(reading, named, "a bucket cannot replicate to itself");
    config_read_text(reading, node, "id", &rule.id);
    config_read_text(reading, node, "prefix", &rule.prefix);
    config_read_text(reading, node, "storage_class", &rule.storage_class);
    config_read_bool(reading, node, "delete_markers", &rule.delete_markers);
    config_read_bool(reading, node, "replica_modifications", &rule.replica_modifications);
    config_read_bool(reading, node, "existing_objects", &rule.existing_objects);
    config_read_bool(reading, node, "rtc", &rule.rtc);
    config_read_bool(reading, node, "enabled", &rule.enabled);
    rule.at = config_read_at(reading, named.json);
    rule.source = from;
    rule.destination = to;
    add_rule(reading, &rule);
    if (!both)
        return;
    rule.source = to;
    rule.destination = from;
    add_rule(reading, &rule);
}

void config_read_replication(struct config_reading *reading, struct config_node node)
{
    size_t index = 0;
    for (const struct json *child = node.json->child; child; child = child->next, index++)
        read_rule(reading, config_read_element(reading, node, child, index));
}

/* --- links --- */

static void read_lag(struct config_reading *reading, struct config_node node,
                     struct config_link *link)
{
    struct config_node lag = config_read_member(reading, node, "lag");
    str error = STR_NONE;
    if (!config_read_kind(reading, lag, JSON_STRING))
        return;
    link->has_lag = lag_parse(reading->arena, lag.json->string, &link->lag, &error);
    if (!link->has_lag)
        config_read_problem(reading, lag, "%.*s", STR_ARG(error));
}

static void read_bandwidth(struct config_reading *reading, struct config_node node,
                           struct config_link *link)
{
    struct config_node speed = config_read_member(reading, node, "bandwidth");
    if (!config_read_kind(reading, speed, JSON_STRING))
        return;
    link->has_bandwidth = str_is(speed.json->string, "unlimited") ||
                          size_parse(speed.json->string, &link->bandwidth_bytes_per_s);
    if (!link->has_bandwidth ||
        (link->bandwidth_bytes_per_s == 0 && !str_is(speed.json->string, "unlimited")))
        config_read_problem(reading, speed,
                            "'%.*s' is no bandwidth: write 10MB/s, 512KiB/s or unlimited",
                            STR_ARG(speed.json->string));
}

/* "overrides": the lag of one rule's copies, or of keys with a prefix; the first that fits counts.
 */
static void read_override(struct config_reading *reading, struct config_node node,
                          struct config_link *link)
{
    struct link_override one = { .rule = STR(""), .prefix = STR("") };
    struct config_node lag = config_read_member(reading, node, "lag");
    str error = STR_NONE;
    if (!config_read_object(reading, node, "rule|prefix|lag"))
        return;
    config_read_text(reading, node, "rule", &one.rule);
    config_read_text(reading, node, "prefix", &one.prefix);
    if (one.rule.size + one.prefix.size == 0)
        config_read_problem(reading, node, "needs a \"rule\" or a \"prefix\"");
    if (lag.json == NULL)
        config_read_problem(reading, node, "needs a \"lag\"");
    if (!config_read_kind(reading, lag, JSON_STRING))
        return;
    if (!lag_parse(reading->arena, lag.json->string, &one.lag, &error))
        config_read_problem(reading, lag, "%.*s", STR_ARG(error));
    link->overrides = config_read_grow(reading->arena, link->overrides, link->override_count,
                                       sizeof *link->overrides);
    link->overrides[link->override_count++] = one;
}

static void read_overrides(struct config_reading *reading, struct config_node node,
                           struct config_link *link)
{
    struct config_node list = config_read_member(reading, node, "overrides");
    size_t index = 0;
    if (!config_read_kind(reading, list, JSON_ARRAY))
        return;
    if (list.json->count > LINK_OVERRIDES) {
        config_read_problem(reading, list, "a link has at most %d overrides", LINK_OVERRIDES);
        return;
    }
    for (const struct json *child = list.json->child; child; child = child->next, index++)
        read_override(reading, config_read_element(reading, list, child, index), link);
}

static void add_link(struct config_reading *reading, struct config_node node,
                     const struct config_link *link)
{
    struct config_document *document = &reading->config->document;
    for (size_t i = 0; i < document->link_count; i++)
        if (document->links[i].from == link->from && document->links[i].to == link->to)
            config_read_problem(reading, node, "this way is already set in line %u",
                                document->links[i].at.line);
    document->links = config_read_grow(reading->arena, document->links, document->link_count,
                                       sizeof *document->links);
    document->links[document->link_count++] = *link;
}

/* The lag of "*" is the setting --lag, so that a flag or a variable can replace it. */
static void read_every_link(struct config_reading *reading, struct config_node node,
                            struct config_link *link)
{
    struct config *config = reading->config;
    const struct setting *setting = config_table_by_path(STR(CONFIG_PATH_LAG));
    struct config_node lag = config_read_member(reading, node, "lag");
    str error = STR_NONE;
    if (link->has_lag &&
        config_value_set(reading->arena, config, setting, lag.json->string, &error))
        config->origins[config_table_index(setting)] = (struct config_origin){
            CONFIG_FILE, config_problems_place(reading->arena, config_read_at(reading, lag.json))
        };
    link->has_lag = false;
    if (link->has_bandwidth || link->override_count > 0)
        add_link(reading, node, link);
}

static void read_link(struct config_reading *reading, struct config_node node)
{
    struct config_link link = { .at = config_read_at(reading, node.json),
                                .from = REGION_NONE,
                                .to = REGION_NONE };
    str from, to;
    bool both = false;
    if (!config_read_object(reading, node, "lag|bandwidth|overrides"))
        return;
    read_lag(reading, node, &link);
    read_bandwidth(reading, node, &link);
    read_overrides(reading, node, &link);
    if (str_is(node.json->name, "*")) {
        read_every_link(reading, node, &link);
        return;
    }
    if (!split_arrow(node.json->name, &from, &to, &both)) {
        config_read_problem(reading, node,
                            "'%.*s' is no link: write \"us-east-1 -> eu-west-1\", <-> for both, "
                            "or \"*\"",
                            STR_ARG(node.json->name));
        return;
    }
    link.from = config_read_region(reading, node, from);
    link.to = config_read_region(reading, node, to);
    if (link.from == REGION_NONE || link.to == REGION_NONE)
        return;
    add_link(reading, node, &link);
    if (!both || link.from == link.to)
        return;
    link.to = link.from;
    link.from = region_find(to);
    add_link(reading, node, &link);
}

void config_read_links(struct config_reading *reading, struct config_node node)
{
    for (const struct json *child = node.json->child; child; child = child->next)
        read_link(reading, config_read_child(reading, node, child));
}
