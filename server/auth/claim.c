/* Reading what a request claims about its signature. Lenient in what does not matter (blanks after
 * commas: s3cmd writes none; order of the components), exact in what does. The sentences are AWS's.
 */
#include "server/auth/claim.h"

#include "base/arena.h"
#include "base/limits.h"

#define SIGV4_NAME "AWS4-HMAC-SHA256"
#define SIGV4A_NAME "AWS4-ECDSA-P256-SHA256"

str claim_algorithm_name(enum auth_algorithm algorithm)
{
    switch (algorithm) {
    case AUTH_SIGV4:
        return STR(SIGV4_NAME);
    case AUTH_SIGV4A:
        return STR(SIGV4A_NAME);
    case AUTH_NONE:
    case AUTH_SIGV2:
        break;
    }
    return STR("");
}

bool claim_signs(const struct claim *claim, str name)
{
    str rest = claim->signed_headers;
    str piece;
    while (str_next(&rest, ';', &piece))
        if (str_eq_nocase(piece, name))
            return true;
    return false;
}

static enum auth_algorithm algorithm_of(str name)
{
    if (str_is(name, SIGV4_NAME))
        return AUTH_SIGV4;
    return str_is(name, SIGV4A_NAME) ? AUTH_SIGV4A : AUTH_NONE;
}

/* Only the first refusal counts. */
static void refuse(struct claim *claim, enum s3_code code, str message)
{
    if (claim->code != S3_OK)
        return;
    claim->code = code;
    claim->message = message;
}

/* The same faults have one code and prefix in the header and another in the query. */
static void refuse_malformed(struct arena *arena, struct claim *claim, str what)
{
    if (claim->presigned)
        refuse(
            claim, S3_AuthorizationQueryParametersError,
            str_format(arena, "Error parsing the X-Amz-Credential parameter; %.*s", STR_ARG(what)));
    else
        refuse(claim, S3_AuthorizationHeaderMalformed,
               str_format(arena, "The authorization header is malformed; %.*s", STR_ARG(what)));
}

/* SigV4A's scope has no Region: one signature is good in every Region of its set. */
static bool split_credential(struct claim *claim, str credential)
{
    str parts[5] = { { NULL, 0 } };
    size_t count = 0;
    size_t expected = claim->algorithm == AUTH_SIGV4A ? 4 : 5;
    str rest = credential;
    str piece;
    while (str_next(&rest, '/', &piece)) {
        if (count == expected)
            return false;
        parts[count++] = piece;
    }
    if (count > 0)
        claim->access_key = parts[0];
    if (count != expected || credential.size > CLAIM_CREDENTIAL_BYTES)
        return false;
    claim->scope = str_skip(credential, parts[0].size + 1);
    claim->date = parts[1];
    if (claim->algorithm == AUTH_SIGV4)
        claim->region = parts[2];
    claim->service = parts[count - 2];
    claim->terminator = parts[count - 1];
    return true;
}

static bool is_date(str date)
{
    instant at;
    char text[] = "00000000T000000Z";
    if (date.size != 8)
        return false;
    memcpy(text, date.ptr, 8);
    return instant_parse_amz(str_of(text), &at);
}

static void read_credential(struct arena *arena, struct claim *claim, str credential, str service)
{
    if (!split_credential(claim, credential)) {
        refuse_malformed(arena, claim,
                         claim->algorithm == AUTH_SIGV4A
                             ? STR("the Credential is mal-formed; expecting "
                                   "\"<YOUR-AKID>/YYYYMMDD/SERVICE/aws4_request\".")
                             : STR("the Credential is mal-formed; expecting "
                                   "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."));
        return;
    }
    if (claim->access_key.size == 0)
        refuse_malformed(arena, claim,
                         STR("a non-empty Access Key (AKID) must be provided in the credential."));
    if (!is_date(claim->date))
        refuse_malformed(arena, claim,
                         str_format(arena,
                                    "incorrect date format \"%.*s\". This date in the credential "
                                    "must be in the format \"yyyyMMdd\".",
                                    STR_ARG(claim->date)));
    if (!str_eq(claim->service, service))
        refuse_malformed(
            arena, claim,
            str_format(arena, "incorrect service \"%.*s\". This endpoint belongs to \"%.*s\".",
                       STR_ARG(claim->service), STR_ARG(service)));
    if (!str_is(claim->terminator, "aws4_request"))
        refuse_malformed(
            arena, claim,
            str_format(arena, "incorrect terminal \"%.*s\". This endpoint uses \"aws4_request\".",
                       STR_ARG(claim->terminator)));
}

