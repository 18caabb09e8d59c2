/* AWS's order of evaluation. Every level that a request passes has its say:
 *
 *   identity (account's or role's policies)  AND  access point (its policy)  AND  bucket (policy,
 * ACL)
 *
 * One explicit Deny anywhere ends it. Within one account either side's Allow is enough; between
 * accounts both must allow; nobody at all (anonymous) is allowed by the bucket alone. Source: IAM
 * user guide, "Policy evaluation logic", "Cross-account policy evaluation logic"; S3 user guide,
 * "Blocking public access", "Configuring Multi-Region Access Point permissions".
 */
#include "server/auth/authorize.h"

#include "server/auth/authorize_ask.h"
#include "server/config.h"
#include "server/configs.h"
#include "server/control/role.h"
#include "server/access_point.h"
#include "server/mraps.h"
#include "server/operations.h"
#include "server/s3/bucket_config.h"
#include "server/s3/common.h"
#include "server/world.h"

/* --- who --- */

/* "arn:aws:sts::123456789012:assumed-role/NAME/SESSION" */
static str role_of(str arn)
{
    str marker = STR(":assumed-role/");
    size_t at = str_find(arn, marker);
    str rest = str_skip(arn, at + marker.size);
    return at < arn.size ? str_first(rest, str_find_char(rest, '/')) : STR("");
}

static void who_asks(struct authorize_ask *ask)
{
    const struct identity *who = &ask->rq->who;
    ask->who = (struct policy_principal){ .anonymous = who->anonymous && who->account.size == 0,
                                          .account = who->account,
                                          .arn = who->arn,
                                          .role = role_of(who->arn) };
    if (!ask->who.anonymous)
        ask->who.canonical = common_canonical_id(ask->rq->arena, who->account);
}

static bool is_own(const struct authorize_ask *ask, str account)
{
    return !ask->who.anonymous && str_eq(ask->who.account, account);
}

static enum iam_mode mode_of(const struct request *rq)
{
    return rq->world->settings->iam;
}

/* --- one policy --- */

static struct policy_verdict evaluate(struct authorize_ask *ask, str text, enum policy_kind kind,
                                      str resource)
{
    struct policy_question question = { .who = &ask->who,
                                        .action = str_of(ask->action),
                                        .resource = resource,
                                        .values = authorize_values_find,
                                        .ctx = ask };
    const struct policy *policy = authority_policy(ask->rq->lane->authority, text, kind);
    return policy ? policy_evaluate(policy, &question)
                  : (struct policy_verdict){ .effect = POLICY_NONE };
}

#define IDENTITY "identity policy"
#define ACCESS_POINT "access point policy"
#define BUCKET "bucket policy"
#define BLOCK "public access block"

static bool says_no(struct authorize_ask *ask, const char *by, str resource,
                    const struct policy_verdict *verdict)
{
    if (verdict->effect != POLICY_DENY)
        return false;
    ask->denied = true;
    request_denied(ask->rq, by, "The %s: %.*s refuses %s on %.*s.", by,
                   STR_ARG(policy_verdict_text(ask->rq->arena, verdict)), ask->action,
                   STR_ARG(resource));
    return true;
}

/* --- identity --- */

struct texts {
    const struct fields *list; /* NULL: none are declared */
    struct fields own;
};

static struct texts identity_policies(struct authorize_ask *ask)
{
    struct texts texts = { .list = NULL };
    struct role role;
    const struct config *config;
    if (ask->who.role.size > 0) {
        if (role_find(ask->rq->lane->reader, ask->rq->arena, ask->who.account, ask->who.role,
                      &role))
            texts.own = role.policies;
        return texts;
    }
    if (!configs_has_accounts(ask->rq->world->configs))
        return texts;
    config = configs_of(ask->rq->world->configs, ask->rq->arena);
    for (size_t i = 0; config && i < config->document.account_count; i++)
        if (str_eq(config->document.accounts[i].id, ask->who.account))
            texts.list = &config->document.accounts[i].policies;
    return texts;
}

/* What the identity's own policies say of a resource. Unless identities are enforced, silence is
 * consent: the keys of an account may do all; and so may its root user, who asks inside (IAM User
 * Guide: no identity policy limits the root user). */
