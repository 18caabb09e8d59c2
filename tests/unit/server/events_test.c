/* Events: numbers, the bounded memory of them, resuming, gaps, waking, many writers. */
#include "server/events.h"

#include <semaphore.h>
#include <stdatomic.h>

#include "base/lock.h"
#include "server/event_pages.h"
#include "server/request.h"
#include "tests/unit/test.h"

struct count {
    uint64_t events, last;
    bool in_order;
};

static void count_event(void *ctx, const struct event *event)
{
    struct count *count = ctx;
    count->in_order = count->events == 0 || (count->in_order && event->number == count->last + 1);
    count->last = event->number;
    count->events++;
}

static void emit(struct events *events, const char *key)
{
    struct event event = { .kind = EVENT_REQUEST };
    event.text[EVENT_KEY] = str_of(key);
    events_emit(events, &event);
}

struct reader { /* a request that listens, and its host */
    struct request *rq;
    struct subscription *subscription;
    struct events *events;
    sem_t woken;
};

static void wake(struct request *rq)
{
    struct reader *reader = rq->connection;
    (void) sem_post(&reader->woken);
}

static const struct request_host host = { wake };

static void reader_open(struct reader *reader, struct events *events, unsigned types,
                        uint64_t after)
{
    struct arena *arena = arena_new();
    reader->rq = ARENA_NEW(arena, struct request);
    reader->rq->arena = arena;
    reader->rq->host = &host;
    reader->rq->connection = reader;
    (void) sem_init(&reader->woken, 0, 0);
    reader->events = events;
    reader->subscription = events_subscribe(events, reader->rq, EVENTS_NDJSON, types, after);
}

static void reader_close(struct reader *reader)
{
    arena_free(reader->rq->arena);
    (void) sem_destroy(&reader->woken);
}

/* All there is now, a few bytes at a time. */
static str read_all(struct reader *reader, struct buf *out)
{
    size_t size = 1;
    buf_init_arena(out, reader->rq->arena, 1u << 20);
    events_flush(reader->events);
    while (size > 0) {
        char piece[7];
        assert_true(events_read(reader->subscription, piece, sizeof piece, &size));
        buf_add_bytes(out, piece, size);
    }
    return buf_str(out);
}

static size_t lines_of(str text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.size; i++)
        lines += text.ptr[i] == '\n';
    return lines;
}

static bool has(str text, const char *part)
{
    return str_find(text, str_of(part)) < text.size;
}

TEST(what_was_emitted_is_read_in_order_and_once)
{
    struct events *events = events_new(&(struct events_options){ .kept = 10 });
    struct reader reader;
    struct buf buf;
    emit(events, "before");
    reader_open(&reader, events, EVENTS_ALL_TYPES, UINT64_MAX);
    assert_int_equal(read_all(&reader, &buf).size, 0);
    emit(events, "one");
    emit(events, "two");
    str text = read_all(&reader, &buf);
    assert_int_equal(lines_of(text), 2);
    assert_true(str_find(text, STR("\"one\"")) < str_find(text, STR("\"two\"")));
    assert_true(has(text, "\"number\":2,"));
    assert_int_equal(read_all(&reader, &buf).size, 0);
    reader_close(&reader);
    events_free(events);
}

TEST(a_reader_resumes_after_a_number)
{
    struct events *events = events_new(&(struct events_options){ .kept = 10 });
    struct reader reader;
    struct buf buf;
    for (int i = 0; i < 6; i++)
        emit(events, "k");
    reader_open(&reader, events, EVENTS_ALL_TYPES, 4);
    str text = read_all(&reader, &buf);
    assert_int_equal(lines_of(text), 2);
    assert_true(has(text, "\"number\":5,") && has(text, "\"number\":6,"));
    reader_close(&reader);
    events_free(events);
}

TEST(who_comes_with_a_number_of_another_process_is_told_and_gets_all)
{
    static const struct {
        int line;
        uint64_t after;
        bool told;
        unsigned events;
    } rows[] = {
        { __LINE__, 7, true, 6 },           { __LINE__, 4000, true, 6 },
        { __LINE__, 0, false, 6 },          { __LINE__, 1000, false, 6 },
        { __LINE__, 1004, false, 2 },       { __LINE__, 1006, false, 0 },
        { __LINE__, UINT64_MAX, false, 0 },
    };
    struct events *events = events_new(&(struct events_options){ .kept = 10, .before = 1000 });
    for (int i = 0; i < 6; i++)
        emit(events, "k");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reader reader;
        struct buf buf;
        reader_open(&reader, events, EVENTS_ALL_TYPES, rows[i].after);
        str text = read_all(&reader, &buf);
        bool told = str_starts(text, STR("{\"type\":\"gap\",\"missed\":0,\"restarted\":true}\n"));
        assert_true(told == rows[i].told);
        assert_int_equal(lines_of(text), rows[i].events + (told ? 1 : 0));
        assert_true(rows[i].events == 0 || has(text, "\"number\":1006,"));
        reader_close(&reader);
    }
    events_free(events);
}

