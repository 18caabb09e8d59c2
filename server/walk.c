/* The walk of a request through named steps (request.h). Central control flow, pure leaves: each
 * step is one function that returns S3_OK, S3_WAIT or an error and never calls the next one.
 *
 *   address -> operation -> authenticate -> route -> authorize -> faults
 *           -> body -> handle -> respond
 *              |  ^
 *              v  | request_body, request_body_end
 *   REQUEST_WANTS_BODY
 *
 * A wait remembers where to go on: in the handler (rq->resume), in the middle of the body (the same
 * bytes are fed again) or at its end (payload_end is asked again).
 */
#include "server/walk.h"

#include "base/bug.h"
#include "server/access_log.h"
#include "server/admin/admin.h"
#include "server/auth/auth.h"
#include "server/auth/claim.h"
#include "server/auth/authorize.h"
#include "server/clients.h"
#include "server/control/handlers.h"
#include "server/control/rpc.h"
#include "server/event_of.h"
#include "server/faults.h"
#include "server/journal.h"
#include "server/mraps.h"
#include "server/operations.h"
#include "server/s3/address.h"
#include "server/s3/handlers.h"
#include "server/s3/payload.h"
#include "server/world.h"

/* Requests that are not S3's own: one row each, so that the rest of the walk sees an operation. */
static const struct operation admin_operation = { "Admin", "*",         AT_SERVICE,  NULL,
                                                  "",      OP_DOCUMENT, admin_handle };
/* Until the body tells the action. */
static const struct operation sts_operation = {
    "STS", "*", AT_STS, NULL, "", OP_DOCUMENT, op_query
};
static const struct operation iam_operation = {
    "IAM", "*", AT_IAM, NULL, "", OP_DOCUMENT, op_query
};
static const struct operation cloudwatch_operation = { "CloudWatch", "*", AT_CLOUDWATCH,
                                                       NULL,         "",  OP_DOCUMENT,
                                                       op_query };
static const struct operation other_operation = { "NotEmulated",  "*", AT_SERVICE,
                                                  NULL,           "",  OP_DOCUMENT,
                                                  op_not_emulated };

static const struct operation get_page = { "GetObject",    "GET", AT_OBJECT,  NULL,
                                           "s3:GetObject", 0,     op_get_page };
static const struct operation head_page = { "HeadObject",   "HEAD", AT_OBJECT,   NULL,
                                            "s3:GetObject", 0,      op_head_page };

/* With one endpoint for all services (AWS_ENDPOINT_URL) only the signature's scope says whose a
 * request is. */
static void tell_services_apart(struct request *rq)
{
    static const struct {
        const char *name;
        enum address_kind kind;
    } services[] = { { "sts", ADDRESS_STS },
                     { "iam", ADDRESS_IAM },
                     { "monitoring", ADDRESS_CLOUDWATCH } };
    struct address *address = &rq->address;
    if (address->kind != ADDRESS_S3 || !address->own_host || address->virtual_host ||
        !(str_is(address->path, "/") || rpc_protocol_of(rq) == RPC_CBOR))
        return;
    str service = claim_service(rq);
    for (size_t i = 0; i < COUNT(services); i++)
        if (str_is(service, services[i].name)) {
            address->kind = services[i].kind;
            address->service = str_of(services[i].name);
        }
}

static enum s3_code step_address(struct request *rq)
{
    const struct settings *settings = rq->world->settings;
    str host = request_get_header(rq, "Host");
    if (host.size == 0)
        host = rq->tunnel_host;
    rq->client = clients_find(rq->world->clients, rq);
    struct host_names own = { settings->host_names, settings->host_name_count };
    if (!address_parse(rq->arena, own, host, rq->target, &rq->address, &rq->raw_query))
        return S3_InvalidURI;
    query_parse(rq->arena, rq->raw_query, &rq->query);
    tell_services_apart(rq);
    if (rq->address.kind == ADDRESS_STRANGER) {
        request_message(
            rq,
            "%.*s is not an AWS host and atoll does not forward requests; start it with "
            "--proxy-other tunnel to allow that for CONNECT.",
            STR_ARG(host));
        return S3_AccessDenied;
    }
    return S3_OK;
}

