/* The query protocol's envelope. */
#include "server/control/query_call.h"

bool query_call_needed(struct request *rq, const char *name, str *out)
{
    *out = request_query(rq, name);
    if (out->size > 0)
        return true;
    request_message(rq,
                    "1 validation error detected: Value null at '%c%s' failed to satisfy "
                    "constraint: Member must not be null",
                    name[0] | 0x20, name + 1);
    return false;
}

static const char *namespace_of(enum address_kind kind)
{
    return kind == ADDRESS_IAM          ? "https://iam.amazonaws.com/doc/2010-05-08/"
           : kind == ADDRESS_CLOUDWATCH ? "http://monitoring.amazonaws.com/doc/2010-08-01/"
                                        : "https://sts.amazonaws.com/doc/2011-06-15/";
}

void query_call_begin(struct request *rq, struct query_answer *answer, const char *action,
                      bool has_result)
{
    const char *ns = namespace_of(rq->address.kind);
    buf_init_arena(&answer->buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&answer->xml, &answer->buf, str_format(rq->arena, "%sResponse", action).ptr, ns);
    if (has_result)
        xml_open(&answer->xml, str_format(rq->arena, "%sResult", action).ptr);
}

enum s3_code query_call_end(struct request *rq, struct query_answer *answer)
{
    while (answer->xml.depth > 1)
        xml_close(&answer->xml);
    xml_open(&answer->xml, "ResponseMetadata");
    xml_element(&answer->xml, "RequestId", rq->id);
    xml_end(&answer->xml);
    request_reply(rq, 200, "text/xml", buf_str(&answer->buf));
    return S3_OK;
}

str query_call_instant(struct arena *arena, instant at)
{
    str text = instant_iso8601(arena, at);
    return str_format(arena, "%.*sZ", STR_ARG(str_first(text, str_find_char(text, '.'))));
}
