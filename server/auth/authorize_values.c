/* What a request says about each condition key that it can know. Keys that no request here has (VPC
 * endpoints, organisations, MFA) are absent, as they are in AWS for requests without them. Sources:
 * IAM user guide, "AWS global condition context keys"; Service authorization reference, "Condition
 * keys for Amazon S3". */
#include "base/encode.h"
#include "server/auth/authorize_ask.h"
#include "server/access_point.h"
#include "server/mraps.h"
#include "server/operations.h"
#include "server/s3/tagging.h"
#include "server/s3/xml.h"

typedef bool value_fn(struct authorize_ask *ask, str *out);

static bool given(str value, str *out)
{
    *out = value;
    return str_is_set(value) && value.size > 0;
}

/* --- global keys --- */

static bool current_time(struct authorize_ask *ask, str *out)
{
    return given(instant_iso8601(ask->rq->arena, ask->rq->received_at), out);
}

static bool epoch_time(struct authorize_ask *ask, str *out)
{
    return given(
        str_format(ask->rq->arena, "%lld", (long long) (ask->rq->received_at.ns / 1000000000)),
        out);
}

static bool principal_account(struct authorize_ask *ask, str *out)
{
    return !ask->who.anonymous && given(ask->who.account, out);
}

/* Of a session it is the role's. */
static bool principal_arn(struct authorize_ask *ask, str *out)
{
    if (ask->who.anonymous)
        return false;
    if (ask->who.role.size > 0)
        return given(str_format(ask->rq->arena, "arn:aws:iam::%.*s:role/%.*s",
                                STR_ARG(ask->who.account), STR_ARG(ask->who.role)),
                     out);
    return given(ask->who.arn, out);
}

static bool principal_type(struct authorize_ask *ask, str *out)
{
    *out = ask->who.anonymous                                           ? STR("Anonymous")
           : ask->who.role.size > 0                                     ? STR("AssumedRole")
           : str_find(ask->who.arn, STR(":user/")) == ask->who.arn.size ? STR("Account")
                                                                        : STR("User");
    return true;
}

static bool user_id(struct authorize_ask *ask, str *out)
{
    return given(ask->who.anonymous ? STR("anonymous") : ask->rq->who.access_key, out);
}

/* Only users have one. */
static bool user_name(struct authorize_ask *ask, str *out)
{
    str marker = STR(":user/"), rest, piece;
    size_t at = str_find(ask->who.arn, marker);
    if (ask->who.anonymous || at == ask->who.arn.size)
        return false;
    rest = str_skip(ask->who.arn, at + marker.size);
    while (str_next(&rest, '/', &piece))
        *out = piece;
    return true;
}

static bool source_ip(struct authorize_ask *ask, str *out)
{
    return given(ask->rq->peer, out);
}

static bool secure_transport(struct authorize_ask *ask, str *out)
{
    *out = ask->rq->tls ? STR("true") : STR("false");
    return true;
}

static bool user_agent(struct authorize_ask *ask, str *out)
{
    return given(request_get_header(ask->rq, "User-Agent"), out);
}

static bool referer(struct authorize_ask *ask, str *out)
{
    return given(request_get_header(ask->rq, "Referer"), out);
}

static bool requested_region(struct authorize_ask *ask, str *out)
{
    return given(ask->rq->region, out);
}

static bool resource_account(struct authorize_ask *ask, str *out)
{
    return given(ask->bucket ? ask->bucket->account : ask->who.account, out);
}

static bool never(struct authorize_ask *ask, str *out)
{
    (void) ask;
    *out = STR("false");
    return true;
}

/* --- S3's --- */

static bool auth_type(struct authorize_ask *ask, str *out)
{
    if (ask->who.anonymous || ask->rq->who.algorithm == AUTH_NONE)
        return false;
    *out = ask->rq->who.presigned ? STR("REST-QUERY-STRING")
           : str_is(ask->rq->method, "POST") && ask->rq->op->place == AT_BUCKET &&
                   str_is(str_of(ask->rq->op->name), "PostObject")
               ? STR("POST")
               : STR("REST-HEADER");
    return true;
}

static bool signature_version(struct authorize_ask *ask, str *out)
{
    static const char *const names[] = { "", "AWS", "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256" };
    return !ask->who.anonymous && given(str_of(names[ask->rq->who.algorithm]), out);
}

