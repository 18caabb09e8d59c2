/* Showing: help, the effective configuration, where each value came from. All from the table. */
#include <stdio.h>

#include "server/config.h"
#include "server/config_table.h"
#include "server/config_value.h"
#include "server/control/role.h"
#include "server/mraps.h"

#define WIDTH 80
#define HELP_COLUMN 31

/* --- help --- */

static void add_wrapped(struct buf *out, str text, size_t column)
{
    size_t indent = column, used = column;
    str word;
    while (str_is_set(text) && str_next(&text, ' ', &word)) {
        if (used > indent && used + 1 + word.size > WIDTH) {
            buf_addf(out, "\n%*s", (int) indent, "");
            used = indent;
        }
        buf_addf(out, "%s%.*s", used > indent ? " " : "", STR_ARG(word));
        used += word.size + (used > indent);
    }
    buf_add_char(out, '\n');
}

static str shown_default(const struct setting *setting, char *text, size_t room)
{
    bool worth = setting->fallback && setting->type != SET_BOOL && setting->type != SET_INT;
    if (!worth)
        return str_of(setting->help);
    (void) snprintf(text, room, "%s [%s]", setting->help, setting->fallback);
    return str_of(text);
}

static void add_flag(struct buf *out, const struct setting *setting)
{
    char left[128], help[256];
    bool starts_on = setting->type == SET_BOOL && strcmp(setting->fallback, "true") == 0;
    const char *value = setting->metavar ? setting->metavar
                        : setting->words ? setting->words
                                         : NULL;
    char letter[8] = "    ";
    if (setting->letter)
        (void) snprintf(letter, sizeof letter, "-%c, ", setting->letter);
    int size = snprintf(left, sizeof left, "  %s--%s%s%s%s", letter, starts_on ? "no-" : "",
                        setting->flag, value ? " " : "", value ? value : "");
    buf_add(out, str_of(left));
    if (size >= HELP_COLUMN - 1)
        buf_addf(out, "\n%*s", HELP_COLUMN, "");
    else
        buf_addf(out, "%*s", HELP_COLUMN - size, "");
    if (starts_on)
        buf_add(out, STR("no "));
    add_wrapped(out, shown_default(setting, help, sizeof help), HELP_COLUMN);
}

void config_help(struct buf *out)
{
    buf_add(out, STR("  atoll serve --demo\n"
                     "  atoll serve -c atoll.json --data ./world --clock auto\n\n"
                     "Runs the emulator. Every flag --foo-bar has a variable ATOLL_FOO_BAR, and "
                     "most\nhave a place in the file. Flags win over variables, variables over "
                     "the file.\n"));
    for (unsigned group = 0; group < GROUPS; group++) {
        str name = config_table_group_name((enum setting_group) group);
        buf_addf(out, "\n%.*s\n", STR_ARG(name));
        for (size_t i = 0; i < config_table_count(); i++)
            if (config_table_at(i)->group == (enum setting_group) group)
                add_flag(out, config_table_at(i));
    }
    buf_add(out, STR("\nATOLL_CONFIG_JSON holds a whole configuration; ATOLL_BUCKETS=a@us-east-1,"
                     "...\nand ATOLL_MRAP=orders=a,b a small world.\n"));
}

/* --- origins --- */

void config_show_origins(const struct config *config, struct buf *out)
{
    struct arena *arena = arena_new();
    for (size_t i = 0; i < config_table_count(); i++) {
        const struct setting *setting = config_table_at(i);
        const struct config_origin *origin = &config->origins[i];
        str value = config_value_text(arena, config, setting);
        if (setting->path == NULL && origin->source == CONFIG_DEFAULT)
            continue;
        buf_addf(out, "%-26s %-28.*s %.*s\n", setting->path ? setting->path : setting->flag,
                 STR_ARG(value.size ? value : STR("-")),
                 STR_ARG(origin->where.size ? origin->where : STR("default")));
    }
    arena_free(arena);
}

/* --- the settings as objects --- */

struct showing {
    struct arena *arena;
    const struct config *config;
    struct json_writer writer;
};

static bool came_before(size_t row, str start)
{
    for (size_t i = 0; i < row; i++)
        if (config_table_at(i)->path && str_starts(str_of(config_table_at(i)->path), start))
            return true;
    return false;
}

