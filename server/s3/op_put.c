/* PutObject. The body step has stored the bytes already; this decides what they become. */
#include "server/notifications.h"
#include "server/s3/checksum.h"
#include "server/s3/conditions.h"
#include "server/s3/handlers.h"
#include "server/s3/lifecycle.h"
#include "server/s3/meta.h"
#include "server/s3/object.h"
#include "server/s3/sse.h"

enum s3_code op_put_outcome(struct request *rq, struct store_put *put)
{
    body_draft_drop(&put->draft);
    if (put->head.result != STORE_OK)
        return conditions_result(rq, &put->condition, put->head.result);
    object_written(rq, &put->out, put->out_versioning);
    lifecycle_reply(rq, &put->out);
    notifications_created(rq, &put->out);
    return S3_OK;
}

enum s3_code op_put_store(struct request *rq, struct store_put *put,
                          enum s3_code (*then)(struct request *rq))
{
    store_put_init(put, rq->arena);
    enum s3_code code = object_check_key(rq, rq->address.key);
    if (code == S3_OK)
        code = meta_read(rq, &put->meta);
    if (code == S3_OK)
        code = conditions_write(rq, false, &put->condition);
    if (code != S3_OK)
        return code;
    put->bucket = rq->bucket.id;
    put->key = rq->address.key;
    put->etag = sse_etag(rq, put->meta.fields);
    put->meta.checksum = rq->checksum;
    put->draft = rq->draft;
    rq->draft = (struct body_draft){ 0 };
    rq->state = put;
    return request_write(rq, &put->head, then);
}

static enum s3_code put_done(struct request *rq)
{
    enum s3_code code = op_put_outcome(rq, rq->state);
    if (code == S3_OK)
        request_reply_empty(rq, 200);
    return code;
}

enum s3_code op_put_object(struct request *rq)
{
    return op_put_store(rq, ARENA_NEW(rq->arena, struct store_put), put_done);
}
