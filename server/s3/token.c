/* A token is base64url of: hash of (prefix, delimiter), started, last key, CRC32 of all. The
 * checksum finds damage and guesses; a token is no secret, since who holds it may list anyway. */
#include "server/s3/token.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/fields.h"
#include "base/rng.h"

#define BINDING_BYTES 8
#define HEAD_BYTES (BINDING_BYTES + 1) /* and whether it began with a start-after */
#define CRC_BYTES 4

static uint64_t binding_of(struct arena *arena, const struct token *token)
{
    struct fields pair = { 0 };
    fields_add(arena, &pair, token->prefix, token->delimiter);
    return rng_hash(fields_pack(arena, &pair));
}

static void put_binding(unsigned char out[BINDING_BYTES], uint64_t binding)
{
    for (unsigned i = 0; i < BINDING_BYTES; i++)
        out[i] = (unsigned char) (binding >> (8 * i));
}

str token_make(struct arena *arena, const struct token *token)
{
    size_t size = HEAD_BYTES + token->last_key.size;
    unsigned char *bytes = arena_alloc_raw(arena, size + CRC_BYTES);
    put_binding(bytes, binding_of(arena, token));
    bytes[BINDING_BYTES] = token->started;
    if (token->last_key.size > 0)
        memcpy(bytes + HEAD_BYTES, token->last_key.ptr, token->last_key.size);
    struct digest_value crc = digest_of(DIGEST_CRC32, bytes, size);
    memcpy(bytes + size, crc.bytes, CRC_BYTES);
    return encode_base64url(arena, bytes, size + CRC_BYTES);
}

bool token_read(struct arena *arena, str text, struct token *token)
{
    str bytes;
    unsigned char binding[BINDING_BYTES];
    if (!decode_base64url(arena, text, &bytes) || bytes.size < HEAD_BYTES + CRC_BYTES)
        return false;
    size_t size = bytes.size - CRC_BYTES;
    struct digest_value crc = digest_of(DIGEST_CRC32, bytes.ptr, size);
    put_binding(binding, binding_of(arena, token));
    if (memcmp(bytes.ptr + size, crc.bytes, CRC_BYTES) != 0 ||
        memcmp(bytes.ptr, binding, BINDING_BYTES) != 0)
        return false;
    token->started = bytes.ptr[BINDING_BYTES] != 0;
    token->last_key = str_from(bytes.ptr + HEAD_BYTES, size - HEAD_BYTES);
    return true;
}
