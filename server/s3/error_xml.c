/* One error, three envelopes. Which one follows from the address alone, so that also an error
 * before any operation is known comes in a form that the client's SDK can read.
 */
#include "server/s3/error_xml.h"

#include "server/s3/xml.h"

enum envelope { ENVELOPE_S3, ENVELOPE_CONTROL, ENVELOPE_QUERY };

static enum envelope envelope_of(enum address_kind kind, const char **ns)
{
    *ns = NULL;
    switch (kind) {
    case ADDRESS_NONE:
    case ADDRESS_S3:
    case ADDRESS_MRAP:
    case ADDRESS_ADMIN:
    case ADDRESS_STRANGER:
        return ENVELOPE_S3;
    case ADDRESS_CONTROL:
        *ns = XML_NS_CONTROL;
        return ENVELOPE_CONTROL;
    case ADDRESS_STS:
        *ns = "https://sts.amazonaws.com/doc/2011-06-15/";
        return ENVELOPE_QUERY;
    case ADDRESS_IAM:
        *ns = "https://iam.amazonaws.com/doc/2010-05-08/";
        return ENVELOPE_QUERY;
    case ADDRESS_CLOUDWATCH:
        *ns = "http://monitoring.amazonaws.com/doc/2010-08-01/";
        return ENVELOPE_QUERY;
    case ADDRESS_OTHER_AWS:
        return ENVELOPE_QUERY;
    }
    return ENVELOPE_S3;
}

static const struct s3_error *error_of(const struct request *rq, enum envelope envelope)
{
    /* The same refusal has another name in the query protocol ("Common Errors", IAM). */
    if (envelope == ENVELOPE_QUERY && rq->code == S3_InvalidAccessKeyId)
        return s3_error_of(S3_InvalidClientTokenId);
    return s3_error_of(rq->code);
}

str error_code_text(const struct request *rq)
{
    const char *ns;
    return error_of(rq, envelope_of(rq->address.kind, &ns))->code;
}

/* The names of extra elements are literals of ours (request_extra takes a C string). */
static void write_extras(struct xml_writer *xml, const struct fields *extra)
{
    for (size_t i = 0; i < extra->count; i++)
        xml_element(xml, extra->at[i].name.ptr, extra->at[i].value);
}

void error_document(const struct request *rq, struct buf *out)
{
    const char *ns;
    enum envelope envelope = envelope_of(rq->address.kind, &ns);
    const struct s3_error *error = error_of(rq, envelope);
    struct xml_writer xml;

    if (envelope == ENVELOPE_S3) {
        xml_begin(&xml, out, "Error", NULL);
    } else {
        xml_begin(&xml, out, "ErrorResponse", ns);
        xml_open(&xml, "Error");
    }
    if (envelope == ENVELOPE_QUERY)
        xml_element(&xml, "Type", error->status < 500 ? STR("Sender") : STR("Receiver"));
    xml_element(&xml, "Code", error->code);
    xml_element(&xml, "Message", str_is_set(rq->message) ? rq->message : error->message);
    write_extras(&xml, &rq->extra);
    if (rq->hint.size > 0)
        xml_element(&xml, "Hint", rq->hint);
    if (envelope != ENVELOPE_S3)
        xml_close(&xml);
    xml_element(&xml, "RequestId", rq->id);
    if (envelope != ENVELOPE_QUERY)
        xml_element(&xml, "HostId", fields_get(&rq->reply.headers, "x-amz-id-2"));
    xml_end(&xml);
}
