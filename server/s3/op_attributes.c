/* GetObjectAttributes: what HEAD tells and more, as a document. */
#include "base/limits.h"
#include "server/s3/checksum.h"
#include "server/s3/common.h"
#include "server/s3/handlers.h"
#include "server/s3/sse.h"
#include "server/s3/version_change.h"

enum { SHOW_ETAG = 1, SHOW_CHECKSUM = 2, SHOW_PARTS = 4, SHOW_CLASS = 8, SHOW_SIZE = 16 };

#define WANTED "x-amz-object-attributes"

static enum s3_code add_wanted(struct request *rq, str list, unsigned *wanted)
{
    static const char *const names[] = { "ETag", "Checksum", "ObjectParts", "StorageClass",
                                         "ObjectSize" };
    str name;
    while (str_next(&list, ',', &name)) {
        size_t i = 0;
        while (i < COUNT(names) && !str_eq_nocase(str_trim(name), str_of(names[i])))
            i++;
        if (i == COUNT(names))
            return common_invalid_argument(rq, "Invalid attribute name specified.", WANTED, name);
        *wanted |= 1u << i;
    }
    return S3_OK;
}

/* One list, or a line for each name: the SDK for Go sends the latter. */
static enum s3_code read_wanted(struct request *rq, unsigned *wanted)
{
    enum s3_code code = S3_OK;
    *wanted = 0;
    for (size_t i = 0; i < rq->headers.count && code == S3_OK; i++)
        if (str_eq_nocase(rq->headers.at[i].name, STR(WANTED)) &&
            str_trim(rq->headers.at[i].value).size > 0)
            code = add_wanted(rq, rq->headers.at[i].value, wanted);
    if (code == S3_OK && *wanted == 0)
        return common_invalid_request(rq, "The " WANTED " header specifying the attributes to be "
                                          "retrieved is either missing or empty");
    return code;
}

static enum s3_code read_number(struct request *rq, const char *header, unsigned limit,
                                unsigned *out)
{
    str text = request_get_header(rq, header);
    uint64_t value = *out;
    if (text.size > 0 && (!str_to_u64(text, &value) || value > INT32_MAX))
        return common_invalid_argument(
            rq,
            str_format(rq->arena, "Provided %s not an integer or within integer range", header).ptr,
            header, text);
    *out = value < limit ? (unsigned) value : limit;
    return S3_OK;
}

static void write_checksum(struct request *rq, struct xml_writer *xml,
                           const struct version_info *version)
{
    const struct object_checksum *checksum = &version->meta.checksum;
    if (checksum->kind == DIGEST_NONE)
        return;
    xml_open(xml, "Checksum");
    checksum_write(rq, xml, checksum, 0); /* without the "-3" that headers and Complete have */
    xml_element(xml, "ChecksumType", checksum->composite ? STR("COMPOSITE") : STR("FULL_OBJECT"));
    xml_close(xml);
}

/* AWS lists the parts one by one only where they have checksums of their own, that is with a
 * composite checksum; their number it always says. */
static enum s3_code write_parts(struct request *rq, struct xml_writer *xml,
                                const struct version_info *version)
{
    struct part_list parts = { 0 };
    unsigned max = LIMIT_LIST_KEYS, after = 0;
    bool listed = version->meta.checksum.composite;
    enum s3_code code = read_number(rq, "x-amz-max-parts", LIMIT_LIST_KEYS, &max);
    if (code == S3_OK)
        code = read_number(rq, "x-amz-part-number-marker", INT32_MAX, &after);
    if (code != S3_OK || version->parts == 0)
        return code;
    enum store_result result =
        store_version_parts(rq->lane->reader, rq->arena, version, after, max, &parts);
    if (result != STORE_OK)
        return common_from_store(rq, result);
    xml_open(xml, "ObjectParts");
    xml_integer(xml, "PartsCount", version->parts);
    if (listed) {
        xml_integer(xml, "PartNumberMarker", after);
        xml_integer(xml, "NextPartNumberMarker",
                    parts.count > 0 ? parts.at[parts.count - 1].number : 0);
        xml_integer(xml, "MaxParts", max);
        xml_boolean(xml, "IsTruncated", parts.truncated);
    }
    for (size_t i = 0; listed && i < parts.count; i++) {
        xml_open(xml, "Part");
        xml_integer(xml, "PartNumber", parts.at[i].number);
        xml_integer(xml, "Size", parts.at[i].size_bytes);
        checksum_write(rq, xml, &parts.at[i].checksum, 0);
        xml_close(xml);
    }
    xml_close(xml);
    return S3_OK;
}

enum s3_code op_get_object_attributes(struct request *rq)
{
    struct version_info version;
    struct common_document document;
    unsigned wanted;
    enum s3_code code = read_wanted(rq, &wanted);
    if (code == S3_OK)
        code = version_change_find(rq, &version);
    if (code == S3_OK)
        code = sse_of_read(rq, version.meta.fields);
    if (code != S3_OK)
        return code;
    request_header(rq, "Last-Modified", instant_http(rq->arena, version.modified));
    common_document_begin(rq, &document, "GetObjectAttributesResponse");
    if (wanted & SHOW_ETAG)
        xml_element(&document.xml, "ETag", version.etag);
    if (wanted & SHOW_CHECKSUM)
        write_checksum(rq, &document.xml, &version);
    if (wanted & SHOW_PARTS)
        code = write_parts(rq, &document.xml, &version);
    if (wanted & SHOW_CLASS)
        xml_element(&document.xml, "StorageClass",
                    version.meta.storage_class.size > 0 ? version.meta.storage_class
                                                        : STR("STANDARD"));
    if (wanted & SHOW_SIZE)
        xml_integer(&document.xml, "ObjectSize", version.size_bytes);
    return code == S3_OK ? common_document_reply(rq, &document) : code;
}