/* Settings below `prefix`, single ones and objects as they come in the table. */
static void show_settings(struct showing *show, str prefix)
{
    for (size_t i = 0; i < config_table_count(); i++) {
        const struct setting *setting = config_table_at(i);
        str path = str_of(setting->path), head, tail;
        if (setting->path == NULL || str_is(path, CONFIG_PATH_LAG) || !str_starts(path, prefix))
            continue;
        bool deeper = str_cut(str_skip(path, prefix.size), '.', &head, &tail);
        const char *name = str_c(show->arena, head);
        str below = str_format(show->arena, "%.*s%s.", STR_ARG(prefix), name);
        bool empty = config_value_text(show->arena, show->config, setting).size == 0;
        if (!deeper && !empty)
            config_value_json(&show->writer, show->arena, name, show->config, setting);
        if (!deeper || came_before(i, below))
            continue;
        json_object(&show->writer, name);
        show_settings(show, below);
        json_end(&show->writer);
    }
}

/* --- the document --- */

static void text_if(struct showing *show, const char *name, str value)
{
    if (value.size > 0)
        json_text(&show->writer, name, value);
}

static void show_object(struct showing *show, const struct config_object *object)
{
    const str prefix = STR("x-amz-meta-");
    json_key(&show->writer, object->key);
    json_object(&show->writer, NULL);
    if (str_is_set(object->file))
        json_text(&show->writer, "file", object->file);
    else
        json_text(&show->writer, "text", object->text);
    text_if(show, "content_type", fields_get(&object->meta, "content-type"));
    json_object(&show->writer, "metadata");
    for (size_t i = 0; i < object->meta.count; i++) {
        if (!str_starts(object->meta.at[i].name, prefix))
            continue;
        json_key(&show->writer, str_skip(object->meta.at[i].name, prefix.size));
        json_text(&show->writer, NULL, object->meta.at[i].value);
    }
    json_end(&show->writer);
    json_end(&show->writer);
}

static void show_buckets(struct showing *show)
{
    static const char *const versioning[] = { "off", "enabled", "suspended" };
    const struct config_document *document = &show->config->document;
    json_object(&show->writer, "buckets");
    for (size_t i = 0; i < document->bucket_count; i++) {
        const struct config_bucket *bucket = &document->buckets[i];
        json_key(&show->writer, bucket->name);
        json_object(&show->writer, NULL);
        if (bucket->region != REGION_NONE)
            json_text(&show->writer, "region", region_at(bucket->region)->code);
        json_text(&show->writer, "versioning", str_of(versioning[bucket->versioning]));
        text_if(show, "account", bucket->account);
        if (bucket->object_lock)
            json_boolean(&show->writer, "object_lock", true);
        if (bucket->object_count > 0) {
            json_object(&show->writer, "objects");
            for (size_t object = 0; object < bucket->object_count; object++)
                show_object(show, &bucket->objects[object]);
            json_end(&show->writer);
        }
        json_end(&show->writer);
    }
    json_end(&show->writer);
}

static void show_routes(struct showing *show, const struct config_mrap *mrap)
{
    json_object(&show->writer, "routes");
    for (size_t i = 0; i < mrap->bucket_count; i++) {
        const struct config_bucket *bucket =
            config_document_bucket(&show->config->document, mrap->buckets[i]);
        if (bucket == NULL || bucket->region == REGION_NONE)
            continue;
        json_key(&show->writer, region_at(bucket->region)->code);
        json_integer(&show->writer, NULL, mrap->dials[i]);
    }
    json_end(&show->writer);
}

static void show_mraps(struct showing *show)
{
    const struct config_document *document = &show->config->document;
    json_object(&show->writer, "mraps");
    for (size_t i = 0; i < document->mrap_count; i++) {
        const struct config_mrap *mrap = &document->mraps[i];
        json_key(&show->writer, mrap->name);
        json_object(&show->writer, NULL);
        text_if(show, "alias", mrap->alias);
        text_if(show, "account", mrap->account);
        json_array(&show->writer, "buckets");
        for (size_t member = 0; member < mrap->bucket_count; member++)
            json_text(&show->writer, NULL, mrap->buckets[member]);
        json_end(&show->writer);
        show_routes(show, mrap);
        json_object(&show->writer, "routing");
        struct mrap_routing routing =
            config_mrap_routing(show->arena, mrap, show->config->settings.preset);
        mrap_routing_write(show->arena, &show->writer, &routing);
        json_end(&show->writer);
        json_end(&show->writer);
    }
    json_end(&show->writer);
}

