/* The last step: the headers every answer has, the error document, the x-atoll-* explanation and
 * simulated latency. Nothing here can fail; whatever happened before, the client gets an answer. */
#include "base/encode.h"
#include "base/rng.h"
#include "server/admin/admin.h"
#include "server/anomalies.h"
#include "server/clients.h"
#include "server/control/rpc.h"
#include "server/faults.h"
#include "server/judge.h"
#include "server/mraps.h"
#include "server/regions.h"
#include "server/s3/cors.h"
#include "server/s3/error_xml.h"
#include "server/walk.h"
#include "server/world.h"

/* AWS, CopyObject and CompleteMultipartUpload: "A 200 OK response can contain either a success or
 * an error": the status went out while the work was still going on (--late-errors). */
static bool is_late_error(const struct request *rq)
{
    static const char *const operations[] = { "CompleteMultipartUpload", "CopyObject",
                                              "UploadPartCopy" };
    if (!rq->world->settings->late_errors || !rq->late || rq->op == NULL)
        return false;
    for (size_t i = 0; i < COUNT(operations); i++)
        if (strcmp(rq->op->name, operations[i]) == 0)
            return true;
    return false;
}

/* The admin API has answered or refused by itself; else a step before it did, as S3 does. */
static bool is_admins_own(const struct request *rq)
{
    return rq->address.kind == ADDRESS_ADMIN && rq->reply.status != 0;
}

static void error_reply(struct request *rq)
{
    const struct s3_error *error = s3_error_of(rq->code);
    struct buf document;
    if (is_admins_own(rq))
        return;
    /* AWS: clients learn the Region also from a bucket that they may not read. */
    if (error->status == 403 && rq->has_bucket && rq->mrap == NULL &&
        rq->code != S3_AccessForbidden && /* recorded on AWS: not in a preflight's refusal */
        !fields_has_exact(&rq->reply.headers, "x-amz-bucket-region"))
        request_header(rq, "x-amz-bucket-region", rq->bucket.region);
    body_reader_close(rq->reply.body);
    rq->reply.body = NULL;
    fields_remove(&rq->reply.headers, "Content-Type");
    if (rq->code == S3_NotModified || rq->bare) {
        request_reply_empty(rq, error->status);
        return;
    }
    if (rq->address.kind == ADDRESS_ADMIN) {
        admin_refuse(rq);
        return;
    }
    if (rq->address.kind == ADDRESS_CLOUDWATCH && rpc_refuse(rq))
        return;
    buf_init_arena(&document, rq->arena, LIMIT_XML_BYTES);
    error_document(rq, &document);
    request_reply(rq, is_late_error(rq) ? 200 : error->status, "application/xml",
                  buf_str(&document));
}

static void explain_route(struct request *rq)
{
    struct buf text, over;
    const struct route_choice *route = &rq->route;
    buf_init_arena(&text, rq->arena, 4096);
    buf_add(&text, route_reason_name(route->reason));
    buf_addf(&text, "; client=%.*s; at=%.*s", STR_ARG(rq->client->name),
             STR_ARG(rq->client->place.name));
    if (rq->mrap) {
        struct route_table table = { .members = rq->mrap->members,
                                     .count = rq->mrap->member_count };
        if (route->member != SIZE_MAX)
            buf_addf(&text, "; rtt=%.0fms", route->rtt_ms);
        buf_init_arena(&over, rq->arena, 4096);
        route_format_over(&table, route, &over);
        if (over.size > 0)
            buf_addf(&text, "; over=\"%.*s\"", STR_ARG(buf_str(&over)));
    }
    request_header(rq, "x-atoll-route", buf_str(&text));
}

static void explain(struct request *rq)
{
    if (!rq->world->settings->explain_headers)
        return;
    request_header_c(rq, "x-atoll", ATOLL_VERSION);
    if (rq->region.size > 0) {
        request_header(rq, "x-atoll-region", rq->region);
        if (rq->has_bucket)
            request_header(rq, "x-atoll-bucket", rq->bucket.name);
    }
    if (rq->region.size > 0 || rq->route.reason == ROUTE_NONE_REACHABLE)
        explain_route(rq);
    if (rq->fault)
        request_header(rq, "x-atoll-fault", rq->fault->names);
}

static void show_marks(struct request *rq)
{
    struct buf marks;
    if (rq->nonstandard.count == 0)
        return;
    buf_init_arena(&marks, rq->arena, 1024);
    for (size_t i = 0; i < rq->nonstandard.count; i++) {
        buf_add(&marks, i ? STR(", ") : STR(""));
        buf_add(&marks, rq->nonstandard.at[i].name);
    }
    request_header(rq, "x-atoll-nonstandard", buf_str(&marks));
}

/* The round trip between the client's place and the Region that served, in wall time; under a
 * manual clock it is only reported, unless asked for (--latency wall). */
static void simulate_latency(struct request *rq)
{
    const struct settings *settings = rq->world->settings;
    region_id region = region_find(rq->region);
    if (!settings->simulate_latency || region == REGION_NONE)
        return;
    double ms = place_path_to(&rq->client->place, region).rtt_ms * settings->latency_factor;
    request_header(rq, "x-atoll-latency", str_format(rq->arena, "%.0fms", ms));
    if (clock_mode_get(rq->world->clock) != CLOCK_MANUAL || settings->latency_wall)
        rq->reply.delay = (duration){ (int64_t) (ms * 1e6) };
}

/* x-amz-id-2: opaque to everybody; ours is the request id, stretched to AWS's length. */
static str extended_id(struct request *rq)
{
    unsigned char bytes[56];
    rng_bytes(&(struct rng_key){ .seed = rq->world->seed,
                                 .purpose = RNG_REQUEST_ID,
                                 .name = STR("id-2"),
                                 .ordinal = rq->ordinal },
              bytes, sizeof bytes);
    return encode_base64(rq->arena, bytes, sizeof bytes);
}

void respond(struct request *rq)
{
    bool is_admin = rq->address.kind == ADDRESS_ADMIN;
    bool head = str_is(rq->method, "HEAD");
    if (!is_admins_own(rq)) {
        request_header(rq, "x-amz-request-id", rq->id);
        request_header(rq, "x-amz-id-2", extended_id(rq));
        request_header_c(rq, "Server", "AmazonS3");
    }
    if (rq->code != S3_OK)
        error_reply(rq);
    cors_headers(rq);
    if (head) {
        rq->reply.head = true;
        if (rq->code != S3_OK)
            rq->reply.size_bytes = 0;
    }
    show_marks(rq);
    if (!is_admin) {
        explain(rq);
        judge_read(rq);
    }
    simulate_latency(rq);
    faults_shape(rq);
    if (!is_admin)
        anomalies_look(rq);
}
