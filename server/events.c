/* The intake is a bounded queue of pointers in which each slot carries the turn it is for (after
 * D. Vyukov), so that writers meet at one compare-and-swap and never at a lock. The number of an
 * event is its place in that queue. */
#include "server/events.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/lock.h"
#include "server/event_pages.h"
#include "server/request.h"

#define TELL_EVERY_MS 25 /* a stream of events wakes its subscribers this often */

struct slot {
    _Atomic uint64_t turn;
    struct event *event;
};

struct events {
    struct slot intake[EVENTS_INTAKE];
    _Atomic uint64_t tail;
    _Atomic uint64_t head; /* moved under the lock */
    _Atomic uint64_t dropped;
    _Atomic unsigned listening;
    _Atomic bool asleep, stopping;
    sem_t bell;
    pthread_t thread;
    struct events_options options;
    struct mutex lock; /* of what follows */
    struct event **kept;
    uint64_t newest;
    struct subscription *subscriptions;
    struct event_pages pages;
    struct mutex pause_lock; /* a leaf; `stopping` is set under it */
    struct condition pause;
};

struct subscription {
    struct subscription *next;
    struct events *events;
    struct request *rq;
    enum events_format format;
    unsigned types;
    uint64_t after;
    bool restarted;          /* it came from an earlier process, and is to be told */
    bool waiting;            /* found nothing and wants to be woken */
    struct event_page *page; /* being read; NULL: none */
    size_t taken;            /* of its text */
};

/* --- writing --- */

static struct event *pack(const struct event *event)
{
    size_t size = sizeof *event;
    for (size_t i = 0; i < EVENT_FIELDS; i++)
        size += event->text[i].size;
    struct event *packed = mem_resize(NULL, size);
    char *at = (char *) (packed + 1);
    *packed = *event;
    for (size_t i = 0; i < EVENT_FIELDS; i++) {
        size_t text = event->text[i].size;
        packed->text[i] = str_from(at, text);
        if (text > 0)
            memcpy(at, event->text[i].ptr, text);
        at += text;
    }
    return packed;
}

static bool push(struct events *events, struct event *event)
{
    uint64_t at = atomic_load_explicit(&events->tail, memory_order_relaxed);
    for (;;) {
        struct slot *slot = &events->intake[at % EVENTS_INTAKE];
        uint64_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);
        if (turn < at)
            return false;
        if (turn > at)
            at = atomic_load_explicit(&events->tail, memory_order_relaxed);
        else if (atomic_compare_exchange_weak(&events->tail, &at, at + 1)) {
            event->number = events->options.before + at + 1;
            slot->event = event;
            atomic_store_explicit(&slot->turn, at + 1, memory_order_release);
            return true;
        }
    }
}

/* Worth waking up for? */
static bool is_wanted(struct events *events)
{
    uint64_t waiting = atomic_load(&events->tail) - atomic_load(&events->head);
    return waiting >= EVENTS_DRAIN_AFTER || (waiting > 0 && atomic_load(&events->listening) > 0) ||
           atomic_load(&events->stopping);
}

static void ring(struct events *events)
{
    if (atomic_load(&events->asleep) && is_wanted(events) &&
        atomic_exchange(&events->asleep, false))
        (void) sem_post(&events->bell);
}

void events_emit(struct events *events, const struct event *event)
{
    if (events == NULL)
        return;
    struct event *packed = pack(event);
    if (!push(events, packed)) {
        atomic_fetch_add_explicit(&events->dropped, 1, memory_order_relaxed);
        free(packed);
    }
    ring(events);
}

/* --- draining --- */

static struct event *pop_locked(struct events *events)
{
    uint64_t at = atomic_load_explicit(&events->head, memory_order_relaxed);
    struct slot *slot = &events->intake[at % EVENTS_INTAKE];
    mutex_assert_held(&events->lock);
    if (atomic_load_explicit(&slot->turn, memory_order_acquire) != at + 1)
        return NULL;
    struct event *event = slot->event;
    atomic_store_explicit(&slot->turn, at + EVENTS_INTAKE, memory_order_release);
    atomic_store(&events->head, at + 1);
    return event;
}

