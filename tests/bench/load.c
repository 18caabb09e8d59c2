/* load: puts load on a server, for tests/bench/run. One thread, epoll, keep-alive connections; all
 * requests are signed (SigV4, with the hash of the body) before the clock starts, so that what is
 * measured is the server. One outstanding request per connection.
 *
 *     load -p PORT [-c CONNECTIONS] [-n REQUESTS] [-m METHOD] [-b BUCKET] [-k KEYS] [-s BODY-BYTES]
 *          [-o FIRST-KEY] [-g KEYS-PER-PREFIX] [-r RAW-TARGET] [-H HEADER] [-u]
 *
 * -u: unsigned; -r: this target, unsigned. Keys are k0000000 and so on, with -g under p000/, p001/.
 *
 * Prints one line: requests per second, p50 and p99 in ms, answers that were not 2xx, answers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"

enum { HEAD_BYTES = 2048, ANSWER_BYTES = 16 * 1024, EVENTS = 256, SILENCE_MS = 60000 };

struct options {
    unsigned port;
    size_t connections, requests, keys, first_key, keys_per_prefix, body_bytes;
    const char *method, *bucket, *target, *header;
    bool is_unsigned;
};

struct message {
    char head[HEAD_BYTES];
    size_t size;
};

struct connection {
    int fd;
    const struct message *message;
    size_t sent, got;   /* bytes of the request, bytes of the answer's head */
    uint64_t body_left; /* of the answer; counted once head_done */
    bool head_done;
    int64_t began_ns;
    char answer[ANSWER_BYTES];
};

struct load {
    struct options options;
    struct message *messages; /* one for each key */
    char *body;
    struct connection *connections;
    int epoll;
    size_t started, answered, refused;
    int64_t *took_ns;
};

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- requests, signed in advance --- */

static void to_hex(const struct digest_value *value, char *out)
{
    for (unsigned i = 0; i < value->size; i++)
        (void) snprintf(out + 2 * (size_t) i, 3, "%02x", value->bytes[i]);
}

static str bytes_of(const struct digest_value *value)
{
    return str_from((const char *) value->bytes, value->size);
}

struct signer {
    char date[32], body_hash[65];
    struct digest_value key;
};

static void signer_init(struct signer *signer, const char *body, size_t size)
{
    time_t now = time(NULL);
    struct tm utc;
    struct digest_value hash = digest_of(DIGEST_SHA256, body, size);
    (void) gmtime_r(&now, &utc);
    (void) strftime(signer->date, sizeof signer->date, "%Y%m%dT%H%M%SZ", &utc);
    to_hex(&hash, signer->body_hash);
    signer->key = digest_hmac_sha256(STR("AWS4atoll"), str_from(signer->date, 8));
    signer->key = digest_hmac_sha256(bytes_of(&signer->key), STR("us-east-1"));
    signer->key = digest_hmac_sha256(bytes_of(&signer->key), STR("s3"));
    signer->key = digest_hmac_sha256(bytes_of(&signer->key), STR("aws4_request"));
}

static void sign(const struct signer *signer, const struct options *options, const char *path,
                 char *signature)
{
    char text[HEAD_BYTES], hash[65];
    (void) snprintf(text, sizeof text,
                    "%s\n%s\n\nhost:127.0.0.1:%u\nx-amz-content-sha256:%s\nx-amz-date:%s\n\n"
                    "host;x-amz-content-sha256;x-amz-date\n%s",
                    options->method, path, options->port, signer->body_hash, signer->date,
                    signer->body_hash);
    struct digest_value value = digest_of(DIGEST_SHA256, text, strlen(text));
    to_hex(&value, hash);
    (void) snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%.8s/us-east-1/s3/aws4_request\n%s",
                    signer->date, signer->date, hash);
    value = digest_hmac_sha256(bytes_of(&signer->key), str_of(text));
    to_hex(&value, signature);
}

