/* cbor: RFC 8949, as far as AWS's RPC protocol uses it: reading into the tree of json.h, and
 * writing into a buf.
 *
 * Reading: maps with text keys, arrays, text, bytes (as strings), numbers of every width, booleans,
 * null and undefined; definite and indefinite lengths. A tag is skipped: a time (tag 1) is the
 * number of its seconds. One item must fill the whole input. Ownership: a tree lives in its arena
 * and its strings point into the input, but for those that came in pieces. Threads: pure. Bounds:
 * LIMIT_JSON_DEPTH; a length that the input cannot hold is refused before anything is made for it.
 */
#ifndef ATOLL_BASE_CBOR_H
#define ATOLL_BASE_CBOR_H

#include "base/json.h"

/* NULL when the input is not one such item. */
MUST_CHECK struct json *cbor_parse(struct arena *arena, str input);

/* Maps and arrays are written with an open end: cbor_end closes the newest. */
void cbor_map(struct buf *buf);
void cbor_array(struct buf *buf);
void cbor_end(struct buf *buf);
void cbor_text(struct buf *buf, str text);
void cbor_integer(struct buf *buf, int64_t value);
void cbor_real(struct buf *buf, double value);
void cbor_boolean(struct buf *buf, bool value);
/* Tag 1: seconds since 1970. */
void cbor_time(struct buf *buf, double seconds);

#endif
