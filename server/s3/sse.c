/* Server-side encryption headers (sse.h). Texts are AWS's, as recorded. */
#include "server/s3/sse.h"

#include "base/digest.h"
#include "base/encode.h"
#include "server/s3/bucket_config.h"
#include "server/s3/common.h"
#include "server/settings.h"
#include "server/world.h"

#define SSE "x-amz-server-side-encryption"
#define CUSTOMER SSE "-customer-"
#define SOURCE_CUSTOMER "x-amz-copy-source-server-side-encryption-customer-"
#define KEY_BYTES 32

/* ---- the customer's key ---- */

struct customer {
    bool given;
    str algorithm, key_md5;
};

static enum s3_code refuse(struct request *rq, const char *message)
{
    return common_invalid_argument(rq, message, SSE, STR_NONE);
}

static enum s3_code check_key(struct request *rq, str key, str md5)
{
    str bytes;
    if (!str_is_set(key))
        return refuse(rq, "Requests specifying Server Side Encryption with Customer provided keys "
                          "must provide an appropriate secret key.");
    /* A reader's key of another size is another key than the writer's (recorded). */
    if (!decode_base64(rq->arena, key, &bytes) ||
        (bytes.size != KEY_BYTES && !str_is(rq->method, "GET") && !str_is(rq->method, "HEAD")))
        return refuse(rq, "The secret key was invalid for the specified algorithm.");
    if (!str_is_set(md5))
        return refuse(rq, "Requests specifying Server Side Encryption with Customer provided keys "
                          "must provide the client calculated MD5 of the secret key.");
    struct digest_value digest = digest_of(DIGEST_MD5, bytes.ptr, bytes.size);
    if (!str_eq(md5, encode_base64(rq->arena, digest.bytes, digest.size)))
        return refuse(rq, "The calculated MD5 hash of the key did not match the hash that was "
                          "provided.");
    return S3_OK;
}

static str customer_header(struct request *rq, const char *prefix, const char *name)
{
    return request_get_header(rq, str_format(rq->arena, "%s%s", prefix, name).ptr);
}

static enum s3_code read_customer(struct request *rq, const char *prefix, struct customer *out)
{
    str key = customer_header(rq, prefix, "key");
    *out = (struct customer){ .algorithm = customer_header(rq, prefix, "algorithm"),
                              .key_md5 = customer_header(rq, prefix, "key-MD5") };
    out->given = str_is_set(out->algorithm) || str_is_set(key) || str_is_set(out->key_md5);
    if (!out->given)
        return S3_OK;
    if (!rq->tls && !request_nonstandard(rq, "sse-c-over-http",
                                         "InvalidRequest: Requests specifying Server Side "
                                         "Encryption with Customer provided keys must be made over "
                                         "a secure connection."))
        return common_invalid_argument(rq,
                                       "Requests specifying Server Side Encryption with Customer "
                                       "provided keys must be made over a secure connection.",
                                       SSE, STR_NONE);
    if (!str_is_set(out->algorithm))
        return refuse(rq, "Requests specifying Server Side Encryption with Customer provided keys "
                          "must provide a valid encryption algorithm.");
    if (!str_is(out->algorithm, "AES256")) {
        request_extra(rq, "ArgumentName", STR(SSE));
        request_extra(rq, "ArgumentValue", out->algorithm);
        return S3_InvalidEncryptionAlgorithmError;
    }
    return check_key(rq, key, out->key_md5);
}

static str kept(struct request *rq, str packed_fields, const char *name)
{
    struct fields fields = { 0 };
    if (packed_fields.size == 0 || !fields_unpack(rq->arena, packed_fields, &fields))
        return STR_NONE;
    return fields_get(&fields, name);
}

/* ---- writes ---- */

static void keep(struct request *rq, struct fields *fields, const char *name, str value)
{
    if (str_is_set(value))
        fields_add(rq->arena, fields, str_of(name), value);
}

/* Both kinds at once are refused before either is looked at. */
static enum s3_code judge_method(struct request *rq, str method)
{
    if (str_is_set(method) && (str_is_set(request_get_header(rq, CUSTOMER "algorithm")) ||
                               str_is_set(request_get_header(rq, CUSTOMER "key"))))
        return common_invalid_argument(rq,
                                       "Server Side Encryption with Customer provided key is "
                                       "incompatible with the encryption method specified",
                                       SSE, method);
    return S3_OK;
}

static bool is_kms(str method)
{
    return str_is(method, "aws:kms") || str_is(method, "aws:kms:dsse");
}

static bool is_hex(str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (strchr("0123456789abcdefABCDEF", text.ptr[i]) == NULL || text.ptr[i] == '\0')
            return false;
    return true;
}

