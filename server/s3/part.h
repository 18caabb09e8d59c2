/* part: which part of which upload a request speaks of, known before its body is read, because the
 * upload decides which checksum the bytes are hashed with. */
#ifndef ATOLL_SERVER_S3_PART_H
#define ATOLL_SERVER_S3_PART_H

#include "server/request.h"

struct part_target {
    unsigned number;
    str upload_id;
    struct upload_info upload;
    enum digest_kind kept; /* the checksum the part keeps: the upload's, or CRC64NVME */
};

/* 1 to LIMIT_PARTS, or AWS's InvalidArgument about partNumber. */
enum s3_code part_number(struct request *rq, str text, unsigned *out);
/* Looks partNumber and uploadId of the query up: *out in the request's arena. */
enum s3_code part_find(struct request *rq, struct part_target **out);
/* `declared` is the kind the request carries: it must be the upload's, where that has one. */
enum s3_code part_check_kind(struct request *rq, const struct part_target *target,
                             enum digest_kind declared);

#endif
