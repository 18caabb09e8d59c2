/* The pure parts of the front door: its timers, and the reading of CONNECT. */
#include "tests/unit/test.h"

#include "server/front/proxy.h"
#include "server/front/timers.h"
#include "server/settings.h"

/* ---- timers ---- */

enum { TIMERS = 200 };

static struct {
    struct timers heap;
    struct timer timers[TIMERS];
    size_t fired[2 * TIMERS];
    size_t fired_count;
} clockwork;

static void note(struct timer *timer)
{
    clockwork.fired[clockwork.fired_count++] = (size_t) (timer - clockwork.timers);
}

static void wind_up(void)
{
    timers_fini(&clockwork.heap);
    clockwork.fired_count = 0;
    for (size_t i = 0; i < TIMERS; i++)
        clockwork.timers[i] = (struct timer){ .fire = note };
}

/* A fixed shuffle of 1..TIMERS. */
static int64_t shuffled(size_t i)
{
    return (int64_t) (i * 73 % TIMERS) + 1;
}

TEST(timers_fire_in_order_and_never_early)
{
    wind_up();
    for (size_t i = 0; i < TIMERS; i++)
        timers_set(&clockwork.heap, &clockwork.timers[i], DURATION_MS(shuffled(i)));
    for (int64_t ms = 1; ms <= TIMERS; ms++) {
        assert_int_equal(timers_next(&clockwork.heap).ns, DURATION_MS(ms).ns);
        timers_run(&clockwork.heap, (duration){ DURATION_MS(ms).ns - 1 });
        assert_int_equal(clockwork.fired_count, ms - 1);
        timers_run(&clockwork.heap, DURATION_MS(ms));
        assert_int_equal(clockwork.fired_count, ms);
        assert_int_equal(shuffled(clockwork.fired[ms - 1]), ms);
    }
    assert_int_equal(timers_next(&clockwork.heap).ns, INT64_MAX);
}

TEST(timers_can_be_moved_and_cancelled)
{
    wind_up();
    for (size_t i = 0; i < TIMERS; i++)
        timers_set(&clockwork.heap, &clockwork.timers[i], DURATION_MS(shuffled(i)));
    for (size_t i = 0; i < TIMERS; i++) {
        if (i % 3 == 0)
            timers_cancel(&clockwork.heap, &clockwork.timers[i]);
        else /* turned round: some earlier, some later */
            timers_set(&clockwork.heap, &clockwork.timers[i],
                       DURATION_MS(TIMERS + 1 - shuffled(i)));
    }
    timers_cancel(&clockwork.heap, &clockwork.timers[0]);
    timers_run(&clockwork.heap, DURATION_MS(TIMERS));
    assert_int_equal(clockwork.fired_count, TIMERS - (TIMERS + 2) / 3);
    for (size_t i = 1; i < clockwork.fired_count; i++)
        assert_true(shuffled(clockwork.fired[i - 1]) > shuffled(clockwork.fired[i]));
}

TEST(timers_wait_in_whole_milliseconds)
{
    wind_up();
    timers_set(&clockwork.heap, &clockwork.timers[0], (duration){ 1000001 });
    timers_set(&clockwork.heap, &clockwork.timers[1], (duration){ 2000000 });
    assert_int_equal(timers_next(&clockwork.heap).ns, 2000000);
    timers_run(&clockwork.heap, (duration){ 2000000 });
    assert_int_equal(clockwork.fired_count, 2);
    timers_fini(&clockwork.heap);
}

/* ---- CONNECT ---- */

