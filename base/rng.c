/* SipHash-2-4 in counter mode: the inputs of a draw are absorbed once, then every 8 bytes of output
 * are the hash of those inputs followed by a block number. */
#include "base/rng.h"

#include <endian.h>
#include <sys/random.h>

#include "base/bug.h"

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t x, unsigned by)
{
    return (x << by) | (x >> (64 - by));
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate_left(s->v1, 13) ^ s->v0;
    s->v3 = rotate_left(s->v3, 16) ^ s->v2;
    s->v0 = rotate_left(s->v0, 32) + s->v3;
    s->v2 += s->v1;
    s->v1 = rotate_left(s->v1, 17) ^ s->v2;
    s->v3 = rotate_left(s->v3, 21) ^ s->v0;
    s->v2 = rotate_left(s->v2, 32);
}

static inline struct sip sip_begin(uint64_t key0, uint64_t key1)
{
    return (struct sip){
        key0 ^ 0x736f6d6570736575,
        key1 ^ 0x646f72616e646f6d,
        key0 ^ 0x6c7967656e657261,
        key1 ^ 0x7465646279746573,
    };
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    sip_round(s);
    s->v0 ^= word;
}

static inline uint64_t sip_end(struct sip s)
{
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* Bytes as little-endian words; the last one, always there, carries the size in its top byte. */
static void sip_bytes(struct sip *s, const char *bytes, size_t size_bytes)
{
    uint64_t last = (uint64_t) (size_bytes & 0xff) << 56;
    for (; size_bytes >= 8; bytes += 8, size_bytes -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        sip_word(s, le64toh(word));
    }
    for (size_t i = 0; i < size_bytes; i++)
        last |= (uint64_t) (unsigned char) bytes[i] << (8 * i);
    sip_word(s, last);
}

static struct sip absorb(const struct rng_key *key)
{
    struct sip s = sip_begin(key->seed, (uint64_t) key->purpose);
    sip_word(&s, key->scope);
    sip_word(&s, key->ordinal);
    sip_bytes(&s, key->name.ptr, key->name.size);
    return s;
}

static uint64_t block(struct sip s, uint64_t number)
{
    sip_word(&s, number);
    return sip_end(s);
}

void rng_bytes(const struct rng_key *key, void *out, size_t size_bytes)
{
    struct sip s = absorb(key);
    unsigned char *to = out;
    for (uint64_t number = 0; size_bytes > 0; number++) {
        uint64_t word = htole64(block(s, number));
        size_t size = size_bytes < sizeof word ? size_bytes : sizeof word;
        memcpy(to, &word, size);
        to += size;
        size_bytes -= size;
    }
}

uint64_t rng_u64(const struct rng_key *key)
{
    return block(absorb(key), 0);
}

double rng_unit(const struct rng_key *key)
{
    return (double) (rng_u64(key) >> 11) * 0x1p-53;
}

uint64_t rng_random_seed(void)
{
    uint64_t seed;
    BUG_UNLESS(getrandom(&seed, sizeof seed, 0) == (ssize_t) sizeof seed);
    return seed;
}

/* The key of SipHash's published test vectors, 00 01 .. 0f, so that they can check it. */
uint64_t rng_hash(str bytes)
{
    struct sip s = sip_begin(0x0706050403020100, 0x0f0e0d0c0b0a0908);
    sip_bytes(&s, bytes.ptr, bytes.size);
    return sip_end(s);
}
