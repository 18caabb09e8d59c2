/* One face for OpenSSL's hashes, ISA-L's CRCs, libxxhash and our CRC64NVME.
 *
 * What costs time in OpenSSL 3 is looking algorithms up and allocating contexts. So the algorithms
 * are fetched once for the process, and each thread keeps one context of each kind for next time.
 */
#include "base/digest.h"

#include <isa-l/crc.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>

#include "base/bug.h"
#include "base/crc64nvme.h"
#include "base/xxhash.h"

#define HMAC_BLOCK_BYTES 64 /* SHA-256's */

struct kind_info {
    const char *name;         /* S3's */
    const char *openssl_name; /* NULL for the others */
    unsigned size_bytes;
    uint64_t polynomial; /* reversed; CRCs only */
    enum xxhash_kind xxhash;
};

static const struct kind_info kinds[DIGEST_KINDS] = {
    [DIGEST_NONE] = { .name = "" },
    [DIGEST_CRC32] = { "CRC32", NULL, 4, 0xedb88320, XXHASH_NONE },
    [DIGEST_CRC32C] = { "CRC32C", NULL, 4, 0x82f63b78, XXHASH_NONE },
    [DIGEST_CRC64NVME] = { "CRC64NVME", NULL, 8, CRC64NVME_POLYNOMIAL, XXHASH_NONE },
    [DIGEST_SHA1] = { "SHA1", "SHA1", 20, 0, XXHASH_NONE },
    [DIGEST_SHA256] = { "SHA256", "SHA256", 32, 0, XXHASH_NONE },
    [DIGEST_MD5] = { "MD5", "MD5", 16, 0, XXHASH_NONE },
    [DIGEST_SHA512] = { "SHA512", "SHA512", 64, 0, XXHASH_NONE },
    [DIGEST_XXHASH64] = { "XXHASH64", NULL, 8, 0, XXHASH_64 },
    [DIGEST_XXHASH3] = { "XXHASH3", NULL, 8, 0, XXHASH_3 },
    [DIGEST_XXHASH128] = { "XXHASH128", NULL, 16, 0, XXHASH_128 },
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *algorithms[DIGEST_KINDS];
static pthread_key_t spare_key;
static _Thread_local EVP_MD_CTX *spare[DIGEST_KINDS];

static void free_spares(UNUSED void *of_thread)
{
    for (unsigned kind = 0; kind < DIGEST_KINDS; kind++) {
        EVP_MD_CTX_free(spare[kind]);
        spare[kind] = NULL;
    }
}

static void fetch_algorithms(void)
{
    for (unsigned kind = 0; kind < DIGEST_KINDS; kind++) {
        if (kinds[kind].openssl_name == NULL)
            continue;
        algorithms[kind] = EVP_MD_fetch(NULL, kinds[kind].openssl_name, NULL);
        BUG_UNLESS(algorithms[kind] != NULL);
    }
    BUG_UNLESS(pthread_key_create(&spare_key, free_spares) == 0);
}

static EVP_MD_CTX *take_context(enum digest_kind kind)
{
    (void) pthread_once(&once, fetch_algorithms);
    EVP_MD_CTX *context = spare[kind];
    spare[kind] = NULL;
    if (context == NULL)
        context = EVP_MD_CTX_new();
    BUG_UNLESS(context != NULL && EVP_DigestInit_ex2(context, algorithms[kind], NULL) == 1);
    return context;
}

/* The key's value only makes free_spares run when the thread ends. */
static void give_context(enum digest_kind kind, EVP_MD_CTX *context)
{
    if (spare[kind] != NULL || pthread_setspecific(spare_key, spare) != 0) {
        EVP_MD_CTX_free(context);
        return;
    }
    spare[kind] = context;
}

/* crc32_iscsi counts in int and neither inverts before nor after. */
static uint32_t crc32c_update(uint32_t crc, const unsigned char *bytes, size_t size_bytes)
{
    uint32_t state = ~crc;
    while (size_bytes > 0) {
        int step = size_bytes > INT_MAX ? INT_MAX : (int) size_bytes;
        state = crc32_iscsi((unsigned char *) (uintptr_t) bytes, step, state);
        bytes += step;
        size_bytes -= (size_t) step;
    }
    return ~state;
}

static uint64_t crc_update(enum digest_kind kind, uint64_t crc, const void *bytes, size_t size)
{
    if (kind == DIGEST_CRC32)
        return crc32_gzip_refl((uint32_t) crc, bytes, size);
    if (kind == DIGEST_CRC32C)
        return crc32c_update((uint32_t) crc, bytes, size);
    return crc64nvme_update(crc, bytes, size);
}

static struct digest_value crc_value(enum digest_kind kind, uint64_t crc)
{
    struct digest_value value = { .size = kinds[kind].size_bytes };
    for (unsigned i = 0; i < value.size; i++)
        value.bytes[i] = (unsigned char) (crc >> (8 * (value.size - 1 - i)));
    return value;
}

void digest_init(struct digest *digest, enum digest_kind kind)
{
    *digest = (struct digest){ .kind = kind };
    if (kinds[kind].openssl_name)
        digest->context = take_context(kind);
    else if (kinds[kind].xxhash != XXHASH_NONE)
        digest->context = xxhash_new(kinds[kind].xxhash);
}

void digest_update(struct digest *digest, const void *bytes, size_t size_bytes)
{
    if (digest->kind == DIGEST_NONE || size_bytes == 0)
        return;
    if (kinds[digest->kind].openssl_name)
        BUG_UNLESS(EVP_DigestUpdate(digest->context, bytes, size_bytes) == 1);
    else if (digest->context)
        xxhash_update(digest->context, bytes, size_bytes);
    else
        digest->crc = crc_update(digest->kind, digest->crc, bytes, size_bytes);
}

struct digest_value digest_final(struct digest *digest)
{
    struct digest_value value = { .size = kinds[digest->kind].size_bytes };
    if (digest->context == NULL)
        return crc_value(digest->kind, digest->crc);
    if (kinds[digest->kind].openssl_name)
        BUG_UNLESS(EVP_DigestFinal_ex(digest->context, value.bytes, NULL) == 1);
    else
        xxhash_read(digest->context, value.bytes);
    digest_abort(digest);
    return value;
}

void digest_abort(struct digest *digest)
{
    if (digest->context && kinds[digest->kind].openssl_name)
        give_context(digest->kind, digest->context);
    else if (digest->context)
        xxhash_free(digest->context);
    digest->context = NULL;
}

struct digest_value digest_of(enum digest_kind kind, const void *bytes, size_t size_bytes)
{
    struct digest digest;
    digest_init(&digest, kind);
    digest_update(&digest, bytes, size_bytes);
    return digest_final(&digest);
}

static struct digest_value hash_after_pad(enum digest_kind kind, const unsigned char *key,
                                          unsigned char pad_byte, str message)
{
    unsigned char pad[HMAC_BLOCK_BYTES];
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] = key[i] ^ pad_byte;
    struct digest digest;
    digest_init(&digest, kind);
    digest_update(&digest, pad, sizeof pad);
    digest_update(&digest, message.ptr, message.size);
    OPENSSL_cleanse(pad, sizeof pad);
    return digest_final(&digest);
}

