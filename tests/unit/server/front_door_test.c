/* What comes before HTTP and around it: TLS, CONNECT, deadlines, crowds, vanishing clients, the
 * end. */
#include "tests/unit/server/front_harness.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static const struct front_limits impatient = { .head_deadline = { 30 * 1000000 } };

/* ---- TLS ---- */

struct tls_client {
    gnutls_certificate_credentials_t trust;
    gnutls_session_t session;
};

static ssize_t tls_read(void *from, void *out, size_t size)
{
    struct tls_client *client = from;
    return gnutls_record_recv(client->session, out, size);
}

static bool tls_write(struct tls_client *client, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t sent = gnutls_record_send(client->session, at, size);
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t) sent;
    }
    return true;
}

/* Trusts our CA alone, and checks the name. */
static struct tls_client tls_begin(int fd, const char *sni, const char *expected_host)
{
    struct tls_client client;
    str pem = front_ca_pem(house.front);
    gnutls_datum_t ca = { (unsigned char *) str_c(house.arena, pem), (unsigned) pem.size };
    gnutls_datum_t protocols[] = { { (unsigned char *) str_c(house.arena, STR("h2")), 2 },
                                   { (unsigned char *) str_c(house.arena, STR("http/1.1")), 8 } };
    assert_int_equal(gnutls_certificate_allocate_credentials(&client.trust), 0);
    assert_int_equal(gnutls_certificate_set_x509_trust_mem(client.trust, &ca, GNUTLS_X509_FMT_PEM),
                     1);
    assert_int_equal(gnutls_init(&client.session, GNUTLS_CLIENT), 0);
    assert_int_equal(gnutls_set_default_priority(client.session), 0);
    assert_int_equal(gnutls_credentials_set(client.session, GNUTLS_CRD_CERTIFICATE, client.trust),
                     0);
    assert_int_equal(gnutls_alpn_set_protocols(client.session, protocols, 2, 0), 0);
    if (sni)
        (void) gnutls_server_name_set(client.session, GNUTLS_NAME_DNS, sni, strlen(sni));
    gnutls_session_set_verify_cert(client.session, expected_host, 0);
    gnutls_transport_set_int(client.session, fd);
    return client;
}

static bool tls_shake_hands(struct tls_client *client)
{
    int error;
    do
        error = gnutls_handshake(client->session);
    while (error < 0 && !gnutls_error_is_fatal(error));
    return error == 0;
}

static void tls_end(struct tls_client *client)
{
    gnutls_deinit(client->session);
    gnutls_certificate_free_credentials(client->trust);
}

static struct heard tls_ask(struct tls_client *client, const char *text)
{
    assert_true(tls_write(client, text, strlen(text)));
    return hear_from(tls_read, client, false);
}

TEST(tls_clients_get_a_certificate_for_the_name_they_ask_for)
{
    static const struct {
        int line;
        const char *sni;
        const char *expected;
    } names[] = {
        { __LINE__, "my.bucket.s3.eu-west-1.amazonaws.com", NULL },
        { __LINE__, "123456789012.s3-control.us-west-2.amazonaws.com", NULL },
        { __LINE__, "MFZWI23GNJVGW.mrap.accesspoint.s3-global.amazonaws.com", NULL },
        { __LINE__, "s3.cn-north-1.amazonaws.com.cn", NULL },
        { __LINE__, "atoll.test", NULL },
        { __LINE__, "bucket.localhost", NULL },
        { __LINE__, "localhost", NULL },
        { __LINE__, NULL, "127.0.0.1" },
        { __LINE__, NULL, "::1" },
        { __LINE__, "example.com", "localhost" },
    };
    door_open(NULL);
    for (size_t i = 0; i < COUNT(names); i++) {
        int fd = client_connect();
        const char *expected = names[i].expected ? names[i].expected : names[i].sni;
        struct tls_client client = tls_begin(fd, names[i].sni, expected);
        if (!tls_shake_hands(&client))
            fail_msg("line %d: certificate %x", names[i].line,
                     gnutls_session_get_verify_cert_status(client.session));
        gnutls_datum_t protocol;
        assert_int_equal(gnutls_alpn_get_selected_protocol(client.session, &protocol), 0);
        assert_int_equal(protocol.size, 8);
        assert_memory_equal(protocol.data, "http/1.1", 8);
        struct heard heard = tls_ask(&client, GET("/head"));
        assert_non_null(strstr(heard.body, "tls=1"));
        tls_end(&client);
        close(fd);
    }
    door_close();
}

