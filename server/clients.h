/* clients: who is asking, and from where (DESIGN.md 3). First match wins: header x-atoll-client,
 * proxy user, access key, app/NAME in the User-Agent, source network, default.
 * A name is a declared client, or itself a place: a Region code, a city, "lat,lon".
 * Threads: clients_find any; changes are locked inside; a struct client lives until clients_free
 * (old entries are kept), so requests may hold one without a count.
 */
#ifndef ATOLL_SERVER_CLIENTS_H
#define ATOLL_SERVER_CLIENTS_H

#include "routing/topology.h"
#include "server/request.h"

struct client {
    str name; /* "alice"; "default" for requests that no rule matches; the place otherwise */
    struct place place;
    bool declared;              /* in the config; an access key or app name counts only for these */
    uint64_t hash;              /* scope of its draws */
    _Atomic uint64_t *draws;    /* how many weighted choices it has had */
    _Atomic uint64_t uncounted; /* where ordinals has no room */
};

struct clients;
struct ordinals;
struct store_doc;
struct store_reader;
struct clients *clients_new(struct ordinals *ordinals);
void clients_free(struct clients *clients);
/* False with a sentence in *error when the place is unknown. */
MUST_CHECK bool clients_add(struct clients *clients, struct arena *arena, str name, str place,
                            str *error);
/* A configuration's clients and networks take the place of those that another declared, in one
 * step: no request sees half of them. One that is as it was keeps its draws. */
struct client_said {
    str name, place;
};
struct network_said {
    str cidr, client;
};
struct clients_said {
    const struct client_said *clients;
    size_t client_count;
    const struct network_said *networks; /* their clients are among these, or places */
    size_t network_count;
};
MUST_CHECK bool clients_declare(struct clients *clients, struct arena *arena,
                                const struct clients_said *said, str *error);
/* Never NULL. */
const struct client *clients_find(struct clients *clients, const struct request *rq);
/* By name, city, Region or lat,lon; NULL when it is none. */
const struct client *clients_named(struct clients *clients, str name);

/* Names of those that the config declares, in the arena. */
void clients_declared(struct clients *clients, struct arena *arena, str **names, size_t *count);

/* What a snapshot keeps of their draws; and the draws that the store's snapshot kept, or none. */
struct store_doc clients_draws_doc(struct clients *clients, struct arena *arena);
void clients_recall(struct clients *clients, struct store_reader *reader);

/* The number of this client's next weighted choice: keys the draw. */
uint64_t client_next_ordinal(const struct client *client);

#endif
