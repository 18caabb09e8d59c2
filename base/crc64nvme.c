/* CRC-64/NVME two ways: sixteen table look-ups per 16 bytes, and, where the processor multiplies
 * without carry, folding of 128 bytes at a time (Gopal et al., "Fast CRC Computation for Generic
 * Polynomials Using PCLMULQDQ Instruction", Intel 2009). Tables and folding constants are computed
 * at first use from the polynomial, so that there is one number to get right. */
#include "base/crc64nvme.h"

#include <endian.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define SLICES 16
#define FOLD_LANES 8
#define FOLD_BYTES ((size_t) 128) /* lanes of 16 bytes */

/* To move 64 coefficients up by `by` bits, multiply by x^by mod P. One lane of 128 bits needs
 * two: for its first half, which stands 64 bits higher, and for its second. */
struct fold_by {
    uint64_t first, second;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct {
    uint64_t slice[SLICES][256];
    struct fold_by one_lane, all_lanes;
    bool can_fold;
} made;

/* Bits are reversed throughout: the lowest is the highest power of x. */
static uint64_t times_x(uint64_t a)
{
    return a & 1 ? (a >> 1) ^ CRC64NVME_POLYNOMIAL : a >> 1;
}

static uint64_t power_of_x(unsigned n)
{
    uint64_t power = UINT64_C(1) << 63;
    while (n-- > 0)
        power = times_x(power);
    return power;
}

/* A carry-less product of reversed numbers comes out one bit short, hence the -1. */
static struct fold_by fold_by_bits(unsigned bits)
{
    return (struct fold_by){ power_of_x(bits + 64 - 1), power_of_x(bits - 1) };
}

static void make_tables(void)
{
    for (unsigned i = 0; i < 256; i++) {
        uint64_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = times_x(crc);
        made.slice[0][i] = crc;
    }
    for (unsigned slice = 1; slice < SLICES; slice++)
        for (unsigned i = 0; i < 256; i++) {
            uint64_t crc = made.slice[slice - 1][i];
            made.slice[slice][i] = made.slice[0][crc & 0xff] ^ (crc >> 8);
        }
    made.one_lane = fold_by_bits(128);
    made.all_lanes = fold_by_bits(128 * FOLD_LANES);
#if defined(__x86_64__)
    made.can_fold = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
#endif
}

static uint64_t load_word(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return le64toh(word);
}

/* The eight look-ups of one word whose last byte stands `slice` bytes before the end. */
static inline uint64_t look_up_word(unsigned slice, uint64_t word)
{
    uint64_t crc = 0;
    for (unsigned byte = 0; byte < 8; byte++)
        crc ^= made.slice[slice + 7 - byte][word >> (8 * byte) & 0xff];
    return crc;
}

static uint64_t by_tables(uint64_t state, const unsigned char *at, size_t size)
{
    for (; size >= SLICES; at += SLICES, size -= SLICES)
        state = look_up_word(8, state ^ load_word(at)) ^ look_up_word(0, load_word(at + 8));
    for (; size > 0; at++, size--)
        state = made.slice[0][(state ^ *at) & 0xff] ^ (state >> 8);
    return state;
}

#if defined(__x86_64__)
#define FOLDING __attribute__((target("pclmul,sse4.1")))

FOLDING static inline __m128i load_lane(const unsigned char *at)
{
    return _mm_loadu_si128((const __m128i *) (const void *) at);
}

FOLDING static inline __m128i constant(struct fold_by by)
{
    return _mm_set_epi64x((long long) by.second, (long long) by.first);
}

FOLDING static inline __m128i fold_onto(__m128i lane, __m128i by, __m128i next)
{
    __m128i first = _mm_clmulepi64_si128(lane, by, 0x00);
    __m128i second = _mm_clmulepi64_si128(lane, by, 0x11);
    return _mm_xor_si128(_mm_xor_si128(first, second), next);
}

/* Folds all but the last few bytes into 16 that leave the same remainder; those go by tables. */
FOLDING static uint64_t by_folding(uint64_t state, const unsigned char *at, size_t size)
{
    __m128i lanes[FOLD_LANES];
    for (size_t i = 0; i < FOLD_LANES; i++)
        lanes[i] = load_lane(at + 16 * i);
    lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi64_si128((long long) state));
    at += FOLD_BYTES;
    size -= FOLD_BYTES;
    const __m128i by_all = constant(made.all_lanes), by_one = constant(made.one_lane);
    for (; size >= FOLD_BYTES; at += FOLD_BYTES, size -= FOLD_BYTES)
        for (size_t i = 0; i < FOLD_LANES; i++)
            lanes[i] = fold_onto(lanes[i], by_all, load_lane(at + 16 * i));
    __m128i sum = lanes[0];
    for (size_t i = 1; i < FOLD_LANES; i++)
        sum = fold_onto(sum, by_one, lanes[i]);
    for (; size >= 16; at += 16, size -= 16)
        sum = fold_onto(sum, by_one, load_lane(at));
    unsigned char rest[16];
    _mm_storeu_si128((__m128i *) (void *) rest, sum);
    return by_tables(by_tables(0, rest, sizeof rest), at, size);
}
#else
static uint64_t by_folding(uint64_t state, const unsigned char *at, size_t size)
{
    return by_tables(state, at, size);
}
#endif

uint64_t crc64nvme_update(uint64_t crc, const void *bytes, size_t size_bytes)
{
    (void) pthread_once(&once, make_tables);
    if (size_bytes >= FOLD_BYTES && made.can_fold)
        return ~by_folding(~crc, bytes, size_bytes);
    return ~by_tables(~crc, bytes, size_bytes);
}

uint64_t crc64nvme_update_portable(uint64_t crc, const void *bytes, size_t size_bytes)
{
    (void) pthread_once(&once, make_tables);
    return ~by_tables(~crc, bytes, size_bytes);
}
