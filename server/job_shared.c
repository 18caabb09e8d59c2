/* A chunk at a time, and none twice: a job of a million tasks may share them all. */
#include "server/job_shared.h"

#include "storage/queue.h"

static bool waits(const struct job_files *files, struct arena *arena, int64_t bucket,
                  const struct resync_item *item)
{
    struct queue_page page;
    const struct queue_filter filter = { .any_state = true,
                                         .source_bucket = bucket,
                                         .key_prefix = item->key,
                                         .exact_key = true,
                                         .version_id = item->version_id };
    if (item->outcome != RESYNC_ON_ITS_WAY ||
        store_queue_list(files->lane->reader, arena, &filter, 0, &page) != STORE_OK)
        return false;
    for (size_t i = 0; i < page.count; i++)
        if (page.at[i].state != QUEUE_FAILED)
            return true;
    return false;
}

static uint64_t count_chunk(const struct job_files *files, const struct job *job, int64_t bucket)
{
    struct job_tasks tasks;
    struct arena *arena = arena_new();
    uint64_t count = 0;
    if (job_tasks_read(files->lane->reader, arena, job->id, job->state.settled, &tasks))
        for (size_t i = 0; i < tasks.count; i++)
            count += waits(files, arena, bucket, &tasks.at[i]);
    arena_free(arena);
    return count;
}

uint64_t job_shared_wait(const struct job_files *files, struct job *job)
{
    struct job_state *state = &job->state;
    struct bucket_info bucket;
    uint64_t count = 0;
    if (state->shared == 0 ||
        store_bucket_get(files->lane->reader, files->arena, state->bucket, &bucket) != STORE_OK)
        return 0;
    while (state->settled < state->queued_chunks && count == 0) {
        count = count_chunk(files, job, bucket.id);
        state->settled += count == 0;
    }
    return count;
}
