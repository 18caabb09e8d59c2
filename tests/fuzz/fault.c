/* A fault rule is refused with a reason, or what is written of it reads back as the same rule. */
#include "tests/fuzz/fuzz.h"

#include "base/limits.h"
#include "server/fault.h"

static str text_of(struct arena *arena, const struct fault *fault)
{
    struct buf buf;
    struct json_writer writer;
    buf_init_arena(&buf, arena, LIMIT_ANSWER_BYTES);
    json_begin(&writer, &buf);
    json_object(&writer, NULL);
    fault_write(&writer, fault);
    json_end(&writer);
    return buf_str(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct json_error at;
    struct fault fault = { 0 }, again = { 0 };
    str error = STR_NONE, hint = STR_NONE;
    const struct json *json = json_parse(arena, str_from(bytes, size), &at);
    if (json && fault_parse(arena, json, &fault, &error, &hint)) {
        if (fault.name.size == 0)
            fault.name = STR("fault-1"); /* as whoever takes it in does */
        str text = text_of(arena, &fault);
        const struct json *written = json_parse(arena, text, &at);
        BUG_UNLESS(written && fault_parse(arena, written, &again, &error, &hint));
        BUG_UNLESS(str_eq(text, text_of(arena, &again)));
    } else if (json)
        BUG_UNLESS(error.size > 0);
    arena_free(arena);
    return 0;
}
