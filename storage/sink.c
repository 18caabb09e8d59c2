/* A sink collects one body. Small ones stay in memory until finish, which hashes and appends them;
 * a body that outgrows LIMIT_SMALL_BODY_BYTES hands over what it has as its first chunk and from
 * then on the owner fills chunks while the pool writes and hashes them in order.
 *
 *     owner:  SMALL --(outgrown)--> LARGE --(finish)--> FINISHING --> DONE --(finish)--> freed
 *     pool:                         one step = one chunk; the last step seals the file
 *
 * The pool has at most one step of a sink under way (`in_pool`), so digests and the write offset
 * need no lock. After an abort the pool frees the sink; the owner does no I/O for it. */
#include "storage/body.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/limits.h"
#include "storage/lane.h"
#include "storage/state.h"

#define CHUNK_BYTES ((size_t) 256 * 1024)
#define CHUNKS_IN_FLIGHT 4
/* Owners are woken at half, not at the first free chunk: half as many suspends and resumes. */
#define CHUNKS_WAKE 2
#define SMALL_FIRST_BYTES ((size_t) 8 * 1024)

struct sink_chunk {
    unsigned char *bytes;
    size_t size, capacity;
    struct sink_chunk *next;
};

struct body_sink {
    struct body_lane *lane;
    struct body_state *bodies;
    struct body_sink_options options;
    struct { /* the owner's */
        uint64_t size_bytes;
        struct sink_chunk *filling; /* the whole body while it is small */
        bool large, finishing;
        enum store_result error; /* found by the owner: too large */
    } own;
    struct { /* the pool's, one step at a time */
        struct body_file *file;
        uint64_t at_bytes;
        struct digest digests[DIGEST_KINDS];
        bool digesting;
    } work;
    struct mutex lock;
    struct { /* under the lock */
        struct sink_chunk *first, *last, *spare;
        unsigned queued;
        bool in_pool, waiting, no_more, done, aborted;
        enum store_result error;
        struct body_draft draft;
    } shared;
    struct pool_job job;
};

static struct body_sink *sink_of(struct pool_job *job)
{
    return (struct body_sink *) (void *) ((char *) job - offsetof(struct body_sink, job));
}

struct body_sink *body_sink_open(struct body_lane *lane, const struct body_sink_options *options)
{
    struct body_sink *sink = mem_alloc(sizeof(*sink));
    sink->lane = lane;
    sink->bodies = lane->bodies;
    sink->options = *options;
    sink->options.digest_mask |= 1u << DIGEST_MD5;
    sink->options.digest_mask &= ~(1u << DIGEST_NONE);
    mutex_init(&sink->lock);
    return sink;
}

static void chunks_free(struct sink_chunk *chunk)
{
    while (chunk != NULL) {
        struct sink_chunk *next = chunk->next;
        free(chunk->bytes);
        free(chunk);
        chunk = next;
    }
}

/* The owner's or, after an abort, the pool's; never both. */
static void sink_free(struct body_sink *sink)
{
    if (sink->work.file != NULL) {
        files_seal(&sink->bodies->files, sink->work.file);
        files_reap(&sink->bodies->files);
    }
    for (int kind = 0; sink->work.digesting && kind < DIGEST_KINDS; kind++)
        if ((sink->options.digest_mask & (1u << kind)) != 0)
            digest_abort(&sink->work.digests[kind]);
    chunks_free(sink->own.filling);
    chunks_free(sink->shared.first);
    chunks_free(sink->shared.spare);
    mutex_fini(&sink->lock);
    free(sink);
}

static void digests_start(struct body_sink *sink)
{
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if ((sink->options.digest_mask & (1u << kind)) != 0)
            digest_init(&sink->work.digests[kind], (enum digest_kind) kind);
    sink->work.digesting = true;
}

static void digests_final(struct body_sink *sink, struct body_draft *draft)
{
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if ((sink->options.digest_mask & (1u << kind)) != 0)
            draft->sums[kind] = digest_final(&sink->work.digests[kind]);
    draft->md5 = draft->sums[DIGEST_MD5];
    sink->work.digesting = false;
}