/* Milliseconds, of presigned requests. */
static bool signature_age(struct authorize_ask *ask, str *out)
{
    instant signed_at;
    str date = request_query(ask->rq, "X-Amz-Date");
    if (!ask->rq->who.presigned || !instant_parse_amz(date, &signed_at))
        return false;
    return given(
        str_format(ask->rq->arena, "%lld",
                   (long long) (instant_diff(ask->rq->received_wall, signed_at).ns / 1000000)),
        out);
}

/* What the door negotiates at least. */
static bool tls_version(struct authorize_ask *ask, str *out)
{
    *out = STR("1.2");
    return ask->rq->tls;
}

static bool is_listing(const struct authorize_ask *ask)
{
    return str_starts(str_of(ask->action), STR("s3:ListBucket"));
}

static bool prefix(struct authorize_ask *ask, str *out)
{
    if (!is_listing(ask))
        return false;
    if (ask->key.size > 0) { /* asked because an object was missing: its key is what is listed */
        *out = ask->key;
        return true;
    }
    *out = request_query(ask->rq, "prefix");
    return str_is_set(*out);
}

static bool delimiter(struct authorize_ask *ask, str *out)
{
    *out = request_query(ask->rq, "delimiter");
    return is_listing(ask) && str_is_set(*out);
}

static bool max_keys(struct authorize_ask *ask, str *out)
{
    return is_listing(ask) && given(request_query(ask->rq, "max-keys"), out);
}

static bool version_id(struct authorize_ask *ask, str *out)
{
    return given(ask->version_id, out);
}

/* What the request came through; a copy's source is read directly. */
static const struct mrap *mrap_of(const struct authorize_ask *ask)
{
    return ask->bucket == &ask->rq->bucket ? ask->rq->mrap : NULL;
}

static const struct access_point *point_of(const struct authorize_ask *ask)
{
    return ask->bucket == &ask->rq->bucket ? ask->rq->access_point : NULL;
}

static bool point_arn(struct authorize_ask *ask, str *out)
{
    const struct mrap *mrap = mrap_of(ask);
    if (point_of(ask))
        return given(access_point_arn(ask->rq->arena, point_of(ask)), out);
    return mrap && given(str_format(ask->rq->arena, "arn:aws:s3::%.*s:accesspoint/%.*s",
                                    STR_ARG(mrap->account), STR_ARG(mrap->alias)),
                         out);
}

static bool point_account(struct authorize_ask *ask, str *out)
{
    if (point_of(ask))
        return given(point_of(ask)->account, out);
    return mrap_of(ask) && given(mrap_of(ask)->account, out);
}

static bool point_origin(struct authorize_ask *ask, str *out)
{
    *out = point_of(ask) && point_of(ask)->vpc.size > 0 ? STR("VPC") : STR("Internet");
    return mrap_of(ask) != NULL || point_of(ask) != NULL;
}

/* "bucket/key", however the client wrote it. */
static bool copy_source(struct authorize_ask *ask, str *out)
{
    str header = request_get_header(ask->rq, "x-amz-copy-source");
    if (!str_is_set(header))
        return false;
    str decoded = decode_uri(ask->rq->arena, str_first(header, str_find_char(header, '?')), false);
    return given(str_starts(decoded, STR("/")) ? str_skip(decoded, 1) : decoded, out);
}

/* What the document of an operation says, which is judged when it is there. */
static bool in_document(struct authorize_ask *ask, const char *operation, const char *element,
                        str *out)
{
    if (!str_is(str_of(ask->rq->op->name), operation) || ask->rq->body.size == 0)
        return false;
    return given(str_trim(xml_text(xml_parse(ask->rq->arena, ask->rq->body), element)), out);
}

static bool location(struct authorize_ask *ask, str *out)
{
    return in_document(ask, "CreateBucket", "LocationConstraint", out);
}

/* Of PutObject and its like it is true; of an upload's parts false, which conditions on conditional
 * writes pass over (S3 user guide, "Enforce conditional writes"). */
