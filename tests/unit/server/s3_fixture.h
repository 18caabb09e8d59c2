/* Handlers of S3 on a real store, without the walk: a request with what the earlier steps would
 * have found, handed to one handler and waited for. */
#ifndef ATOLL_TESTS_UNIT_SERVER_S3_FIXTURE_H
#define ATOLL_TESTS_UNIT_SERVER_S3_FIXTURE_H

#include <semaphore.h>

#include "server/mraps.h"
#include "server/regions.h"
#include "server/s3/address.h"
#include "server/s3/handlers.h"
#include "tests/unit/test.h"

#define ACCOUNT "123456789012"
#define S3_START ((instant){ 1767225600500000000 }) /* 2026-01-01T00:00:00.5Z */

struct s3_fixture {
    struct arena *arena;
    struct settings settings;
    struct world world;
    struct lane lane;
};

static inline struct s3_fixture *s3_open(void)
{
    struct arena *arena = arena_new();
    struct s3_fixture *s3 = ARENA_NEW(arena, struct s3_fixture);
    str error = STR_NONE;
    s3->arena = arena;
    s3->world.settings = &s3->settings;
    s3->world.clock = clock_new(CLOCK_MANUAL, S3_START, 1.0);
    struct store_options options = {
        .directory = test_directory(), .clock = s3->world.clock, .seed = 42, .body_threads = 1
    };
    s3->world.store = store_open(arena, &options, &error);
    assert_non_null(s3->world.store);
    s3->lane.world = &s3->world;
    s3->lane.reader = store_reader_open(s3->world.store);
    s3->world.mraps = mraps_open(s3->lane.reader);
    s3->world.regions = regions_open(s3->lane.reader, false);
    return s3;
}

static inline void s3_close(struct s3_fixture *s3)
{
    struct arena *arena = s3->arena;
    regions_close(s3->world.regions);
    mraps_close(s3->world.mraps);
    store_reader_close(s3->lane.reader);
    store_close(s3->world.store);
    clock_free(s3->world.clock);
    arena_free(arena);
}

static inline void s3_wake(struct request *rq)
{
    sem_post(rq->connection);
}

static const struct request_host s3_host = { s3_wake };

/* A request of ACCOUNT to `region`, path style. */
static inline struct request *s3_request(struct s3_fixture *s3, const char *region,
                                         const char *target)
{
    struct request *rq = ARENA_NEW(s3->arena, struct request);
    rq->magic = REQUEST_MAGIC;
    rq->arena = s3->arena;
    rq->world = &s3->world;
    rq->lane = &s3->lane;
    rq->host = &s3_host;
    rq->received_at = clock_now(s3->world.clock);
    rq->who.account = STR(ACCOUNT);
    rq->region = str_of(region);
    assert_true(address_parse(s3->arena, (struct host_names){ 0 }, STR("localhost"), str_of(target),
                              &rq->address, &rq->raw_query));
    query_parse(s3->arena, rq->raw_query, &rq->query);
    return rq;
}

/* Finds the bucket as the route step would, runs the handler, waits for its writes. */
static inline enum s3_code s3_run(struct request *rq, op_fn *handler)
{
    sem_t woken;
    sem_init(&woken, 0, 0);
    rq->connection = &woken;
    store_read_begin(rq->lane->reader);
    rq->has_bucket =
        rq->address.bucket.size > 0 &&
        store_bucket_get(rq->lane->reader, rq->arena, rq->address.bucket, &rq->bucket) == STORE_OK;
    rq->code = handler(rq);
    while (rq->code == S3_WAIT) {
        sem_wait(&woken);
        store_read_begin(rq->lane->reader);
        rq->code = rq->resume(rq);
    }
    sem_destroy(&woken);
    return rq->code;
}

static inline struct request *s3_call(struct s3_fixture *s3, op_fn *handler, const char *region,
                                      const char *target, const char *body)
{
    struct request *rq = s3_request(s3, region, target);
    rq->body = str_of(body);
    s3_run(rq, handler);
    return rq;
}

/* A bucket of ACCOUNT, by way of the handlers. */
static inline void s3_bucket(struct s3_fixture *s3, const char *name, const char *region,
                             bool versioned)
{
    str target = str_format(s3->arena, "/%s", name);
    str body = str_format(s3->arena,
                          "<CreateBucketConfiguration><LocationConstraint>%s</LocationConstraint>"
                          "</CreateBucketConfiguration>",
                          region);
    const char *text = strcmp(region, "us-east-1") == 0 ? NULL : body.ptr;
    assert_int_equal(s3_call(s3, op_create_bucket, region, target.ptr, text)->code, S3_OK);
    if (versioned)
        assert_int_equal(
            s3_call(s3, op_put_bucket_versioning, region, target.ptr,
                    "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
                ->code,
            S3_OK);
}

static inline bool s3_says(const struct request *rq, const char *text)
{
    return str_find(rq->reply.bytes, str_of(text)) < rq->reply.bytes.size;
}

#endif
