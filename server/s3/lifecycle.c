/* What a lifecycle configuration says about one object (lifecycle.h). */
#include "server/s3/lifecycle.h"

#include "base/encode.h"
#include "server/s3/common.h"

/* ---- the table ---- */

#define CLASSES "GLACIER|STANDARD_IA|ONEZONE_IA|INTELLIGENT_TIERING|DEEP_ARCHIVE|GLACIER_IR"

static const struct schema tag_members[] = { { "Key", SCHEMA_TEXT, 1, 1, NULL, NULL },
                                             { "Value", SCHEMA_TEXT, 1, 1, NULL, NULL },
                                             SCHEMA_END };
static const struct schema and_members[] = {
    { "ObjectSizeGreaterThan", SCHEMA_INTEGER, 0, 1, NULL, NULL },
    { "ObjectSizeLessThan", SCHEMA_INTEGER, 0, 1, NULL, NULL },
    { "Prefix", SCHEMA_TEXT, 0, 1, NULL, NULL },
    { "Tag", SCHEMA_GROUP, 0, 0, NULL, tag_members },
    SCHEMA_END
};
static const struct schema filter_members[] = {
    { "And", SCHEMA_GROUP, 0, 1, NULL, and_members },
    { "ObjectSizeGreaterThan", SCHEMA_INTEGER, 0, 1, NULL, NULL },
    { "ObjectSizeLessThan", SCHEMA_INTEGER, 0, 1, NULL, NULL },
    { "Prefix", SCHEMA_TEXT, 0, 1, NULL, NULL },
    { "Tag", SCHEMA_GROUP, 0, 1, NULL, tag_members },
    SCHEMA_END
};
static const struct schema expiration_members[] = { { "Date", SCHEMA_DATE, 0, 1, NULL, NULL },
                                                    { "Days", SCHEMA_INTEGER, 0, 1, NULL, NULL },
                                                    { "ExpiredObjectDeleteMarker", SCHEMA_BOOLEAN,
                                                      0, 1, NULL, NULL },
                                                    SCHEMA_END };
static const struct schema transition_members[] = { { "Date", SCHEMA_DATE, 0, 1, NULL, NULL },
                                                    { "Days", SCHEMA_INTEGER, 0, 1, NULL, NULL },
                                                    { "StorageClass", SCHEMA_WORD, 1, 1, CLASSES,
                                                      NULL },
                                                    SCHEMA_END };
static const struct schema noncurrent_expiration_members[] = {
    { "NewerNoncurrentVersions", SCHEMA_INTEGER, 0, 1, NULL, NULL },
    { "NoncurrentDays", SCHEMA_INTEGER, 1, 1, NULL, NULL },
    SCHEMA_END
};
static const struct schema noncurrent_transition_members[] = {
    { "NewerNoncurrentVersions", SCHEMA_INTEGER, 0, 1, NULL, NULL },
    { "NoncurrentDays", SCHEMA_INTEGER, 1, 1, NULL, NULL },
    { "StorageClass", SCHEMA_WORD, 1, 1, CLASSES, NULL },
    SCHEMA_END
};
static const struct schema abort_members[] = {
    { "DaysAfterInitiation", SCHEMA_INTEGER, 1, 1, NULL, NULL }, SCHEMA_END
};
static const struct schema rule_members[] = {
    { "ID", SCHEMA_TEXT, 0, 1, NULL, NULL },
    { "Filter", SCHEMA_GROUP, 0, 1, NULL, filter_members },
    { "Prefix", SCHEMA_TEXT, 0, 1, NULL, NULL },
    { "Status", SCHEMA_WORD, 1, 1, "Enabled|Disabled", NULL },
    { "AbortIncompleteMultipartUpload", SCHEMA_GROUP, 0, 1, NULL, abort_members },
    { "Expiration", SCHEMA_GROUP, 0, 1, NULL, expiration_members },
    { "NoncurrentVersionExpiration", SCHEMA_GROUP, 0, 1, NULL, noncurrent_expiration_members },
    { "NoncurrentVersionTransition", SCHEMA_GROUP, 0, 0, NULL, noncurrent_transition_members },
    { "Transition", SCHEMA_GROUP, 0, 0, NULL, transition_members },
    SCHEMA_END
};
static const struct schema members[] = { { "Rule", SCHEMA_GROUP, 1, 0, NULL, rule_members },
                                         SCHEMA_END };
