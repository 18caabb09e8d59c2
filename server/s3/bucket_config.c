/* What new buckets are protected with, and how it is read by the operations that heed it: default
 * encryption, object ownership, public access block. */
#include "server/s3/bucket_config.h"

#include "server/s3/acl.h"
#include "server/s3/common.h"

/* ---- encryption ---- */

static const struct schema by_default_members[] = {
    { "SSEAlgorithm", SCHEMA_WORD, 1, 1, "AES256|aws:kms|aws:kms:dsse", NULL },
    { "KMSMasterKeyID", SCHEMA_WORD, 0, 1, NULL, NULL },
    SCHEMA_END
};
static const struct schema blocked_members[] = {
    { "EncryptionType", SCHEMA_WORD, 0, 0, "NONE|SSE-C", NULL }, SCHEMA_END
};
static const struct schema encryption_rule_members[] = {
    { "ApplyServerSideEncryptionByDefault", SCHEMA_GROUP, 0, 1, NULL, by_default_members },
    { "BucketKeyEnabled", SCHEMA_BOOLEAN, 0, 1, NULL, NULL },
    { "BlockedEncryptionTypes", SCHEMA_GROUP, 0, 1, NULL, blocked_members },
    SCHEMA_END
};
static const struct schema encryption_members[] = {
    { "Rule", SCHEMA_GROUP, 1, 1, NULL, encryption_rule_members }, SCHEMA_END
};
static const struct schema encryption_schema = {
    "ServerSideEncryptionConfiguration", SCHEMA_GROUP, 1, 1, NULL, encryption_members
};

static enum s3_code judge_encryption(struct request *rq, const struct xml *root)
{
    const struct xml *rule = xml_child(root, "Rule");
    const struct xml *by_default = xml_child(rule, "ApplyServerSideEncryptionByDefault");
    if (by_default && xml_child(by_default, "KMSMasterKeyID") &&
        str_is(str_trim(xml_text(by_default, "SSEAlgorithm")), "AES256"))
        return common_invalid_argument(rq,
                                       "a KMSMasterKeyID is not applicable if the default sse "
                                       "algorithm is not aws:kms or aws:kms:dsse",
                                       "ApplyServerSideEncryptionByDefault", STR_NONE);
    return S3_OK;
}

/* AWS, since January 2023: every bucket encrypts with SSE-S3 unless told otherwise, also after its
 * configuration was deleted. */
const struct document bucket_config_encryption_document = {
    "encryption", &encryption_schema, S3_ServerSideEncryptionConfigurationNotFoundError,
    "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>"
    "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>",
    judge_encryption
};

enum s3_code bucket_config_encryption(struct request *rq, struct bucket_config_encryption *out)
{
    str inside;
    *out = (struct bucket_config_encryption){ .algorithm = STR("AES256") };
    enum store_result result =
        document_load(rq, rq->bucket.id, bucket_config_encryption_document.kind, &inside);
    if (result == STORE_ABSENT)
        return S3_OK;
    if (result != STORE_OK)
        return common_from_store(rq, result);
    out->chosen = true;
    const struct xml *rule = xml_parse(rq->arena, inside);
    const struct xml *by_default = xml_child(rule, "ApplyServerSideEncryptionByDefault");
    if (by_default)
        out->algorithm = xml_text(by_default, "SSEAlgorithm");
    out->kms_key = xml_text(by_default, "KMSMasterKeyID");
    out->bucket_key = str_is(xml_text(rule, "BucketKeyEnabled"), "true");
    return S3_OK;
}

/* ---- object ownership ---- */

static const struct schema ownership_rule_members[] = {
    { "ObjectOwnership", SCHEMA_WORD, 1, 1, "BucketOwnerPreferred|ObjectWriter|BucketOwnerEnforced",
      NULL },
    SCHEMA_END
};
static const struct schema ownership_members[] = {
    { "Rule", SCHEMA_GROUP, 1, 1, NULL, ownership_rule_members }, SCHEMA_END
};
static const struct schema ownership_schema = { "OwnershipControls", SCHEMA_GROUP, 1, 1, NULL,
                                                ownership_members };
static enum s3_code judge_ownership(struct request *rq, const struct xml *root)
{
    str wanted = str_trim(xml_text(xml_child(root, "Rule"), "ObjectOwnership"));
    bool granted = false;
    enum s3_code code = acl_bucket_grants_others(rq, &granted);
    if (code == S3_OK && granted && str_is(wanted, "BucketOwnerEnforced"))
        code = S3_InvalidBucketAclWithObjectOwnership;
    return code;
}

