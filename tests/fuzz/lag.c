/* A distribution that parses writes a text that parses to the same. */
#include "tests/fuzz/fuzz.h"

#include "replication/lag.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct lag lag, again;
    str error = STR_NONE;
    static const double units[LAG_DRAWS] = { 0.25, 0.5, 0.75, 0.1, 0.9 };
    if (lag_parse(arena, str_from(bytes, size), &lag, &error)) {
        str text = lag_text(arena, &lag);
        BUG_UNLESS(lag_parse(arena, text, &again, &error));
        BUG_UNLESS(str_eq(text, lag_text(arena, &again)));
        BUG_UNLESS(lag_sample(&lag, units).ns >= 0);
    } else
        BUG_UNLESS(error.size > 0);
    arena_free(arena);
    return 0;
}
