/* From struct reply to libmicrohttpd's response: which kind of response suits which body.
 *
 *     small            one buffer: header and body leave in one write
 *     stored, plain    sendfile from a duplicate of the file
 *     stored, TLS      a callback that reads large blocks: under TLS libmicrohttpd's own file
 *                      response reads 4 KiB at a time (measured: 500 instead of 1,300 MB/s)
 *     throttled        a callback that sleeps between portions
 *     events           a callback that sleeps until woken
 */
#include "server/front/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "storage/body.h"

enum {
    SMALL_BYTES = 64 * 1024,
    BLOCK_BYTES = 128 * 1024,
    STREAM_BLOCK_BYTES = 16 * 1024,
    THROTTLE_PORTION_MOST = 16 * 1024,
    THROTTLE_PORTIONS_PER_S = 20,
    STREAM_QUIET_S = 5, /* a suspended connection does not notice that its client left */
    HEADER_ON_STACK = 1024
};

/* Bytes that may be sent now under the throttle; 0 after going to sleep until some may. */
static size_t throttled(struct exchange *exchange, uint64_t sent_bytes, size_t room)
{
    uint64_t rate = exchange->rq->reply.bytes_per_s;
    if (rate == 0)
        return room;
    uint64_t portion = rate / THROTTLE_PORTIONS_PER_S + 1;
    if (portion > THROTTLE_PORTION_MOST)
        portion = THROTTLE_PORTION_MOST;
    double passed_s = (double) (clock_mono().ns - exchange->sending_since.ns) / 1e9;
    double allowed = passed_s * (double) rate + (double) portion;
    if ((double) sent_bytes >= allowed) {
        double wait_ns = ((double) (sent_bytes + portion) - allowed) / (double) rate * 1e9;
        exchange_sleep(exchange, (duration){ (int64_t) wait_ns });
        return 0;
    }
    double left = allowed - (double) sent_bytes;
    return left < (double) room ? (size_t) left + 1 : room;
}

/* A reset: disconnecting the socket makes the kernel send RST, which SO_LINGER cannot, because
 * libmicrohttpd shuts the connection down first. */
static void reset_connection(const struct connection *connection)
{
    const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
    (void) connect(connection->fd, &nobody, sizeof nobody);
}

/* True where the answer breaks off, as a fault asked; else *room is clipped to before it. */
static bool breaks_off(const struct exchange *exchange, uint64_t at, size_t *room)
{
    const struct reply *reply = &exchange->rq->reply;
    if (reply->cut != REPLY_CUT_BODY && reply->cut != REPLY_CUT_BODY_RESET)
        return false;
    if (at < reply->cut_after_bytes) {
        if (*room > reply->cut_after_bytes - at)
            *room = (size_t) (reply->cut_after_bytes - at);
        return false;
    }
    request_tell(exchange->rq, false);
    if (reply->cut == REPLY_CUT_BODY_RESET)
        reset_connection(exchange->connection);
    return true;
}

