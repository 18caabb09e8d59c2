/* Hashes, checksums, combining, HMAC. */
#include "tests/unit/test.h"

#include "base/crc64nvme.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/lock.h"
#include "base/rng.h"

static str hex(struct arena *arena, struct digest_value value)
{
    return encode_hex(arena, value.bytes, value.size);
}

TEST(published_check_values)
{
    static const struct {
        int line;
        enum digest_kind kind;
        const char *empty, *check; /* of "" and "123456789" */
    } rows[] = {
        { __LINE__, DIGEST_CRC32, "00000000", "cbf43926" },
        { __LINE__, DIGEST_CRC32C, "00000000", "e3069283" },
        { __LINE__, DIGEST_CRC64NVME, "0000000000000000", "ae8b14860a799888" },
        { __LINE__, DIGEST_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709",
          "f7c3bc1d808e04732adf679965ccc34ca7ae3441" },
        { __LINE__, DIGEST_SHA256,
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225" },
        { __LINE__, DIGEST_MD5, "d41d8cd98f00b204e9800998ecf8427e",
          "25f9e794323b453885f5181f1b624d0b" },
        { __LINE__, DIGEST_SHA512,
          "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
          "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
          "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274a"
          "d27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85" },
        { __LINE__, DIGEST_XXHASH64, "ef46db3751d8e999", "8cb841db40e6ae83" },
        { __LINE__, DIGEST_XXHASH3, "2d06800538d394c2", "72dcb18b67a17dff" },
        { __LINE__, DIGEST_XXHASH128, "99aa06d3014798d86001c324468d497f",
          "33119477ede5dcd5e9716427681d5860" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_str(hex(arena, digest_of(rows[i].kind, NULL, 0)), rows[i].empty);
        assert_str(hex(arena, digest_of(rows[i].kind, "123456789", 9)), rows[i].check);
        assert_int_equal(digest_size_bytes(rows[i].kind) * 2, strlen(rows[i].check));
    }
    struct digest_value hello = digest_of(DIGEST_CRC64NVME, "hello", 5);
    assert_str(encode_base64(arena, hello.bytes, hello.size), "M3eFcAZSQlc=");
    assert_int_equal(digest_of(DIGEST_NONE, "x", 1).size, 0);
    arena_free(arena);
}

#define SAMPLE_BYTES ((size_t) 4099)

static const unsigned char *sample(struct arena *arena)
{
    unsigned char *bytes = arena_alloc(arena, SAMPLE_BYTES);
    rng_bytes(&(struct rng_key){ 1, RNG_TEST, 0, STR_NONE, 0 }, bytes, SAMPLE_BYTES);
    return bytes;
}

static size_t random_below(uint64_t ordinal, size_t bound)
{
    return rng_u64(&(struct rng_key){ 2, RNG_TEST, 0, STR_NONE, ordinal }) % bound;
}

static bool same(struct digest_value a, struct digest_value b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

TEST(pieces_give_the_digest_of_the_whole)
{
    struct arena *arena = arena_new();
    const unsigned char *bytes = sample(arena);
    for (enum digest_kind kind = DIGEST_CRC32; kind < DIGEST_KINDS; kind++) {
        struct digest digest;
        digest_init(&digest, kind);
        for (size_t at = 0, round = 0; at < SAMPLE_BYTES; round++) {
            size_t step = random_below(round, 300);
            if (step > SAMPLE_BYTES - at)
                step = SAMPLE_BYTES - at;
            digest_update(&digest, bytes + at, step);
            at += step;
        }
        assert_true(same(digest_final(&digest), digest_of(kind, bytes, SAMPLE_BYTES)));
        digest_abort(&digest);
    }
    arena_free(arena);
}

TEST(two_running_digests_of_one_kind_do_not_mix)
{
    struct digest a, b;
    digest_init(&a, DIGEST_MD5);
    digest_init(&b, DIGEST_MD5);
    digest_update(&a, "a", 1);
    digest_update(&b, "b", 1);
    struct digest_value of_a = digest_final(&a), of_b = digest_final(&b);
    assert_true(same(of_a, digest_of(DIGEST_MD5, "a", 1)));
    assert_true(same(of_b, digest_of(DIGEST_MD5, "b", 1)));
    digest_init(&a, DIGEST_SHA256);
    digest_update(&a, "dropped", 7);
    digest_abort(&a);
    assert_true(same(digest_of(DIGEST_SHA256, "a", 1), digest_of(DIGEST_SHA256, "a", 1)));
}

TEST(crc64_folding_agrees_with_tables_at_every_size_and_alignment)
{
    struct arena *arena = arena_new();
    const unsigned char *bytes = sample(arena);
    for (size_t size = 0; size < 700; size++)
        for (size_t from = 0; from < 17; from += 5)
            assert_true(crc64nvme_update(size, bytes + from, size) ==
                        crc64nvme_update_portable(size, bytes + from, size));
    assert_true(crc64nvme_update(0, bytes, SAMPLE_BYTES) ==
                crc64nvme_update_portable(0, bytes, SAMPLE_BYTES));
    arena_free(arena);
}

TEST(combined_crcs_are_those_of_the_whole)
{
    struct arena *arena = arena_new();
    const unsigned char *bytes = sample(arena);
    for (enum digest_kind kind = DIGEST_CRC32; kind <= DIGEST_CRC64NVME; kind++) {
        struct digest_value whole = digest_of(kind, bytes, SAMPLE_BYTES);
        for (uint64_t round = 0; round < 200; round++) {
            size_t cut = round < 2 ? round * SAMPLE_BYTES : random_below(round, SAMPLE_BYTES);
            struct digest_value head = digest_of(kind, bytes, cut);
            struct digest_value tail = digest_of(kind, bytes + cut, SAMPLE_BYTES - cut);
            assert_true(same(digest_crc_combine(kind, head, tail, SAMPLE_BYTES - cut), whole));
        }
    }
    arena_free(arena);
}

TEST(combining_counts_sizes_beyond_32_bits)
{
    /* (a + b) + c = a + (b + c), with b of 5 GiB. */
    const uint64_t b_size = UINT64_C(5) << 30;
    for (enum digest_kind kind = DIGEST_CRC32; kind <= DIGEST_CRC64NVME; kind++) {
        struct digest_value a = digest_of(kind, "a", 1), b = digest_of(kind, "b", 1),
                            c = digest_of(kind, "cc", 2);
        struct digest_value left =
            digest_crc_combine(kind, digest_crc_combine(kind, a, b, b_size), c, 2);
        struct digest_value right =
            digest_crc_combine(kind, a, digest_crc_combine(kind, b, c, 2), b_size + 2);
        assert_true(same(left, right));
    }
}

TEST(hmac_as_rfc_4231_says)
{
    struct arena *arena = arena_new();
    char long_key[131];
    memset(long_key, 0xaa, sizeof long_key);
    assert_str(hex(arena, digest_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"))),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_str(hex(arena, digest_hmac_sha256(
                              (str){ long_key, sizeof long_key },
                              STR("Test Using Larger Than Block-Size Key - Hash Key First"))),
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_str(hex(arena, digest_hmac_sha256(STR_NONE, STR_NONE)),
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    arena_free(arena);
}

TEST(names_read_back_in_any_case)
{
    for (enum digest_kind kind = DIGEST_CRC32; kind < DIGEST_KINDS; kind++)
        assert_int_equal(digest_kind_parse(digest_name(kind)), kind);
    assert_int_equal(digest_kind_parse(STR("crc64nvme")), DIGEST_CRC64NVME);
    assert_int_equal(digest_kind_parse(STR("xxhash")), DIGEST_NONE);
    assert_int_equal(digest_kind_parse(STR("")), DIGEST_NONE);
}

static void *hash_much(UNUSED void *arg)
{
    size_t wrong = 0;
    for (int i = 0; i < 2000; i++)
        wrong += digest_of(DIGEST_MD5, "123456789", 9).bytes[0] != 0x25;
    return (void *) wrong;
}

TEST(threads_hash_side_by_side)
{
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(threads); i++)
        threads[i] = thread_start("hash", hash_much, NULL);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

TEST(equality_and_randomness)
{
    unsigned char a[32], b[32];
    digest_random(a, sizeof a);
    digest_random(b, sizeof b);
    assert_false(digest_equal_constant_time(a, b, sizeof a));
    assert_true(digest_equal_constant_time(a, a, sizeof a));
}
