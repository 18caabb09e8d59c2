/* Signature Version 2's string to sign. A presigned URL carries the headers it was made for as
 * parameters of their own names ("content-type=image%2Fpng"), so a header that did not come is
 * looked for there (clients.md 4.3, vectors presign-sigv2-*).
 */
#include "server/auth/sigv2.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/limits.h"

#define SIGV2_BYTES (4 * LIMIT_TARGET_BYTES + 2 * LIMIT_HEADER_BYTES)

/* Parameters that are part of the resource. The list is the clients' own (botocore's
 * HmacV1Auth.QSAOfInterest): whatever they leave out, they did not sign. */
// clang-format off
static const char *const signed_parameters[] = {
    "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory",
    "lifecycle", "location", "logging", "metrics", "notification", "object-lock", "partNumber",
    "policy", "replication", "requestPayment", "response-cache-control",
    "response-content-disposition", "response-content-encoding", "response-content-language",
    "response-content-type", "response-expires", "restore", "select", "select-type",
    "storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning",
    "versions", "website",
};
// clang-format on

static bool is_signed(str name)
{
    for (size_t i = 0; i < COUNT(signed_parameters); i++)
        if (str_is(name, signed_parameters[i]))
            return true;
    return false;
}

static str header_or_parameter(const struct request *rq, const struct claim *claim,
                               const char *header)
{
    str value = request_get_header(rq, header);
    if (!str_is_set(value) && claim->presigned)
        value = fields_get(&rq->query, header);
    return str_trim(value);
}

static int compare_names(const void *a, const void *b)
{
    const struct field *left = a;
    const struct field *right = b;
    return str_cmp(left->name, right->name);
}

/* Names in lower case, the values of one name joined by commas in the order in which they came. */
static void add_amz_line(struct arena *arena, struct fields *lines, str name, str value)
{
    name = str_lower(arena, name);
    value = str_trim(value);
    for (size_t i = 0; i < lines->count; i++)
        if (str_eq(lines->at[i].name, name)) {
            lines->at[i].value =
                str_format(arena, "%.*s,%.*s", STR_ARG(lines->at[i].value), STR_ARG(value));
            return;
        }
    fields_add(arena, lines, name, value);
}

static void add_amz_headers(struct buf *out, const struct request *rq, const struct claim *claim)
{
    static const str prefix = { "x-amz-", 6 };
    struct fields lines = { .count = 0 };
    for (size_t i = 0; i < rq->headers.count; i++)
        if (str_starts_nocase(rq->headers.at[i].name, prefix))
            add_amz_line(rq->arena, &lines, rq->headers.at[i].name, rq->headers.at[i].value);
    size_t in_headers = lines.count;
    for (size_t i = 0; claim->presigned && i < rq->query.count; i++) {
        const struct field *parameter = &rq->query.at[i];
        bool as_header = false;
        for (size_t j = 0; j < in_headers; j++)
            as_header = as_header || str_eq_nocase(lines.at[j].name, parameter->name);
        if (!as_header && str_starts_nocase(parameter->name, prefix))
            add_amz_line(rq->arena, &lines, parameter->name, parameter->value);
    }
    if (lines.count > 1)
        qsort(lines.at, lines.count, sizeof *lines.at, compare_names);
    for (size_t i = 0; i < lines.count; i++) {
        buf_add(out, lines.at[i].name);
        buf_add_char(out, ':');
        buf_add(out, lines.at[i].value);
        buf_add_char(out, '\n');
    }
}

static void add_resource(struct buf *out, const struct request *rq)
{
    struct fields parameters = { .count = 0 };
    str rest = rq->raw_query, piece;
    if (rq->address.virtual_host) {
        buf_add_char(out, '/');
        buf_add(out, rq->address.bucket);
    }
    buf_add(out, rq->address.path);
    while (rest.size > 0 && str_next(&rest, '&', &piece)) {
        str name, value;
        bool valued = str_cut(piece, '=', &name, &value);
        if (is_signed(name))
            fields_add(rq->arena, &parameters, name,
                       valued ? decode_uri(rq->arena, value, true) : STR(""));
    }
    if (parameters.count > 1)
        qsort(parameters.at, parameters.count, sizeof *parameters.at, compare_names);
    for (size_t i = 0; i < parameters.count; i++) {
        buf_add_char(out, i == 0 ? '?' : '&');
        buf_add(out, parameters.at[i].name);
        if (parameters.at[i].value.size == 0) /* "?policy=" is signed as "?policy" */
            continue;
        buf_add_char(out, '=');
        buf_add(out, parameters.at[i].value);
    }
}

str sigv2_string_to_sign(const struct request *rq, const struct claim *claim)
{
    struct buf out;
    buf_init_arena(&out, rq->arena, SIGV2_BYTES);
    buf_add(&out, rq->method);
    buf_add_char(&out, '\n');
    buf_add(&out, header_or_parameter(rq, claim, "Content-MD5"));
    buf_add_char(&out, '\n');
    buf_add(&out, header_or_parameter(rq, claim, "Content-Type"));
    buf_add_char(&out, '\n');
    buf_add(&out, claim->time_text);
    buf_add_char(&out, '\n');
    add_amz_headers(&out, rq, claim);
    add_resource(&out, rq);
    return out.overflow ? STR("") : buf_str(&out);
}

bool sigv2_accepts(struct arena *arena, str secret, str string_to_sign, str signature)
{
    struct digest_value expected = digest_hmac_sha1(secret, string_to_sign);
    str text = encode_base64(arena, expected.bytes, expected.size);
    return signature.size == text.size &&
           digest_equal_constant_time(text.ptr, signature.ptr, text.size);
}
