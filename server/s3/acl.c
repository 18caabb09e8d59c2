/* Access control lists: what clients may say, and in which form it is kept (acl.h). */
#include "server/s3/acl.h"

#include "base/limits.h"
#include "server/s3/bucket_config.h"
#include "server/s3/common.h"

#define OWNER_GRANT "FULL_CONTROL"
#define ACL_KIND "acl"
#define MAX_GRANTS 100 /* AWS: "An ACL can have up to 100 grants" */
/* AWS's own account that aws-exec-read names: EC2 reading bundles. */
#define EXEC_READER "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c"

/* ---- who ---- */

static str owner_id(struct request *rq)
{
    return common_canonical_id(rq->arena, rq->bucket.account);
}

static str writer_id(struct request *rq, bool object)
{
    return object && rq->who.account.size > 0 ? common_canonical_id(rq->arena, rq->who.account)
                                              : owner_id(rq);
}

static str grantee_id(struct request *rq, str id)
{
    return str_format(rq->arena, "id=%.*s", STR_ARG(id));
}

static str grantee_uri(struct request *rq, str uri)
{
    return str_format(rq->arena, "uri=%.*s", STR_ARG(uri));
}

static bool is_canonical_id(str id)
{
    for (size_t i = 0; i < id.size; i++)
        if (!(id.ptr[i] >= '0' && id.ptr[i] <= '9') && !(id.ptr[i] >= 'a' && id.ptr[i] <= 'f'))
            return false;
    return id.size == 64;
}

static bool is_group(str uri)
{
    return str_is(uri, ACL_ALL_USERS) || str_is(uri, ACL_AUTHENTICATED_USERS) ||
           str_is(uri, ACL_LOG_DELIVERY);
}

static void add(struct request *rq, struct fields *grants, const char *permission, str grantee)
{
    str name = str_of(permission);
    for (size_t i = 0; i < grants->count; i++)
        if (str_eq(grants->at[i].name, name) && str_eq(grants->at[i].value, grantee))
            return;
    fields_add(rq->arena, grants, name, grantee);
}

/* ---- canned ---- */

enum { FOR_BUCKETS = 1, FOR_OBJECTS = 2, FOR_BOTH = 3 };

static const struct {
    const char *name;
    int use;
    const char *permissions[2]; /* besides the owner's */
    const char *group;          /* NULL: the bucket's owner */
} canned[] = {
    { "private", FOR_BOTH, { NULL }, NULL },
    { "public-read", FOR_BOTH, { "READ" }, ACL_ALL_USERS },
    { "public-read-write", FOR_BOTH, { "READ", "WRITE" }, ACL_ALL_USERS },
    { "authenticated-read", FOR_BOTH, { "READ" }, ACL_AUTHENTICATED_USERS },
    { "aws-exec-read", FOR_BOTH, { "READ" }, "" },
    { "bucket-owner-read", FOR_OBJECTS, { "READ" }, NULL },
    { "bucket-owner-full-control", FOR_BOTH, { "FULL_CONTROL" }, NULL },
    { "log-delivery-write", FOR_BUCKETS, { "WRITE", "READ_ACP" }, ACL_LOG_DELIVERY },
};

/* A group's grants stand before the owner's, an account's after it: so ceph/s3-tests compares them.
 */
static enum s3_code from_canned(struct request *rq, str name, bool object, struct fields *grants)
{
    static const str uri = { "uri=", 4 };
    int use = object ? FOR_OBJECTS : FOR_BUCKETS;
    str owner = writer_id(rq, object);
    for (size_t i = 0; i < COUNT(canned); i++) {
        if (!str_is(name, canned[i].name) || !(canned[i].use & use))
            continue;
        str grantee = canned[i].group == NULL      ? grantee_id(rq, owner_id(rq))
                      : canned[i].group[0] == '\0' ? grantee_id(rq, STR(EXEC_READER))
                                                   : grantee_uri(rq, str_of(canned[i].group));
        bool is_owner = str_eq(grantee, grantee_id(rq, owner)), group = str_starts(grantee, uri);
        if (!group)
            add(rq, grants, OWNER_GRANT, grantee_id(rq, owner));
        for (size_t j = 0; j < 2 && canned[i].permissions[j] && !is_owner; j++)
            add(rq, grants, canned[i].permissions[j], grantee);
        if (group)
            add(rq, grants, OWNER_GRANT, grantee_id(rq, owner));
        return S3_OK;
    }
    return common_invalid_argument(rq, "", "x-amz-acl", name);
}

