/* libxxhash behind one face: XXH64 has a state of its own, the two XXH3 sizes share one. */
#include "base/xxhash.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/bug.h"

struct xxhash_state {
    enum xxhash_kind kind;
    XXH64_state_t *of_64; /* XXHASH_64 only */
    XXH3_state_t *of_3;   /* the others; aligned, so libxxhash allocates it */
};

static XXH_errorcode reset(struct xxhash_state *state)
{
    if (state->kind == XXHASH_64)
        return XXH64_reset(state->of_64, 0);
    return state->kind == XXHASH_3 ? XXH3_64bits_reset(state->of_3)
                                   : XXH3_128bits_reset(state->of_3);
}

struct xxhash_state *xxhash_new(enum xxhash_kind kind)
{
    struct xxhash_state *state = mem_alloc(sizeof *state);
    *state = (struct xxhash_state){ .kind = kind };
    if (kind == XXHASH_64)
        state->of_64 = XXH64_createState();
    else
        state->of_3 = XXH3_createState();
    BUG_UNLESS(state->of_64 != NULL || state->of_3 != NULL);
    BUG_UNLESS(reset(state) == XXH_OK);
    return state;
}

static XXH_errorcode update(struct xxhash_state *state, const void *bytes, size_t size_bytes)
{
    if (state->kind == XXHASH_64)
        return XXH64_update(state->of_64, bytes, size_bytes);
    return state->kind == XXHASH_3 ? XXH3_64bits_update(state->of_3, bytes, size_bytes)
                                   : XXH3_128bits_update(state->of_3, bytes, size_bytes);
}

void xxhash_update(struct xxhash_state *state, const void *bytes, size_t size_bytes)
{
    BUG_UNLESS(update(state, bytes, size_bytes) == XXH_OK);
}

void xxhash_read(const struct xxhash_state *state, unsigned char *out)
{
    if (state->kind == XXHASH_128) {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state->of_3));
        memcpy(out, canonical.digest, sizeof canonical.digest);
    } else {
        XXH64_canonical_t canonical;
        XXH64_canonicalFromHash(&canonical, state->kind == XXHASH_64
                                                ? XXH64_digest(state->of_64)
                                                : XXH3_64bits_digest(state->of_3));
        memcpy(out, canonical.digest, sizeof canonical.digest);
    }
}

void xxhash_free(struct xxhash_state *state)
{
    (void) XXH64_freeState(state->of_64);
    (void) XXH3_freeState(state->of_3);
    free(state);
}
