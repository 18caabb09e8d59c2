/* body_batch: what the writer's open transaction does to body files, in memory until it is flushed.
 * The writer thread's alone. */
#ifndef ATOLL_STORAGE_BODY_BATCH_H
#define ATOLL_STORAGE_BODY_BATCH_H

#include "base/str.h"

struct body_batch_file {
    int64_t id;
    int64_t bytes; /* gained less lost since the last flush */
    bool changed;  /* in `changed` */
    bool known;    /* a flush looked: `named` is what will be after COMMIT */
    bool named;
};
struct body_batch {
    struct body_batch_file *at;
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

struct body_batch *body_batch_new(int64_t next_body);
void body_batch_free(struct body_batch *batch); /* NULL is fine */
void body_batch_count(struct body_batch *batch, int64_t file, int64_t bytes);
void body_batch_draft(struct body_batch *batch, int64_t file);
void body_batch_clear(struct body_batch *batch); /* committed */
void body_batch_undo(struct body_batch *batch);  /* rolled back, wholly or to a savepoint */

#endif
