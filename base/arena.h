/* arena: memory that dies all at once (one request, one transaction, one parse).
 *
 * Ownership: everything allocated from it, freed by arena_free on every path.
 * Threads: one at a time. Errors: none; out of memory ends the process with a line on stderr.
 * Bounds: callers bound what they put in (limits.h); large bodies never live in an arena.
 */
#ifndef ATOLL_BASE_ARENA_H
#define ATOLL_BASE_ARENA_H

#include <stddef.h>

#include "base/attr.h"

struct arena;
typedef void arena_defer_fn(void *arg);

struct arena *arena_new(void);
/* Runs the deferred functions, newest first, then frees all. NULL is fine. */
void arena_free(struct arena *arena);
/* The same, but keeps the first block for reuse. */
void arena_reset(struct arena *arena);

/* Aligned for any type, zeroed. Never NULL; a size of 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size_bytes);
/* Not zeroed. */
void *arena_alloc_raw(struct arena *arena, size_t size_bytes);
void *arena_copy(struct arena *arena, const void *bytes, size_t size_bytes);
/* Calls fn(arg) when the arena is freed or reset: for the few handles that outlive a scope. */
void arena_defer(struct arena *arena, arena_defer_fn *fn, void *arg);
size_t arena_used_bytes(const struct arena *arena);

#define ARENA_NEW(arena, type) ((type *) arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *) arena_alloc((arena), sizeof(type) * (count)))

/* malloc's bargain everywhere else: never NULL, or the process ends. */
void *mem_alloc(size_t size_bytes); /* zeroed; free() it */
void *mem_resize(void *old, size_t size_bytes);

#endif
