/* A front door with a walk of its own behind it: the request_* calls are answered here, by path, so
 * that the tests see what the front does and nothing else. Included by one test program at a time;
 * the library's walk stays out of the link. */
#ifndef ATOLL_TESTS_UNIT_SERVER_FRONT_HARNESS_H
#define ATOLL_TESTS_UNIT_SERVER_FRONT_HARNESS_H

#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/lock.h"
#include "server/front/front.h"
#include "server/request.h"
#include "storage/body.h"

#define PATIENCE_MS 20000 /* of a client before the test is lost */
#define FILE_BYTES (3u << 20)

/* ---- the walk behind the door ---- */

struct body_reader {
    int fd;
    uint64_t at;
    uint64_t left;
};

/* Of one request, in rq->state. */
struct seen {
    uint64_t body_bytes;
    uint64_t body_sum;
    unsigned waits;
};

static struct {
    struct mutex lock;
    struct condition changed;
    struct request *held[64]; /* waiting for hold_release */
    size_t held_count;
    unsigned freed;
    unsigned freed_whole;
    unsigned told, told_whole;
    unsigned idle_calls;
    struct request *stream;
    unsigned stream_events;
    int file;
} behind;

static void *wake_later(void *arg)
{
    struct request *rq = arg;
    rq->host->wake(rq);
    return NULL;
}

/* Wakes from another thread, as the store does. */
static void wake_from_elsewhere(struct request *rq)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, wake_later, rq) != 0)
        abort();
    (void) pthread_detach(thread);
}

static bool path_is(const struct request *rq, const char *path)
{
    str target = rq->target;
    if (str_starts(target, STR("http://")))
        target = str_skip(target, 7 + str_find_char(str_skip(target, 7), '/'));
    return str_starts(target, str_of(path));
}

static uint64_t number_in(const struct request *rq)
{
    str path;
    str number;
    uint64_t value = 0;
    (void) str_cut(rq->target, '?', &path, &number);
    return str_to_u64(number, &value) ? value : 0;
}

static enum request_next say(struct request *rq, int status, str text)
{
    rq->reply.status = status;
    rq->reply.bytes = text;
    rq->reply.size_bytes = text.size;
    fields_add(rq->arena, &rq->reply.headers, STR("x-test"), STR("yes"));
    return REQUEST_READY;
}

static enum request_next wait_for_wake(struct request *rq)
{
    struct seen *seen = rq->state;
    seen->waits++;
    wake_from_elsewhere(rq);
    return REQUEST_WAITS;
}

static enum request_next hold(struct request *rq)
{
    SCOPED_LOCK(&behind.lock);
    behind.held[behind.held_count++] = rq;
    condition_wake_all(&behind.changed);
    return REQUEST_WAITS;
}

static enum request_next say_what_came(struct request *rq)
{
    struct seen *seen = rq->state;
    return say(rq, 200,
               str_format(rq->arena, "%llu %llu", (unsigned long long) seen->body_bytes,
                          (unsigned long long) seen->body_sum));
}

static enum request_next say_head(struct request *rq)
{
    struct buf text;
    buf_init_arena(&text, rq->arena, 65536);
    buf_addf(&text, "%.*s %.*s tls=%d tunnel=%.*s user=%.*s peer=%.*s\n", STR_ARG(rq->method),
             STR_ARG(rq->target), rq->tls, STR_ARG(rq->tunnel_host), STR_ARG(rq->proxy_user),
             STR_ARG(rq->peer));
    for (size_t i = 0; i < rq->headers.count; i++)
        buf_addf(&text, "%.*s=%.*s\n", STR_ARG(rq->headers.at[i].name),
                 STR_ARG(rq->headers.at[i].value));
    return say(rq, 200, buf_str(&text));
}

static enum request_next say_file(struct request *rq)
{
    struct body_reader *body = mem_alloc(sizeof *body);
    body->fd = behind.file;
    body->at = 1;
    body->left = number_in(rq);
    rq->reply.status = 200;
    rq->reply.body = body;
    rq->reply.size_bytes = body->left;
    return REQUEST_READY;
}

static bool stream_on(struct request *rq, char *out, size_t room, size_t *size)
{
    SCOPED_LOCK(&behind.lock);
    behind.stream = rq;
    if (behind.stream_events > 0) {
        behind.stream_events--;
        *size = (size_t) snprintf(out, room, "data: x\n\n");
    }
    condition_wake_all(&behind.changed);
    return true;
}

