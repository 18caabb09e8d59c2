/* Requests of a simulated history: drawn from its seed, sent to the world in process, and written
 * down in the transcript with their answers. Threads: the driver's. */
#ifndef ATOLL_TESTS_SIM_REQUESTS_H
#define ATOLL_TESTS_SIM_REQUESTS_H

#include "base/rng.h"
#include "tests/sim/model.h"

enum { KEYS = 6, HEADERS = 4 };

/* --- chance --- */

static inline unsigned draw(struct sim *sim, unsigned below)
{
    struct rng_key key = { .seed = sim->seed, .purpose = RNG_TEST, .ordinal = sim->ordinal++ };
    return (unsigned) (rng_u64(&key) % below);
}

static inline bool chance(struct sim *sim, unsigned percent)
{
    return draw(sim, 100) < percent;
}

/* --- requests --- */

struct ask {
    const char *method;
    str bucket; /* empty: through the access point; "-": ours */
    str path;   /* without the leading slash */
    str body;
    const char *headers[HEADERS][2];
};
struct got {
    int status;
    unsigned bucket; /* that served it */
    str version, etag, source_version, body;
};

static inline str body_of(struct sim *sim, struct request *rq)
{
    if (rq->reply.body == NULL)
        return str_copy(sim->arena, rq->reply.bytes);
    size_t size = (size_t) rq->reply.size_bytes, at = 0;
    char *bytes = arena_alloc(sim->arena, size + 1);
    ssize_t read;
    while (at < size && (read = body_reader_read(rq->reply.body, bytes + at, size - at)) > 0)
        at += (size_t) read;
    return str_from(bytes, at);
}

static inline str header_of(struct sim *sim, const struct request *rq, const char *name)
{
    str value = fields_get(&rq->reply.headers, name);
    return str_is_set(value) ? str_copy(sim->arena, value) : STR_NONE;
}

static inline void fill(struct sim *sim, struct request *rq, const struct ask *ask)
{
    static const char *const places[] = { "paris", "new-york", "singapore", "sydney", "sao-paulo" };
    bool own = str_is(ask->bucket, "-");
    rq->method = str_of(ask->method);
    rq->target =
        ask->bucket.size == 0 || own
            ? str_format(rq->arena, "/%.*s", STR_ARG(ask->path))
            : str_format(rq->arena, "/%.*s/%.*s", STR_ARG(ask->bucket), STR_ARG(ask->path));
    rq->peer = STR("127.0.0.1");
    rq->peer_is_loopback = true;
    fields_add(rq->arena, &rq->headers, STR("Host"),
               ask->bucket.size == 0 ? STR("simulated0123.mrap.accesspoint.s3-global.amazonaws.com")
                                     : STR("localhost:28655"));
    fields_add(rq->arena, &rq->headers, STR("x-atoll-client"),
               str_of(places[draw(sim, COUNT(places))]));
    if (own)
        fields_add(rq->arena, &rq->headers, STR("Content-Type"), STR("application/json"));
    for (size_t i = 0; i < HEADERS && ask->headers[i][0]; i++)
        fields_add(rq->arena, &rq->headers, str_of(ask->headers[i][0]), str_of(ask->headers[i][1]));
}

static inline struct got tell(struct sim *sim, const struct ask *ask)
{
    struct request *rq = request_new(sim->lane, &world_request_host);
    fill(sim, rq, ask);
    world_request(rq, ask->body);
    struct got got = { .status = rq->reply.status,
                       .bucket = rq->has_bucket ? sim_bucket(sim, rq->bucket.name) : SIM_REGIONS,
                       .version = header_of(sim, rq, "x-amz-version-id"),
                       .etag = header_of(sim, rq, "ETag"),
                       .source_version = header_of(sim, rq, "x-amz-copy-source-version-id"),
                       .body = body_of(sim, rq) };
    buf_addf(&sim->log, "%s %.*s %.*s %.*s -> %d %.*s %.*s %.*s\n%.*s\n", ask->method,
             STR_ARG(rq->target), STR_ARG(fields_get(&rq->headers, "x-atoll-client")),
             STR_ARG(ask->body), got.status, STR_ARG(rq->id),
             STR_ARG(got.bucket < sim->regions ? sim->names[got.bucket] : STR("-")),
             STR_ARG(got.version), STR_ARG(got.body));
    if (got.status >= 500 && got.status != 503)
        SIM_FAIL(sim, "%s %.*s was answered %d: %.*s", ask->method, STR_ARG(rq->target), got.status,
                 STR_ARG(got.body));
    request_free(rq, true);
    return got;
}

static inline struct got own(struct sim *sim, const char *method, const char *path, str body)
{
    return tell(sim, &(struct ask){
                         .method = method,
                         .bucket = STR("-"),
                         .path = str_format(sim->arena, "_atoll/v1/%s", path),
                         .body = body,
                     });
}

static inline str some_bucket(struct sim *sim)
{
    return sim->names[draw(sim, sim->regions)];
}

/* Most go through the access point. */
static inline str somewhere(struct sim *sim)
{
    return chance(sim, 70) ? STR_NONE : some_bucket(sim);
}

static inline str some_key(struct sim *sim)
{
    return str_format(sim->arena, "k%u", draw(sim, KEYS));
}

static inline str some_body(struct sim *sim)
{
    return str_format(sim->arena, "body %u of seed %llu", draw(sim, 1u << 30),
                      (unsigned long long) sim->seed);
}

#endif
