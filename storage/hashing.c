/* Hashing a stored body in the pool, a few MiB a step so that many share its threads. */
#include <stdlib.h>

#include "base/arena.h"
#include "storage/body.h"
#include "storage/lane.h"
#include "storage/state.h"

#define READ_BYTES ((size_t) 256 * 1024)
#define READS_PER_STEP 16

struct hashing_job {
    struct body_hashing *hashing;
    struct body_reader *body; /* NULL: opening failed */
    unsigned char *buffer;
    struct digest digests[DIGEST_KINDS];
    struct pool_job job;
};

static bool wants(const struct hashing_job *job, int kind)
{
    return kind != DIGEST_NONE && (job->hashing->digest_mask & (1u << kind)) != 0;
}

static void hashing_end(struct hashing_job *job, enum store_result result)
{
    struct body_hashing *hashing = job->hashing;
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if (wants(job, kind))
            hashing->sums[kind] = digest_final(&job->digests[kind]);
    body_reader_close(job->body);
    free(job->buffer);
    free(job);
    hashing->result = result;
    hashing->wake(hashing->owner);
}

static bool hashing_step(struct pool_job *pool_job)
{
    struct hashing_job *job =
        (struct hashing_job *) (void *) ((char *) pool_job - offsetof(struct hashing_job, job));
    if (job->body == NULL) {
        hashing_end(job, job->hashing->result);
        return false;
    }
    for (int i = 0; i < READS_PER_STEP; i++) {
        ssize_t got = body_reader_read(job->body, job->buffer, READ_BYTES);
        if (got <= 0) {
            hashing_end(job, got < 0 ? STORE_BROKEN : STORE_OK);
            return false;
        }
        for (int kind = 0; kind < DIGEST_KINDS; kind++)
            if (wants(job, kind))
                digest_update(&job->digests[kind], job->buffer, (size_t) got);
    }
    return true;
}

void body_hashing_start(struct store_reader *reader, struct body_hashing *hashing)
{
    struct hashing_job *job = mem_alloc(sizeof(*job));

    job->hashing = hashing;
    job->buffer = mem_alloc(READ_BYTES);
    job->job.step = hashing_step;
    hashing->result = body_reader_open(reader, hashing->body, hashing->offset_bytes,
                                       hashing->length_bytes, &job->body);
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if (wants(job, kind))
            digest_init(&job->digests[kind], (enum digest_kind) kind);
    pool_submit(reader->store->bodies->pool, &job->job);
}