static enum policy_effect identity(struct authorize_ask *ask, str resource)
{
    struct texts texts = identity_policies(ask);
    const struct fields *list = texts.list ? texts.list : &texts.own;
    enum policy_effect effect = POLICY_NONE;
    if (ask->who.anonymous)
        return POLICY_NONE;
    for (size_t i = 0; i < list->count; i++) {
        struct policy_verdict verdict = evaluate(ask, list->at[i].value, POLICY_IDENTITY, resource);
        if (says_no(ask, IDENTITY, resource, &verdict))
            return POLICY_DENY;
        effect = verdict.effect == POLICY_ALLOW ? POLICY_ALLOW : effect;
    }
    return mode_of(ask->rq) == IAM_ENFORCE && !ask->rq->inside ? effect : POLICY_ALLOW;
}

static enum s3_code refuse(struct authorize_ask *ask, const char *by, const char *why, str resource)
{
    if (ask->rq->denied_by == NULL)
        request_denied(ask->rq, by, "%s %s on %.*s for %.*s.", why, ask->action, STR_ARG(resource),
                       STR_ARG(ask->who.anonymous ? STR("anonymous requests") : ask->who.arn));
    return S3_AccessDenied;
}

/* --- access points --- */

/* What a request comes through before its bucket. */
struct passage {
    const char *silence; /* said when its policy says nothing */
    str arn, account, policy;
    bool restricts_public, never_anonymous;
};

static enum s3_code through(struct authorize_ask *ask, const struct passage *passage)
{
    bool object = ask->rq->op->place == AT_OBJECT && ask->key.size > 0;
    str resource = object ? str_format(ask->rq->arena, "%.*s/object/%.*s", STR_ARG(passage->arn),
                                       STR_ARG(ask->key))
                          : passage->arn;
    struct policy_verdict verdict = { .effect = POLICY_NONE };
    bool own = is_own(ask, passage->account);
    if (ask->who.anonymous && passage->never_anonymous)
        return refuse(ask, ACCESS_POINT, "A Multi-Region Access Point never allows", resource);
    if (passage->policy.size > 0)
        verdict = evaluate(ask, passage->policy, POLICY_RESOURCE, resource);
    if (says_no(ask, ACCESS_POINT, resource, &verdict))
        return S3_AccessDenied;
    bool allowed = verdict.effect == POLICY_ALLOW;
    if (allowed && !own && passage->restricts_public) {
        const struct policy *policy =
            authority_policy(ask->rq->lane->authority, passage->policy, POLICY_RESOURCE);
        allowed = policy && !policy_is_public(policy);
    }
    enum policy_effect identified = identity(ask, resource);
    if (identified == POLICY_DENY)
        return S3_AccessDenied;
    bool by_identity = identified == POLICY_ALLOW || ask->who.anonymous;
    if (own ? by_identity || (allowed && verdict.direct) : by_identity && allowed)
        return S3_OK;
    return refuse(ask, by_identity ? ACCESS_POINT : IDENTITY,
                  by_identity ? passage->silence : "No policy of the identity allows", resource);
}

/* AWS: "Multi-Region Access Points don't support anonymous requests." */
static enum s3_code through_mrap(struct authorize_ask *ask)
{
    enum { RESTRICT_PUBLIC_BUCKETS = 3 };
    const struct mrap *mrap = ask->rq->mrap;
    struct passage passage = {
        .silence = "The Multi-Region Access Point's policy does not allow",
        .arn = str_format(ask->rq->arena, "arn:aws:s3::%.*s:accesspoint/%.*s",
                          STR_ARG(mrap->account), STR_ARG(mrap->alias)),
        .account = mrap->account,
        .policy = mrap_policy_in(mrap, region_find(ask->rq->region)),
        .restricts_public = mrap->block[RESTRICT_PUBLIC_BUCKETS],
        .never_anonymous = true,
    };
    return through(ask, &passage);
}

static enum s3_code through_access_point(struct authorize_ask *ask)
{
    enum { RESTRICT_PUBLIC_BUCKETS = 3 };
    const struct access_point *point = ask->rq->access_point;
    struct passage passage = {
        .silence = "The access point's policy does not allow",
        .arn = access_point_arn(ask->rq->arena, point),
        .account = point->account,
        .policy = point->policy,
        .restricts_public = point->block[RESTRICT_PUBLIC_BUCKETS],
    };
    if (point->vpc.size > 0)
        return refuse(ask, ACCESS_POINT,
                      "The access point takes requests from its VPC only, so nobody may",
                      passage.arn);
    return through(ask, &passage);
}

/* --- bucket --- */

/* RestrictPublicBuckets: "only AWS services and authorized users within the bucket owner's account"
 * keep access to a bucket whose policy is public. */
