/* An object's metadata, from headers and back to headers (aws-behaviour E.4). */
#include "server/s3/meta.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/limits.h"
#include "server/s3/acl.h"
#include "server/s3/common.h"
#include "server/s3/encoded_word.h"
#include "server/s3/object_lock.h"
#include "server/s3/restore.h"
#include "server/s3/sse.h"
#include "server/s3/tagging.h"
#include "server/world.h"

#define LATIN1_LAST_LEAD 0xc3 /* UTF-8's first byte of U+00C0 to U+00FF */

static const struct {
    str name;
    const char *override; /* in the query of signed GETs */
} system_headers[] = {
    { { "Content-Type", 12 }, "response-content-type" },
    { { "Cache-Control", 13 }, "response-cache-control" },
    { { "Content-Disposition", 19 }, "response-content-disposition" },
    { { "Content-Encoding", 16 }, "response-content-encoding" },
    { { "Content-Language", 16 }, "response-content-language" },
    { { "Expires", 7 }, "response-expires" },
};

/* aws-chunked is how the body travelled, not what it is. */
static str without_aws_chunked(struct arena *arena, str encodings)
{
    struct buf kept;
    str one;
    if (str_find(encodings, STR("aws-chunked")) == encodings.size)
        return encodings;
    buf_init_arena(&kept, arena, encodings.size + 1);
    while (encodings.size > 0 && str_next(&encodings, ',', &one)) {
        one = str_trim(one);
        if (one.size == 0 || str_eq_nocase(one, STR("aws-chunked")))
            continue;
        if (kept.size > 0)
            buf_add_char(&kept, ',');
        buf_add(&kept, one);
    }
    return buf_str(&kept);
}

static void collect_system(struct arena *arena, const struct fields *headers, struct fields *out)
{
    for (size_t i = 0; i < COUNT(system_headers); i++) {
        str value = fields_get(headers, system_headers[i].name.ptr);
        if (str_is(system_headers[i].name, "Content-Encoding"))
            value = without_aws_chunked(arena, value);
        if (value.size > 0)
            fields_add(arena, out, system_headers[i].name, value);
    }
}

/* A repeated header is one value, joined by commas, as S3 does with them. */
static void add_user(struct arena *arena, struct fields *out, str name, str value)
{
    for (size_t i = 0; i < out->count; i++)
        if (str_eq(out->at[i].name, name)) {
            out->at[i].value =
                str_format(arena, "%.*s,%.*s", STR_ARG(out->at[i].value), STR_ARG(value));
            return;
        }
    fields_add(arena, out, name, value);
}

size_t meta_collect(struct arena *arena, const struct fields *headers, struct fields *out)
{
    static const str prefix = { META_USER_PREFIX, sizeof META_USER_PREFIX - 1 };
    size_t user_bytes = 0;
    collect_system(arena, headers, out);
    for (size_t i = 0; i < headers->count; i++) {
        const struct field *header = &headers->at[i];
        if (!str_starts_nocase(header->name, prefix))
            continue;
        str value = str_trim(header->value);
        user_bytes += header->name.size - prefix.size + value.size;
        add_user(arena, out, str_lower(arena, header->name), value);
    }
    return user_bytes;
}

/* A header's bytes are ISO-8859-1 to S3, so what it encodes for showing is each byte as a character
 * of its own (AWS: "Working with object metadata", whose example shows just that). */
static str latin1_as_utf8(struct arena *arena, str value)
{
    char *out = arena_alloc_raw(arena, value.size * 2 + 1);
    size_t size = 0;
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char) value.ptr[i];
        if (c < 0x80) {
            out[size++] = (char) c;
            continue;
        }
        out[size++] = (char) (0xc0 | c >> 6);
        out[size++] = (char) (0x80 | (c & 0x3f));
    }
    return str_from(out, size);
}

bool meta_shown(struct arena *arena, str value, str *shown)
{
    bool ascii = true, decoded = encoded_word_decode(arena, value, &value);
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char) value.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
        ascii = ascii && c < 0x80;
    }
    *shown = value;
    if (!ascii) {
        str text = decoded ? value : latin1_as_utf8(arena, value);
        *shown = encoded_word_write(arena, text);
    }
    return true;
}

