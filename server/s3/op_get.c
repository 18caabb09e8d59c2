/* GetObject and HeadObject: find the version, judge the conditions, choose the bytes, say what it
 * is. Nearly every request of a busy world comes through here: nothing is formatted that is not
 * sent. */
#include "base/clock.h"
#include "server/s3/checksum.h"
#include "server/s3/common.h"
#include "server/s3/conditions.h"
#include "server/s3/handlers.h"
#include "server/s3/lifecycle.h"
#include "server/s3/meta.h"
#include "server/s3/object.h"
#include "server/s3/part.h"
#include "server/s3/range.h"
#include "server/s3/restore.h"
#include "server/s3/sse.h"
#include "server/s3/tagging.h"
#include "server/world.h"

/* A body can vanish between the look-up and the opening, when its version is overwritten. */
#define GET_ATTEMPTS 4

struct chosen {
    bool partial;
    uint64_t first, size_bytes;
    struct object_checksum part; /* the part's own, when one of a multipart object is asked for */
};

/* Through an access point the answer is judged against other Regions, in one snapshot (judge.c);
 * other reads of a key may come from memory, bytes and all. */
static enum store_result look_up(struct request *rq, str id, struct version_info *version,
                                 str *bytes)
{
    *bytes = STR_NONE;
    if (str_is_set(id) || rq->mrap || str_is(rq->method, "HEAD"))
        return store_version_get(rq->lane->reader, rq->arena, rq->bucket.id, rq->address.key, id,
                                 version);
    return store_object_get(rq->lane->reader, rq->arena, rq->bucket.id, rq->address.key, version,
                            bytes);
}

static enum s3_code find_version(struct request *rq, struct version_info *version, str *bytes)
{
    str id;
    enum s3_code code = object_check_key(rq, rq->address.key);
    if (code == S3_OK)
        code = object_version_query(rq, &id);
    if (code != S3_OK)
        return code;
    enum store_result result = look_up(rq, id, version, bytes);
    if (result != STORE_OK)
        return common_from_store(rq, result);
    return version->marker ? object_is_marker(rq, version, str_is_set(id)) : S3_OK;
}

static enum s3_code judge_conditions(struct request *rq, const struct version_info *version)
{
    struct conditions conditions;
    if (!conditions_read(&rq->headers, "", &conditions))
        return S3_OK;
    struct conditions_verdict verdict = conditions_judge(
        &conditions, version->etag, version->modified, clock_now(rq->world->clock));
    switch (verdict.result) {
    case CONDITIONS_HOLD:
        return S3_OK;
    case CONDITIONS_NOT_MODIFIED:
        request_header(rq, "ETag", common_etag_quoted(rq, version->etag));
        request_header(rq, "Last-Modified", instant_http(rq->arena, version->modified));
        object_version_header(rq, version->id);
        return S3_NotModified;
    case CONDITIONS_FAILED:
        break;
    }
    request_extra(rq, "Condition", str_of(verdict.failed));
    return S3_PreconditionFailed;
}

static enum s3_code choose_range(struct request *rq, const struct version_info *version, str header,
                                 struct chosen *chosen)
{
    struct range range;
    switch (range_parse(header, version->size_bytes, &range)) {
    case RANGE_WHOLE:
        return S3_OK;
    case RANGE_SOME:
        *chosen = (struct chosen){ .partial = true,
                                   .first = range.first,
                                   .size_bytes = range.last - range.first + 1 };
        return S3_OK;
    case RANGE_UNSATISFIABLE:
        break;
    }
    request_extra(rq, "RangeRequested", header);
    request_extra(rq, "ActualObjectSize",
                  str_format(rq->arena, "%llu", (unsigned long long) version->size_bytes));
    request_header(rq, "Content-Range",
                   str_format(rq->arena, "bytes */%llu", (unsigned long long) version->size_bytes));
    return S3_InvalidRange;
}