static bool object_creation(struct authorize_ask *ask, str *out)
{
    static const struct {
        const char *operation, *value;
    } operations[] = { { "PutObject", "true" },
                       { "PostObject", "true" },
                       { "CopyObject", "true" },
                       { "CompleteMultipartUpload", "true" },
                       { "CreateMultipartUpload", "false" },
                       { "UploadPart", "false" },
                       { "UploadPartCopy", "false" } };
    for (size_t i = 0; i < COUNT(operations); i++)
        if (str_is(str_of(ask->rq->op->name), operations[i].operation))
            return given(str_of(operations[i].value), out);
    return false;
}

static bool lock_until(struct authorize_ask *ask, str *out)
{
    return given(request_get_header(ask->rq, "x-amz-object-lock-retain-until-date"), out) ||
           in_document(ask, "PutObjectRetention", "RetainUntilDate", out);
}

static bool lock_days(struct authorize_ask *ask, str *out)
{
    instant until;
    str text;
    if (!lock_until(ask, &text) || !instant_parse_iso8601(text, &until))
        return false;
    return given(
        str_format(ask->rq->arena, "%lld",
                   (long long) (instant_diff(until, ask->rq->received_at).ns / 86400000000000)),
        out);
}

static bool lock_mode(struct authorize_ask *ask, str *out)
{
    return given(request_get_header(ask->rq, "x-amz-object-lock-mode"), out) ||
           in_document(ask, "PutObjectRetention", "Mode", out);
}

static bool lock_hold(struct authorize_ask *ask, str *out)
{
    return given(request_get_header(ask->rq, "x-amz-object-lock-legal-hold"), out) ||
           in_document(ask, "PutObjectLegalHold", "Status", out);
}

static bool if_match(struct authorize_ask *ask, str *out)
{
    return given(request_get_header(ask->rq, "If-Match"), out);
}

static bool if_none_match(struct authorize_ask *ask, str *out)
{
    return given(request_get_header(ask->rq, "If-None-Match"), out);
}

static const struct {
    const char *key;
    value_fn *value;
} table[] = {
    { "aws:currenttime", current_time },
    { "aws:epochtime", epoch_time },
    { "aws:principalaccount", principal_account },
    { "aws:principalarn", principal_arn },
    { "aws:principaltype", principal_type },
    { "aws:userid", user_id },
    { "aws:username", user_name },
    { "aws:sourceip", source_ip },
    { "aws:securetransport", secure_transport },
    { "aws:useragent", user_agent },
    { "aws:referer", referer },
    { "aws:requestedregion", requested_region },
    { "aws:resourceaccount", resource_account },
    { "aws:principalisawsservice", never },
    { "aws:viaawsservice", never },
    { "s3:resourceaccount", resource_account },
    { "s3:authtype", auth_type },
    { "s3:signatureversion", signature_version },
    { "s3:signatureage", signature_age },
    { "s3:tlsversion", tls_version },
    { "s3:prefix", prefix },
    { "s3:delimiter", delimiter },
    { "s3:max-keys", max_keys },
    { "s3:versionid", version_id },
    { "s3:dataaccesspointarn", point_arn },
    { "s3:dataaccesspointaccount", point_account },
    { "s3:accesspointnetworkorigin", point_origin },
    { "s3:x-amz-copy-source", copy_source },
    { "s3:object-lock-retain-until-date", lock_until },
    { "s3:object-lock-remaining-retention-days", lock_days },
    { "s3:object-lock-mode", lock_mode },
    { "s3:object-lock-legal-hold", lock_hold },
    { "s3:locationconstraint", location },
    { "s3:objectcreationoperation", object_creation },
    { "s3:if-match", if_match },
    { "s3:if-none-match", if_none_match },
};

/* --- tags --- */

bool authorize_values_version(struct authorize_ask *ask)
{
    if (!ask->looked_up && ask->bucket && ask->key.size > 0)
        ask->found = store_version_get(ask->rq->lane->reader, ask->rq->arena, ask->bucket->id,
                                       ask->key, ask->version_id, &ask->version) == STORE_OK &&
                     !ask->version.marker;
    ask->looked_up = true;
    return ask->found;
}

static bool tag_among(const struct fields *tags, str name, str *out)
{
    for (size_t i = 0; i < tags->count; i++)
        if (str_eq(tags->at[i].name, name)) {
            *out = tags->at[i].value;
            return true;
        }
    return false;
}

