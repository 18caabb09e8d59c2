/* One change of a version in place: look it up, change it, answer. */
#include "server/s3/version_change.h"

#include "server/notifications.h"
#include "server/restores.h"
#include "server/s3/common.h"
#include "server/s3/object.h"

struct changing {
    struct store_version_change write;
    struct object_change change;
};

/* Tags, and changes of the ACL, of a key that ends in a marker are not allowed, rather than not
 * found (recorded). */
static bool refuses_marker(const struct request *rq)
{
    return request_has_query(rq, "tagging") ||
           (request_has_query(rq, "acl") && str_is(rq->method, "PUT"));
}

enum s3_code version_change_find(struct request *rq, struct version_info *out)
{
    str id;
    enum s3_code code = object_check_key(rq, rq->address.key);
    if (code == S3_OK)
        code = object_version_query(rq, &id);
    if (code != S3_OK)
        return code;
    enum store_result result =
        store_version_get(rq->lane->reader, rq->arena, rq->bucket.id, rq->address.key, id, out);
    if (result != STORE_OK)
        return common_from_store(rq, result);
    if (out->marker)
        return object_is_marker(rq, out, str_is_set(id) || refuses_marker(rq));
    object_version_header(rq, out->id);
    return S3_OK;
}

static enum s3_code changed(struct request *rq)
{
    const struct changing *changing = rq->state;
    enum store_result result = changing->write.head.result;
    if (result == STORE_CONFLICT)
        return changing->change.again(rq);
    if (result == STORE_LOCKED) {
        request_message(rq, "Access Denied because object protected by object lock.");
        return S3_AccessDenied;
    }
    if (result != STORE_OK)
        return common_from_store(rq, result);
    if (changing->change.doc)
        restores_changed(rq->world);
    notifications_created(rq, &changing->write.out);
    request_reply_empty(rq, changing->change.status);
    return S3_OK;
}

static bool asks_bypass(const struct request *rq)
{
    return str_eq_nocase(request_get_header(rq, "x-amz-bypass-governance-retention"), STR("true"));
}

enum s3_code version_change_write(struct request *rq, const struct object_change *change)
{
    struct changing *changing = ARENA_NEW(rq->arena, struct changing);
    struct store_version_change *write = &changing->write;
    changing->change = *change;
    store_version_change_init(write, rq->arena);
    write->bucket = rq->bucket.id;
    write->key = rq->address.key;
    write->version_id = request_query(rq, "versionId");
    write->what = change->what;
    write->meta = change->meta;
    write->field = change->field;
    write->bypass_governance = asks_bypass(rq);
    write->head.docs = change->doc;
    write->head.doc_count = change->doc ? 1 : 0;
    rq->state = changing;
    return request_write(rq, &write->head, changed);
}
