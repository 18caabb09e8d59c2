/* chunked: the aws-chunked framing of a body, decoded bit by bit. Pure: bytes in, events out.
 *
 *   HEX[;chunk-signature=SIG]\r\n  data  \r\n  ...  0[;chunk-signature=SIG]\r\n  name:value\r\n
 * \r\n
 *
 * (AWS: "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
 * Chunks".) It may be fed in any split, down to single bytes; it copies only size lines and
 * trailers, both bounded (limits.h). Data events point into what was fed, texts into the decoder.
 */
#ifndef ATOLL_SERVER_S3_CHUNKED_H
#define ATOLL_SERVER_S3_CHUNKED_H

#include "base/fields.h"
#include "base/limits.h"

enum chunked_event {
    CHUNKED_MORE,  /* all was used; feed the next bytes */
    CHUNKED_DATA,  /* `data` */
    CHUNKED_CHUNK, /* a chunk is complete, the last one (of size 0) included: `signature` */
    CHUNKED_END,   /* the framing is complete: `trailers` */
    CHUNKED_BAD    /* not this framing; stays so */
};

struct chunked {
    /* out: valid until the next call */
    str data;
    str signature; /* of the chunk; empty when it had none */
    str trailers;  /* lines as received, "\n" between, names as sent */
    /* own */
    enum {
        CHUNKED_AT_SIZE,
        CHUNKED_IN_DATA,
        CHUNKED_AFTER_DATA,
        CHUNKED_AT_TRAILER,
        CHUNKED_MAYBE_END,
        CHUNKED_AT_END,
        CHUNKED_BROKEN
    } state;
    uint64_t left_bytes; /* of the chunk's data */
    size_t line_size;    /* of the line that is being collected */
    size_t trailer_size;
    bool bare_lf; /* the last line had no CR before its LF */
    size_t signature_at, signature_size;
    char line[LIMIT_CHUNK_HEADER_BYTES];
    char trailer[LIMIT_TRAILER_BYTES];
};

void chunked_init(struct chunked *decoder);
/* Takes some of *rest (and moves it on) until there is something to say. */
enum chunked_event chunked_next(struct chunked *decoder, str *rest);
/* No more bytes come: true when that completes the framing, with what CHUNKED_END would say. */
MUST_CHECK bool chunked_finish(struct chunked *decoder);
/* The trailers in order: names lower case, values trimmed. False when a line has no colon or name.
 */
MUST_CHECK bool chunked_trailers(struct arena *arena, str trailers, struct fields *out);

#endif
