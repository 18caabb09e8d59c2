/* Who asks, and what they may: clients, networks, accounts, roles, and where notifications go. The
 * tables of clients and keys are changed here; what is read from the configuration itself changes
 * with it, and is only named. */
#include "server/auth/credentials.h"
#include "server/config_changing.h"

/* --- clients --- */

static const struct config_client *client_of(const struct config *config, str name)
{
    for (size_t i = 0; i < config->document.client_count; i++)
        if (str_eq(config->document.clients[i].name, name))
            return &config->document.clients[i];
    return NULL;
}

static bool same_client(const struct config_client *a, const struct config_client *b)
{
    return a && b && str_eq(a->place, b->place) && str_eq(a->access_key, b->access_key) &&
           str_eq(a->secret_key, b->secret_key) && str_eq(a->account, b->account);
}

static str network_of(const struct config *config, str cidr)
{
    for (size_t i = 0; i < config->document.network_count; i++)
        if (str_eq(config->document.networks[i].cidr, cidr))
            return config->document.networks[i].client;
    return STR_NONE;
}

/* True when any is not as it was. */
static bool note_clients(struct config_changing *changing)
{
    const struct config *configs[] = { changing->making.config, changing->old };
    size_t before = changing->out->changed.count;
    for (size_t c = 0; c < COUNT(configs); c++) {
        const struct config_document *document = &configs[c]->document;
        const struct config *other = configs[1 - c];
        for (size_t i = 0; i < document->client_count; i++) {
            const struct config_client *client = &document->clients[i];
            const struct config_client *there = client_of(other, client->name);
            if (c == 0 ? !same_client(client, there) : there == NULL)
                config_change_note(changing, &changing->out->changed, "clients.%.*s",
                                   STR_ARG(client->name));
        }
        for (size_t i = 0; i < document->network_count; i++) {
            const struct config_network *network = &document->networks[i];
            str there = network_of(other, network->cidr);
            if (c == 0 ? !str_eq(network->client, there) : !str_is_set(there))
                config_change_note(changing, &changing->out->changed, "client_networks.%.*s",
                                   STR_ARG(network->cidr));
        }
    }
    return changing->out->changed.count > before;
}

static bool change_clients(struct config_changing *changing)
{
    struct config_making *making = &changing->making;
    if (!note_clients(changing))
        return true;
    struct clients_said said = config_making_clients(making->arena, &making->config->document);
    return clients_declare(making->world->clients, making->arena, &said, making->error);
}

/* --- access keys --- */

struct keys {
    struct config_key *at;
    size_t count;
};

static struct keys keys_of(struct arena *arena, const struct config *config)
{
    const struct config_document *document = &config->document;
    struct keys keys = {
        ARENA_ARRAY(arena, struct config_key, document->client_count + document->key_count), 0
    };
    for (size_t i = 0; i < document->client_count; i++) {
        const struct config_client *client = &document->clients[i];
        keys.at[keys.count++] =
            (struct config_key){ client->access_key, client->secret_key,
                                 client->account.size ? client->account
                                                      : config->settings.account };
    }
    for (size_t i = 0; i < document->key_count; i++)
        keys.at[keys.count++] = document->keys[i];
    return keys;
}

/* The last of one name counts, as when they are added one after another. */
static const struct config_key *key_of(const struct keys *keys, str access_key)
{
    for (size_t i = keys->count; i-- > 0;)
        if (str_eq(keys->at[i].access_key, access_key))
            return &keys->at[i];
    return NULL;
}

static void change_keys(struct config_changing *changing)
{
    struct arena *arena = changing->making.arena;
    struct credentials *credentials = changing->making.world->credentials;
    struct keys old = keys_of(arena, changing->old), next = keys_of(arena, changing->making.config);
    for (size_t i = 0; i < next.count; i++) {
        const struct config_key *key = key_of(&next, next.at[i].access_key);
        const struct config_key *there = key_of(&old, key->access_key);
        if (there == NULL || !str_eq(there->secret, key->secret) ||
            !str_eq(there->account, key->account))
            credentials_add(credentials, key->access_key, key->secret, key->account, true);
    }
    for (size_t i = 0; i < old.count; i++)
        if (key_of(&next, old.at[i].access_key) == NULL)
            credentials_remove(credentials, old.at[i].access_key);
}

/* --- accounts --- */

static str policies_of(struct arena *arena, const struct config *config, str account)
{
    for (size_t i = 0; i < config->document.account_count; i++)
        if (str_eq(config->document.accounts[i].id, account))
            return fields_pack(arena, &config->document.accounts[i].policies);
    return STR("");
}

static str keys_text(struct arena *arena, const struct config *config, str account)
{
    struct fields keys = { 0 };
    for (size_t i = 0; i < config->document.key_count; i++)
        if (str_eq(config->document.keys[i].account, account))
            fields_add(arena, &keys, config->document.keys[i].access_key,
                       config->document.keys[i].secret);
    return fields_pack(arena, &keys);
}

