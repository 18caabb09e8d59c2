/* Reading CompleteMultipartUpload's list of parts. Order is part of the contract: S3 does not sort.
 */
#include "server/s3/complete_body.h"

#include "base/arena.h"
#include "base/limits.h"
#include "server/s3/checksum.h"
#include "server/s3/common.h"

static enum complete_body_result read_checksum(struct arena *arena, const struct xml *node,
                                               struct object_checksum *checksum)
{
    for (const struct xml *child = node->child; child; child = child->next) {
        enum digest_kind kind = checksum_of_element(child->name);
        str text = str_trim(child->text);
        if (kind == DIGEST_NONE || text.size == 0)
            continue;
        checksum->kind = kind;
        return checksum_parse(arena, kind, text, &checksum->value) ? COMPLETE_BODY_OK
                                                                   : COMPLETE_BODY_BAD_CHECKSUM;
    }
    return COMPLETE_BODY_OK;
}

static enum complete_body_result read_part(struct arena *arena, const struct xml *node,
                                           struct complete_body *body)
{
    struct complete_part *part = &body->parts[body->count];
    str number = str_trim(xml_text(node, "PartNumber"));
    str etag = xml_text(node, "ETag");
    uint64_t value;
    if (!str_is_set(number) || !str_is_set(etag))
        return COMPLETE_BODY_MALFORMED;
    if (!str_to_u64(number, &value) || value < 1 || value > LIMIT_PARTS) {
        body->culprit = number;
        return COMPLETE_BODY_BAD_NUMBER;
    }
    part->number = (unsigned) value;
    part->etag = common_etag_bare(etag);
    if (body->count > 0 && body->parts[body->count - 1].number > part->number)
        return COMPLETE_BODY_BAD_ORDER;
    /* A number that is listed twice in a row counts once, as it was said last. */
    if (body->count > 0 && body->parts[body->count - 1].number == part->number)
        body->parts[--body->count] = *part;
    part = &body->parts[body->count++];
    enum complete_body_result result = read_checksum(arena, node, &part->checksum);
    if (result == COMPLETE_BODY_BAD_CHECKSUM)
        body->culprit = str_of(checksum_header(part->checksum.kind));
    return result;
}

static size_t count_parts(const struct xml *root)
{
    size_t count = 0;
    for (const struct xml *node = xml_child(root, "Part"); node; node = xml_next(node, "Part"))
        count++;
    return count;
}

enum complete_body_result complete_body_read(struct arena *arena, const struct xml *root,
                                             struct complete_body *out)
{
    size_t count = count_parts(root);
    *out = (struct complete_body){ 0 };
    if (count == 0)
        return COMPLETE_BODY_EMPTY;
    if (count > LIMIT_PARTS)
        return COMPLETE_BODY_MALFORMED;
    out->parts = ARENA_ARRAY(arena, struct complete_part, count);
    for (const struct xml *node = xml_child(root, "Part"); node; node = xml_next(node, "Part")) {
        enum complete_body_result result = read_part(arena, node, out);
        if (result != COMPLETE_BODY_OK)
            return result;
    }
    return COMPLETE_BODY_OK;
}