/* AWS: a website host answers GET and HEAD, and no query means anything to it. */
static const struct operation *find_page(const struct request *rq)
{
    if (str_is(rq->method, "HEAD"))
        return &head_page;
    return str_is(rq->method, "GET") ? &get_page : NULL;
}

static enum s3_code find_s3_operation(struct request *rq)
{
    const struct address *address = &rq->address;
    enum op_place place = address->kind == ADDRESS_CONTROL                            ? AT_CONTROL
                          : address->key.size > 0                                     ? AT_OBJECT
                          : address->bucket.size > 0 || address->kind == ADDRESS_MRAP ? AT_BUCKET
                                                                                      : AT_SERVICE;
    rq->op =
        address->website && address->bucket.size > 0 ? find_page(rq) : operation_find(rq, place);
    if (rq->op == NULL || (address->kind == ADDRESS_MRAP && !(rq->op->flags & OP_MRAP))) {
        request_extra(rq, "Method", rq->method);
        request_extra(rq, "ResourceType",
                      place == AT_OBJECT   ? STR("OBJECT")
                      : place == AT_BUCKET ? STR("BUCKET")
                                           : STR("SERVICE"));
        if (rq->op)
            request_hint(rq,
                         "%s is not among the operations that a Multi-Region Access Point accepts.",
                         rq->op->name);
        return S3_MethodNotAllowed;
    }
    if (rq->op->flags & OP_MISSING) {
        request_message(rq,
                        "A header or query you provided implies functionality that is not "
                        "implemented: %s.",
                        rq->op->name);
        return S3_NotImplemented;
    }
    return S3_OK;
}

static enum s3_code step_operation(struct request *rq)
{
    switch (rq->address.kind) {
    case ADDRESS_ADMIN:
        rq->op = &admin_operation;
        return S3_OK;
    case ADDRESS_STS:
        rq->op = &sts_operation;
        return S3_OK;
    case ADDRESS_IAM:
        rq->op = &iam_operation;
        return S3_OK;
    case ADDRESS_CLOUDWATCH:
        rq->op = &cloudwatch_operation;
        return S3_OK;
    case ADDRESS_OTHER_AWS:
        rq->op = &other_operation;
        return S3_OK;
    case ADDRESS_S3:
    case ADDRESS_MRAP:
    case ADDRESS_CONTROL:
        return find_s3_operation(rq);
    case ADDRESS_NONE:
    case ADDRESS_STRANGER:
        break;
    }
    BUG("a request without an address passed the address step");
}

static enum s3_code step_authenticate(struct request *rq)
{
    if (rq->address.kind == ADDRESS_ADMIN)
        return admin_guard(rq);
    if (rq->op == &other_operation)
        return S3_OK;
    enum s3_code code = auth_check(rq);
    rq->client = clients_find(rq->world->clients, rq); /* again: now the access key is known */
    return code;
}

enum s3_code walk_identified(struct request *rq)
{
    rq->client = clients_find(rq->world->clients, rq);
    store_read_begin(rq->lane->reader);
    enum s3_code code = step_route_scope(rq);
    return code == S3_OK ? authorize_check(rq) : code;
}

static enum s3_code step_body(struct request *rq)
{
    return payload_begin(rq);
}

static enum s3_code step_handle(struct request *rq)
{
    store_read_begin(rq->lane->reader); /* the body may have taken long */
    enum s3_code code = auth_finish(rq, rq->body);
    if (code == S3_OK)
        code = authorize_body(rq);
    return code == S3_OK ? rq->op->handle(rq) : code;
}

static const struct {
    const char *name;
    step_fn *run;
} steps[] = {
    { "address", step_address },
    { "operation", step_operation },
    { "authenticate", step_authenticate },
    { "route", step_route },
    { "authorize", authorize_step },
    { "faults", faults_meet },
    { "body", step_body },
    { "handle", step_handle },
};
enum { STEP_BODY = 6, STEP_HANDLE = 7 };

