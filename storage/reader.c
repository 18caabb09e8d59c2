/* Reading a body: its extents are resolved at open, in one query, and every file that holds one is
 * held until close, so nothing that happens to the rows later can take the bytes away. Only the
 * file that is being read needs a descriptor: a body of 10,000 parts holds 10,000 entries of the
 * file table, not 10,000 descriptors. */
#include "storage/body.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "storage/body_row.h"
#include "storage/db.h"
#include "storage/lane.h"
#include "storage/state.h"

struct reader_piece {
    struct body_file *file;
    uint64_t at_bytes, size_bytes;
};
struct body_reader {
    struct files *files;
    uint64_t left_bytes;
    int fd; /* of pieces[next], -1: not taken yet */
    size_t next, count;
    uint64_t done_bytes; /* of pieces[next] */
    struct reader_piece pieces[];
};

static void fd_leave(struct body_reader *body)
{
    if (body->fd < 0)
        return;
    files_fd_done(body->files, body->pieces[body->next].file);
    body->fd = -1;
}

static bool fd_take(struct body_reader *body)
{
    if (body->fd >= 0)
        return true;
    int fd = files_fd(body->files, body->pieces[body->next].file);
    if (fd < 0)
        return false;
    body->fd = fd;
    return true;
}

static int hold_all(struct body_reader *body, const struct body_extent *extents, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct reader_piece *piece = &body->pieces[i];
        int held = files_hold(body->files, extents[i].file, &piece->file);
        if (held < 0)
            return held;
        body->count++;
        piece->at_bytes = extents[i].offset_bytes;
        piece->size_bytes = extents[i].length_bytes;
        body->left_bytes += piece->size_bytes;
    }
    return 0;
}

/* Held files cannot go any more, but they may have gone before, if a commit that this snapshot
 * does not show freed one. Opening the only file of a body is the look in any case. */
static int look(struct body_reader *body, const struct store_reader *reader)
{
    if (body->count == 1)
        return fd_take(body) ? 0 : -ENOENT;
    int found = 0;
    bool gone_maybe = atomic_load(&reader->store->bodies->freed_at) > reader->commits;
    for (size_t i = 0; gone_maybe && found == 0 && i < body->count; i++)
        found = files_exists(body->files, body->pieces[i].file);
    return found;
}

enum store_result body_reader_open(struct store_reader *reader, int64_t body, uint64_t offset_bytes,
                                   uint64_t length_bytes, struct body_reader **out)
{
    struct arena *scratch = arena_new();
    struct body_extent *extents;
    size_t count;
    *out = NULL;
    bool there =
        body_row_extents(reader->db, scratch, body, offset_bytes, length_bytes, &extents, &count);
    enum store_result result = there ? db_result(reader->db) : STORE_NO_VERSION;
    if (result == STORE_OK) {
        struct body_reader *made = mem_alloc(sizeof(*made) + count * sizeof(struct reader_piece));
        made->files = &reader->store->bodies->files;
        made->fd = -1;
        int held = hold_all(made, extents, count);
        if (held == 0)
            held = look(made, reader);
        if (held == 0) {
            *out = made;
        } else {
            body_reader_close(made);
            result = held == -ENOENT ? STORE_NO_VERSION : body_error(held);
        }
    }
    arena_free(scratch);
    return result;
}

enum store_result body_reader_of_draft(const struct body_draft *draft, struct body_reader **out)
{
    const struct body_extent whole = { .file = draft->file,
                                       .offset_bytes = draft->offset_bytes,
                                       .length_bytes = draft->size_bytes };
    *out = NULL;
    if (draft->file == 0)
        return STORE_OK;
    struct body_reader *made = mem_alloc(sizeof(*made) + sizeof(struct reader_piece));
    made->files = &draft->store->bodies->files;
    made->fd = -1;
    int held = hold_all(made, &whole, 1);
    if (held == 0 && fd_take(made)) {
        *out = made;
        return STORE_OK;
    }
    body_reader_close(made);
    return held < 0 ? body_error(held) : STORE_BROKEN;
}

static void next_piece(struct body_reader *body)
{
    fd_leave(body);
    body->next++;
    body->done_bytes = 0;
}

ssize_t body_reader_read(struct body_reader *body, void *out, size_t size_bytes)
{
    const struct fs *fs = body->files->fs;
    unsigned char *to = out;
    size_t done = 0;

    while (done < size_bytes && body->left_bytes > 0) {
        const struct reader_piece *piece = &body->pieces[body->next];
        uint64_t left = piece->size_bytes - body->done_bytes;
        if (left == 0) {
            next_piece(body);
            continue;
        }
        if (!fd_take(body))
            return -1;
        size_t wanted = left < size_bytes - done ? (size_t) left : size_bytes - done;
        ssize_t got = fs->pread(fs, body->fd, to + done, wanted,
                                (off_t) (piece->at_bytes + body->done_bytes));
        if (got <= 0) {
            log_line(LOG_ERROR, "body file %lld: %s", (long long) piece->file->id,
                     got < 0 ? strerror((int) -got) : "shorter than its row says");
            return -1;
        }
        done += (size_t) got;
        body->done_bytes += (size_t) got;
        body->left_bytes -= (size_t) got;
    }
    return (ssize_t) done;
}

bool body_reader_single_file(const struct body_reader *body, int *fd, uint64_t *at_bytes)
{
    if (body->count != 1 || body->fd < 0)
        return false;
    *fd = body->fd;
    *at_bytes = body->pieces[0].at_bytes + body->done_bytes;
    return true;
}

uint64_t body_reader_left(const struct body_reader *body)
{
    return body->left_bytes;
}

void body_reader_close(struct body_reader *body)
{
    if (body == NULL)
        return;
    fd_leave(body);
    for (size_t i = 0; i < body->count; i++)
        files_release(body->files, body->pieces[i].file);
    free(body);
}