static void write_path(const struct options *options, size_t i, char *path, size_t size)
{
    size_t key = options->first_key + i;
    if (options->keys_per_prefix > 0)
        (void) snprintf(path, size, "/%s/p%03zu/k%07zu", options->bucket,
                        key / options->keys_per_prefix, key);
    else
        (void) snprintf(path, size, "/%s/k%07zu", options->bucket, key);
}

static void write_message(struct load *load, const struct signer *signer, size_t i)
{
    const struct options *options = &load->options;
    struct message *message = &load->messages[i];
    char path[256], signature[65] = "", authorization[384] = "", length[64] = "";
    write_path(options, i, path, sizeof path);
    if (!options->is_unsigned) {
        sign(signer, options, path, signature);
        (void) snprintf(authorization, sizeof authorization,
                        "Authorization: AWS4-HMAC-SHA256 "
                        "Credential=atoll/%.8s/us-east-1/s3/aws4_request, "
                        "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=%s\r\n"
                        "x-amz-date: %s\r\nx-amz-content-sha256: %s\r\n",
                        signer->date, signature, signer->date, signer->body_hash);
    }
    if (options->body_bytes > 0)
        (void) snprintf(length, sizeof length, "Content-Length: %zu\r\n", options->body_bytes);
    int size = snprintf(
        message->head, sizeof message->head, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s%s%s%s\r\n",
        options->method, options->target ? options->target : path, options->port, authorization,
        length, options->header ? options->header : "", options->header ? "\r\n" : "");
    if (size < 0 || (size_t) size >= sizeof message->head)
        die("a request is too long");
    message->size = (size_t) size;
}

static void write_messages(struct load *load)
{
    struct signer signer;
    size_t size = load->options.body_bytes;
    load->messages = calloc(load->options.keys, sizeof *load->messages);
    load->body = calloc(1, size + 1);
    load->took_ns = calloc(load->options.requests, sizeof *load->took_ns);
    load->connections = calloc(load->options.connections, sizeof *load->connections);
    if (!load->messages || !load->body || !load->took_ns || !load->connections)
        die("memory");
    memset(load->body, 'a', size);
    signer_init(&signer, load->body, size);
    for (size_t i = 0; i < load->options.keys; i++)
        write_message(load, &signer, i);
}

/* --- the loop --- */

static void watch(struct load *load, struct connection *c, int operation, uint32_t events)
{
    struct epoll_event event = { .events = events, .data = { .ptr = c } };
    if (epoll_ctl(load->epoll, operation, c->fd, &event) != 0)
        die("epoll_ctl");
}

static void connect_all(struct load *load)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t) load->options.port),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < load->options.connections; i++) {
        struct connection *c = &load->connections[i];
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *) &to, sizeof to) != 0)
            die("connect");
        watch(load, c, EPOLL_CTL_ADD, EPOLLIN);
    }
}