static void drain_locked(struct events *events)
{
    mutex_assert_held(&events->lock);
    for (struct event *event = pop_locked(events); event; event = pop_locked(events)) {
        struct event **place = &events->kept[event->number % events->options.kept];
        if (events->options.each)
            events->options.each(events->options.ctx, event);
        free(*place);
        *place = event;
        events->newest = event->number;
    }
}

static void tell_locked(struct events *events)
{
    mutex_assert_held(&events->lock);
    for (struct subscription *s = events->subscriptions; s; s = s->next)
        if (s->waiting && s->after < events->newest) {
            s->waiting = false;
            s->rq->host->wake(s->rq);
        }
}

/* True when somebody listens and there was something new. */
static bool drain_and_tell(struct events *events)
{
    SCOPED_LOCK(&events->lock);
    uint64_t before = events->newest;
    drain_locked(events);
    tell_locked(events);
    return events->subscriptions && events->newest > before;
}

void events_flush(struct events *events)
{
    (void) drain_and_tell(events);
}

/* What comes after a first event waits a little for more: this thread, woken for each of thirty
 * thousand events a second, and ten subscribers would cost as much as the requests themselves.
 * That is so too while all subscribers are still busy with what came before. */
static void pause_telling(struct events *events)
{
    SCOPED_LOCK(&events->pause_lock);
    if (!atomic_load(&events->stopping))
        (void) condition_wait_for(&events->pause, &events->pause_lock, DURATION_MS(TELL_EVERY_MS));
}

static void *drain_on(void *arg)
{
    struct events *events = arg;
    while (!atomic_load(&events->stopping)) {
        while (drain_and_tell(events))
            pause_telling(events);
        atomic_store(&events->asleep, true);
        /* Something may have come between the two; else whoever comes next rings. */
        if (is_wanted(events) && atomic_exchange(&events->asleep, false))
            continue;
        while (sem_wait(&events->bell) != 0)
            continue;
    }
    return NULL;
}

/* --- life --- */

struct events *events_new(const struct events_options *options)
{
    struct events *events = mem_alloc(sizeof *events);
    events->options = *options;
    if (events->options.kept == 0)
        events->options.kept = 1;
    events->newest = events->options.before;
    events->kept = mem_alloc(sizeof(struct event *) * events->options.kept);
    event_pages_init(&events->pages);
    for (uint64_t i = 0; i < EVENTS_INTAKE; i++)
        atomic_store_explicit(&events->intake[i].turn, i, memory_order_relaxed);
    mutex_init(&events->lock);
    mutex_init(&events->pause_lock);
    condition_init(&events->pause);
    (void) sem_init(&events->bell, 0, 0);
    events->thread = thread_start("events", drain_on, events);
    return events;
}

void events_free(struct events *events)
{
    BUG_UNLESS(events->subscriptions == NULL);
    mutex_lock(&events->pause_lock);
    atomic_store(&events->stopping, true);
    condition_wake_one(&events->pause);
    mutex_unlock(&events->pause_lock);
    ring(events);
    (void) pthread_join(events->thread, NULL);
    events_flush(events);
    for (unsigned i = 0; i < events->options.kept; i++)
        free(events->kept[i]);
    (void) sem_destroy(&events->bell);
    condition_fini(&events->pause);
    mutex_fini(&events->pause_lock);
    mutex_fini(&events->lock);
    event_pages_fini(&events->pages);
    free(events->kept);
    free(events);
}

uint64_t events_dropped(const struct events *events)
{
    return atomic_load_explicit(&events->dropped, memory_order_relaxed);
}

unsigned events_subscribers(const struct events *events)
{
    return atomic_load_explicit(&events->listening, memory_order_relaxed);
}

static uint64_t oldest_locked(const struct events *events)
{
    mutex_assert_held(&events->lock);
    uint64_t count = events->newest - events->options.before;
    return count > events->options.kept ? events->newest - events->options.kept + 1
                                        : events->options.before + 1;
}

/* Under the lock. */
static const struct event *event_at(void *ctx, uint64_t number)
{
    const struct events *events = ctx;
    return events->kept[number % events->options.kept];
}

