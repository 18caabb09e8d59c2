/* Probes. A simulated outage never turns readiness red: it belongs to the world, not to us. */
#include "routing/topology.h"
#include "server/admin/call.h"
#include "server/mraps.h"

enum s3_code admin_live(struct admin_call *call)
{
    request_reply(call->rq, 200, "text/plain", STR("ok\n"));
    return S3_OK;
}

enum s3_code admin_ready(struct admin_call *call)
{
    struct request *rq = call->rq;
    if (atomic_load(&rq->world->ready))
        request_reply(rq, 200, "application/json", STR("{\"ready\":true}\n"));
    else
        request_reply(rq, 503, "application/json",
                      STR("{\"ready\":false,\"waiting_for\":\"start-up\"}\n"));
    return S3_OK;
}

/* Those that have a bucket. */
static unsigned regions_used(const struct bucket_list *buckets)
{
    region_set used = REGION_SET_NONE;
    unsigned count = 0;
    for (size_t i = 0; i < buckets->count; i++) {
        region_id id = region_find(buckets->at[i].region);
        if (id == REGION_NONE || region_set_has(used, id))
            continue;
        used = region_set_with(used, id);
        count++;
    }
    return count;
}

enum s3_code admin_health(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct world *world = rq->world;
    struct bucket_list buckets = { 0 };
    struct buf buf;
    struct json_writer writer;
    enum store_result listed = store_bucket_list(rq->lane->reader, rq->arena,
                                                 &(struct bucket_list_query){ .max = 0 }, &buckets);
    if (listed != STORE_OK)
        return admin_store_problem(rq, listed);
    rq->mraps = mraps_acquire(world->mraps);
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    json_begin(&writer, &buf);
    json_object(&writer, NULL);
    json_text(&writer, "status", atomic_load(&world->ready) ? STR("ready") : STR("starting"));
    json_text(&writer, "version", STR(ATOLL_VERSION));
    json_text(&writer, "seed", str_format(rq->arena, "%llu", (unsigned long long) world->seed));
    json_text(&writer, "clock", clock_mode_name(clock_mode_get(world->clock)));
    json_real(&writer, "uptime_s", (double) (clock_mono().ns - world->opened.ns) / 1e9);
    json_object(&writer, "world");
    json_integer(&writer, "regions", (int64_t) regions_used(&buckets));
    json_integer(&writer, "buckets", (int64_t) buckets.count);
    json_integer(&writer, "mraps", (int64_t) mrap_list_count(rq->mraps));
    json_end(&writer);
    json_end(&writer);
    buf_add_char(&buf, '\n');
    return admin_reply(rq, &buf);
}
