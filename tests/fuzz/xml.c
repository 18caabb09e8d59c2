/* The reader gives a tree within its bounds, or none. */
#include "tests/fuzz/fuzz.h"

#include "base/limits.h"
#include "server/s3/xml.h"

static size_t count(const struct xml *node, unsigned depth)
{
    size_t nodes = 0;
    BUG_UNLESS(depth <= LIMIT_XML_DEPTH);
    for (; node; node = node->next) {
        BUG_UNLESS(node->name.size > 0);
        nodes += 1 + count(node->child, depth + 1);
    }
    return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    const struct xml *root = xml_parse(arena, str_from(bytes, size));
    BUG_UNLESS(count(root, 1) <= LIMIT_XML_NODES);
    arena_free(arena);
    return 0;
}
