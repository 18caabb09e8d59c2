/* What a lifecycle configuration says about one object (lifecycle.h). */
#include "server/s3/lifecycle.h"

#include "base/encode.h"
#include "server/s3/common.h"
#include "server/s3/lifecycle_rule.h"

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

const struct document lifecycle_document = { LIFECYCLE_KIND, &schema,
                                             S3_NoSuchLifecycleConfiguration, NULL, NULL };

void lifecycle_reply(struct request *rq, const struct version_info *version)
{
    const struct xml *root, *chosen = NULL;
    instant best = INSTANT_NEVER, expiry;
    /* Recorded on AWS: who names a version is told nothing, be it the current one. */
    if (!version->current || request_has_query(rq, "versionId") ||
        document_tree(rq, version->bucket, &lifecycle_document, &root) != S3_OK || root == NULL)
        return;
    for (const struct xml *rule = xml_child(root, "Rule"); rule; rule = xml_next(rule, "Rule")) {
        if (!lifecycle_rule_matches(rq->arena, rule, version) ||
            !lifecycle_rule_due(xml_child(rule, "Expiration"), "Days", version->modified,
                                &expiry) ||
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

void lifecycle_reply_upload(struct request *rq, str key, instant initiated)
{
    const struct xml *root, *chosen = NULL;
    instant best = INSTANT_NEVER, due;
    if (document_tree(rq, rq->bucket.id, &lifecycle_document, &root) != S3_OK || root == NULL)
        return;
    for (const struct xml *rule = xml_child(root, "Rule"); rule; rule = xml_next(rule, "Rule"))
        if (lifecycle_rule_matches_upload(rule, key) &&
            lifecycle_rule_due(xml_child(rule, "AbortIncompleteMultipartUpload"),
                               "DaysAfterInitiation", initiated, &due) &&
            instant_before(due, best)) {
            best = due;
            chosen = rule;
        }
    if (chosen == NULL)
        return;
    request_header(rq, "x-amz-abort-date", instant_http(rq->arena, best));
    request_header(rq, "x-amz-abort-rule-id", encode_uri(rq->arena, xml_text(chosen, "ID"), false));
}