static enum request_next finish(struct request *rq)
{
    if (path_is(rq, "/head"))
        return say_head(rq);
    if (path_is(rq, "/file"))
        return say_file(rq);
    if (path_is(rq, "/delay"))
        rq->reply.delay = DURATION_MS(number_in(rq));
    if (path_is(rq, "/throttle"))
        rq->reply.bytes_per_s = 100000;
    if (path_is(rq, "/throttle"))
        return say(rq, 200, str_from(arena_alloc(rq->arena, number_in(rq)), number_in(rq)));
    if (path_is(rq, "/size")) {
        rq->reply.status = 200;
        rq->reply.size_bytes = number_in(rq);
        rq->reply.head = true;
        return REQUEST_READY;
    }
    if (path_is(rq, "/events")) {
        rq->reply.status = 200;
        rq->reply.stream = stream_on;
        fields_add(rq->arena, &rq->reply.headers, STR("Content-Type"), STR("text/event-stream"));
        return REQUEST_READY;
    }
    return say_what_came(rq);
}

struct request *request_new(struct lane *lane, const struct request_host *host)
{
    struct arena *arena = arena_new();
    struct request *rq = ARENA_NEW(arena, struct request);
    rq->magic = REQUEST_MAGIC;
    rq->arena = arena;
    rq->lane = lane;
    rq->host = host;
    rq->state = ARENA_NEW(arena, struct seen);
    return rq;
}

enum request_next request_head(struct request *rq)
{
    struct seen *seen = rq->state;
    if (path_is(rq, "/deny"))
        return say(rq, 403, STR("denied"));
    if (path_is(rq, "/hold"))
        return hold(rq);
    if (path_is(rq, "/wait-head") && seen->waits == 0)
        return wait_for_wake(rq);
    if (path_is(rq, "/late-deny"))
        return wait_for_wake(rq);
    return REQUEST_WANTS_BODY;
}

enum request_next request_body(struct request *rq, const void *bytes, size_t size_bytes)
{
    struct seen *seen = rq->state;
    const unsigned char *at = bytes;
    if (path_is(rq, "/fail-at") && seen->body_bytes >= number_in(rq))
        return say(rq, 507, STR("failed in the middle"));
    if (path_is(rq, "/slow") && seen->waits <= seen->body_bytes / 65536)
        return wait_for_wake(rq);
    if (path_is(rq, "/body-held") && seen->waits++ == 0)
        return hold(rq);
    for (size_t i = 0; i < size_bytes; i++)
        seen->body_sum = seen->body_sum * 31 + at[i];
    seen->body_bytes += size_bytes;
    return REQUEST_WANTS_BODY;
}

enum request_next request_body_end(struct request *rq)
{
    struct seen *seen = rq->state;
    if (path_is(rq, "/wait-end") && seen->waits == 0)
        return wait_for_wake(rq);
    return finish(rq);
}

enum request_next request_resume(struct request *rq)
{
    if (path_is(rq, "/late-deny"))
        return say(rq, 403, STR("denied"));
    if (path_is(rq, "/hold") || path_is(rq, "/wait-end"))
        return finish(rq);
    return REQUEST_WANTS_BODY;
}

void request_tell(struct request *rq, bool sent_whole)
{
    mutex_lock(&behind.lock);
    behind.told += !rq->told;
    behind.told_whole += !rq->told && sent_whole;
    rq->told = true;
    mutex_unlock(&behind.lock);
}

void request_free(struct request *rq, bool sent_whole)
{
    mutex_lock(&behind.lock);
    behind.freed++;
    behind.freed_whole += sent_whole;
    if (behind.stream == rq)
        behind.stream = NULL;
    condition_wake_all(&behind.changed);
    mutex_unlock(&behind.lock);
    rq->magic = 0;
    arena_free(rq->arena);
}

struct lane *world_lane_open(UNUSED struct world *world, unsigned index)
{
    struct lane *lane = mem_alloc(sizeof *lane);
    lane->index = index;
    lane->reader = (struct store_reader *) lane; /* only handed on to store_read_idle */
    return lane;
}

void world_lane_close(struct lane *lane)
{
    free(lane);
}

void store_read_idle(UNUSED struct store_reader *reader)
{
    SCOPED_LOCK(&behind.lock);
    behind.idle_calls++;
    condition_wake_all(&behind.changed);
}

ssize_t body_reader_read(struct body_reader *body, void *out, size_t size_bytes)
{
    size_t size = size_bytes < body->left ? size_bytes : (size_t) body->left;
    ssize_t got = pread(body->fd, out, size, (off_t) body->at);
    body->at += (uint64_t) got;
    body->left -= (uint64_t) got;
    return got;
}

bool body_reader_single_file(const struct body_reader *body, int *fd, uint64_t *at_bytes)
{
    *fd = body->fd;
    *at_bytes = body->at;
    return true;
}

uint64_t body_reader_left(const struct body_reader *body)
{
    return body->left;
}

void body_reader_close(struct body_reader *body)
{
    free(body);
}

/* ---- the door ---- */

static struct {
    struct arena *arena;
    struct settings settings;
    struct world world;
    struct front *front;
} house;

static unsigned char file_byte(size_t at)
{
    return (unsigned char) (at * 7 + at / 256);
}