static bool is_uuid(str text)
{
    static const size_t sizes[] = { 8, 4, 4, 4, 12 };
    str piece;
    for (size_t i = 0; i < COUNT(sizes); i++)
        if (!str_next(&text, '-', &piece) || piece.size != sizes[i] || !is_hex(piece))
            return false;
    return text.size == 0;
}

/* AWS looks up an id alone in the requester's account and the bucket's Region, and shows its ARN:
 * so does --strict. Else it comes back as it was sent, which is what test suites without a KMS
 * compare. */
static str key_shown(struct request *rq, str key)
{
    str account = rq->who.account.size > 0 ? rq->who.account : rq->bucket.account;
    bool bare = is_uuid(key) || str_starts(key, STR("mrk-"));
    return bare && rq->world->settings->strict
               ? str_format(rq->arena, "arn:aws:kms:%.*s:%.*s:key/%.*s", STR_ARG(rq->bucket.region),
                            STR_ARG(account), STR_ARG(key))
               : key;
}

static void keep_kms(struct request *rq, str method, str key, bool bucket_key,
                     struct fields *fields)
{
    keep(rq, fields, SSE, method);
    /* AWS names its managed key by its ARN when none was chosen. */
    if (!str_is_set(key))
        key = str_format(rq->arena, "arn:aws:kms:%.*s:%.*s:key/00000000-0000-4000-8000-%.*s",
                         STR_ARG(rq->bucket.region), STR_ARG(rq->bucket.account),
                         STR_ARG(rq->bucket.account));
    keep(rq, fields, SSE "-aws-kms-key-id", key_shown(rq, key));
    if (bucket_key)
        keep(rq, fields, SSE "-bucket-key-enabled", STR("true"));
}

static enum s3_code by_default(struct request *rq, struct fields *fields)
{
    struct bucket_config_encryption config;
    enum s3_code code = bucket_config_encryption(rq, &config);
    if (code == S3_OK && is_kms(config.algorithm))
        keep_kms(rq, config.algorithm, config.kms_key, config.bucket_key, fields);
    return code;
}

/* There is no KMS here that would know keys; what KMS tells from the id alone is told. */
static enum s3_code check_kms_key(struct request *rq, str key)
{
    str wrong = STR_NONE;
    if (str_starts(key, STR("arn:"))) {
        str rest = key, region = STR_NONE;
        for (int i = 0; i < 4; i++)
            (void) str_next(&rest, ':', &region);
        if (!str_eq(region, rq->bucket.region))
            wrong = str_format(rq->arena, "Invalid arn %.*s", STR_ARG(region));
    } else if (!is_uuid(key) && !str_starts(key, STR("alias/")) && !str_starts(key, STR("mrk-"))) {
        wrong = str_format(rq->arena, "Invalid keyId '%.*s'", STR_ARG(key));
    }
    if (!str_is_set(wrong) ||
        request_nonstandard(
            rq, "kms-key",
            str_format(rq->arena, "KMS.NotFoundException: %.*s", STR_ARG(wrong)).ptr))
        return S3_OK;
    request_message(rq, "%.*s", STR_ARG(wrong));
    return S3_KMS_NotFoundException;
}

/* AWS: without its header, the bucket decides whether it has a key. */
static enum s3_code by_kms(struct request *rq, str method, str key, struct fields *fields)
{
    struct bucket_config_encryption config;
    str header = request_get_header(rq, SSE "-bucket-key-enabled");
    enum s3_code code = bucket_config_encryption(rq, &config);
    if (code == S3_OK)
        keep_kms(rq, method, key,
                 str_is_set(header) ? str_eq_nocase(header, STR("true"))
                                    : is_kms(config.algorithm) && config.bucket_key,
                 fields);
    return code;
}

static enum s3_code by_method(struct request *rq, str method, struct fields *fields)
{
    str key = request_get_header(rq, SSE "-aws-kms-key-id");
    str context = request_get_header(rq, SSE "-context"), decoded;
    if (!str_is(method, "AES256") && !is_kms(method))
        return common_invalid_argument(rq, "The encryption method specified is not supported", SSE,
                                       method);
    if (!is_kms(method))
        return str_is_set(key)
                   ? common_invalid_argument(
                         rq,
                         "Server Side Encryption with AWS KMS managed key requires HTTP header "
                         "x-amz-server-side-encryption : aws:kms",
                         SSE, method)
                   : S3_OK;
    if (str_is_set(context) && !decode_base64(rq->arena, context, &decoded))
        return common_invalid_argument(
            rq,
            "The header '" SSE "-context' shall be Base64-encoded UTF-8 string holding JSON "
            "which represents a string-string map",
            SSE "-context", context);
    enum s3_code code = str_is_set(key) ? check_kms_key(rq, key) : S3_OK;
    return code == S3_OK ? by_kms(rq, method, key, fields) : code;
}

