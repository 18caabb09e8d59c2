/* lane: where bodies are placed, and struct body_state, which the rest of the body code shares.
 * For the storage folder only.
 *
 * A lane is one worker's open segment: small bodies are appended to it with one pwrite each. A
 * segment is sealed when it would pass LANE_SEGMENT_BYTES and when its lane closes, and never
 * opened for appending again.
 */
#ifndef ATOLL_STORAGE_LANE_H
#define ATOLL_STORAGE_LANE_H

#include "storage/body.h"
#include "storage/files.h"
#include "storage/pool.h"

#define LANE_SEGMENT_BYTES (64u << 20)

struct body_state {
    struct files files;
    struct pool *pool;
    struct store *store; /* goes into the drafts */
    /* The commit count as of the last commit that doomed a file, or one more: a reader whose
     * snapshot is older must look whether its files are still there. */
    _Atomic uint64_t freed_at;
    _Atomic unsigned
        seals; /* rises when every open segment must be sealed: a snapshot links them */
    struct body_batch *batch; /* body_row.c: what the writer has not committed; the writer's */
};

struct body_lane {
    struct body_state *bodies;
    struct body_file *segment; /* NULL until the first small body */
    uint64_t at_bytes;
    unsigned seals; /* the state's when the segment was made */
};
/* Appends and pins: fills draft->file and offset_bytes. */
MUST_CHECK enum store_result body_lane_append(struct body_lane *lane, const void *bytes,
                                              size_t size_bytes, struct body_draft *draft);
enum store_result body_error(int negative_errno); /* STORE_FULL or STORE_BROKEN */

#endif
