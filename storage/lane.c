/* Segments: a lane appends small bodies to its own file, so that placing one costs a single
 * pwrite and no lock that another worker holds for long. */
#include "storage/lane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "storage/state.h"

enum store_result body_error(int negative_errno)
{
    if (negative_errno == -ENOSPC || negative_errno == -EDQUOT)
        return STORE_FULL;
    log_line(LOG_ERROR, "a body file failed: %s", strerror(-negative_errno));
    return STORE_BROKEN;
}

struct body_lane *body_lane_open(struct store *store)
{
    struct body_lane *lane = mem_alloc(sizeof(*lane));
    lane->bodies = store->bodies;
    return lane;
}

static void seal(struct body_lane *lane)
{
    if (lane->segment == NULL)
        return;
    files_seal(&lane->bodies->files, lane->segment);
    files_reap(&lane->bodies->files);
    lane->segment = NULL;
}

void body_lane_close(struct body_lane *lane)
{
    if (lane == NULL)
        return;
    seal(lane);
    free(lane);
}

enum store_result body_lane_append(struct body_lane *lane, const void *bytes, size_t size_bytes,
                                   struct body_draft *draft)
{
    struct files *files = &lane->bodies->files;

    bool full = lane->at_bytes + size_bytes > LANE_SEGMENT_BYTES;
    if (lane->segment != NULL && (full || atomic_load(&lane->bodies->seals) != lane->seals))
        seal(lane);
    if (!reserve_is_whole(&lane->bodies->store->reserve)) {
        seal(lane); /* so that the file can go when its last body is deleted */
        return STORE_FULL;
    }
    if (lane->segment == NULL) {
        lane->seals = atomic_load(&lane->bodies->seals);
        int made = files_create(files, FILE_SEGMENT, &lane->segment);
        if (made < 0) {
            lane->segment = NULL;
            return body_error(made);
        }
        lane->at_bytes = 0;
    }
    /* A failed append leaves `at_bytes` alone: the next one writes over what it left. */
    int written =
        fs_write_all(files->fs, lane->segment->fd, bytes, size_bytes, (off_t) lane->at_bytes);
    if (written < 0)
        return body_error(written);
    files_pin(files, lane->segment);
    draft->file = lane->segment->id;
    draft->offset_bytes = lane->at_bytes;
    lane->at_bytes += size_bytes;
    return STORE_OK;
}

void body_draft_drop(struct body_draft *draft)
{
    if (draft->file == 0)
        return;
    struct files *files = &draft->store->bodies->files;
    files_unpin(files, draft->file);
    files_reap(files);
    draft->file = 0;
}