static enum s3_code no_such_part(struct request *rq, unsigned number, unsigned parts)
{
    request_extra(rq, "PartNumberRequested", str_format(rq->arena, "%u", number));
    request_extra(rq, "ActualPartCount", str_format(rq->arena, "%u", parts > 0 ? parts : 1));
    return S3_InvalidPartNumber;
}

static enum s3_code choose_part(struct request *rq, const struct version_info *version,
                                struct chosen *chosen)
{
    unsigned number;
    struct part_list parts;
    enum s3_code code = part_number(rq, request_query(rq, "partNumber"), &number);
    if (code != S3_OK)
        return code;
    chosen->partial = true;
    if (version->parts == 0)
        return number == 1 ? S3_OK : no_such_part(rq, number, 1);
    request_header(rq, "x-amz-mp-parts-count", str_format(rq->arena, "%u", version->parts));
    enum store_result result =
        store_version_parts(rq->lane->reader, rq->arena, version, number - 1, 1, &parts);
    if (result != STORE_OK)
        return common_from_store(rq, result);
    if (parts.count == 0 || parts.at[0].number != number)
        return no_such_part(rq, number, version->parts);
    chosen->first = parts.at[0].offset_bytes;
    chosen->size_bytes = parts.at[0].size_bytes;
    chosen->part = parts.at[0].checksum;
    return S3_OK;
}

static enum s3_code choose_bytes(struct request *rq, const struct version_info *version,
                                 struct chosen *chosen)
{
    str header = request_get_header(rq, "Range");
    bool part = rq->query.count > 0 && request_has_query(rq, "partNumber");
    *chosen = (struct chosen){ .size_bytes = version->size_bytes };
    if (part && str_is_set(header))
        return common_invalid_request(
            rq, "Cannot specify both Range header and partNumber query parameter");
    if (part)
        return choose_part(rq, version, chosen);
    return str_is_set(header) ? choose_range(rq, version, header, chosen) : S3_OK;
}

static void reply_replication(struct request *rq, enum repl_status status)
{
    static const char *const names[] = {
        [REPL_NONE] = NULL,
        [REPL_STATUS_PENDING] = "PENDING",
        [REPL_STATUS_COMPLETED] = "COMPLETED",
        [REPL_STATUS_FAILED] = "FAILED",
        [REPL_STATUS_REPLICA] = "REPLICA",
    };
    if (names[status])
        request_header_c(rq, "x-amz-replication-status", names[status]);
}

static void reply_lock(struct request *rq, const struct object_meta *meta)
{
    if (meta->lock_mode != LOCK_NONE) {
        request_header_c(rq, "x-amz-object-lock-mode",
                         meta->lock_mode == LOCK_GOVERNANCE ? "GOVERNANCE" : "COMPLIANCE");
        request_header(rq, "x-amz-object-lock-retain-until-date",
                       instant_iso8601(rq->arena, meta->lock_until));
    }
    if (meta->legal_hold)
        request_header_c(rq, "x-amz-object-lock-legal-hold", "ON");
}

/* Clients verify what they get against it, so a range of the bytes comes without. */
static void reply_checksum(struct request *rq, const struct version_info *version,
                           const struct chosen *chosen)
{
    const struct object_checksum *whole = &version->meta.checksum;
    if (!str_eq_nocase(request_get_header(rq, "x-amz-checksum-mode"), STR("ENABLED")))
        return;
    if (chosen->part.kind != DIGEST_NONE) {
        request_header(rq, checksum_header(chosen->part.kind),
                       checksum_text(rq->arena, &chosen->part, 0));
        request_header(rq, "x-amz-checksum-type",
                       whole->composite ? STR("COMPOSITE") : STR("FULL_OBJECT"));
    } else if (chosen->size_bytes == version->size_bytes) {
        checksum_reply(rq, whole, version->parts);
    }
}

