/* A bucket's policy: put, get, delete, and whether it is public. */
#include "base/limits.h"
#include "server/s3/bucket_config.h"
#include "server/s3/common.h"
#include "server/s3/handlers.h"
#include "server/s3/bucket_policy.h"

#define POLICY_KIND "policy"

static enum s3_code malformed(struct request *rq, const char *message)
{
    request_message(rq, "%s", message);
    return S3_MalformedPolicy;
}

/* AWS, BlockPublicPolicy: "rejects calls to PUT bucket policy if the specified bucket policy allows
 * public access". A bucket whose block nobody touched takes the policy, marked: ceph/s3-tests wants
 * it, and RestrictPublicBuckets, which stands by default too, still cuts everybody else off. */
static bool is_blocked(struct request *rq, const struct bucket_config_block *block)
{
    struct bucket_config_block account;
    str inside;
    if (!block->policy || !bucket_policy_is_public(rq->arena, rq->body))
        return false;
    return bucket_config_account_block(rq, &account) != S3_OK || account.policy ||
           document_load(rq, rq->bucket.id, bucket_config_block_document.kind, &inside) !=
               STORE_ABSENT ||
           !request_nonstandard(rq, "public-policy", "AccessDenied: Access Denied");
}

static enum s3_code judge(struct request *rq)
{
    struct bucket_config_block block;
    if (rq->body.size > LIMIT_POLICY_BYTES)
        return malformed(rq, "The policy exceeds the maximum allowed document size.");
    const char *problem = bucket_policy_problem(rq->arena, rq->body, rq->bucket.name);
    if (problem)
        return malformed(rq, problem);
    enum s3_code code = bucket_config_block(rq, &block);
    if (code == S3_OK && is_blocked(rq, &block)) {
        request_denied(rq, "public access block",
                       "The policy is public and the bucket's public access block forbids that "
                       "(BlockPublicPolicy).");
        return S3_AccessDenied;
    }
    return code;
}

enum s3_code op_put_bucket_policy(struct request *rq)
{
    enum s3_code code = judge(rq);
    return code == S3_OK ? document_keep(rq, POLICY_KIND, STR(""), rq->body, 204) : code;
}

static enum s3_code load(struct request *rq, str *policy)
{
    enum store_result result = document_load(rq, rq->bucket.id, POLICY_KIND, policy);
    if (result == STORE_ABSENT)
        return document_absent(rq, S3_NoSuchBucketPolicy);
    return result == STORE_OK ? S3_OK : common_from_store(rq, result);
}

enum s3_code op_get_bucket_policy(struct request *rq)
{
    str policy;
    enum s3_code code = load(rq, &policy);
    if (code == S3_OK)
        request_reply(rq, 200, "application/json", policy);
    return code;
}

enum s3_code op_delete_bucket_policy(struct request *rq)
{
    return document_keep(rq, POLICY_KIND, STR(""), STR_NONE, 204);
}

enum s3_code op_get_bucket_policy_status(struct request *rq)
{
    struct common_document document;
    str policy;
    enum s3_code code = load(rq, &policy);
    if (code != S3_OK)
        return code;
    common_document_begin(rq, &document, "PolicyStatus");
    xml_boolean(&document.xml, "IsPublic", bucket_policy_is_public(rq->arena, policy));
    return common_document_reply(rq, &document);
}
