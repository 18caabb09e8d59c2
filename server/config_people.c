/* "accounts" and their keys, "clients" and where they are, "client_networks". */
#include <arpa/inet.h>

#include "server/config_read.h"

#define KEY_BYTES 128 /* what credentials_add takes */
#define SECRET_BYTES 256

/* --- accounts --- */

static void read_key(struct config_reading *reading, struct config_node node, str account)
{
    struct config_document *document = &reading->config->document;
    if (!config_read_kind(reading, node, JSON_STRING))
        return;
    if (node.json->name.size == 0 || node.json->name.size > KEY_BYTES ||
        node.json->string.size == 0 || node.json->string.size > SECRET_BYTES)
        config_read_problem(reading, node, "an access key has 1 to %d bytes, its secret 1 to %d",
                            KEY_BYTES, SECRET_BYTES);
    for (size_t i = 0; i < document->key_count; i++)
        if (str_eq(document->keys[i].access_key, node.json->name))
            config_read_problem(reading, node, "access key '%.*s' belongs to account %.*s already",
                                STR_ARG(node.json->name), STR_ARG(document->keys[i].account));
    document->keys = config_read_grow(reading->arena, document->keys, document->key_count,
                                      sizeof *document->keys);
    document->keys[document->key_count++] =
        (struct config_key){ node.json->name, node.json->string, account };
}

static void read_account_policies(struct config_reading *reading, struct config_node node)
{
    struct config_document *document = &reading->config->document;
    struct config_account account = { .at = config_read_at(reading, node.json),
                                      .id = node.json->name };
    config_read_policies(reading, node, &account.policies);
    if (account.policies.count == 0)
        return;
    document->accounts = config_read_grow(reading->arena, document->accounts,
                                          document->account_count, sizeof *document->accounts);
    document->accounts[document->account_count++] = account;
}

void config_read_accounts(struct config_reading *reading, struct config_node node)
{
    uint64_t number;
    for (const struct json *child = node.json->child; child; child = child->next) {
        struct config_node account = config_read_child(reading, node, child);
        if (child->name.size != 12 || !str_to_u64(child->name, &number))
            config_read_problem(reading, account, "'%.*s' is not an account: it has 12 digits",
                                STR_ARG(child->name));
        if (!config_read_object(reading, account, "keys|policies"))
            continue;
        read_account_policies(reading, account);
        struct config_node keys = config_read_member(reading, account, "keys");
        if (!config_read_kind(reading, keys, JSON_OBJECT))
            continue;
        for (const struct json *key = keys.json->child; key; key = key->next)
            read_key(reading, config_read_child(reading, keys, key), child->name);
    }
}

/* --- clients --- */

/* [latitude, longitude], or a text that place_find knows. */
static bool read_place(struct config_reading *reading, struct config_node node, str *out)
{
    const struct json *at = node.json;
    struct place place;
    if (at->kind == JSON_ARRAY) {
        if (at->count == 2 && at->child->kind == JSON_NUMBER &&
            at->child->next->kind == JSON_NUMBER)
            *out = str_format(reading->arena, "%.10g,%.10g", at->child->number,
                              at->child->next->number);
        if (out->size > 0 && place_find(*out, &place))
            return true;
        config_read_problem(reading, node, "a point on the map is [latitude, longitude]");
        return false;
    }
    if (!config_read_kind(reading, node, JSON_STRING))
        return false;
    if (!place_find(at->string, &place)) {
        str hint = config_problems_hint(reading->arena, place_nearest_name(at->string));
        config_read_problem(reading, node,
                            "unknown place '%.*s'%.*s: a Region, a city or [latitude, longitude]",
                            STR_ARG(at->string), STR_ARG(hint));
        return false;
    }
    *out = at->string;
    return true;
}

static void read_client(struct config_reading *reading, struct config_node node)
{
    struct config_document *document = &reading->config->document;
    if (node.json->name.size == 0 || node.json->name.size > KEY_BYTES)
        config_read_problem(reading, node, "a client's name has 1 to %d bytes", KEY_BYTES);
    if (!config_read_object(reading, node, "at|access_key|secret_key|account"))
        return;
    struct config_client client = { .at = config_read_at(reading, node.json),
                                    .name = node.json->name,
                                    .access_key = node.json->name };
    struct config_node place = config_read_member(reading, node, "at");
    if (place.json == NULL)
        config_read_problem(reading, node, "needs an \"at\": where it is");
    else
        (void) read_place(reading, place, &client.place);
    config_read_text(reading, node, "access_key", &client.access_key);
    client.secret_key = client.access_key;
    config_read_text(reading, node, "secret_key", &client.secret_key);
    if (client.access_key.size == 0 || client.access_key.size > KEY_BYTES ||
        client.secret_key.size == 0 || client.secret_key.size > SECRET_BYTES)
        config_read_problem(reading, node, "an access key has 1 to %d bytes, its secret 1 to %d",
                            KEY_BYTES, SECRET_BYTES);
    config_read_account(reading, node, &client.account);
    document->clients = config_read_grow(reading->arena, document->clients, document->client_count,
                                         sizeof *document->clients);
    document->clients[document->client_count++] = client;
}

void config_read_clients(struct config_reading *reading, struct config_node node)
{
    for (const struct json *child = node.json->child; child; child = child->next)
        read_client(reading, config_read_child(reading, node, child));
}

/* --- networks --- */

static bool cidr_is_sound(struct arena *arena, str cidr)
{
    unsigned char bytes[16];
    str address, bits_text;
    uint64_t bits = 0;
    bool has_bits = str_cut(cidr, '/', &address, &bits_text);
    bool v6 = str_find_char(address, ':') < address.size;
    if (inet_pton(v6 ? AF_INET6 : AF_INET, str_c(arena, address), bytes) != 1)
        return false;
    return !has_bits || (str_to_u64(bits_text, &bits) && bits <= (v6 ? 128u : 32u));
}

void config_read_networks(struct config_reading *reading, struct config_node node)
{
    struct config_document *document = &reading->config->document;
    for (const struct json *child = node.json->child; child; child = child->next) {
        struct config_node network = config_read_child(reading, node, child);
        if (!cidr_is_sound(reading->arena, child->name))
            config_read_problem(reading, network, "'%.*s' is no network: write 172.30.1.0/24",
                                STR_ARG(child->name));
        if (!config_read_kind(reading, network, JSON_STRING))
            continue;
        document->networks = config_read_grow(reading->arena, document->networks,
                                              document->network_count, sizeof *document->networks);
        document->networks[document->network_count++] =
            (struct config_network){ config_read_at(reading, child), child->name, child->string };
    }
}