TEST(bodies_pass_through_tls_both_ways)
{
    door_open(NULL);
    int fd = client_connect();
    struct tls_client client = tls_begin(fd, "localhost", "localhost");
    assert_true(tls_shake_hands(&client));
    struct heard heard = tls_ask(&client, GET("/file?3000000"));
    assert_int_equal(heard.body_bytes, 3000000);
    char *body = mem_alloc(200000);
    const char *head = "PUT /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n";
    assert_true(tls_write(&client, head, strlen(head)));
    assert_true(tls_write(&client, body, 200000));
    free(body);
    heard = hear_from(tls_read, &client, false);
    assert_string_equal(heard.body, "200000 0");
    heard = tls_ask(&client, GET("/delay?5"));
    assert_int_equal(heard.status, 200);
    heard = tls_ask(&client, GET("/throttle?8000"));
    assert_int_equal(heard.body_bytes, 8000);
    tls_end(&client);
    close(fd);
    door_close();
}

/* ---- CONNECT ---- */

TEST(connect_is_answered_here_and_looked_into_again)
{
    static const char *const heads[] = {
        "CONNECT s3.amazonaws.com:443 HTTP/1.0\r\n\r\n",
        "CONNECT s3.amazonaws.com:443 HTTP/1.1\r\nHost: s3.amazonaws.com:443\r\n\r\n",
        "CONNECT s3.amazonaws.com:443 HTTP/1.1\r\nproxy-authorization: basic cGFyaXM6eA==\r\n\r\n",
    };
    static const char *const users[] = { "user= ", "user= ", "user=paris " };
    door_open(NULL);
    for (size_t i = 0; i < COUNT(heads); i++)
        for (unsigned tls = 0; tls < 2; tls++) {
            int fd = client_connect();
            struct heard heard = client_ask(fd, heads[i]);
            assert_int_equal(heard.status, 200);
            for (unsigned again = 0; !tls && again < 2; again++) {
                heard = client_ask(fd, GET("/head"));
                assert_non_null(strstr(heard.body, "tls=0 tunnel=s3.amazonaws.com:443"));
            }
            if (tls) {
                struct tls_client client = tls_begin(fd, "s3.amazonaws.com", "s3.amazonaws.com");
                assert_true(tls_shake_hands(&client));
                heard = tls_ask(&client, GET("/head"));
                assert_non_null(strstr(heard.body, "tls=1 tunnel=s3.amazonaws.com:443"));
                tls_end(&client);
            }
            assert_non_null(strstr(heard.body, users[i]));
            close(fd);
        }
    door_close();
}

