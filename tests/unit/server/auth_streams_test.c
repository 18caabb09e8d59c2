/* The chains of chunk and trailer signatures of the recorded streams: they hold as recorded, and
 * break with any change of signature, data, trailer or order. */
#include "tests/unit/server/auth_vectors.h"

#include "server/auth/auth_stream.h"

struct chunk {
    unsigned char sha256[32];
    str data, signature;
};

#define MOST_CHUNKS 16

struct chunks {
    struct chunk at[MOST_CHUNKS];
    size_t count;
    str trailers, trailer_signature;
};

static size_t hex_value(str text)
{
    size_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        value = value * 16 + (size_t) (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static void read_trailers(struct arena *arena, str tail, struct chunks *out)
{
    struct buf canonical;
    str line, name, value;
    buf_init_arena(&canonical, arena, LIMIT_TRAILER_BYTES);
    while (str_next(&tail, '\n', &line)) {
        if (!str_cut(str_trim(line), ':', &name, &value))
            continue;
        if (str_eq_nocase(name, STR("x-amz-trailer-signature")))
            out->trailer_signature = value;
        else
            buf_addf(&canonical, "%.*s:%.*s\n", STR_ARG(name), STR_ARG(value));
    }
    out->trailers = buf_str(&canonical);
}

static void read_chunks(struct arena *arena, str body, struct chunks *out)
{
    memset(out, 0, sizeof *out);
    size_t size;
    do {
        str line, size_text, extension;
        size_t end = str_find(body, STR("\r\n"));
        line = str_first(body, end);
        body = str_skip(body, end + 2);
        assert_true(str_cut(line, ';', &size_text, &extension));
        size = hex_value(size_text);
        assert_in_range(out->count, 0, MOST_CHUNKS - 1);
        struct chunk *chunk = &out->at[out->count++];
        chunk->data = str_first(body, size);
        chunk->signature = str_skip(extension, sizeof "chunk-signature=" - 1);
        memcpy(chunk->sha256, digest_of(DIGEST_SHA256, chunk->data.ptr, size).bytes, 32);
        body = str_skip(body, size > 0 ? size + 2 : 0);
    } while (size > 0);
    read_trailers(arena, body, out);
}

static struct auth_stream *stream_of(struct auth_fixture *fixture, const struct vector *vector)
{
    struct request *rq = request_of(fixture, vector);
    assert_int_equal(auth_check(rq), S3_OK);
    assert_non_null(rq->who.stream);
    return rq->who.stream;
}

/* True when the whole chain holds; stages are compared when `vector` is given. */
static bool follow(struct auth_stream *stream, const struct chunks *chunks,
                   const struct vector *vector)
{
    const struct json *recorded = vector ? json_member(vector->stream, "chunks")->child : NULL;
    for (size_t i = 0; i < chunks->count; i++) {
        const struct chunk *chunk = &chunks->at[i];
        enum s3_code code = auth_stream_chunk(stream, chunk->sha256, chunk->signature);
        if (recorded) {
            expect_stage(vector, "chunk's string to sign", auth_stream_string_to_sign(stream),
                         json_string(recorded, "string_to_sign", STR("")));
            recorded = recorded->next;
        }
        if (code != S3_OK)
            return false;
    }
    if (chunks->trailer_signature.size == 0)
        return true;
    enum s3_code code = auth_stream_trailer(stream, chunks->trailers, chunks->trailer_signature);
    if (vector)
        expect_stage(vector, "trailer's string to sign", auth_stream_string_to_sign(stream),
                     json_string(vector->stream, "trailer_string_to_sign", STR("")));
    return code == S3_OK;
}

static void change_signatures_of_stream(struct auth_fixture *fixture, const struct vector *vector,
                                        const struct chunks *chunks)
{
    for (size_t i = 0; i < chunks->count; i++)
        for (size_t at = vector->offset; at < chunks->at[i].signature.size; at += vector->stride) {
            struct chunks other = *chunks;
            other.at[i].signature = changed(fixture->arena, chunks->at[i].signature, at);
            if (follow(stream_of(fixture, vector), &other, NULL))
                fail_msg("%s: chunk %zu accepted with another signature", vector->name, i);
        }
    for (size_t at = vector->offset; at < chunks->trailer_signature.size; at += vector->stride) {
        struct chunks other = *chunks;
        other.trailer_signature = changed(fixture->arena, chunks->trailer_signature, at);
        assert_false(follow(stream_of(fixture, vector), &other, NULL));
    }
}

static void change_data_of_stream(struct auth_fixture *fixture, const struct vector *vector,
                                  const struct chunks *chunks)
{
    for (size_t i = 0; i < chunks->count; i++) {
        str data = chunks->at[i].data;
        str wrong = data.size > 0 ? changed(fixture->arena, data, data.size - 1) : STR("x");
        struct chunks other = *chunks;
        memcpy(other.at[i].sha256, digest_of(DIGEST_SHA256, wrong.ptr, wrong.size).bytes, 32);
        if (follow(stream_of(fixture, vector), &other, NULL))
            fail_msg("%s: chunk %zu accepted with other data", vector->name, i);
    }
    if (chunks->trailer_signature.size > 0)
        for (size_t at = vector->offset; at < chunks->trailers.size; at += vector->stride) {
            struct chunks other = *chunks;
            other.trailers = changed(fixture->arena, chunks->trailers, at);
            assert_false(follow(stream_of(fixture, vector), &other, NULL));
        }
}

static void drop_and_swap_chunks(struct auth_fixture *fixture, const struct vector *vector,
                                 const struct chunks *chunks)
{
    if (chunks->count < 2)
        return;
    struct chunks other = *chunks;
    other.at[0] = chunks->at[1];
    other.at[1] = chunks->at[0];
    assert_false(follow(stream_of(fixture, vector), &other, NULL));
    other = *chunks;
    memmove(other.at, other.at + 1, --other.count * sizeof *other.at);
    assert_false(follow(stream_of(fixture, vector), &other, NULL));
    assert_int_equal(auth_stream_chunk(stream_of(fixture, vector), chunks->at[0].sha256, STR("")),
                     S3_SignatureDoesNotMatch);
}

static void check_stream(struct auth_fixture *fixture, const struct vector *vector)
{
    struct chunks chunks;
    if (!str_starts(vector->payload, STR("STREAMING-AWS4-")))
        return;
    read_chunks(fixture->arena, vector->body, &chunks);
    if (!follow(stream_of(fixture, vector), &chunks, vector))
        fail_msg("%s: stream refused", vector->name);
    if (str_ends(vector->payload, STR("-TRAILER")))
        assert_true(chunks.trailer_signature.size > 0);
    change_signatures_of_stream(fixture, vector, &chunks);
    change_data_of_stream(fixture, vector, &chunks);
    drop_and_swap_chunks(fixture, vector, &chunks);
}

TEST(signed_streams_hold_as_recorded_and_break_with_any_change)
{
    with_each_vector(AUTH_MODE_STRICT, check_stream);
}
