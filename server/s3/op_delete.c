/* DeleteObject and DeleteObjects. What a deletion makes (a marker, nothing, the end of a version)
 * is decided in the store's transaction; here are the request's rules and the answer. */
#include "base/limits.h"
#include "server/auth/authorize.h"
#include "server/access_log.h"
#include "server/access_record.h"
#include "server/notifications.h"
#include "server/s3/checksum.h"
#include "server/s3/common.h"
#include "server/s3/conditions.h"
#include "server/s3/handlers.h"
#include "server/s3/object.h"

static const char locked_message[] = "Access Denied because object protected by object lock.";

static enum s3_code read_bypass(struct request *rq, bool *bypass)
{
    str header = request_get_header(rq, "x-amz-bypass-governance-retention");
    *bypass = str_eq_nocase(header, STR("true"));
    if (str_is_set(header) && !rq->bucket.object_lock)
        return common_invalid_argument(rq,
                                       "x-amz-bypass-governance-retention is only applicable to "
                                       "Object Lock enabled buckets.",
                                       "x-amz-bypass-governance-retention", STR_NONE);
    return S3_OK;
}

/* AWS: deleting what was not there is told too. */
static void tell(struct request *rq, const struct version_delete *one)
{
    const struct notification what = { .name = one->made_marker
                                                   ? STR("ObjectRemoved:DeleteMarkerCreated")
                                                   : STR("ObjectRemoved:Delete"),
                                       .key = one->key,
                                       .version_id = one->id };
    notifications_of_request(rq, &what);
}

/* -- one ------------------------------------------------------------------------------------- */

static enum s3_code delete_refused(struct request *rq, const struct version_delete *one)
{
    if (one->result != STORE_LOCKED)
        return conditions_result(rq, &one->condition, one->result);
    request_message(rq, "%s", locked_message);
    return S3_AccessDenied;
}

static enum s3_code delete_done(struct request *rq)
{
    const struct store_delete *del = rq->state;
    const struct version_delete *one = &del->at[0];
    if (del->head.result != STORE_OK)
        return common_from_store(rq, del->head.result);
    /* Deleting a version that is not there any more is a success, as deleting a key is. */
    bool absent =
        one->result == STORE_NO_VERSION && !object_version_id_is_invented(rq, one->version_id);
    if (one->result != STORE_OK && !absent)
        return delete_refused(rq, one);
    if (one->made_marker || one->removed_marker)
        request_header_c(rq, "x-amz-delete-marker", "true");
    tell(rq, one);
    str id = absent ? one->version_id : one->id;
    if (id.size > 0)
        object_version_header(rq, id);
    request_reply_empty(rq, 204);
    return S3_OK;
}

enum s3_code op_delete_object(struct request *rq)
{
    struct store_delete *del = ARENA_NEW(rq->arena, struct store_delete);
    struct version_delete *one = ARENA_NEW(rq->arena, struct version_delete);
    enum s3_code code = object_check_key(rq, rq->address.key);
    if (code == S3_OK)
        code = object_version_query(rq, &one->version_id);
    if (code == S3_OK)
        code = read_bypass(rq, &one->bypass_governance);
    if (code == S3_OK)
        code = conditions_write(rq, true, &one->condition);
    if (code != S3_OK)
        return code;
    store_delete_init(del, rq->arena);
    one->key = rq->address.key;
    del->bucket = rq->bucket.id;
    del->at = one;
    del->count = 1;
    rq->state = del;
    return request_write(rq, &del->head, delete_done);
}

/* -- many ------------------------------------------------------------------------------------ */

struct wanted { /* one <Object>, in the order of the document */
    str key, version_id;
    struct version_delete *sent; /* NULL: refused before the store was asked */
    enum s3_code refused;
};
struct batch {
    struct store_delete del;
    struct wanted *wanted;
    size_t count;
    bool quiet, bypass;
};

static void write_error(struct xml_writer *xml, const struct wanted *wanted, enum s3_code code,
                        str message)
{
    const struct s3_error *error = s3_error_of(code);
    xml_open(xml, "Error");
    xml_element(xml, "Key", wanted->key);
    if (wanted->version_id.size > 0)
        xml_element(xml, "VersionId", wanted->version_id);
    xml_element(xml, "Code", error->code);
    xml_element(xml, "Message", message.size > 0 ? message : error->message);
    xml_close(xml);
}

static void write_deleted(const struct request *rq, struct xml_writer *xml,
                          const struct wanted *wanted)
{
    const struct version_delete *sent = wanted->sent;
    xml_open(xml, "Deleted");
    xml_element(xml, "Key", wanted->key);
    if (wanted->version_id.size > 0)
        xml_element(xml, "VersionId", wanted->version_id);
    if (sent->made_marker || sent->removed_marker) {
        xml_boolean(xml, "DeleteMarker", true);
        if (rq->bucket.versioning != VERSIONING_UNSET)
            xml_element(xml, "DeleteMarkerVersionId", sent->id);
    }
    xml_close(xml);
}

