/* Object Lock: a bucket's configuration, a version's retention and legal hold. That a retention is
 * only lengthened is the writer's to judge (storage/version_change.c). */
#include "base/clock.h"
#include "server/s3/common.h"
#include "server/s3/handlers.h"
#include "server/s3/object_lock.h"
#include "server/s3/version_change.h"
#include "server/world.h"

/* A hold that was lifted stands among the object's headers, as it is shown. */
#define HOLD_FIELD "x-amz-object-lock-legal-hold"

/* ---- the bucket ---- */

struct putting {
    struct store_config_put write;
    struct store_doc config;
};

static enum s3_code config_put(struct request *rq)
{
    const struct putting *putting = rq->state;
    enum store_result result = putting->write.head.result;
    if (result == STORE_STATE_REFUSED) {
        request_message(rq, "Versioning must be 'Enabled' on the bucket to apply a Object Lock "
                            "configuration");
        return S3_InvalidBucketState;
    }
    if (result != STORE_OK)
        return common_from_store(rq, result);
    request_reply_empty(rq, 200);
    return S3_OK;
}

/* AWS, since November 2023: also on buckets that were made without it, if they have versioning. */
enum s3_code op_put_object_lock_configuration(struct request *rq)
{
    const struct xml *root;
    str inside = STR_NONE;
    enum s3_code code = document_read(rq, &object_lock_document, &root);
    if (code == S3_OK)
        code = document_text(rq, &object_lock_document, root, &inside);
    if (code != S3_OK)
        return code;
    struct putting *putting = ARENA_NEW(rq->arena, struct putting);
    store_config_put_init(&putting->write, rq->arena);
    putting->config =
        (struct store_doc){ .kind = STR("object-lock"), .id = STR(""), .body = inside };
    putting->write.bucket = rq->bucket.id;
    putting->write.configs = &putting->config;
    putting->write.count = 1;
    putting->write.needs_versioning = true;
    putting->write.sets_object_lock = true;
    rq->state = putting;
    return request_write(rq, &putting->write.head, config_put);
}

enum s3_code op_get_object_lock_configuration(struct request *rq)
{
    str inside;
    if (!rq->bucket.object_lock)
        return document_absent(rq, S3_ObjectLockConfigurationNotFoundError);
    enum store_result result = document_load(rq, rq->bucket.id, "object-lock", &inside);
    if (result == STORE_ABSENT)
        inside = STR("<ObjectLockEnabled>Enabled</ObjectLockEnabled>");
    else if (result != STORE_OK)
        return common_from_store(rq, result);
    return document_reply(rq, "ObjectLockConfiguration", inside);
}

/* ---- versions ---- */

static enum s3_code find_locked(struct request *rq, struct version_info *version)
{
    if (!rq->bucket.object_lock)
        return common_invalid_request(rq, "Bucket is missing Object Lock Configuration");
    return version_change_find(rq, version);
}

static const struct schema retention_members[] = {
    { "Mode", SCHEMA_WORD, 0, 1, "GOVERNANCE|COMPLIANCE", NULL },
    { "RetainUntilDate", SCHEMA_DATE, 0, 1, NULL, NULL },
    SCHEMA_END
};
static const struct schema retention_schema = { "Retention", SCHEMA_GROUP, 1,
                                                1,           NULL,         retention_members };
static const struct document retention = { "", &retention_schema, S3_OK, NULL, NULL };

/* An empty Retention takes it away, where GOVERNANCE is bypassed. */
static enum s3_code read_retention(struct request *rq, struct object_meta *meta)
{
    const struct xml *root;
    enum s3_code code = document_read(rq, &retention, &root);
    if (code != S3_OK)
        return code;
    str mode = str_trim(xml_text(root, "Mode")),
        until = str_trim(xml_text(root, "RetainUntilDate"));
    if (!str_is_set(mode) && !str_is_set(until))
        return S3_OK;
    if (!str_is_set(mode) || !str_is_set(until) || !schema_date(until, &meta->lock_until))
        return S3_MalformedXML;
    if (!instant_before(clock_now(rq->world->clock), meta->lock_until))
        return common_invalid_argument(rq, "The retain until date must be in the future!",
                                       "RetainUntilDate", until);
    meta->lock_mode = str_is(mode, "COMPLIANCE") ? LOCK_COMPLIANCE : LOCK_GOVERNANCE;
    return S3_OK;
}

enum s3_code op_put_object_retention(struct request *rq)
{
    struct version_info version;
    struct object_change change = { .what = CHANGE_RETENTION, .status = 200 };
    enum s3_code code = find_locked(rq, &version);
    if (code == S3_OK)
        code = read_retention(rq, &change.meta);
    return code == S3_OK ? version_change_write(rq, &change) : code;
}

enum s3_code op_get_object_retention(struct request *rq)
{
    struct version_info version;
    struct common_document document;
    enum s3_code code = find_locked(rq, &version);
    if (code != S3_OK)
        return code;
    if (version.meta.lock_mode == LOCK_NONE)
        return S3_NoSuchObjectLockConfiguration;
    common_document_begin(rq, &document, "Retention");
    xml_element(&document.xml, "Mode",
                version.meta.lock_mode == LOCK_COMPLIANCE ? STR("COMPLIANCE") : STR("GOVERNANCE"));
    xml_element(&document.xml, "RetainUntilDate",
                instant_iso8601(rq->arena, version.meta.lock_until));
    return common_document_reply(rq, &document);
}

static const struct schema hold_members[] = { { "Status", SCHEMA_WORD, 1, 1, "ON|OFF", NULL },
                                              SCHEMA_END };
static const struct schema hold_schema = { "LegalHold", SCHEMA_GROUP, 1, 1, NULL, hold_members };
static const struct document hold = { "", &hold_schema, S3_OK, NULL, NULL };

enum s3_code op_put_object_legal_hold(struct request *rq)
{
    struct version_info version;
    struct object_change change = { .what = CHANGE_LEGAL_HOLD | CHANGE_FIELDS,
                                    .field = { .name = HOLD_FIELD },
                                    .status = 200 };
    const struct xml *root;
    enum s3_code code = document_read(rq, &hold, &root); /* recorded: before what it is for */
    if (code == S3_MissingRequestBodyError)
        code = S3_MalformedXML;
    if (code == S3_OK)
        code = find_locked(rq, &version);
    if (code != S3_OK)
        return code;
    change.meta.legal_hold = str_is(str_trim(xml_text(root, "Status")), "ON");
    if (!change.meta.legal_hold)
        change.field.value = STR("OFF");
    return version_change_write(rq, &change);
}

/* AWS tells a hold that was lifted (OFF) from one that never was. */
static bool was_lifted(struct request *rq, const struct version_info *version)
{
    struct fields fields = { 0 };
    return version->meta.fields.size > 0 &&
           fields_unpack(rq->arena, version->meta.fields, &fields) &&
           str_is_set(fields_get(&fields, HOLD_FIELD));
}

enum s3_code op_get_object_legal_hold(struct request *rq)
{
    struct version_info version;
    struct common_document document;
    enum s3_code code = find_locked(rq, &version);
    if (code != S3_OK)
        return code;
    if (!version.meta.legal_hold && !was_lifted(rq, &version))
        return S3_NoSuchObjectLockConfiguration;
    common_document_begin(rq, &document, "LegalHold");
    xml_element(&document.xml, "Status", version.meta.legal_hold ? STR("ON") : STR("OFF"));
    return common_document_reply(rq, &document);
}
