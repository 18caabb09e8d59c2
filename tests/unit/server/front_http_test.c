/* HTTP through the front door: heads, bodies, waits and answers. */
#include "tests/unit/server/front_harness.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static uint64_t sum_of(size_t size)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + file_byte(i);
    return sum;
}

static unsigned char *bytes_of(size_t size)
{
    unsigned char *bytes = mem_alloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = file_byte(i);
    return bytes;
}

static bool send_body(int fd, size_t size)
{
    unsigned char *bytes = bytes_of(size);
    bool sent = client_send_bytes(fd, bytes, size);
    free(bytes);
    return sent;
}

static void send_put(int fd, const char *path, size_t size, const char *more)
{
    char head[512];
    (void) snprintf(head, sizeof head,
                    "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n%s\r\n", path, size,
                    more);
    client_send(fd, head);
}

static void assert_took(const struct heard *heard, size_t size)
{
    char expected[64];
    (void) snprintf(expected, sizeof expected, "%zu %llu", size, (unsigned long long) sum_of(size));
    assert_int_equal(heard->status, 200);
    assert_string_equal(heard->body, expected);
}

TEST(a_request_arrives_with_its_raw_target_and_headers_in_order)
{
    door_open(NULL);
    int fd = client_connect();
    struct heard heard =
        client_ask(fd, "GET /head/%2F+a//..?b%00&c=+d&acl HTTP/1.1\r\nHost: bucket.localhost\r\n"
                       "x-Amz-Meta-A: one  two\r\nX-AMZ-META-a: three\r\n\r\n");
    assert_int_equal(heard.status, 200);
    assert_string_equal(heard.body,
                        "GET /head/%2F+a//..?b%00&c=+d&acl tls=0 tunnel= user= peer=127.0.0.1\n"
                        "Host=bucket.localhost\nx-Amz-Meta-A=one  two\nX-AMZ-META-a=three\n");
    close(fd);
    door_close();
}

TEST(an_absolute_target_passes_through_raw_with_its_proxy_user)
{
    door_open(NULL);
    int fd = client_connect();
    struct heard heard =
        client_ask(fd, "GET http://s3.amazonaws.com/head HTTP/1.1\r\nHost: s3.amazonaws.com\r\n"
                       "Proxy-Authorization: Basic cGFyaXM6eA==\r\n\r\n"); /* paris:x */
    assert_string_equal(heard.body, "GET http://s3.amazonaws.com/head tls=0 tunnel= user=paris "
                                    "peer=127.0.0.1\nHost=s3.amazonaws.com\n");
    close(fd);
    door_close();
}

