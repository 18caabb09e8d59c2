/* batch: what the writer's open transaction does to body files, in memory until it is flushed.
 * The writer thread's alone. */
#ifndef ATOLL_STORAGE_BATCH_H
#define ATOLL_STORAGE_BATCH_H

#include "base/str.h"

struct batch_file {
    int64_t id;
    int64_t bytes; /* gained less lost since the last flush */
    bool changed;  /* in `changed` */
    bool known;    /* a flush looked: `named` is what will be after COMMIT */
    bool named;
};
struct batch {
    struct batch_file *at;
    size_t count, capacity;
    uint32_t *slots; /* hash of id -> index in `at` + 1 */
    size_t slot_count;
    uint32_t *changed;
    size_t changed_count;
    int64_t *drafts; /* files of drafts that became rows: to be synced */
    size_t draft_count, draft_capacity;
    bool look; /* after a rollback: every file's `named` must be looked up again */
    int64_t next_body;
};

struct batch *batch_new(int64_t next_body);
void batch_free(struct batch *batch); /* NULL is fine */
void batch_count(struct batch *batch, int64_t file, int64_t bytes);
void batch_draft(struct batch *batch, int64_t file);
void batch_clear(struct batch *batch); /* committed */
void batch_undo(struct batch *batch);  /* rolled back, wholly or to a savepoint */

#endif
