/* Who is asking, and from where; see clients.h. The list is short and mostly read: a lock around a
 * linear look, and entries that are never freed before the list, so that requests may keep them. */
#include "server/clients.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/lock.h"
#include "base/rng.h"
#include "server/ordinals.h"

struct network {
    unsigned char address[16];
    unsigned bits;
    bool v6;
    const struct client *client;
    struct network *next;
};

struct entry {
    struct client client;
    struct entry *next;
};

struct clients {
    struct mutex lock;
    struct arena *arena;
    struct ordinals *ordinals;
    struct entry *entries; /* declared ones and places that were asked for */
    struct network *networks;
};

/* A place costs one entry for ever; hostile headers must not grow the list without end. */
#define MOST_PLACES 4096

struct clients *clients_new(struct ordinals *ordinals)
{
    struct clients *clients = mem_alloc(sizeof *clients);
    clients->ordinals = ordinals;
    mutex_init(&clients->lock);
    clients->arena = arena_new();
    return clients;
}

void clients_free(struct clients *clients)
{
    if (clients == NULL)
        return;
    arena_free(clients->arena);
    mutex_fini(&clients->lock);
    free(clients);
}

static struct client *find_locked(struct clients *clients, str name)
{
    mutex_assert_held(&clients->lock);
    for (struct entry *entry = clients->entries; entry; entry = entry->next)
        if (str_eq(entry->client.name, name))
            return &entry->client;
    return NULL;
}

static size_t count_locked(const struct clients *clients)
{
    size_t count = 0;
    for (const struct entry *entry = clients->entries; entry; entry = entry->next)
        count++;
    return count;
}

static struct client *add_locked(struct clients *clients, str name, const struct place *place)
{
    struct entry *entry = ARENA_NEW(clients->arena, struct entry);
    entry->client.name = str_copy(clients->arena, name);
    entry->client.place = *place;
    entry->client.place.name = str_copy(clients->arena, place->name);
    entry->client.hash = rng_hash(name);
    entry->client.draws = ordinals_of_client(clients->ordinals, entry->client.hash);
    if (entry->client.draws == NULL)
        entry->client.draws = &entry->client.uncounted;
    entry->next = clients->entries;
    clients->entries = entry;
    return &entry->client;
}

static bool read_place(struct arena *arena, str text, struct place *out, str *error)
{
    if (place_find(text, out))
        return true;
    str near = place_nearest_name(text);
    *error = str_format(arena,
                        "unknown place '%.*s'%s%.*s%s: a place is a Region code, a city or "
                        "\"latitude,longitude\"",
                        STR_ARG(text), near.size ? " (did you mean '" : "", STR_ARG(near),
                        near.size ? "'?)" : "");
    return false;
}

bool clients_add(struct clients *clients, struct arena *arena, str name, str place_text, str *error)
{
    struct place place;
    if (!read_place(arena, place_text, &place, error))
        return false;
    SCOPED_LOCK(&clients->lock);
    add_locked(clients, name, &place)->declared = true;
    return true;
}

static struct client *named_locked(struct clients *clients, str name)
{
    struct place place;
    mutex_assert_held(&clients->lock);
    if (name.size == 0 || name.size > 128)
        return NULL;
    struct client *found = find_locked(clients, name);
    if (found || !place_find(name, &place) || count_locked(clients) >= MOST_PLACES)
        return found;
    return add_locked(clients, name, &place);
}

/* --- what a configuration declares --- */

static bool read_network(struct arena *arena, str cidr, struct network *out, str *error)
{
    str address, bits_text;
    uint64_t bits = 0;
    bool has_bits = str_cut(cidr, '/', &address, &bits_text);
    out->v6 = str_find_char(address, ':') < address.size;
    bits = out->v6 ? 128 : 32;
    if (inet_pton(out->v6 ? AF_INET6 : AF_INET, str_c(arena, address), out->address) != 1 ||
        (has_bits && (!str_to_u64(bits_text, &bits) || bits > (out->v6 ? 128u : 32u)))) {
        *error =
            str_format(arena, "'%.*s' is no network: write it as 172.30.1.0/24", STR_ARG(cidr));
        return false;
    }
    out->bits = (unsigned) bits;
    return true;
}

