/* What ids of versions look like, and what they tell. */
#include "tests/unit/test.h"

#include "storage/version_id.h"

TEST(an_id_is_32_letters_digits_dots_and_underscores_and_tells_its_stamp)
{
    struct arena *arena = arena_new();
    for (uint64_t i = 0; i < 200; i++) {
        const struct rng_key draw = { .seed = 1, .purpose = RNG_VERSION_ID, .ordinal = i };
        int64_t stamp_us = -1, wanted = (int64_t) (1 + i * 1000000007);
        str id = version_id_make(arena, &draw, wanted);
        assert_int_equal(id.size, 32);
        for (size_t at = 0; at < id.size; at++)
            assert_true(strchr("._", id.ptr[at]) || (id.ptr[at] >= '0' && id.ptr[at] <= 'z'));
        assert_true(version_id_read(arena, id, &stamp_us));
        assert_int_equal(stamp_us, wanted);
        assert_true(str_eq(id, version_id_make(arena, &draw, wanted)));
    }
    arena_free(arena);
}

TEST(an_invented_id_tells_nothing)
{
    static const struct {
        int line;
        const char *id;
    } rows[] = {
        { __LINE__, "" },
        { __LINE__, "null" },
        { __LINE__, "00000000000000000000000000000000" },
        { __LINE__, "abcdefghijklmnopqrstuvwxyz012345" },
        { __LINE__, "abcdefghijklmnopqrstuvwxyz01234" },
        { __LINE__, "abcdefghijklmnop*rstuvwxyz012345" },
    };
    struct arena *arena = arena_new();
    int64_t stamp_us;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (version_id_read(arena, str_of(rows[i].id), &stamp_us))
            fail_msg("line %d", rows[i].line);
    const struct rng_key draw = { .seed = 1, .purpose = RNG_VERSION_ID };
    str id = version_id_make(arena, &draw, 5);
    for (size_t at = 0; at < id.size; at++) {
        char *changed = str_c(arena, id);
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        assert_false(version_id_read(arena, str_of(changed), &stamp_us));
    }
    arena_free(arena);
}