static enum store_result chunk_write(struct body_sink *sink, const struct sink_chunk *chunk)
{
    struct files *files = &sink->bodies->files;

    if (!reserve_is_whole(&sink->bodies->store->reserve))
        return STORE_FULL;
    if (sink->work.file == NULL) {
        int made = files_create(files, FILE_OWN, &sink->work.file);
        if (made < 0) {
            sink->work.file = NULL;
            return body_error(made);
        }
        digests_start(sink);
    }
    int written = fs_write_all(files->fs, sink->work.file->fd, chunk->bytes, chunk->size,
                               (off_t) sink->work.at_bytes);
    if (written < 0)
        return body_error(written);
    sink->work.at_bytes += chunk->size;
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if ((sink->options.digest_mask & (1u << kind)) != 0)
            digest_update(&sink->work.digests[kind], chunk->bytes, chunk->size);
    return STORE_OK;
}

/* All is written: pins the file for the draft and ends appending to it. */
static struct body_draft work_end(struct body_sink *sink)
{
    struct body_draft draft = { .file = sink->work.file->id,
                                .size_bytes = sink->work.at_bytes,
                                .store = sink->bodies->store };
    digests_final(sink, &draft);
    files_pin(&sink->bodies->files, sink->work.file);
    files_seal(&sink->bodies->files, sink->work.file);
    sink->work.file = NULL;
    return draft;
}

static void wake_locked(struct body_sink *sink, bool whether)
{
    mutex_assert_held(&sink->lock);
    if (!sink->shared.waiting || !whether)
        return;
    sink->shared.waiting = false;
    /* Under the lock, so that no wake follows the abort that let the owner go. */
    sink->options.wake(sink->options.owner);
}

static struct sink_chunk *take_locked(struct body_sink *sink)
{
    mutex_assert_held(&sink->lock);
    struct sink_chunk *chunk = sink->shared.first;
    if (chunk == NULL || sink->shared.error != STORE_OK || sink->shared.aborted)
        return NULL;
    sink->shared.first = chunk->next;
    if (sink->shared.first == NULL)
        sink->shared.last = NULL;
    return chunk;
}

static void give_back_locked(struct body_sink *sink, struct sink_chunk *chunk,
                             enum store_result result)
{
    mutex_assert_held(&sink->lock);
    chunk->size = 0;
    chunk->next = NULL;
    if (chunk->capacity == CHUNK_BYTES) {
        chunk->next = sink->shared.spare;
        sink->shared.spare = chunk;
    } else {
        chunks_free(chunk); /* the first one, grown in memory */
    }
    sink->shared.queued--;
    if (sink->shared.error == STORE_OK)
        sink->shared.error = result;
    bool failed = sink->shared.error != STORE_OK;
    wake_locked(sink, failed || (!sink->shared.no_more && sink->shared.queued <= CHUNKS_WAKE));
}

/* One chunk. True when more is queued. */
static bool sink_step(struct pool_job *job)
{
    struct body_sink *sink = sink_of(job);

    mutex_lock(&sink->lock);
    struct sink_chunk *chunk = take_locked(sink);
    mutex_unlock(&sink->lock);
    enum store_result result = chunk != NULL ? chunk_write(sink, chunk) : STORE_OK;

    mutex_lock(&sink->lock);
    if (chunk != NULL)
        give_back_locked(sink, chunk, result);
    if (sink->shared.aborted) {
        mutex_unlock(&sink->lock);
        sink_free(sink);
        return false;
    }
    bool failed = sink->shared.error != STORE_OK;
    bool again = !failed && sink->shared.first != NULL;
    if (!again && !failed && sink->shared.no_more) {
        sink->shared.draft = work_end(sink);
        sink->shared.done = true;
    }
    sink->shared.in_pool = again;
    wake_locked(sink, sink->shared.done || failed);
    mutex_unlock(&sink->lock);
    return again;
}

