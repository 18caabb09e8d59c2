/* bucket_config: sub-resources of the request's bucket (rq->bucket) that other operations heed, as
 * they stand now: stored, deleted, or what new buckets have.
 *
 * Strings live in the request's arena. Errors: the store's, as AWS's codes. Threads: the request's.
 */
#ifndef ATOLL_SERVER_S3_BUCKET_CONFIG_H
#define ATOLL_SERVER_S3_BUCKET_CONFIG_H

#include "server/s3/document.h"

extern const struct document bucket_config_encryption_document, bucket_config_ownership_document,
    bucket_config_block_document;

struct bucket_config_encryption {
    bool chosen;   /* PutBucketEncryption said something, be it the default */
    str algorithm; /* AES256, aws:kms, aws:kms:dsse */
    str kms_key;   /* may be unset */
    bool bucket_key;
};
enum s3_code bucket_config_encryption(struct request *rq, struct bucket_config_encryption *out);

enum bucket_config_ownership { OWNER_ENFORCED, OWNER_PREFERRED, OBJECT_WRITER };
enum s3_code bucket_config_ownership(struct request *rq, enum bucket_config_ownership *out);

struct bucket_config_block {
    bool acls, ignore_acls, policy, restrict_buckets;
};
/* The bucket's, and what its owner's account adds. */
enum s3_code bucket_config_block(struct request *rq, struct bucket_config_block *out);
/* What the account of the bucket's owner forbids, in all its buckets; its document is of this kind,
 * under the account's number. */
#define BUCKET_CONFIG_ACCOUNT_BLOCK "account-block"
enum s3_code bucket_config_account_block(struct request *rq, struct bucket_config_block *out);
/* A block as it is kept: what was left out is off, and shown as such. */
str bucket_config_block_text(struct request *rq, const struct xml *root);

#endif
