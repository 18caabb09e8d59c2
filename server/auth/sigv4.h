/* sigv4: the symmetric signature: a key derived from the secret by day, Region and service, and an
 * HMAC. Threads: pure. */
#ifndef ATOLL_SERVER_AUTH_SIGV4_H
#define ATOLL_SERVER_AUTH_SIGV4_H

#include "base/str.h"

#define SIGV4_KEY_BYTES 32

void sigv4_signing_key(str secret, str date, str region, str service,
                       unsigned char key[SIGV4_KEY_BYTES]);
/* `signature`: 64 lower-case hexadecimal digits. The comparison takes the same time whatever they
 * are. */
bool sigv4_accepts(const unsigned char key[SIGV4_KEY_BYTES], str string_to_sign, str signature);

#endif
