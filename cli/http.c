/* One connection, one request, Connection: close: the answer ends where the bytes end. */
#include "cli/http.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/limits.h"

#define MOST_TOKEN_BYTES 4096

struct authority {
    char host[256];
    char port[8];
};

static bool split_authority(str server, struct authority *out)
{
    str rest = str_starts(server, STR("http://")) ? str_skip(server, 7) : server, host = rest,
        port = STR("80");
    str path;
    (void) str_cut(rest, '/', &rest, &path);
    if (rest.size > 0 && rest.ptr[0] == '[') {
        size_t end = str_find_char(rest, ']');
        if (end == rest.size)
            return false;
        host = str_from(rest.ptr + 1, end - 1);
        rest = str_skip(rest, end + 1);
        if (rest.size > 1)
            port = str_skip(rest, 1);
    } else if (!str_cut(rest, ':', &host, &port))
        port = STR("80");
    if (host.size == 0 || host.size >= sizeof out->host || port.size == 0 ||
        port.size >= sizeof out->port)
        return false;
    (void) snprintf(out->host, sizeof out->host, "%.*s", STR_ARG(host));
    (void) snprintf(out->port, sizeof out->port, "%.*s", STR_ARG(port));
    return true;
}

static int connect_to(const struct authority *to)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
    int fd = -1;
    if (getaddrinfo(to->host, to->port, &hints, &found) != 0)
        return -1;
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            (void) close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

static bool send_all(int fd, str bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.ptr, bytes.size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return false;
        if (sent > 0)
            bytes = str_skip(bytes, (size_t) sent);
    }
    return true;
}

static bool receive_all(int fd, struct buf *buf)
{
    for (;;) {
        char *room = buf_reserve(buf, 16384);
        if (room == NULL)
            return false;
        ssize_t got = recv(fd, room, 16384, 0);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        if (got > 0)
            buf->size += (size_t) got;
    }
}

/* The server answers us with Content-Length; chunked only streams, which are read by tail. */
static bool parse_answer(str all, struct http_answer *out)
{
    size_t end = str_find(all, STR("\r\n\r\n"));
    str head = str_first(all, end), line, name, value;
    uint64_t status;
    if (end == all.size || !str_starts(head, STR("HTTP/1.1 ")) ||
        !str_to_u64(str_from(head.ptr + 9, 3), &status))
        return false;
    *out = (struct http_answer){ .status = (int) status, .body = str_skip(all, end + 4) };
    while (str_next(&head, '\n', &line)) {
        if (!str_cut(line, ':', &name, &value))
            continue;
        if (str_eq_nocase(name, STR("Content-Type")))
            out->content_type = str_trim(value);
        else if (str_eq_nocase(name, STR("Content-Length")))
            out->has_length = str_to_u64(str_trim(value), &out->length);
    }
    return true;
}

/* Without a readable file nothing is sent, and a server that wants a token says so. */
static void add_token(struct buf *request, struct arena *arena)
{
    const char *path = getenv("ATOLL_ADMIN_TOKEN_FILE");
    str text;
    if (path == NULL || *path == '\0' || fs_read_file(arena, path, MOST_TOKEN_BYTES, &text) != 0)
        return;
    text = str_trim(text);
    if (text.size > 0 && str_find_char(text, '\n') == text.size)
        buf_addf(request, "Authorization: Bearer %.*s\r\n", STR_ARG(text));
}

/* A connection and the head of a request, left open for more headers; -1 with *error. */
static int begin(struct arena *arena, str server, const char *method, str path, struct buf *request,
                 str *error)
{
    struct authority to;
    if (!split_authority(server, &to)) {
        *error = str_format(arena, "'%.*s' is no server address: write http://HOST:PORT",
                            STR_ARG(server));
        return -1;
    }
    int fd = connect_to(&to);
    if (fd < 0) {
        *error = str_format(arena, "no atoll answers at %.*s", STR_ARG(server));
        return -1;
    }
    str host = str_starts(server, STR("http://")) ? str_skip(server, 7) : server;
    buf_init_arena(request, arena, LIMIT_ANSWER_BYTES);
    buf_addf(request, "%s %.*s HTTP/1.1\r\nHost: %.*s\r\nConnection: close\r\n", method,
             STR_ARG(path), STR_ARG(host));
    add_token(request, arena);
    return fd;
}