const char *walk_step_name(unsigned step)
{
    return step < COUNT(steps) ? steps[step].name : "respond";
}

static enum request_next finish(struct request *rq, enum s3_code code)
{
    rq->code = authorize_absent(rq, code);
    rq->resume = NULL;
    rq->step = COUNT(steps);
    if (code != S3_OK)
        payload_abort(rq);
    respond(rq);
    rq->answered = true;
    return REQUEST_READY;
}

/* Runs steps until one waits, wants a body or ends the walk. */
static enum request_next walk_on(struct request *rq)
{
    while (rq->step < COUNT(steps)) {
        unsigned step = rq->step;
        enum s3_code code = steps[step].run(rq);
        if (code == S3_WAIT)
            return REQUEST_WAITS;
        if (code != S3_OK)
            return finish(rq, code);
        if (step == STEP_BODY)
            return rq->has_body ? REQUEST_WANTS_BODY : request_body_end(rq);
        rq->step = step + 1;
    }
    return finish(rq, S3_OK);
}

enum request_next request_head(struct request *rq)
{
    return walk_on(rq);
}

enum request_next request_body(struct request *rq, const void *bytes, size_t size_bytes)
{
    if (rq->answered)
        return REQUEST_READY;
    BUG_UNLESS(rq->step == STEP_BODY);
    enum s3_code code = payload_push(rq, bytes, size_bytes);
    if (code == S3_OK)
        return REQUEST_WANTS_BODY;
    return code == S3_WAIT ? REQUEST_WAITS : finish(rq, code);
}

enum request_next request_body_end(struct request *rq)
{
    if (rq->answered)
        return REQUEST_READY;
    BUG_UNLESS(rq->step == STEP_BODY);
    rq->has_body = false; /* from here on a wake asks payload_end again */
    enum s3_code code = payload_end(rq);
    if (code == S3_WAIT)
        return REQUEST_WAITS;
    if (code != S3_OK)
        return finish(rq, code);
    rq->step = STEP_HANDLE;
    return walk_on(rq);
}

enum request_next request_resume(struct request *rq)
{
    if (rq->answered)
        return REQUEST_READY;
    if (rq->step == STEP_BODY)
        return rq->has_body ? REQUEST_WANTS_BODY : request_body_end(rq);
    BUG_UNLESS(rq->resume != NULL);
    step_fn *resume = rq->resume;
    rq->resume = NULL;
    rq->late = rq->step >= STEP_HANDLE;
    enum s3_code code = resume(rq);
    if (code == S3_WAIT)
        return REQUEST_WAITS;
    if (code != S3_OK || rq->step >= STEP_HANDLE)
        return finish(rq, code);
    rq->step++;
    return walk_on(rq);
}

#define FEED_BYTES 65536

enum request_next request_feed(struct request *rq, enum request_next next, str *body)
{
    while (next == REQUEST_WANTS_BODY) {
        str slice = str_first(*body, FEED_BYTES);
        if (slice.size == 0) {
            next = request_body_end(rq);
            continue;
        }
        next = request_body(rq, slice.ptr, slice.size);
        if (next == REQUEST_WANTS_BODY)
            *body = str_skip(*body, slice.size);
    }
    return next;
}

void request_tell(struct request *rq, bool sent_whole)
{
    if (rq->told)
        return;
    rq->told = true;
    if (rq->address.kind == ADDRESS_ADMIN)
        return;
    journal_add(rq->world->journal, rq, sent_whole);
    event_of_request(rq, sent_whole);
    access_log_request(rq->world->access_log, rq);
}

void request_free(struct request *rq, bool sent_whole)
{
    if (rq == NULL)
        return;
    atomic_fetch_add_explicit(&rq->world->requests_ended, 1, memory_order_relaxed);
    request_tell(rq, sent_whole);
    payload_abort(rq);
    body_draft_drop(&rq->draft);
    body_reader_close(rq->reply.body);
    rq->reply.body = NULL;
    if (rq->mraps)
        mraps_release(rq->mraps);
    rq->magic = 0;
    arena_free(rq->arena);
}
