/* One document of configuration: found, loaded, and walked; see config_file.h. */
#include "server/config_file.h"

#include <errno.h>

#include "base/fs.h"
#include "server/config_table.h"
#include "server/config_value.h"

static const struct config_section sections[] = {
    /* In this order: access points look at buckets. */
    { "regions", JSON_OBJECT, true, config_read_regions,
      "A list: where buckets may be (left out: every AWS Region). Or by code: {\"enabled\": bool, "
      "\"skew\": DUR}" },
    { "accounts", JSON_OBJECT, false, config_read_accounts,
      "Accounts by id: their keys and policies" },
    { "buckets", JSON_OBJECT, false, config_read_buckets, "Buckets by name" },
    { "mraps", JSON_OBJECT, false, config_read_mraps, "Multi-Region Access Points by name" },
    { "replication", JSON_ARRAY, false, config_read_replication,
      "Replication rules, one per link" },
    { "links", JSON_OBJECT, false, config_read_links,
      "How fast copies are: \"*\" or \"us-east-1 -> eu-west-1\"" },
    { "roles", JSON_OBJECT, false, config_read_roles, "IAM roles by name" },
    { "clients", JSON_OBJECT, false, config_read_clients, "Who asks, and from where" },
    { "client_networks", JSON_OBJECT, false, config_read_networks, "Clients by source network" },
    { "faults", JSON_ARRAY, false, config_read_faults, "Faults that are there from the start" },
    /* before those who need them */
    { "webhook_hosts", JSON_ARRAY, false, config_read_webhook_hosts,
      "Hosts that webhooks may reach" },
    { "notification_targets", JSON_OBJECT, false, config_read_targets,
      "Where notifications go, by the ARN of a topic, queue or function" },
};

const struct config_section *config_file_section(size_t index)
{
    return index < COUNT(sections) ? &sections[index] : NULL;
}

bool config_file_is_section(str name)
{
    for (size_t i = 0; i < COUNT(sections); i++)
        if (str_is(name, sections[i].name))
            return true;
    return false;
}

/* --- finding and loading --- */

/* An empty variable counts as unset: compose files write ATOLL_SEED: "${SEED}". */
str config_file_variable(char *const *env, const char *name)
{
    size_t size = strlen(name);
    for (; env && *env; env++)
        if (strncmp(*env, name, size) == 0 && (*env)[size] == '=' && (*env)[size + 1])
            return str_of(*env + size + 1);
    return STR_NONE;
}

static bool is_there(struct arena *arena, str path)
{
    str text;
    return fs_read_file(arena, str_c(arena, path), LIMIT_JSON_BYTES, &text) != -ENOENT;
}

str config_file_search(struct arena *arena, char *const *env, const char *directory)
{
    str here = directory ? str_format(arena, "%s/atoll.json", directory) : STR("atoll.json");
    str home = config_file_variable(env, "HOME");
    str base = config_file_variable(env, "XDG_CONFIG_HOME");
    if (is_there(arena, here))
        return here;
    if (base.size == 0 && home.size > 0)
        base = str_format(arena, "%.*s/.config", STR_ARG(home));
    str there = str_format(arena, "%.*s/atoll/atoll.json", STR_ARG(base));
    return base.size > 0 && is_there(arena, there) ? there : STR_NONE;
}

str config_file_directory(struct arena *arena, str path)
{
    size_t end = path.size;
    while (end > 0 && path.ptr[end - 1] != '/')
        end--;
    return str_copy(arena, str_first(path, end));
}

str config_file_load(struct config_problems *problems, str path, struct config_at named_by)
{
    str text = STR_NONE;
    int read = fs_read_file(problems->arena, str_c(problems->arena, path), LIMIT_JSON_BYTES, &text);
    if (read == -EFBIG)
        config_problems_add(problems, named_by, STR_NONE, "%.*s is larger than %d bytes",
                            STR_ARG(path), LIMIT_JSON_BYTES);
    else if (read < 0)
        config_problems_add(problems, named_by, STR_NONE, "cannot read %.*s: %s", STR_ARG(path),
                            strerror(-read));
    return read < 0 ? STR_NONE : text;
}

/* --- settings by their paths --- */

static bool type_takes(enum setting_type type, enum json_kind kind)
{
    if (type == SET_BOOL)
        return kind == JSON_BOOL;
    if (type == SET_COUNT || type == SET_INT || type == SET_REAL)
        return kind == JSON_NUMBER;
    if (type == SET_U64) /* a text keeps digits that a JSON number loses */
        return kind == JSON_NUMBER || kind == JSON_STRING;
    return kind == JSON_STRING;
}

static str as_text(struct config_reading *reading, const struct json *json)
{
    if (json->kind == JSON_BOOL)
        return json->boolean ? STR("true") : STR("false");
    if (json->kind == JSON_NUMBER)
        return str_format(reading->arena, "%.17g", json->number);
    return json->string;
}

static void set_from(struct config_reading *reading, const struct setting *setting,
                     struct config_node node)
{
    str error = STR_NONE;
    if (!type_takes(setting->type, node.json->kind)) {
        enum json_kind kind = setting->type == SET_BOOL ? JSON_BOOL
                              : setting->type == SET_COUNT || setting->type == SET_INT ||
                                      setting->type == SET_REAL || setting->type == SET_U64
                                  ? JSON_NUMBER
                                  : JSON_STRING;
        (void) config_read_kind(reading, node, kind);
        if ((setting->type == SET_DURATION || setting->type == SET_SIZE) &&
            node.json->kind == JSON_NUMBER)
            config_read_problem(reading, node, "a number has no unit: write \"%s\"",
                                setting->fallback);
        return;
    }
    if (!config_value_set(reading->arena, reading->config, setting, as_text(reading, node.json),
                          &error))
        config_read_problem(reading, node, "%.*s", STR_ARG(error));
}

