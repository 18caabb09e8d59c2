/* The table of permissions that replication needs, and AWS's reason for each that is missing. */
#include "server/auth/replication_role.h"

#include <stdlib.h>

#include "replication/plan.h"
#include "replication/rules.h"
#include "server/auth/role_ask.h"
#include "server/world.h"

#define ROLE_LANE 2000 /* beyond the workers' */

struct replication_role {
    struct world *world;
    struct lane *lane; /* NULL before the first copy */
};

enum when { ALWAYS, OF_OBJECTS, OF_MARKERS, WITH_TAGS, WITH_RETENTION, WITH_HOLD, WITH_OVERRIDE };

static const struct permission {
    const char *action;
    const char *other; /* does as well; may be NULL */
    bool at_destination, on_bucket;
    enum when when;
    const char *reason;
} permissions[] = {
    { "s3:GetReplicationConfiguration", NULL, false, true, ALWAYS,
      "InitiateReplicationNotPermitted" },
    { "s3:ListBucket", NULL, false, true, ALWAYS, "InitiateReplicationNotPermitted" },
    { "s3:GetObjectVersionForReplication", "s3:GetObjectVersion", false, false, OF_OBJECTS,
      "SrcGetObjectNotPermitted" },
    { "s3:GetObjectVersionAcl", NULL, false, false, OF_OBJECTS, "SrcGetAclNotPermitted" },
    { "s3:GetObjectVersionTagging", NULL, false, false, WITH_TAGS, "SrcGetTaggingNotPermitted" },
    { "s3:GetObjectRetention", NULL, false, false, WITH_RETENTION, "SrcGetRetentionNotPermitted" },
    { "s3:GetObjectLegalHold", NULL, false, false, WITH_HOLD, "SrcGetLegalHoldNotPermitted" },
    { "s3:ReplicateObject", NULL, true, false, OF_OBJECTS, "DstPutObjectNotPermitted" },
    { "s3:ReplicateDelete", NULL, true, false, OF_MARKERS, "DstDelObjNotPermitted" },
    { "s3:ReplicateTags", NULL, true, false, WITH_TAGS, "DstPutTaggingNotPermitted" },
    { "s3:ObjectOwnerOverrideToBucketOwner", NULL, true, false, WITH_OVERRIDE,
      "DstPutAclNotPermitted" },
};

#define ASSUME "AssumeRoleNotPermitted"
#define KEY_FIELD PLAN_FIELD_ENCRYPTION "-aws-kms-key-id"

struct copy {
    struct role_ask ask;
    const struct queue_row *row;
    struct bucket_info source, destination;
    struct version_info version;
    bool overrides;
    str replica_key; /* ReplicaKmsKeyID of the row's rule */
    str kms_region;  /* of the key that is asked about */
    str kms_context; /* the object's ARN there */
    str one;
};

static str text(const char *reason)
{
    return str_of(reason);
}

/* --- what conditions may ask --- */

static bool value_of(void *ctx, str key, struct policy_values *out)
{
    struct copy *copy = ctx;
    *out = (struct policy_values){ &copy->one, 1 };
    if (str_is(key, "aws:principalarn"))
        copy->one = copy->ask.role.arn;
    else if (str_is(key, "aws:principalaccount"))
        copy->one = copy->ask.role.account;
    else if (str_is(key, "aws:sourceaccount"))
        copy->one = copy->source.account;
    else if (str_is(key, "aws:sourcearn"))
        copy->one = str_format(copy->ask.arena, "arn:aws:s3:::%.*s", STR_ARG(copy->source.name));
    else if (str_is(key, "aws:securetransport"))
        copy->one = STR("true");
    else if (str_is(key, "s3:destinationregion"))
        copy->one = copy->destination.region;
    else if (str_is(key, "kms:viaservice") && copy->kms_region.size > 0)
        copy->one = str_format(copy->ask.arena, "s3.%.*s.amazonaws.com", STR_ARG(copy->kms_region));
    else if (str_is(key, "kms:encryptioncontext:aws:s3:arn") && copy->kms_region.size > 0)
        copy->one = copy->kms_context;
    else
        return false;
    return true;
}

static struct role_ask asking(struct lane *lane, struct arena *arena, struct copy *copy)
{
    return (struct role_ask){ .lane = lane, .arena = arena, .values = value_of, .ctx = copy };
}

