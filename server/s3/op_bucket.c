/* Buckets: create, list, head, delete, their location and versioning.
 *
 * One namespace spans all Regions; a Region is a property of the bucket. Where a new bucket goes
 * follows from the Region that was asked (rq->region) and the LocationConstraint in the body.
 */
#include "base/encode.h"
#include "base/limits.h"
#include "routing/topology.h"
#include "server/change_words.h"
#include "server/changes.h"
#include "server/access_point.h"
#include "server/mraps.h"
#include "server/s3/acl.h"
#include "server/s3/bucket_name.h"
#include "server/s3/common.h"
#include "server/s3/handlers.h"
#include "server/s3/tagging.h"

#define FIRST_REGION "us-east-1"
#define CONFIG_LOCATION "location"           /* "EU": what a bucket made with the old name shows */
#define CONFIG_ACL "acl"                     /* packed grants */
#define CONFIG_OWNERSHIP "ownershipControls" /* what GetBucketOwnershipControls returns */

/* ---- ListBuckets ---- */

static enum s3_code read_max_buckets(struct request *rq, unsigned *max)
{
    str text = request_query(rq, "max-buckets");
    uint64_t value = LIMIT_BUCKETS_PAGE;
    if (text.size > 0 && (!str_to_u64(text, &value) || value < 1 || value > LIMIT_BUCKETS_PAGE))
        return common_invalid_argument(
            rq, "Argument max-buckets must be an integer between 1 and 10000", "max-buckets", text);
    *max = (unsigned) value;
    return S3_OK;
}

static enum s3_code read_bucket_region(struct request *rq, str *region)
{
    *region = request_query(rq, "bucket-region");
    if (!str_is_set(*region) || region_find(*region) != REGION_NONE)
        return S3_OK;
    str message =
        str_format(rq->arena, "Argument value %.*s is not a valid AWS Region", STR_ARG(*region));
    return common_invalid_argument(rq, message.ptr, "bucket-region", STR_NONE);
}

static enum s3_code read_list_query(struct request *rq, struct bucket_list_query *query)
{
    *query = (struct bucket_list_query){ .account = rq->who.account,
                                         .prefix = request_query(rq, "prefix") };
    enum s3_code code = read_max_buckets(rq, &query->max);
    if (code == S3_OK)
        code = read_bucket_region(rq, &query->region);
    str token = request_query(rq, "continuation-token");
    /* An empty one is none here, other than in ListObjectsV2 (recorded). */
    if (code == S3_OK && token.size > 0 &&
        (!decode_base64url(rq->arena, token, &query->after) || !bucket_name_is_valid(query->after)))
        return common_invalid_argument(rq, "The continuation token provided is incorrect",
                                       "continuation-token", STR_NONE);
    return code;
}

static void write_bucket(struct request *rq, struct xml_writer *xml, const struct bucket_info *info)
{
    xml_open(xml, "Bucket");
    xml_element(xml, "Name", info->name);
    xml_element(xml, "CreationDate", common_timestamp(rq, info->created));
    xml_element(xml, "BucketRegion", info->region);
    xml_element(xml, "BucketArn", common_bucket_arn(rq, info->name));
    xml_close(xml);
}

enum s3_code op_list_buckets(struct request *rq)
{
    struct bucket_list_query query;
    struct bucket_list list;
    struct common_document document;

    enum s3_code code = read_list_query(rq, &query);
    if (code != S3_OK)
        return code;
    enum store_result result = store_bucket_list(rq->lane->reader, rq->arena, &query, &list);
    if (result != STORE_OK)
        return common_from_store(rq, result);

    common_document_begin(rq, &document, "ListAllMyBucketsResult");
    common_owner(rq, &document.xml, "Owner", rq->who.account);
    xml_open(&document.xml, "Buckets");
    for (size_t i = 0; i < list.count; i++)
        write_bucket(rq, &document.xml, &list.at[i]);
    xml_close(&document.xml);
    if (list.truncated && list.count > 0) {
        str last = list.at[list.count - 1].name;
        xml_element(&document.xml, "ContinuationToken",
                    encode_base64url(rq->arena, last.ptr, last.size));
    }
    xml_optional(&document.xml, "Prefix", query.prefix);
    return common_document_reply(rq, &document);
}

