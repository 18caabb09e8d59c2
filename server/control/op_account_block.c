/* An account's own public access block: what it forbids holds for each of its buckets, beside what
 * the bucket's block says (bucket_config.h reads both). */
#include "base/limits.h"
#include "server/control/control.h"
#include "server/control/handlers.h"
#include "server/s3/bucket_config.h"
#include "server/s3/xml.h"

struct change {
    struct store_write write;
    struct store_doc doc;
    int status;
};

static enum s3_code changed(struct request *rq)
{
    const struct change *change = rq->state;
    if (change->write.result != STORE_OK)
        return s3_code_from_store(change->write.result);
    request_reply_empty(rq, change->status);
    return S3_OK;
}

/* Without a body the block goes. */
static enum s3_code submit(struct request *rq, str body, int status)
{
    struct change *change = ARENA_NEW(rq->arena, struct change);
    store_docs_init(&change->write, rq->arena);
    change->doc = (struct store_doc){ .kind = STR(BUCKET_CONFIG_ACCOUNT_BLOCK),
                                      .id = rq->who.account,
                                      .body = body };
    change->status = status;
    change->write.docs = &change->doc;
    change->write.doc_count = 1;
    rq->state = change;
    return request_write(rq, &change->write, changed);
}

enum s3_code op_put_account_block(struct request *rq)
{
    const struct xml *root;
    enum s3_code code = control_guard_account(rq);
    if (code == S3_OK)
        code = document_read(rq, &bucket_config_block_document, &root);
    return code == S3_OK ? submit(rq, bucket_config_block_text(rq, root), 200) : code;
}

enum s3_code op_get_account_block(struct request *rq)
{
    struct buf buf;
    struct xml_writer writer;
    str inside;
    enum s3_code code = control_guard_account(rq);
    if (code != S3_OK)
        return code;
    enum store_result result = store_doc_get(
        rq->lane->reader, rq->arena, STR(BUCKET_CONFIG_ACCOUNT_BLOCK), rq->who.account, &inside);
    if (result == STORE_ABSENT)
        return S3_NoSuchPublicAccessBlockConfiguration;
    if (result != STORE_OK)
        return s3_code_from_store(result);
    buf_init_arena(&buf, rq->arena, LIMIT_XML_BYTES);
    xml_begin(&writer, &buf, "PublicAccessBlockConfiguration", XML_NS_CONTROL);
    buf_add(&buf, inside);
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}

enum s3_code op_delete_account_block(struct request *rq)
{
    enum s3_code code = control_guard_account(rq);
    return code == S3_OK ? submit(rq, STR_NONE, 204) : code;
}
