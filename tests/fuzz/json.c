/* A tree's positions lie inside the text; an error has a place and a sentence. */
#include "tests/fuzz/fuzz.h"

#include "base/json.h"

static void visit(const struct json *value, unsigned lines, unsigned depth)
{
    BUG_UNLESS(depth <= 70);
    for (; value; value = value->next) {
        BUG_UNLESS(value->line >= 1 && value->line <= lines && value->column >= 1);
        visit(value->child, lines, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct json_error error = { 0 };
    unsigned lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += bytes[i] == '\n';
    const struct json *root = json_parse(arena, str_from(bytes, size), &error);
    if (root)
        visit(root, lines, 1);
    else
        BUG_UNLESS(error.line >= 1 && error.line <= lines && error.message.size > 0);
    arena_free(arena);
    return 0;
}
