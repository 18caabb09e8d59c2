/* Tags of objects. The limits are AWS's ("Categorizing your storage using tags"). */
#include "server/s3/tagging.h"

#include "base/encode.h"
#include "base/limits.h"
#include "server/s3/address.h"
#include "server/s3/common.h"

/* "Letters, spaces and numbers representable in UTF-8, and + - = . _ : / @". */
static bool characters_are_allowed(str text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char) text.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && c < 0x80 && (c == 0 || strchr(" \t+-=._:/@", c) == NULL))
            return false;
    }
    return utf8_is_valid(text);
}

static size_t characters(str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char) text.ptr[i] & 0xc0) != 0x80;
    return count;
}

#define TWICE "Cannot provide multiple Tags with the same key"
#define BAD_KEY "The TagKey you have provided is invalid"
#define BAD_VALUE "The TagValue you have provided is invalid"
#define BAD_TAG                                                                                    \
    "This request contains a tag key or value that isn't valid. Valid characters include the "     \
    "following: [a-zA-Z+-=._:/]. Tag keys can contain up to 128 characters. Tag values can "       \
    "contain up to 256 characters."
#define NO_SYSTEM_TAG                                                                              \
    "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. "   \
    "Remove \"aws:\" from your tag keys and try again."

/* What differs between those who have tags, in AWS's words. */
static const struct rules {
    size_t limit;
    const char *too_many, *system;
    const char *twice; /* NULL: AWS was recorded to fail with InternalError */
    const char *bad_key, *bad_value;
    bool names_key, names_system_key; /* in the refusal's extra elements */
} rules[] = {
    [TAGS_OF_OBJECT] = { LIMIT_TAGS_PER_OBJECT, "Object tags cannot be greater than",
                         "Your TagKey cannot be prefixed with aws:", TWICE, BAD_KEY, BAD_VALUE,
                         true, true },
    [TAGS_OF_BUCKET] = { LIMIT_TAGS_PER_BUCKET, "Bucket tag count cannot be greater than",
                         "System tags cannot be added/updated by requester", TWICE, BAD_KEY,
                         BAD_VALUE, true, true },
    [TAGS_OF_NEW_BUCKET] = { LIMIT_TAGS_PER_BUCKET, "Bucket tag count cannot be greater than",
                             NO_SYSTEM_TAG, NULL, BAD_KEY, BAD_VALUE, true, false },
    [TAGS_OF_RESOURCE] = { LIMIT_TAGS_PER_BUCKET, "Bucket tag count cannot be greater than",
                           NO_SYSTEM_TAG,
                           "There are duplicate tag keys in your request. Remove the duplicate tag "
                           "keys and try again.",
                           BAD_TAG, BAD_TAG, false, false },
};

static enum s3_code invalid_tag(struct request *rq, const char *message, const struct field *tag,
                                bool names_key)
{
    request_message(rq, "%s", message);
    if (names_key)
        request_extra(rq, "TagKey", tag->name);
    return S3_InvalidTag;
}

static enum s3_code check_tag(struct request *rq, const struct field *tag, const struct rules *rule)
{
    size_t size = characters(tag->name);
    /* A system tag is said to be one whatever else is wrong with its name. */
    if (str_starts_nocase(tag->name, STR("aws:")))
        return invalid_tag(rq, rule->system, tag, rule->names_system_key);
    if (size < 1 || size > LIMIT_TAG_KEY_CHARS || !characters_are_allowed(tag->name))
        return invalid_tag(rq, rule->bad_key, tag, rule->names_key);
    if (characters(tag->value) > LIMIT_TAG_VALUE_CHARS || !characters_are_allowed(tag->value)) {
        enum s3_code code = invalid_tag(rq, rule->bad_value, tag, rule->names_key);
        if (rule->names_key)
            request_extra(rq, "TagValue", tag->value);
        return code;
    }
    return S3_OK;
}

enum s3_code tagging_check(struct request *rq, const struct fields *tags, enum tags_of whose)
{
    const struct rules *rule = &rules[whose];
    if (tags->count > rule->limit) {
        request_message(rq, "%s %zu", rule->too_many, rule->limit);
        return S3_BadRequest;
    }
    for (size_t i = 0; i < tags->count; i++) {
        enum s3_code code = check_tag(rq, &tags->at[i], rule);
        if (code != S3_OK)
            return code;
        for (size_t j = 0; j < i; j++)
            if (str_eq(tags->at[j].name, tags->at[i].name))
                return rule->twice ? invalid_tag(rq, rule->twice, &tags->at[i], rule->names_key)
                                   : S3_InternalError;
    }
    return S3_OK;
}

static bool has_duplicates(const struct fields *tags)
{
    for (size_t i = 0; i < tags->count; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(tags->at[j].name, tags->at[i].name))
                return true;
    return false;
}

enum s3_code tagging_from_header(struct request *rq, str *packed)
{
    struct fields tags = { 0 };
    str header = request_get_header(rq, "x-amz-tagging");
    *packed = STR_NONE;
    if (header.size == 0)
        return S3_OK;
    query_parse(rq->arena, header, &tags);
    /* Counted before they are compared: a long header must not cost the square of its length. */
    if (str_find_char(header, ',') < header.size || /* not escaped: recorded */
        (tags.count <= LIMIT_TAGS_PER_OBJECT && has_duplicates(&tags)))
        return common_invalid_argument(rq,
                                       "The header 'x-amz-tagging' shall be encoded as UTF-8 then "
                                       "URLEncoded URL query parameters without tag name "
                                       "duplicates.",
                                       "x-amz-tagging", header);
    enum s3_code code = tagging_check(rq, &tags, TAGS_OF_OBJECT);
    if (code == S3_OK)
        *packed = fields_pack(rq->arena, &tags);
    return code;
}

void tagging_sort(struct fields *tags)
{
    for (size_t i = 1; i < tags->count; i++) {
        struct field tag = tags->at[i];
        size_t to = i;
        for (; to > 0 && str_cmp(tags->at[to - 1].name, tag.name) > 0; to--)
            tags->at[to] = tags->at[to - 1];
        tags->at[to] = tag;
    }
}

unsigned tagging_count(struct arena *arena, str packed)
{
    struct fields tags = { 0 };
    return packed.size > 0 && fields_unpack(arena, packed, &tags) ? (unsigned) tags.count : 0;
}

enum s3_code tagging_of_bucket(struct request *rq, const struct fields *tags, enum tags_of whose,
                               str *packed)
{
    enum s3_code code = tagging_check(rq, tags, whose);
    *packed = code == S3_OK && tags->count > 0 ? fields_pack(rq->arena, tags) : STR_NONE;
    return code;
}