static const struct schema schema = { "LifecycleConfiguration", SCHEMA_GROUP, 1, 1, NULL, members };

const struct document lifecycle_document = { "lifecycle", &schema, S3_NoSuchLifecycleConfiguration,
                                             NULL, NULL };

/* ---- which objects a rule means ---- */

static bool has_tag(struct request *rq, const struct version_info *version, const struct xml *tag)
{
    struct fields tags = { 0 };
    if (version->meta.tags.size == 0 || !fields_unpack(rq->arena, version->meta.tags, &tags))
        return false;
    str value = fields_get_exact(&tags, str_c(rq->arena, xml_text(tag, "Key")));
    return str_is_set(value) && str_eq(value, xml_text(tag, "Value"));
}

static bool condition_holds(struct request *rq, const struct version_info *version,
                            const struct xml *condition)
{
    uint64_t size;
    if (str_is(condition->name, "Prefix"))
        return str_starts(version->key, condition->text);
    if (str_is(condition->name, "Tag"))
        return has_tag(rq, version, condition);
    if (!str_to_u64(str_trim(condition->text), &size))
        return false;
    return str_is(condition->name, "ObjectSizeGreaterThan") ? version->size_bytes > size
                                                            : version->size_bytes < size;
}

static bool rule_matches(struct request *rq, const struct version_info *version,
                         const struct xml *rule)
{
    const struct xml *filter = xml_child(rule, "Filter");
    const struct xml *old = xml_child(rule, "Prefix");
    const struct xml *and = xml_child(filter, "And");
    if (!str_is(str_trim(xml_text(rule, "Status")), "Enabled"))
        return false;
    if (old)
        return str_starts(version->key, old->text);
    for (const struct xml *one = and      ? and->child
                                 : filter ? filter->child
                                          : NULL;
         one; one = one->next)
        if (!condition_holds(rq, version, one))
            return false;
    return true;
}

/* AWS: "rounding the resulting time to the next day midnight UTC". */
static bool expiry_of(const struct xml *rule, instant modified, instant *expiry)
{
    const int64_t day = 86400ll * 1000000000;
    const struct xml *expiration = xml_child(rule, "Expiration");
    str date = str_trim(xml_text(expiration, "Date"));
    int64_t days;
    if (str_is_set(date))
        return schema_date(date, expiry);
    if (!str_to_i64(str_trim(xml_text(expiration, "Days")), &days))
        return false;
    *expiry = (instant){ (modified.ns / day + days + 1) * day };
    return true;
}

void lifecycle_reply(struct request *rq, const struct version_info *version)
{
    const struct xml *root, *chosen = NULL;
    instant best = INSTANT_NEVER, expiry;
    if (!version->current ||
        document_tree(rq, version->bucket, &lifecycle_document, &root) != S3_OK || root == NULL)
        return;
    for (const struct xml *rule = xml_child(root, "Rule"); rule; rule = xml_next(rule, "Rule")) {
        if (!rule_matches(rq, version, rule) || !expiry_of(rule, version->modified, &expiry) ||
            !instant_before(expiry, best))
            continue;
        best = expiry;
        chosen = rule;
    }
    if (chosen == NULL)
        return;
    str id = encode_uri(rq->arena, xml_text(chosen, "ID"), false);
    str date = instant_http(rq->arena, best);
    request_header(rq, "x-amz-expiration",
                   str_format(rq->arena, "expiry-date=\"%.*s\", rule-id=\"%.*s\"", STR_ARG(date),
                              STR_ARG(id)));
}
