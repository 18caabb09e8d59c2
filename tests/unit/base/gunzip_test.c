/* gunzip: whole files, members in a row, and everything that is cut, changed or too large. */
#include "base/gunzip.h"

#include "base/encode.h"
#include "tests/unit/test.h"

#define LINE "1f8b08000000000002032b4a2dc8c94c4e2ce60200c5616a2309000000"
#define EMPTY "1f8b080000000000020303000000000000000000"

static str bytes_of(struct arena *arena, const char *hex)
{
    str bytes;
    if (!decode_hex(arena, str_of(hex), &bytes))
        fail_msg("%s is no hex", hex);
    return bytes;
}

TEST(files_and_their_members_are_inflated)
{
    static const struct {
        int line;
        const char *hex, *text;
    } rows[] = {
        { __LINE__, LINE, "replicas\n" },
        { __LINE__, EMPTY, "" },
        { __LINE__, LINE LINE, "replicas\nreplicas\n" },
        { __LINE__, EMPTY LINE, "replicas\n" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        str out;
        if (!gunzip(arena, bytes_of(arena, rows[i].hex), 100, &out) || !str_is(out, rows[i].text))
            fail_msg("line %d: '%.*s'", rows[i].line, STR_ARG(out));
    }
    arena_free(arena);
}

TEST(what_is_cut_or_changed_is_no_gzip_file)
{
    struct arena *arena = arena_new();
    str whole = bytes_of(arena, LINE), out;
    for (size_t size = 0; size < whole.size; size++)
        assert_false(gunzip(arena, str_first(whole, size), 100, &out));
    for (size_t at = whole.size - 8; at < whole.size; at++) { /* the checksum and the size */
        char *bytes = arena_copy(arena, whole.ptr, whole.size);
        bytes[at] ^= 1;
        assert_false(gunzip(arena, str_from(bytes, whole.size), 100, &out));
    }
    assert_false(gunzip(arena, STR("bucket,key\n"), 100, &out));
    assert_false(gunzip(arena, bytes_of(arena, LINE "00"), 100, &out));
    arena_free(arena);
}

TEST(more_bytes_than_allowed_are_refused)
{
    struct arena *arena = arena_new();
    str out;
    assert_true(gunzip(arena, bytes_of(arena, LINE), sizeof "replicas\n" - 1, &out));
    assert_false(gunzip(arena, bytes_of(arena, LINE), sizeof "replicas\n" - 2, &out));
    arena_free(arena);
}
