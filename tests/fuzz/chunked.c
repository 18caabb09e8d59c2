/* The framing decoded whole and decoded byte by byte must say the same. */
#include "tests/fuzz/fuzz.h"

#include "base/buf.h"
#include "server/s3/chunked.h"

/* Decodes in pieces of `step` bytes; the data and a letter per event go to `story`. */
static void decode(str all, size_t step, struct buf *story)
{
    struct chunked decoder;
    enum chunked_event event = CHUNKED_MORE;
    chunked_init(&decoder);
    while (all.size > 0 && event != CHUNKED_BAD && event != CHUNKED_END) {
        str piece = str_first(all, step);
        all = str_skip(all, piece.size);
        do {
            event = chunked_next(&decoder, &piece);
            if (event == CHUNKED_DATA)
                buf_add(story, decoder.data);
            if (event == CHUNKED_CHUNK)
                buf_addf(story, "|%.*s|", STR_ARG(decoder.signature));
            if (event == CHUNKED_END)
                buf_addf(story, "$%.*s", STR_ARG(decoder.trailers));
        } while (event == CHUNKED_DATA || event == CHUNKED_CHUNK);
    }
    if (chunked_finish(&decoder))
        buf_addf(story, "~%.*s", STR_ARG(decoder.trailers));
    buf_add_char(story, event == CHUNKED_BAD ? '!' : '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct buf whole, split;
    buf_init_arena(&whole, arena, SIZE_MAX);
    buf_init_arena(&split, arena, SIZE_MAX);
    decode(str_from(bytes, size), size ? size : 1, &whole);
    decode(str_from(bytes, size), 1, &split);
    BUG_UNLESS(str_eq(buf_str(&whole), buf_str(&split)));
    arena_free(arena);
    return 0;
}