/* ---- CreateBucket ---- */

struct creation {
    struct store_bucket_create write;
    struct store_doc configs[5];
    struct store_doc acl; /* what the bucket has afterwards, also when it was there */
    struct store_config_put reset;
    bool tagged;
};

static enum s3_code bad_name(struct request *rq)
{
    request_extra(rq, "BucketName", rq->address.bucket);
    return S3_InvalidBucketName;
}

static enum s3_code judge_name(struct request *rq, str region)
{
    str name = rq->address.bucket;
    str space = request_get_header(rq, "x-amz-bucket-namespace");
    if (!bucket_name_is_valid(name))
        return bad_name(rq);
    bool regional = bucket_name_is_account_regional(name, rq->who.account, region);
    if (str_is(space, "account-regional"))
        return regional ? S3_OK : bad_name(rq);
    /* AWS: names that end in -an are kept for that namespace. */
    if (str_ends(name, STR("-an"))) {
        request_hint(rq, "A name that ends in -an needs x-amz-bucket-namespace: account-regional "
                         "and the form PREFIX-ACCOUNT-REGION-an.");
        return bad_name(rq);
    }
    return S3_OK;
}

static enum s3_code incompatible_location(struct request *rq, str constraint)
{
    request_message(rq,
                    "The %.*s location constraint is incompatible for the region specific endpoint "
                    "this request was sent to.",
                    STR_ARG(constraint));
    return S3_IllegalLocationConstraintException;
}

static enum s3_code bad_location(struct request *rq, str constraint)
{
    str near = region_nearest_name(constraint);
    request_extra(rq, "LocationConstraint", constraint);
    if (near.size > 0 && !str_eq(near, constraint))
        request_hint(rq, "Did you mean %.*s?", STR_ARG(near));
    return S3_InvalidLocationConstraint;
}

/* AWS, CreateBucket: only us-east-1 makes buckets of other Regions, and it is the only Region that
 * is asked for by saying nothing; its own name is refused there. */
static enum s3_code choose_region(struct request *rq, str constraint, str *region)
{
    bool first = str_is(rq->region, FIRST_REGION);
    *region = str_is(constraint, "EU") ? STR("eu-west-1") : constraint;
    if (constraint.size == 0) {
        *region = rq->region;
        return first ? S3_OK : incompatible_location(rq, STR("unspecified"));
    }
    if (!first && !str_eq(*region, rq->region))
        return incompatible_location(rq, constraint);
    if (region_find(*region) == REGION_NONE || (first && str_eq(*region, rq->region)))
        return bad_location(rq, constraint);
    return S3_OK;
}

static enum s3_code read_configuration(struct request *rq, str *constraint, str *packed_tags)
{
    const struct xml *document;
    struct fields tags = { 0 };
    *constraint = *packed_tags = STR_NONE;
    if (rq->body.size == 0)
        return S3_OK;
    enum s3_code code = common_body(rq, "CreateBucketConfiguration", &document);
    if (code != S3_OK)
        return code;
    *constraint = str_trim(xml_text(document, "LocationConstraint"));
    const struct xml *tag = xml_child(document, "Tags");
    tag = tag ? xml_child(tag, "Tag") : NULL;
    for (; tag && tags.count <= LIMIT_TAGS_PER_BUCKET; tag = xml_next(tag, "Tag")) {
        if (!xml_child(tag, "Key") || !xml_child(tag, "Value"))
            return S3_MalformedXML;
        fields_add(rq->arena, &tags, xml_text(tag, "Key"), xml_text(tag, "Value"));
    }
    return tagging_of_bucket(rq, &tags, TAGS_OF_NEW_BUCKET, packed_tags);
}

/* AWS: since 2023 a new bucket enforces its owner and blocks public access unless told otherwise;
 * then no ACL but the owner's own can come along. */