static bool is_cut_off(struct authorize_ask *ask, str text)
{
    struct bucket_config_block block = { .restrict_buckets = false };
    struct bucket_info own = ask->rq->bucket;
    const struct policy *policy = authority_policy(ask->rq->lane->authority, text, POLICY_RESOURCE);
    if (policy == NULL || !policy_is_public(policy))
        return false;
    ask->rq->bucket = *ask->bucket;
    enum s3_code code = bucket_config_block(ask->rq, &block);
    ask->rq->bucket = own;
    return code != S3_OK || block.restrict_buckets;
}

static str bucket_arn(struct authorize_ask *ask)
{
    bool on_bucket = str_starts(str_of(ask->action), STR("s3:ListBucket"));
    if (ask->key.size == 0 || on_bucket)
        return common_bucket_arn(ask->rq, ask->bucket->name);
    return str_format(ask->rq->arena, "arn:aws:s3:::%.*s/%.*s", STR_ARG(ask->bucket->name),
                      STR_ARG(ask->key));
}

/* Who has locked himself out of his bucket's policy must be able to replace it: in AWS the root
 * user always can, and here the keys of an account stand for it. */
static bool is_way_back(const struct authorize_ask *ask)
{
    str action = str_of(ask->action);
    return mode_of(ask->rq) == IAM_RESOURCES && ask->who.role.size == 0 &&
           is_own(ask, ask->bucket->account) &&
           (str_is(action, "s3:PutBucketPolicy") || str_is(action, "s3:DeleteBucketPolicy") ||
            str_is(action, "s3:GetBucketPolicy"));
}

static bool acl_allows(struct authorize_ask *ask, const struct authority_bucket *rules)
{
    return rules->acls && authorize_acl_grants(ask);
}

static enum s3_code other_account(struct authorize_ask *ask, str resource, bool by_identity)
{
    bool delegated = ask->rq->mrap && ask->bucket == &ask->rq->bucket;
    if (ask->cut_off)
        return refuse(ask, BLOCK,
                      "The bucket's policy is public, and RestrictPublicBuckets keeps from it",
                      resource);
    if (ask->who.anonymous)
        return refuse(ask, BUCKET, "Neither the bucket's policy nor an ACL allows", resource);
    if (!by_identity)
        return refuse(ask, IDENTITY, "No policy of the identity allows", resource);
    request_denied(ask->rq, delegated ? "delegation" : BUCKET,
                   "Bucket %.*s belongs to account %.*s; this request acts as account %.*s, and "
                   "neither the bucket's policy nor an ACL allows it %s.%s",
                   STR_ARG(ask->bucket->name), STR_ARG(ask->bucket->account),
                   STR_ARG(ask->who.account), ask->action,
                   delegated ? " A bucket leaves the decision to an access point by a statement "
                               "with s3:DataAccessPointArn or s3:DataAccessPointAccount."
                             : "");
    return S3_AccessDenied;
}

static enum s3_code on_bucket(struct authorize_ask *ask)
{
    struct request *rq = ask->rq;
    const struct authority_bucket *rules =
        authority_bucket(rq->lane->authority, rq->lane->reader, ask->bucket->id);
    bool own = is_own(ask, ask->bucket->account);
    struct policy_verdict verdict = { .effect = POLICY_NONE };
    str resource = bucket_arn(ask);
    if (rules->policy.size > 0)
        verdict = evaluate(ask, rules->policy, POLICY_RESOURCE, resource);
    if (verdict.effect == POLICY_DENY && is_way_back(ask))
        verdict.effect = POLICY_NONE;
    if (says_no(ask, BUCKET, resource, &verdict))
        return S3_AccessDenied;
    enum policy_effect identified = identity(ask, resource);
    if (identified == POLICY_DENY)
        return S3_AccessDenied;
    bool by_identity = identified == POLICY_ALLOW;
    ask->cut_off = verdict.effect == POLICY_ALLOW && !own && is_cut_off(ask, rules->policy);
    bool by_policy = verdict.effect == POLICY_ALLOW && !ask->cut_off;
    if (own && rules->acls && authorize_acl_is_foreign(ask))
        return acl_allows(ask, rules)
                   ? S3_OK
                   : refuse(ask, "ACL",
                            "The object belongs to another account, whose ACL does not allow",
                            resource);
    if (own)
        return by_identity || (by_policy && verdict.direct)
                   ? S3_OK
                   : refuse(ask, IDENTITY, "No policy of the identity allows", resource);
    if ((by_identity || ask->who.anonymous) &&
        (ask->lenient || by_policy || acl_allows(ask, rules)))
        return S3_OK;
    return other_account(ask, resource, by_identity);
}

/* --- the account itself: ListBuckets, CreateBucket, S3 Control --- */

