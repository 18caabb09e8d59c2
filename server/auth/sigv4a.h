/* sigv4a: the asymmetric signature of Multi-Region Access Points: a P-256 key pair derived from the
 * credential, ECDSA over SHA-256. The server needs the public half alone.
 *
 * Ownership: a key is freed by sigv4a_key_free; sigv4a_key_share adds an owner. Threads: a key is
 * never changed and may be used by any.
 */
#ifndef ATOLL_SERVER_AUTH_SIGV4A_H
#define ATOLL_SERVER_AUTH_SIGV4A_H

#include "base/str.h"

#define SIGV4A_SCALAR_BYTES 32
#define SIGV4A_POINT_BYTES 65 /* uncompressed: 4, X, Y */
/* DER's longest for P-256, in hexadecimal; streams pad shorter ones with '*' up to this. */
#define SIGV4A_SIGNATURE_CHARS 144

typedef struct sigv4a_key sigv4a_key;

/* The private scalar (NIST SP 800-108, HMAC-SHA256 in counter mode). */
void sigv4a_scalar(str access_key, str secret, unsigned char scalar[SIGV4A_SCALAR_BYTES]);
void sigv4a_point(const unsigned char scalar[SIGV4A_SCALAR_BYTES],
                  unsigned char point[SIGV4A_POINT_BYTES]);
sigv4a_key *sigv4a_key_new(str access_key, str secret);
sigv4a_key *sigv4a_key_share(sigv4a_key *key);
void sigv4a_key_free(void *key); /* void: an arena_defer_fn; NULL is fine */

/* `signature`: DER in lower-case hexadecimal digits, unpadded. */
bool sigv4a_accepts(sigv4a_key *key, str string_to_sign, str signature);

#endif