/* AWS, since April 2023: new buckets have ACLs off. Without controls they are as they were before:
 * the writer owns the object. */
const struct document bucket_config_ownership_document = {
    "ownershipControls", &ownership_schema, S3_OwnershipControlsNotFoundError,
    "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>", judge_ownership
};

enum s3_code bucket_config_ownership(struct request *rq, enum bucket_config_ownership *out)
{
    const struct xml *root;
    enum s3_code code = document_tree(rq, rq->bucket.id, &bucket_config_ownership_document, &root);
    str text = str_trim(xml_text(xml_child(root, "Rule"), "ObjectOwnership"));
    *out = str_is(text, "BucketOwnerEnforced")    ? OWNER_ENFORCED
           : str_is(text, "BucketOwnerPreferred") ? OWNER_PREFERRED
                                                  : OBJECT_WRITER;
    return code;
}

/* ---- public access block ---- */

static const struct schema block_members[] = {
    { "BlockPublicAcls", SCHEMA_BOOLEAN, 0, 1, NULL, NULL },
    { "IgnorePublicAcls", SCHEMA_BOOLEAN, 0, 1, NULL, NULL },
    { "BlockPublicPolicy", SCHEMA_BOOLEAN, 0, 1, NULL, NULL },
    { "RestrictPublicBuckets", SCHEMA_BOOLEAN, 0, 1, NULL, NULL },
    SCHEMA_END
};
static const struct schema block_schema = {
    "PublicAccessBlockConfiguration", SCHEMA_GROUP, 1, 1, NULL, block_members
};

static enum s3_code judge_block(struct request *rq, const struct xml *root)
{
    return root->child ? S3_OK
                       : common_invalid_request(rq, "Must specify at least one configuration.");
}

const struct document bucket_config_block_document = {
    "publicAccessBlock", &block_schema, S3_NoSuchPublicAccessBlockConfiguration,
    "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>"
    "<BlockPublicPolicy>true</BlockPublicPolicy>"
    "<RestrictPublicBuckets>true</RestrictPublicBuckets>",
    judge_block
};

static bool is_on(const struct xml *root, const char *name)
{
    return str_eq_nocase(str_trim(xml_text(root, name)), STR("true"));
}

str bucket_config_block_text(struct request *rq, const struct xml *root)
{
    struct buf buf;
    struct xml_writer xml = { .buf = &buf };
    buf_init_arena(&buf, rq->arena, 1024);
    for (const struct schema *member = block_members; member->name; member++)
        xml_boolean(&xml, member->name, is_on(root, member->name));
    return buf_str(&buf);
}

static struct bucket_config_block block_of(const struct xml *root)
{
    return (struct bucket_config_block){ .acls = is_on(root, "BlockPublicAcls"),
                                         .ignore_acls = is_on(root, "IgnorePublicAcls"),
                                         .policy = is_on(root, "BlockPublicPolicy"),
                                         .restrict_buckets = is_on(root, "RestrictPublicBuckets") };
}

enum s3_code bucket_config_account_block(struct request *rq, struct bucket_config_block *out)
{
    str inside;
    *out = (struct bucket_config_block){ .acls = false };
    enum store_result result = store_doc_get(
        rq->lane->reader, rq->arena, STR(BUCKET_CONFIG_ACCOUNT_BLOCK), rq->bucket.account, &inside);
    if (result == STORE_ABSENT)
        return S3_OK;
    if (result != STORE_OK)
        return common_from_store(rq, result);
    *out = block_of(xml_parse(rq->arena, str_format(rq->arena, "<r>%.*s</r>", STR_ARG(inside))));
    return S3_OK;
}

/* AWS: "Amazon S3 applies the most restrictive combination of the bucket-level and account-level
 * settings." Most buckets forbid all, and the account need not be asked. */
enum s3_code bucket_config_block(struct request *rq, struct bucket_config_block *out)
{
    const struct xml *root;
    struct bucket_config_block account;
    enum s3_code code = document_tree(rq, rq->bucket.id, &bucket_config_block_document, &root);
    *out = block_of(root);
    if (code != S3_OK || (out->acls && out->ignore_acls && out->policy && out->restrict_buckets))
        return code;
    code = bucket_config_account_block(rq, &account);
    out->acls |= account.acls;
    out->ignore_acls |= account.ignore_acls;
    out->policy |= account.policy;
    out->restrict_buckets |= account.restrict_buckets;
    return code;
}
