/* rng: all chance comes from one seed (DESIGN.md 3).
 *
 * Draws are keyed, not sequential: the same (seed, purpose, what, ordinal) always gives the same
 * bytes, whatever thread or order asks. SipHash-2-4 of the inputs in counter mode; good enough for
 * ids and lags, not for secrets (those come from OpenSSL).
 */
#ifndef ATOLL_BASE_RNG_H
#define ATOLL_BASE_RNG_H

#include "base/str.h"

/* Every draw says what it is for, so that two draws of one object never share bits. */
enum rng_purpose {
    RNG_VERSION_ID = 1,
    RNG_UPLOAD_ID,
    RNG_REQUEST_ID,
    RNG_MRAP_ALIAS,
    RNG_ASYNC_TOKEN,
    RNG_LAG,
    RNG_ROUTE,
    RNG_PROPAGATION,
    RNG_FAULT,
    RNG_FLAP,
    RNG_SESSION,
    RNG_TEST,
    RNG_HOSTILE,
    RNG_RESERVE
};

struct rng_key {
    uint64_t seed;
    enum rng_purpose purpose;
    uint64_t scope;   /* bucket incarnation, or a hash of the client's name; 0 if none */
    str name;         /* key, alias, ...; may be empty */
    uint64_t ordinal; /* how many draws of this kind came before */
};

void rng_bytes(const struct rng_key *key, void *out, size_t size_bytes);
uint64_t rng_u64(const struct rng_key *key);
/* Uniform in [0, 1), 53 bits. */
double rng_unit(const struct rng_key *key);
/* A seed nobody chose, for `serve` without --seed: from the operating system. */
uint64_t rng_random_seed(void);
/* SipHash-2-4 of bytes under a fixed key: for hash tables and scopes. */
uint64_t rng_hash(str bytes);

#endif