static void check_signed_headers(struct arena *arena, struct claim *claim)
{
    size_t count = 1;
    for (size_t i = 0; i < claim->signed_headers.size; i++)
        count += claim->signed_headers.ptr[i] == ';';
    if (count > LIMIT_HEADER_COUNT)
        refuse_malformed(arena, claim, STR("SignedHeaders names too many headers."));
}

/* The credential's day must be that of the request. */
static void check_day(struct arena *arena, struct claim *claim)
{
    if (claim->code != S3_OK || str_eq(claim->date, str_first(claim->time_text, 8)))
        return;
    str what = str_format(arena,
                          "Invalid credential date \"%.*s\". This date is not the same as "
                          "X-Amz-Date: \"%.*s\".",
                          STR_ARG(claim->date), STR_ARG(str_first(claim->time_text, 8)));
    if (claim->presigned)
        refuse(claim, S3_AuthorizationQueryParametersError, what);
    else
        refuse_malformed(arena, claim, what);
}

/* x-amz-date, or else Date: SigV4 allows it, and curl users write it. */
static void read_header_time(const struct request *rq, struct claim *claim)
{
    str text = request_get_header(rq, "x-amz-date");
    if (str_is_set(text)) {
        text = str_trim(text);
        if (instant_parse_amz(text, &claim->time)) {
            claim->time_text = text;
            return;
        }
    } else {
        text = str_trim(request_get_header(rq, "Date"));
        if (instant_parse_amz(text, &claim->time) || instant_parse_http(text, &claim->time)) {
            claim->time_text = instant_amz(rq->arena, claim->time);
            return;
        }
    }
    refuse(claim, S3_AccessDenied,
           STR("AWS authentication requires a valid Date or x-amz-date header"));
}

struct components {
    str credential, signed_headers, signature;
};

static str *component_of(struct components *components, str name)
{
    if (str_is(name, "Credential"))
        return &components->credential;
    if (str_is(name, "SignedHeaders"))
        return &components->signed_headers;
    return str_is(name, "Signature") ? &components->signature : NULL;
}

static void read_components(struct arena *arena, struct claim *claim, str rest,
                            struct components *components)
{
    str piece;
    while (str_next(&rest, ',', &piece)) {
        str name, value;
        piece = str_trim(piece);
        bool whole = str_cut(piece, '=', &name, &value);
        str *component = whole ? component_of(components, name) : NULL;
        if (component == NULL || str_is_set(*component)) {
            refuse_malformed(arena, claim,
                             str_format(arena, "the authorization component \"%.*s\" is malformed.",
                                        STR_ARG(str_first(piece, 128))));
            continue;
        }
        *component = value;
    }
    if (components->credential.size == 0)
        refuse_malformed(arena, claim, STR("missing Credential."));
    if (components->signed_headers.size == 0)
        refuse_malformed(arena, claim, STR("missing SignedHeaders."));
    if (components->signature.size == 0)
        refuse_malformed(arena, claim, STR("missing Signature."));
}

static void read_sigv4_header(const struct request *rq, struct claim *claim, str rest, str service)
{
    struct components components = { .credential = STR_NONE };
    read_components(rq->arena, claim, rest, &components);
    claim->signed_headers = components.signed_headers;
    claim->signature = components.signature;
    claim->region_set = str_trim(request_get_header(rq, "x-amz-region-set"));
    if (components.credential.size > 0)
        read_credential(rq->arena, claim, components.credential, service);
    check_signed_headers(rq->arena, claim);
    read_header_time(rq, claim);
    check_day(rq->arena, claim);
}

/* x-amz-date stands among the x-amz-* lines; the Date line is then empty. */
static void read_sigv2_time(const struct request *rq, struct claim *claim)
{
    str text = str_trim(request_get_header(rq, "x-amz-date"));
    claim->time_text = STR("");
    if (text.size == 0)
        claim->time_text = text = str_trim(request_get_header(rq, "Date"));
    if (!instant_parse_http(text, &claim->time) && !instant_parse_amz(text, &claim->time) &&
        !instant_parse_iso8601(text, &claim->time))
        refuse(claim, S3_AccessDenied,
               STR("AWS authentication requires a valid Date or x-amz-date header"));
}

