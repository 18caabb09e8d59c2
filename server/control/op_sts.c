/* STS, as far as people type it first: GetCallerIdentity. And the answer for AWS hosts that are not
 * emulated: an error in the query protocol's shape that names the host, because a 200 with unknown
 * XML or a refused connection would tell the user nothing (clients.md 3.1). */
#include "server/control/handlers.h"
#include "server/s3/address.h"
#include "server/s3/xml.h"

#define STS_NS "https://sts.amazonaws.com/doc/2011-06-15/"

/* A parameter of the query protocol: in the body of a POST, else in the query. */
static str parameter(struct request *rq, const char *name)
{
    struct fields form = { 0 };
    query_parse(rq->arena, rq->body, &form);
    str value = fields_get_exact(&form, name);
    return str_is_set(value) ? value : request_query(rq, name);
}

static enum s3_code get_caller_identity(struct request *rq)
{
    struct buf buf;
    struct xml_writer writer;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf, "GetCallerIdentityResponse", STS_NS);
    xml_open(&writer, "GetCallerIdentityResult");
    xml_element(&writer, "Arn", rq->who.arn);
    xml_element(&writer, "UserId", rq->who.access_key);
    xml_element(&writer, "Account", rq->who.account);
    xml_close(&writer);
    xml_open(&writer, "ResponseMetadata");
    xml_element(&writer, "RequestId", rq->id);
    xml_end(&writer);
    request_reply(rq, 200, "text/xml", buf_str(&buf));
    return S3_OK;
}

enum s3_code op_sts(struct request *rq)
{
    str action = parameter(rq, "Action");
    if (str_is(action, "GetCallerIdentity"))
        return get_caller_identity(rq);
    request_message(rq, "atoll does not emulate the STS action %.*s", STR_ARG(action));
    return S3_NotImplemented;
}

enum s3_code op_not_emulated(struct request *rq)
{
    str host = request_get_header(rq, "Host");
    request_message(
        rq,
        "atoll does not emulate %.*s (service %.*s): it answers S3, S3 Control and STS, "
        "and nothing was sent to AWS",
        STR_ARG(host), STR_ARG(rq->address.service));
    return S3_NotImplemented;
}
