/* Which checksum a request declares, and how checksums look on the wire. The refusals are AWS's
 * words as recorded. */
#include "server/s3/checksum.h"

#include "base/encode.h"
#include "server/s3/common.h"

static const struct {
    const char *header, *element, *lower;
} names[DIGEST_KINDS] = {
    [DIGEST_NONE] = { "", "", "null" },
    [DIGEST_CRC32] = { "x-amz-checksum-crc32", "ChecksumCRC32", "crc32" },
    [DIGEST_CRC32C] = { "x-amz-checksum-crc32c", "ChecksumCRC32C", "crc32c" },
    [DIGEST_CRC64NVME] = { "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", "crc64nvme" },
    [DIGEST_SHA1] = { "x-amz-checksum-sha1", "ChecksumSHA1", "sha1" },
    [DIGEST_SHA256] = { "x-amz-checksum-sha256", "ChecksumSHA256", "sha256" },
    [DIGEST_MD5] = { "x-amz-checksum-md5", "ChecksumMD5", "md5" },
    [DIGEST_SHA512] = { "x-amz-checksum-sha512", "ChecksumSHA512", "sha512" },
    [DIGEST_XXHASH64] = { "x-amz-checksum-xxhash64", "ChecksumXXHASH64", "xxhash64" },
    [DIGEST_XXHASH3] = { "x-amz-checksum-xxhash3", "ChecksumXXHASH3", "xxhash3" },
    [DIGEST_XXHASH128] = { "x-amz-checksum-xxhash128", "ChecksumXXHASH128", "xxhash128" },
};

const char *checksum_header(enum digest_kind kind)
{
    return names[kind].header;
}

const char *checksum_element(enum digest_kind kind)
{
    return names[kind].element;
}

const char *checksum_lower(enum digest_kind kind)
{
    return names[kind].lower;
}

enum digest_kind checksum_of_header(str name)
{
    for (enum digest_kind kind = DIGEST_NONE + 1; kind < DIGEST_KINDS; kind++)
        if (str_eq_nocase(name, str_of(names[kind].header)))
            return kind;
    return DIGEST_NONE;
}

enum digest_kind checksum_of_element(str name)
{
    if (!str_starts(name, STR("Checksum")))
        return DIGEST_NONE;
    for (enum digest_kind kind = DIGEST_NONE + 1; kind < DIGEST_KINDS; kind++)
        if (str_is(name, names[kind].element))
            return kind;
    return DIGEST_NONE;
}

bool checksum_parse(struct arena *arena, enum digest_kind kind, str text, struct digest_value *out)
{
    str bytes;
    if (!decode_base64(arena, text, &bytes) || bytes.size != digest_size_bytes(kind))
        return false;
    *out = (struct digest_value){ .size = (unsigned) bytes.size };
    memcpy(out->bytes, bytes.ptr, bytes.size);
    return true;
}

str checksum_text(struct arena *arena, const struct object_checksum *checksum, unsigned parts)
{
    str text = encode_base64(arena, checksum->value.bytes, checksum->value.size);
    return checksum->composite && parts > 0 ? str_format(arena, "%.*s-%u", STR_ARG(text), parts)
                                            : text;
}

bool checksum_equal(const struct digest_value *a, const struct digest_value *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

enum s3_code checksum_value(struct request *rq, enum digest_kind kind, str text,
                            struct digest_value *out)
{
    if (checksum_parse(rq->arena, kind, text, out))
        return S3_OK;
    request_message(rq, "Value for %s header is invalid.", checksum_header(kind));
    return S3_InvalidRequest;
}

static enum s3_code several(struct request *rq)
{
    return common_invalid_request(
        rq, "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
}

/* As recorded; AWS has taken MD5, SHA512 and the XXHASHes since, and so do we. */
enum s3_code checksum_unsupported(struct request *rq)
{
    return common_invalid_request(rq,
                                  "Checksum algorithm provided is unsupported. Please try again "
                                  "with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, "
                                  "SHA256]");
}

/* x-amz-checksum-algorithm, -type and -mode speak about checksums but are none. */
static bool is_other_checksum_header(str name)
{
    static const str prefix = { "x-amz-checksum-", 15 };
    str rest = str_skip(name, prefix.size);
    return str_starts_nocase(name, prefix) && !str_eq_nocase(rest, STR("algorithm")) &&
           !str_eq_nocase(rest, STR("type")) && !str_eq_nocase(rest, STR("mode"));
}

static enum s3_code from_headers(struct request *rq, struct checksum_declared *out)
{
    str value = STR_NONE;
    for (size_t i = 0; i < rq->headers.count; i++) {
        const struct field *header = &rq->headers.at[i];
        enum digest_kind kind = checksum_of_header(header->name);
        if (kind == DIGEST_NONE) {
            if (is_other_checksum_header(header->name))
                return checksum_unsupported(rq);
            continue;
        }
        if (out->kind != DIGEST_NONE)
            return several(rq);
        out->kind = kind;
        value = header->value;
    }
    return out->kind != DIGEST_NONE ? checksum_value(rq, out->kind, value, &out->value) : S3_OK;
}

/* x-amz-trailer names what comes behind the body, separated by commas. */
static enum s3_code from_trailer(struct request *rq, struct checksum_declared *out)
{
    str list = request_get_header(rq, "x-amz-trailer"), name;
    while (list.size > 0 && str_next(&list, ',', &name)) {
        enum digest_kind kind = checksum_of_header(str_trim(name));
        if (kind == DIGEST_NONE) {
            request_message(rq, "The value specified in the x-amz-trailer header is not supported");
            return S3_InvalidRequest;
        }
        if (out->kind != DIGEST_NONE)
            return several(rq);
        out->kind = kind;
        out->in_trailer = true;
    }
    return S3_OK;
}

enum s3_code checksum_declared(struct request *rq, struct checksum_declared *out)
{
    *out = (struct checksum_declared){ 0 };
    enum s3_code code = from_headers(rq, out);
    if (code == S3_OK)
        code = from_trailer(rq, out);
    str named = request_get_header(rq, "x-amz-sdk-checksum-algorithm");
    if (code != S3_OK || named.size == 0)
        return code;
    enum digest_kind kind = digest_kind_parse(named);
    if (kind == DIGEST_NONE)
        return checksum_unsupported(rq);
    if (out->kind == DIGEST_NONE)
        return common_invalid_request(
            rq, "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
                "x-amz-trailer headers were found.");
    if (out->kind != kind)
        return common_invalid_request(rq,
                                      "Value for x-amz-sdk-checksum-algorithm header is invalid.");
    return S3_OK;
}

void checksum_reply(struct request *rq, const struct object_checksum *checksum, unsigned parts)
{
    if (checksum->kind == DIGEST_NONE)
        return;
    request_header(rq, checksum_header(checksum->kind), checksum_text(rq->arena, checksum, parts));
    request_header_c(rq, "x-amz-checksum-type", checksum->composite ? "COMPOSITE" : "FULL_OBJECT");
}

void checksum_write(struct request *rq, struct xml_writer *xml,
                    const struct object_checksum *checksum, unsigned parts)
{
    if (checksum->kind != DIGEST_NONE)
        xml_element(xml, checksum_element(checksum->kind),
                    checksum_text(rq->arena, checksum, parts));
}
