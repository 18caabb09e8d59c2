/* Encodings: hex, base64, base64url, percent. Pure. Results live in the given arena. */
#ifndef ATOLL_BASE_ENCODE_H
#define ATOLL_BASE_ENCODE_H

#include "base/str.h"

str encode_hex(struct arena *arena, const void *bytes, size_t size_bytes); /* lower case */
/* Writes 2 x size_bytes characters, no NUL. */
void encode_hex_into(char *out, const void *bytes, size_t size_bytes);
str encode_base64(struct arena *arena, const void *bytes, size_t size_bytes);    /* padded */
str encode_base64url(struct arena *arena, const void *bytes, size_t size_bytes); /* unpadded */

/* Exact: whole input, right length, right alphabet. False leaves *out alone. */
MUST_CHECK bool decode_hex(struct arena *arena, str text, str *out);
MUST_CHECK bool decode_base64(struct arena *arena, str text, str *out);
MUST_CHECK bool decode_base64url(struct arena *arena, str text, str *out);

/* Percent-encoding as SigV4 wants it: everything but A-Za-z0-9-._~ (and '/' if keep_slash),
 * upper-case hex. */
str encode_uri(struct arena *arena, str s, bool keep_slash);
/* encoding-type=url of listings: as encode_uri with slashes kept. */
str encode_listing(struct arena *arena, str s);
/* %XX decoded; '+' is a space only if plus_is_space. A broken escape stays as it is. */
str decode_uri(struct arena *arena, str s, bool plus_is_space);
/* Well-formed UTF-8 (no surrogates, no overlong forms). */
bool utf8_is_valid(str s);
/* Bytes of the well-formed character at the start, 1 to 4; 0 if there is none. */
size_t utf8_sequence_size(str s);

#endif