/* --- one permission --- */

static bool is_needed(const struct copy *copy, enum when when)
{
    bool marker = copy->row->kind == CHANGED_MARKER;
    const struct object_meta *meta = &copy->version.meta;
    switch (when) {
    case ALWAYS:
        return true;
    case OF_OBJECTS:
        return !marker;
    case OF_MARKERS:
        return marker;
    case WITH_TAGS:
        return !marker && meta->tags.size > 0;
    case WITH_RETENTION:
        return !marker && meta->lock_mode != LOCK_NONE;
    case WITH_HOLD:
        return !marker && meta->legal_hold;
    case WITH_OVERRIDE:
        return !marker && copy->overrides;
    }
    return false;
}

static bool has(struct copy *copy, const struct permission *permission)
{
    const struct bucket_info *bucket =
        permission->at_destination ? &copy->destination : &copy->source;
    str resource = permission->on_bucket
                       ? str_format(copy->ask.arena, "arn:aws:s3:::%.*s", STR_ARG(bucket->name))
                       : str_format(copy->ask.arena, "arn:aws:s3:::%.*s/%.*s",
                                    STR_ARG(bucket->name), STR_ARG(copy->row->key));
    if (permission->other && role_ask_may(&copy->ask, bucket, permission->other, resource))
        return true;
    return role_ask_may(&copy->ask, bucket, permission->action, resource);
}

/* The key as policies name it. S3 takes ids and aliases too, of the bucket's account and Region. */
static str key_arn(struct copy *copy, const struct bucket_info *bucket, str key)
{
    if (str_starts(key, STR("arn:")))
        return key;
    return str_format(copy->ask.arena, "arn:aws:kms:%.*s:%.*s:%s%.*s", STR_ARG(bucket->region),
                      STR_ARG(bucket->account), str_starts(key, STR("alias/")) ? "" : "key/",
                      STR_ARG(key));
}

/* A key's own policy leaves it to the account, as that of a key made in the console does. */
static bool may_use(struct copy *copy, const struct bucket_info *bucket, const char *action,
                    str key)
{
    str resource = key_arn(copy, bucket, key);
    copy->kms_region = bucket->region;
    copy->kms_context = str_format(copy->ask.arena, "arn:aws:s3:::%.*s/%.*s", STR_ARG(bucket->name),
                                   STR_ARG(copy->row->key));
    bool allowed = role_ask_own(&copy->ask, action, resource) == POLICY_ALLOW;
    copy->kms_region = STR("");
    if (!allowed)
        copy->ask.missing = str_format(
            copy->ask.arena,
            "Role %.*s needs {\"Effect\":\"Allow\",\"Action\":\"%s\",\"Resource\":\"%.*s\"}.",
            STR_ARG(copy->ask.role.arn), action, STR_ARG(resource));
    return allowed;
}

static bool find_places(struct copy *copy)
{
    struct store_reader *reader = copy->ask.lane->reader;
    return store_bucket_get(reader, copy->ask.arena, copy->row->source_name, &copy->source) ==
               STORE_OK &&
           store_bucket_get(reader, copy->ask.arena, copy->row->destination, &copy->destination) ==
               STORE_OK &&
           store_version_get(reader, copy->ask.arena, copy->row->source_bucket, copy->row->key,
                             copy->row->version_id, &copy->version) == STORE_OK;
}

static bool is_kms(struct copy *copy, struct fields *out)
{
    str packed = copy->version.meta.fields;
    return str_find(packed, STR("aws:kms")) != packed.size &&
           fields_unpack(copy->ask.arena, packed, out) &&
           str_starts(fields_get(out, PLAN_FIELD_ENCRYPTION), STR("aws:kms"));
}

/* "The KMS key must be in the same Region as the destination": any is accepted with the rule. */
static bool key_is_elsewhere(struct copy *copy)
{
    struct fields options, fields;
    str rest, piece = STR_NONE;
    if (str_find(copy->row->options, STR(PLAN_OPTION_KMS_KEY)) == copy->row->options.size ||
        !fields_unpack(copy->ask.arena, copy->row->options, &options))
        return false;
    rest = fields_get(&options, PLAN_OPTION_KMS_KEY);
    if (!str_starts(rest, STR("arn:")) || !find_places(copy) || !is_kms(copy, &fields))
        return false;
    for (int i = 0; i < 4; i++) /* arn:aws:kms:REGION */
        if (!str_next(&rest, ':', &piece))
            return true;
    return !str_eq(piece, copy->destination.region);
}

