/* complete_body: the document of CompleteMultipartUpload: which parts, in which order. Pure. */
#ifndef ATOLL_SERVER_S3_COMPLETE_BODY_H
#define ATOLL_SERVER_S3_COMPLETE_BODY_H

#include "server/s3/xml.h"
#include "storage/upload.h"

enum complete_body_result {
    COMPLETE_BODY_OK,
    COMPLETE_BODY_EMPTY,      /* no part at all */
    COMPLETE_BODY_MALFORMED,  /* a part without number or ETag, too many parts */
    COMPLETE_BODY_BAD_NUMBER, /* *culprit: the text */
    COMPLETE_BODY_BAD_ORDER,
    COMPLETE_BODY_BAD_CHECKSUM /* not base64 of the right size; *culprit: the element's name */
};
struct complete_body {
    struct complete_part *parts; /* ascending */
    size_t count;
    str culprit;
};
/* `root` is <CompleteMultipartUpload>. Only one checksum of a part is kept: its first. */
enum complete_body_result complete_body_read(struct arena *arena, const struct xml *root,
                                             struct complete_body *out);

#endif