/* "AWS AKID:signature" */
static void read_sigv2_header(const struct request *rq, struct claim *claim, str rest)
{
    str signature;
    claim->algorithm = AUTH_SIGV2;
    if (!str_cut(str_trim(rest), ':', &claim->access_key, &signature) ||
        claim->access_key.size == 0 || signature.size == 0) {
        refuse(claim, S3_InvalidArgument,
               STR("AWS authorization header is invalid.  Expected AwsAccessKeyId:signature"));
        claim->argument = STR("AWS");
    }
    claim->signature = signature;
    read_sigv2_time(rq, claim);
}

/* Expires counts seconds since 1970. */
static void read_sigv2_query(const struct request *rq, struct claim *claim)
{
    uint64_t seconds;
    claim->algorithm = AUTH_SIGV2;
    claim->presigned = true;
    claim->access_key = request_query(rq, "AWSAccessKeyId");
    claim->signature = request_query(rq, "Signature");
    claim->time_text = request_query(rq, "Expires");
    if (claim->access_key.size == 0 || claim->signature.size == 0 || claim->time_text.size == 0)
        refuse(claim, S3_AccessDenied,
               STR("Query-string authentication requires the Signature, Expires and "
                   "AWSAccessKeyId parameters"));
    else if (!str_to_u64(claim->time_text, &seconds) || seconds > INT64_MAX / 1000000000)
        refuse(claim, S3_AccessDenied,
               str_format(rq->arena, "Invalid date (should be seconds since epoch): %.*s",
                          STR_ARG(str_first(claim->time_text, 128))));
    else
        claim->time = (instant){ (int64_t) seconds * 1000000000 };
}

static void read_header(const struct request *rq, struct claim *claim, str header, str service)
{
    str scheme, rest;
    (void) str_cut(str_trim(header), ' ', &scheme, &rest);
    claim->algorithm = algorithm_of(scheme);
    if (claim->algorithm != AUTH_NONE)
        read_sigv4_header(rq, claim, rest, service);
    else if (str_is(scheme, "AWS"))
        read_sigv2_header(rq, claim, rest);
    else if (str_starts(scheme, STR("AWS4-")))
        refuse(claim, S3_InvalidRequest,
               STR("The authorization mechanism you have provided is not supported. Please use "
                   "AWS4-HMAC-SHA256."));
    else {
        /* AWS quotes the whole header; a password of Basic has no business in an answer. */
        refuse(claim, S3_InvalidArgument, STR("Unsupported Authorization Type"));
        claim->argument = scheme;
    }
}

static void read_expires(struct claim *claim, str text)
{
    const enum s3_code code = S3_AuthorizationQueryParametersError;
    int64_t seconds;
    if (!str_to_i64(text, &seconds))
        refuse(claim, code, STR("X-Amz-Expires should be a number"));
    else if (seconds < 0) /* over before it began; 403, as ceph/s3-tests has it */
        refuse(claim, S3_AccessDenied, STR("Request has expired"));
    else if (seconds > LIMIT_PRESIGN_S)
        refuse(claim, code,
               STR("X-Amz-Expires must be less than a week (in seconds); that is, the given "
                   "X-Amz-Expires must be less than 604800 seconds"));
    else
        claim->expires_s = (uint64_t) seconds;
}

