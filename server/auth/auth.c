/* The authenticate step: what the request claims, whether the mode believes it, and the refusals in
 * AWS's words. The order of the checks:
 *
 *   form of the claim -> access key -> time -> headers left unsigned -> payload hash -> signature
 *
 * so a request is refused for its cheapest fault, and nothing is hashed for an unknown key.
 */
#include "server/auth/auth.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/limits.h"
#include "server/auth/auth_stream.h"
#include "server/auth/canonical.h"
#include "server/auth/claim.h"
#include "server/auth/credentials.h"
#include "server/auth/host_alias.h"
#include "server/auth/mismatch.h"
#include "server/auth/session.h"
#include "server/auth/sigv2.h"
#include "server/operations.h"
#include "server/world.h"

/* Above it the hexadecimal copy of a canonical request is left out of the refusal. */
#define MOST_BYTES_QUOTED 8192

#define NO_SUCH_KEY "The AWS Access Key Id you provided does not exist in our records."
#define USE_SIGV4                                                                                  \
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."

/* The service a credential must be scoped to; empty: this address asks for no signature. */
static str service_of(enum address_kind kind)
{
    switch (kind) {
    case ADDRESS_S3:
    case ADDRESS_MRAP:
    case ADDRESS_CONTROL:
        return STR("s3");
    case ADDRESS_STS:
        return STR("sts");
    case ADDRESS_IAM:
        return STR("iam");
    case ADDRESS_CLOUDWATCH:
        return STR("monitoring");
    case ADDRESS_NONE:
    case ADDRESS_ADMIN:
    case ADDRESS_OTHER_AWS:
    case ADDRESS_STRANGER:
        break;
    }
    return STR("");
}

static bool is_s3(const struct request *rq)
{
    return str_is(service_of(rq->address.kind), "s3");
}

/* Presigned requests may carry it in the query, as the JS SDK does, or not at all. */
static str payload_hash_of(const struct request *rq, const struct claim *claim)
{
    str header = str_trim(request_get_header(rq, "x-amz-content-sha256"));
    if (!claim->presigned || (header.size > 0 && claim_signs(claim, STR("x-amz-content-sha256"))))
        return header.size > 0 ? header : STR("");
    str in_query = fields_get(&rq->query, "X-Amz-Content-Sha256");
    if (in_query.size > 0)
        return in_query;
    return is_s3(rq) ? STR("UNSIGNED-PAYLOAD") : STR("");
}

static bool is_account(str text)
{
    uint64_t number;
    return text.size == 12 && str_to_u64(text, &number);
}

/* Who acts when the claim is taken at its word: the key's owner, or for a key of 12 digits the
 * account of that number, or the default account. */
static void identify(struct request *rq, const struct claim *claim,
                     const struct credential *credential)
{
    struct identity *who = &rq->who;
    who->account = credential && credential->account.size > 0 ? credential->account
                   : is_account(claim->access_key)            ? claim->access_key
                                                              : rq->world->settings->account;
    if (credential && credential->arn.size > 0)
        who->arn = credential->arn;
    else if (claim->access_key.size > 0)
        who->arn = str_format(rq->arena, "arn:aws:iam::%.*s:user/%.*s", STR_ARG(who->account),
                              STR_ARG(claim->access_key));
    else
        who->arn = str_format(rq->arena, "arn:aws:iam::%.*s:root", STR_ARG(who->account));
}

static void note_claim(struct request *rq, const struct claim *claim)
{
    rq->who = (struct identity){
        .algorithm = claim->algorithm,
        .presigned = claim->presigned,
        .anonymous = claim->algorithm == AUTH_NONE && claim->code == S3_OK,
        .access_key = claim->access_key,
        .scope_date = claim->date,
        .scope_region = claim->region,
        .scope_service = claim->service,
        .region_set = claim->algorithm == AUTH_SIGV4A ? claim->region_set : STR_NONE,
        .payload_hash = payload_hash_of(rq, claim),
    };
}