enum s3_code meta_headers(struct request *rq, struct fields *out)
{
    size_t user_bytes = meta_collect(rq->arena, &rq->headers, out);
    if (user_bytes <= LIMIT_USER_METADATA_BYTES)
        return S3_OK;
    request_extra(rq, "Size", str_format(rq->arena, "%zu", user_bytes));
    request_extra(rq, "MaxSizeAllowed", str_format(rq->arena, "%d", LIMIT_USER_METADATA_BYTES));
    return S3_MetadataTooLarge;
}

static enum s3_code read_storage_class(struct request *rq, struct object_meta *meta)
{
    static const char *const classes[] = { "STANDARD",     "REDUCED_REDUNDANCY",
                                           "STANDARD_IA",  "ONEZONE_IA",
                                           "GLACIER",      "INTELLIGENT_TIERING",
                                           "DEEP_ARCHIVE", "GLACIER_IR" };
    str name = request_get_header(rq, "x-amz-storage-class");
    meta->storage_class = STR_NONE;
    if (!str_is_set(name) || str_is(name, "STANDARD"))
        return S3_OK;
    for (size_t i = 0; i < COUNT(classes); i++)
        if (str_is(name, classes[i])) {
            meta->storage_class = name;
            return S3_OK;
        }
    request_extra(rq, "StorageClassRequested", name);
    return S3_InvalidStorageClass;
}

static enum s3_code read_retention(struct request *rq, struct object_meta *meta, str mode,
                                   str until)
{
    if (!str_is_set(mode) || !str_is_set(until))
        return common_invalid_argument(
            rq,
            "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
            str_is_set(mode) ? "x-amz-object-lock-retain-until-date" : "x-amz-object-lock-mode",
            STR_NONE);
    if (!str_is(mode, "GOVERNANCE") && !str_is(mode, "COMPLIANCE"))
        return common_invalid_argument(rq, "Unknown wormMode directive.", "x-amz-object-lock-mode",
                                       mode);
    if (!instant_parse_iso8601(until, &meta->lock_until) ||
        !instant_before(clock_now(rq->world->clock), meta->lock_until))
        return common_invalid_argument(rq, "The retain until date must be in the future!",
                                       "x-amz-object-lock-retain-until-date", until);
    meta->lock_mode = str_is(mode, "GOVERNANCE") ? LOCK_GOVERNANCE : LOCK_COMPLIANCE;
    return S3_OK;
}

static enum s3_code read_lock(struct request *rq, struct object_meta *meta)
{
    str mode = request_get_header(rq, "x-amz-object-lock-mode");
    str until = request_get_header(rq, "x-amz-object-lock-retain-until-date");
    str hold = request_get_header(rq, "x-amz-object-lock-legal-hold");
    if (!str_is_set(mode) && !str_is_set(until) && !str_is_set(hold))
        return S3_OK;
    if (!rq->bucket.object_lock)
        return common_invalid_request(rq, "Bucket is missing Object Lock Configuration");
    if (str_is_set(hold) && !str_is(hold, "ON") && !str_is(hold, "OFF"))
        return common_invalid_argument(rq, "Legal Hold must be either of 'ON' or 'OFF'",
                                       "x-amz-object-lock-legal-hold", hold);
    meta->legal_hold = str_is(hold, "ON");
    return str_is_set(mode) || str_is_set(until) ? read_retention(rq, meta, mode, until) : S3_OK;
}

static enum s3_code read_redirect(struct request *rq, struct fields *fields)
{
    str redirect = request_get_header(rq, META_REDIRECT);
    if (redirect.size == 0)
        return S3_OK;
    if (!str_starts(redirect, STR("/")) && !str_starts(redirect, STR("http://")) &&
        !str_starts(redirect, STR("https://")))
        return S3_InvalidRedirectLocation;
    fields_add(rq->arena, fields, STR(META_REDIRECT), redirect);
    return S3_OK;
}

enum s3_code meta_options(struct request *rq, struct object_meta *meta, struct fields *fields)
{
    enum s3_code code = acl_for_object(rq, &meta->acl);
    if (code == S3_OK)
        code = read_storage_class(rq, meta);
    if (code == S3_OK)
        code = read_lock(rq, meta);
    if (code == S3_OK)
        code = object_lock_defaults(rq, meta);
    if (code == S3_OK)
        code = sse_of_write(rq, fields);
    return code == S3_OK ? read_redirect(rq, fields) : code;
}

