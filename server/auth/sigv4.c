/* SigV4's key derivation (AWS: "Create a signed AWS API request", step 4) and comparison. */
#include "server/auth/sigv4.h"

#include <openssl/crypto.h>

#include "base/bug.h"
#include "base/digest.h"
#include "base/encode.h"
#include "server/auth/credentials.h"

static struct digest_value step(struct digest_value key, str message)
{
    return digest_hmac_sha256(str_from(key.bytes, key.size), message);
}

void sigv4_signing_key(str secret, str date, str region, str service,
                       unsigned char key[SIGV4_KEY_BYTES])
{
    char text[4 + CREDENTIAL_SECRET_BYTES];
    BUG_UNLESS(secret.size <= CREDENTIAL_SECRET_BYTES);
    memcpy(text, "AWS4", 4);
    if (secret.size > 0)
        memcpy(text + 4, secret.ptr, secret.size);
    struct digest_value value = digest_hmac_sha256(str_from(text, 4 + secret.size), date);
    value = step(value, region);
    value = step(value, service);
    value = step(value, STR("aws4_request"));
    memcpy(key, value.bytes, SIGV4_KEY_BYTES);
    OPENSSL_cleanse(text, sizeof text);
}

bool sigv4_accepts(const unsigned char key[SIGV4_KEY_BYTES], str string_to_sign, str signature)
{
    char hex[2 * SIGV4_KEY_BYTES];
    struct digest_value expected =
        digest_hmac_sha256(str_from(key, SIGV4_KEY_BYTES), string_to_sign);
    encode_hex_into(hex, expected.bytes, expected.size);
    return signature.size == sizeof hex &&
           digest_equal_constant_time(hex, signature.ptr, sizeof hex);
}
