/* digest: hashes, HMAC and S3's object checksums, behind one face.
 *
 * Sizes: MD5 16, SHA-1 20, SHA-256 32, SHA-512 64, CRC32 and CRC32C 4, CRC64NVME, XXHASH64 and
 * XXHASH3 8, XXHASH128 16 bytes, big-endian as S3 base64-encodes them. Threads: a struct digest
 * belongs to one thread at a time; the rest is pure. CRC32/CRC32C come from ISA-L, the XXHASHes
 * from libxxhash; CRC64NVME is in no Debian library, so base/crc64nvme.c has it.
 */
#ifndef ATOLL_BASE_DIGEST_H
#define ATOLL_BASE_DIGEST_H

#include "base/str.h"

/* The numbers are stored with versions: new kinds go to the end. */
enum digest_kind {
    DIGEST_NONE,
    DIGEST_CRC32,
    DIGEST_CRC32C,
    DIGEST_CRC64NVME,
    DIGEST_SHA1,
    DIGEST_SHA256,
    DIGEST_MD5,
    DIGEST_SHA512,
    DIGEST_XXHASH64,
    DIGEST_XXHASH3,
    DIGEST_XXHASH128,
    DIGEST_KINDS
};

#define DIGEST_MAX_BYTES 64

struct digest_value {
    unsigned char bytes[DIGEST_MAX_BYTES];
    unsigned size;
};

/* A running digest: init, update any number of times, then final once. */
struct digest {
    enum digest_kind kind;
    uint64_t crc;
    void *context; /* EVP_MD_CTX for the hashes, libxxhash's state for the XXHASHes */
};

void digest_init(struct digest *digest, enum digest_kind kind);
void digest_update(struct digest *digest, const void *bytes, size_t size_bytes);
struct digest_value digest_final(struct digest *digest); /* also frees */
void digest_abort(struct digest *digest);                /* frees; fine after final */

struct digest_value digest_of(enum digest_kind kind, const void *bytes, size_t size_bytes);
struct digest_value digest_hmac_sha256(str key, str message);
struct digest_value digest_hmac_sha1(str key, str message); /* Signature Version 2 */
unsigned digest_size_bytes(enum digest_kind kind);

/* CRC of A followed by B from their CRCs and B's length, for CRC kinds only: multipart objects get
 * a full-object checksum without reading a byte again. */
struct digest_value digest_crc_combine(enum digest_kind kind, struct digest_value a,
                                       struct digest_value b, uint64_t b_size_bytes);

/* CRC kinds: those of which a whole's value follows from its parts'. */
bool digest_is_crc(enum digest_kind kind);

/* "CRC32", "CRC64NVME", "SHA256", "XXHASH3", ... (the S3 spelling); parse ignores case. */
str digest_name(enum digest_kind kind);
enum digest_kind digest_kind_parse(str name); /* DIGEST_NONE if unknown */

/* Same time whatever the bytes are: for secrets and signatures. */
bool digest_equal_constant_time(const void *a, const void *b, size_t size_bytes);
void digest_random(void *out, size_t size_bytes); /* cryptographic; aborts if the OS has none */

#endif
