/* The ACLs of buckets and objects: put (canned, headers or XML, one of them) and get. */
#include "server/s3/acl.h"
#include "server/s3/common.h"
#include "server/s3/document.h"
#include "server/s3/handlers.h"
#include "server/s3/version_change.h"

static enum s3_code read_body(struct request *rq, bool object, struct fields *grants)
{
    const struct xml *root = xml_parse(rq->arena, rq->body);
    return root ? acl_from_xml(rq, root, object, grants) : S3_MalformedACLError;
}

static enum s3_code read_acl(struct request *rq, bool object, str *packed)
{
    struct fields grants = { 0 };
    bool given;
    enum s3_code code = acl_from_headers(rq, object, &grants, &given);
    if (code != S3_OK)
        return code;
    if (given && rq->body.size > 0)
        return S3_UnexpectedContent;
    if (!given && rq->body.size == 0) {
        request_extra(rq, "MissingHeaderName", STR("x-amz-acl"));
        return S3_MissingSecurityHeader;
    }
    if (!given)
        code = read_body(rq, object, &grants);
    if (code == S3_OK)
        code = acl_allowed(rq, &grants);
    *packed = acl_pack(rq, &grants);
    return code;
}

enum s3_code op_put_bucket_acl(struct request *rq)
{
    str packed;
    enum s3_code code = read_acl(rq, false, &packed);
    return code == S3_OK ? document_keep(rq, "acl", STR(""), packed, 200) : code;
}

enum s3_code op_get_bucket_acl(struct request *rq)
{
    str packed;
    enum s3_code code = acl_of_bucket(rq, &packed);
    return code == S3_OK ? acl_reply(rq, packed) : code;
}

enum s3_code op_put_object_acl(struct request *rq)
{
    struct version_info version;
    struct object_change change = { .what = CHANGE_ACL, .status = 200 };
    enum s3_code code = version_change_find(rq, &version);
    if (code == S3_OK)
        code = read_acl(rq, true, &change.meta.acl);
    return code == S3_OK ? version_change_write(rq, &change) : code;
}

enum s3_code op_get_object_acl(struct request *rq)
{
    struct version_info version;
    enum s3_code code = version_change_find(rq, &version);
    return code == S3_OK ? acl_reply(rq, version.meta.acl) : code;
}
