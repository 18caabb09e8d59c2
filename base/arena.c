/* Bump allocation out of a chain of blocks. The arena itself lives in its first block, so that a
 * small request costs one malloc and one free. A large piece gets a block of its own behind the
 * current one, whose free space goes on being used. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_BLOCK_BYTES ((size_t) 4096)
#define LARGEST_BLOCK_BYTES ((size_t) 1 << 20)
#define ALIGNMENT ((size_t) 16)

struct block {
    struct block *older;
    size_t size; /* of data */
    size_t used;
    _Alignas(16) unsigned char data[];
};

struct deferred {
    struct deferred *older;
    arena_defer_fn *fn;
    void *arg;
};

struct arena {
    struct block *current;
    struct block *first;
    struct deferred *deferred;
    size_t next_block_bytes;
    size_t used_bytes;
};

static NORETURN void out_of_memory(void)
{
    static const char line[] = "atoll: out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, line, sizeof line - 1);
    (void) ignored;
    abort();
}

void *mem_alloc(size_t size_bytes)
{
    void *bytes = calloc(1, size_bytes ? size_bytes : 1);
    if (bytes == NULL)
        out_of_memory();
    return bytes;
}

void *mem_resize(void *old, size_t size_bytes)
{
    void *bytes = realloc(old, size_bytes ? size_bytes : 1);
    if (bytes == NULL)
        out_of_memory();
    return bytes;
}

static size_t round_up(size_t size_bytes)
{
    return (size_bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

static struct block *block_new(size_t data_bytes)
{
    struct block *block = malloc(sizeof *block + data_bytes);
    if (block == NULL)
        out_of_memory();
    block->older = NULL;
    block->size = data_bytes;
    block->used = 0;
    return block;
}

static void *block_take(struct block *block, size_t rounded)
{
    void *bytes = block->data + block->used;
    block->used += rounded;
    return bytes;
}

struct arena *arena_new(void)
{
    struct block *block = block_new(FIRST_BLOCK_BYTES - sizeof *block);
    struct arena *arena = block_take(block, round_up(sizeof *arena));
    *arena = (struct arena){
        .current = block,
        .first = block,
        .next_block_bytes = 2 * FIRST_BLOCK_BYTES,
    };
    return arena;
}

/* A deferred function may still read the arena, so all run before anything is freed. */
static void run_deferred(struct arena *arena)
{
    while (arena->deferred) {
        struct deferred *newest = arena->deferred;
        arena->deferred = newest->older;
        newest->fn(newest->arg);
    }
}

static void free_blocks_but_first(struct arena *arena)
{
    struct block *block = arena->current;
    while (block) {
        struct block *older = block->older;
        if (block != arena->first)
            free(block);
        block = older;
    }
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    run_deferred(arena);
    free_blocks_but_first(arena);
    free(arena->first); /* the arena is inside */
}

void arena_reset(struct arena *arena)
{
    run_deferred(arena);
    free_blocks_but_first(arena);
    arena->first->older = NULL;
    arena->first->used = round_up(sizeof *arena);
    arena->current = arena->first;
    arena->next_block_bytes = 2 * FIRST_BLOCK_BYTES;
    arena->used_bytes = 0;
}

static void *alloc_in_new_block(struct arena *arena, size_t rounded)
{
    size_t data_bytes = arena->next_block_bytes - sizeof(struct block);
    if (rounded > data_bytes / 2) {
        struct block *own = block_new(rounded);
        own->older = arena->current->older;
        arena->current->older = own;
        return block_take(own, rounded);
    }
    struct block *block = block_new(data_bytes);
    block->older = arena->current;
    arena->current = block;
    if (arena->next_block_bytes < LARGEST_BLOCK_BYTES)
        arena->next_block_bytes *= 2;
    return block_take(block, rounded);
}

void *arena_alloc_raw(struct arena *arena, size_t size_bytes)
{
    if (size_bytes > SIZE_MAX / 2)
        out_of_memory();
    size_t rounded = round_up(size_bytes ? size_bytes : 1);
    arena->used_bytes += rounded;
    struct block *block = arena->current;
    if (rounded <= block->size - block->used)
        return block_take(block, rounded);
    return alloc_in_new_block(arena, rounded);
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    return memset(arena_alloc_raw(arena, size_bytes), 0, size_bytes);
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size_bytes)
{
    void *copy = arena_alloc_raw(arena, size_bytes);
    if (size_bytes)
        memcpy(copy, bytes, size_bytes);
    return copy;
}

void arena_defer(struct arena *arena, arena_defer_fn *fn, void *arg)
{
    struct deferred *deferred = arena_alloc_raw(arena, sizeof *deferred);
    *deferred = (struct deferred){ arena->deferred, fn, arg };
    arena->deferred = deferred;
}

size_t arena_used_bytes(const struct arena *arena)
{
    return arena->used_bytes;
}