/* RFC 2104, on the kept contexts: a signature takes five of these, and EVP_MAC would allocate for
 * each. */
static struct digest_value hmac(enum digest_kind kind, str key, str message)
{
    unsigned char block[HMAC_BLOCK_BYTES] = { 0 };
    if (key.size > sizeof block) {
        struct digest_value hashed = digest_of(kind, key.ptr, key.size);
        memcpy(block, hashed.bytes, hashed.size);
    } else if (key.size > 0) {
        memcpy(block, key.ptr, key.size);
    }
    struct digest_value inner = hash_after_pad(kind, block, 0x36, message);
    struct digest_value outer =
        hash_after_pad(kind, block, 0x5c, str_from(inner.bytes, inner.size));
    OPENSSL_cleanse(block, sizeof block);
    return outer;
}

struct digest_value digest_hmac_sha256(str key, str message)
{
    return hmac(DIGEST_SHA256, key, message);
}

struct digest_value digest_hmac_sha1(str key, str message)
{
    return hmac(DIGEST_SHA1, key, message);
}

unsigned digest_size_bytes(enum digest_kind kind)
{
    return kinds[kind].size_bytes;
}

/* Polynomials mod P over GF(2), bits reversed: `one` is the highest bit, and x is one >> 1. */
static uint64_t multiply(uint64_t polynomial, uint64_t one, uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (uint64_t bit = one; a != 0; bit >>= 1) {
        if (a & bit) {
            product ^= b;
            a ^= bit;
        }
        b = b & 1 ? (b >> 1) ^ polynomial : b >> 1;
    }
    return product;
}

static uint64_t read_big_endian(struct digest_value value)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < value.size; i++)
        n = n << 8 | value.bytes[i];
    return n;
}

/* A's remainder moves up by B's bits, times x^(8 x size), and B's is added. The inversions before
 * and after cancel out, since both CRCs have them. */
struct digest_value digest_crc_combine(enum digest_kind kind, struct digest_value a,
                                       struct digest_value b, uint64_t b_size_bytes)
{
    uint64_t polynomial = kinds[kind].polynomial;
    BUG_UNLESS(polynomial != 0);
    uint64_t one = UINT64_C(1) << (8 * kinds[kind].size_bytes - 1);
    uint64_t moved = read_big_endian(a);
    uint64_t power = one >> 8; /* x^8; squared for each bit of the size */
    for (uint64_t size = b_size_bytes; size > 0; size >>= 1) {
        if (size & 1)
            moved = multiply(polynomial, one, moved, power);
        power = multiply(polynomial, one, power, power);
    }
    return crc_value(kind, moved ^ read_big_endian(b));
}

bool digest_is_crc(enum digest_kind kind)
{
    return kinds[kind].polynomial != 0;
}

str digest_name(enum digest_kind kind)
{
    return str_of(kinds[kind].name);
}

enum digest_kind digest_kind_parse(str name)
{
    for (unsigned kind = DIGEST_NONE + 1; kind < DIGEST_KINDS; kind++)
        if (str_eq_nocase(name, str_of(kinds[kind].name)))
            return (enum digest_kind) kind;
    return DIGEST_NONE;
}

bool digest_equal_constant_time(const void *a, const void *b, size_t size_bytes)
{
    return CRYPTO_memcmp(a, b, size_bytes) == 0;
}

void digest_random(void *out, size_t size_bytes)
{
    unsigned char *to = out;
    while (size_bytes > 0) {
        int step = size_bytes > INT_MAX ? INT_MAX : (int) size_bytes;
        BUG_UNLESS(RAND_bytes(to, step) == 1);
        to += step;
        size_bytes -= (size_t) step;
    }
}
