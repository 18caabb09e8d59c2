/* The aws-chunked decoder: whatever way a body is cut, the same comes out; hostile ones end. */
#include "server/s3/chunked.h"
#include "base/buf.h"
#include "tests/unit/test.h"

struct decoded {
    struct buf data, story; /* story: "[signature]" per chunk, "|trailers" at the end */
    bool bad, ended;
};

static void take_piece(struct chunked *decoder, str piece, struct decoded *out)
{
    for (;;) {
        switch (chunked_next(decoder, &piece)) {
        case CHUNKED_MORE:
            return;
        case CHUNKED_DATA:
            buf_add(&out->data, decoder->data);
            break;
        case CHUNKED_CHUNK:
            buf_addf(&out->story, "[%.*s]", STR_ARG(decoder->signature));
            break;
        case CHUNKED_END:
            buf_addf(&out->story, "|%.*s", STR_ARG(decoder->trailers));
            out->ended = true;
            break;
        case CHUNKED_BAD:
            out->bad = true;
            return;
        }
    }
}

/* In pieces cut at `first` and `second`; piece 0 < n bytes each when first is SIZE_MAX. */
static void decode(struct arena *arena, str body, size_t first, size_t second, struct decoded *out)
{
    struct chunked *decoder = ARENA_NEW(arena, struct chunked);
    *out = (struct decoded){ 0 };
    buf_init_arena(&out->data, arena, 1 << 20);
    buf_init_arena(&out->story, arena, 1 << 20);
    chunked_init(decoder);
    take_piece(decoder, str_first(body, first), out);
    if (first < body.size) {
        body = str_skip(body, first);
        take_piece(decoder, str_first(body, second - first), out);
        take_piece(decoder, str_skip(body, second - first), out);
    }
    if (chunked_finish(decoder)) {
        buf_addf(&out->story, "|%.*s", STR_ARG(decoder->trailers));
        out->ended = true;
    }
}

static const struct {
    int line;
    const char *body, *data, *story;
} samples[] = {
    { __LINE__, "0\r\n\r\n", "", "[]|" },
    { __LINE__, "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n", "hello world",
      "[][]|x-amz-checksum-crc32:DUoRhQ==\n" },
    { __LINE__,
      "5;chunk-signature=aa\r\nhello\r\n6;chunk-signature=bb\r\n world\r\n"
      "0;chunk-signature=cc\r\n\r\n",
      "hello world", "[aa][bb][cc]|" },
    { __LINE__,
      "0A;chunk-signature=s**\r\n0123456789\r\n0;chunk-signature=t\r\na:1\r\nb: 2\r\n\r\n",
      "0123456789", "[s**][t]|a:1\nb: 2\n" },
    { __LINE__, "2\r\n\r\n\r\n0\r\n\r\n", "\r\n", "[][]|" },
    { __LINE__, "1\nx\n0\nname:value\n\n", "x", "[][]|name:value\n" },
    { __LINE__, "1\r\nx\r\n0\r\nname:value\n\r\n", "x", "[][]|name:value\n" },
    { __LINE__, "1\r\nx\r\n0\r\nname:value\n\r\n\r\n", "x", "[][]|name:value\n" },
    { __LINE__, "0\r\na:1\n\r\nx-amz-trailer-signature:s\r\n\r\n", "",
      "[]|a:1\nx-amz-trailer-signature:s\n" },
    { __LINE__, "0\na:1\n\r\nb:2\n\r\n", "", "[]|a:1\nb:2\n" },
};

TEST(every_cut_of_a_body_decodes_to_the_same_bytes_signatures_and_trailers)
{
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(samples); i++) {
        str body = str_of(samples[i].body);
        for (size_t first = 0; first <= body.size; first++)
            for (size_t second = first; second <= body.size; second++) {
                struct decoded got;
                decode(arena, body, first, second, &got);
                if (got.bad || !got.ended || !str_is(buf_str(&got.data), samples[i].data) ||
                    !str_is(buf_str(&got.story), samples[i].story))
                    fail_msg("line %d cut at %zu and %zu: \"%.*s\" %.*s", samples[i].line, first,
                             second, STR_ARG(buf_str(&got.data)), STR_ARG(buf_str(&got.story)));
            }
    }
    arena_free(arena);
}

TEST(what_is_not_aws_chunked_is_refused_for_good)
{
    static const struct {
        int line;
        const char *body;
    } refused[] = {
        { __LINE__, "\r\n" },
        { __LINE__, "x\r\n" },
        { __LINE__, "-1\r\n" },
        { __LINE__, "0x5\r\nhello\r\n" },
        { __LINE__, ";chunk-signature=aa\r\n" },
        { __LINE__, "ffffffffffffffff\r\n" },
        { __LINE__, "10000000000000000\r\n" },
        { __LINE__, "140000001\r\n" }, /* one byte more than 5 GiB */
        { __LINE__, "5\r\nhelloX\r\n" },
        { __LINE__, "5\r\nhello\rX" },
        { __LINE__, "5\r\nhello\r\r\n" },
        { __LINE__, "0\r\n\r\nX" },
        { __LINE__, "hello world"
                    "\n" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(refused); i++) {
        str body = str_of(refused[i].body);
        for (size_t cut = 0; cut <= body.size; cut++) {
            struct decoded got;
            decode(arena, body, cut, body.size, &got);
            if (!got.bad)
                fail_msg("line %d cut at %zu was accepted", refused[i].line, cut);
        }
    }
    arena_free(arena);
}

static str repeated(struct arena *arena, const char *before, char c, size_t count)
{
    struct buf buf;
    buf_init_arena(&buf, arena, 1 << 20);
    buf_add(&buf, str_of(before));
    for (size_t i = 0; i < count; i++)
        buf_add_char(&buf, c);
    return buf_str(&buf);
}

TEST(size_lines_and_trailers_are_bounded)
{
    struct arena *arena = arena_new();
    struct decoded got;
    str line = repeated(arena, "5;chunk-signature=", 'a', LIMIT_CHUNK_HEADER_BYTES);
    decode(arena, line, line.size, line.size, &got);
    assert_true(got.bad);

    struct buf trailers;
    buf_init_arena(&trailers, arena, 1 << 20);
    buf_add(&trailers, STR("0\r\n"));
    for (size_t i = 0; i <= LIMIT_TRAILER_BYTES / 8; i++)
        buf_add(&trailers, STR("abcd:ef\r\n"));
    decode(arena, buf_str(&trailers), trailers.size, trailers.size, &got);
    assert_true(got.bad);
    arena_free(arena);
}

TEST(an_unfinished_body_has_no_end)
{
    struct arena *arena = arena_new();
    str body = str_of(samples[1].body);
    for (size_t size = 0; size < body.size; size++) {
        struct decoded got;
        decode(arena, str_first(body, size), size, size, &got);
        if (got.bad || got.ended)
            fail_msg("of the first %zu bytes", size);
    }
    arena_free(arena);
}

TEST(trailers_are_read_in_order_with_lower_case_names)
{
    struct arena *arena = arena_new();
    struct fields fields = { 0 };
    assert_true(chunked_trailers(arena, STR("X-Amz-Checksum-Crc32: AAAA \nb:\n"), &fields));
    assert_int_equal(fields.count, 2);
    assert_str(fields.at[0].name, "x-amz-checksum-crc32");
    assert_str(fields.at[0].value, "AAAA");
    assert_str(fields.at[1].value, "");
    assert_false(chunked_trailers(arena, STR("no colon\n"), &fields));
    assert_false(chunked_trailers(arena, STR(":value\n"), &fields));
    arena_free(arena);
}
