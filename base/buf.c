/* Growing bytes under a cap. Growth doubles; what an arena buffer outgrows stays in the arena. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/bug.h"

#define FIRST_CAPACITY_BYTES ((size_t) 256)

void buf_init(struct buf *buf, size_t limit_bytes)
{
    *buf = (struct buf){ .limit_bytes = limit_bytes };
}

void buf_init_arena(struct buf *buf, struct arena *arena, size_t limit_bytes)
{
    *buf = (struct buf){ .limit_bytes = limit_bytes, .arena = arena };
}

void buf_fini(struct buf *buf)
{
    if (buf->arena == NULL)
        free(buf->ptr);
    *buf = (struct buf){ .limit_bytes = buf->limit_bytes, .arena = buf->arena };
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->overflow = false;
}

static void grow(struct buf *buf, size_t needed)
{
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY_BYTES;
    while (capacity < needed)
        capacity = capacity > needed / 2 ? needed : capacity * 2;
    if (capacity < buf->capacity * 2)
        capacity = buf->capacity * 2;
    if (buf->arena) {
        char *larger = arena_alloc_raw(buf->arena, capacity);
        if (buf->size)
            memcpy(larger, buf->ptr, buf->size);
        buf->ptr = larger;
    } else {
        buf->ptr = mem_resize(buf->ptr, capacity);
    }
    buf->capacity = capacity;
}

/* After the first overflow nothing more goes in: a text with a hole is worse than a short one. */
char *buf_reserve(struct buf *buf, size_t size_bytes)
{
    if (buf->overflow || size_bytes > buf->limit_bytes - buf->size) {
        buf->overflow = true;
        return NULL;
    }
    if (size_bytes > buf->capacity - buf->size || buf->ptr == NULL)
        grow(buf, buf->size + size_bytes);
    return buf->ptr + buf->size;
}

void buf_add_bytes(struct buf *buf, const void *bytes, size_t size_bytes)
{
    char *room = buf_reserve(buf, size_bytes);
    if (room == NULL || size_bytes == 0)
        return;
    memcpy(room, bytes, size_bytes);
    buf->size += size_bytes;
}

void buf_add(struct buf *buf, str s)
{
    buf_add_bytes(buf, s.ptr, s.size);
}

void buf_add_char(struct buf *buf, char c)
{
    char *room = buf_reserve(buf, 1);
    if (room == NULL)
        return;
    *room = c;
    buf->size++;
}

void buf_add_u64(struct buf *buf, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char) ('0' + n % 10);
        n /= 10;
    } while (n);
    buf_add_bytes(buf, digits + at, sizeof digits - at);
}

void buf_addf(struct buf *buf, const char *format, ...)
{
    char small[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    BUG_UNLESS(size >= 0);
    if ((size_t) size < sizeof small) {
        buf_add_bytes(buf, small, (size_t) size);
    } else {
        char *large = mem_alloc((size_t) size + 1);
        (void) vsnprintf(large, (size_t) size + 1, format, again);
        buf_add_bytes(buf, large, (size_t) size);
        free(large);
    }
    va_end(again);
}
