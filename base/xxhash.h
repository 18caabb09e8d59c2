/* The three XXHASH checksums that S3 takes, by libxxhash, seed 0. Private to base/: others use
 * base/digest.h.
 *
 * Ownership: xxhash_new allocates a running state, xxhash_free gives it back.
 * Threads: a state belongs to one thread at a time.
 */
#ifndef ATOLL_BASE_XXHASH_H
#define ATOLL_BASE_XXHASH_H

#include <stddef.h>

enum xxhash_kind { XXHASH_NONE, XXHASH_64, XXHASH_3, XXHASH_128 };

struct xxhash_state;

struct xxhash_state *xxhash_new(enum xxhash_kind kind);
void xxhash_update(struct xxhash_state *state, const void *bytes, size_t size_bytes);
/* 8 or 16 bytes, big-endian (libxxhash's canonical form). */
void xxhash_read(const struct xxhash_state *state, unsigned char *out);
void xxhash_free(struct xxhash_state *state);

#endif
