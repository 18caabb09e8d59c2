/* Access points as documents, and requests that come through one; see access_point.h. */
#include "server/access_point.h"

#include "base/json.h"
#include "server/mraps.h"
#include "server/operations.h"

str access_point_id(struct arena *arena, str account, str region, str name)
{
    return str_format(arena, "%.*s/%.*s/%.*s", STR_ARG(account), STR_ARG(region), STR_ARG(name));
}

str access_point_arn(struct arena *arena, const struct access_point *point)
{
    return str_format(arena, "arn:aws:s3:%.*s:%.*s:accesspoint/%.*s", STR_ARG(point->region),
                      STR_ARG(point->account), STR_ARG(point->name));
}

struct store_doc access_point_doc(struct arena *arena, const struct access_point *point)
{
    struct buf buf;
    struct json_writer w;
    buf_init_arena(&buf, arena, LIMIT_JSON_BYTES);
    json_begin(&w, &buf);
    json_object(&w, NULL);
    json_text(&w, "name", point->name);
    json_text(&w, "account", point->account);
    json_text(&w, "region", point->region);
    json_text(&w, "bucket", point->bucket);
    json_text(&w, "bucket_account", point->bucket_account);
    json_text(&w, "alias", point->alias);
    json_text(&w, "vpc", point->vpc);
    json_text(&w, "policy", point->policy);
    json_array(&w, "block");
    for (size_t i = 0; i < COUNT(point->block); i++)
        json_boolean(&w, NULL, point->block[i]);
    json_end(&w);
    json_instant(&w, "created_at", point->created_at);
    json_end(&w);
    return (
        struct store_doc){ .kind = STR(ACCESS_POINT_KIND),
                           .id = access_point_id(arena, point->account, point->region, point->name),
                           .body = buf_str(&buf) };
}

bool access_point_from_doc(struct arena *arena, str body, struct access_point *out)
{
    struct json_error error;
    const struct json *object = json_parse(arena, body, &error);
    const struct json *block = json_member(object, "block");
    const struct json *flag = block ? block->child : NULL;
    *out = (struct access_point){ .name = json_string(object, "name", STR("")),
                                  .account = json_string(object, "account", STR("")),
                                  .region = json_string(object, "region", STR("")),
                                  .bucket = json_string(object, "bucket", STR("")),
                                  .bucket_account = json_string(object, "bucket_account", STR("")),
                                  .alias = json_string(object, "alias", STR("")),
                                  .vpc = json_string(object, "vpc", STR("")),
                                  .policy = json_string(object, "policy", STR("")),
                                  .created_at = json_instant_of(object, "created_at") };
    for (size_t i = 0; i < COUNT(out->block) && flag; i++, flag = flag->next)
        out->block[i] = flag->boolean;
    return object != NULL;
}

static bool find_id(struct request *rq, str id, struct access_point *out)
{
    str body = STR_NONE;
    return store_doc_get(rq->lane->reader, rq->arena, STR(ACCESS_POINT_KIND), id, &body) ==
               STORE_OK &&
           access_point_from_doc(rq->arena, body, out);
}

bool access_point_find(struct request *rq, str account, str region, str name,
                       struct access_point *out)
{
    return find_id(rq, access_point_id(rq->arena, account, region, name), out);
}

/* --- requests --- */

/* NAME-ACCOUNT, the host's first label, or an alias. */
static bool find_addressed(struct request *rq, struct access_point *out)
{
    const struct address *address = &rq->address;
    str label = address->bucket, id = STR_NONE;
    if (!address->access_point)
        return store_doc_get(rq->lane->reader, rq->arena, STR(ACCESS_POINT_ALIAS_KIND), label,
                             &id) == STORE_OK &&
               find_id(rq, id, out);
    if (label.size < 14 || label.ptr[label.size - 13] != '-')
        return false;
    return access_point_find(rq, str_skip(label, label.size - 12), address->host_region,
                             str_first(label, label.size - 13), out);
}

/* AWS: "Access point compatibility with S3 operations"; of a bucket's operations a few. */
static bool takes(const struct operation *op)
{
    static const char *const of_bucket[] = {
        "DeleteObjects",     "GetBucketAcl",         "GetBucketCors",
        "GetBucketLocation", "GetBucketPolicy",      "GetBucketNotificationConfiguration",
        "HeadBucket",        "ListMultipartUploads", "ListObjects",
        "ListObjectsV2",     "ListObjectVersions"
    };
    for (size_t i = 0; i < COUNT(of_bucket); i++)
        if (strcmp(op->name, of_bucket[i]) == 0)
            return true;
    return op->place == AT_OBJECT;
}

enum s3_code access_point_resolve(struct request *rq)
{
    struct address *address = &rq->address;
    if (!address->access_point && !str_ends(address->bucket, STR(ACCESS_POINT_ALIAS_END)))
        return S3_OK;
    /* To CreateBucket it is a name like any other, and one that no bucket may have. */
    if (!address->access_point && strcmp(rq->op->name, "CreateBucket") == 0)
        return S3_OK;
    struct access_point *point = ARENA_NEW(rq->arena, struct access_point);
    if (!find_addressed(rq, point))
        return S3_NoSuchAccessPoint;
    address->bucket = point->bucket;
    rq->access_point = point;
    if (takes(rq->op))
        return S3_OK;
    request_extra(rq, "Method", rq->method);
    request_extra(rq, "ResourceType", STR("BUCKET"));
    request_hint(rq, "%s is not among the operations that an access point accepts.", rq->op->name);
    return S3_MethodNotAllowed;
}
