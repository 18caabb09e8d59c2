/* sigv2: Signature Version 2, the one of boto3's default generate_presigned_url, of s3cmd
 * --signature-v2 and of POST forms: an HMAC-SHA1 with the secret itself.
 *
 *   METHOD \n Content-MD5 \n Content-Type \n Date|Expires \n x-amz-* lines, then the resource
 *
 * (AWS: "Signing and authenticating REST requests (AWS signature version 2)".) Ownership: texts in
 * the request's arena. Threads: pure. Errors: an empty text when it would pass its bound.
 */
#ifndef ATOLL_SERVER_AUTH_SIGV2_H
#define ATOLL_SERVER_AUTH_SIGV2_H

#include "server/auth/claim.h"

str sigv2_string_to_sign(const struct request *rq, const struct claim *claim);
/* `signature`: base64 of 20 bytes. */
bool sigv2_accepts(struct arena *arena, str secret, str string_to_sign, str signature);

#endif