/* Sends what the socket takes; the rest follows when it is writable. */
static void push(struct load *load, struct connection *c)
{
    size_t total = c->message->size + load->options.body_bytes;
    while (c->sent < total) {
        bool in_head = c->sent < c->message->size;
        size_t in_body = in_head ? 0 : c->sent - c->message->size;
        struct iovec parts[2] = {
            { (char *) (uintptr_t) c->message->head + (in_head ? c->sent : c->message->size),
              in_head ? c->message->size - c->sent : 0 },
            { load->body + in_body, load->options.body_bytes - in_body },
        };
        struct msghdr header = { .msg_iov = parts, .msg_iovlen = 2 };
        ssize_t sent = sendmsg(c->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) {
            watch(load, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            return;
        }
        if (sent < 0)
            die("send");
        c->sent += (size_t) sent;
    }
}

static void begin(struct load *load, struct connection *c)
{
    if (load->started == load->options.requests)
        return;
    c->message = &load->messages[load->started++ % load->options.keys];
    c->sent = c->got = 0;
    c->head_done = false;
    c->began_ns = now_ns();
    push(load, c);
}

static void read_head(struct load *load, struct connection *c)
{
    c->answer[c->got] = '\0';
    char *end = strstr(c->answer, "\r\n\r\n");
    if (end == NULL) {
        if (c->got + 1 >= sizeof c->answer)
            die("an answer's head is too long");
        return;
    }
    const char *length = strcasestr(c->answer, "\r\nContent-Length:");
    uint64_t size = length && length < end ? strtoull(length + 17, NULL, 10) : 0;
    size_t have = c->got - (size_t) (end + 4 - c->answer);
    if (strncmp(c->answer, "HTTP/1.1 2", 10) != 0 && load->refused++ == 0)
        (void) fprintf(stderr, "%s\n", c->answer);
    c->head_done = true;
    c->body_left = size - have;
}

static void pull(struct load *load, struct connection *c)
{
    size_t at = c->head_done ? 0 : c->got;
    ssize_t got = recv(c->fd, c->answer + at, sizeof c->answer - 1 - at, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        die("the server closed a connection");
    if (c->head_done) {
        c->body_left -= (uint64_t) got;
    } else {
        c->got += (size_t) got;
        read_head(load, c);
    }
    if (!c->head_done || c->body_left > 0)
        return;
    load->took_ns[load->answered++] = now_ns() - c->began_ns;
    begin(load, c);
}

static void run(struct load *load)
{
    struct epoll_event events[EVENTS];
    for (size_t i = 0; i < load->options.connections; i++)
        begin(load, &load->connections[i]);
    while (load->answered < load->options.requests) {
        int count = epoll_wait(load->epoll, events, EVENTS, SILENCE_MS);
        if (count <= 0)
            die("the server does not answer");
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) {
                watch(load, c, EPOLL_CTL_MOD, EPOLLIN);
                push(load, c);
            }
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                pull(load, c);
        }
    }
}

/* --- command line --- */

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

static size_t number(const char *text)
{
    return (size_t) strtoull(text, NULL, 10);
}

static void parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){
        .connections = 64, .requests = 10000, .keys = 1, .method = "GET", .bucket = "bench"
    };
    for (int flag; (flag = getopt(argc, argv, "p:c:n:m:b:k:s:o:g:r:H:u")) != -1;) {
        switch (flag) {
        case 'p':
            options->port = (unsigned) number(optarg);
            break;
        case 'c':
            options->connections = number(optarg);
            break;
        case 'n':
            options->requests = number(optarg);
            break;
        case 'm':
            options->method = optarg;
            break;
        case 'b':
            options->bucket = optarg;
            break;
        case 'k':
            options->keys = number(optarg);
            break;
        case 's':
            options->body_bytes = number(optarg);
            break;
        case 'r':
            options->target = optarg;
            options->is_unsigned = true;
            break;
        case 'H':
            options->header = optarg;
            break;
        case 'o':
            options->first_key = number(optarg);
            break;
        case 'g':
            options->keys_per_prefix = number(optarg);
            break;
        case 'u':
            options->is_unsigned = true;
            break;
        default:
            exit(2);
        }
    }
    if (options->port == 0 || options->keys == 0 || options->connections == 0)
        die("usage: load -p PORT [-c N] [-n N] [-m METHOD] [-b BUCKET] [-k KEYS] [-s BYTES]");
}

int main(int argc, char **argv)
{
    struct load load = { 0 };
    struct rlimit files;
    parse(&load.options, argc, argv);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &files);
    }
    write_messages(&load);
    connect_all(&load);
    int64_t began = now_ns();
    run(&load);
    double seconds = (double) (now_ns() - began) / 1e9;
    qsort(load.took_ns, load.answered, sizeof *load.took_ns, by_size);
    (void) printf("%.0f %.3f %.3f %zu %zu\n", (double) load.answered / seconds,
                  (double) load.took_ns[load.answered / 2] / 1e6,
                  (double) load.took_ns[load.answered * 99 / 100] / 1e6, load.refused,
                  load.answered);
    return 0;
}
