/* First line: the Host; the rest: the target. */
#include "tests/fuzz/fuzz.h"

#include "base/limits.h"
#include "server/s3/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    str host, target, query;
    struct address address;
    struct fields fields;
    (void) str_cut(str_from(bytes, size), '\n', &host, &target);
    if (address_parse(arena, (struct host_names){ 0 }, host, target, &address, &query)) {
        BUG_UNLESS(address.kind != ADDRESS_NONE);
        BUG_UNLESS(address.key.size <= target.size);
        BUG_UNLESS(address.bucket.size <= target.size + host.size);
        query_parse(arena, query, &fields);
        BUG_UNLESS(fields.count <= LIMIT_QUERY_PARAMS);
    }
    arena_free(arena);
    return 0;
}
