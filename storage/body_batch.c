/* The files that a transaction touches: a dense array with a hash index beside it. */
#include "storage/body_batch.h"

#include <stdlib.h>

#include "base/arena.h"

#define FIRST_FILES 64u
#define KEEP_FILES 4096u /* a batch that freed more gives the memory back */

static void make_room(struct body_batch *batch, size_t capacity)
{
    batch->capacity = capacity;
    batch->at = mem_resize(batch->at, capacity * sizeof(*batch->at));
    batch->changed = mem_resize(batch->changed, capacity * sizeof(*batch->changed));
    free(batch->slots);
    batch->slot_count = capacity * 2;
    batch->slots = mem_alloc(batch->slot_count * sizeof(*batch->slots));
}

struct body_batch *body_batch_new(int64_t next_body)
{
    struct body_batch *batch = mem_alloc(sizeof(*batch));
    batch->next_body = next_body;
    make_room(batch, FIRST_FILES);
    return batch;
}

void body_batch_free(struct body_batch *batch)
{
    if (batch == NULL)
        return;
    free(batch->at);
    free(batch->changed);
    free(batch->slots);
    free(batch->drafts);
    free(batch);
}

/* The slot of `id`, or the empty one where it belongs. */
static uint32_t *slot_of(struct body_batch *batch, int64_t id)
{
    size_t mask = batch->slot_count - 1;
    size_t at = ((uint64_t) id * 0x9E3779B97F4A7C15ull >> 20) & mask;
    while (batch->slots[at] != 0 && batch->at[batch->slots[at] - 1].id != id)
        at = (at + 1) & mask;
    return &batch->slots[at];
}

static void grow(struct body_batch *batch)
{
    make_room(batch, batch->capacity * 2);
    for (size_t i = 0; i < batch->count; i++)
        *slot_of(batch, batch->at[i].id) = (uint32_t) i + 1;
}

void body_batch_count(struct body_batch *batch, int64_t file, int64_t bytes)
{
    if (batch->count == batch->capacity)
        grow(batch);
    uint32_t *slot = slot_of(batch, file);
    if (*slot == 0) {
        batch->at[batch->count] = (struct body_batch_file){ .id = file };
        *slot = (uint32_t) ++batch->count;
    }
    struct body_batch_file *entry = &batch->at[*slot - 1];
    entry->bytes += bytes;
    if (!entry->changed)
        batch->changed[batch->changed_count++] = *slot - 1;
    entry->changed = true;
}

void body_batch_draft(struct body_batch *batch, int64_t file)
{
    /* One worker's small bodies come in a row. */
    if (batch->draft_count > 0 && batch->drafts[batch->draft_count - 1] == file)
        return;
    if (batch->draft_count == batch->draft_capacity) {
        batch->draft_capacity = batch->draft_capacity > 0 ? batch->draft_capacity * 2 : FIRST_FILES;
        batch->drafts = mem_resize(batch->drafts, batch->draft_capacity * sizeof(*batch->drafts));
    }
    batch->drafts[batch->draft_count++] = file;
}

void body_batch_clear(struct body_batch *batch)
{
    batch->count = batch->changed_count = batch->draft_count = 0;
    batch->look = false;
    if (batch->capacity > KEEP_FILES)
        make_room(batch, FIRST_FILES);
    else
        memset(batch->slots, 0, batch->slot_count * sizeof(*batch->slots));
}

void body_batch_undo(struct body_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        batch->at[i].bytes = 0;
        batch->at[i].changed = false;
        batch->at[i].known = false;
    }
    batch->changed_count = 0;
    batch->look = batch->count > 0;
}