static void reply_about(struct request *rq, const struct version_info *version)
{
    const struct object_meta *meta = &version->meta;
    request_header(rq, "Last-Modified", instant_http(rq->arena, version->modified));
    request_header(rq, "ETag", common_etag_quoted(rq, version->etag));
    request_header_c(rq, "Accept-Ranges", "bytes");
    object_version_header(rq, version->id);
    meta_reply(rq, meta->fields);
    if (meta->storage_class.size > 0)
        request_header(rq, "x-amz-storage-class", meta->storage_class);
    if (meta->tags.size > 0)
        request_header(rq, "x-amz-tagging-count",
                       str_format(rq->arena, "%u", tagging_count(rq->arena, meta->tags)));
    reply_replication(rq, repl_shown(version->repl_status));
    reply_lock(rq, meta);
    lifecycle_reply(rq, version);
}

static void reply_range(struct request *rq, const struct version_info *version,
                        const struct chosen *chosen)
{
    if (chosen->size_bytes == 0)
        return; /* an empty part has no first byte to name */
    request_header(rq, "Content-Range",
                   str_format(rq->arena, "bytes %llu-%llu/%llu", (unsigned long long) chosen->first,
                              (unsigned long long) (chosen->first + chosen->size_bytes - 1),
                              (unsigned long long) version->size_bytes));
}

static enum s3_code check_before(struct request *rq, const struct version_info *version, bool head)
{
    enum s3_code code = rq->query.count > 0 ? meta_judge_overrides(rq) : S3_OK;
    if (code == S3_OK)
        code = sse_of_read(rq, version->meta.fields);
    if (code == S3_OK)
        code = judge_conditions(rq, version);
    if (code != S3_OK || head)
        return code;
    if (restore_is_needed(rq->arena, version->meta.storage_class, version->meta.fields,
                          clock_now(rq->world->clock))) {
        request_extra(rq, "StorageClass", version->meta.storage_class);
        return S3_InvalidObjectState;
    }
    return S3_OK;
}

static enum store_result open_body(struct request *rq, const struct version_info *version,
                                   const struct chosen *chosen, str bytes)
{
    if (str_is_set(bytes)) {
        rq->reply.bytes = str_first(str_skip(bytes, chosen->first), chosen->size_bytes);
        return STORE_OK;
    }
    return body_reader_open(rq->lane->reader, version->body, chosen->first, chosen->size_bytes,
                            &rq->reply.body);
}

/* One attempt. *again: the version's body went away meanwhile. */
static enum s3_code get_once(struct request *rq, bool head, bool *again)
{
    struct version_info version;
    struct chosen chosen;
    str bytes;
    enum s3_code code = find_version(rq, &version, &bytes);
    if (code == S3_OK)
        code = check_before(rq, &version, head);
    if (code == S3_OK)
        code = choose_bytes(rq, &version, &chosen);
    if (code != S3_OK)
        return code;
    if (!head && chosen.size_bytes > 0) {
        enum store_result opened = open_body(rq, &version, &chosen, bytes);
        *again = opened == STORE_NO_VERSION;
        if (opened != STORE_OK)
            return common_from_store(rq, opened);
    }
    reply_about(rq, &version);
    reply_checksum(rq, &version, &chosen);
    if (chosen.partial)
        reply_range(rq, &version, &chosen);
    rq->reply.status = chosen.partial ? 206 : 200;
    rq->reply.size_bytes = chosen.size_bytes;
    return S3_OK;
}

static enum s3_code get(struct request *rq, bool head)
{
    for (unsigned attempt = 0; attempt < GET_ATTEMPTS; attempt++) {
        bool again = false;
        enum s3_code code = get_once(rq, head, &again);
        if (!again)
            return code;
        store_read_begin(rq->lane->reader);
        rq->extra.count = 0;
        rq->reply.headers.count = 0;
    }
    return S3_InternalError;
}

enum s3_code op_get_object(struct request *rq)
{
    return get(rq, false);
}

enum s3_code op_head_object(struct request *rq)
{
    return get(rq, true);
}
