/* Whole requests on a whole world, without sockets: what a client sends and what it gets. */
#ifndef ATOLL_TESTS_UNIT_SERVER_S3_WIRE_H
#define ATOLL_TESTS_UNIT_SERVER_S3_WIRE_H

#include "server/world.h"
#include "tests/unit/test.h"

#define WIRE_HEADERS 8

struct wire {
    struct arena *arena;
    struct settings settings;
    struct world *world;
    struct lane *lane;
};
struct sent {
    const char *method, *target;
    const char *headers[WIRE_HEADERS][2];
    str body;
};
struct got {
    int status;
    struct fields headers;
    str body;
    uint64_t size_bytes;
};

static inline struct wire *wire_open(void)
{
    struct arena *arena = arena_new();
    struct wire *wire = ARENA_NEW(arena, struct wire);
    str error = STR_NONE;
    log_configure(LOG_ERROR, LOG_TEXT);
    wire->arena = arena;
    wire->settings = (struct settings){ .data = str_of(test_directory()),
                                        .account = STR("123456789012"),
                                        .seed = 7,
                                        .clock_mode = CLOCK_MANUAL,
                                        .clock_start = { 1767323045000000000 },
                                        .clock_rate = 1,
                                        .auth = AUTH_MODE_OFF,
                                        .part_min_bytes = 8,
                                        .journal = 16,
                                        .hints = true };
    wire->world = world_open(arena, &wire->settings, &error);
    if (wire->world == NULL)
        fail_msg("%.*s", STR_ARG(error));
    wire->lane = world_lane_open(wire->world, 0);
    assert_non_null(wire->lane);
    return wire;
}

static inline void wire_close(struct wire *wire)
{
    struct arena *arena = wire->arena;
    world_lane_close(wire->lane);
    world_close(wire->world);
    arena_free(arena);
}

static inline str wire_body(struct wire *wire, struct request *rq)
{
    if (rq->reply.body == NULL)
        return str_copy(wire->arena, rq->reply.bytes);
    size_t size = (size_t) rq->reply.size_bytes, at = 0;
    char *bytes = arena_alloc(wire->arena, size + 1);
    ssize_t read;
    while ((read = body_reader_read(rq->reply.body, bytes + at, size - at)) > 0)
        at += (size_t) read;
    assert_int_equal(at, size);
    return str_from(bytes, size);
}

static inline struct got wire_send(struct wire *wire, const struct sent *sent)
{
    struct request *rq = request_new(wire->lane, &world_request_host);
    struct got got = { 0 };
    rq->method = str_of(sent->method);
    rq->target = str_of(sent->target);
    rq->peer = STR("127.0.0.1");
    rq->peer_is_loopback = true;
    if (sent->headers[0][0] == NULL || strcmp(sent->headers[0][0], "Host") != 0)
        fields_add(rq->arena, &rq->headers, STR("Host"), STR("localhost:28655"));
    for (size_t i = 0; i < WIRE_HEADERS && sent->headers[i][0]; i++)
        fields_add(rq->arena, &rq->headers, str_of(sent->headers[i][0]),
                   str_of(sent->headers[i][1]));
    if (sent->method[0] == 'P' && !str_is_set(request_get_header(rq, "Content-Length")))
        fields_add(rq->arena, &rq->headers, STR("Content-Length"),
                   str_format(rq->arena, "%zu", sent->body.size));
    world_request(rq, sent->body);
    got.status = rq->reply.status;
    got.size_bytes = rq->reply.size_bytes;
    for (size_t i = 0; i < rq->reply.headers.count; i++)
        fields_add(wire->arena, &got.headers, str_copy(wire->arena, rq->reply.headers.at[i].name),
                   str_copy(wire->arena, rq->reply.headers.at[i].value));
    got.body = wire_body(wire, rq);
    request_free(rq, true);
    return got;
}

/* Without headers, and with: wire_with(wire, "GET", "/b/k", "", { "Range", "bytes=0-1" }, ...). */
static inline struct got wire_ask(struct wire *wire, const char *verb, const char *path,
                                  const char *text)
{
    return wire_send(wire, &(struct sent){ .method = verb, .target = path, .body = str_of(text) });
}
#define wire_with(wire, verb, path, text, ...)                                                     \
    wire_send((wire), &(struct sent){ .method = (verb),                                            \
                                      .target = (path),                                            \
                                      .body = str_of(text),                                        \
                                      .headers = { __VA_ARGS__ } })

static inline str wire_header(const struct got *got, const char *name)
{
    return fields_get(&got->headers, name);
}

static inline bool wire_says(const struct got *got, const char *text)
{
    return str_find(got->body, str_of(text)) < got->body.size;
}

/* The text of the first element of that name. */
static inline str wire_element(struct wire *wire, const struct got *got, const char *name)
{
    str open = str_format(wire->arena, "<%s>", name);
    size_t at = str_find(got->body, open);
    if (at == got->body.size)
        return STR_NONE;
    str rest = str_skip(got->body, at + open.size);
    return str_copy(wire->arena, str_first(rest, str_find_char(rest, '<')));
}

#define assert_status(answer, expected)                                                            \
    do {                                                                                           \
        if ((answer).status != (expected))                                                         \
            fail_msg("%s:%d: %d instead of %d: %.*s", __FILE__, __LINE__, (answer).status,         \
                     (expected), STR_ARG((answer).body));                                          \
    } while (0)
#define assert_says(answer, text)                                                                  \
    do {                                                                                           \
        const struct got said_ = (answer);                                                         \
        if (!wire_says(&said_, (text)))                                                            \
            fail_msg("%s:%d: no %s in %d %.*s", __FILE__, __LINE__, (text), said_.status,          \
                     STR_ARG(said_.body));                                                         \
    } while (0)

static inline void wire_bucket(struct wire *wire, const char *path, bool versioned)
{
    struct got got = wire_ask(wire, "PUT", path, "");
    assert_status(got, 200);
    if (!versioned)
        return;
    str target = str_format(wire->arena, "%s?versioning", path);
    got = wire_ask(wire, "PUT", target.ptr,
                   "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
    assert_status(got, 200);
}

#endif