/* ---- headers ---- */

static const struct {
    const char *header, *permission;
    int use;
} grant_headers[] = {
    { "x-amz-grant-full-control", "FULL_CONTROL", FOR_BOTH },
    { "x-amz-grant-read", "READ", FOR_BOTH },
    { "x-amz-grant-write", "WRITE", FOR_BUCKETS },
    { "x-amz-grant-read-acp", "READ_ACP", FOR_BOTH },
    { "x-amz-grant-write-acp", "WRITE_ACP", FOR_BOTH },
};

static str unquoted(str text)
{
    text = str_trim(text);
    if (text.size >= 2 && text.ptr[0] == '"' && text.ptr[text.size - 1] == '"')
        return str_from(text.ptr + 1, text.size - 2);
    return text;
}

/* `name`: what AWS calls the grantee's argument where it stands, in a header or a document. */
static enum s3_code grantee_of(struct request *rq, str kind, const char *name, str value,
                               str *grantee)
{
    if (str_eq_nocase(kind, STR("id"))) {
        *grantee = grantee_id(rq, value);
        return is_canonical_id(value) ? S3_OK
                                      : common_invalid_argument(rq, "Invalid id", name, value);
    }
    if (str_eq_nocase(kind, STR("uri"))) {
        *grantee = grantee_uri(rq, value);
        return is_group(value) ? S3_OK
                               : common_invalid_argument(rq, "Invalid group uri", name, value);
    }
    if (!str_eq_nocase(kind, STR("emailAddress")))
        return S3_InvalidArgument;
    request_hint(rq, "Accounts here have no e-mail address; grant to a canonical user id.");
    return S3_UnresolvableGrantByEmailAddress;
}

/* id="...", uri="...", emailAddress="..." */
static enum s3_code from_header(struct request *rq, const char *header, const char *permission,
                                struct fields *grants)
{
    str rest = request_get_header(rq, header), piece, kind, value, grantee;
    while (str_next(&rest, ',', &piece)) {
        if (!str_cut(piece, '=', &kind, &value))
            return common_invalid_argument(rq, "Argument format not recognized", header, piece);
        kind = str_trim(kind);
        if (!str_eq_nocase(kind, STR("id")) && !str_eq_nocase(kind, STR("uri")) &&
            !str_eq_nocase(kind, STR("emailAddress")))
            return common_invalid_argument(rq, "Argument format not recognized", header, piece);
        const char *name = str_eq_nocase(kind, STR("id")) ? "id" : "uri";
        enum s3_code code = grantee_of(rq, kind, name, unquoted(value), &grantee);
        if (code != S3_OK)
            return code;
        add(rq, grants, permission, grantee);
    }
    return S3_OK;
}

enum s3_code acl_from_headers(struct request *rq, bool object, struct fields *grants, bool *given)
{
    str acl = request_get_header(rq, "x-amz-acl");
    bool by_grants = false;
    enum s3_code code = S3_OK;
    for (size_t i = 0; i < COUNT(grant_headers) && code == S3_OK; i++) {
        if (!str_is_set(request_get_header(rq, grant_headers[i].header)))
            continue;
        by_grants = true;
        code = from_header(rq, grant_headers[i].header, grant_headers[i].permission, grants);
    }
    *given = by_grants || str_is_set(acl);
    if (by_grants && str_is_set(acl)) {
        rq->extra.count = 0; /* whatever else is wrong with the grants */
        return common_invalid_request(
            rq, "Specifying both Canned ACLs and Header Grants is not allowed");
    }
    if (code == S3_OK && str_is_set(acl))
        code = from_canned(rq, acl, object, grants);
    return code;
}

/* ---- XML ---- */