/* Else a client that reads its answer and asks on another connection would come before itself. */
TEST(a_request_is_told_before_its_answer_can_be_read)
{
    door_open(NULL);
    for (unsigned i = 1; i <= 20; i++) {
        int fd = client_connect();
        struct heard heard = client_ask(fd, "GET /head HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_int_equal(heard.status, 200);
        mutex_lock(&behind.lock);
        unsigned told = behind.told, whole = behind.told_whole;
        mutex_unlock(&behind.lock);
        assert_int_equal(told, i);
        assert_int_equal(whole, i);
        close(fd);
    }
    door_close();
}

TEST(fifty_pipelined_requests_are_answered_in_order)
{
    door_open(NULL);
    int fd = client_connect();
    struct buf all;
    buf_init(&all, 1 << 20);
    for (unsigned i = 0; i < 50; i++)
        buf_addf(&all, "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %u\r\n\r\n%0*d", i + 1,
                 (int) i + 1, 0);
    assert_true(client_send_bytes(fd, all.ptr, all.size));
    buf_fini(&all);
    for (unsigned i = 0; i < 50; i++) {
        struct heard heard = client_hear(fd);
        assert_int_equal(heard.status, 200);
        assert_int_equal(strtoul(heard.body, NULL, 10), i + 1);
    }
    await_count(&behind.freed_whole, 50);
    close(fd);
    door_close();
}

TEST(a_body_is_taken_whole_with_and_without_backpressure)
{
    static const char *const paths[] = { "/echo", "/slow", "/wait-head", "/wait-end" };
    static const size_t sizes[] = { 0, 1, 16384, 700000 };
    door_open(NULL);
    for (size_t i = 0; i < COUNT(paths); i++)
        for (size_t k = 0; k < COUNT(sizes); k++) {
            int fd = client_connect();
            for (unsigned again = 0; again < 2; again++) {
                send_put(fd, paths[i], sizes[k], "");
                assert_true(send_body(fd, sizes[k]));
                struct heard heard = client_hear(fd);
                assert_took(&heard, sizes[k]);
            }
            close(fd);
        }
    door_close();
}

TEST(a_chunked_body_is_put_together)
{
    door_open(NULL);
    int fd = client_connect();
    unsigned char *bytes = bytes_of(300);
    char chunk[400];
    for (unsigned again = 0; again < 2; again++) {
        client_send(fd, "PUT /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (size_t at = 0; at < 300; at += 100) {
            int size = snprintf(chunk, sizeof chunk, "64;x=y\r\n");
            memcpy(chunk + size, bytes + at, 100);
            memcpy(chunk + size + 100, "\r\n", 2);
            assert_true(client_send_bytes(fd, chunk, (size_t) size + 102));
        }
        client_send(fd, "0\r\n\r\n");
        struct heard heard = client_hear(fd);
        assert_took(&heard, 300);
    }
    free(bytes);
    close(fd);
    door_close();
}

/* What was sent before this is read: all workers answered something that was sent after it. */
static void let_workers_read(const int *others, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct heard heard = client_ask(others[i], GET("/echo"));
        assert_int_equal(heard.status, 200);
    }
}

/* Libmicrohttpd has all of it when the FIN comes, whichever piece is the last. */
TEST(a_chunked_body_that_trickles_while_it_waits_is_whole_when_its_client_closes_its_side)
{
    enum { PIECE = 4096, PIECES = 40 };
    static const char first[] = "PUT /body-held HTTP/1.1\r\nHost: x\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n";
    door_open(NULL);
    int others[] = { client_connect(), client_connect() };
    let_workers_read(others, COUNT(others));
    for (size_t pieces = 1; pieces <= PIECES; pieces++) {
        int fd = client_connect();
        client_send(fd, first);
        for (size_t i = 0; i < pieces; i++) {
            char piece[PIECE + 16] = "1000\r\n";
            for (size_t k = 0; k < PIECE; k++)
                piece[6 + k] = (char) file_byte(i * PIECE + k);
            int size = i + 1 == pieces ? 7 : 2;
            memcpy(piece + 6 + PIECE, "\r\n0\r\n\r\n", 7);
            assert_true(client_send_bytes(fd, piece, (size_t) (6 + PIECE + size)));
            let_workers_read(others, COUNT(others));
        }
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        await_held(pieces);
        behind.held[pieces - 1]->host->wake(behind.held[pieces - 1]);
        struct heard heard = client_hear(fd);
        assert_took(&heard, pieces * PIECE);
        close(fd);
    }
    for (size_t i = 0; i < COUNT(others); i++)
        close(others[i]);
    door_close();
}

TEST(a_client_that_expects_100_gets_it_before_it_sends)
{
    static const char *const paths[] = { "/echo", "/wait-head" };
    door_open(NULL);
    for (size_t i = 0; i < COUNT(paths); i++) {
        int fd = client_connect();
        send_put(fd, paths[i], 1000, "Expect: 100-continue\r\n");
        struct heard heard = client_hear(fd);
        assert_int_equal(heard.status, 100);
        assert_true(send_body(fd, 1000));
        heard = client_hear(fd);
        assert_took(&heard, 1000);
        close(fd);
    }
    door_close();
}

