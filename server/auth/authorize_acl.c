/* What ACLs grant, where they still count. Source: S3 user guide, "Access control list (ACL)
 * overview", table "Mapping of ACL permissions and access policy permissions". */
#include "server/auth/authorize_ask.h"
#include "server/s3/acl.h"
#include "server/s3/bucket_config.h"
#include "server/s3/common.h"

static const struct {
    const char *action, *permission;
    bool on_object; /* the object's ACL; else the bucket's */
} mapping[] = {
    { "s3:ListBucket", "READ", false },
    { "s3:ListBucketVersions", "READ", false },
    { "s3:ListBucketMultipartUploads", "READ", false },
    { "s3:PutObject", "WRITE", false },
    { "s3:DeleteObject", "WRITE", false },
    { "s3:AbortMultipartUpload", "WRITE", false },
    { "s3:ListMultipartUploadParts", "WRITE", false },
    { "s3:GetBucketAcl", "READ_ACP", false },
    { "s3:PutBucketAcl", "WRITE_ACP", false },
    { "s3:GetObject", "READ", true },
    { "s3:GetObjectVersion", "READ", true },
    { "s3:GetObjectAcl", "READ_ACP", true },
    { "s3:GetObjectVersionAcl", "READ_ACP", true },
    { "s3:PutObjectAcl", "WRITE_ACP", true },
    { "s3:PutObjectVersionAcl", "WRITE_ACP", true },
};

/* Everybody, every account, or this one. */
static bool is_grantee(const struct authorize_ask *ask, str grantee, bool ignore_public)
{
    str kind, value;
    (void) str_cut(grantee, '=', &kind, &value);
    if (str_is(kind, "id"))
        return !ask->who.anonymous && str_eq(value, ask->who.canonical);
    if (ignore_public)
        return false;
    return str_is(value, ACL_ALL_USERS) ||
           (str_is(value, ACL_AUTHENTICATED_USERS) && !ask->who.anonymous);
}

static bool grants(struct authorize_ask *ask, str packed, const char *permission)
{
    struct fields list = { 0 };
    struct bucket_config_block block;
    if (packed.size == 0 || bucket_config_block(ask->rq, &block) != S3_OK ||
        !fields_unpack(ask->rq->arena, packed, &list))
        return false;
    for (size_t i = 0; i < list.count; i++) {
        str name = list.at[i].name;
        if (str_is(name, "owner") && !ask->who.anonymous &&
            str_eq(list.at[i].value, ask->who.canonical))
            return true;
        if ((str_is(name, permission) || str_is(name, "FULL_CONTROL")) &&
            is_grantee(ask, list.at[i].value, block.ignore_acls))
            return true;
    }
    return false;
}

/* The settings of a bucket are read of the request's: for a copy's source it is another. */
static bool as_if_in(struct authorize_ask *ask, const char *permission, bool on_object)
{
    struct bucket_info own = ask->rq->bucket;
    str packed = ask->version.meta.acl;
    ask->rq->bucket = *ask->bucket;
    bool granted =
        (on_object || acl_of_bucket(ask->rq, &packed) == S3_OK) && grants(ask, packed, permission);
    ask->rq->bucket = own;
    return granted;
}

bool authorize_acl_grants(struct authorize_ask *ask)
{
    for (size_t i = 0; i < COUNT(mapping); i++) {
        if (!str_is(str_of(ask->action), mapping[i].action))
            continue;
        if (mapping[i].on_object && !authorize_values_version(ask))
            return false;
        return as_if_in(ask, mapping[i].permission, mapping[i].on_object);
    }
    return false;
}

bool authorize_acl_is_foreign(struct authorize_ask *ask)
{
    struct fields list = { 0 };
    if (str_find(str_of(ask->action), STR(":GetObject")) == strlen(ask->action) &&
        str_find(str_of(ask->action), STR(":PutObjectAcl")) == strlen(ask->action))
        return false;
    if (!authorize_values_version(ask) || ask->version.meta.acl.size == 0 ||
        !fields_unpack(ask->rq->arena, ask->version.meta.acl, &list))
        return false;
    str owner = fields_get_exact(&list, "owner");
    return owner.size > 0 &&
           !str_eq(owner, common_canonical_id(ask->rq->arena, ask->bucket->account));
}
