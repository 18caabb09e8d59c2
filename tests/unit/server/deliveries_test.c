/* Messages on their way to targets: lines in a file, and posts to a listener on this machine. */
#include "server/deliveries.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/lock.h"
#include "base/log.h"
#include "tests/unit/test.h"

TEST(webhooks_are_plain_http)
{
    static const struct {
        int line;
        const char *url, *host, *port, *path;
    } rows[] = {
        { __LINE__, "http://127.0.0.1:9000/x", "127.0.0.1", "9000", "/x" },
        { __LINE__, "http://localhost", "localhost", "80", "/" },
        { __LINE__, "http://[::1]:81/a/b?c", "::1", "81", "/a/b?c" },
        { __LINE__, "https://127.0.0.1/", NULL, NULL, NULL },
        { __LINE__, "http:///x", NULL, NULL, NULL },
        { __LINE__, "http://host:/x", NULL, NULL, NULL },
        { __LINE__, "", NULL, NULL, NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        str host, port, path;
        bool fits = deliveries_url(str_of(rows[i].url), &host, &port, &path);
        if (fits != (rows[i].host != NULL) ||
            (fits && !(str_is(host, rows[i].host) && str_is(port, rows[i].port) &&
                       str_is(path, rows[i].path))))
            fail_msg("row %d", rows[i].line);
    }
}

TEST(a_log_gets_a_line_per_message)
{
    struct arena *arena = arena_new();
    str path = str_format(arena, "%s/log", test_directory()), text;
    const struct delivery_target target = { .log = path };
    struct deliveries *deliveries = deliveries_open();
    deliveries_give(deliveries, &target, STR("{1}"));
    deliveries_give(deliveries, &target, STR("{2}"));
    deliveries_flush(deliveries);
    assert_int_equal(fs_read_file(arena, path.ptr, 100, &text), 0);
    assert_str(text, "{1}\n{2}\n");
    deliveries_give(deliveries, &target, STR("{3}"));
    deliveries_close(deliveries);
    assert_int_equal(fs_read_file(arena, path.ptr, 100, &text), 0);
    assert_str(text, "{1}\n{2}\n{3}\n");
    arena_free(arena);
}

struct listener {
    int fd;
    char got[1024];
    size_t size;
};

static void *listen_once(void *arg)
{
    static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
    struct listener *listener = arg;
    int fd = accept(listener->fd, NULL, NULL);
    while (memchr(listener->got, '}', listener->size) == NULL) {
        ssize_t got =
            recv(fd, listener->got + listener->size, sizeof listener->got - listener->size, 0);
        if (got <= 0)
            break;
        listener->size += (size_t) got;
    }
    (void) send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    (void) close(fd);
    return NULL;
}

TEST(a_webhook_gets_a_post)
{
    struct arena *arena = arena_new();
    struct listener listener = { .fd = socket(AF_INET, SOCK_STREAM, 0) };
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof in;
    log_configure(LOG_ERROR, LOG_TEXT);
    assert_int_equal(bind(listener.fd, (struct sockaddr *) &in, size), 0);
    assert_int_equal(listen(listener.fd, 1), 0);
    assert_int_equal(getsockname(listener.fd, (struct sockaddr *) &in, &size), 0);
    pthread_t thread = thread_start("listener", listen_once, &listener);
    const struct delivery_target target = { .webhook = str_format(arena, "http://127.0.0.1:%d/hook",
                                                                  ntohs(in.sin_port)) };
    struct deliveries *deliveries = deliveries_open();
    deliveries_give(deliveries, &target, STR("{\"Records\":1}"));
    deliveries_flush(deliveries);
    assert_int_equal(pthread_join(thread, NULL), 0);
    str got = str_from(listener.got, listener.size);
    assert_true(str_starts(got, STR("POST /hook HTTP/1.1\r\n")));
    assert_true(str_find(got, STR("\r\n\r\n{\"Records\":1}")) < got.size);
    (void) close(listener.fd);
    /* Nobody there any more: it is said in the log, and that is all. */
    deliveries_give(deliveries, &target, STR("{}"));
    deliveries_flush(deliveries);
    deliveries_close(deliveries);
    arena_free(arena);
}
