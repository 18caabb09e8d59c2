/* DescribeMultiRegionAccessPointOperation: how an asynchronous request goes. Until its work was
 * done (async_work.h) it is INPROGRESS, without ResponseDetails. */
#include "base/encode.h"
#include "server/control/control.h"
#include "server/control/handlers.h"
#include "server/s3/xml.h"

static void write_parameters(struct request *rq, struct xml_writer *writer,
                             const struct async_record *record)
{
    xml_open(writer, "RequestParameters");
    str request = str_format(rq->arena, "%sRequest", async_operation(record->kind));
    xml_open(writer, str_c(rq->arena, request));
    xml_element(writer, "Name", record->name);
    if (record->kind == ASYNC_PUT_POLICY)
        xml_element(writer, "Policy", record->policy);
    if (record->kind == ASYNC_CREATE) {
        xml_open(writer, "PublicAccessBlock");
        for (size_t i = 0; i < 4; i++)
            xml_boolean(writer, mrap_block_names[i], record->block[i]);
        xml_close(writer);
        xml_open(writer, "Regions");
        for (size_t i = 0; i < record->region_count; i++) {
            xml_open(writer, "Region");
            xml_element(writer, "Bucket", record->regions[i].bucket);
            if (record->regions[i].account.size > 0)
                xml_element(writer, "BucketAccountId", record->regions[i].account);
            xml_close(writer);
        }
        xml_close(writer);
    }
    xml_close(writer);
    xml_close(writer);
}

/* Of creation always; of what else failed in a part of its Regions. */
static void write_region_details(struct xml_writer *writer, const struct async_record *record)
{
    bool whole = record->error_code.size > 0;
    for (size_t i = 0; i < record->region_count; i++)
        whole = whole && !record->regions[i].failed;
    xml_open(writer, "MultiRegionAccessPointDetails");
    xml_open(writer, "Regions");
    for (size_t i = 0; i < record->region_count; i++) {
        bool failed = whole || record->regions[i].failed;
        if (record->regions[i].region.size == 0)
            continue;
        xml_open(writer, "Region");
        xml_element(writer, "Name", record->regions[i].region);
        xml_element(writer, "RequestStatus", failed ? STR("FAILED") : STR("SUCCEEDED"));
        xml_close(writer);
    }
    xml_close(writer);
    xml_close(writer);
}

static void write_details(struct xml_writer *writer, const struct async_record *record)
{
    bool failed = record->error_code.size > 0;
    xml_open(writer, "ResponseDetails");
    if (record->kind == ASYNC_CREATE || (failed && record->region_count > 0))
        write_region_details(writer, record);
    if (failed) {
        xml_open(writer, "ErrorDetails");
        xml_element(writer, "Code", record->error_code);
        xml_element(writer, "Message", record->error_message);
        xml_element(writer, "Resource", record->error_resource);
        xml_element(writer, "RequestId", record->request_id);
        xml_close(writer);
    }
    xml_close(writer);
}

static void write_operation(struct request *rq, const struct async_record *record)
{
    bool running = !record->over;
    struct buf buf;
    struct xml_writer writer;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf, "DescribeMultiRegionAccessPointOperationResult", XML_NS_CONTROL);
    xml_open(&writer, "AsyncOperation");
    xml_element(&writer, "CreationTime", instant_iso8601(rq->arena, record->created_at));
    xml_element(&writer, "Operation", str_of(async_operation(record->kind)));
    xml_element(&writer, "RequestTokenARN", async_arn(rq->arena, record));
    write_parameters(rq, &writer, record);
    xml_element(&writer, "RequestStatus",
                running                       ? STR("INPROGRESS")
                : record->error_code.size > 0 ? STR("FAILED")
                                              : STR("SUCCEEDED"));
    if (!running)
        write_details(&writer, record);
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
}

enum s3_code op_describe_mrap_operation(struct request *rq)
{
    struct async_record record;
    enum s3_code code = control_guard(rq, PLANE_MANAGEMENT);
    if (code != S3_OK)
        return code;
    const str prefix = STR("/v20180820/async-requests/mrap/");
    str arn = decode_uri(rq->arena, str_skip(rq->address.path, prefix.size), false), rest = arn,
        token = arn;
    while (str_next(&rest, '/', &token)) {
    }
    struct store_doc doc = { .kind = STR(ASYNC_KIND), .id = token };
    if (!str_starts(arn, STR("arn:aws:s3:")) ||
        store_doc_get(rq->lane->reader, rq->arena, doc.kind, token, &doc.body) != STORE_OK ||
        !async_from_doc(rq->arena, &doc, &record) || !str_eq(record.account, rq->who.account))
        return S3_NoSuchAsyncRequest;
    write_operation(rq, &record);
    return S3_OK;
}
