/* Object Lock configurations of buckets (object_lock.h). */
#include "server/s3/object_lock.h"

#include "base/clock.h"
#include "server/s3/common.h"
#include "server/world.h"

/* AWS: a default retention lasts at most 100 years. */
#define MOST_DAYS 36500
#define MOST_YEARS 100

static const struct schema retention_members[] = { { "Mode", SCHEMA_WORD, 1, 1,
                                                     "GOVERNANCE|COMPLIANCE", NULL },
                                                   { "Days", SCHEMA_INTEGER, 0, 1, NULL, NULL },
                                                   { "Years", SCHEMA_INTEGER, 0, 1, NULL, NULL },
                                                   SCHEMA_END };
static const struct schema rule_members[] = {
    { "DefaultRetention", SCHEMA_GROUP, 1, 1, NULL, retention_members }, SCHEMA_END
};
static const struct schema members[] = { { "ObjectLockEnabled", SCHEMA_WORD, 1, 1, "Enabled",
                                           NULL },
                                         { "Rule", SCHEMA_GROUP, 0, 1, NULL, rule_members },
                                         SCHEMA_END };
static const struct schema schema = {
    "ObjectLockConfiguration", SCHEMA_GROUP, 1, 1, NULL, members
};

static enum s3_code judge(struct request *rq, const struct xml *root)
{
    const struct xml *retention = xml_child(xml_child(root, "Rule"), "DefaultRetention");
    str days = str_trim(xml_text(retention, "Days"));
    str years = str_trim(xml_text(retention, "Years"));
    int64_t count;
    if (retention == NULL)
        return S3_OK;
    if (str_is_set(days) == str_is_set(years))
        return S3_MalformedXML;
    if (!str_to_i64(str_is_set(days) ? days : years, &count) || count <= 0)
        return S3_InvalidRetentionPeriod;
    if (count > (str_is_set(days) ? MOST_DAYS : MOST_YEARS)) {
        request_message(rq, "Default retention period is too large");
        return S3_InvalidRetentionPeriod;
    }
    return S3_OK;
}

const struct document object_lock_document = { CONFIG_OBJECT_LOCK, &schema,
                                               S3_ObjectLockConfigurationNotFoundError, NULL,
                                               judge };

void object_lock_default(struct arena *arena, str document, instant created,
                         struct object_meta *meta)
{
    const int64_t day_s = 86400;
    const struct xml *root = xml_parse(arena, str_format(arena, "<r>%.*s</r>", STR_ARG(document)));
    const struct xml *retention = xml_child(xml_child(root, "Rule"), "DefaultRetention");
    str days = xml_text(retention, "Days");
    int64_t count;
    if (retention == NULL ||
        !str_to_i64(str_is_set(days) ? days : xml_text(retention, "Years"), &count))
        return;
    if (!str_is_set(days))
        count *= 365; /* AWS counts a year of retention as 365 days */
    meta->lock_mode =
        str_is(xml_text(retention, "Mode"), "COMPLIANCE") ? LOCK_COMPLIANCE : LOCK_GOVERNANCE;
    meta->lock_until = instant_add(created, DURATION_S(count * day_s));
}

enum s3_code object_lock_defaults(struct request *rq, struct object_meta *meta)
{
    str document;
    if (!rq->bucket.object_lock || meta->lock_mode != LOCK_NONE)
        return S3_OK;
    enum store_result result = document_load(rq, rq->bucket.id, CONFIG_OBJECT_LOCK, &document);
    if (result == STORE_OK)
        object_lock_default(rq->arena, document, clock_now(rq->world->clock), meta);
    return result == STORE_OK || result == STORE_ABSENT ? S3_OK : common_from_store(rq, result);
}