static enum s3_code refuse_claim(struct request *rq, const struct claim *claim)
{
    if (claim->message.size > 0)
        request_message(rq, "%.*s", STR_ARG(claim->message));
    if (claim->argument.size > 0 || str_is_set(claim->argument_name)) {
        request_extra(rq, "ArgumentName",
                      str_is_set(claim->argument_name) ? claim->argument_name
                                                       : STR("Authorization"));
        request_extra(rq, "ArgumentValue", claim->argument);
    }
    return claim->code;
}

static enum s3_code refuse_key(struct request *rq, const struct claim *claim)
{
    request_message(rq, NO_SUCH_KEY);
    request_extra(rq, "AWSAccessKeyId", claim->access_key);
    return S3_InvalidAccessKeyId;
}

/* Whole seconds: "2026-01-02T03:04:05Z". */
static str seconds_text(struct arena *arena, instant at)
{
    str text = instant_iso8601(arena, at);
    return str_format(arena, "%.*sZ", STR_ARG(str_first(text, str_find_char(text, '.'))));
}

/* Expiry is a fact of the URL, not of the secret, so unknown keys are held to it too. */
static enum s3_code check_presigned_time(struct request *rq, const struct claim *claim,
                                         duration skew)
{
    bool sigv2 = claim->algorithm == AUTH_SIGV2;
    instant ends = sigv2 ? claim->time : instant_add(claim->time, DURATION_S(claim->expires_s));
    if (!sigv2 && instant_before(instant_add(rq->received_wall, skew), claim->time)) {
        request_message(rq, "Request is not valid yet");
        return S3_AccessDenied;
    }
    if (!instant_before(ends, rq->received_wall))
        return S3_OK;
    request_message(rq, "Request has expired");
    if (!sigv2)
        request_extra(rq, "X-Amz-Expires",
                      str_format(rq->arena, "%llu", (unsigned long long) claim->expires_s));
    request_extra(rq, "Expires", seconds_text(rq->arena, ends));
    request_extra(rq, "ServerTime", seconds_text(rq->arena, rq->received_wall));
    return S3_AccessDenied;
}

static enum s3_code check_header_time(struct request *rq, const struct claim *claim, duration skew)
{
    instant earliest = { rq->received_wall.ns - skew.ns };
    if (!instant_before(claim->time, earliest) &&
        !instant_before(instant_add(rq->received_wall, skew), claim->time))
        return S3_OK;
    request_extra(rq, "RequestTime",
                  claim->time_text.size > 0 ? claim->time_text
                                            : str_trim(request_get_header(rq, "x-amz-date")));
    request_extra(rq, "ServerTime", seconds_text(rq->arena, rq->received_wall));
    request_extra(rq, "MaxAllowedSkewMilliseconds",
                  str_format(rq->arena, "%lld", (long long) (skew.ns / 1000000)));
    return S3_RequestTimeTooSkewed;
}

/* Wall time, because clients sign with theirs. A negative skew switches all of it off: that is how
 * recorded requests are replayed. */
static enum s3_code check_time(struct request *rq, const struct claim *claim, bool known)
{
    duration skew = rq->world->settings->signature_skew;
    if (skew.ns < 0)
        return S3_OK;
    if (skew.ns == 0)
        skew = DURATION_S(LIMIT_SKEW_S);
    if (claim->presigned)
        return check_presigned_time(rq, claim, skew);
    return known ? check_header_time(rq, claim, skew) : S3_OK;
}

/* AWS: "The CanonicalHeaders list must include the HTTP host header [and] any x-amz-* headers that
 * you plan to include in your request." */
static enum s3_code check_headers_signed(struct request *rq, const struct claim *claim)
{
    struct buf names;
    buf_init_arena(&names, rq->arena, LIMIT_HEADER_BYTES);
    for (size_t i = 0; i < rq->headers.count; i++) {
        str name = rq->headers.at[i].name;
        if (!str_starts_nocase(name, STR("x-amz-")) && !str_eq_nocase(name, STR("host")))
            continue;
        /* Presigned for whatever body comes; recorded on AWS: never asked for then. */
        bool moot = claim->presigned && str_eq_nocase(name, STR("x-amz-content-sha256"));
        if (moot || claim_signs(claim, name))
            continue;
        if (names.size > 0)
            buf_add(&names, STR(", "));
        buf_add(&names, str_lower(rq->arena, name));
    }
    if (names.size == 0)
        return S3_OK;
    request_message(rq, "There were headers present in the request which were not signed");
    request_extra(rq, "HeadersNotSigned", buf_str(&names));
    return S3_AccessDenied;
}

