/* gunzip: the bytes that a gzip file (RFC 1952) holds, members one after the other.
 *
 * Ownership: *out lives in the arena. Threads: pure. Bounds: at most `most_bytes`, so that a small
 * input cannot fill the memory. Errors: false for what is no gzip file, is cut off or has a wrong
 * checksum, and for more bytes than that.
 */
#ifndef ATOLL_BASE_GUNZIP_H
#define ATOLL_BASE_GUNZIP_H

#include "base/arena.h"
#include "base/str.h"

MUST_CHECK bool gunzip(struct arena *arena, str input, size_t most_bytes, str *out);

#endif
