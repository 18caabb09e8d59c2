/* errors: the one table of S3 error codes, from errors.def: code, HTTP status, message.
 *
 * Handlers return enum s3_code; S3_OK and S3_WAIT are not errors. A handler that needs another
 * message or extra elements says so through request_message and request_extra (request.h).
 */
#ifndef ATOLL_SERVER_ERRORS_H
#define ATOLL_SERVER_ERRORS_H

#include "base/str.h"
#include "storage/store.h"

enum s3_code {
    S3_OK,
    S3_WAIT, /* suspended; request->resume goes on when woken */
#define S3_ERROR(code, status, message) S3_##code,
#include "server/errors.def"
#undef S3_ERROR
    S3_CODES
};

struct s3_error {
    str code;
    int status;
    str message;
};

const struct s3_error *s3_error_of(enum s3_code code);
/* S3_CODES when there is none of that name. */
enum s3_code s3_code_parse(str name);
/* The usual meaning of a store result; handlers with a better one map it themselves first. */
enum s3_code s3_code_from_store(enum store_result result);

#endif