static enum s3_code read_grant(struct request *rq, const struct xml *grant, struct fields *grants)
{
    static const char *const permissions = "FULL_CONTROL|READ|WRITE|READ_ACP|WRITE_ACP";
    static const struct {
        const char *type, *element, *kind, *name;
    } types[] = { { "CanonicalUser", "ID", "id", "CanonicalUser/ID" },
                  { "Group", "URI", "uri", "Group/URI" },
                  { "AmazonCustomerByEmail", "EmailAddress", "emailAddress", "" } };
    const struct xml *grantee = xml_child(grant, "Grantee");
    str permission = str_trim(xml_text(grant, "Permission")), text;
    if (grantee == NULL || !schema_is_one_of(permission, permissions))
        return S3_MalformedACLError;
    for (size_t i = 0; i < COUNT(types); i++) {
        str value = str_trim(xml_text(grantee, types[i].element));
        if (!str_is(grantee->type, types[i].type))
            continue;
        if (value.size == 0)
            return S3_MalformedACLError;
        enum s3_code code = grantee_of(rq, str_of(types[i].kind), types[i].name, value, &text);
        if (code == S3_OK)
            add(rq, grants, str_c(rq->arena, permission), text);
        return code;
    }
    return S3_MalformedACLError;
}

enum s3_code acl_from_xml(struct request *rq, const struct xml *root, bool object,
                          struct fields *grants)
{
    const struct xml *list = xml_child(root, "AccessControlList");
    str owner = str_trim(xml_text(xml_child(root, "Owner"), "ID"));
    unsigned count = 0;
    if (!str_is(root->name, "AccessControlPolicy") || list == NULL || owner.size == 0)
        return S3_MalformedACLError;
    if (!is_canonical_id(owner))
        return common_invalid_argument(rq, "Invalid id", "CanonicalUser/ID", owner);
    /* AWS: the owner of a resource cannot be changed by its ACL. */
    if (!object && !str_eq(owner, owner_id(rq)))
        return S3_AccessDenied;
    for (const struct xml *grant = xml_child(list, "Grant"); grant;
         grant = xml_next(grant, "Grant")) {
        if (++count > MAX_GRANTS)
            return S3_MalformedACLError;
        enum s3_code code = read_grant(rq, grant, grants);
        if (code != S3_OK)
            return code;
    }
    return S3_OK;
}

/* ---- rules ---- */

bool acl_is_public(const struct fields *grants)
{
    for (size_t i = 0; i < grants->count; i++)
        if (str_is(grants->at[i].value, "uri=" ACL_ALL_USERS) ||
            str_is(grants->at[i].value, "uri=" ACL_AUTHENTICATED_USERS))
            return true;
    return false;
}

static bool is_owners_own(struct request *rq, const struct fields *grants)
{
    str owner = grantee_id(rq, owner_id(rq));
    for (size_t i = 0; i < grants->count; i++)
        if (!str_eq(grants->at[i].value, owner) || !str_is(grants->at[i].name, OWNER_GRANT))
            return false;
    return grants->count > 0;
}

enum s3_code acl_allowed(struct request *rq, struct fields *grants)
{
    enum bucket_config_ownership ownership;
    struct bucket_config_block block;
    str header = request_get_header(rq, "x-amz-acl");
    enum s3_code code = bucket_config_ownership(rq, &ownership);
    if (code == S3_OK && ownership == OWNER_ENFORCED) {
        bool changes = str_is_set(header) ? !str_is(header, "bucket-owner-full-control")
                                          : !is_owners_own(rq, grants);
        grants->count = 0;
        return changes ? S3_AccessControlListNotSupported : S3_OK;
    }
    if (code == S3_OK)
        code = bucket_config_block(rq, &block);
    if (code == S3_OK && block.acls && acl_is_public(grants)) {
        request_denied(rq, "public access block",
                       "The bucket's public access block forbids public ACLs (BlockPublicAcls).");
        return S3_AccessDenied;
    }
    return code;
}

/* AWS, "Controlling ownership of objects": the writer owns what he writes, unless the bucket's
 * owner is preferred and was given full control. */
static bool writer_owns(struct request *rq, enum bucket_config_ownership ownership)
{
    if (str_eq(rq->who.account, rq->bucket.account) || rq->who.account.size == 0)
        return false;
    return ownership == OBJECT_WRITER ||
           (ownership == OWNER_PREFERRED &&
            !str_is(request_get_header(rq, "x-amz-acl"), "bucket-owner-full-control"));
}

