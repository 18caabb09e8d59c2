/* The bytes of a version id: chance, the veiled stamp, the seal. */
#include "storage/version_id.h"

#include <endian.h>
#include <string.h>

#include "base/encode.h"

#define CHANCE_BYTES 10
#define STAMP_BYTES 8
#define SEAL_BYTES 6
#define ID_BYTES (CHANCE_BYTES + STAMP_BYTES + SEAL_BYTES)

static uint64_t hash_of(const unsigned char *bytes, size_t size_bytes)
{
    return htole64(rng_hash(str_from((const char *) bytes, size_bytes)));
}

static bool is_sealed(const unsigned char *id)
{
    uint64_t seal = hash_of(id, CHANCE_BYTES + STAMP_BYTES);
    return memcmp(id + CHANCE_BYTES + STAMP_BYTES, &seal, SEAL_BYTES) == 0;
}

/* Neighbours of one stamp must not look alike: chance hides it. Veils and lifts. */
static uint64_t veiled(const unsigned char *id, uint64_t stamp)
{
    return stamp ^ hash_of(id, CHANCE_BYTES);
}

static str replaced(struct arena *arena, str text, char from, char to)
{
    char *out = str_c(arena, text);
    for (size_t i = 0; i < text.size; i++)
        if (out[i] == from)
            out[i] = to;
    return str_from(out, text.size);
}

str version_id_make(struct arena *arena, const struct rng_key *key, int64_t stamp_us)
{
    unsigned char id[ID_BYTES];
    rng_bytes(key, id, CHANCE_BYTES);
    uint64_t stamp = veiled(id, htole64((uint64_t) stamp_us));
    memcpy(id + CHANCE_BYTES, &stamp, STAMP_BYTES);
    uint64_t seal = hash_of(id, CHANCE_BYTES + STAMP_BYTES);
    memcpy(id + CHANCE_BYTES + STAMP_BYTES, &seal, SEAL_BYTES);
    return replaced(arena, encode_base64url(arena, id, sizeof id), '-', '.');
}

bool version_id_read(struct arena *arena, str id, int64_t *stamp_us)
{
    str bytes;
    if (id.size != ID_BYTES / 3 * 4 ||
        !decode_base64url(arena, replaced(arena, id, '.', '-'), &bytes))
        return false;
    const unsigned char *at = (const unsigned char *) bytes.ptr;
    uint64_t stamp;
    if (!is_sealed(at))
        return false;
    memcpy(&stamp, at + CHANCE_BYTES, STAMP_BYTES);
    *stamp_us = (int64_t) le64toh(veiled(at, stamp));
    return true;
}