/* "41 57 53 34": AWS shows texts byte by byte too, since blanks and line ends hide. */
static str bytes_text(struct arena *arena, str text)
{
    static const char digits[] = "0123456789abcdef";
    if (text.size == 0)
        return STR("");
    char *out = arena_alloc_raw(arena, text.size * 3);
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char) text.ptr[i];
        out[3 * i] = digits[byte >> 4];
        out[3 * i + 1] = digits[byte & 15];
        out[3 * i + 2] = ' ';
    }
    return str_from(out, text.size * 3 - 1);
}

/* canonical: unset for Version 2 and for forms, which have none. */
static enum s3_code refuse_signature(struct request *rq, const struct claim *claim, str canonical,
                                     str string_to_sign)
{
    request_extra(rq, "AWSAccessKeyId", claim->access_key);
    request_extra(rq, "StringToSign", string_to_sign);
    request_extra(rq, "SignatureProvided", claim->signature);
    request_extra(rq, "StringToSignBytes", bytes_text(rq->arena, string_to_sign));
    if (!str_is_set(canonical))
        return S3_SignatureDoesNotMatch; /* the string to sign says it all */
    request_extra(rq, "CanonicalRequest", canonical);
    if (canonical.size <= MOST_BYTES_QUOTED)
        request_extra(rq, "CanonicalRequestBytes", bytes_text(rq->arena, canonical));
    return S3_SignatureDoesNotMatch;
}

static bool is_signed_stream(str payload_hash)
{
    return str_starts(payload_hash, STR("STREAMING-AWS4-"));
}

static bool accepts(struct request *rq, const struct claim *claim, const struct verifier *verifier,
                    str canonical)
{
    return verifier_accepts(verifier, canonical_string_to_sign(rq->arena, claim, canonical),
                            claim->signature);
}

/* A proxy, a container network or a tunnel changed the host between client and server: the client
 * signed the name that it knows (--host-alias). */
static bool accepted_for_alias(struct request *rq, const struct claim *claim, str payload_hash,
                               const struct verifier *verifier)
{
    const struct settings *settings = rq->world->settings;
    str arrived = request_get_header(rq, "Host"), host = STR_NONE;
    bool accepted = false;
    for (size_t i = 0; i < 2 * settings->host_alias_count && !accepted; i++) {
        host = host_alias_signed(rq->arena, settings->host_aliases[i / 2], arrived, i % 2 == 1);
        if (host.size == 0)
            continue;
        fields_set(rq->arena, &rq->headers, STR("Host"), host);
        str canonical = canonical_request(rq, claim, payload_hash);
        accepted = canonical.size > 0 && accepts(rq, claim, verifier, canonical);
    }
    if (host.size > 0)
        fields_set(rq->arena, &rq->headers, STR("Host"), arrived);
    return accepted;
}

static enum s3_code check_signature(struct request *rq, const struct claim *claim, str payload_hash)
{
    struct verifier verifier;
    if (!credentials_verifier(rq->world->credentials, rq->arena, claim, &verifier))
        return refuse_key(rq, claim);
    str canonical = canonical_request(rq, claim, payload_hash);
    bool accepted = canonical.size > 0 && accepts(rq, claim, &verifier, canonical);
    if (!accepted && canonical.size > 0)
        accepted = accepts(rq, claim, &verifier, canonical_of_decoded_path(rq->arena, canonical));
    if (!accepted && !accepted_for_alias(rq, claim, payload_hash, &verifier)) {
        rq->mismatch = mismatch_find(rq, claim, &verifier, canonical);
        return refuse_signature(rq, claim, canonical,
                                canonical_string_to_sign(rq->arena, claim, canonical));
    }
    rq->who.verified = true;
    if (is_signed_stream(payload_hash))
        rq->who.stream = auth_stream_new(rq->arena, claim, &verifier);
    return S3_OK;
}

