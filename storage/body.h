/* Bodies: immutable, reference-counted bytes (DESIGN.md 5).
 *
 * Writing: a body_sink takes bytes from one request. Up to LIMIT_SMALL_BODY_BYTES they stay in
 * memory and are hashed and appended to the lane's segment by the calling thread in
 * body_sink_finish; beyond that the sink opens a file of its own and the body pool writes and
 * hashes, while the caller is told to wait (it suspends its connection) until `wake` is called.
 * A finished sink gives a body_draft, which a put or part write consumes; a draft that no write
 * took must be dropped. Drafts pin their file: nothing is freed under them.
 * Reading: a body_reader holds its files open, so a version deleted meanwhile stays readable.
 * Threads: a lane, a sink and a reader belong to one thread at a time; `wake` comes from any.
 */
#ifndef ATOLL_STORAGE_BODY_H
#define ATOLL_STORAGE_BODY_H

#include "base/digest.h"
#include "storage/store.h"

struct body_lane; /* one per worker: its open segment */
struct body_sink;
struct body_reader;

MUST_CHECK struct body_lane *body_lane_open(struct store *store);
void body_lane_close(struct body_lane *lane);

/* Bytes placed and hashed, not yet named by a row. */
struct body_draft {
    int64_t file; /* 0: an empty body, no file */
    uint64_t offset_bytes;
    uint64_t size_bytes;
    struct digest_value md5;
    struct digest_value sums[DIGEST_KINDS]; /* of the kinds asked for; size 0 otherwise */
    struct store *store;
};
void body_draft_drop(struct body_draft *draft); /* fine after a write took it, and on zeroes */

struct body_sink_options {
    uint32_t digest_mask; /* 1u << DIGEST_X for each kind wanted; MD5 always comes */
    uint64_t limit_bytes; /* more than that: STORE_TOO_LARGE */
    void (*wake)(void *owner);
    void *owner;
};
enum body_progress { BODY_TAKEN, BODY_WAIT, BODY_FAILED };

struct body_sink *body_sink_open(struct body_lane *lane, const struct body_sink_options *options);
/* All or nothing: BODY_WAIT took nothing; push the same bytes again after `wake`. */
enum body_progress body_sink_push(struct body_sink *sink, const void *bytes, size_t size_bytes);
/* BODY_WAIT: call again after `wake`. BODY_TAKEN: *draft is filled and the sink is freed.
 * BODY_FAILED: body_sink_error says why; abort it. */
enum body_progress body_sink_finish(struct body_sink *sink, struct body_draft *draft);
enum store_result body_sink_error(const struct body_sink *sink);
uint64_t body_sink_size(const struct body_sink *sink);
void body_sink_abort(struct body_sink *sink); /* any time; never blocks; NULL is fine */

/* Opens bytes [offset, offset + length) of a stored body. STORE_NO_VERSION when the body is gone:
 * renew the read and look the version up again. */
MUST_CHECK enum store_result body_reader_open(struct store_reader *reader, int64_t body,
                                              uint64_t offset_bytes, uint64_t length_bytes,
                                              struct body_reader **out);
/* Opens the bytes of a draft; they stay readable after it is dropped. Of an empty one: NULL. */
MUST_CHECK enum store_result body_reader_of_draft(const struct body_draft *draft,
                                                  struct body_reader **out);
/* Reads on; returns bytes read, 0 at the end, -1 on an I/O error. */
ssize_t body_reader_read(struct body_reader *body, void *out, size_t size_bytes);
/* True when all of it lies in one file: *fd (still the reader's) and *at, for sendfile. */
bool body_reader_single_file(const struct body_reader *body, int *fd, uint64_t *at_bytes);
uint64_t body_reader_left(const struct body_reader *body);
void body_reader_close(struct body_reader *body); /* NULL is fine; any thread */

/* Digests of a stored body, computed in the pool: for copies of multipart objects. */
struct body_hashing {
    /* in */
    int64_t body;
    uint64_t offset_bytes, length_bytes;
    uint32_t digest_mask; /* may include MD5 */
    void (*wake)(void *owner);
    void *owner;
    /* out, valid after wake */
    enum store_result result;
    struct digest_value sums[DIGEST_KINDS];
    struct body_hashing *next;
};
void body_hashing_start(struct store_reader *reader, struct body_hashing *hashing);

#endif