static void show_rules(struct showing *show)
{
    const struct config_document *document = &show->config->document;
    json_array(&show->writer, "replication");
    for (size_t i = 0; i < document->rule_count; i++) {
        const struct config_rule *rule = &document->rules[i];
        json_object(&show->writer, NULL);
        json_text(&show->writer, "link",
                  str_format(show->arena, "%.*s -> %.*s", STR_ARG(rule->source),
                             STR_ARG(rule->destination)));
        text_if(show, "id", rule->id);
        text_if(show, "prefix", rule->prefix);
        text_if(show, "storage_class", rule->storage_class);
        json_boolean(&show->writer, "delete_markers", rule->delete_markers);
        json_boolean(&show->writer, "replica_modifications", rule->replica_modifications);
        json_boolean(&show->writer, "existing_objects", rule->existing_objects);
        json_boolean(&show->writer, "rtc", rule->rtc);
        json_boolean(&show->writer, "enabled", rule->enabled);
        json_end(&show->writer);
    }
    json_end(&show->writer);
}

static str bandwidth_text(struct showing *show, uint64_t bytes_per_s)
{
    if (bytes_per_s == 0)
        return STR("unlimited");
    str size = size_text(show->arena, bytes_per_s);
    return str_format(show->arena, "%.*s/s", STR_ARG(size));
}

static void show_overrides(struct showing *show, const struct config_link *link)
{
    if (link->override_count == 0)
        return;
    json_array(&show->writer, "overrides");
    for (size_t i = 0; i < link->override_count; i++) {
        json_object(&show->writer, NULL);
        text_if(show, "rule", link->overrides[i].rule);
        text_if(show, "prefix", link->overrides[i].prefix);
        json_text(&show->writer, "lag", lag_text(show->arena, &link->overrides[i].lag));
        json_end(&show->writer);
    }
    json_end(&show->writer);
}

static void show_links(struct showing *show)
{
    const struct config_document *document = &show->config->document;
    str every = show->config->settings.lag;
    json_object(&show->writer, "links");
    for (size_t i = 0; i < document->link_count; i++) {
        const struct config_link *link = &document->links[i];
        bool star = link->from == REGION_NONE;
        if (star) {
            json_key(&show->writer, STR("*"));
        } else {
            json_key(&show->writer,
                     str_format(show->arena, "%.*s -> %.*s", STR_ARG(region_at(link->from)->code),
                                STR_ARG(region_at(link->to)->code)));
        }
        json_object(&show->writer, NULL);
        if (link->has_lag)
            json_text(&show->writer, "lag", lag_text(show->arena, &link->lag));
        if (link->has_bandwidth)
            json_text(&show->writer, "bandwidth",
                      bandwidth_text(show, link->bandwidth_bytes_per_s));
        if (star)
            text_if(show, "lag", every);
        show_overrides(show, link);
        every = star ? STR_NONE : every;
        json_end(&show->writer);
    }
    if (every.size > 0) {
        json_object(&show->writer, "*");
        json_text(&show->writer, "lag", every);
        json_end(&show->writer);
    }
    json_end(&show->writer);
}

static void show_policies(struct showing *show, const struct fields *policies)
{
    if (policies->count == 0)
        return;
    json_object(&show->writer, "policies");
    for (size_t i = 0; i < policies->count; i++) {
        json_key(&show->writer, policies->at[i].name);
        json_raw(&show->writer, NULL, policies->at[i].value);
    }
    json_end(&show->writer);
}

static const struct config_account *account_of(const struct config_document *document, str id)
{
    for (size_t i = 0; i < document->account_count; i++)
        if (str_eq(document->accounts[i].id, id))
            return &document->accounts[i];
    return NULL;
}

static void show_account(struct showing *show, str id)
{
    const struct config_document *document = &show->config->document;
    const struct config_account *account = account_of(document, id);
    json_key(&show->writer, id);
    json_object(&show->writer, NULL);
    json_object(&show->writer, "keys");
    for (size_t i = 0; i < document->key_count; i++) {
        if (!str_eq(document->keys[i].account, id))
            continue;
        json_key(&show->writer, document->keys[i].access_key);
        json_text(&show->writer, NULL, STR("(hidden)"));
    }
    json_end(&show->writer);
    if (account)
        show_policies(show, &account->policies);
    json_end(&show->writer);
}

static void show_accounts(struct showing *show)
{
    const struct config_document *document = &show->config->document;
    json_object(&show->writer, "accounts");
    for (size_t i = 0; i < document->key_count; i++) {
        str account = document->keys[i].account;
        if (i == 0 || !str_eq(document->keys[i - 1].account, account))
            show_account(show, account);
    }
    for (size_t i = 0; i < document->account_count; i++) {
        bool shown = false;
        for (size_t j = 0; j < document->key_count && !shown; j++)
            shown = str_eq(document->keys[j].account, document->accounts[i].id);
        if (!shown)
            show_account(show, document->accounts[i].id);
    }
    json_end(&show->writer);
}

