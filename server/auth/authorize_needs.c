/* Which permissions an operation needs: the table's, the one for versions when a version is named,
 * and those that headers ask for on top. Source: the "Permissions" sections of the S3 API
 * reference; "Required permissions for Amazon S3 API operations". */
#include "server/auth/authorize_ask.h"
#include "server/operations.h"

static const struct {
    const char *plain, *versioned;
} versioned[] = {
    { "s3:GetObject", "s3:GetObjectVersion" },
    { "s3:DeleteObject", "s3:DeleteObjectVersion" },
    { "s3:GetObjectAcl", "s3:GetObjectVersionAcl" },
    { "s3:PutObjectAcl", "s3:PutObjectVersionAcl" },
    { "s3:GetObjectTagging", "s3:GetObjectVersionTagging" },
    { "s3:PutObjectTagging", "s3:PutObjectVersionTagging" },
    { "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging" },
    { "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes" },
    { "s3:GetObjectTorrent", "s3:GetObjectVersionTorrent" },
};

static const struct {
    const char *header, *action;
    bool lenient;
} by_header[] = {
    { "x-amz-acl", "s3:PutObjectAcl", true },
    { "x-amz-grant-full-control", "s3:PutObjectAcl", true },
    { "x-amz-grant-read", "s3:PutObjectAcl", true },
    { "x-amz-grant-read-acp", "s3:PutObjectAcl", true },
    { "x-amz-grant-write-acp", "s3:PutObjectAcl", true },
    { "x-amz-tagging", "s3:PutObjectTagging", true },
    { "x-amz-object-lock-mode", "s3:PutObjectRetention", false },
    { "x-amz-object-lock-legal-hold", "s3:PutObjectLegalHold", false },
};

static void add(struct authorize_need *needs, size_t *count, const char *action, bool lenient)
{
    for (size_t i = 0; i < *count; i++)
        if (str_is(str_of(needs[i].action), action))
            return;
    if (*count < AUTHORIZE_NEEDS)
        needs[(*count)++] = (struct authorize_need){ action, lenient };
}

static const char *for_version(const struct request *rq, const char *action)
{
    if (!request_has_query(rq, "versionId") || rq->op->place != AT_OBJECT)
        return action;
    for (size_t i = 0; i < COUNT(versioned); i++)
        if (str_is(str_of(action), versioned[i].plain))
            return versioned[i].versioned;
    return action;
}

/* Operations that make an object of what their headers say. */
static bool makes_object(str name)
{
    return str_is(name, "PutObject") || str_is(name, "CreateMultipartUpload") ||
           str_is(name, "CopyObject");
}

size_t authorize_needs_of(const struct request *rq, struct authorize_need needs[AUTHORIZE_NEEDS])
{
    str name = str_of(rq->op->name);
    size_t count = 0;
    if (rq->op->permission == NULL || rq->op->permission[0] == '\0')
        return 0;
    add(needs, &count, for_version(rq, rq->op->permission), false);
    if (str_is(name, "GetObjectAttributes"))
        add(needs, &count, for_version(rq, "s3:GetObject"), false);
    for (size_t i = 0; i < COUNT(by_header) && makes_object(name); i++) {
        str value = request_get_header(rq, by_header[i].header);
        if (str_is_set(value))
            add(needs, &count, by_header[i].action, by_header[i].lenient);
    }
    if (str_eq_nocase(request_get_header(rq, "x-amz-bypass-governance-retention"), STR("true")))
        add(needs, &count, "s3:BypassGovernanceRetention", false);
    return count;
}
