/* Compressed files of an inventory: what is accepted stays within its bound, and is so again. */
#include "tests/fuzz/fuzz.h"

#include "base/gunzip.h"

#define MOST 65536

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    str once, twice;
    if (gunzip(arena, str_from(bytes, size), MOST, &once)) {
        BUG_UNLESS(once.size <= MOST);
        BUG_UNLESS(gunzip(arena, str_from(bytes, size), once.size, &twice) && str_eq(once, twice));
    }
    arena_free(arena);
    return 0;
}