TEST(who_comes_too_late_is_told_how_much_was_missed)
{
    struct events *events = events_new(&(struct events_options){ .kept = 4 });
    struct reader reader;
    struct buf buf;
    for (int i = 0; i < 11; i++)
        emit(events, "k");
    reader_open(&reader, events, EVENTS_ALL_TYPES, 2);
    str text = read_all(&reader, &buf);
    assert_true(str_starts(text, STR("{\"type\":\"gap\",\"missed\":5}\n")));
    assert_int_equal(lines_of(text), 5);
    assert_true(has(text, "\"number\":8,") && has(text, "\"number\":11,"));
    reader_close(&reader);
    events_free(events);
}

TEST(types_choose_and_a_word_stands_for_its_kinds)
{
    struct events *events = events_new(&(struct events_options){ .kept = 10 });
    struct reader reader;
    struct buf buf;
    unsigned types;
    assert_true(events_parse_types(STR("copy,heal"), &types));
    assert_int_equal(types, 1u << EVENT_COPY_APPLIED | 1u << EVENT_COPY_FAILED |
                                1u << EVENT_COPY_WAITING | 1u << EVENT_COPY_HELD |
                                1u << EVENT_COPY_DROPPED | 1u << EVENT_HEAL);
    reader_open(&reader, events, types, 0);
    emit(events, "k");
    events_emit(events, &(struct event){ .kind = EVENT_HEAL });
    str text = read_all(&reader, &buf);
    assert_int_equal(lines_of(text), 1);
    assert_true(has(text, "\"type\":\"heal\""));
    assert_false(events_parse_types(STR("cop"), &types));
    assert_false(events_parse_types(STR("request,"), &types));
    reader_close(&reader);
    events_free(events);
}

TEST(who_joins_in_the_middle_of_a_page_reads_what_the_others_read_after_it)
{
    struct events *events = events_new(&(struct events_options){ .kept = 2000 });
    struct reader first, second, late;
    struct buf all, again, rest;
    for (int i = 0; i < 1500; i++) /* some pages */
        emit(events, "k");
    reader_open(&first, events, EVENTS_ALL_TYPES, 0);
    reader_open(&second, events, EVENTS_ALL_TYPES, 0);
    reader_open(&late, events, EVENTS_ALL_TYPES, 10);
    str text = read_all(&first, &all);
    assert_int_equal(lines_of(text), 1500);
    assert_true(text.size > EVENT_PAGE_BYTES);
    assert_true(str_eq(read_all(&second, &again), text));
    str tail = read_all(&late, &rest);
    assert_int_equal(lines_of(tail), 1490);
    assert_true(str_eq(str_skip(text, text.size - tail.size), tail));
    reader_close(&first);
    reader_close(&second);
    reader_close(&late);
    events_free(events);
}

TEST(a_quiet_reader_is_woken)
{
    struct events *events = events_new(&(struct events_options){ .kept = 10 });
    struct reader reader;
    struct buf buf;
    reader_open(&reader, events, EVENTS_ALL_TYPES, UINT64_MAX);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(read_all(&reader, &buf).size, 0);
        emit(events, "k");
        assert_int_equal(sem_wait(&reader.woken), 0);
        assert_int_equal(lines_of(read_all(&reader, &buf)), 1);
    }
    reader_close(&reader);
    events_free(events);
}

#define WRITERS 4
#define EACH 5000

static void *write_many(void *arg)
{
    for (int i = 0; i < EACH; i++)
        emit(arg, "k");
    return NULL;
}

TEST(writers_never_block_and_every_event_is_counted_or_dropped)
{
    struct count count = { 0 };
    struct events *events =
        events_new(&(struct events_options){ .kept = 100, .each = count_event, .ctx = &count });
    pthread_t threads[WRITERS];
    for (size_t i = 0; i < WRITERS; i++)
        threads[i] = thread_start("writer", write_many, events);
    for (size_t i = 0; i < WRITERS; i++)
        (void) pthread_join(threads[i], NULL);
    events_flush(events);
    assert_int_equal(count.events + events_dropped(events), WRITERS * EACH);
    assert_true(count.in_order);
    events_free(events);
}

TEST(an_event_carries_any_bytes_as_json)
{
    struct arena *arena = arena_new();
    struct event event = { .number = 7, .kind = EVENT_COPY_APPLIED, .took = DURATION_MS(1500) };
    struct buf buf;
    event.text[EVENT_KEY] = STR("a\"b\nc");
    buf_init_arena(&buf, arena, 65536);
    events_write(arena, &event, &buf);
    assert_true(has(buf_str(&buf), "\"key\":\"a\\\"b\\nc\""));
    assert_true(has(buf_str(&buf), "\"after_s\":1.5"));
    arena_free(arena);
}