enum s3_code sse_of_write(struct request *rq, struct fields *fields)
{
    struct customer customer;
    str method = request_get_header(rq, SSE);
    enum s3_code code = judge_method(rq, method);
    if (code == S3_OK)
        code = read_customer(rq, CUSTOMER, &customer);
    if (code != S3_OK)
        return code;
    if (customer.given) {
        keep(rq, fields, CUSTOMER "algorithm", customer.algorithm);
        keep(rq, fields, CUSTOMER "key-MD5", customer.key_md5);
        return S3_OK;
    }
    if (str_is_set(method))
        return by_method(rq, method, fields);
    if (str_is_set(request_get_header(rq, SSE "-aws-kms-key-id")))
        return common_invalid_argument(rq,
                                       "Server Side Encryption with AWS KMS managed key requires "
                                       "HTTP header x-amz-server-side-encryption : aws:kms",
                                       SSE, STR_NONE);
    return by_default(rq, fields);
}

/* ---- reads ---- */

static enum s3_code judge_key(struct request *rq, const struct customer *customer,
                              str packed_fields)
{
    str md5 = kept(rq, packed_fields, CUSTOMER "key-MD5");
    if (!str_is_set(md5))
        return customer->given
                   ? common_invalid_request(
                         rq, "The encryption parameters are not applicable to this object.")
                   : S3_OK;
    if (!customer->given)
        return common_invalid_request(
            rq, "The object was stored using a form of Server Side Encryption. The correct "
                "parameters must be provided to retrieve the object.");
    if (str_eq(md5, customer->key_md5))
        return S3_OK;
    request_message(rq, "Requests specifying Server Side Encryption with Customer provided keys "
                        "must provide the correct secret key.");
    return S3_AccessDenied;
}

enum s3_code sse_of_read(struct request *rq, str packed_fields)
{
    struct customer customer;
    if (str_is_set(request_get_header(rq, SSE)))
        return common_invalid_argument(
            rq, "x-amz-server-side-encryption header is not supported for this operation.", SSE,
            request_get_header(rq, SSE));
    enum s3_code code = read_customer(rq, CUSTOMER, &customer);
    return code == S3_OK ? judge_key(rq, &customer, packed_fields) : code;
}

enum s3_code sse_of_source(struct request *rq, str packed_fields)
{
    struct customer customer;
    enum s3_code code = read_customer(rq, SOURCE_CUSTOMER, &customer);
    return code == S3_OK ? judge_key(rq, &customer, packed_fields) : code;
}

static enum s3_code repeat_key(struct request *rq, str upload_fields, bool needed)
{
    struct customer customer;
    str md5 = kept(rq, upload_fields, CUSTOMER "key-MD5");
    enum s3_code code = read_customer(rq, CUSTOMER, &customer);
    if (code != S3_OK || (!customer.given && (!needed || !str_is_set(md5))))
        return code;
    if (!customer.given || !str_is_set(md5))
        return common_invalid_request(
            rq, "The multipart upload initiate requested encryption. Subsequent part requests must "
                "include the appropriate encryption parameters.");
    return str_eq(md5, customer.key_md5)
               ? S3_OK
               : common_invalid_request(rq, "The provided encryption parameters did not match the "
                                            "ones used originally.");
}

enum s3_code sse_of_part(struct request *rq, str upload_fields)
{
    return repeat_key(rq, upload_fields, true);
}

enum s3_code sse_of_complete(struct request *rq, str upload_fields, bool with_checksum)
{
    return repeat_key(rq, upload_fields, with_checksum);
}

bool sse_is_opaque(struct request *rq, str packed_fields)
{
    return is_kms(kept(rq, packed_fields, SSE)) ||
           str_is_set(kept(rq, packed_fields, CUSTOMER "key-MD5"));
}

str sse_etag(struct request *rq, str packed_fields)
{
    if (!sse_is_opaque(rq, packed_fields))
        return STR_NONE;
    /* Different for every write, as AWS's are, and the same for the same world and request. */
    str text =
        str_format(rq->arena, "%llu:%.*s", (unsigned long long) rq->ordinal, STR_ARG(rq->id));
    struct digest_value digest = digest_of(DIGEST_MD5, text.ptr, text.size);
    return encode_hex(rq->arena, digest.bytes, digest.size);
}