void events_walk(struct events *events, bool (*see)(void *ctx, const struct event *event),
                 void *ctx)
{
    SCOPED_LOCK(&events->lock);
    drain_locked(events);
    tell_locked(events);
    for (uint64_t n = oldest_locked(events); n <= events->newest; n++)
        if (!see(ctx, event_at(events, n)))
            break;
}

/* --- reading --- */

static void unsubscribe(void *arg)
{
    struct subscription *subscription = arg;
    struct events *events = subscription->events;
    mutex_lock(&events->lock);
    struct subscription **at = &events->subscriptions;
    while (*at != subscription)
        at = &(*at)->next;
    *at = subscription->next;
    if (subscription->page)
        event_page_release(subscription->page);
    mutex_unlock(&events->lock);
    atomic_fetch_sub(&events->listening, 1);
    free(subscription);
}

struct subscription *events_subscribe(struct events *events, struct request *rq,
                                      enum events_format format, unsigned types, uint64_t after)
{
    struct subscription *subscription = mem_alloc(sizeof *subscription);
    subscription->events = events;
    subscription->rq = rq;
    subscription->format = format;
    subscription->types = types;
    if (format == EVENTS_SSE) {
        subscription->page = event_page_new();
        buf_add(&subscription->page->text, STR("retry: 1000\n\n"));
    }
    mutex_lock(&events->lock);
    drain_locked(events);
    tell_locked(events);
    /* A number that is not there yet is of another world's process. */
    bool strange = after < events->options.before || after > events->newest;
    subscription->restarted = strange && after > 0 && after < UINT64_MAX;
    subscription->after = after == UINT64_MAX ? events->newest
                          : strange           ? events->options.before
                                              : after;
    subscription->next = events->subscriptions;
    events->subscriptions = subscription;
    mutex_unlock(&events->lock);
    atomic_fetch_add(&events->listening, 1);
    arena_defer(rq->arena, unsubscribe, subscription);
    return subscription;
}

static struct event_page *gap_page(const struct subscription *s, uint64_t missed)
{
    struct event_page *page = event_page_new();
    bool sse = s->format == EVENTS_SSE;
    buf_addf(&page->text, "%s{\"type\":\"gap\",\"missed\":%llu%s}\n%s",
             sse ? "event: gap\ndata: " : "", (unsigned long long) missed,
             s->restarted ? ",\"restarted\":true" : "", sse ? "\n" : "");
    return page;
}

/* Does not drain: what comes now comes with the next telling. NULL: nothing new. */
static struct event_page *next_page_locked(struct subscription *s)
{
    struct events *events = s->events;
    mutex_assert_held(&events->lock);
    uint64_t oldest = oldest_locked(events);
    if (s->after + 1 < oldest || s->restarted) {
        uint64_t missed = oldest - s->after - 1;
        struct event_page *page = gap_page(s, missed);
        s->after = oldest - 1;
        s->restarted = false;
        return page;
    }
    if (s->after >= events->newest)
        return NULL;
    struct event_page wanted = {
        .format = s->format, .types = s->types, .first = s->after + 1, .last = events->newest
    };
    struct event_page *page =
        event_pages_use(&events->pages, &wanted, &(struct event_source){ event_at, events });
    s->after = page->last;
    return page;
}

/* To where there is something to read, or to the end of what there is. */
static void turn_page(struct subscription *s)
{
    SCOPED_LOCK(&s->events->lock);
    while (s->page == NULL || s->taken == s->page->text.size) {
        if (s->page)
            event_page_release(s->page);
        s->taken = 0;
        s->page = next_page_locked(s);
        if (s->page == NULL) {
            s->waiting = true;
            return;
        }
    }
}

bool events_read(struct subscription *s, char *out, size_t room, size_t *size)
{
    *size = 0;
    if (s->page == NULL || s->taken == s->page->text.size)
        turn_page(s);
    if (s->page == NULL)
        return true;
    str rest = str_first(str_skip(buf_str(&s->page->text), s->taken), room);
    memcpy(out, rest.ptr, rest.size);
    s->taken += rest.size;
    *size = rest.size;
    return true;
}