static void write_outcome(struct request *rq, struct xml_writer *xml, const struct wanted *wanted,
                          bool quiet)
{
    enum store_result result = wanted->sent ? wanted->sent->result : STORE_OK;
    bool gone =
        result == STORE_NO_VERSION && !object_version_id_is_invented(rq, wanted->version_id);
    if (wanted->sent == NULL)
        write_error(xml, wanted, wanted->refused, STR_NONE);
    else if (result == STORE_LOCKED)
        write_error(xml, wanted, S3_AccessDenied, str_of(locked_message));
    else if (result != STORE_OK && !gone)
        write_error(xml, wanted, s3_code_from_store(result), STR_NONE);
    else if (!quiet) /* also a version that another request deleted first */
        write_deleted(rq, xml, wanted);
    if (wanted->sent && result == STORE_OK)
        tell(rq, wanted->sent);
    enum s3_code code = wanted->sent == NULL         ? wanted->refused
                        : result == STORE_OK || gone ? S3_OK
                                                     : s3_code_from_store(result);
    access_log_note(
        rq, &(struct access_note){ .bucket = &rq->bucket,
                                   .operation = "BATCH.DELETE.OBJECT",
                                   .key = wanted->key,
                                   .version_id = wanted->version_id,
                                   .status = code == S3_OK ? 204 : s3_error_of(code)->status,
                                   .code = code == S3_OK ? STR_NONE : s3_error_of(code)->code });
}

static enum s3_code batch_done(struct request *rq)
{
    const struct batch *batch = rq->state;
    struct common_document document;
    if (batch->del.head.result != STORE_OK)
        return common_from_store(rq, batch->del.head.result);
    common_document_begin(rq, &document, "DeleteResult");
    for (size_t i = 0; i < batch->count; i++) {
        const struct wanted *wanted = &batch->wanted[i];
        write_outcome(rq, &document.xml, wanted, batch->quiet);
    }
    return common_document_reply(rq, &document);
}

static enum s3_code judge_wanted(const struct wanted *wanted)
{
    if (wanted->key.size > LIMIT_KEY_BYTES)
        return S3_KeyTooLongError;
    /* An id that no S3 ever made is, here, just one that is not there (recorded). */
    if (wanted->version_id.size > 0 && !object_version_id_is_valid(wanted->version_id))
        return S3_NoSuchVersion;
    return S3_OK;
}

/* Each key is judged by itself. */
static enum s3_code authorize_wanted(struct request *rq, const struct wanted *wanted, bool bypass)
{
    bool by_id = wanted->version_id.size > 0;
    str id = by_id ? wanted->version_id : STR_NONE;
    enum s3_code code = authorize_action(
        rq, &rq->bucket, by_id ? "s3:DeleteObjectVersion" : "s3:DeleteObject", wanted->key, id);
    if (code == S3_OK && bypass)
        code = authorize_action(rq, &rq->bucket, "s3:BypassGovernanceRetention", wanted->key, id);
    return code;
}

static enum s3_code read_wanted(struct request *rq, const struct xml *object, struct batch *batch)
{
    struct wanted *wanted = &batch->wanted[batch->count++];
    wanted->key = xml_text(object, "Key");
    wanted->version_id = xml_text(object, "VersionId");
    if (wanted->key.size == 0)
        return S3_MalformedXML;
    if (xml_child(object, "LastModifiedTime") || xml_child(object, "Size")) {
        request_extra(rq, "Header",
                      xml_child(object, "Size") ? STR("Size") : STR("LastModifiedTime"));
        return S3_NotImplemented;
    }
    wanted->refused = judge_wanted(wanted);
    if (wanted->refused == S3_OK)
        wanted->refused = authorize_wanted(rq, wanted, batch->bypass);
    if (wanted->refused != S3_OK)
        return S3_OK;
    wanted->sent = &batch->del.at[batch->del.count++];
    wanted->sent->key = wanted->key;
    wanted->sent->version_id = wanted->version_id.size > 0 ? wanted->version_id : STR_NONE;
    wanted->sent->bypass_governance = batch->bypass;
    str etag = common_etag_bare(xml_text(object, "ETag"));
    wanted->sent->condition.if_match_any = str_is(etag, "*");
    if (etag.size > 0 && !wanted->sent->condition.if_match_any)
        wanted->sent->condition.if_match = etag;
    return S3_OK;
}

static enum s3_code read_batch(struct request *rq, struct batch *batch)
{
    const struct xml *root;
    enum s3_code code = common_body(rq, "Delete", &root);
    if (code != S3_OK)
        return code;
    batch->quiet = str_is(str_trim(xml_text(root, "Quiet")), "true");
    batch->wanted = ARENA_ARRAY(rq->arena, struct wanted, LIMIT_DELETE_KEYS);
    batch->del.at = ARENA_ARRAY(rq->arena, struct version_delete, LIMIT_DELETE_KEYS);
    const struct xml *object = xml_child(root, "Object");
    for (; object && code == S3_OK; object = xml_next(object, "Object")) {
        if (batch->count == LIMIT_DELETE_KEYS)
            return S3_MalformedXML;
        code = read_wanted(rq, object, batch);
    }
    return code == S3_OK && batch->count == 0 ? S3_MalformedXML : code;
}

/* So many deletions are not done on a damaged document: S3 insists on a digest of it. */
static bool has_integrity(const struct request *rq)
{
    for (size_t i = 0; i < rq->headers.count; i++)
        if (str_eq_nocase(rq->headers.at[i].name, STR("Content-MD5")) ||
            checksum_of_header(rq->headers.at[i].name) != DIGEST_NONE ||
            str_eq_nocase(rq->headers.at[i].name, STR("x-amz-trailer")))
            return true;
    return false;
}

enum s3_code op_delete_objects(struct request *rq)
{
    struct batch *batch = ARENA_NEW(rq->arena, struct batch);
    if (!has_integrity(rq))
        return common_invalid_request(
            rq, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
    store_delete_init(&batch->del, rq->arena);
    enum s3_code code = read_bypass(rq, &batch->bypass);
    if (code == S3_OK)
        code = read_batch(rq, batch);
    if (code != S3_OK)
        return code;
    batch->del.bucket = rq->bucket.id;
    rq->state = batch;
    return request_write(rq, &batch->del.head, batch_done);
}