TEST(a_client_that_expects_100_gets_a_refusal_instead)
{
    static const char *const paths[] = { "/deny", "/late-deny" };
    door_open(NULL);
    for (size_t i = 0; i < COUNT(paths); i++) {
        int fd = client_connect();
        send_put(fd, paths[i], 5000000, "Expect: 100-continue\r\n");
        struct heard heard = client_hear(fd);
        assert_int_equal(heard.status, 403);
        assert_string_equal(heard.body, "denied");
        assert_non_null(strstr(heard.head, "Connection: close"));
        close(fd);
    }
    door_close();
}

TEST(a_small_refused_body_is_read_and_the_connection_kept)
{
    static const char *const paths[] = { "/deny", "/late-deny" };
    door_open(NULL);
    for (size_t i = 0; i < COUNT(paths); i++) {
        int fd = client_connect();
        for (unsigned again = 0; again < 3; again++) {
            send_put(fd, paths[i], 100000, "");
            assert_true(send_body(fd, 100000));
            struct heard heard = client_hear(fd);
            assert_int_equal(heard.status, 403);
            assert_string_equal(heard.body, "denied");
        }
        struct heard heard = client_ask(fd, GET("/deny"));
        assert_int_equal(heard.status, 403);
        heard = client_ask(fd, GET("/echo"));
        assert_int_equal(heard.status, 200);
        close(fd);
    }
    door_close();
}

TEST(a_large_refused_body_can_be_sent_to_its_end_and_the_answer_read)
{
    door_open(NULL);
    int fd = client_connect();
    send_put(fd, "/deny", 8u << 20, "");
    assert_true(send_body(fd, 8u << 20));
    struct heard heard = client_hear(fd);
    assert_int_equal(heard.status, 403);
    assert_string_equal(heard.body, "denied");
    assert_true(client_sees_end(fd));
    close(fd);
    door_close();
}

TEST(an_error_in_the_middle_of_a_body_is_answered_at_its_end)
{
    door_open(NULL);
    int fd = client_connect();
    for (unsigned again = 0; again < 2; again++) {
        send_put(fd, "/fail-at?50000", 3000000, "");
        assert_true(send_body(fd, 3000000));
        struct heard heard = client_hear(fd);
        assert_int_equal(heard.status, 507);
        assert_string_equal(heard.body, "failed in the middle");
    }
    close(fd);
    door_close();
}