static enum s3_code on_account(struct authorize_ask *ask)
{
    const struct address *address = &ask->rq->address;
    str resource = str_is_set(ask->resource)  ? ask->resource
                   : address->bucket.size > 0 ? common_bucket_arn(ask->rq, address->bucket)
                                              : STR("arn:aws:s3:::*");
    if (ask->who.anonymous)
        return refuse(ask, IDENTITY, "Nothing allows", resource);
    enum policy_effect identified = identity(ask, resource);
    if (identified == POLICY_DENY)
        return S3_AccessDenied;
    return identified == POLICY_ALLOW
               ? S3_OK
               : refuse(ask, IDENTITY, "No policy of the identity allows", resource);
}

/* --- all of it --- */

/* The ordinary request costs one look-up: an account's own key, on its own bucket, about which no
 * policy says anything. */
static bool is_plain(const struct request *rq, const struct bucket_info *bucket)
{
    if (mode_of(rq) != IAM_RESOURCES || !str_eq(bucket->account, rq->who.account) ||
        configs_has_accounts(rq->world->configs) || str_starts(rq->who.arn, STR("arn:aws:sts:")))
        return false;
    if (rq->mrap && (rq->mrap->policy.size > 0 || rq->mrap->proposed_policy.size > 0 ||
                     !str_eq(rq->mrap->account, rq->who.account)))
        return false;
    if (rq->access_point)
        return false;
    const struct authority_bucket *rules =
        authority_bucket(rq->lane->authority, rq->lane->reader, bucket->id);
    return rules->policy.size == 0 && !rules->acls;
}

static enum s3_code judge(struct authorize_ask *ask)
{
    enum s3_code code = S3_OK;
    if (ask->bucket == NULL)
        return on_account(ask);
    if (ask->rq->mrap && ask->bucket == &ask->rq->bucket)
        code = through_mrap(ask);
    if (ask->rq->access_point && ask->bucket == &ask->rq->bucket)
        code = through_access_point(ask);
    return code == S3_OK ? on_bucket(ask) : code;
}

/* --iam off. */
static enum s3_code by_owner(struct request *rq, const struct bucket_info *bucket)
{
    if (bucket == NULL ? rq->who.account.size > 0 : str_eq(bucket->account, rq->who.account))
        return S3_OK;
    if (bucket && rq->who.account.size > 0)
        request_denied(
            rq, "bucket owner",
            "Bucket %.*s belongs to account %.*s; this request acts as account %.*s, and "
            "no policy counts (--iam off).",
            STR_ARG(bucket->name), STR_ARG(bucket->account), STR_ARG(rq->who.account));
    return S3_AccessDenied;
}

static struct authorize_ask asked(struct request *rq, const struct bucket_info *bucket,
                                  const struct authorize_need *need, str key, str version_id)
{
    struct authorize_ask ask = { .rq = rq,
                                 .bucket = bucket,
                                 .action = need->action,
                                 .key = key,
                                 .version_id = version_id,
                                 .lenient = need->lenient };
    who_asks(&ask);
    return ask;
}

enum s3_code authorize_action(struct request *rq, const struct bucket_info *bucket,
                              const char *action, str key, str version_id)
{
    const struct authorize_need need = { action, false };
    if (mode_of(rq) == IAM_OFF)
        return by_owner(rq, bucket);
    if (is_plain(rq, bucket))
        return S3_OK;
    struct authorize_ask ask = asked(rq, bucket, &need, key, version_id);
    return judge(&ask);
}

static bool may_list(struct request *rq, bool versions)
{
    const struct authorize_need need = { versions ? "s3:ListBucketVersions" : "s3:ListBucket",
                                         false };
    struct authorize_ask ask = asked(rq, &rq->bucket, &need, rq->address.key, STR_NONE);
    return judge(&ask) == S3_OK;
}

/* An object's own ACL cannot grant what is not there, so S3 looks whether the bucket may be listed
 * before it says no; an explicit Deny stays one. */
static bool is_known_absent(struct authorize_ask *ask)
{
    struct request *rq = ask->rq;
    bool by_id = str_is_set(ask->version_id);
    if (ask->denied || ask->bucket == NULL || rq->op->place != AT_OBJECT ||
        (rq->op->flags & OP_WRITE) || authorize_values_version(ask) || ask->version.marker)
        return false;
    if (!may_list(rq, by_id))
        return false;
    request_extra(rq, "Key", ask->key);
    return true;
}

