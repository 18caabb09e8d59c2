/* A token is base64url of: hash of (prefix, delimiter), last key, CRC32 of both. The checksum finds
 * damage and guesses; a token is no secret, since who holds it may list anyway. */
#include "server/s3/token.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/fields.h"
#include "base/rng.h"

#define BINDING_BYTES 8
#define CRC_BYTES 4

static uint64_t binding_of(struct arena *arena, str prefix, str delimiter)
{
    struct fields pair = { 0 };
    fields_add(arena, &pair, prefix, delimiter);
    return rng_hash(fields_pack(arena, &pair));
}

static void put_binding(unsigned char out[BINDING_BYTES], uint64_t binding)
{
    for (unsigned i = 0; i < BINDING_BYTES; i++)
        out[i] = (unsigned char) (binding >> (8 * i));
}

str token_make(struct arena *arena, str prefix, str delimiter, str last_key)
{
    size_t size = BINDING_BYTES + last_key.size;
    unsigned char *bytes = arena_alloc_raw(arena, size + CRC_BYTES);
    put_binding(bytes, binding_of(arena, prefix, delimiter));
    if (last_key.size > 0)
        memcpy(bytes + BINDING_BYTES, last_key.ptr, last_key.size);
    struct digest_value crc = digest_of(DIGEST_CRC32, bytes, size);
    memcpy(bytes + size, crc.bytes, CRC_BYTES);
    return encode_base64url(arena, bytes, size + CRC_BYTES);
}

bool token_read(struct arena *arena, str token, str prefix, str delimiter, str *last_key)
{
    str bytes;
    unsigned char binding[BINDING_BYTES];
    if (!decode_base64url(arena, token, &bytes) || bytes.size < BINDING_BYTES + CRC_BYTES)
        return false;
    size_t size = bytes.size - CRC_BYTES;
    struct digest_value crc = digest_of(DIGEST_CRC32, bytes.ptr, size);
    put_binding(binding, binding_of(arena, prefix, delimiter));
    if (memcmp(bytes.ptr + size, crc.bytes, CRC_BYTES) != 0 ||
        memcmp(bytes.ptr, binding, BINDING_BYTES) != 0)
        return false;
    *last_key = str_from(bytes.ptr + BINDING_BYTES, size - BINDING_BYTES);
    return true;
}