static ssize_t read_body(void *cls, uint64_t at, char *out, size_t room)
{
    struct exchange *exchange = cls;
    if (exchange->cut || breaks_off(exchange, at, &room))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t size = throttled(exchange, at, room);
    if (size == 0)
        return 0;
    ssize_t got = body_reader_read(exchange->rq->reply.body, out, size < room ? size : room);
    if (got > 0 && at + (uint64_t) got == exchange->rq->reply.size_bytes)
        request_tell(exchange->rq, true);
    return got > 0 ? got : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* Fewer bytes than the size says is a fault that was asked for: the answer breaks off. */
static ssize_t read_bytes(void *cls, uint64_t at, char *out, size_t room)
{
    struct exchange *exchange = cls;
    str bytes = exchange->rq->reply.bytes;
    if (exchange->cut || at >= bytes.size || breaks_off(exchange, at, &room)) {
        request_tell(exchange->rq, false);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    size_t size = throttled(exchange, at, room);
    if (size > bytes.size - at)
        size = (size_t) (bytes.size - at);
    if (at + size == exchange->rq->reply.size_bytes)
        request_tell(exchange->rq, true);
    memcpy(out, bytes.ptr + at, size);
    return (ssize_t) size;
}

/* An answer without a body, of HEAD or with status 304: its size is said, this never called. */
static ssize_t read_nothing(UNUSED void *cls, UNUSED uint64_t at, UNUSED char *out,
                            UNUSED size_t room)
{
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* Its end of the connection is closed. Server-sent events have comments to find that out, lines of
 * JSON have nothing to say. */
static bool client_left(const struct exchange *exchange)
{
    char next;
    return exchange->connection &&
           recv(exchange->connection->fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static ssize_t read_stream(void *cls, UNUSED uint64_t at, char *out, size_t room)
{
    static const char comment[] = ":\n\n";
    struct exchange *exchange = cls;
    struct request *rq = exchange->rq;
    size_t size = 0;
    if (exchange->cut)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (exchange->stream_ended || exchange->worker->phase != FRONT_OPEN)
        return MHD_CONTENT_READER_END_OF_STREAM;
    exchange->stream_ended = !rq->reply.stream(rq, out, room, &size);
    bool quiet = exchange->stream_quiet;
    exchange->stream_quiet = false;
    if (size > 0)
        return (ssize_t) size;
    if (exchange->stream_ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (quiet &&
        str_starts(fields_get(&rq->reply.headers, "Content-Type"), STR("text/event-stream"))) {
        memcpy(out, comment, sizeof comment - 1);
        return sizeof comment - 1;
    }
    if (quiet && client_left(exchange))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    exchange_sleep(exchange, DURATION_S(STREAM_QUIET_S));
    return 0;
}

static struct MHD_Response *of_bytes(str bytes)
{
    void *start = (void *) (uintptr_t) bytes.ptr; /* libmicrohttpd only reads it */
    return MHD_create_response_from_buffer(bytes.size, start, MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *of_callback(struct exchange *exchange, uint64_t size_bytes,
                                        MHD_ContentReaderCallback read)
{
    size_t block = size_bytes < BLOCK_BYTES ? (size_t) size_bytes : BLOCK_BYTES;
    return MHD_create_response_from_callback(size_bytes, block ? block : 1, read, exchange, NULL);
}

static struct MHD_Response *of_small_body(struct exchange *exchange, size_t size)
{
    struct request *rq = exchange->rq;
    char *bytes = arena_alloc_raw(rq->arena, size);
    size_t have = 0;
    while (have < size) {
        ssize_t got = body_reader_read(rq->reply.body, bytes + have, size - have);
        if (got <= 0)
            return NULL;
        have += (size_t) got;
    }
    return of_bytes(str_from(bytes, size));
}

static struct MHD_Response *of_file(const struct reply *reply)
{
    int fd;
    uint64_t at_bytes;
    if (!body_reader_single_file(reply->body, &fd, &at_bytes))
        return NULL;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0)
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_fd_at_offset64(reply->size_bytes, own, at_bytes);
    if (response == NULL)
        (void) close(own);
    return response;
}

/* Neither throttled nor broken off. */
static bool is_plain(const struct reply *reply)
{
    return reply->bytes_per_s == 0 && reply->cut == REPLY_CUT_NONE;
}

static struct MHD_Response *of_body(struct exchange *exchange)
{
    const struct reply *reply = &exchange->rq->reply;
    if (reply->size_bytes <= SMALL_BYTES && is_plain(reply))
        return of_small_body(exchange, (size_t) reply->size_bytes);
    struct MHD_Response *response = NULL;
    if (!exchange->connection->tls && is_plain(reply) &&
        body_reader_left(reply->body) == reply->size_bytes)
        response = of_file(reply);
    return response ? response : of_callback(exchange, reply->size_bytes, read_body);
}

static bool says_only_size(const struct request *rq)
{
    return rq->reply.head || rq->reply.status == 304 || str_is(rq->method, "HEAD");
}

/* Nothing can go wrong with it any more but the client. */
static bool is_at_hand(const struct request *rq)
{
    const struct reply *reply = &rq->reply;
    if (reply->stream || !is_plain(reply))
        return false;
    return says_only_size(rq) || (reply->body ? reply->size_bytes <= SMALL_BYTES
                                              : reply->bytes.size == reply->size_bytes);
}

static struct MHD_Response *make_response(struct exchange *exchange)
{
    struct reply *reply = &exchange->rq->reply;
    if (reply->stream)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, read_stream,
                                                 exchange, NULL);
    if (reply->bytes.size > reply->size_bytes)
        reply->size_bytes = reply->bytes.size;
    if (reply->size_bytes == 0)
        return of_bytes(STR(""));
    if (says_only_size(exchange->rq))
        return of_callback(exchange, reply->size_bytes, read_nothing);
    if (reply->body)
        return of_body(exchange);
    if (is_plain(reply) && reply->bytes.size == reply->size_bytes)
        return of_bytes(reply->bytes);
    return of_callback(exchange, reply->size_bytes, read_bytes);
}

/* libmicrohttpd says these itself, and a second Content-Length would be a lie to somebody. */
static bool is_libmicrohttpds(str name)
{
    return str_eq_nocase(name, STR("Content-Length")) ||
           str_eq_nocase(name, STR("Transfer-Encoding")) || str_eq_nocase(name, STR("Connection"));
}

static void add_header(struct MHD_Response *response, struct arena *arena, struct field field)
{
    char on_stack[HEADER_ON_STACK];
    char *name = on_stack;
    if (is_libmicrohttpds(field.name))
        return;
    size_t room = field.name.size + field.value.size + 2;
    if (room > sizeof on_stack)
        name = arena_alloc_raw(arena, room);
    char *value = name + field.name.size + 1;
    memcpy(name, field.name.ptr, field.name.size);
    name[field.name.size] = '\0';
    if (field.value.size > 0)
        memcpy(value, field.value.ptr, field.value.size);
    value[field.value.size] = '\0';
    /* libmicrohttpd refuses an empty value; a blank is the same to every client (RFC 9110, 5.5). */
    if (MHD_add_response_header(response, name, field.value.size > 0 ? value : " ") != MHD_YES)
        log_line(LOG_DEBUG, "a response header could not be sent: %s", name);
}

static void add_headers(struct exchange *exchange, struct MHD_Response *response)
{
    struct request *rq = exchange->rq;
    for (size_t i = 0; i < rq->reply.headers.count; i++)
        add_header(response, rq->arena, rq->reply.headers.at[i]);
    if (rq->reply.close || exchange->worker->phase != FRONT_OPEN)
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

/* In the first call the client may go on sending for a while; it shall still read the answer. */
static void linger_after(struct connection *connection, uint64_t declared_bytes)
{
    connection->lingers = true;
    connection->linger_bytes =
        declared_bytes == UINT64_MAX ? LIMIT_DRAIN_BYTES : declared_bytes + LIMIT_HTTP_MEMORY_BYTES;
}

enum MHD_Result answer_send(struct exchange *exchange)
{
    struct request *rq = exchange->rq;
    struct connection *connection = exchange->connection;
    if (!exchange->delayed && rq->reply.delay.ns > 0) {
        exchange->delayed = true;
        exchange_sleep(exchange, rq->reply.delay);
        return MHD_YES;
    }
    timers_cancel(&exchange->worker->timers, &exchange->timer);
    exchange->sending_since = clock_mono();
    if (rq->reply.cut == REPLY_CUT_RESET || rq->reply.cut == REPLY_CUT_CLOSE) {
        request_tell(rq, false);
        if (rq->reply.cut == REPLY_CUT_RESET)
            reset_connection(connection);
        return MHD_NO;
    }
    struct MHD_Response *response = make_response(exchange);
    if (response == NULL)
        return MHD_NO;
    add_headers(exchange, response);
    if (is_at_hand(rq))
        request_tell(rq, true);
    if (exchange->first)
        linger_after(connection, rq->content_length);
    exchange->queued =
        MHD_queue_response(connection->mhd, (unsigned) rq->reply.status, response) == MHD_YES;
    MHD_destroy_response(response);
    return exchange->queued ? MHD_YES : MHD_NO;
}

enum MHD_Result answer_refusal(struct connection *connection, const struct refusal *refusal)
{
    char document[512];
    int size = snprintf(document, sizeof document,
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                        "<Error><Code>%s</Code><Message>%s</Message></Error>",
                        refusal->code, refusal->message);
    struct MHD_Response *response =
        MHD_create_response_from_buffer((size_t) size, document, MHD_RESPMEM_MUST_COPY);
    (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/xml");
    (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    linger_after(connection, UINT64_MAX);
    enum MHD_Result queued =
        MHD_queue_response(connection->mhd, (unsigned) refusal->status, response);
    MHD_destroy_response(response);
    return queued;
}
