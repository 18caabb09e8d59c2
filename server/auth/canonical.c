/* Canonical request and string to sign. Everything is bounded by the limits of target and headers;
 * a SignedHeaders that repeats a long header ends at the buffer's cap instead of multiplying it.
 */
#include "server/auth/canonical.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/limits.h"

/* Escaping triples at most. */
#define CANONICAL_BYTES (4 * LIMIT_TARGET_BYTES + 2 * LIMIT_HEADER_BYTES)

/* Path and query of an origin-form or absolute-form target. */
static void split_target(str target, str *path, str *query)
{
    if (str_starts_nocase(target, STR("http://")) || str_starts_nocase(target, STR("https://"))) {
        target = str_skip(target, str_find(target, STR("://")) + 3);
        size_t slash = str_find_char(target, '/');
        size_t mark = str_find_char(target, '?');
        target = str_skip(target, slash < mark ? slash : mark);
    }
    (void) str_cut(target, '?', path, query);
    if (path->size == 0)
        *path = STR("/");
}

static int compare_parameters(const void *a, const void *b)
{
    const struct field *left = a;
    const struct field *right = b;
    int order = str_cmp(left->name, right->name);
    return order ? order : str_cmp(left->value, right->value);
}

static str encode_again(struct arena *arena, str escaped)
{
    return encode_uri(arena, decode_uri(arena, escaped, true), false);
}

/* Sorted by encoded name, then value; "versioning" becomes "versioning=". */
static void add_query(struct buf *out, struct arena *arena, str query, bool presigned)
{
    struct fields parameters = { .count = 0 };
    str piece;
    while (str_next(&query, '&', &piece)) {
        str name, value;
        if (piece.size == 0)
            continue;
        (void) str_cut(piece, '=', &name, &value);
        name = encode_again(arena, name);
        if (presigned && str_is(name, "X-Amz-Signature"))
            continue;
        fields_add(arena, &parameters, name, encode_again(arena, value));
    }
    if (parameters.count > 1)
        qsort(parameters.at, parameters.count, sizeof *parameters.at, compare_parameters);
    for (size_t i = 0; i < parameters.count; i++) {
        if (i > 0)
            buf_add_char(out, '&');
        buf_add(out, parameters.at[i].name);
        buf_add_char(out, '=');
        buf_add(out, parameters.at[i].value);
    }
}

/* Trimmed, and runs of blanks collapsed to one. */
static void add_header_value(struct buf *out, str value)
{
    value = str_trim(value);
    for (size_t i = 0; i < value.size; i++)
        if (value.ptr[i] != ' ' || value.ptr[i - 1] != ' ')
            buf_add_char(out, value.ptr[i]);
}

/* Fields of one name are joined by ','. A header that is signed but absent stands empty: the
 * comparison then fails, unless the client signed just that. */
static void add_header(struct buf *out, const struct fields *headers, str name)
{
    bool first = true;
    buf_add(out, name);
    buf_add_char(out, ':');
    for (size_t i = 0; i < headers->count && !out->overflow; i++) {
        if (!str_eq_nocase(headers->at[i].name, name))
            continue;
        if (!first)
            buf_add_char(out, ',');
        first = false;
        add_header_value(out, headers->at[i].value);
    }
    buf_add_char(out, '\n');
}

str canonical_request(const struct request *rq, const struct claim *claim, str payload_hash)
{
    str path, query, name;
    str rest = claim->signed_headers;
    struct buf out;
    buf_init_arena(&out, rq->arena, CANONICAL_BYTES);
    split_target(rq->target, &path, &query);

    buf_add(&out, rq->method);
    buf_add_char(&out, '\n');
    buf_add(&out, path);
    buf_add_char(&out, '\n');
    add_query(&out, rq->arena, query, claim->presigned);
    buf_add_char(&out, '\n');
    while (str_next(&rest, ';', &name))
        add_header(&out, &rq->headers, name);
    buf_add_char(&out, '\n');
    buf_add(&out, claim->signed_headers);
    buf_add_char(&out, '\n');
    buf_add(&out, payload_hash);
    return out.overflow ? STR("") : buf_str(&out);
}

str canonical_of_decoded_path(struct arena *arena, str canonical)
{
    str method, path, rest;
    (void) str_cut(canonical, '\n', &method, &rest);
    (void) str_cut(rest, '\n', &path, &rest);
    return str_format(arena, "%.*s\n%.*s\n%.*s", STR_ARG(method),
                      STR_ARG(encode_uri(arena, decode_uri(arena, path, false), true)),
                      STR_ARG(rest));
}

str canonical_string_to_sign(struct arena *arena, const struct claim *claim, str canonical)
{
    struct digest_value digest = digest_of(DIGEST_SHA256, canonical.ptr, canonical.size);
    return str_format(arena, "%.*s\n%.*s\n%.*s\n%.*s",
                      STR_ARG(claim_algorithm_name(claim->algorithm)), STR_ARG(claim->time_text),
                      STR_ARG(claim->scope), STR_ARG(encode_hex(arena, digest.bytes, digest.size)));
}
