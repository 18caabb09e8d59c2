/* encoded_word: RFC 2047's way of writing text in a header, "=?UTF-8?B?R3LDvMOfZQ==?=". Pure. */
#ifndef ATOLL_SERVER_S3_ENCODED_WORD_H
#define ATOLL_SERVER_S3_ENCODED_WORD_H

#include "base/str.h"

/* True when the whole value is one encoded word in UTF-8 or US-ASCII; *text is then what it says,
 * as UTF-8 in the arena. Anything else is left as it is. */
MUST_CHECK bool encoded_word_decode(struct arena *arena, str value, str *text);
/* UTF-8 as S3 writes it: readable (Q) when most characters are ASCII, else in base64 (B). */
str encoded_word_write(struct arena *arena, str text);

#endif