static str sha256_text(struct arena *arena, str bytes)
{
    struct digest_value digest = digest_of(DIGEST_SHA256, bytes.ptr, bytes.size);
    return encode_hex(arena, digest.bytes, digest.size);
}

static enum s3_code check_sigv2(struct request *rq, const struct claim *claim)
{
    str string_to_sign = sigv2_string_to_sign(rq, claim);
    rq->who.verified =
        string_to_sign.size > 0 &&
        credentials_accept_sigv2(rq->world->credentials, rq->arena, claim, string_to_sign);
    if (rq->who.verified)
        return S3_OK;
    rq->mismatch = mismatch_find_plain(rq, claim, string_to_sign);
    return refuse_signature(rq, claim, STR_NONE, string_to_sign);
}

/* The key is known: everything is checked, the signature last. */
static enum s3_code check_known(struct request *rq, const struct claim *claim)
{
    enum s3_code code = check_time(rq, claim, true);
    if (code == S3_OK && claim->algorithm == AUTH_SIGV2)
        return check_sigv2(rq, claim);
    if (code == S3_OK)
        code = check_headers_signed(rq, claim);
    if (code != S3_OK)
        return code;
    if (rq->who.payload_hash.size > 0)
        return check_signature(rq, claim, rq->who.payload_hash);
    if (is_s3(rq)) {
        request_message(rq, "Missing required header for this request: x-amz-content-sha256");
        return S3_InvalidRequest;
    }
    if (rq->has_body)
        return S3_OK; /* auth_finish goes on */
    return check_signature(rq, claim, sha256_text(rq->arena, STR("")));
}

static str token_of(const struct request *rq)
{
    str token = request_get_header(rq, "x-amz-security-token");
    return str_trim(str_is_set(token) ? token : fields_get(&rq->query, "X-Amz-Security-Token"));
}

/* A session is known by its token, even to a process that did not issue it. */
static void recall_session(struct request *rq, const struct claim *claim, str token)
{
    struct session session;
    if (session_read(rq->arena, rq->world->seed, token, &session) &&
        str_eq(session.access_key, claim->access_key))
        session_remember(rq->world->credentials, &session);
}

/* Whether the mode counts this key among the known ones. */
static bool find_known(struct request *rq, const struct claim *claim, str token,
                       struct credential *credential)
{
    struct credentials *table = rq->world->credentials;
    bool found = credentials_find(table, rq->arena, claim->access_key, credential);
    if (token.size > 0 &&
        !(found && (credential->from_config || str_eq(credential->session_token, token)))) {
        recall_session(rq, claim, token);
        found = credentials_find(table, rq->arena, claim->access_key, credential);
    }
    return found && (credential->from_config || credential->session_token.size > 0 ||
                     rq->world->settings->auth != AUTH_MODE_STRICT);
}

/* A session's key is worth nothing without the token it was issued with. A token beside a lasting
 * key is ignored: the configuration may know a key that AWS made for a session. */
static enum s3_code check_token(struct request *rq, const struct credential *credential, str token)
{
    if (credential->session_token.size == 0)
        return S3_OK;
    if (token.size != credential->session_token.size ||
        !digest_equal_constant_time(token.ptr, credential->session_token.ptr, token.size)) {
        request_extra(rq, "Token-0", token);
        return S3_InvalidToken;
    }
    if (instant_before(rq->received_wall, credential->expires))
        return S3_OK;
    request_extra(rq, "Token-0", token);
    return S3_ExpiredToken;
}

/* An access point spans Regions, and tokens of the global STS endpoint do not: seen on AWS as a 500
 * that says nothing. */