static void submit_locked(struct body_sink *sink)
{
    mutex_assert_held(&sink->lock);
    if (sink->shared.in_pool)
        return;
    sink->shared.in_pool = true;
    sink->job.step = sink_step;
    pool_submit(sink->bodies->pool, &sink->job);
}

static void queue_locked(struct body_sink *sink, struct sink_chunk *chunk)
{
    mutex_assert_held(&sink->lock);
    chunk->next = NULL;
    if (sink->shared.last != NULL)
        sink->shared.last->next = chunk;
    else
        sink->shared.first = chunk;
    sink->shared.last = chunk;
    sink->shared.queued++;
    submit_locked(sink);
}

static struct sink_chunk *chunk_new(size_t capacity)
{
    struct sink_chunk *chunk = mem_alloc(sizeof(*chunk));
    chunk->bytes = mem_alloc(capacity);
    chunk->capacity = capacity;
    return chunk;
}

static struct sink_chunk *spare_chunk(struct body_sink *sink)
{
    mutex_lock(&sink->lock);
    struct sink_chunk *chunk = sink->shared.spare;
    if (chunk != NULL)
        sink->shared.spare = chunk->next;
    mutex_unlock(&sink->lock);
    if (chunk == NULL)
        return chunk_new(CHUNK_BYTES);
    chunk->next = NULL;
    return chunk;
}

static void fill(struct sink_chunk *chunk, const unsigned char *bytes, size_t size)
{
    memcpy(chunk->bytes + chunk->size, bytes, size);
    chunk->size += size;
}

static enum body_progress push_small(struct body_sink *sink, const void *bytes, size_t size)
{
    struct sink_chunk *chunk = sink->own.filling;
    if (chunk == NULL)
        chunk = sink->own.filling = chunk_new(size > SMALL_FIRST_BYTES ? size : SMALL_FIRST_BYTES);
    size_t needed = chunk->size + size;
    if (needed > chunk->capacity) {
        size_t capacity = chunk->capacity * 2;
        while (capacity < needed)
            capacity *= 2;
        chunk->capacity = capacity < LIMIT_SMALL_BODY_BYTES ? capacity : LIMIT_SMALL_BODY_BYTES;
        chunk->bytes = mem_resize(chunk->bytes, chunk->capacity);
    }
    fill(chunk, bytes, size);
    return BODY_TAKEN;
}

/* Waits only for whole pushes: what fits in no four chunks is taken when there is room at all, or
 * a caller with large pushes would wait for ever. */
static enum body_progress push_large(struct body_sink *sink, const unsigned char *bytes,
                                     size_t size)
{
    mutex_lock(&sink->lock);
    enum body_progress progress = BODY_TAKEN;
    if (sink->shared.error != STORE_OK) {
        progress = BODY_FAILED;
    } else if (sink->shared.queued >= CHUNKS_IN_FLIGHT) {
        sink->shared.waiting = true;
        progress = BODY_WAIT;
    }
    mutex_unlock(&sink->lock);
    if (progress != BODY_TAKEN)
        return progress;

    while (size > 0) {
        struct sink_chunk *chunk = sink->own.filling;
        if (chunk == NULL)
            chunk = sink->own.filling = spare_chunk(sink);
        size_t room = chunk->capacity - chunk->size;
        size_t taken = size < room ? size : room;
        fill(chunk, bytes, taken);
        bytes += taken;
        size -= taken;
        if (chunk->size == chunk->capacity) {
            sink->own.filling = NULL;
            SCOPED_LOCK(&sink->lock);
            queue_locked(sink, chunk);
        }
    }
    return BODY_TAKEN;
}

/* What was collected so far becomes the first chunk, as it lies. */
static void outgrow(struct body_sink *sink)
{
    struct sink_chunk *chunk = sink->own.filling;
    sink->own.large = true;
    sink->own.filling = NULL;
    if (chunk == NULL)
        return;
    SCOPED_LOCK(&sink->lock);
    queue_locked(sink, chunk);
}