enum s3_code acl_for_object(struct request *rq, str *packed)
{
    struct fields grants = { 0 };
    enum bucket_config_ownership ownership;
    bool given;
    *packed = STR_NONE;
    enum s3_code code = acl_from_headers(rq, true, &grants, &given);
    if (code == S3_OK && given)
        code = acl_allowed(rq, &grants);
    if (code != S3_OK || (!given && str_eq(rq->who.account, rq->bucket.account)))
        return code;
    code = bucket_config_ownership(rq, &ownership);
    if (code == S3_OK && !given && writer_owns(rq, ownership))
        code = from_canned(rq, STR("private"), true, &grants);
    if (code == S3_OK && writer_owns(rq, ownership))
        fields_add(rq->arena, &grants, STR("owner"),
                   common_canonical_id(rq->arena, rq->who.account));
    *packed = acl_pack(rq, &grants);
    return code;
}

/* ---- kept and shown ---- */

str acl_pack(struct request *rq, const struct fields *grants)
{
    return grants->count > 0 ? fields_pack(rq->arena, grants) : STR_NONE;
}

enum s3_code acl_of_bucket(struct request *rq, str *packed)
{
    enum store_result result = document_load(rq, rq->bucket.id, ACL_KIND, packed);
    if (result == STORE_ABSENT)
        *packed = STR_NONE;
    return result == STORE_OK || result == STORE_ABSENT ? S3_OK : common_from_store(rq, result);
}

enum s3_code acl_bucket_grants_others(struct request *rq, bool *out)
{
    struct fields grants = { 0 };
    str packed;
    enum s3_code code = acl_of_bucket(rq, &packed);
    *out = code == S3_OK && packed.size > 0 && fields_unpack(rq->arena, packed, &grants) &&
           !is_owners_own(rq, &grants);
    return code;
}

str acl_owner(struct request *rq, str packed)
{
    struct fields grants = { 0 };
    str owner = STR_NONE;
    if (packed.size > 0 && fields_unpack(rq->arena, packed, &grants))
        owner = fields_get_exact(&grants, "owner");
    return str_is_set(owner) ? owner : owner_id(rq);
}

str acl_abroad(struct arena *arena, str packed, str account)
{
    struct fields grants = { 0 };
    str id = common_canonical_id(arena, account);
    if (packed.size > 0 && !fields_unpack(arena, packed, &grants))
        return packed;
    if (grants.count == 0)
        fields_add(arena, &grants, STR(OWNER_GRANT), str_format(arena, "id=%.*s", STR_ARG(id)));
    if (!str_is_set(fields_get_exact(&grants, "owner")))
        fields_add(arena, &grants, STR("owner"), id);
    return fields_pack(arena, &grants);
}

static void write_grant(struct xml_writer *xml, const struct field *grant)
{
    str kind, value;
    (void) str_cut(grant->value, '=', &kind, &value);
    bool group = str_is(kind, "uri");
    xml_open(xml, "Grant");
    xml_open_typed(xml, "Grantee", group ? STR("Group") : STR("CanonicalUser"));
    xml_element(xml, group ? "URI" : "ID", value);
    xml_close(xml);
    xml_element(xml, "Permission", grant->name);
    xml_close(xml);
}

enum s3_code acl_reply(struct request *rq, str packed)
{
    struct fields grants = { 0 };
    struct common_document document;
    enum bucket_config_ownership ownership;
    str owner = owner_id(rq);
    enum s3_code code = bucket_config_ownership(rq, &ownership);
    if (code != S3_OK)
        return code;
    if (ownership == OWNER_ENFORCED || packed.size == 0 ||
        !fields_unpack(rq->arena, packed, &grants)) {
        grants.count = 0;
        add(rq, &grants, OWNER_GRANT, grantee_id(rq, owner));
    }
    if (str_is_set(fields_get_exact(&grants, "owner")))
        owner = fields_get_exact(&grants, "owner");
    common_document_begin(rq, &document, "AccessControlPolicy");
    xml_open(&document.xml, "Owner");
    xml_element(&document.xml, "ID", owner);
    xml_close(&document.xml);
    xml_open(&document.xml, "AccessControlList");
    for (size_t i = 0; i < grants.count; i++)
        if (!str_is(grants.at[i].name, "owner"))
            write_grant(&document.xml, &grants.at[i]);
    return common_document_reply(rq, &document);
}
