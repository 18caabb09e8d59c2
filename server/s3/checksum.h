/* checksum: S3's object checksums as clients write and read them: header and element names, values
 * in base64, which one a request declares.
 *
 * Pure but for the refusals, which speak through the request. Values live in the arena given.
 */
#ifndef ATOLL_SERVER_S3_CHECKSUM_H
#define ATOLL_SERVER_S3_CHECKSUM_H

#include "server/request.h"
#include "server/s3/xml.h"

const char *checksum_header(enum digest_kind kind);  /* "x-amz-checksum-crc32" */
const char *checksum_element(enum digest_kind kind); /* "ChecksumCRC32" */
const char *checksum_lower(enum digest_kind kind);   /* "crc32"; "null" for DIGEST_NONE */
/* DIGEST_NONE when the header's name is none of them; case does not matter. */
enum digest_kind checksum_of_header(str name);
/* "ChecksumCRC32" and so on, as S3 spells them; else DIGEST_NONE. */
enum digest_kind checksum_of_element(str name);

/* Base64 of exactly the kind's size. */
MUST_CHECK bool checksum_parse(struct arena *arena, enum digest_kind kind, str text,
                               struct digest_value *out);
/* Base64, and "-N" behind it for a composite one of an object with N parts; 0: without. */
str checksum_text(struct arena *arena, const struct object_checksum *checksum, unsigned parts);
bool checksum_equal(const struct digest_value *a, const struct digest_value *b);

/* InvalidRequest: the algorithm is none of S3's. */
enum s3_code checksum_unsupported(struct request *rq);
/* What the headers declare about the bytes that follow. */
struct checksum_declared {
    enum digest_kind kind; /* DIGEST_NONE: nothing */
    bool in_trailer;       /* then the value comes behind the body */
    struct digest_value value;
};
enum s3_code checksum_declared(struct request *rq, struct checksum_declared *out);
/* A value a client sent, in a header or trailer of this kind, or InvalidRequest. */
enum s3_code checksum_value(struct request *rq, enum digest_kind kind, str text,
                            struct digest_value *out);

/* x-amz-checksum-KIND and x-amz-checksum-type. */
void checksum_reply(struct request *rq, const struct object_checksum *checksum, unsigned parts);
/* <ChecksumKIND>. */
void checksum_write(struct request *rq, struct xml_writer *xml,
                    const struct object_checksum *checksum, unsigned parts);

#endif
