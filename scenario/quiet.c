/* Requests of the scenario's own; see quiet.h. */
#include "scenario/quiet.h"

#include "scenario/answer.h"
#include "server/request.h"

struct quiet quiet_ask(struct run *run, const char *method, str target, str body)
{
    struct request *rq = request_new(run->lane, &world_request_host);
    rq->method = str_of(method);
    rq->target = str_copy(rq->arena, target);
    rq->peer = STR("127.0.0.1");
    rq->peer_is_loopback = true;
    fields_add(rq->arena, &rq->headers, STR("Host"), STR("localhost"));
    fields_add(rq->arena, &rq->headers, STR("Content-Length"),
               str_format(rq->arena, "%zu", body.size));
    world_request(rq, body);
    struct quiet answer = { rq->reply.status, str_copy(run->arena, answer_read_body(rq)) };
    request_free(rq, true);
    store_read_idle(run->lane->reader);
    return answer;
}
