/* SigV4A's derivation of a P-256 key from a credential (aws-c-auth, "key_derivation"), and ECDSA
 * verification with OpenSSL. Deriving costs as much as a few verifications, so credentials.c keeps
 * the result.
 */
#include "server/auth/sigv4a.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/digest.h"
#include "server/auth/credentials.h"

/* Counted here and not by OpenSSL, whose counts the thread sanitizer cannot see. */
struct sigv4a_key {
    EVP_PKEY *point;
    atomic_uint owners;
};

/* The order of P-256 minus two: scalars are 1 .. n-1, and the derivation adds one. */
static const unsigned char order_minus_two[SIGV4A_SCALAR_BYTES] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
};

/* 00000001 | algorithm | 00 | access key | counter | 00000100 */
static size_t fixed_input(char *out, str access_key)
{
    static const char algorithm[] = "\0\0\0\1AWS4-ECDSA-P256-SHA256"; /* its NUL is the 00 */
    memcpy(out, algorithm, sizeof algorithm);
    if (access_key.size > 0)
        memcpy(out + sizeof algorithm, access_key.ptr, access_key.size);
    memcpy(out + sizeof algorithm + access_key.size, "\0\0\0\1\0", 5);
    return sizeof algorithm + access_key.size + 5;
}

void sigv4a_scalar(str access_key, str secret, unsigned char scalar[SIGV4A_SCALAR_BYTES])
{
    char key[5 + CREDENTIAL_SECRET_BYTES];
    char input[CREDENTIAL_KEY_BYTES + 64];
    BUG_UNLESS(secret.size <= CREDENTIAL_SECRET_BYTES && access_key.size <= CREDENTIAL_KEY_BYTES);
    memcpy(key, "AWS4A", 5);
    if (secret.size > 0)
        memcpy(key + 5, secret.ptr, secret.size);
    size_t size = fixed_input(input, access_key);

    struct digest_value value;
    unsigned counter = 0;
    do {
        input[size - 5] = (char) ++counter;
        value = digest_hmac_sha256(str_from(key, 5 + secret.size), str_from(input, size));
        BUG_UNLESS(counter < 255); /* each turn fails with a chance of 2^-32 */
    } while (memcmp(value.bytes, order_minus_two, SIGV4A_SCALAR_BYTES) > 0);

    memcpy(scalar, value.bytes, SIGV4A_SCALAR_BYTES);
    for (size_t i = SIGV4A_SCALAR_BYTES; i-- > 0 && ++scalar[i] == 0;)
        ;
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(&value, sizeof value);
}

void sigv4a_point(const unsigned char scalar[SIGV4A_SCALAR_BYTES],
                  unsigned char point[SIGV4A_POINT_BYTES])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BIGNUM *number = BN_bin2bn(scalar, SIGV4A_SCALAR_BYTES, NULL);
    BUG_UNLESS(group != NULL && number != NULL);
    EC_POINT *public_point = EC_POINT_new(group);
    BUG_UNLESS(public_point != NULL &&
               EC_POINT_mul(group, public_point, number, NULL, NULL, NULL) == 1);
    size_t size = EC_POINT_point2oct(group, public_point, POINT_CONVERSION_UNCOMPRESSED, point,
                                     SIGV4A_POINT_BYTES, NULL);
    BUG_UNLESS(size == SIGV4A_POINT_BYTES);
    EC_POINT_free(public_point);
    BN_clear_free(number);
    EC_GROUP_free(group);
}

sigv4a_key *sigv4a_key_new(str access_key, str secret)
{
    unsigned char scalar[SIGV4A_SCALAR_BYTES];
    unsigned char point[SIGV4A_POINT_BYTES];
    char curve[] = "prime256v1";
    sigv4a_scalar(access_key, secret, scalar);
    sigv4a_point(scalar, point);
    OPENSSL_cleanse(scalar, sizeof scalar);

    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end(),
    };
    sigv4a_key *key = mem_alloc(sizeof *key);
    atomic_init(&key->owners, 1);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    BUG_UNLESS(context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
               EVP_PKEY_fromdata(context, &key->point, EVP_PKEY_PUBLIC_KEY, params) == 1);
    EVP_PKEY_CTX_free(context);
    return key;
}

sigv4a_key *sigv4a_key_share(sigv4a_key *key)
{
    atomic_fetch_add_explicit(&key->owners, 1, memory_order_relaxed);
    return key;
}

void sigv4a_key_free(void *arg)
{
    sigv4a_key *key = arg;
    if (key == NULL || atomic_fetch_sub_explicit(&key->owners, 1, memory_order_acq_rel) > 1)
        return;
    EVP_PKEY_free(key->point);
    free(key);
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Lower case only, so that a signature has one spelling. */
static bool decode_signature(str text, unsigned char *out)
{
    for (size_t i = 0; i < text.size / 2; i++) {
        int high = nibble(text.ptr[2 * i]);
        int low = nibble(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char) (high << 4 | low);
    }
    return true;
}

bool sigv4a_accepts(sigv4a_key *key, str string_to_sign, str signature)
{
    unsigned char der[SIGV4A_SIGNATURE_CHARS / 2];
    if (signature.size == 0 || signature.size > SIGV4A_SIGNATURE_CHARS || signature.size % 2 != 0 ||
        !decode_signature(signature, der))
        return false;
    struct digest_value digest = digest_of(DIGEST_SHA256, string_to_sign.ptr, string_to_sign.size);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->point, NULL);
    BUG_UNLESS(context != NULL && EVP_PKEY_verify_init(context) == 1);
    bool accepted =
        EVP_PKEY_verify(context, der, signature.size / 2, digest.bytes, digest.size) == 1;
    EVP_PKEY_CTX_free(context);
    return accepted;
}
