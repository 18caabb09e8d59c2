/* buf: bytes that grow, with a mandatory cap. For XML, JSON, canonical requests.
 *
 * Ownership: buf_init_arena's bytes belong to the arena; buf_init's are freed by buf_fini.
 * Errors: sticky. What would pass `limit_bytes` is dropped and `overflow` stays true; the caller
 * looks once, at the end. Threads: one at a time.
 */
#ifndef ATOLL_BASE_BUF_H
#define ATOLL_BASE_BUF_H

#include "base/str.h"

struct buf {
    char *ptr;
    size_t size;
    size_t capacity;
    size_t limit_bytes;
    struct arena *arena; /* NULL: heap */
    bool overflow;
};

void buf_init(struct buf *buf, size_t limit_bytes);
void buf_init_arena(struct buf *buf, struct arena *arena, size_t limit_bytes);
void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf);

void buf_add(struct buf *buf, str s);
void buf_add_bytes(struct buf *buf, const void *bytes, size_t size_bytes);
void buf_add_char(struct buf *buf, char c);
void buf_add_u64(struct buf *buf, uint64_t n);
void buf_addf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/* Room for `size_bytes` more at ptr + size, or NULL on overflow; the caller then adds to size. */
char *buf_reserve(struct buf *buf, size_t size_bytes);
static inline str buf_str(const struct buf *buf)
{
    return (str){ buf->ptr ? buf->ptr : "", buf->size };
}

#endif
