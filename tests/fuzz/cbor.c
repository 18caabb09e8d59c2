/* What CBOR gives is a tree within its bounds, and written again it reads back the same. */
#include "tests/fuzz/fuzz.h"

#include "base/cbor.h"
#include "base/limits.h"

static void write_item(struct buf *buf, const struct json *item, unsigned depth)
{
    BUG_UNLESS(depth <= LIMIT_JSON_DEPTH + 1);
    switch (item->kind) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        if (item->kind == JSON_OBJECT)
            cbor_map(buf);
        else
            cbor_array(buf);
        for (const struct json *child = item->child; child; child = child->next) {
            if (item->kind == JSON_OBJECT)
                cbor_text(buf, child->name);
            write_item(buf, child, depth + 1);
        }
        cbor_end(buf);
        break;
    case JSON_STRING:
        cbor_text(buf, item->string);
        break;
    case JSON_NUMBER:
        cbor_real(buf, item->number);
        break;
    case JSON_BOOL:
    case JSON_NULL:
        cbor_boolean(buf, item->kind == JSON_BOOL && item->boolean);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    const struct json *item = cbor_parse(arena, str_from(bytes, size));
    if (item) {
        struct buf once, twice;
        buf_init_arena(&once, arena, LIMIT_ANSWER_BYTES);
        buf_init_arena(&twice, arena, LIMIT_ANSWER_BYTES);
        write_item(&once, item, 1);
        const struct json *again = cbor_parse(arena, buf_str(&once));
        BUG_UNLESS(again != NULL);
        write_item(&twice, again, 1);
        BUG_UNLESS(str_eq(buf_str(&once), buf_str(&twice)));
    }
    arena_free(arena);
    return 0;
}