static enum s3_code check_reach(struct request *rq, const struct credential *credential)
{
    if (rq->address.kind != ADDRESS_MRAP || !rq->world->settings->strict ||
        !str_starts(credential->session_token, STR(CREDENTIALS_TOKEN_GLOBAL)))
        return S3_OK;
    rq->bare = true;
    return S3_InternalError;
}

/* Nobody can say whether the signature is right. */
static enum s3_code check_unknown(struct request *rq, const struct claim *claim)
{
    if (rq->world->settings->auth == AUTH_MODE_STRICT)
        return refuse_key(rq, claim);
    identify(rq, claim, NULL);
    request_mark(rq, "unknown-key", "InvalidAccessKeyId: " NO_SUCH_KEY);
    return S3_OK;
}

static enum s3_code check_signed(struct request *rq, const struct claim *claim)
{
    struct credential credential;
    enum s3_code code;
    str token = token_of(rq);
    if (find_known(rq, claim, token, &credential)) {
        identify(rq, claim, &credential);
        code = check_token(rq, &credential, token);
        if (code == S3_OK)
            code = check_reach(rq, &credential);
        return code == S3_OK ? check_known(rq, claim) : code;
    }
    code = check_unknown(rq, claim);
    return code == S3_OK ? check_time(rq, claim, false) : code;
}

/* A browser never signs its CORS preflight (a presigned target is signed for what comes after it),
 * and AWS asks for nothing there (Fetch standard, "CORS-preflight request": no credentials). */
static bool is_preflight(const struct request *rq)
{
    return str_is(rq->method, "OPTIONS");
}

static enum s3_code check_unsigned(struct request *rq, const struct claim *claim)
{
    if (is_preflight(rq)) {
        identify(rq, claim, NULL);
        return S3_OK;
    }
    if (rq->world->settings->auth == AUTH_MODE_STRICT) /* nobody: policies and ACLs may allow it */
        return rq->address.kind == ADDRESS_S3 ? S3_OK : S3_AccessDenied;
    identify(rq, claim, NULL);
    request_mark(rq, "unsigned", "AccessDenied: Access Denied");
    return S3_OK;
}

/* Mode off: who it says it is, and no questions. */
static enum s3_code believe(struct request *rq, const struct claim *claim, str token)
{
    struct credential credential;
    bool known = find_known(rq, claim, token, &credential);
    identify(rq, claim, known ? &credential : NULL);
    return S3_OK;
}

static enum s3_code check_claim(struct request *rq, const struct claim *claim)
{
    if (rq->world->settings->auth == AUTH_MODE_OFF || rq->inside)
        return believe(rq, claim, token_of(rq));
    if (is_preflight(rq))
        return check_unsigned(rq, claim);
    if (claim->code != S3_OK)
        return refuse_claim(rq, claim);
    if (claim->algorithm == AUTH_NONE)
        return check_unsigned(rq, claim);
    /* Version 2 never reached S3 Control nor an access point of either kind (S3 User Guide, "Access
     * points restrictions and limitations"). */
    bool knows_sigv2 = rq->address.alias_as_bucket ||
                       (rq->address.kind == ADDRESS_S3 && !rq->address.access_point);
    if (claim->algorithm == AUTH_SIGV2 && !knows_sigv2) {
        request_message(rq, USE_SIGV4);
        return S3_InvalidRequest;
    }
    return check_signed(rq, claim);
}

/* Checksums are ignored: JS signs the checksum of nothing (clients.md 4.3). */
static bool is_header_in_query(const struct request *rq, str name)
{
    static const char *const conditions[] = { "if-match", "if-none-match", "if-modified-since",
                                              "if-unmodified-since" };
    for (size_t i = 0; i < COUNT(conditions); i++)
        if (str_eq_nocase(name, str_of(conditions[i])))
            return true;
    if (str_starts_nocase(name, STR("x-amz-")))
        return !str_starts_nocase(name, STR("x-amz-checksum-")) &&
               !str_starts_nocase(name, STR("x-amz-sdk-"));
    return rq->who.algorithm == AUTH_SIGV2 && str_is(name, "content-type");
}

