/* Tokens: "IQoJ" or "FwoG", then base64 of a MAC and of what it covers: the instant, the access
 * key, the account and the ARN. Nobody but their issuer reads them, as with AWS's. */
#include "server/auth/session.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/rng.h"

#define KEY_BYTES 32
#define MAC_BYTES 32
#define SECRET_BYTES 30 /* 40 characters, as AWS's have */
#define NAME_LETTERS 16

static str letters_of(struct arena *arena, const unsigned char *bytes, size_t count)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    char *out = arena_alloc(arena, count);
    for (size_t i = 0; i < count; i++)
        out[i] = letters[bytes[i] % 32];
    return str_from(out, count);
}

static struct digest_value mac_of(struct arena *arena, uint64_t seed, const char *use, str text)
{
    unsigned char key[KEY_BYTES];
    rng_bytes(&(struct rng_key){ .seed = seed, .purpose = RNG_SESSION, .name = str_of(use) }, key,
              sizeof key);
    return digest_hmac_sha256(str_copy(arena, str_from((const char *) key, sizeof key)), text);
}

static str prefix_of(bool global)
{
    return global ? STR(CREDENTIALS_TOKEN_GLOBAL) : STR(CREDENTIALS_TOKEN);
}

static str covered(struct arena *arena, const struct session *session)
{
    return str_format(arena, "%.*s\n%lld\n%.*s\n%.*s\n%.*s", STR_ARG(prefix_of(session->global)),
                      (long long) session->expires.ns, STR_ARG(session->access_key),
                      STR_ARG(session->account), STR_ARG(session->arn));
}

static str secret_of(struct arena *arena, uint64_t seed, str text)
{
    struct digest_value mac = mac_of(arena, seed, "secret", text);
    return encode_base64(arena, mac.bytes, SECRET_BYTES);
}

void session_issue(struct arena *arena, uint64_t seed, uint64_t ordinal, struct session *session)
{
    unsigned char draw[NAME_LETTERS];
    rng_bytes(
        &(struct rng_key){
            .seed = seed, .purpose = RNG_SESSION, .name = session->arn, .ordinal = ordinal },
        draw, sizeof draw);
    session->access_key =
        str_format(arena, "ASIA%.*s", STR_ARG(letters_of(arena, draw, sizeof draw)));
    str text = covered(arena, session);
    struct digest_value mac = mac_of(arena, seed, "token", text);
    char *whole = arena_alloc_raw(arena, MAC_BYTES + text.size);
    memcpy(whole, mac.bytes, MAC_BYTES);
    memcpy(whole + MAC_BYTES, text.ptr, text.size);
    session->secret = secret_of(arena, seed, text);
    session->token = str_format(arena, "%.*s%.*s", STR_ARG(prefix_of(session->global)),
                                STR_ARG(encode_base64(arena, whole, MAC_BYTES + text.size)));
}

bool session_read(struct arena *arena, uint64_t seed, str token, struct session *out)
{
    str bytes, prefix, number, rest;
    const size_t prefix_size = strlen(CREDENTIALS_TOKEN);
    *out = (struct session){ .token = token, .global = str_starts(token, prefix_of(true)) };
    if (!str_starts(token, prefix_of(out->global)) ||
        !decode_base64(arena, str_skip(token, prefix_size), &bytes) || bytes.size <= MAC_BYTES)
        return false;
    str text = str_skip(bytes, MAC_BYTES);
    struct digest_value mac = mac_of(arena, seed, "token", text);
    out->secret = secret_of(arena, seed, text);
    return digest_equal_constant_time(mac.bytes, bytes.ptr, MAC_BYTES) &&
           str_cut(text, '\n', &prefix, &rest) && str_eq(prefix, prefix_of(out->global)) &&
           str_cut(rest, '\n', &number, &rest) && str_to_i64(number, &out->expires.ns) &&
           str_cut(rest, '\n', &out->access_key, &rest) &&
           str_cut(rest, '\n', &out->account, &out->arn);
}

void session_remember(struct credentials *credentials, const struct session *session)
{
    credentials_add(credentials, session->access_key, session->secret, session->account, false);
    credentials_set_arn(credentials, session->access_key, session->arn);
    credentials_set_session(credentials, session->access_key, session->token, session->expires);
}