/* AWS has no reason of its own for a missing permission on a key: what fails is the GET or the PUT
 * (S3 user guide, "Replicating encrypted objects": kms:Decrypt of the source's key, kms:Encrypt of
 * the replica's). */
static str kms_refuses(struct copy *copy)
{
    struct fields fields = { 0 };
    if (!is_kms(copy, &fields))
        return STR_NONE;
    if (!may_use(copy, &copy->source, "kms:Decrypt", fields_get(&fields, KEY_FIELD)))
        return text("SrcGetObjectNotPermitted");
    if (copy->replica_key.size > 0 &&
        !may_use(copy, &copy->destination, "kms:Encrypt", copy->replica_key))
        return text("DstPutObjectNotPermitted");
    return STR_NONE;
}

/* --- the copy --- */

/* The role that the source's configuration names, and whether the row's rule changes the owner. */
static bool find_role_arn(struct copy *copy, str *arn)
{
    struct repl_config config;
    str packed;
    if (store_config_get(copy->ask.lane->reader, copy->ask.arena, copy->row->source_bucket,
                         STR(CONFIG_REPLICATION_RULES), STR(""), &packed) != STORE_OK ||
        !repl_config_unpack(copy->ask.arena, packed, &config))
        return false;
    for (size_t i = 0; i < config.rule_count; i++)
        if (str_eq(config.rules[i].id, copy->row->rule)) {
            copy->overrides = config.rules[i].destination.has_translation;
            copy->replica_key = config.rules[i].destination.kms_key;
        }
    *arn = config.role;
    return config.role.size > 0;
}

/* A copy whose buckets or version are gone has reasons of its own, which come later. */
static str judge(struct copy *copy)
{
    str arn;
    if (key_is_elsewhere(copy)) {
        copy->ask.missing = STR("ReplicaKmsKeyID names no key of the destination's Region.");
        return text("DstKmsKeyNotFound");
    }
    bool enforced = copy->ask.lane->world->settings->iam == IAM_ENFORCE;
    if (copy->ask.lane->world->settings->iam == IAM_OFF || !find_role_arn(copy, &arn))
        return STR_NONE;
    if (!role_ask_find(&copy->ask, arn, "s3-replication"))
        return enforced ? text(ASSUME) : STR_NONE;
    if (!find_places(copy))
        return STR_NONE;
    if (!role_ask_trusts(&copy->ask, "s3.amazonaws.com"))
        return text(ASSUME);
    for (size_t i = 0; i < COUNT(permissions); i++)
        if (is_needed(copy, permissions[i].when) && !has(copy, &permissions[i]))
            return text(permissions[i].reason);
    return kms_refuses(copy);
}

str replication_role_refuses(struct replication_role *checker, const struct queue_row *row)
{
    if (checker->lane == NULL)
        checker->lane = world_lane_open(checker->world, ROLE_LANE);
    if (checker->lane == NULL)
        return STR_NONE;
    struct copy copy = { .row = row };
    copy.ask = asking(checker->lane, arena_new(), &copy);
    store_read_begin(checker->lane->reader);
    str reason = judge(&copy);
    if (str_is_set(reason))
        log_line(LOG_INFO, "copy of %.*s/%.*s to %.*s: %.*s: %.*s", STR_ARG(row->source_name),
                 STR_ARG(row->key), STR_ARG(row->destination), STR_ARG(reason),
                 STR_ARG(copy.ask.missing));
    store_read_idle(checker->lane->reader);
    arena_free(copy.ask.arena);
    return reason;
}

str replication_role_missing(struct lane *lane, struct arena *arena, const struct queue_row *row)
{
    struct copy copy = { .row = row };
    copy.ask = asking(lane, arena, &copy);
    str reason = judge(&copy);
    return str_is_set(reason) ? copy.ask.missing : STR_NONE;
}

struct replication_role *replication_role_open(struct world *world)
{
    struct replication_role *checker = mem_alloc(sizeof *checker);
    checker->world = world;
    return checker;
}

void replication_role_close(struct replication_role *checker)
{
    if (checker == NULL)
        return;
    world_lane_close(checker->lane);
    free(checker);
}
