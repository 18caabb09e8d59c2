/* Sub-resources of buckets that are documents (document.h). */
#include "server/s3/document.h"

#include "base/limits.h"
#include "server/s3/common.h"

struct keeping {
    struct store_config_put write;
    struct store_doc config;
    int status;
};

enum s3_code document_read(struct request *rq, const struct document *document,
                           const struct xml **root)
{
    enum s3_code code = common_body(rq, document->schema->name, root);
    if (code == S3_OK && !schema_fits(*root, document->schema))
        code = S3_MalformedXML;
    if (code == S3_OK && document->judge)
        code = document->judge(rq, *root);
    return code;
}

enum s3_code document_text(struct request *rq, const struct document *document,
                           const struct xml *root, str *inside)
{
    struct buf buf;
    struct xml_writer xml = { .buf = &buf };
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    schema_write_members(&xml, root, document->schema);
    *inside = buf_str(&buf);
    return buf.overflow ? S3_MalformedXML : S3_OK;
}

static enum s3_code kept(struct request *rq)
{
    const struct keeping *keeping = rq->state;
    if (keeping->write.head.result != STORE_OK)
        return common_from_store(rq, keeping->write.head.result);
    request_reply_empty(rq, keeping->status);
    return S3_OK;
}

enum s3_code document_keep(struct request *rq, const char *kind, str id, str text, int status)
{
    struct keeping *keeping = ARENA_NEW(rq->arena, struct keeping);
    store_config_put_init(&keeping->write, rq->arena);
    keeping->config = (struct store_doc){ .kind = str_of(kind), .id = id, .body = text };
    keeping->write.bucket = rq->bucket.id;
    keeping->write.configs = &keeping->config;
    keeping->write.count = 1;
    keeping->status = status;
    rq->state = keeping;
    return request_write(rq, &keeping->write.head, kept);
}

enum s3_code document_put(struct request *rq, const struct document *document)
{
    const struct xml *root;
    str inside = STR_NONE;
    enum s3_code code = document_read(rq, document, &root);
    if (code == S3_OK)
        code = document_text(rq, document, root, &inside);
    return code == S3_OK ? document_keep(rq, document->kind, STR(""), inside, 200) : code;
}

enum store_result document_load(struct request *rq, int64_t bucket, const char *kind, str *inside)
{
    *inside = STR_NONE;
    if (bucket == rq->bucket.id && !store_bucket_may_have(&rq->bucket, str_of(kind)))
        return STORE_ABSENT;
    return store_config_get(rq->lane->reader, rq->arena, bucket, str_of(kind), STR(""), inside);
}

enum s3_code document_tree(struct request *rq, int64_t bucket, const struct document *document,
                           const struct xml **root)
{
    str inside;
    *root = NULL;
    enum store_result result = document_load(rq, bucket, document->kind, &inside);
    if (result == STORE_ABSENT && document->fallback)
        inside = str_of(document->fallback);
    else if (result == STORE_ABSENT)
        return S3_OK;
    else if (result != STORE_OK)
        return common_from_store(rq, result);
    if (inside.size > 0)
        *root = xml_parse(rq->arena, str_format(rq->arena, "<r>%.*s</r>", STR_ARG(inside)));
    return S3_OK;
}

enum s3_code document_reply(struct request *rq, const char *root, str inside)
{
    struct common_document answer;
    common_document_begin(rq, &answer, root);
    buf_add(&answer.buf, inside);
    return common_document_reply(rq, &answer);
}

enum s3_code document_absent(struct request *rq, enum s3_code code)
{
    request_extra(rq, "BucketName", rq->bucket.name);
    return code;
}

enum s3_code document_get(struct request *rq, const struct document *document)
{
    str inside;
    enum store_result result = document_load(rq, rq->bucket.id, document->kind, &inside);
    if (result != STORE_OK && result != STORE_ABSENT)
        return common_from_store(rq, result);
    bool never = result == STORE_ABSENT;
    if (never && document->fallback)
        inside = str_of(document->fallback);
    if (inside.size == 0 && document->absent != S3_OK)
        return document_absent(rq, document->absent);
    return document_reply(rq, document->schema->name, inside);
}

/* AWS: deleting what is not there succeeds too. */
enum s3_code document_delete(struct request *rq, const struct document *document)
{
    return document_keep(rq, document->kind, STR(""), STR_NONE, 204);
}

enum s3_code document_forget(struct request *rq, const struct document *document)
{
    return document_keep(rq, document->kind, STR(""), STR(""), 204);
}
