/* The table behind errors.def, and the one place where a store result becomes an S3 error. */
#include "server/errors.h"

static const struct s3_error errors[S3_CODES] = {
#define S3_ERROR(name, http, text)                                                                 \
    [S3_##name] = { .code = { #name, sizeof(#name) - 1 },                                          \
                    .status = (http),                                                              \
                    .message = { "" text, sizeof(text) - 1 } },
#define S3_ERROR_SPELT(name, spelling, http, text)                                                 \
    [S3_##name] = { .code = { "" spelling, sizeof(spelling) - 1 },                                 \
                    .status = (http),                                                              \
                    .message = { "" text, sizeof(text) - 1 } },
#include "server/errors.def"
#undef S3_ERROR
};

const struct s3_error *s3_error_of(enum s3_code code)
{
    /* Handing S3_OK or S3_WAIT to the error writer is our mistake, and an answer all the same. */
    if (code <= S3_WAIT || code >= S3_CODES)
        return &errors[S3_InternalError];
    return &errors[code];
}

enum s3_code s3_code_parse(str name)
{
    for (enum s3_code code = (enum s3_code)(S3_WAIT + 1); code < S3_CODES; code++)
        if (str_eq(errors[code].code, name))
            return code;
    return S3_CODES;
}

/* No default: a new store result must be given a meaning here before it compiles. */
enum s3_code s3_code_from_store(enum store_result result)
{
    switch (result) {
    case STORE_OK:
        return S3_OK;
    case STORE_ABSENT:
        return S3_NoSuchConfiguration;
    case STORE_NO_BUCKET:
        return S3_NoSuchBucket;
    case STORE_NO_KEY:
        return S3_NoSuchKey;
    case STORE_NO_VERSION:
        return S3_NoSuchVersion;
    case STORE_IS_MARKER:
        return S3_MethodNotAllowed;
    case STORE_NO_UPLOAD:
        return S3_NoSuchUpload;
    case STORE_EXISTS:
        return S3_BucketAlreadyExists;
    case STORE_NOT_EMPTY:
        return S3_BucketNotEmpty;
    case STORE_PRECONDITION:
        return S3_PreconditionFailed;
    case STORE_CONFLICT:
        return S3_ConditionalRequestConflict;
    case STORE_LOCKED:
        return S3_AccessDenied;
    case STORE_BAD_PART:
        return S3_InvalidPart;
    case STORE_PART_TOO_SMALL:
        return S3_EntityTooSmall;
    case STORE_TOO_LARGE:
        return S3_EntityTooLarge;
    case STORE_STATE_REFUSED:
        return S3_InvalidBucketState;
    case STORE_BUSY:
        return S3_SlowDown;
    case STORE_FULL:
        return S3_ServiceUnavailable;
    case STORE_BROKEN:
        return S3_InternalError;
    }
    return S3_InternalError;
}
