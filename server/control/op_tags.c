/* TagResource, UntagResource, ListTagsForResource: the tags of a bucket, by its ARN. They are the
 * bucket's own tags, the same that PutBucketTagging replaces as a whole. Of two calls at once the
 * later begins again with what the earlier left, so that neither loses the other's tags. */
#include "base/encode.h"
#include "server/control/control.h"
#include "server/control/handlers.h"
#include "server/s3/document.h"
#include "server/s3/tagging.h"
#include "server/s3/xml.h"

#define PATH "/v20180820/tags/"
#define TRIES_MOST 32 /* [atoll] */

struct change {
    struct store_config_put write;
    struct store_doc config;
    enum s3_code (*again)(struct request *rq);
    unsigned tries;
};

/* `packed`: as they are kept; ptr == NULL: never put. */
static enum s3_code find(struct request *rq, struct fields *tags, str *packed)
{
    str arn = decode_uri(rq->arena, str_skip(rq->address.path, strlen(PATH)), false);
    const str prefix = STR("arn:aws:s3:::");
    enum s3_code code = control_guard(rq, PLANE_REGIONAL);
    if (code != S3_OK)
        return code;
    if (!str_starts(arn, prefix) || str_find_char(arn, '/') < arn.size) {
        request_message(rq, "The resource ARN is not one of a general purpose bucket");
        return S3_InvalidRequest;
    }
    str name = str_skip(arn, prefix.size);
    if (store_bucket_get(rq->lane->reader, rq->arena, name, &rq->bucket) != STORE_OK ||
        !str_eq(rq->bucket.account, rq->who.account))
        return S3_NoSuchResource;
    rq->has_bucket = true;
    enum store_result result = document_load(rq, rq->bucket.id, TAGGING_KIND, packed);
    if (result != STORE_OK && result != STORE_ABSENT)
        return s3_code_from_store(result);
    if (packed->size > 0 && !fields_unpack(rq->arena, *packed, tags))
        return S3_InternalError;
    return S3_OK;
}

static enum s3_code kept(struct request *rq)
{
    const struct change *change = rq->state;
    enum store_result result = change->write.head.result;
    if (result == STORE_CONFLICT && change->tries < TRIES_MOST) {
        store_read_begin(rq->lane->reader);
        return change->again(rq);
    }
    if (result != STORE_OK)
        return result == STORE_CONFLICT ? S3_OperationAborted : s3_code_from_store(result);
    request_reply_empty(rq, 204);
    return S3_OK;
}

/* In place of `was`. */
static enum s3_code keep(struct request *rq, const struct fields *tags, str was,
                         enum s3_code (*again)(struct request *rq))
{
    str packed = STR_NONE;
    enum s3_code code = tagging_of_bucket(rq, tags, TAGS_OF_BUCKET, &packed);
    if (code != S3_OK)
        return code;
    struct change *change = rq->state ? rq->state : ARENA_NEW(rq->arena, struct change);
    rq->state = change;
    store_config_put_init(&change->write, rq->arena);
    change->config = (struct store_doc){ .kind = STR(TAGGING_KIND),
                                         .id = STR(""),
                                         .body = packed,
                                         .if_absent = was.ptr == NULL,
                                         .was = was };
    change->write.bucket = rq->bucket.id;
    change->write.configs = &change->config;
    change->write.count = 1;
    change->again = again;
    change->tries++;
    return request_write(rq, &change->write.head, kept);
}

enum s3_code op_list_tags_for_resource(struct request *rq)
{
    struct fields tags = { 0 };
    struct buf buf;
    struct xml_writer writer;
    str packed;
    enum s3_code code = find(rq, &tags, &packed);
    if (code != S3_OK)
        return code;
    tagging_sort(&tags);
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf, "ListTagsForResourceResult", XML_NS_CONTROL);
    xml_open(&writer, "Tags");
    for (size_t i = 0; i < tags.count; i++) {
        xml_open(&writer, "Tag");
        xml_element(&writer, "Key", tags.at[i].name);
        xml_element(&writer, "Value", tags.at[i].value);
        xml_close(&writer);
    }
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}

/* Tags are told apart by their bytes: fields_set would ignore case. */
static void set_tag(struct request *rq, struct fields *tags, str key, str value)
{
    for (size_t i = 0; i < tags->count; i++)
        if (str_eq(tags->at[i].name, key)) {
            tags->at[i].value = value;
            return;
        }
    fields_add(rq->arena, tags, key, value);
}

/* Adds, and replaces what has the same key. A key twice in one request is AWS's InvalidTag. */
enum s3_code op_tag_resource(struct request *rq)
{
    struct fields tags = { 0 }, given = { 0 };
    str packed;
    enum s3_code code = find(rq, &tags, &packed);
    if (code != S3_OK)
        return code;
    if (rq->body.size == 0)
        return S3_MissingRequestBodyError;
    const struct xml *root = xml_parse(rq->arena, rq->body);
    const struct xml *tag = xml_child(xml_child(root, "Tags"), "Tag");
    if (root == NULL || !str_is(root->name, "TagResourceRequest") || tag == NULL)
        return S3_MalformedXML;
    for (; tag && given.count <= LIMIT_TAGS_PER_BUCKET; tag = xml_next(tag, "Tag")) {
        if (xml_child(tag, "Key") == NULL || xml_child(tag, "Value") == NULL)
            return S3_MalformedXML;
        fields_add(rq->arena, &given, xml_text(tag, "Key"), xml_text(tag, "Value"));
    }
    code = tagging_check(rq, &given, TAGS_OF_RESOURCE);
    if (code != S3_OK)
        return code;
    for (size_t i = 0; i < given.count; i++)
        set_tag(rq, &tags, given.at[i].name, given.at[i].value);
    return keep(rq, &tags, packed, op_tag_resource);
}

static bool is_named(const struct request *rq, str key)
{
    for (size_t i = 0; i < rq->query.count; i++)
        if (str_is(rq->query.at[i].name, "tagKeys") && str_eq(rq->query.at[i].value, key))
            return true;
    return false;
}

enum s3_code op_untag_resource(struct request *rq)
{
    struct fields tags = { 0 }, left = { 0 };
    str packed;
    enum s3_code code = find(rq, &tags, &packed);
    if (code != S3_OK)
        return code;
    if (!request_has_query(rq, "tagKeys")) {
        request_message(rq, "tagKeys names the tags to remove");
        return S3_InvalidRequest;
    }
    for (size_t i = 0; i < tags.count; i++)
        if (!is_named(rq, tags.at[i].name))
            fields_add(rq->arena, &left, tags.at[i].name, tags.at[i].value);
    return keep(rq, &left, packed, op_untag_resource);
}
