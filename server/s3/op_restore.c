/* RestoreObject: asks for a temporary copy of an archived object. The copy is there after the time
 * that the tier takes on AWS, in emulated time, and goes by itself.
 *
 *   archived --202--> ongoing --(time)--> restored --200 (longer)--> restored --(expiry)-->
 * archived
 *                        '--409 RestoreAlreadyInProgress
 */
#include "base/clock.h"
#include "server/restores.h"
#include "server/s3/common.h"
#include "server/s3/document.h"
#include "server/s3/handlers.h"
#include "server/s3/version_change.h"
#include "server/world.h"

static const struct schema job_members[] = {
    { "Tier", SCHEMA_WORD, 1, 1, "Standard|Bulk|Expedited", NULL }, SCHEMA_END
};
static const struct schema members[] = {
    { "Days", SCHEMA_INTEGER, 0, 1, NULL, NULL },
    { "GlacierJobParameters", SCHEMA_GROUP, 0, 1, NULL, job_members },
    { "Tier", SCHEMA_WORD, 0, 1, "Standard|Bulk|Expedited", NULL },
    { "Description", SCHEMA_TEXT, 0, 1, NULL, NULL },
    SCHEMA_END
};
static const struct schema schema = { "RestoreRequest", SCHEMA_GROUP, 1, 1, NULL, members };
static const struct document request_document = { "", &schema, S3_OK, NULL, NULL };

struct wish {
    int64_t days;
    str tier;
};

static enum s3_code read_wish(struct request *rq, struct wish *wish)
{
    const struct xml *root;
    enum s3_code code = document_read(rq, &request_document, &root);
    if (code != S3_OK)
        return code;
    str tier = str_trim(xml_text(xml_child(root, "GlacierJobParameters"), "Tier"));
    if (!str_is_set(tier))
        tier = str_trim(xml_text(root, "Tier"));
    wish->tier = str_is_set(tier) ? tier : STR("Standard");
    if (!str_to_i64(str_trim(xml_text(root, "Days")), &wish->days))
        return S3_MalformedXML;
    if (wish->days < 1 || wish->days > INT32_MAX)
        return common_invalid_argument(rq, "restoration days should be at least 1", "Days",
                                       str_trim(xml_text(root, "Days")));
    return S3_OK;
}

/* AWS, "Understanding archive retrieval options". */
static duration time_taken(str storage_class, str tier)
{
    const int64_t hour_s = 3600;
    bool deep = str_is(storage_class, "DEEP_ARCHIVE");
    if (str_is(tier, "Expedited"))
        return DURATION_S(300);
    if (str_is(tier, "Bulk"))
        return DURATION_S((deep ? 48 : 12) * hour_s);
    return DURATION_S((deep ? 12 : 5) * hour_s);
}

/* AWS: "the time of the request plus the number of days, rounded up to the next day, midnight UTC".
 */
static instant expiry_after(instant from, int64_t days)
{
    const int64_t day = 86400ll * 1000000000;
    int64_t ns;
    if (__builtin_mul_overflow(from.ns / day + days + 1, day, &ns))
        return INSTANT_NEVER;
    return (instant){ ns };
}

static enum s3_code not_archived(struct request *rq, const struct version_info *version)
{
    str class = version->meta.storage_class;
    request_message(rq, "Restore is not allowed for the object's current storage class");
    request_extra(rq, "StorageClass", class.size > 0 ? class : STR("STANDARD"));
    return S3_InvalidObjectState;
}

/* Somebody else restored it, or wrote it anew, between look-up and commit. */
static enum s3_code once_more(struct request *rq)
{
    store_read_begin(rq->lane->reader);
    return op_restore_object(rq);
}

enum s3_code op_restore_object(struct request *rq)
{
    struct version_info version;
    struct wish wish = { 0 };
    struct restore restore;
    struct object_change change = { .what = CHANGE_FIELDS, .again = once_more };
    struct fields fields = { 0 };
    instant now = clock_now(rq->world->clock);
    enum s3_code code = version_change_find(rq, &version);
    if (code == S3_OK)
        code = read_wish(rq, &wish);
    if (code != S3_OK)
        return code;
    if (!restore_is_archived(version.meta.storage_class))
        return not_archived(rq, &version);
    if (str_is(version.meta.storage_class, "DEEP_ARCHIVE") && str_is(wish.tier, "Expedited"))
        return common_invalid_argument(
            rq, "Retrieval option is not supported by this storage class", "Tier", wish.tier);
    if (version.meta.fields.size > 0 && !fields_unpack(rq->arena, version.meta.fields, &fields))
        return S3_InternalError;
    enum restore_state state = restore_state(fields_get(&fields, RESTORE_FIELD), now, &restore);
    if (state == RESTORE_ONGOING)
        return S3_RestoreAlreadyInProgress;
    if (state == RESTORE_NONE)
        restore.ready = instant_add(now, time_taken(version.meta.storage_class, wish.tier));
    restore.expiry = expiry_after(state == RESTORE_NONE ? restore.ready : now, wish.days);
    struct store_doc *doc = ARENA_NEW(rq->arena, struct store_doc);
    *doc = restores_doc(rq->arena, rq->bucket.name, &version, &restore, state == RESTORE_DONE);
    change.doc = doc;
    change.field = (struct field_change){ .name = RESTORE_FIELD,
                                          .value = restore_value(rq->arena, &restore),
                                          .judged = true,
                                          .was = fields_get(&fields, RESTORE_FIELD),
                                          .stamp_us = version.stamp_us };
    change.status = state == RESTORE_NONE ? 202 : 200;
    return version_change_write(rq, &change);
}
