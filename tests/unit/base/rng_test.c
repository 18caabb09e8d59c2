/* Keyed draws. */
#include "tests/unit/test.h"

#include "base/rng.h"

TEST(the_hash_is_siphash_2_4)
{
    static const char input[] = "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16";
    assert_true(rng_hash(STR("")) == 0x726fdb47dd0e0e31);
    assert_true(rng_hash((str){ input, 1 }) == 0x74f839c593dc67fd);
    assert_true(rng_hash((str){ input, 8 }) == 0x93f5f5799a932462);
    assert_true(rng_hash((str){ input, 15 }) == 0xa129ca6149be45e5);
}

TEST(every_input_changes_the_draw)
{
    const struct rng_key key = { 1, RNG_LAG, 2, STR("k"), 3 };
    struct rng_key other[6] = { key, key, key, key, key, key };
    other[0].seed++;
    other[1].purpose = RNG_ROUTE;
    other[2].scope++;
    other[3].name = STR("l");
    other[4].ordinal++;
    other[5].name = STR_NONE;
    for (size_t i = 0; i < COUNT(other); i++)
        assert_true(rng_u64(&other[i]) != rng_u64(&key));
}

TEST(draws_stay_the_same_for_ever)
{
    const struct rng_key key = { 42, RNG_VERSION_ID, 7, STR("photos/cat.jpg"), 9 };
    assert_true(rng_u64(&key) == 0x39aaef99fbe5cbaf);
}

TEST(bytes_of_any_length_share_their_beginning)
{
    const struct rng_key key = { 1, RNG_TEST, 0, STR_NONE, 0 };
    unsigned char all[40], some[40];
    rng_bytes(&key, all, sizeof all);
    for (size_t size = 0; size <= sizeof all; size++) {
        memset(some, 0, sizeof some);
        rng_bytes(&key, some, size);
        assert_memory_equal(some, all, size);
        for (size_t i = size; i < sizeof some; i++)
            assert_int_equal(some[i], 0);
    }
    uint64_t first = rng_u64(&key);
    for (int i = 0; i < 8; i++)
        assert_int_equal(all[i], first >> (8 * i) & 0xff);
    assert_memory_not_equal(all, all + 8, 8);
}

TEST(units_are_uniform)
{
    unsigned count[10] = { 0 };
    for (uint64_t i = 0; i < 100000; i++) {
        double unit = rng_unit(&(struct rng_key){ 5, RNG_TEST, 0, STR_NONE, i });
        assert_true(unit >= 0 && unit < 1);
        count[(unsigned) (unit * 10)]++;
    }
    for (size_t i = 0; i < COUNT(count); i++)
        assert_in_range(count[i], 9500, 10500);
}

TEST(two_random_seeds_differ)
{
    assert_true(rng_random_seed() != rng_random_seed());
}