static enum s3_code judge_ownership(struct request *rq, str *ownership, struct fields *grants)
{
    bool given;
    str acl = request_get_header(rq, "x-amz-acl");
    *ownership = request_get_header(rq, "x-amz-object-ownership");
    bool enforced = !str_is_set(*ownership) || str_is(*ownership, "BucketOwnerEnforced");
    if (!enforced && !str_is(*ownership, "BucketOwnerPreferred") &&
        !str_is(*ownership, "ObjectWriter")) {
        str message = str_format(rq->arena, "Invalid x-amz-object-ownership header: %.*s",
                                 STR_ARG(*ownership));
        return common_invalid_argument(rq, message.ptr, "x-amz-object-ownership", STR_NONE);
    }
    rq->bucket.account = rq->who.account; /* who will own it */
    enum s3_code code = acl_from_headers(rq, false, grants, &given);
    bool own = !given || str_is(acl, "private") || str_is(acl, "bucket-owner-full-control");
    if (own)
        grants->count = 0;
    if (code != S3_OK || own)
        return code;
    if (enforced)
        return S3_InvalidBucketAclWithObjectOwnership;
    return acl_is_public(grants) ? S3_InvalidBucketAclWithBlockPublicAccessError : S3_OK;
}

static str ownership_document(struct request *rq, str ownership)
{
    return str_format(rq->arena, "<Rule><ObjectOwnership>%.*s</ObjectOwnership></Rule>",
                      STR_ARG(ownership));
}

static enum s3_code answer_created(struct request *rq, str region)
{
    str name = rq->address.bucket;
    request_header(rq, "Location",
                   str_is(region, FIRST_REGION)
                       ? str_format(rq->arena, "/%.*s", STR_ARG(name))
                       : str_format(rq->arena, "http://%.*s.s3.amazonaws.com/", STR_ARG(name)));
    request_header(rq, "x-amz-bucket-arn", common_bucket_arn(rq, name));
    request_reply_empty(rq, 200);
    return S3_OK;
}

static enum s3_code acl_reset(struct request *rq)
{
    const struct creation *creation = rq->state;
    if (creation->reset.head.result != STORE_OK)
        return common_from_store(rq, creation->reset.head.result);
    return answer_created(rq, creation->write.out.region);
}

static enum s3_code created(struct request *rq)
{
    struct creation *creation = rq->state;
    const struct bucket_info *bucket = &creation->write.out;
    enum store_result result = creation->write.head.result;

    if (result == STORE_OK)
        return answer_created(rq, creation->write.region);
    if (result != STORE_EXISTS)
        return common_from_store(rq, result);
    /* AWS: "in the North Virginia Region ... Amazon S3 returns 200 OK and resets the bucket access
     * control lists", for reasons of age; recorded: not for one who brings tags. */
    bool own = str_eq(bucket->account, rq->who.account);
    if (own && !creation->tagged && str_is(bucket->region, FIRST_REGION) &&
        str_eq(bucket->region, creation->write.region)) {
        store_config_put_init(&creation->reset, rq->arena);
        creation->reset.bucket = bucket->id;
        creation->reset.configs = &creation->acl;
        creation->reset.count = 1;
        return request_write(rq, &creation->reset.head, acl_reset);
    }
    request_extra(rq, "BucketName", rq->address.bucket);
    return own ? S3_BucketAlreadyOwnedByYou : S3_BucketAlreadyExists;
}

static void add_config(struct creation *creation, const char *kind, str body)
{
    creation->write.configs = creation->configs;
    creation->configs[creation->write.config_count++] =
        (struct store_doc){ .kind = str_of(kind), .id = STR(""), .body = body };
}

enum s3_code op_create_bucket(struct request *rq)
{
    str constraint, region, ownership, tags;
    struct fields grants = { 0 };
    enum s3_code code = read_configuration(rq, &constraint, &tags);
    if (code == S3_OK)
        code = choose_region(rq, constraint, &region);
    if (code == S3_OK)
        code = judge_name(rq, region);
    if (code == S3_OK)
        code = judge_ownership(rq, &ownership, &grants);
    if (code != S3_OK)
        return code;