static bool no_atoll(struct arena *arena, str server, str *error)
{
    *error = str_format(arena, "%.*s did not answer as an atoll does", STR_ARG(server));
    return false;
}

bool http_call(struct arena *arena, str server, const char *method, str path, str body,
               struct http_answer *out, str *error)
{
    struct buf request, answer;
    SCOPED_FD int fd = begin(arena, server, method, path, &request, error);
    if (fd < 0)
        return false;
    if (str_is_set(body))
        buf_addf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.size);
    buf_add(&request, STR("\r\n"));
    buf_add(&request, body);
    buf_init_arena(&answer, arena, LIMIT_ANSWER_BYTES);
    if (!send_all(fd, buf_str(&request)) || !receive_all(fd, &answer) ||
        !parse_answer(buf_str(&answer), out))
        return no_atoll(arena, server, error);
    return true;
}

/* --- streams --- */

struct chunks {    /* Transfer-Encoding: chunked, as it comes */
    uint64_t left; /* of the chunk at hand */
    bool in_size;  /* its size is being read */
    bool ended;
    uint64_t size;
    bool (*take)(void *ctx, str bytes);
    void *ctx;
};

static unsigned hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? (unsigned) (c - '0')
           : c >= 'a' && c <= 'f' ? (unsigned) (c - 'a') + 10
           : c >= 'A' && c <= 'F' ? (unsigned) (c - 'A') + 10
                                  : 16;
}

/* One byte of a size line; the CRLF after a chunk reads as an empty one. */
static void size_byte(struct chunks *chunks, char c, bool *any)
{
    if (hex_digit(c) < 16) {
        chunks->size = chunks->size * 16 + hex_digit(c);
        *any = true;
    } else if (c == '\n' && *any) {
        chunks->left = chunks->size;
        chunks->ended = chunks->size == 0;
        chunks->in_size = false;
        chunks->size = 0;
        *any = false;
    }
}

/* False when the stream is over. */
static bool take_chunks(struct chunks *chunks, str bytes, bool *any)
{
    while (bytes.size > 0 && !chunks->ended) {
        if (chunks->in_size) {
            size_byte(chunks, bytes.ptr[0], any);
            bytes = str_skip(bytes, 1);
            continue;
        }
        str piece = str_first(bytes, chunks->left);
        bytes = str_skip(bytes, piece.size);
        chunks->left -= piece.size;
        chunks->in_size = chunks->left == 0;
        if (!chunks->take(chunks->ctx, piece))
            return false;
    }
    return !chunks->ended;
}

/* Reads until the head is whole; *body gets what came after it. */
static bool receive_head(int fd, struct buf *buf, struct http_answer *answer)
{
    for (;;) {
        char *room = buf_reserve(buf, 4096);
        ssize_t got = room ? recv(fd, room, 4096, 0) : -1;
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        buf->size += (size_t) got;
        if (parse_answer(buf_str(buf), answer))
            return true;
    }
}

static void receive_chunks(int fd, struct chunks *chunks, str first)
{
    char bytes[16384];
    bool any = false, more = take_chunks(chunks, first, &any);
    while (more) {
        ssize_t got = recv(fd, bytes, sizeof bytes, 0);
        if (got <= 0)
            return; /* an interrupt ends it, for who has asked to hear of that */
        more = take_chunks(chunks, str_from(bytes, (size_t) got), &any);
    }
}

int http_stream(struct arena *arena, str server, str path, bool (*take)(void *ctx, str bytes),
                void *ctx, str *error)
{
    struct http_answer answer;
    struct buf request, head;
    struct chunks chunks = { .in_size = true, .take = take, .ctx = ctx };
    SCOPED_FD int fd = begin(arena, server, "GET", path, &request, error);
    if (fd < 0)
        return 0;
    *error = str_format(arena, "no atoll answers at %.*s", STR_ARG(server));
    buf_add(&request, STR("Accept: application/x-ndjson\r\n\r\n"));
    buf_init_arena(&head, arena, LIMIT_ANSWER_BYTES);
    if (!send_all(fd, buf_str(&request)) || !receive_head(fd, &head, &answer))
        return 0;
    if (answer.status == 200)
        receive_chunks(fd, &chunks, answer.body);
    else
        *error =
            str_format(arena, "the server refused (%d): %.*s", answer.status, STR_ARG(answer.body));
    return answer.status;
}