static void show_roles(struct showing *show)
{
    const struct config_document *document = &show->config->document;
    json_object(&show->writer, "roles");
    for (size_t i = 0; i < document->role_count; i++) {
        const struct config_role *role = &document->roles[i];
        str name =
            role->account.size > 0
                ? role_arn(show->arena, role->account, role->path, role->name)
                : str_format(show->arena, "%.*s%.*s", STR_ARG(role->path), STR_ARG(role->name));
        json_key(&show->writer, name);
        json_object(&show->writer, NULL);
        show_policies(show, &role->policies);
        if (role->trust.size > 0)
            json_raw(&show->writer, "trust", role->trust);
        json_end(&show->writer);
    }
    json_end(&show->writer);
}

static void show_clients(struct showing *show)
{
    const struct config_document *document = &show->config->document;
    json_object(&show->writer, "clients");
    for (size_t i = 0; i < document->client_count; i++) {
        const struct config_client *client = &document->clients[i];
        json_key(&show->writer, client->name);
        json_object(&show->writer, NULL);
        json_text(&show->writer, "at", client->place);
        json_text(&show->writer, "access_key", client->access_key);
        /* The default one, equal to the key, is no secret. */
        if (!str_eq(client->access_key, client->secret_key))
            json_text(&show->writer, "secret_key", STR("(hidden)"));
        text_if(show, "account", client->account);
        json_end(&show->writer);
    }
    json_end(&show->writer);
    json_object(&show->writer, "client_networks");
    for (size_t i = 0; i < document->network_count; i++) {
        json_key(&show->writer, document->networks[i].cidr);
        json_text(&show->writer, NULL, document->networks[i].client);
    }
    json_end(&show->writer);
}

static void show_faults(struct showing *show)
{
    json_array(&show->writer, "faults");
    for (size_t i = 0; i < show->config->document.fault_count; i++) {
        json_object(&show->writer, NULL);
        fault_write(&show->writer, &show->config->document.faults[i].fault);
        json_end(&show->writer);
    }
    json_end(&show->writer);
}

static void show_targets(struct showing *show)
{
    const struct config_document *document = &show->config->document;
    if (document->webhook_host_count > 0) {
        json_array(&show->writer, "webhook_hosts");
        for (size_t i = 0; i < document->webhook_host_count; i++)
            json_text(&show->writer, NULL, document->webhook_hosts[i]);
        json_end(&show->writer);
    }
    if (document->target_count == 0)
        return;
    json_object(&show->writer, "notification_targets");
    for (size_t i = 0; i < document->target_count; i++) {
        json_key(&show->writer, document->targets[i].arn);
        json_object(&show->writer, NULL);
        text_if(show, "webhook", document->targets[i].to.webhook);
        text_if(show, "log", document->targets[i].to.log);
        json_end(&show->writer);
    }
    json_end(&show->writer);
}

static void show_region_settings(struct showing *show)
{
    const struct config_document *document = &show->config->document;
    if (document->region_count == 0)
        return;
    json_object(&show->writer, "regions");
    for (size_t i = 0; i < document->region_count; i++) {
        const struct config_region *said = &document->region_list[i];
        json_key(&show->writer, region_at(said->region)->code);
        json_object(&show->writer, NULL);
        if (said->has_enabled)
            json_boolean(&show->writer, "enabled", said->enabled);
        if (said->has_skew)
            json_text(&show->writer, "skew", duration_text(show->arena, said->skew));
        json_end(&show->writer);
    }
    json_end(&show->writer);
}

static void show_regions(struct showing *show)
{
    if (show->config->document.regions == REGION_SET_NONE) {
        show_region_settings(show);
        return;
    }
    json_array(&show->writer, "regions");
    for (region_id id = 0; id < region_count(); id++)
        if (region_set_has(show->config->document.regions, id))
            json_text(&show->writer, NULL, region_at(id)->code);
    json_end(&show->writer);
}

void config_show(const struct config *config, struct buf *out)
{
    struct showing show = { .arena = arena_new(), .config = config };
    json_begin(&show.writer, out);
    json_object(&show.writer, NULL);
    json_integer(&show.writer, "version", 1);
    show_settings(&show, STR(""));
    show_regions(&show);
    show_accounts(&show);
    if (config->document.role_count > 0)
        show_roles(&show);
    show_buckets(&show);
    show_mraps(&show);
    show_rules(&show);
    show_links(&show);
    show_clients(&show);
    if (config->document.fault_count > 0)
        show_faults(&show);
    show_targets(&show);
    json_end(&show.writer);
    arena_free(show.arena);
}
