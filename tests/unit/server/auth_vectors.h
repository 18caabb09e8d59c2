/* Every recorded signature of tests/golden/signatures, for auth_vectors_test.c and
 * auth_streams_test.c.
 *
 * HMAC vectors are changed at every character. A verification of SigV4A takes ten times as long,
 * so its vectors are changed at each 29th, begun at another place in each: together they cover
 * most places. With ATOLL_EXHAUSTIVE=1 they too are changed at every character (minutes).
 */
#ifndef ATOLL_TESTS_UNIT_SERVER_AUTH_VECTORS_H
#define ATOLL_TESTS_UNIT_SERVER_AUTH_VECTORS_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "tests/unit/server/auth_fixture.h"
#include "tests/unit/test.h"

#define VECTORS "tests/golden/signatures"
#define FEWEST_VECTORS 79

struct vector {
    const char *name;
    size_t offset, stride; /* of the characters to change */
    const struct json *json;
    str method, target, body, signature, payload;
    const struct json *headers, *signed_headers, *stream;
};

/* A JSON string holds bytes as characters U+0000 .. U+00FF. */
static inline str latin1(struct arena *arena, str text)
{
    char *out = arena_alloc_raw(arena, text.size);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char) text.ptr[i];
        if (c >= 0xc0 && i + 1 < text.size)
            c = (unsigned char) ((c & 3) << 6 | (text.ptr[++i] & 0x3f));
        out[size++] = (char) c;
    }
    return str_from(out, size);
}

#define SIGV4A_STRIDE 29

static inline void choose_stride(struct vector *vector)
{
    bool every = !str_starts(json_string(vector->json, "algorithm", STR("")),
                             STR("AWS4-ECDSA-P256-SHA256")) ||
                 getenv("ATOLL_EXHAUSTIVE") != NULL;
    vector->stride = every ? 1 : SIGV4A_STRIDE;
    vector->offset = 0;
    for (const char *c = vector->name; *c != '\0'; c++)
        vector->offset = (vector->offset * 31 + (unsigned char) *c) % vector->stride;
}

/* The usual step between characters, or more where each costs much. */
static inline size_t step_of(const struct vector *vector, size_t usual)
{
    return vector->stride > usual ? vector->stride : usual;
}

static inline void read_vector(struct arena *arena, const char *name, struct vector *out)
{
    char path[512];
    str text;
    struct json_error error;
    (void) snprintf(path, sizeof path, VECTORS "/%s", name);
    assert_int_equal(fs_read_file(arena, path, LIMIT_JSON_BYTES, &text), 0);
    const struct json *json = json_parse(arena, text, &error);
    if (json == NULL)
        fail_msg("%s:%u: %.*s", path, error.line, STR_ARG(error.message));
    *out = (struct vector){ .name = name,
                            .json = json,
                            .method = json_string(json, "method", STR("")),
                            .target = json_string(json, "target", STR("")),
                            .signature = json_string(json, "signature", STR("")),
                            .payload = json_string(json, "payload", STR("")),
                            .headers = json_member(json, "headers"),
                            .signed_headers = json_member(json, "signed_headers"),
                            .stream = json_member(json, "stream") };
    str body = json_string(json, "body", STR(""));
    if (str_is(json_string(json, "body_encoding", STR("")), "base64"))
        assert_true(decode_base64(arena, body, &out->body));
    else
        out->body = latin1(arena, body);
    choose_stride(out);
}

static inline struct request *request_of(struct auth_fixture *fixture, const struct vector *vector)
{
    struct request *rq = fixture_request(fixture, vector->method, vector->target);
    for (const struct json *header = vector->headers->child; header; header = header->next)
        fields_add(rq->arena, &rq->headers, header->child->string, header->child->next->string);
    if (str_find(request_get_header(rq, "host"), STR("s3-control")) <
        request_get_header(rq, "host").size)
        rq->address.kind = ADDRESS_CONTROL;
    else if (str_ends(request_get_header(rq, "host"), STR("s3-global.amazonaws.com")))
        rq->address.kind = ADDRESS_MRAP;
    rq->has_body = vector->body.size > 0;
    return rq;
}

typedef void vector_fn(struct auth_fixture *fixture, const struct vector *vector);

static inline void with_each_vector(enum auth_mode mode, vector_fn *run)
{
    size_t count = 0;
    DIR *directory = opendir(VECTORS);
    assert_non_null(directory);
    for (const struct dirent *file; (file = readdir(directory)) != NULL;) {
        if (!str_ends(str_of(file->d_name), STR(".json")) ||
            str_starts(str_of(file->d_name), STR("presign-sigv2-")))
            continue;
        struct auth_fixture *fixture = fixture_new(mode);
        struct vector vector;
        read_vector(fixture->arena, file->d_name, &vector);
        run(fixture, &vector);
        fixture_free(fixture);
        count++;
    }
    (void) closedir(directory);
    assert_in_range(count, FEWEST_VECTORS, SIZE_MAX);
}

static inline void expect_stage(const struct vector *vector, const char *stage, str actual,
                                str expected)
{
    if (!str_eq(actual, expected))
        fail_msg("%s: %s is\n%.*s\nand should be\n%.*s", vector->name, stage, STR_ARG(actual),
                 STR_ARG(expected));
}

static inline void expect_hex(const struct vector *vector, const char *stage,
                              const unsigned char *bytes, size_t size, str expected)
{
    struct arena *arena = arena_new();
    expect_stage(vector, stage, encode_hex(arena, bytes, size), expected);
    arena_free(arena);
}

static inline str changed(struct arena *arena, str text, size_t at)
{
    char *out = arena_copy(arena, text.ptr, text.size);
    out[at] = out[at] == '0' ? '1' : '0';
    return str_from(out, text.size);
}

#endif