static bool same_place(const struct place *a, const struct place *b)
{
    return str_eq(a->name, b->name) && a->region == b->region;
}

static bool is_said(const struct clients_said *said, str name)
{
    for (size_t i = 0; i < said->client_count; i++)
        if (str_eq(said->clients[i].name, name))
            return true;
    return false;
}

static void link_locked(struct clients *clients, struct entry *entry)
{
    mutex_assert_held(&clients->lock);
    entry->next = clients->entries;
    clients->entries = entry;
}

/* Requests may hold an entry, so it never changes: a client that moved is another one. One that
 * stays where it was stays itself, and so do places that were asked for. */
static void declare_all_locked(struct clients *clients, struct arena *arena,
                               const struct clients_said *said, const struct place *places)
{
    struct entry *before = clients->entries, *next;
    bool *kept = ARENA_ARRAY(arena, bool, said->client_count);
    clients->entries = NULL;
    for (struct entry *entry = before; entry; entry = next) {
        bool stays = !entry->client.declared && !is_said(said, entry->client.name);
        next = entry->next;
        for (size_t i = 0; i < said->client_count && entry->client.declared; i++)
            if (!kept[i] && str_eq(said->clients[i].name, entry->client.name) &&
                same_place(&places[i], &entry->client.place))
                stays = kept[i] = true;
        if (stays)
            link_locked(clients, entry);
    }
    for (size_t i = 0; i < said->client_count; i++)
        if (!kept[i])
            add_locked(clients, said->clients[i].name, &places[i])->declared = true;
}

bool clients_declare(struct clients *clients, struct arena *arena, const struct clients_said *said,
                     str *error)
{
    struct place *places = ARENA_ARRAY(arena, struct place, said->client_count);
    struct network *networks = ARENA_ARRAY(arena, struct network, said->network_count);
    for (size_t i = 0; i < said->client_count; i++)
        if (!read_place(arena, said->clients[i].place, &places[i], error))
            return false;
    for (size_t i = 0; i < said->network_count; i++)
        if (!read_network(arena, said->networks[i].cidr, &networks[i], error))
            return false;
    SCOPED_LOCK(&clients->lock);
    declare_all_locked(clients, arena, said, places);
    clients->networks = NULL;
    for (size_t i = 0; i < said->network_count; i++) {
        networks[i].client = named_locked(clients, said->networks[i].client);
        if (networks[i].client == NULL) {
            *error = str_format(arena, "unknown client '%.*s'", STR_ARG(said->networks[i].client));
            return false;
        }
        networks[i].next = clients->networks;
        clients->networks = arena_copy(clients->arena, &networks[i], sizeof networks[i]);
    }
    return true;
}

void clients_declared(struct clients *clients, struct arena *arena, str **names, size_t *count)
{
    SCOPED_LOCK(&clients->lock);
    *count = 0;
    *names = ARENA_ARRAY(arena, str, count_locked(clients));
    for (const struct entry *entry = clients->entries; entry; entry = entry->next)
        if (entry->client.declared)
            (*names)[(*count)++] = str_copy(arena, entry->client.name);
}

const struct client *clients_named(struct clients *clients, str name)
{
    SCOPED_LOCK(&clients->lock);
    return named_locked(clients, name);
}

static const struct client *declared_as(struct clients *clients, str name)
{
    const struct client *found = clients_named(clients, name);
    return found && found->declared ? found : NULL;
}

static bool network_holds(const struct network *network, const unsigned char *address)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->address, address, whole) != 0)
        return false;
    unsigned char mask = (unsigned char) (0xffu << (8 - rest));
    return rest == 0 || ((network->address[whole] ^ address[whole]) & mask) == 0;
}