    struct creation *creation = ARENA_NEW(rq->arena, struct creation);
    struct store_bucket_create *write = &creation->write;
    store_bucket_create_init(write, rq->arena);
    write->name = rq->address.bucket;
    write->region = region;
    write->account = rq->who.account;
    write->object_lock =
        str_eq_nocase(request_get_header(rq, "x-amz-bucket-object-lock-enabled"), STR("true"));
    creation->acl =
        (struct store_doc){ .kind = STR(CONFIG_ACL), .id = STR(""), .body = acl_pack(rq, &grants) };
    if (str_is_set(ownership))
        add_config(creation, CONFIG_OWNERSHIP, ownership_document(rq, ownership));
    if (grants.count > 0)
        add_config(creation, CONFIG_ACL, creation->acl.body);
    if (str_is(constraint, "EU"))
        add_config(creation, CONFIG_LOCATION, constraint);
    creation->tagged = tags.size > 0;
    if (creation->tagged)
        add_config(creation, TAGGING_KIND, tags);
    rq->state = creation;
    return request_write(rq, &write->head, created);
}

/* ---- HeadBucket, DeleteBucket ---- */

enum s3_code op_head_bucket(struct request *rq)
{
    request_header(rq, "x-amz-bucket-region", rq->bucket.region);
    request_header(rq, "x-amz-bucket-arn", common_bucket_arn(rq, rq->bucket.name));
    request_header_c(rq, "x-amz-access-point-alias", rq->access_point ? "true" : "false");
    request_header_c(rq, "Content-Type", "application/xml");
    request_reply_empty(rq, 200);
    return S3_OK;
}

/* One of the same name that another account had is another bucket. */
static bool has_member(const struct mrap *mrap, const struct bucket_info *bucket)
{
    for (size_t i = 0; i < mrap->member_count; i++)
        if (str_eq(mrap->members[i].bucket, bucket->name) &&
            str_eq(mrap->member_accounts[i], bucket->account))
            return true;
    return false;
}

/* AWS: a bucket cannot be deleted while a Multi-Region Access Point of its account has it. */
static bool is_member(struct request *rq)
{
    bool found = false;
    const struct mrap_list *list = mraps_acquire(rq->world->mraps);
    for (size_t i = 0; i < mrap_list_count(list) && !found; i++) {
        const struct mrap *mrap = mrap_list_at(list, i);
        found = str_eq(mrap->account, rq->bucket.account) && has_member(mrap, &rq->bucket);
        if (found)
            request_hint(rq, "The bucket is a member of Multi-Region Access Point %.*s.",
                         STR_ARG(mrap->name));
    }
    mraps_release(list);
    return found;
}

/* AWS: nor while an access point stands in front of it. */
static bool has_access_point(struct request *rq)
{
    struct store_doc_list list = { 0 };
    struct access_point point;
    if (store_doc_list(rq->lane->reader, rq->arena, STR(ACCESS_POINT_KIND), &list) != STORE_OK)
        return false;
    for (size_t i = 0; i < list.count; i++)
        if (access_point_from_doc(rq->arena, list.at[i].body, &point) &&
            str_eq(point.bucket, rq->bucket.name)) {
            request_hint(rq, "The bucket has access point %.*s.", STR_ARG(point.name));
            return true;
        }
    return false;
}

static enum s3_code deleted(struct request *rq)
{
    const struct store_bucket_delete *write = rq->state;
    if (write->head.result == STORE_NOT_EMPTY && rq->bucket.versioning != VERSIONING_UNSET)
        request_message(rq, "The bucket you tried to delete is not empty. You must delete all "
                            "versions in the bucket.");
    if (write->head.result != STORE_OK)
        return common_from_store(rq, write->head.result);
    request_reply_empty(rq, 204);
    return S3_OK;
}

