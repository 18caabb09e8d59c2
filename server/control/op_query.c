/* The door of the query protocol, which STS, IAM and CloudWatch speak: what is asked for stands in
 * the parameter Action, in a form body as often as in the query, so that the operation is only
 * known once the body is there. And the answer for the AWS hosts that are nobody's here. */
#include "server/control/handlers.h"
#include "server/control/query_call.h"
#include "server/control/rpc.h"
#include "server/s3/address.h"

/* "A, B and C": what this service answers. */
static str known_actions(struct arena *arena, enum op_place place)
{
    size_t count;
    const struct operation *all = operations_all(&count), *last = NULL;
    str text = STR("");
    for (size_t i = 0; i < count; i++) {
        if (all[i].place != place)
            continue;
        if (last)
            text = str_format(arena, "%.*s%s%s", STR_ARG(text), text.size ? ", " : "", last->name);
        last = &all[i];
    }
    return str_format(arena, "%.*s and %s", STR_ARG(text), last->name);
}

enum s3_code op_query(struct request *rq)
{
    const struct operation *service = rq->op, *op;
    struct fields form = { 0 };
    str operation = rpc_operation(rq);
    if (str_is_set(operation))
        fields_add(rq->arena, &form, STR("Action"), operation);
    else
        query_parse(rq->arena, rq->body, &form);
    for (size_t i = 0; i < form.count; i++)
        fields_add(rq->arena, &rq->query, form.at[i].name, form.at[i].value);
    op = operation_find(rq, service->place);
    if (op == NULL) {
        request_message(rq, "atoll does not emulate the %s action %.*s: it answers %.*s%s",
                        service->name, STR_ARG(str_first(request_query(rq, "Action"), 128)),
                        STR_ARG(known_actions(rq->arena, service->place)),
                        service->place == AT_IAM ? "; `roles` and `accounts` in the configuration "
                                                   "file say the rest"
                                                 : "");
        return S3_NotImplemented;
    }
    rq->op = op;
    return op->handle(rq);
}

enum s3_code op_not_emulated(struct request *rq)
{
    str host = request_get_header(rq, "Host");
    request_message(
        rq,
        "atoll does not emulate %.*s (service %.*s): it answers S3, S3 Control, STS, the roles "
        "of IAM and CloudWatch's metrics of S3, and nothing was sent to AWS",
        STR_ARG(host), STR_ARG(rq->address.service));
    return S3_NotImplemented;
}
