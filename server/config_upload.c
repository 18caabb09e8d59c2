/* One object, placed and committed; see config_upload.h. */
#include "server/config_upload.h"

#include <errno.h>
#include <unistd.h>

#include "base/lock.h"
#include "server/request.h"

#define PIECE_BYTES 65536

/* The body pool wakes from its own thread. */
struct waiter {
    struct mutex lock;
    struct condition changed;
    bool woken;
};

static void wake(void *owner)
{
    struct waiter *waiter = owner;
    SCOPED_LOCK(&waiter->lock);
    waiter->woken = true;
    condition_wake_one(&waiter->changed);
}

static void wait_for_wake(struct waiter *waiter)
{
    SCOPED_LOCK(&waiter->lock);
    while (!waiter->woken)
        condition_wait(&waiter->changed, &waiter->lock);
    waiter->woken = false;
}

static bool push(struct body_sink *sink, struct waiter *waiter, str bytes)
{
    enum body_progress progress = body_sink_push(sink, bytes.ptr, bytes.size);
    while (progress == BODY_WAIT) {
        wait_for_wake(waiter);
        progress = body_sink_push(sink, bytes.ptr, bytes.size);
    }
    return progress == BODY_TAKEN;
}

/* 0, or a negative errno of reading; a failed sink says so itself. */
static int push_all(struct arena *arena, struct body_sink *sink, struct waiter *waiter,
                    const struct config_upload *upload)
{
    str text = upload->text;
    off_t at = 0;
    bool taken = true;
    while (upload->fd < 0 && taken && text.size > 0) {
        taken = push(sink, waiter, str_first(text, PIECE_BYTES));
        text = str_skip(text, PIECE_BYTES);
    }
    char *piece = upload->fd < 0 ? NULL : arena_alloc_raw(arena, PIECE_BYTES);
    while (upload->fd >= 0 && taken) {
        ssize_t size = pread(upload->fd, piece, PIECE_BYTES, at);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return -errno;
        if (size == 0)
            break;
        taken = push(sink, waiter, str_from(piece, (size_t) size));
        at += size;
    }
    return 0;
}

static bool fail_with(struct arena *arena, const struct config_upload *upload, str *error,
                      const char *why)
{
    *error = str_format(arena, "object '%.*s': %s", STR_ARG(upload->key), why);
    return false;
}

static bool place(struct arena *arena, struct lane *lane, const struct config_upload *upload,
                  struct body_draft *draft, str *error)
{
    struct waiter waiter = { .woken = false };
    struct body_sink_options options = { .digest_mask = 1u << DIGEST_CRC64NVME,
                                         .limit_bytes = LIMIT_PUT_BYTES,
                                         .wake = wake,
                                         .owner = &waiter };
    mutex_init(&waiter.lock);
    condition_init(&waiter.changed);
    struct body_sink *sink = body_sink_open(lane->bodies, &options);
    int read = push_all(arena, sink, &waiter, upload);
    enum body_progress progress = read < 0 ? BODY_FAILED : body_sink_finish(sink, draft);
    while (progress == BODY_WAIT) {
        wait_for_wake(&waiter);
        progress = body_sink_finish(sink, draft);
    }
    if (progress == BODY_FAILED) {
        (void) fail_with(arena, upload, error,
                         read < 0 ? strerror(-read) : store_result_name(body_sink_error(sink)));
        body_sink_abort(sink);
    }
    condition_fini(&waiter.changed);
    mutex_fini(&waiter.lock);
    return progress == BODY_TAKEN;
}

bool config_upload(struct arena *arena, struct lane *lane, const struct config_upload *upload,
                   str *error)
{
    struct body_draft draft = { 0 };
    struct store_put put;
    if (!place(arena, lane, upload, &draft, error))
        return false;
    store_put_init(&put, arena);
    put.bucket = upload->bucket;
    put.key = upload->key;
    put.draft = draft;
    put.meta.fields = fields_pack(arena, &upload->meta);
    put.meta.acl = upload->acl;
    /* What S3 computes for uploads that bring no checksum of their own. */
    put.meta.checksum =
        (struct object_checksum){ DIGEST_CRC64NVME, false, draft.sums[DIGEST_CRC64NVME] };
    put.condition.if_none_match_any = true;
    enum store_result result = store_write_wait(lane->world->store, &put.head);
    body_draft_drop(&put.draft);
    if (result == STORE_OK || result == STORE_PRECONDITION)
        return true;
    return fail_with(arena, upload, error, store_result_name(result));
}