TEST(a_connect_may_come_byte_by_byte_and_so_may_a_method_that_begins_like_it)
{
    static const char *const texts[] = { "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                         "COPY /echo HTTP/1.1\r\nHost: localhost\r\n\r\n" };
    door_open(NULL);
    for (size_t i = 0; i < COUNT(texts); i++) {
        int fd = client_connect();
        for (const char *at = texts[i]; *at; at++)
            assert_true(client_send_bytes(fd, at, 1));
        struct heard heard = client_hear(fd);
        assert_int_equal(heard.status, 200);
        close(fd);
    }
    door_close();
}

TEST(what_follows_a_connect_in_the_same_segment_is_kept)
{
    door_open(NULL);
    int fd = client_connect();
    client_send(fd, "CONNECT localhost:80 HTTP/1.0\r\n\r\n" GET("/head"));
    struct heard heard = client_hear(fd);
    assert_int_equal(heard.status, 200);
    assert_non_null(strstr(heard.head, "Connection established"));
    heard = client_hear(fd);
    assert_non_null(strstr(heard.body, "tunnel=localhost:80"));
    close(fd);
    door_close();
}

/* Puts the CONNECT before the first flight, in one segment, and hears the 200 before the rest. */
struct one_segment {
    int fd;
    bool sent;
};

static ssize_t push_with_connect(gnutls_transport_ptr_t to, const void *bytes, size_t size)
{
    static const char head[] = "CONNECT s3.amazonaws.com:443 HTTP/1.0\r\n\r\n";
    struct one_segment *segment = to;
    char block[8192];
    if (segment->sent)
        return send(segment->fd, bytes, size, MSG_NOSIGNAL);
    memcpy(block, head, sizeof head - 1);
    memcpy(block + sizeof head - 1, bytes, size);
    assert_true(client_send_bytes(segment->fd, block, sizeof head - 1 + size));
    segment->sent = true;
    assert_int_equal(client_hear(segment->fd).status, 200);
    return (ssize_t) size;
}

static ssize_t pull_plainly(gnutls_transport_ptr_t from, void *out, size_t size)
{
    struct one_segment *segment = from;
    return recv(segment->fd, out, size, 0);
}

TEST(a_client_hello_in_the_segment_of_the_connect_is_kept)
{
    door_open(NULL);
    struct one_segment segment = { .fd = client_connect() };
    struct tls_client client = tls_begin(segment.fd, "s3.amazonaws.com", "s3.amazonaws.com");
    gnutls_transport_set_ptr(client.session, &segment);
    gnutls_transport_set_push_function(client.session, push_with_connect);
    gnutls_transport_set_pull_function(client.session, pull_plainly);
    assert_true(tls_shake_hands(&client));
    struct heard heard = tls_ask(&client, GET("/head"));
    assert_non_null(strstr(heard.body, "tls=1 tunnel=s3.amazonaws.com:443"));
    tls_end(&client);
    close(segment.fd);
    door_close();
}

TEST(connects_that_are_refused_say_why)
{
    static const struct {
        int line;
        const char *head;
        int status;
        const char *says;
    } rows[] = {
        { __LINE__, "CONNECT example.com:443 HTTP/1.1\r\n\r\n", 403,
          "example.com is not an AWS host; start with --proxy-other tunnel" },
        { __LINE__, "CONNECT evilamazonaws.com:443 HTTP/1.1\r\n\r\n", 403, "is not an AWS host" },
        { __LINE__, "CONNECT amazonaws.com.evil.org:443 HTTP/1.1\r\n\r\n", 403, "not an AWS" },
        { __LINE__, "CONNECT 10.0.0.1:443 HTTP/1.1\r\n\r\n", 403, "not an AWS host" },
        { __LINE__, "CONNECT s3.amazonaws.com HTTP/1.1\r\n\r\n", 400, "HOST:PORT" },
        { __LINE__, "CONNECT s3.amazonaws.com:0 HTTP/1.1\r\n\r\n", 400, "HOST:PORT" },
        { __LINE__, "CONNECT s3.amazonaws.com:99999 HTTP/1.1\r\n\r\n", 400, "HOST:PORT" },
        { __LINE__, "CONNECT s3.amazonaws.com:443 HTTP/2.0\r\n\r\n", 400, "HOST:PORT" },
        { __LINE__, "CONNECT [::1:443 HTTP/1.1\r\n\r\n", 400, "HOST:PORT" },
    };
    door_open(NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int fd = client_connect();
        struct heard heard = client_ask(fd, rows[i].head);
        if (heard.status != rows[i].status || strstr(heard.body, rows[i].says) == NULL)
            fail_msg("line %d: %d %s", rows[i].line, heard.status, heard.body);
        assert_true(client_sees_end(fd));
        close(fd);
    }
    door_close();
}

TEST(connects_that_are_answered)
{
    static const char *const hosts[] = { "S3.AmazonAWS.com:443",
                                         "sts.us-east-1.amazonaws.com:443",
                                         "s3.amazonaws.com.:443",
                                         "localhost:80",
                                         "127.1.2.3:28655",
                                         "[::1]:28655",
                                         "atoll.test:80",
                                         "b.localhost:80",
                                         "s3.cn-north-1.amazonaws.com.cn:443" };
    door_open(NULL);
    for (size_t i = 0; i < COUNT(hosts); i++) {
        char head[256];
        int fd = client_connect();
        (void) snprintf(head, sizeof head, "CONNECT %s HTTP/1.1\r\n\r\n", hosts[i]);
        struct heard heard = client_ask(fd, head);
        if (heard.status != 200)
            fail_msg("%s: %d", hosts[i], heard.status);
        close(fd);
    }
    door_close();
}

TEST(a_long_connect_head_is_refused)
{
    char head[LIMIT_CONNECT_HEAD_BYTES + 100];
    door_open(NULL);
    int fd = client_connect();
    memset(head, 'a', sizeof head);
    memcpy(head, "CONNECT localhost:80 HTTP/1.1\r\nX: ", 34);
    assert_true(client_send_bytes(fd, head, sizeof head));
    struct heard heard = client_hear(fd);
    assert_int_equal(heard.status, 431);
    close(fd);
    door_close();
}

TEST(a_connect_as_a_later_request_ends_the_connection)
{
    door_open(NULL);
    int fd = client_connect();
    struct heard heard = client_ask(fd, GET("/echo"));
    assert_int_equal(heard.status, 200);
    heard = client_ask(fd, "CONNECT s3.amazonaws.com:443 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(heard.status, 400);
    assert_true(client_sees_end(fd));
    close(fd);
    door_close();
}

TEST(bytes_that_are_neither_tls_nor_http_are_refused)
{
    static const char *const firsts[] = { "\x80\x01", "{", " GET", "1" };
    door_open(NULL);
    for (size_t i = 0; i < COUNT(firsts); i++) {
        int fd = client_connect();
        struct heard heard = client_ask(fd, firsts[i]);
        assert_int_equal(heard.status, 400);
        close(fd);
    }
    door_close();
}

TEST(other_hosts_are_tunnelled_when_that_was_asked_for)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY) };
    socklen_t size = sizeof at;
    char text[128];
    int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(other, (struct sockaddr *) &at, sizeof at), 0);
    assert_int_equal(listen(other, 5), 0);
    assert_int_equal(getsockname(other, (struct sockaddr *) &at, &size), 0);
    house.settings.proxy_other = PROXY_TUNNEL;
    door_open(NULL);
    int fd = client_connect();
    (void) snprintf(text, sizeof text, "CONNECT 0.0.0.0:%d HTTP/1.1\r\n\r\n", ntohs(at.sin_port));
    client_send(fd, text);
    int far = accept(other, NULL, NULL);
    assert_true(far >= 0);
    struct heard heard = client_hear(fd);
    assert_int_equal(heard.status, 200);
    client_send(fd, "to the far side");
    assert_int_equal(recv(far, text, 15, MSG_WAITALL), 15);
    assert_memory_equal(text, "to the far side", 15);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_int_equal(recv(far, text, 1, 0), 0);
    client_send(far, "and back");
    close(far);
    assert_int_equal(recv(fd, text, 8, MSG_WAITALL), 8);
    assert_memory_equal(text, "and back", 8);
    assert_true(client_sees_end(fd));
    close(fd);
    close(other);
    fd = client_connect();
    (void) snprintf(text, sizeof text, "CONNECT 0.0.0.0:%d HTTP/1.1\r\n\r\n", ntohs(at.sin_port));
    heard = client_ask(fd, text);
    assert_int_equal(heard.status, 502);
    close(fd);
    door_close();
    house.settings.proxy_other = PROXY_REFUSE;
}

