/* Many at once, clients that go, limits, drains: the door under load and at its end. */
#include "tests/unit/server/front_harness.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* libmicrohttpd's own threads hang on exactly 128 events. */
static void crowd(unsigned count)
{
    int *clients = mem_alloc(count * sizeof *clients);
    house.settings.workers = 1;
    door_open(NULL);
    for (unsigned i = 0; i < count; i++)
        clients[i] = client_connect();
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < count; i++)
            client_send(clients[i], GET("/echo"));
        for (unsigned i = 0; i < count; i++)
            assert_int_equal(client_hear(clients[i]).status, 200);
    }
    for (unsigned i = 0; i < count; i++)
        close(clients[i]);
    door_close();
    house.settings.workers = 2;
    free(clients);
}

TEST(crowds_of_128_and_256_are_served)
{
    crowd(127);
    crowd(128);
    crowd(256);
}

TEST(sixty_requests_wait_together_and_are_woken_from_another_thread)
{
    enum { CLIENTS = 60 };
    int clients[CLIENTS];
    door_open(NULL);
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = client_connect();
        client_send(clients[i], GET("/hold"));
    }
    await_held(CLIENTS);
    for (unsigned i = 0; i < CLIENTS; i++)
        behind.held[i]->host->wake(behind.held[i]);
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(client_hear(clients[i]).status, 200);
        close(clients[i]);
    }
    await_count(&behind.freed_whole, CLIENTS);
    door_close();
}

TEST(a_client_that_goes_while_its_request_waits_harms_nothing)
{
    door_open(NULL);
    int fd = client_connect();
    struct linger reset = { .l_onoff = 1 };
    client_send(fd, GET("/hold"));
    await_held(1);
    (void) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    assert_int_equal(behind.freed, 0);
    behind.held[0]->host->wake(behind.held[0]);
    await_count(&behind.freed, 1);
    fd = client_connect();
    assert_int_equal(client_ask(fd, GET("/echo")).status, 200);
    close(fd);
    door_close();
}

TEST(a_client_that_goes_in_the_middle_of_its_body_frees_its_request)
{
    door_open(NULL);
    int fd = client_connect();
    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    close(fd);
    await_count(&behind.freed, 1);
    assert_int_equal(behind.freed_whole, 0);
    door_close();
}

TEST(above_the_limit_of_connections_newcomers_wait_for_room)
{
    const struct front_limits two = { .connections = 2 };
    house.settings.workers = 1;
    door_open(&two);
    int a = client_connect();
    int b = client_connect();
    assert_int_equal(client_ask(a, GET("/echo")).status, 200);
    assert_int_equal(client_ask(b, GET("/echo")).status, 200);
    int c = client_connect();
    client_send(c, GET("/echo"));
    assert_int_equal(client_ask(b, GET("/echo")).status, 200);
    close(a);
    assert_int_equal(client_hear(c).status, 200);
    close(b);
    close(c);
    door_close();
    house.settings.workers = 2;
}

TEST(an_idle_worker_lets_go_of_its_snapshot)
{
    door_open(NULL);
    int fd = client_connect();
    assert_int_equal(client_ask(fd, GET("/echo")).status, 200);
    await_count(&behind.idle_calls, 1);
    close(fd);
    door_close();
}

/* ---- the end ---- */

static void *drain_door(UNUSED void *arg)
{
    static const bool whole = true;
    return front_drain(house.front, DURATION_S(20)) ? (void *) (uintptr_t) &whole : NULL;
}

TEST(a_drain_lets_requests_end_and_closes_their_connections)
{
    pthread_t thread;
    void *whole;
    door_open(NULL);
    int idle = client_connect();
    int events = client_connect();
    int fd = client_connect();
    assert_int_equal(client_ask(idle, GET("/echo")).status, 200);
    client_send(events, GET("/events"));
    assert_int_equal(hear_from(socket_read, &events, true).status, 200);
    client_send(fd, GET("/hold"));
    await_held(1);
    assert_int_equal(pthread_create(&thread, NULL, drain_door, NULL), 0);
    char end[6] = "";
    assert_int_equal(recv(events, end, 5, MSG_WAITALL), 5); /* the drain has begun */
    assert_string_equal(end, "0\r\n\r\n");
    behind.held[0]->host->wake(behind.held[0]);
    struct heard heard = client_hear(fd);
    assert_int_equal(heard.status, 200);
    assert_non_null(strstr(heard.head, "Connection: close"));
    assert_int_equal(pthread_join(thread, &whole), 0);
    assert_non_null(whole);
    assert_true(client_sees_end(idle));
    close(idle);
    close(events);
    close(fd);
    door_close();
}

static void *drain_at_once(UNUSED void *arg)
{
    (void) front_drain(house.front, (duration){ 0 });
    return NULL;
}

TEST(without_grace_requests_are_cut_but_what_the_store_owns_is_freed_only_when_it_comes_back)
{
    pthread_t thread;
    door_open(NULL);
    int waits = client_connect();
    int sleeps = client_connect();
    int uploads = client_connect();
    client_send(sleeps, GET("/delay?60000"));
    client_send(uploads, "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    client_send(waits, GET("/hold"));
    await_held(1);
    assert_int_equal(pthread_create(&thread, NULL, drain_at_once, NULL), 0);
    assert_true(client_sees_end(waits));
    assert_true(client_sees_end(sleeps));
    assert_true(client_sees_end(uploads));
    behind.held[0]->host->wake(behind.held[0]);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(behind.freed_whole, 0);
    close(waits);
    close(sleeps);
    close(uploads);
    door_close();
}