enum s3_code meta_read(struct request *rq, struct object_meta *meta)
{
    struct fields fields = { 0 };
    enum s3_code code = meta_headers(rq, &fields);
    if (code == S3_OK)
        code = meta_options(rq, meta, &fields);
    if (code == S3_OK)
        code = tagging_from_header(rq, &meta->tags);
    if (code == S3_OK)
        meta->fields = fields_pack(rq->arena, &fields);
    return code;
}

enum s3_code meta_judge_overrides(struct request *rq)
{
    for (size_t i = 0; i < COUNT(system_headers); i++) {
        str value = request_query(rq, system_headers[i].override);
        if (!str_is_set(value))
            continue;
        if (rq->who.anonymous)
            return common_invalid_request(
                rq, "Request specific response headers cannot be used for anonymous GET requests.");
        for (size_t at = 0; at < value.size; at++)
            if ((unsigned char) value.ptr[at] > LATIN1_LAST_LEAD)
                return common_invalid_argument(rq,
                                               "Header value cannot be represented using "
                                               "ISO-8859-1.",
                                               system_headers[i].override, value);
    }
    return S3_OK;
}

/* A header carries ISO-8859-1, the query UTF-8. */
static str utf8_as_latin1(struct arena *arena, str value)
{
    char *out = arena_alloc_raw(arena, value.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char) value.ptr[i];
        if (c >= 0xc2 && c <= LATIN1_LAST_LEAD && i + 1 < value.size)
            c = (unsigned char) ((c & 3) << 6 | ((unsigned char) value.ptr[++i] & 0x3f));
        out[size++] = (char) c;
    }
    return str_from(out, size);
}

static void reply_overrides(struct request *rq)
{
    for (size_t i = 0; i < COUNT(system_headers); i++) {
        str value = request_query(rq, system_headers[i].override);
        if (str_is_set(value))
            fields_set(rq->arena, &rq->reply.headers, system_headers[i].name,
                       utf8_as_latin1(rq->arena, value));
    }
}

static void reply_restore(struct request *rq, str state)
{
    str shown = restore_shown(rq->arena, state, clock_now(rq->world->clock));
    if (str_is_set(shown))
        request_header(rq, RESTORE_FIELD, shown);
}

void meta_reply(struct request *rq, str packed_fields)
{
    struct fields fields = { 0 };
    unsigned missing = 0;
    bool encrypted = false;
    if (packed_fields.size > 0 && !fields_unpack(rq->arena, packed_fields, &fields))
        fields.count = 0;
    if (fields.count == 0 || !str_is(fields.at[0].name, "Content-Type"))
        request_header_c(rq, "Content-Type", "binary/octet-stream");
    for (size_t i = 0; i < fields.count; i++) {
        struct field field = fields.at[i];
        if (str_starts(field.name, STR(META_USER_PREFIX)) &&
            !meta_shown(rq->arena, field.value, &field.value)) {
            missing++;
            continue;
        }
        if (str_is(field.name, RESTORE_FIELD)) {
            reply_restore(rq, field.value);
            continue;
        }
        encrypted = encrypted || str_starts(field.name, STR(META_SSE));
        fields_add(rq->arena, &rq->reply.headers, field.name, field.value);
    }
    if (!encrypted)
        request_header_c(rq, META_SSE, "AES256");
    if (missing > 0)
        request_header(rq, "x-amz-missing-meta", str_format(rq->arena, "%u", missing));
    if (rq->query.count > 0)
        reply_overrides(rq);
}

void meta_reply_encryption(struct request *rq, str packed_fields)
{
    struct fields fields = { 0 };
    bool encrypted = false;
    if (packed_fields.size > 0 && !fields_unpack(rq->arena, packed_fields, &fields))
        fields.count = 0;
    for (size_t i = 0; i < fields.count; i++)
        if (str_starts(fields.at[i].name, STR(META_SSE))) {
            fields_add(rq->arena, &rq->reply.headers, fields.at[i].name, fields.at[i].value);
            encrypted = true;
        }
    if (!encrypted)
        request_header_c(rq, META_SSE, "AES256");
}