static void set_list(struct config_reading *reading, const struct setting *setting,
                     struct config_node node)
{
    size_t index = 0;
    config_value_clear(reading->config, setting);
    if (node.json->kind == JSON_STRING) {
        set_from(reading, setting, node);
        return;
    }
    if (!config_read_kind(reading, node, JSON_ARRAY))
        return;
    for (const struct json *child = node.json->child; child; child = child->next, index++) {
        struct config_node element = config_read_element(reading, node, child, index);
        if (config_read_kind(reading, element, JSON_STRING))
            set_from(reading, setting, element);
    }
    if (setting->type == SET_LISTEN && index == 0)
        config_read_problem(reading, node, "needs at least one address");
}

/* A flag or a variable wins over any file, so what this one says does not matter then. */
static void check_fixed(struct config_reading *reading, const struct setting *setting,
                        struct config_node node)
{
    const struct config *running = reading->running;
    str now = config_value_text(reading->arena, running, setting);
    if (config_table_may_change(setting) ||
        running->origins[config_table_index(setting)].source > CONFIG_FILE ||
        str_eq(now, config_value_text(reading->arena, reading->config, setting)))
        return;
    config_read_problem(reading, node,
                        "cannot change while the server runs (it is '%.*s'): leave it out, or "
                        "start the server again",
                        STR_ARG(now));
}

static void set_setting(struct config_reading *reading, const struct setting *setting,
                        struct config_node node)
{
    if (config_value_is_list(setting))
        set_list(reading, setting, node);
    else
        set_from(reading, setting, node);
    reading->config->origins[config_table_index(setting)] = (struct config_origin){
        CONFIG_FILE, config_problems_place(reading->arena, config_read_at(reading, node.json))
    };
    if (reading->running)
        check_fixed(reading, setting, node);
}

/* The names that may stand in the object called `prefix` ("" for the whole document). */
static size_t names_below(struct arena *arena, str prefix, str names[CONFIG_MAX_SETTINGS + 16])
{
    size_t count = 0;
    str start = prefix.size ? str_format(arena, "%.*s.", STR_ARG(prefix)) : STR("");
    for (size_t i = 0; i < config_table_count(); i++) {
        str path = str_of(config_table_at(i)->path), head, tail;
        if (path.size == 0 || !str_starts(path, start))
            continue;
        (void) str_cut(str_skip(path, start.size), '.', &head, &tail);
        names[count++] = head;
    }
    if (prefix.size > 0)
        return count;
    for (size_t i = 0; i < COUNT(sections); i++)
        names[count++] = str_of(sections[i].name);
    names[count++] = STR("version");
    return count;
}

static bool is_above_settings(struct arena *arena, str path)
{
    str start = str_format(arena, "%.*s.", STR_ARG(path));
    for (size_t i = 0; i < config_table_count(); i++)
        if (config_table_at(i)->path && str_starts(str_of(config_table_at(i)->path), start))
            return true;
    return false;
}

static bool is_no_setting(str name)
{
    return config_file_is_section(name) || str_is(name, "version") || str_is(name, "$schema");
}

/* As deep as the paths of the table: a node that leads to none is an unknown key. */
static void read_settings(struct config_reading *reading, struct config_node node)
{
    for (const struct json *child = node.json->child; child; child = child->next) {
        struct config_node member = config_read_child(reading, node, child);
        const struct setting *setting = config_table_by_path(member.path);
        if (node.path.size == 0 && is_no_setting(child->name))
            continue;
        if (setting) {
            set_setting(reading, setting, member);
        } else if (is_above_settings(reading->arena, member.path)) {
            if (config_read_kind(reading, member, JSON_OBJECT))
                read_settings(reading, member);
        } else {
            str names[CONFIG_MAX_SETTINGS + 16];
            size_t count = names_below(reading->arena, node.path, names);
            str hint = config_problems_hint(reading->arena, str_nearest(child->name, names, count));
            config_read_problem(reading, member, "unknown key '%.*s'%.*s", STR_ARG(child->name),
                                STR_ARG(hint));
        }
    }
}

static void read_version(struct config_reading *reading, struct config_node root)
{
    double version = CONFIG_FORMAT_VERSION;
    if (config_read_number(reading, root, "version", &version) &&
        (version < CONFIG_FORMAT_VERSION || version > CONFIG_FORMAT_VERSION))
        config_read_problem(reading, config_read_member(reading, root, "version"),
                            "this atoll reads version %d", CONFIG_FORMAT_VERSION);
}

void config_file_read(struct config_reading *reading, str text)
{
    struct json_error error;
    struct config_node root = { json_parse(reading->arena, text, &error), STR("") };
    if (root.json == NULL) {
        struct config_at at = { reading->source, error.line, error.column };
        config_problems_add(reading->problems, at, STR_NONE, "%.*s", STR_ARG(error.message));
        return;
    }
    if (!config_read_kind(reading, root, JSON_OBJECT))
        return;
    read_version(reading, root);
    read_settings(reading, root);
    for (size_t i = 0; i < COUNT(sections); i++) {
        struct config_node section = config_read_member(reading, root, sections[i].name);
        bool list = sections[i].or_list && section.json && section.json->kind == JSON_ARRAY;
        if (list || config_read_kind(reading, section, sections[i].kind))
            sections[i].read(reading, section);
    }
}