static void read_sigv4_query(const struct request *rq, struct claim *claim, str service)
{
    const enum s3_code code = S3_AuthorizationQueryParametersError;
    str algorithm = request_query(rq, "X-Amz-Algorithm");
    str credential = request_query(rq, "X-Amz-Credential");
    str expires = request_query(rq, "X-Amz-Expires");
    claim->presigned = true;
    claim->algorithm = algorithm_of(algorithm);
    claim->signature = request_query(rq, "X-Amz-Signature");
    claim->signed_headers = request_query(rq, "X-Amz-SignedHeaders");
    claim->time_text = request_query(rq, "X-Amz-Date");
    claim->region_set = request_query(rq, "X-Amz-Region-Set");

    if (algorithm.size == 0 || credential.size == 0 || expires.size == 0 ||
        claim->signature.size == 0 || claim->signed_headers.size == 0 || claim->time_text.size == 0)
        refuse(claim, code, STR_NONE); /* the table's message lists the parameters */
    if (claim->algorithm == AUTH_NONE)
        refuse(claim, code,
               STR("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and "
                   "AWS4-ECDSA-P256-SHA256\""));
    read_credential(rq->arena, claim, credential, service);
    check_signed_headers(rq->arena, claim);
    if (!instant_parse_amz(claim->time_text, &claim->time))
        refuse(claim, code,
               STR("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""));
    check_day(rq->arena, claim);
    read_expires(claim, expires);
}

static bool has_sigv4_query(const struct request *rq)
{
    return request_has_query(rq, "X-Amz-Algorithm") || request_has_query(rq, "X-Amz-Credential") ||
           request_has_query(rq, "X-Amz-Signature");
}

struct claim claim_read(const struct request *rq, str service)
{
    struct claim claim = { .algorithm = AUTH_NONE };
    str header = request_get_header(rq, "Authorization");
    bool in_query = has_sigv4_query(rq);
    if (header.size > 0) {
        if (in_query) {
            refuse(&claim, S3_InvalidArgument,
                   STR("Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                       "Signature query string parameter or the Authorization header should be "
                       "specified"));
            (void) str_cut(str_trim(header), ' ', &claim.argument, &(str){ NULL, 0 });
        }
        read_header(rq, &claim, header, service);
    } else if (in_query) {
        read_sigv4_query(rq, &claim, service);
    } else if (request_has_query(rq, "AWSAccessKeyId") ||
               (request_has_query(rq, "Signature") && request_has_query(rq, "Expires"))) {
        read_sigv2_query(rq, &claim);
    }
    return claim;
}

/* --- forms --- */

static bool is_missing(struct arena *arena, struct claim *claim, const struct fields *form,
                       const char *name)
{
    if (fields_get(form, name).size > 0)
        return false;
    if (claim->code == S3_OK)
        claim->argument_name = str_of(name);
    refuse(claim, S3_InvalidArgument,
           str_format(arena,
                      "Bucket POST must contain a field named '%s'.  If it is specified, please "
                      "check the order of the fields.",
                      name));
    return true;
}

static void read_sigv4_form(struct arena *arena, struct claim *claim, const struct fields *form,
                            str service)
{
    static const char *const needed[] = { "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date",
                                          "X-Amz-Signature", "Policy" };
    for (size_t i = 0; i < COUNT(needed); i++)
        if (is_missing(arena, claim, form, needed[i]))
            return;
    claim->algorithm = algorithm_of(fields_get(form, "x-amz-algorithm"));
    claim->signature = fields_get(form, "x-amz-signature");
    claim->time_text = fields_get(form, "x-amz-date");
    claim->region_set = fields_get(form, "x-amz-region-set");
    claim->presigned = true; /* the refusals speak of X-Amz-Credential */
    if (claim->algorithm == AUTH_NONE)
        refuse(claim, S3_InvalidRequest,
               STR("The authorization mechanism you have provided is not supported. Please use "
                   "AWS4-HMAC-SHA256."));
    read_credential(arena, claim, fields_get(form, "x-amz-credential"), service);
    if (!instant_parse_amz(claim->time_text, &claim->time))
        refuse(claim, S3_AuthorizationQueryParametersError,
               STR("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""));
    check_day(arena, claim);
    claim->presigned = false;
}

struct claim claim_read_form(struct arena *arena, const struct fields *form, str service)
{
    struct claim claim = { .algorithm = AUTH_NONE };
    if (str_is_set(fields_get(form, "x-amz-signature")) ||
        str_is_set(fields_get(form, "x-amz-algorithm")) ||
        str_is_set(fields_get(form, "x-amz-credential"))) {
        read_sigv4_form(arena, &claim, form, service);
    } else if (str_is_set(fields_get(form, "AWSAccessKeyId")) ||
               str_is_set(fields_get(form, "signature"))) {
        claim.algorithm = AUTH_SIGV2;
        claim.access_key = fields_get(form, "AWSAccessKeyId");
        claim.signature = fields_get(form, "signature");
        if (!is_missing(arena, &claim, form, "AWSAccessKeyId") &&
            !is_missing(arena, &claim, form, "Signature"))
            (void) is_missing(arena, &claim, form, "Policy");
    } else if (str_is_set(fields_get(form, "policy"))) {
        refuse(&claim, S3_AccessDenied, STR_NONE); /* a policy that nobody signed */
    }
    return claim;
}

str claim_service(const struct request *rq)
{
    str credential = request_query(rq, "X-Amz-Credential"), last = STR_NONE, service = STR_NONE;
    str header = request_get_header(rq, "Authorization"), piece;
    if (header.size > 0) {
        size_t at = str_find(header, STR("Credential="));
        credential = str_skip(header, at < header.size ? at + 11 : at);
        credential = str_first(credential, str_find_char(credential, ','));
    }
    while (credential.size > 0 && str_next(&credential, '/', &piece)) {
        service = last;
        last = piece;
    }
    return service;
}