enum body_progress body_sink_push(struct body_sink *sink, const void *bytes, size_t size_bytes)
{
    BUG_UNLESS(!sink->own.finishing);
    if (sink->own.error != STORE_OK)
        return BODY_FAILED;
    if (size_bytes == 0)
        return BODY_TAKEN;
    if (size_bytes > sink->options.limit_bytes - sink->own.size_bytes) {
        sink->own.error = STORE_TOO_LARGE;
        return BODY_FAILED;
    }
    enum body_progress progress;
    if (!sink->own.large && sink->own.size_bytes + size_bytes <= LIMIT_SMALL_BODY_BYTES) {
        progress = push_small(sink, bytes, size_bytes);
    } else {
        if (!sink->own.large)
            outgrow(sink);
        progress = push_large(sink, bytes, size_bytes);
    }
    if (progress == BODY_TAKEN)
        sink->own.size_bytes += size_bytes;
    return progress;
}

static enum body_progress finish_small(struct body_sink *sink, struct body_draft *draft)
{
    struct sink_chunk *chunk = sink->own.filling;
    const void *bytes = chunk != NULL ? chunk->bytes : (const unsigned char *) "";
    size_t size = chunk != NULL ? chunk->size : 0;
    struct body_draft made = { .size_bytes = size, .store = sink->bodies->store };

    if (size > 0)
        sink->own.error = body_lane_append(sink->lane, bytes, size, &made);
    if (sink->own.error != STORE_OK)
        return BODY_FAILED;
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if ((sink->options.digest_mask & (1u << kind)) != 0)
            made.sums[kind] = digest_of((enum digest_kind) kind, bytes, size);
    made.md5 = made.sums[DIGEST_MD5];
    *draft = made;
    sink_free(sink);
    return BODY_TAKEN;
}

static enum body_progress finish_large(struct body_sink *sink, struct body_draft *draft)
{
    mutex_lock(&sink->lock);
    if (!sink->own.finishing) {
        sink->own.finishing = true;
        sink->shared.no_more = true;
        if (sink->own.filling != NULL)
            queue_locked(sink, sink->own.filling);
        sink->own.filling = NULL;
        /* Also when nothing is left to write: the pool finishes the digests. */
        submit_locked(sink);
    }
    enum body_progress progress = BODY_TAKEN;
    if (sink->shared.error != STORE_OK) {
        progress = BODY_FAILED;
    } else if (!sink->shared.done) {
        sink->shared.waiting = true;
        progress = BODY_WAIT;
    } else {
        *draft = sink->shared.draft;
    }
    mutex_unlock(&sink->lock);
    if (progress == BODY_TAKEN)
        sink_free(sink);
    return progress;
}

enum body_progress body_sink_finish(struct body_sink *sink, struct body_draft *draft)
{
    if (sink->own.error != STORE_OK)
        return BODY_FAILED;
    return sink->own.large ? finish_large(sink, draft) : finish_small(sink, draft);
}

enum store_result body_sink_error(const struct body_sink *sink)
{
    if (sink->own.error != STORE_OK)
        return sink->own.error;
    /* Set before the call that said BODY_FAILED, and never changed again. */
    return sink->shared.error;
}

uint64_t body_sink_size(const struct body_sink *sink)
{
    return sink->own.size_bytes;
}

void body_sink_abort(struct body_sink *sink)
{
    if (sink == NULL)
        return;
    if (!sink->own.large) {
        sink_free(sink);
        return;
    }
    mutex_lock(&sink->lock);
    if (sink->shared.done) {
        mutex_unlock(&sink->lock);
        body_draft_drop(&sink->shared.draft);
        sink_free(sink);
        return;
    }
    sink->shared.aborted = true;
    sink->shared.waiting = false;
    submit_locked(sink); /* unlinking is the pool's work too */
    mutex_unlock(&sink->lock);
}
