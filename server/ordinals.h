/* ordinals: how many draws came before, of those that no commit decides: one for each request, one
 * for each weighted or flapping choice of a client, and what the rules of faults have counted.
 *
 * They lie in DIR/ordinals, a file mapped into memory: taking one is an atomic addition and nothing
 * else, and the pages outlive the process, so after kill -9 the world draws on where it was. A
 * request that took an ordinal has spent it, answered or not. Nobody syncs the file: when the
 * machine loses power, draws may come again. Snapshots carry them as documents.
 *
 * Ownership: the world's. Threads: requests and draws any; client slots are taken under the lock of
 * clients, those of faults read and moved under theirs. Bounds: a client beyond ORDINALS_CLIENTS
 * counts in memory only.
 */
#ifndef ATOLL_SERVER_ORDINALS_H
#define ATOLL_SERVER_ORDINALS_H

#include <stdalign.h>
#include <stdatomic.h>

#include "base/str.h"

#define ORDINALS_CLIENTS 8192 /* [atoll] a power of two */
#define ORDINALS_FAULTS 256   /* [atoll] */

struct ordinals_client {
    uint64_t name; /* hash, never 0; 0: free */
    _Atomic uint64_t draws;
};

struct ordinals_fault {
    uint64_t rule; /* hash of its document, never 0; 0: free */
    uint64_t matched;
    uint64_t hits;
    double tokens;     /* of throttle */
    int64_t filled_at; /* emulated ns */
    bool filled;
};

struct ordinals {
    uint64_t layout;
    bool fresh; /* nothing was counted here before this start: what a snapshot kept counts */
    alignas(64) _Atomic uint64_t requests;
    alignas(64) struct ordinals_fault faults[ORDINALS_FAULTS];
    struct ordinals_client clients[ORDINALS_CLIENTS];
};

/* Of the world in this directory. 0 or -errno. */
MUST_CHECK int ordinals_open(const char *directory, struct ordinals **out);
void ordinals_close(struct ordinals *ordinals);

/* The counter of this client, by the hash of its name; NULL: there is no room for it. */
_Atomic uint64_t *ordinals_of_client(struct ordinals *ordinals, uint64_t name);

#endif