enum s3_code authorize_check(struct request *rq)
{
    struct authorize_need needs[AUTHORIZE_NEEDS];
    const struct bucket_info *bucket = rq->has_bucket ? &rq->bucket : NULL;
    if (mode_of(rq) == IAM_OFF)
        return by_owner(rq, bucket);
    if (bucket && is_plain(rq, bucket))
        return S3_OK;
    size_t count = authorize_needs_of(rq, needs);
    str version_id = rq->op->place == AT_OBJECT ? request_query(rq, "versionId") : STR_NONE;
    for (size_t i = 0; i < count; i++) {
        struct authorize_ask ask = asked(rq, bucket, &needs[i], rq->address.key, version_id);
        enum s3_code code = judge(&ask);
        if (code != S3_OK)
            return !is_known_absent(&ask)   ? code
                   : str_is_set(version_id) ? S3_NoSuchVersion
                                            : S3_NoSuchKey;
    }
    return S3_OK;
}

static enum s3_code judge_resource(struct request *rq, const char *action, str resource)
{
    const struct authorize_need need = { action, false };
    struct authorize_ask ask = asked(rq, NULL, &need, STR(""), STR_NONE);
    ask.resource = resource;
    return judge(&ask);
}

/* AWS: who manages access points also needs s3:ListAllMyBuckets (S3 user guide, "Multi-Region
 * Access Point permissions"); routes are no matter of management. */
static enum s3_code on_control(struct request *rq, str resource)
{
    if (mode_of(rq) == IAM_OFF)
        return by_owner(rq, NULL);
    enum s3_code code = judge_resource(rq, rq->op->permission, resource);
    if (code == S3_OK && !str_ends(rq->address.path, STR("/routes")))
        code = judge_resource(rq, "s3:ListAllMyBuckets", STR("arn:aws:s3:::*"));
    return code;
}

enum s3_code authorize_named(struct request *rq, str name)
{
    return on_control(rq, authorize_control_named(rq, name));
}

/* Conditions may ask what the body says (s3:LocationConstraint, s3:RequestObjectTag,
 * aws:RequestTag, s3:object-lock-mode), so these are judged when it is there. */
static bool is_judged_by_body(const struct request *rq)
{
    static const char *const names[] = { "CreateBucket", "PutObjectTagging", "PutObjectRetention",
                                         "PutObjectLegalHold", "TagResource" };
    for (size_t i = 0; i < COUNT(names) && (rq->op->flags & OP_WRITE); i++)
        if (str_is(str_of(rq->op->name), names[i]))
            return true;
    return false;
}

static bool is_judged(const struct request *rq)
{
    static const char *const later[] = { "PostObject",
                                         "DeleteObjects",
                                         "PreflightRequest",
                                         "CreateMultiRegionAccessPoint",
                                         "DeleteMultiRegionAccessPoint",
                                         "PutMultiRegionAccessPointPolicy" };
    if (rq->address.kind != ADDRESS_S3 && rq->address.kind != ADDRESS_MRAP &&
        rq->address.kind != ADDRESS_CONTROL)
        return false;
    if (rq->address.website && rq->address.bucket.size > 0)
        return false; /* which object a page is follows from the web site's configuration */
    for (size_t i = 0; i < COUNT(later); i++)
        if (str_is(str_of(rq->op->name), later[i]))
            return false;
    return true;
}

static enum s3_code judge_request(struct request *rq)
{
    return rq->address.kind == ADDRESS_CONTROL ? on_control(rq, authorize_control_resource(rq))
                                               : authorize_check(rq);
}

enum s3_code authorize_step(struct request *rq)
{
    return is_judged(rq) && !is_judged_by_body(rq) ? judge_request(rq) : S3_OK;
}

enum s3_code authorize_body(struct request *rq)
{
    return is_judged_by_body(rq) ? judge_request(rq) : S3_OK;
}

enum s3_code authorize_absent(struct request *rq, enum s3_code code)
{
    bool versions = code == S3_NoSuchVersion;
    if ((code != S3_NoSuchKey && !versions) || !rq->has_bucket || rq->op == NULL ||
        rq->op->place != AT_OBJECT || (rq->op->flags & OP_WRITE) || mode_of(rq) == IAM_OFF ||
        is_plain(rq, &rq->bucket) || may_list(rq, versions))
        return code;
    rq->extra.count = 0;
    rq->message = STR_NONE;
    request_denied(rq, BUCKET,
                   "The object is not there, which is told only to those who may list it.");
    return S3_AccessDenied;
}

bool authorize_trusts(struct request *rq, str trust)
{
    struct authorize_ask ask = { .rq = rq, .action = "sts:AssumeRole" };
    who_asks(&ask);
    return evaluate(&ask, trust, POLICY_TRUST, STR("")).effect == POLICY_ALLOW;
}