enum s3_code op_delete_bucket(struct request *rq)
{
    if (is_member(rq) || has_access_point(rq)) {
        request_extra(rq, "BucketName", rq->bucket.name);
        return S3_BucketHasAccessPointsAttached;
    }
    struct store_bucket_delete *write = ARENA_NEW(rq->arena, struct store_bucket_delete);
    store_bucket_delete_init(write, rq->arena);
    write->bucket = rq->bucket.id;
    rq->state = write;
    return request_write(rq, &write->head, deleted);
}

/* ---- GetBucketLocation ---- */

enum s3_code op_get_bucket_location(struct request *rq)
{
    struct common_document document;
    str old_name = STR_NONE;
    str shown = str_is(rq->bucket.region, FIRST_REGION) ? STR("") : rq->bucket.region;
    enum store_result result = store_config_get(rq->lane->reader, rq->arena, rq->bucket.id,
                                                STR(CONFIG_LOCATION), STR(""), &old_name);
    if (result == STORE_OK)
        shown = old_name;
    else if (result != STORE_ABSENT)
        return common_from_store(rq, result);
    if (shown.size == 0) { /* an element without an end tag, which some clients compare */
        request_reply(rq, 200, "application/xml",
                      STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                          "<LocationConstraint xmlns=\"" XML_NS_S3 "\"/>"));
        return S3_OK;
    }
    common_document_begin(rq, &document, "LocationConstraint");
    buf_add(&document.buf, shown); /* a Region's code or "EU": nothing to escape */
    return common_document_reply(rq, &document);
}

/* ---- versioning ---- */

enum s3_code op_get_bucket_versioning(struct request *rq)
{
    struct common_document document;
    common_document_begin(rq, &document, "VersioningConfiguration");
    if (rq->bucket.versioning != VERSIONING_UNSET)
        xml_element(&document.xml, "Status",
                    rq->bucket.versioning == VERSIONING_ENABLED ? STR("Enabled")
                                                                : STR("Suspended"));
    return common_document_reply(rq, &document);
}

struct versioning_change {
    struct store_bucket_versioning write;
    struct store_doc doc; /* what changes, for whoever asks later */
    struct changes_pending said;
};

static enum s3_code versioning_put(struct request *rq)
{
    const struct versioning_change *change = rq->state;
    const struct store_bucket_versioning *write = &change->write;
    if (write->head.result == STORE_STATE_REFUSED) {
        request_message(rq, "%s",
                        rq->bucket.object_lock
                            ? "An Object Lock configuration is present on this bucket, so the "
                              "versioning state cannot be changed."
                            : "A replication configuration is present on this bucket, so you "
                              "cannot change the versioning state. To change the versioning "
                              "state, first delete the replication configuration.");
        return S3_InvalidBucketState;
    }
    if (write->head.result != STORE_OK)
        return common_from_store(rq, write->head.result);
    changes_after(&change->said);
    request_reply_empty(rq, 200);
    return S3_OK;
}

enum s3_code op_put_bucket_versioning(struct request *rq)
{
    const struct xml *document;
    enum s3_code code = common_body(rq, "VersioningConfiguration", &document);
    if (code != S3_OK)
        return code;
    str status = str_trim(xml_text(document, "Status"));
    if (!str_is_set(status))
        return S3_IllegalVersioningConfigurationException;
    if (!str_is(status, "Enabled") && !str_is(status, "Suspended"))
        return S3_MalformedXML;

    struct versioning_change *change = ARENA_NEW(rq->arena, struct versioning_change);
    struct store_bucket_versioning *write = &change->write;
    change->doc = (struct store_doc){ .kind = STR(CHANGE_VERSIONING), .id = rq->bucket.name };
    change->said = (struct changes_pending){ rq->lane, rq->arena, rq, &change->doc, 1, NULL };
    changes_before(&change->said);
    store_bucket_versioning_init(write, rq->arena);
    write->bucket = rq->bucket.id;
    write->versioning = str_is(status, "Enabled") ? VERSIONING_ENABLED : VERSIONING_SUSPENDED;
    rq->state = change;
    return request_write(rq, &write->head, versioning_put);
}
