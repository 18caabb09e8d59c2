/* form: multipart/form-data, taken apart bit by bit. Pure: bytes in, events out.
 *
 *   --BOUNDARY CRLF headers CRLF CRLF value CRLF --BOUNDARY ... CRLF --BOUNDARY--
 *
 * (RFC 7578.) It may be fed in any split, down to single bytes. Fields are collected whole, all of
 * them within LIMIT_FORM_BYTES; the part named "file" is handed on as it comes, and what follows it
 * is ignored, as AWS documents. Texts live in the parser until the next call; data points into what
 * was fed or into the parser.
 */
#ifndef ATOLL_SERVER_S3_FORM_H
#define ATOLL_SERVER_S3_FORM_H

#include "base/limits.h"
#include "base/str.h"

#define FORM_BOUNDARY_BYTES 200 /* RFC 2046 allows 70 */

enum form_event {
    FORM_MORE,      /* all was used; feed the next bytes */
    FORM_FIELD,     /* `name`, `value` */
    FORM_FILE,      /* the file begins: `filename`, unset without one */
    FORM_DATA,      /* `data` of the file */
    FORM_END,       /* the file is complete; said once, the rest is swallowed */
    FORM_NO_FILE,   /* the closing boundary came before any file */
    FORM_TOO_LARGE, /* the fields pass the limit; stays so */
    FORM_BAD        /* not this format; stays so */
};

struct form {
    /* out: valid until the next call */
    str name, value, filename, data;
    /* own */
    enum {
        FORM_IN_PREAMBLE,
        FORM_AFTER_BOUNDARY,
        FORM_IN_HEADERS,
        FORM_IN_VALUE,
        FORM_IN_FILE,
        FORM_IN_EPILOGUE,
        FORM_BROKEN
    } state;
    enum form_event broken; /* what is said ever after */
    size_t matched;         /* bytes of the delimiter seen so far */
    size_t delimiter_size;
    size_t used;                             /* of all fields, LIMIT_FORM_BYTES at most */
    size_t text_size;                        /* of `text` */
    size_t value_at;                         /* in `text`, where the part's value begins */
    size_t line_at;                          /* in `text`, where the header line begins */
    char delimiter[FORM_BOUNDARY_BYTES + 4]; /* CRLF "--" BOUNDARY */
    char text[LIMIT_FORM_BYTES];             /* headers, then the value, of one part */
};

/* The boundary parameter of a multipart/form-data Content-Type; STR_NONE when there is none. */
str form_boundary(str content_type);
/* False when the boundary cannot be one. */
MUST_CHECK bool form_init(struct form *form, str boundary);
/* Takes some of *rest (and moves it on) until there is something to say. */
enum form_event form_next(struct form *form, str *rest);

#endif