static void note_account(struct config_changing *changing, struct fields *noted, str account)
{
    struct arena *arena = changing->making.arena;
    const struct config *old = changing->old, *next = changing->making.config;
    if (fields_has_exact(noted, str_c(arena, account)))
        return;
    fields_add(arena, noted, account, STR(""));
    if (!str_eq(policies_of(arena, old, account), policies_of(arena, next, account)) ||
        !str_eq(keys_text(arena, old, account), keys_text(arena, next, account)))
        config_change_note(changing, &changing->out->changed, "accounts.%.*s", STR_ARG(account));
}

static void note_accounts(struct config_changing *changing)
{
    const struct config *configs[] = { changing->making.config, changing->old };
    struct fields noted = { 0 };
    for (size_t c = 0; c < COUNT(configs); c++) {
        for (size_t i = 0; i < configs[c]->document.account_count; i++)
            note_account(changing, &noted, configs[c]->document.accounts[i].id);
        for (size_t i = 0; i < configs[c]->document.key_count; i++)
            note_account(changing, &noted, configs[c]->document.keys[i].account);
    }
}

/* --- roles --- */

static bool same_role(struct arena *arena, const struct role *a, const struct role *b)
{
    return str_eq(a->path, b->path) && str_eq(a->trust, b->trust) &&
           str_eq(fields_pack(arena, &a->policies), fields_pack(arena, &b->policies));
}

static bool change_role(struct config_changing *changing, const struct config_role *declared)
{
    struct config_making *making = &changing->making;
    struct role role = config_making_role(making, declared), there;
    store_read_begin(making->lane->reader);
    if (role_find(making->lane->reader, making->arena, role.account, role.name, &there) &&
        same_role(making->arena, &role, &there))
        return true;
    struct store_doc doc = role_to_doc(making->arena, &role);
    config_change_note(changing, &changing->out->changed, "roles.%.*s", STR_ARG(role.name));
    return config_making_commit(making, "role", &doc, 1);
}

static bool is_declared_role(const struct config_making *making, const struct role *role)
{
    const struct config_document *document = &making->config->document;
    for (size_t i = 0; i < document->role_count; i++)
        if (str_eq(document->roles[i].name, role->name) &&
            str_eq(config_making_account(making, document->roles[i].account), role->account))
            return true;
    return false;
}

/* One that is no longer said goes, unless somebody has changed it since. */
static bool drop_role(struct config_changing *changing, const struct config_role *declared)
{
    struct config_making *making = &changing->making;
    struct role role = config_making_role(making, declared), there;
    store_read_begin(making->lane->reader);
    if (is_declared_role(making, &role) ||
        !role_find(making->lane->reader, making->arena, role.account, role.name, &there))
        return true;
    struct config_names *names =
        same_role(making->arena, &role, &there) ? &changing->out->changed : &changing->out->kept;
    config_change_note(changing, names, "roles.%.*s", STR_ARG(role.name));
    struct store_doc doc = role_to_doc(making->arena, &role);
    doc.body = STR_NONE;
    return names == &changing->out->kept || config_making_commit(making, "role", &doc, 1);
}

static bool change_roles(struct config_changing *changing)
{
    const struct config_document *next = &changing->making.config->document;
    const struct config_document *old = &changing->old->document;
    for (size_t i = 0; i < next->role_count; i++)
        if (!change_role(changing, &next->roles[i]))
            return false;
    for (size_t i = 0; i < old->role_count; i++)
        if (!drop_role(changing, &old->roles[i]))
            return false;
    return true;
}

/* --- notifications --- */

static const struct delivery_target *target_of(const struct config *config, str arn)
{
    for (size_t i = 0; i < config->document.target_count; i++)
        if (str_eq(config->document.targets[i].arn, arn))
            return &config->document.targets[i].to;
    return NULL;
}

static bool same_target(const struct delivery_target *a, const struct delivery_target *b)
{
    return a && b && str_eq(a->webhook, b->webhook) && str_eq(a->log, b->log) &&
           a->anywhere == b->anywhere;
}

static void note_targets(struct config_changing *changing)
{
    const struct config *next = changing->making.config, *old = changing->old;
    for (size_t i = 0; i < next->document.target_count; i++) {
        const struct config_target *target = &next->document.targets[i];
        if (!same_target(&target->to, target_of(old, target->arn)))
            config_change_note(changing, &changing->out->changed, "notification_targets.%.*s",
                               STR_ARG(target->arn));
    }
    for (size_t i = 0; i < old->document.target_count; i++)
        if (target_of(next, old->document.targets[i].arn) == NULL)
            config_change_note(changing, &changing->out->changed, "notification_targets.%.*s",
                               STR_ARG(old->document.targets[i].arn));
}

bool config_change_people_apply(struct config_changing *changing)
{
    if (!change_clients(changing))
        return false;
    change_keys(changing);
    note_accounts(changing);
    note_targets(changing);
    return change_roles(changing);
}
