/* Instants, durations and sizes: what is written reads back the same. */
#include "tests/fuzz/fuzz.h"

#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    str text = str_from(bytes, size);
    instant at, again;
    duration d, d_again;
    uint64_t n, n_again;
    if (instant_parse_iso8601(text, &at) &&
        instant_parse_iso8601(instant_iso8601(arena, at), &again))
        BUG_UNLESS(at.ns / 1000000 == again.ns / 1000000 || at.ns < 0);
    if (instant_parse_http(text, &at) && instant_parse_http(instant_http(arena, at), &again))
        BUG_UNLESS(at.ns == again.ns);
    if (duration_parse(text, &d))
        BUG_UNLESS(duration_parse(duration_text(arena, d), &d_again) && d.ns == d_again.ns);
    if (size_parse(text, &n))
        BUG_UNLESS(size_parse(size_text(arena, n), &n_again) && n == n_again);
    arena_free(arena);
    return 0;
}
