/* document: a bucket's sub-resource that is kept as one document: read, judged by its table and a
 * rule of its own, kept, shown, deleted.
 *
 * What is kept is the inside of the root element, already escaped. An empty kept text is a
 * sub-resource that was deleted although new buckets have it (document_forget). Strings live in the
 * request's arena.
 */
#ifndef ATOLL_SERVER_S3_DOCUMENT_H
#define ATOLL_SERVER_S3_DOCUMENT_H

#include "server/request.h"
#include "server/s3/schema.h"

typedef enum s3_code document_judge_fn(struct request *rq, const struct xml *root);

struct document {
    const char *kind; /* in the store */
    const struct schema *schema;
    enum s3_code absent;      /* what GET answers when there is none; S3_OK: `fallback` */
    const char *fallback;     /* the inside of the document that a new bucket has; NULL: empty */
    document_judge_fn *judge; /* after the table; may be NULL */
};

/* The whole life of a put, a get and a delete. Put answers 200, delete 204. */
enum s3_code document_put(struct request *rq, const struct document *document);
enum s3_code document_get(struct request *rq, const struct document *document);
enum s3_code document_delete(struct request *rq, const struct document *document);
/* Deletes what a new bucket has by default: afterwards it is absent. */
enum s3_code document_forget(struct request *rq, const struct document *document);

/* Pieces, for sub-resources with more to say. */
/* rq->body against table and judge. */
enum s3_code document_read(struct request *rq, const struct document *document,
                           const struct xml **root);
/* What is to be kept of a document that fits. */
enum s3_code document_text(struct request *rq, const struct document *document,
                           const struct xml *root, str *inside);
/* Keeps a text (ptr == NULL: deletes), then answers `status`. */
enum s3_code document_keep(struct request *rq, const char *kind, str id, str text, int status);
/* The kept inside. STORE_ABSENT: never put, *inside is not set. */
MUST_CHECK enum store_result document_load(struct request *rq, int64_t bucket, const char *kind,
                                           str *inside);
/* The same as a tree below a root of any name; NULL when there is none or it was deleted. */
enum s3_code document_tree(struct request *rq, int64_t bucket, const struct document *document,
                           const struct xml **root);
enum s3_code document_reply(struct request *rq, const char *root, str inside);
/* The refusal of an absent one: its code with BucketName. */
enum s3_code document_absent(struct request *rq, enum s3_code code);

#endif