/* --- files --- */

/* The rest of an answer that had not come with its head. */
static bool receive_rest(int fd, struct buf *head, struct http_answer *answer)
{
    return receive_all(fd, head) && parse_answer(buf_str(head), answer);
}

static bool write_all(int fd, str bytes)
{
    while (bytes.size > 0) {
        ssize_t written = write(fd, bytes.ptr, bytes.size);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            bytes = str_skip(bytes, (size_t) written);
    }
    return true;
}

/* From one to the other until the end; how much it was, or -1 with errno. */
static int64_t copy_bytes(int from, int to)
{
    char bytes[65536];
    int64_t copied = 0;
    for (;;) {
        ssize_t got = read(from, bytes, sizeof bytes);
        if (got == 0)
            return copied;
        if ((got < 0 && errno != EINTR) ||
            (got > 0 && !write_all(to, str_from(bytes, (size_t) got))))
            return -1;
        copied += got > 0 ? got : 0;
    }
}

bool http_get_file(struct arena *arena, str server, str path, int fd, struct http_answer *out,
                   str *error)
{
    struct buf request, head;
    *out = (struct http_answer){ 0 };
    SCOPED_FD int from = begin(arena, server, "GET", path, &request, error);
    if (from < 0)
        return false;
    buf_add(&request, STR("\r\n"));
    buf_init_arena(&head, arena, LIMIT_ANSWER_BYTES);
    if (!send_all(from, buf_str(&request)) || !receive_head(from, &head, out))
        return no_atoll(arena, server, error);
    if (out->status != 200)
        return receive_rest(from, &head, out) || no_atoll(arena, server, error);
    uint64_t early = out->body.size;
    int64_t later = write_all(fd, out->body) ? copy_bytes(from, fd) : -1;
    bool whole = later >= 0 && out->has_length && early + (uint64_t) later == out->length;
    if (later < 0)
        *error = str_format(arena, "it could not be written: %s", strerror(errno));
    else if (!whole)
        *error = STR("the server broke off before the end");
    out->body = STR("");
    return whole;
}

/* A pipe's length is not known before its end: it goes in chunks. */
static bool send_chunks(int to, int from)
{
    char bytes[65536], size[32];
    for (;;) {
        ssize_t got = read(from, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        (void) snprintf(size, sizeof size, "%zx\r\n", (size_t) got);
        if (!send_all(to, str_of(size)) || !send_all(to, str_from(bytes, (size_t) got)) ||
            !send_all(to, STR("\r\n")))
            return false;
        if (got == 0)
            return true;
    }
}

bool http_put_file(struct arena *arena, str server, str path, int fd, struct http_answer *out,
                   str *error)
{
    struct buf request, answer;
    struct stat info;
    *out = (struct http_answer){ 0 };
    bool is_file = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    SCOPED_FD int to = begin(arena, server, "PUT", path, &request, error);
    if (to < 0)
        return false;
    buf_add(&request, STR("Content-Type: application/x-tar\r\n"));
    if (is_file)
        buf_addf(&request, "Content-Length: %lld\r\n\r\n", (long long) info.st_size);
    else
        buf_add(&request, STR("Transfer-Encoding: chunked\r\n\r\n"));
    buf_init_arena(&answer, arena, LIMIT_ANSWER_BYTES);
    bool sent = send_all(to, buf_str(&request)) &&
                (is_file ? copy_bytes(fd, to) >= 0 : send_chunks(to, fd));
    /* A server that refuses need not read to the end: what counts is its answer. */
    if (receive_all(to, &answer) && parse_answer(buf_str(&answer), out))
        return true;
    if (sent)
        return no_atoll(arena, server, error);
    *error = str_format(arena, "it could not be sent: %s", strerror(errno));
    return false;
}
