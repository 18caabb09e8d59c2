/* operations: the one table of everything atoll can be asked over AWS's protocols. The router, the
 * policy check, the MRAP gate, the log, metrics, docs/coverage.md and the coverage test read it.
 * Adding an operation: a row here, a handler in its room, a golden case that shows it.
 */
#ifndef ATOLL_SERVER_OPERATIONS_H
#define ATOLL_SERVER_OPERATIONS_H

#include "server/request.h"

enum op_place {
    AT_SERVICE,
    AT_BUCKET,
    AT_OBJECT,
    AT_CONTROL,
    AT_STS, /* from here on the query protocol: GET or POST, told apart by the parameter Action */
    AT_IAM,
    AT_CLOUDWATCH
};

enum op_flag {
    OP_MRAP = 1,        /* allowed through a Multi-Region Access Point (aws-behaviour: B.2) */
    OP_WRITE = 2,       /* changes something */
    OP_STREAM = 4,      /* its body is an object's or a part's bytes */
    OP_DOCUMENT = 8,    /* its body is a document, read whole (LIMIT_XML_BYTES) */
    OP_NO_BUCKET = 16,  /* at a bucket's address, but the bucket need not exist (CreateBucket) */
    OP_MISSING = 32,    /* a row that answers NotImplemented with its name */
    OP_ANY_REGION = 64, /* answered wherever it is asked: GetBucketLocation */
    OP_FORM = 128       /* with OP_STREAM: the bytes are a form's file, PostObject */
};

typedef enum s3_code op_fn(struct request *rq);

struct operation {
    const char *name; /* AWS's name */
    const char *method;
    enum op_place place;
    const char *selector;   /* "list-type=2", "uploads", "partNumber&uploadId", "@x-amz-copy-source"
                               (a header), or NULL; '&' joins several that must all be there.
                               At AT_CONTROL: the path's template below /v20180820 */
    const char *permission; /* "s3:ListBucket"; "" when the handler sees to it */
    unsigned flags;
    op_fn *handle; /* NULL with OP_MISSING */
};

/* The most specific row for method, place and query; NULL when none fits. x-id is ignored. */
const struct operation *operation_find(const struct request *rq, enum op_place place);
/* How well a row fits: the more it asks for, the higher; -1 when it does not. No two rows fit one
 * request equally well. */
int operation_fit(const struct operation *op, const struct request *rq, enum op_place place);
/* All rows, for views of the table. */
const struct operation *operations_all(size_t *count);

#endif
