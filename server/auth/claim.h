/* claim: what a request says about its signature, before anything is believed. Reads the
 * Authorization header or the X-Amz-* query parameters (clients.md 4) and judges their form alone:
 * no secret, no clock, no mode.
 *
 * Ownership: strings point into the request or its arena. Threads: pure.
 * Errors: `code` with AWS's `message`; what could be read stands even then, for auth mode off.
 */
#ifndef ATOLL_SERVER_AUTH_CLAIM_H
#define ATOLL_SERVER_AUTH_CLAIM_H

#include "server/request.h"

/* A credential ("AKID/date/region/service/aws4_request") longer than this is malformed: AWS's
 * access keys have at most 128 characters. */
#define CLAIM_CREDENTIAL_BYTES 320

struct claim {
    enum auth_algorithm algorithm; /* AUTH_NONE: the request is unsigned */
    bool presigned;
    str access_key;
    str date, region, service, terminator; /* of the credential; region empty for SigV4A */
    str scope;                             /* the credential without its access key */
    str signed_headers;                    /* "host;x-amz-date", as on the wire */
    str signature;
    str time_text;      /* as it stands in the string to sign */
    instant time;       /* presigned with SigV2: when it expires */
    uint64_t expires_s; /* presigned with SigV4 */
    str region_set;     /* SigV4A */

    enum s3_code code; /* S3_OK, or the refusal */
    str message;       /* empty: the table's */
    str argument;      /* for InvalidArgument: what stands in <ArgumentValue> */
    str argument_name; /* a form's field; else the refusal is about Authorization */
};

/* `service`: the one the request's address belongs to, "s3", "sts", ... */
struct claim claim_read(const struct request *rq, str service);
/* The same of a POST form, whose fields sign the policy (AWS: "Creating an HTML form"). */
struct claim claim_read_form(struct arena *arena, const struct fields *form, str service);
/* The service that a signed request is meant for, "s3", "sts", ...; empty when it says none: with
 * one endpoint for all services nothing else tells them apart. */
str claim_service(const struct request *rq);

/* "AWS4-HMAC-SHA256" or "AWS4-ECDSA-P256-SHA256"; empty for the others. */
str claim_algorithm_name(enum auth_algorithm algorithm);
/* Whether `name` (lower or upper case) is among the signed headers. */
bool claim_signs(const struct claim *claim, str name);

#endif