TEST(heads_that_two_parsers_could_read_differently_are_refused)
{
    static const struct {
        int line;
        const char *head;
        int status;
    } refused[] = {
        { __LINE__, "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
          400 },
        { __LINE__,
          "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          400 },
        { __LINE__, "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501 },
        { __LINE__, "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501 },
        { __LINE__, "GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400 },
        { __LINE__, "GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: 1\r\nauthorization: 2\r\n\r\n",
          400 },
        { __LINE__, "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { __LINE__, "GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { __LINE__, "GET /a HTTP/1.2\r\nHost: x\r\n\r\n", 400 },
        { __LINE__, "G3T /a HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { __LINE__, "GET /a HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", 400 },
    };
    door_open(NULL);
    for (size_t i = 0; i < COUNT(refused); i++) {
        int fd = client_connect();
        struct heard heard = client_ask(fd, refused[i].head);
        if (heard.status != refused[i].status || strstr(heard.body, "<Error><Code>") == NULL)
            fail_msg("line %d: %d %s", refused[i].line, heard.status, heard.body);
        if (!client_sees_end(fd))
            fail_msg("line %d: the connection stayed open", refused[i].line);
        close(fd);
    }
    int fd = client_connect();
    assert_true(client_send_bytes(fd, "GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n", 30));
    struct heard heard = client_hear(fd);
    assert_int_equal(heard.status, 400);
    close(fd);
    assert_int_equal(behind.freed, 0);
    door_close();
}

TEST(too_many_header_fields_are_refused)
{
    door_open(NULL);
    int fd = client_connect();
    struct buf head;
    buf_init(&head, 1 << 20);
    buf_add(&head, STR("GET /a HTTP/1.1\r\nHost: x\r\n"));
    for (unsigned i = 0; i < LIMIT_HEADER_COUNT; i++)
        buf_addf(&head, "a%u: b\r\n", i);
    buf_add(&head, STR("\r\n"));
    assert_true(client_send_bytes(fd, head.ptr, head.size));
    buf_fini(&head);
    struct heard heard = client_hear(fd);
    assert_int_equal(heard.status, 400);
    close(fd);
    door_close();
}

TEST(a_stored_body_comes_whole_by_every_way)
{
    static const size_t sizes[] = { 1, 65536, 65537, 3000000 };
    door_open(NULL);
    int fd = client_connect();
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char head[128];
        (void) snprintf(head, sizeof head, "GET /file?%zu HTTP/1.1\r\nHost: x\r\n\r\n", sizes[i]);
        struct heard heard = client_ask(fd, head);
        assert_int_equal(heard.status, 200);
        assert_int_equal(heard.body_bytes, sizes[i]);
        for (size_t k = 0; k < sizes[i] && k < sizeof heard.body - 1; k++)
            if ((unsigned char) heard.body[k] != file_byte(k + 1))
                fail_msg("byte %zu of %zu", k, sizes[i]);
    }
    close(fd);
    door_close();
}

TEST(head_says_the_size_and_sends_nothing)
{
    door_open(NULL);
    int fd = client_connect();
    client_send(fd, "HEAD /size?5368709120 HTTP/1.1\r\nHost: x\r\n\r\n");
    struct heard heard = hear_from(socket_read, &fd, true);
    assert_int_equal(heard.status, 200);
    assert_int_equal(length_said(&heard), 5368709120);
    heard = client_ask(fd, GET("/echo"));
    assert_string_equal(heard.body, "0 0");
    close(fd);
    door_close();
}

TEST(a_delayed_answer_comes_after_its_delay_and_the_worker_goes_on_meanwhile)
{
    door_open(NULL);
    int slow = client_connect();
    int quick = client_connect();
    duration began = clock_mono();
    client_send(slow, GET("/delay?60"));
    struct heard heard = client_ask(quick, GET("/echo"));
    assert_int_equal(heard.status, 200);
    heard = client_hear(slow);
    assert_int_equal(heard.status, 200);
    assert_true(clock_mono().ns - began.ns >= DURATION_MS(60).ns);
    close(slow);
    close(quick);
    door_close();
}

TEST(a_throttled_answer_takes_its_time_and_arrives_whole)
{
    door_open(NULL);
    int fd = client_connect();
    duration began = clock_mono();
    struct heard heard = client_ask(fd, GET("/throttle?15000"));
    assert_int_equal(heard.body_bytes, 15000);
    assert_true(clock_mono().ns - began.ns >= DURATION_MS(90).ns);
    close(fd);
    door_close();
}

TEST(events_are_sent_as_they_come)
{
    door_open(NULL);
    int fd = client_connect();
    client_send(fd, GET("/events"));
    struct heard heard = hear_from(socket_read, &fd, true);
    assert_int_equal(heard.status, 200);
    for (unsigned i = 0; i < 3; i++) {
        char text[32] = "";
        mutex_lock(&behind.lock);
        while (behind.stream == NULL)
            condition_wait(&behind.changed, &behind.lock);
        behind.stream_events++;
        behind.stream->host->wake(behind.stream);
        mutex_unlock(&behind.lock);
        assert_int_equal(recv(fd, text, 14, MSG_WAITALL), 14);
        assert_string_equal(text, "9\r\ndata: x\n\n\r\n");
    }
    close(fd);
    door_close();
}