static void make_file(void)
{
    char path[400];
    unsigned char *bytes = mem_alloc(FILE_BYTES);
    for (size_t i = 0; i < FILE_BYTES; i++)
        bytes[i] = file_byte(i);
    (void) snprintf(path, sizeof path, "%s/file", test_directory());
    behind.file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(fs_write_all(fs_real(), behind.file, bytes, FILE_BYTES, 0), 0);
    free(bytes);
}

static void door_open(const struct front_limits *limits)
{
    str error = STR_NONE;
    if (house.arena == NULL) {
        house.arena = arena_new();
        mutex_init(&behind.lock);
        condition_init(&behind.changed);
        house.settings.ca_dir = str_copy(house.arena, str_of(test_directory()));
        house.settings.listen[0] = STR("127.0.0.1:0");
        house.settings.listen_count = 1;
        house.settings.workers = 2;
        house.world.settings = &house.settings;
        make_file();
    }
    behind.freed = behind.freed_whole = behind.idle_calls = behind.stream_events = 0;
    behind.told = behind.told_whole = 0;
    behind.held_count = 0;
    house.front = front_open(house.arena, &house.world, limits, &error);
    if (house.front == NULL)
        fail_msg("front_open: %.*s", STR_ARG(error));
    front_start(house.front);
}

static void door_close(void)
{
    front_close(house.front);
    house.front = NULL;
}

/* A failing assertion leaves by longjmp, so never under the lock. */
static bool wait_until_at_least(const void *count, bool is_size, size_t wanted)
{
    SCOPED_LOCK(&behind.lock);
    for (;;) {
        size_t now = is_size ? *(const size_t *) count : *(const unsigned *) count;
        if (now >= wanted)
            return true;
        if (!condition_wait_for(&behind.changed, &behind.lock, DURATION_MS(PATIENCE_MS)))
            return false;
    }
}

UNUSED static void await_count(const unsigned *count, unsigned wanted)
{
    assert_true(wait_until_at_least(count, false, wanted));
}

UNUSED static void await_held(size_t wanted)
{
    assert_true(wait_until_at_least(&behind.held_count, true, wanted));
}

/* ---- a client ---- */

static int client_connect(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t) front_port(house.front)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *) &to, sizeof to), 0);
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return fd;
}

static bool client_send_bytes(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t) sent;
    }
    return true;
}

static void client_send(int fd, const char *text)
{
    assert_true(client_send_bytes(fd, text, strlen(text)));
}

/* One answer: its head (with the empty line), then the body by Content-Length. */
struct heard {
    int status;
    char head[8192];
    char body[8192]; /* its beginning */
    size_t body_bytes;
    bool ended; /* the server closed before the answer was whole */
};

typedef ssize_t client_read_fn(void *from, void *out, size_t size);

static ssize_t socket_read(void *from, void *out, size_t size)
{
    return recv(*(int *) from, out, size, 0);
}

static bool hear_head(client_read_fn *read, void *from, struct heard *heard)
{
    size_t size = 0;
    while (size + 1 < sizeof heard->head) {
        if (read(from, heard->head + size, 1) != 1)
            return false;
        heard->head[++size] = '\0';
        if (size >= 4 && memcmp(heard->head + size - 4, "\r\n\r\n", 4) == 0)
            return sscanf(heard->head, "HTTP/1.1 %d", &heard->status) == 1;
    }
    return false;
}

static uint64_t length_said(const struct heard *heard)
{
    const char *at = strcasestr(heard->head, "\r\nContent-Length: ");
    return at ? strtoull(at + 18, NULL, 10) : 0;
}

static struct heard hear_from(client_read_fn *read, void *from, bool head_only)
{
    struct heard heard = { 0 };
    char byte_block[65536];
    if (!hear_head(read, from, &heard)) {
        heard.ended = true;
        return heard;
    }
    uint64_t left = head_only || heard.status == 100 ? 0 : length_said(&heard);
    while (left > 0) {
        size_t want = left < sizeof byte_block ? (size_t) left : sizeof byte_block;
        ssize_t got = read(from, byte_block, want);
        if (got <= 0) {
            heard.ended = true;
            break;
        }
        for (ssize_t i = 0; i < got && heard.body_bytes + (size_t) i + 1 < sizeof heard.body; i++)
            heard.body[heard.body_bytes + (size_t) i] = byte_block[i];
        heard.body_bytes += (size_t) got;
        left -= (uint64_t) got;
    }
    return heard;
}

static struct heard client_hear(int fd)
{
    return hear_from(socket_read, &fd, false);
}

static struct heard client_ask(int fd, const char *text)
{
    client_send(fd, text);
    return client_hear(fd);
}

/* The server has closed, and everything it said was heard. */
UNUSED static bool client_sees_end(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) <= 0 && errno != EAGAIN;
}

#endif