static bool tag_of(struct authorize_ask *ask, str packed, str name, str *out)
{
    struct fields tags = { 0 };
    return packed.size > 0 && fields_unpack(ask->rq->arena, packed, &tags) &&
           tag_among(&tags, name, out);
}

/* Of a document, which is judged when it is there. */
static void document_tags(struct authorize_ask *ask, const char *wrapper, struct fields *tags)
{
    const struct xml *set = xml_child(xml_parse(ask->rq->arena, ask->rq->body), wrapper);
    for (const struct xml *tag = xml_child(set, "Tag"); tag; tag = xml_next(tag, "Tag"))
        fields_add(ask->rq->arena, tags, xml_text(tag, "Key"), xml_text(tag, "Value"));
}

/* Of objects: a header, or the document of PutObjectTagging. */
static bool object_tags(struct authorize_ask *ask, struct fields *tags)
{
    str packed = STR_NONE;
    if (str_is_set(request_get_header(ask->rq, "x-amz-tagging")))
        return tagging_from_header(ask->rq, &packed) == S3_OK &&
               fields_unpack(ask->rq->arena, packed, tags);
    if (!str_is(str_of(ask->rq->op->name), "PutObjectTagging") || ask->rq->body.size == 0)
        return false;
    document_tags(ask, "TagSet", tags);
    return true;
}

/* Of resources: the Service authorization reference gives aws:RequestTag and aws:TagKeys to
 * CreateBucket and TagResource, to UntagResource the keys alone. */
static bool resource_tags(struct authorize_ask *ask, struct fields *tags)
{
    str operation = str_of(ask->rq->op->name);
    if (str_is(operation, "CreateBucket") || str_is(operation, "TagResource"))
        document_tags(ask, "Tags", tags);
    return tags->count > 0;
}

static bool removed_tags(struct authorize_ask *ask, struct fields *tags)
{
    const struct fields *query = &ask->rq->query;
    if (!str_is(str_of(ask->rq->op->name), "UntagResource"))
        return false;
    for (size_t i = 0; i < query->count; i++)
        if (str_is(query->at[i].name, "tagKeys"))
            fields_add(ask->rq->arena, tags, query->at[i].value, STR(""));
    return true;
}

static bool tag_keys(struct authorize_ask *ask, bool of_object, struct policy_values *out)
{
    struct fields tags = { 0 };
    if (of_object ? !object_tags(ask, &tags)
                  : !resource_tags(ask, &tags) && !removed_tags(ask, &tags))
        return false;
    str *names = ARENA_ARRAY(ask->rq->arena, str, tags.count + 1);
    for (size_t i = 0; i < tags.count; i++)
        names[i] = tags.at[i].name;
    *out = (struct policy_values){ names, tags.count };
    return tags.count > 0;
}

static bool tag_value(struct authorize_ask *ask, str key, str *out)
{
    const str existing = STR("s3:existingobjecttag/"), requested = STR("s3:requestobjecttag/");
    const str resource = STR("aws:requesttag/");
    struct fields tags = { 0 };
    if (str_starts(key, existing))
        return authorize_values_version(ask) &&
               tag_of(ask, ask->version.meta.tags, str_skip(key, existing.size), out);
    if (str_starts(key, requested))
        return object_tags(ask, &tags) && tag_among(&tags, str_skip(key, requested.size), out);
    return str_starts(key, resource) && resource_tags(ask, &tags) &&
           tag_among(&tags, str_skip(key, resource.size), out);
}

bool authorize_values_find(void *ctx, str key, struct policy_values *out)
{
    struct authorize_ask *ask = ctx;
    *out = (struct policy_values){ &ask->one, 1 };
    if (str_is(key, "s3:requestobjecttagkeys") || str_is(key, "aws:tagkeys"))
        return tag_keys(ask, str_starts(key, STR("s3:")), out);
    for (size_t i = 0; i < COUNT(table); i++)
        if (str_is(key, table[i].key))
            return table[i].value(ask, &ask->one);
    if (str_starts(key, STR("s3:x-amz-")))
        return given(request_get_header(ask->rq, str_c(ask->rq->arena, str_skip(key, 3))),
                     &ask->one);
    return tag_value(ask, key, &ask->one);
}