/* Whoever presigns may put headers into the query, where S3 reads them as if they had been sent:
 * JS does it with every x-amz-*, Java with the conditions, boto3's Version 2 with Content-Type. */
static void use_parameters_as_headers(struct request *rq)
{
    static const char *const own[] = { "x-amz-algorithm",      "x-amz-credential",
                                       "x-amz-date",           "x-amz-expires",
                                       "x-amz-signedheaders",  "x-amz-signature",
                                       "x-amz-content-sha256", "x-amz-security-token",
                                       "x-amz-region-set" };
    for (size_t i = 0; i < rq->query.count; i++) {
        str name = rq->query.at[i].name;
        bool taken = is_header_in_query(rq, name);
        for (size_t j = 0; j < COUNT(own); j++)
            taken = taken && !str_eq_nocase(name, str_of(own[j]));
        if (taken && !str_is_set(fields_get(&rq->headers, str_c(rq->arena, name))))
            fields_add(rq->arena, &rq->headers, name, rq->query.at[i].value);
    }
}

enum s3_code auth_check(struct request *rq)
{
    str service = service_of(rq->address.kind);
    if (service.size == 0)
        return S3_OK;
    struct claim claim = claim_read(rq, service);
    note_claim(rq, &claim);
    rq->who.awaited = rq->who.anonymous && rq->op && (rq->op->flags & OP_FORM);
    if (rq->who.awaited)
        return S3_OK;
    enum s3_code code = check_claim(rq, &claim);
    if (code == S3_OK && claim.presigned)
        use_parameters_as_headers(rq);
    return code;
}

/* Only the policy is signed, so neither time nor headers are judged here: the policy speaks of
 * both (AWS: "Authenticating requests: browser-based uploads using POST"). */
static enum s3_code check_form(struct request *rq, const struct claim *claim,
                               const struct fields *form)
{
    struct credential credential;
    struct verifier verifier;
    str policy = fields_get(form, "policy");
    str token = fields_get(form, "x-amz-security-token");
    if (!find_known(rq, claim, token, &credential))
        return check_unknown(rq, claim);
    identify(rq, claim, &credential);
    enum s3_code code = check_token(rq, &credential, token);
    if (code != S3_OK)
        return code;
    if (claim->algorithm == AUTH_SIGV2)
        rq->who.verified =
            credentials_accept_sigv2(rq->world->credentials, rq->arena, claim, policy);
    else
        rq->who.verified =
            credentials_verifier(rq->world->credentials, rq->arena, claim, &verifier) &&
            verifier_accepts(&verifier, policy, claim->signature);
    if (rq->who.verified)
        return S3_OK;
    rq->mismatch = mismatch_find_plain(rq, claim, policy);
    return refuse_signature(rq, claim, STR_NONE, policy);
}

enum s3_code auth_check_form(struct request *rq, const struct fields *form)
{
    struct claim claim = claim_read_form(rq->arena, form, service_of(rq->address.kind));
    note_claim(rq, &claim);
    if (rq->world->settings->auth == AUTH_MODE_OFF)
        return believe(rq, &claim, fields_get(form, "x-amz-security-token"));
    if (claim.code != S3_OK)
        return refuse_claim(rq, &claim);
    return claim.algorithm == AUTH_NONE ? check_unsigned(rq, &claim) : check_form(rq, &claim, form);
}

enum s3_code auth_finish(struct request *rq, str body)
{
    str service = service_of(rq->address.kind);
    bool awaited = (rq->who.algorithm == AUTH_SIGV4 || rq->who.algorithm == AUTH_SIGV4A) &&
                   !rq->who.verified && rq->who.payload_hash.size == 0 && service.size > 0 &&
                   !is_s3(rq) && rq->world->settings->auth != AUTH_MODE_OFF;
    if (!awaited)
        return S3_OK;
    struct claim claim = claim_read(rq, service);
    struct credential credential;
    if (!find_known(rq, &claim, token_of(rq), &credential))
        return S3_OK; /* accepted as an unknown key by auth_check */
    return check_signature(rq, &claim, sha256_text(rq->arena, body));
}
