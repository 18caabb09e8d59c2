/* CBOR that strangers send to CloudWatch: a tree no deeper than allowed, whose strings are whole;
 * and JSON's writer takes what came out. */
#include "tests/fuzz/fuzz.h"

#include "base/cbor.h"
#include "base/limits.h"

static size_t visit(const struct json *value, unsigned depth)
{
    size_t count = 0;
    BUG_UNLESS(depth <= LIMIT_JSON_DEPTH + 1);
    for (; value; value = value->next) {
        volatile unsigned char sum = 0;
        for (size_t i = 0; i < value->name.size; i++)
            sum = (unsigned char) (sum + (unsigned char) value->name.ptr[i]);
        for (size_t i = 0; value->kind == JSON_STRING && i < value->string.size; i++)
            sum = (unsigned char) (sum + (unsigned char) value->string.ptr[i]);
        count += 1 + visit(value->child, depth + 1);
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    const struct json *root = cbor_parse(arena, str_from(bytes, size));
    if (root)
        BUG_UNLESS(root->next == NULL && visit(root, 1) <= size); /* an item has a byte at least */
    arena_free(arena);
    return 0;
}
