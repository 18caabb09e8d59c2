/* One object, placed and committed; see config_upload.h. */
#include "server/config_upload.h"

#include <errno.h>
#include <stdlib.h>
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

struct config_pieces {
    struct waiter waiter;
    struct body_sink *sink;
};

struct config_pieces *config_pieces_open(struct lane *lane)
{
    struct config_pieces *pieces = mem_alloc(sizeof *pieces);
    const struct body_sink_options options = { .digest_mask = 1u << DIGEST_CRC64NVME,
                                               .limit_bytes = LIMIT_PUT_BYTES,
                                               .wake = wake,
                                               .owner = &pieces->waiter };
    pieces->waiter.woken = false;
    mutex_init(&pieces->waiter.lock);
    condition_init(&pieces->waiter.changed);
    pieces->sink = body_sink_open(lane->bodies, &options);
    return pieces;
}

void config_pieces_close(struct config_pieces *pieces)
{
    if (pieces == NULL)
        return;
    if (pieces->sink)
        body_sink_abort(pieces->sink);
    condition_fini(&pieces->waiter.changed);
    mutex_fini(&pieces->waiter.lock);
    free(pieces);
}

static bool push(struct config_pieces *pieces, str bytes)
{
    enum body_progress progress = body_sink_push(pieces->sink, bytes.ptr, bytes.size);
    while (progress == BODY_WAIT) {
        wait_for_wake(&pieces->waiter);
        progress = body_sink_push(pieces->sink, bytes.ptr, bytes.size);
    }
    return progress == BODY_TAKEN;
}

bool config_pieces_add(struct config_pieces *pieces, str text)
{
    bool taken = true;
    for (; taken && text.size > 0; text = str_skip(text, PIECE_BYTES))
        taken = push(pieces, str_first(text, PIECE_BYTES));
    return taken;
}

/* 0, or a negative errno of reading; a failed sink says so itself. */
static int push_all(struct arena *arena, struct config_pieces *pieces,
                    const struct config_upload *upload)
{
    off_t at = 0;
    bool taken = upload->fd >= 0 || config_pieces_add(pieces, upload->text);
    char *piece = upload->fd < 0 ? NULL : arena_alloc_raw(arena, PIECE_BYTES);
    while (upload->fd >= 0 && taken) {
        ssize_t size = pread(upload->fd, piece, PIECE_BYTES, at);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return -errno;
        if (size == 0)
            break;
        taken = push(pieces, str_from(piece, (size_t) size));
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

static bool finish(struct config_pieces *pieces, struct body_draft *draft)
{
    enum body_progress progress = body_sink_finish(pieces->sink, draft);
    while (progress == BODY_WAIT) {
        wait_for_wake(&pieces->waiter);
        progress = body_sink_finish(pieces->sink, draft);
    }
    if (progress == BODY_TAKEN)
        pieces->sink = NULL; /* it is the draft's */
    return progress == BODY_TAKEN;
}

bool config_pieces_commit(struct config_pieces *pieces, struct arena *arena, struct lane *lane,
                          const struct config_upload *upload, str *error)
{
    struct body_draft draft = { 0 };
    struct store_put put;
    if (!finish(pieces, &draft))
        return fail_with(arena, upload, error, store_result_name(body_sink_error(pieces->sink)));
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

bool config_upload(struct arena *arena, struct lane *lane, const struct config_upload *upload,
                   str *error)
{
    struct config_pieces *pieces = config_pieces_open(lane);
    int read = push_all(arena, pieces, upload);
    bool done = read < 0 ? fail_with(arena, upload, error, strerror(-read))
                         : config_pieces_commit(pieces, arena, lane, upload, error);
    config_pieces_close(pieces);
    return done;
}