TEST(heads_of_connect_are_read)
{
    static const struct {
        int line;
        const char *head;
        const char *host;
        const char *port;
        const char *user;
    } rows[] = {
        { __LINE__, "CONNECT s3.amazonaws.com:443 HTTP/1.0\r\n\r\n", "s3.amazonaws.com", "443",
          "" },
        { __LINE__, "CONNECT [::1]:28655 HTTP/1.1\r\nHost: x\r\n\r\n", "::1", "28655", "" },
        { __LINE__, "CONNECT a.b.:1 HTTP/1.1\r\n\r\n", "a.b", "1", "" },
        { __LINE__, "CONNECT a:1 HTTP/1.1\r\nProxy-Authorization: Basic cGFyaXM6eA==\r\n\r\n", "a",
          "1", "paris" },
        { __LINE__, "CONNECT a:1 HTTP/1.1\r\nPROXY-AUTHORIZATION:basic cGFyaXM=\r\n\r\n", "a", "1",
          "paris" },
        { __LINE__, "CONNECT a:1 HTTP/1.1\r\nProxy-Authorization: Bearer cGFyaXM=\r\n\r\n", "a",
          "1", "" },
        { __LINE__, "CONNECT a:1 HTTP/1.1\r\nProxy-Authorization: Basic ***\r\n\r\n", "a", "1",
          "" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct proxy_connect got;
        if (!proxy_connect_parse(arena, str_of(rows[i].head), &got) ||
            !str_is(got.host, rows[i].host) || !str_is(got.port, rows[i].port) ||
            !str_is(got.user, rows[i].user))
            fail_msg("line %d: %.*s %.*s %.*s", rows[i].line, STR_ARG(got.host), STR_ARG(got.port),
                     STR_ARG(got.user));
    }
    arena_free(arena);
}

TEST(heads_of_connect_that_are_none)
{
    static const struct {
        int line;
        const char *head;
    } rows[] = {
        { __LINE__, "CONNECT  HTTP/1.1\r\n\r\n" },
        { __LINE__, "CONNECT a HTTP/1.1\r\n\r\n" },
        { __LINE__, "CONNECT :443 HTTP/1.1\r\n\r\n" },
        { __LINE__, "CONNECT a:b HTTP/1.1\r\n\r\n" },
        { __LINE__, "CONNECT a:65536 HTTP/1.1\r\n\r\n" },
        { __LINE__, "CONNECT a:1\r\n\r\n" },
        { __LINE__, "CONNECT a:1 HTTP/1.1 x\r\n\r\n" },
        { __LINE__, "CONNECT u@a:1 HTTP/1.1\r\n\r\n" },
        { __LINE__, "CONNECT http://a:1 HTTP/1.1\r\n\r\n" },
        { __LINE__, "CONNECT [::1] HTTP/1.1\r\n\r\n" },
        { __LINE__, "CONNECT [::1:1 HTTP/1.1\r\n\r\n" },
        { __LINE__, "CONNECT a:1 HTTP/1.1\n\n" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct proxy_connect got;
        if (proxy_connect_parse(arena, str_of(rows[i].head), &got))
            fail_msg("line %d was read as %.*s", rows[i].line, STR_ARG(got.host));
    }
    arena_free(arena);
}

TEST(hosts_that_are_answered_here)
{
    static const struct {
        int line;
        const char *host;
        bool ours;
    } rows[] = {
        { __LINE__, "S3.amazonaws.COM", true },
        { __LINE__, "localhost", true },
        { __LINE__, "127.9.9.9", true },
        { __LINE__, "::1", true },
        { __LINE__, "atoll.test", true },
        { __LINE__, "192.168.1.5", true }, /* it listens there */
        { __LINE__, "192.168.1.6", false },
        { __LINE__, "fe80::1", true },
        { __LINE__, "128.0.0.1", false },
        { __LINE__, "notlocalhost", false },
        { __LINE__, "packages.example.org", false },
    };
    const struct settings settings = { .listen = { STR("192.168.1.5:28655"), STR("[fe80::1]:0") },
                                       .listen_count = 2 };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (proxy_is_ours(&settings, str_of(rows[i].host)) != rows[i].ours)
            fail_msg("line %d: %s", rows[i].line, rows[i].host);
}