static const struct client *by_network(struct clients *clients, const struct request *rq)
{
    unsigned char address[16];
    char text[64];
    if (rq->peer.size == 0 || rq->peer.size >= sizeof text)
        return NULL;
    memcpy(text, rq->peer.ptr, rq->peer.size);
    text[rq->peer.size] = '\0';
    bool v6 = str_find_char(rq->peer, ':') < rq->peer.size;
    if (inet_pton(v6 ? AF_INET6 : AF_INET, text, address) != 1)
        return NULL;
    SCOPED_LOCK(&clients->lock);
    for (const struct network *network = clients->networks; network; network = network->next)
        if (network->v6 == v6 && network_holds(network, address))
            return network->client;
    return NULL;
}

/* "… app/NAME …", from AWS_SDK_UA_APP_ID. */
static str app_name(const struct request *rq)
{
    str rest = fields_get(&rq->headers, "User-Agent"), word;
    while (str_next(&rest, ' ', &word))
        if (str_starts(word, STR("app/")))
            return str_skip(word, 4);
    return STR_NONE;
}

static const struct client *fallback(struct clients *clients)
{
    const struct client *client = clients_named(clients, STR("default"));
    struct place place;
    if (client)
        return client;
    if (!place_find(STR("us-east-1"), &place))
        return NULL;
    SCOPED_LOCK(&clients->lock);
    return add_locked(clients, STR("default"), &place);
}

const struct client *clients_find(struct clients *clients, const struct request *rq)
{
    const struct client *found = clients_named(clients, fields_get(&rq->headers, "x-atoll-client"));
    if (!found)
        found = clients_named(clients, rq->proxy_user);
    if (!found)
        found = declared_as(clients, rq->who.access_key);
    if (!found)
        found = declared_as(clients, app_name(rq));
    if (!found)
        found = by_network(clients, rq);
    return found ? found : fallback(clients);
}

uint64_t client_next_ordinal(const struct client *client)
{
    return atomic_fetch_add_explicit(client->draws, 1, memory_order_relaxed);
}

/* --- draws in a snapshot: "HASH COUNT" for each client that had one, by lines --- */

#define DRAWS_KIND "client-draws"
#define DRAWS_LINE_BYTES 48

struct store_doc clients_draws_doc(struct clients *clients, struct arena *arena)
{
    struct buf text;
    buf_init_arena(&text, arena, ORDINALS_CLIENTS * DRAWS_LINE_BYTES);
    SCOPED_LOCK(&clients->lock);
    for (size_t i = 0; i < ORDINALS_CLIENTS; i++) {
        struct ordinals_client *slot = &clients->ordinals->clients[i];
        uint64_t draws = atomic_load_explicit(&slot->draws, memory_order_relaxed);
        if (draws > 0)
            buf_addf(&text, "%llu %llu\n", (unsigned long long) slot->name,
                     (unsigned long long) draws);
    }
    return (struct store_doc){ .kind = STR(DRAWS_KIND), .id = STR("all"), .body = buf_str(&text) };
}

static void recall_line(struct ordinals *ordinals, str line)
{
    str name_text, draws_text;
    uint64_t name, draws;
    if (!str_cut(line, ' ', &name_text, &draws_text) || !str_to_u64(name_text, &name) ||
        !str_to_u64(draws_text, &draws))
        return;
    _Atomic uint64_t *counter = ordinals_of_client(ordinals, name);
    if (counter)
        atomic_store_explicit(counter, draws, memory_order_relaxed);
}

void clients_recall(struct clients *clients, struct store_reader *reader)
{
    struct arena *arena = arena_new();
    str text = STR_NONE, line;
    if (store_doc_get(reader, arena, STR(DRAWS_KIND), STR("all"), &text) != STORE_OK)
        text = STR_NONE;
    mutex_lock(&clients->lock);
    /* The slots stay whose they are: clients point at them. */
    for (size_t i = 0; i < ORDINALS_CLIENTS; i++)
        atomic_store_explicit(&clients->ordinals->clients[i].draws, 0, memory_order_relaxed);
    while (text.size > 0 && str_next(&text, '\n', &line))
        recall_line(clients->ordinals, line);
    mutex_unlock(&clients->lock);
    arena_free(arena);
}
