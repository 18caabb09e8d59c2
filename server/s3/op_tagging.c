/* Tags of buckets and of objects: one document, two limits. */
#include "base/limits.h"
#include "server/s3/common.h"
#include "server/s3/document.h"
#include "server/s3/handlers.h"
#include "server/s3/tagging.h"
#include "server/s3/version_change.h"

static const struct schema tag_members[] = { { "Key", SCHEMA_TEXT, 1, 1, NULL, NULL },
                                             { "Value", SCHEMA_TEXT, 1, 1, NULL, NULL },
                                             SCHEMA_END };
static const struct schema set_members[] = { { "Tag", SCHEMA_GROUP, 0, 0, NULL, tag_members },
                                             SCHEMA_END };
/* A document without the set is as one whose set is empty (recorded). */
static const struct schema members[] = { { "TagSet", SCHEMA_GROUP, 0, 1, NULL, set_members },
                                         SCHEMA_END };
static const struct schema schema = { "Tagging", SCHEMA_GROUP, 1, 1, NULL, members };
static const struct document document = { TAGGING_KIND, &schema, S3_NoSuchTagSet, NULL, NULL };

static void collect(struct request *rq, const struct xml *set, size_t limit, struct fields *tags)
{
    const struct xml *tag = xml_child(set, "Tag");
    for (; tag && tags->count <= limit; tag = xml_next(tag, "Tag"))
        fields_add(rq->arena, tags, xml_text(tag, "Key"), xml_text(tag, "Value"));
}

static enum s3_code read_tags(struct request *rq, struct fields *tags)
{
    const struct xml *root;
    enum s3_code code = document_read(rq, &document, &root);
    if (code != S3_OK)
        return code;
    collect(rq, xml_child(root, "TagSet"), LIMIT_TAGS_PER_OBJECT, tags);
    return tagging_check(rq, tags, TAGS_OF_OBJECT);
}

static enum s3_code reply_tags(struct request *rq, str packed)
{
    struct fields tags = { 0 };
    struct common_document answer;
    if (packed.size > 0 && !fields_unpack(rq->arena, packed, &tags))
        return S3_InternalError;
    tagging_sort(&tags);
    common_document_begin(rq, &answer, "Tagging");
    xml_open(&answer.xml, "TagSet");
    for (size_t i = 0; i < tags.count; i++) {
        xml_open(&answer.xml, "Tag");
        xml_element(&answer.xml, "Key", tags.at[i].name);
        xml_element(&answer.xml, "Value", tags.at[i].value);
        xml_close(&answer.xml);
    }
    return common_document_reply(rq, &answer);
}

/* ---- buckets ---- */

enum s3_code op_put_bucket_tagging(struct request *rq)
{
    struct fields tags = { 0 };
    const struct xml *root;
    str packed;
    enum s3_code code = document_read(rq, &document, &root);
    if (code != S3_OK)
        return code;
    collect(rq, xml_child(root, "TagSet"), LIMIT_TAGS_PER_BUCKET, &tags);
    code = tagging_of_bucket(rq, &tags, TAGS_OF_BUCKET, &packed);
    if (code != S3_OK)
        return code;
    return document_keep(rq, TAGGING_KIND, STR(""), packed, 204);
}

enum s3_code op_get_bucket_tagging(struct request *rq)
{
    str packed;
    enum store_result result = document_load(rq, rq->bucket.id, TAGGING_KIND, &packed);
    if (result == STORE_ABSENT)
        return document_absent(rq, S3_NoSuchTagSet);
    return result == STORE_OK ? reply_tags(rq, packed) : common_from_store(rq, result);
}

enum s3_code op_delete_bucket_tagging(struct request *rq)
{
    return document_keep(rq, TAGGING_KIND, STR(""), STR_NONE, 204);
}

/* ---- objects ---- */

enum s3_code op_put_object_tagging(struct request *rq)
{
    struct version_info version;
    struct object_change change = { .what = CHANGE_TAGS, .status = 200 };
    struct fields tags = { 0 };
    enum s3_code code = version_change_find(rq, &version);
    if (code == S3_OK)
        code = read_tags(rq, &tags);
    if (code != S3_OK)
        return code;
    if (tags.count > 0)
        change.meta.tags = fields_pack(rq->arena, &tags);
    return version_change_write(rq, &change);
}

enum s3_code op_get_object_tagging(struct request *rq)
{
    struct version_info version;
    enum s3_code code = version_change_find(rq, &version);
    if (code == S3_NoSuchKey) /* recorded on AWS: this one operation names the bucket too */
        fields_set(
            rq->arena, &rq->extra, STR("Key"),
            str_format(rq->arena, "%.*s/%.*s", STR_ARG(rq->bucket.name), STR_ARG(rq->address.key)));
    return code == S3_OK ? reply_tags(rq, version.meta.tags) : code;
}

enum s3_code op_delete_object_tagging(struct request *rq)
{
    struct version_info version;
    struct object_change change = { .what = CHANGE_TAGS, .status = 204 };
    enum s3_code code = version_change_find(rq, &version);
    return code == S3_OK ? version_change_write(rq, &change) : code;
}