/* ---- deadlines, crowds, clients that go ---- */

TEST(a_head_that_does_not_come_in_time_ends_the_connection)
{
    static const char *const starts[] = { "G",
                                          "CONN",
                                          "CONNECT localhost:80 HTTP/1.1\r\n",
                                          "GET /a HTTP/1.1\r\nHost: x\r\n",
                                          "\x16\x03\x01",
                                          "GET /a HTT" };
    door_open(&impatient);
    for (size_t i = 0; i < COUNT(starts); i++) {
        int fd = client_connect();
        client_send(fd, starts[i]);
        assert_true(client_sees_end(fd));
        close(fd);
    }
    int fd = client_connect();
    struct heard heard = client_ask(fd, "CONNECT localhost:80 HTTP/1.1\r\n\r\n");
    assert_int_equal(heard.status, 200);
    assert_true(client_sees_end(fd));
    close(fd);
    door_close();
}

TEST(a_request_may_take_longer_than_its_head)
{
    door_open(&impatient);
    int fd = client_connect();
    for (unsigned i = 0; i < 2; i++) {
        struct heard heard = client_ask(fd, GET("/delay?100"));
        assert_int_equal(heard.status, 200);
    }
    close(fd);
    door_close();
}

TEST(a_port_in_use_and_a_foolish_address_are_told)
{
    struct arena *arena = arena_new();
    str error = STR_NONE;
    door_open(NULL);
    struct settings settings = house.settings;
    struct world world = { .settings = &settings };
    settings.listen[0] = front_address(house.front, 0);
    assert_null(front_open(arena, &world, NULL, &error));
    assert_non_null(strstr(str_c(arena, error), "is atoll running already?"));
    settings.listen[0] = STR("28655");
    assert_null(front_open(arena, &world, NULL, &error));
    assert_non_null(strstr(str_c(arena, error), "not an address to listen on"));
    door_close();
    arena_free(arena);
}

TEST(several_listeners_each_get_a_port)
{
    house.settings.listen[1] = STR("[::1]:0");
    house.settings.listen[2] = STR("127.0.0.2:0");
    house.settings.listen_count = 3;
    struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    door_open(NULL);
    assert_int_equal(front_address_count(house.front), 3);
    struct arena *arena = arena_new();
    const char *address = str_c(arena, front_address(house.front, 1));
    assert_memory_equal(address, "[::1]:", 6);
    to.sin6_port = htons((uint16_t) strtoul(address + 6, NULL, 10));
    arena_free(arena);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *) &to, sizeof to), 0);
    struct heard heard = client_ask(fd, GET("/head"));
    assert_non_null(strstr(heard.body, "peer=::1"));
    close(fd);
    door_close();
    house.settings.listen_count = 1;
}
