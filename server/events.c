/* The intake is a bounded queue of pointers in which each slot carries the turn it is for (after
 * D. Vyukov), so that writers meet at one compare-and-swap and never at a lock. The number of an
 * event is its place in that queue. */
#include "server/events.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/json.h"
#include "base/lock.h"
#include "server/request.h"

#define READ_BYTES (32 * 1024)      /* rendered at once */
#define RENDERED_BYTES (256 * 1024) /* READ_BYTES and the longest event */
#define TELL_EVERY_MS 10            /* a stream of events wakes its subscribers this often */

struct kept {
    struct event *event;
    str text; /* as JSON, once a subscriber wanted it; malloc'd */
};

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
    struct kept *kept;
    uint64_t newest;
    struct subscription *subscriptions;
    struct arena *arena; /* of writing one event */
    struct buf written;
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
    bool waiting; /* found nothing and wants to be woken */
    bool greeted;
    struct buf rendered;
    size_t taken; /* of rendered */
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
            event->number = at + 1;
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

static void forget(struct kept *kept)
{
    free(kept->event);
    free((char *) (uintptr_t) kept->text.ptr);
    *kept = (struct kept){ 0 };
}

static void drain_locked(struct events *events)
{
    mutex_assert_held(&events->lock);
    for (struct event *event = pop_locked(events); event; event = pop_locked(events)) {
        struct kept *place = &events->kept[event->number % events->options.kept];
        if (events->options.each)
            events->options.each(events->options.ctx, event);
        forget(place);
        place->event = event;
        events->newest = event->number;
    }
}

/* True when somebody was waiting for it. */
static bool tell_locked(struct events *events)
{
    bool told = false;
    mutex_assert_held(&events->lock);
    for (struct subscription *s = events->subscriptions; s; s = s->next)
        if (s->waiting && s->after < events->newest) {
            s->waiting = false;
            told = true;
            s->rq->host->wake(s->rq);
        }
    return told;
}

static bool drain_and_tell(struct events *events)
{
    SCOPED_LOCK(&events->lock);
    drain_locked(events);
    return tell_locked(events);
}

void events_flush(struct events *events)
{
    (void) drain_and_tell(events);
}

/* What comes after a first event waits a little for more: ten subscribers that are woken for each
 * of thirty thousand events a second would cost as much as the requests themselves. */
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
    events->kept = mem_alloc(sizeof(struct kept) * events->options.kept);
    events->arena = arena_new();
    buf_init(&events->written, RENDERED_BYTES);
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
        forget(&events->kept[i]);
    (void) sem_destroy(&events->bell);
    condition_fini(&events->pause);
    mutex_fini(&events->pause_lock);
    mutex_fini(&events->lock);
    buf_fini(&events->written);
    arena_free(events->arena);
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
    return events->newest > events->options.kept ? events->newest - events->options.kept + 1 : 1;
}

static struct kept *at_locked(const struct events *events, uint64_t number)
{
    mutex_assert_held(&events->lock);
    return &events->kept[number % events->options.kept];
}

void events_walk(struct events *events, bool (*see)(void *ctx, const struct event *event),
                 void *ctx)
{
    SCOPED_LOCK(&events->lock);
    drain_locked(events);
    (void) tell_locked(events);
    for (uint64_t n = oldest_locked(events); n <= events->newest; n++)
        if (!see(ctx, at_locked(events, n)->event))
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
    mutex_unlock(&events->lock);
    atomic_fetch_sub(&events->listening, 1);
    buf_fini(&subscription->rendered);
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
    buf_init(&subscription->rendered, RENDERED_BYTES);
    mutex_lock(&events->lock);
    drain_locked(events);
    (void) tell_locked(events);
    /* A number that is not there yet is of an earlier process: all of this one is new to it. */
    subscription->after = after == UINT64_MAX ? events->newest : after > events->newest ? 0 : after;
    subscription->next = events->subscriptions;
    events->subscriptions = subscription;
    mutex_unlock(&events->lock);
    atomic_fetch_add(&events->listening, 1);
    arena_defer(rq->arena, unsubscribe, subscription);
    return subscription;
}

/* Written once, for all subscribers. */
static str text_locked(struct events *events, struct kept *kept)
{
    mutex_assert_held(&events->lock);
    if (kept->text.ptr == NULL) {
        buf_clear(&events->written);
        arena_reset(events->arena);
        events_write(events->arena, kept->event, &events->written);
        str text = buf_str(&events->written);
        char *copy = mem_resize(NULL, text.size + 1);
        memcpy(copy, text.ptr, text.size);
        kept->text = str_from(copy, text.size);
    }
    return kept->text;
}

static void render_locked(struct subscription *s, struct kept *kept)
{
    if (s->format == EVENTS_SSE)
        buf_addf(&s->rendered,
                 "id: %llu\nevent: %s\ndata: ", (unsigned long long) kept->event->number,
                 events_kind_name(kept->event->kind));
    buf_add(&s->rendered, text_locked(s->events, kept));
    buf_add(&s->rendered, s->format == EVENTS_SSE ? STR("\n\n") : STR("\n"));
}

static void render_gap(struct subscription *s, uint64_t missed)
{
    buf_addf(&s->rendered,
             s->format == EVENTS_SSE ? "event: gap\ndata: {\"type\":\"gap\","
                                       "\"missed\":%llu}\n\n"
                                     : "{\"type\":\"gap\",\"missed\":%llu}\n",
             (unsigned long long) missed);
}

/* Does not drain: what comes now comes with the next telling. */
static void fill_locked(struct subscription *s)
{
    struct events *events = s->events;
    mutex_assert_held(&events->lock);
    uint64_t oldest = oldest_locked(events);
    if (s->after + 1 < oldest) {
        render_gap(s, oldest - s->after - 1);
        s->after = oldest - 1;
    }
    while (s->after < events->newest && s->rendered.size < READ_BYTES) {
        struct kept *kept = at_locked(events, ++s->after);
        if (s->types & 1u << kept->event->kind)
            render_locked(s, kept);
    }
    s->waiting = s->rendered.size == 0;
}

bool events_read(struct subscription *s, char *out, size_t room, size_t *size)
{
    if (s->taken == s->rendered.size) {
        buf_clear(&s->rendered);
        s->taken = 0;
        if (!s->greeted && s->format == EVENTS_SSE)
            buf_add(&s->rendered, STR("retry: 1000\n\n"));
        s->greeted = true;
        SCOPED_LOCK(&s->events->lock);
        fill_locked(s);
    }
    str rest = str_first(str_skip(buf_str(&s->rendered), s->taken), room);
    if (rest.size > 0)
        memcpy(out, rest.ptr, rest.size);
    s->taken += rest.size;
    *size = rest.size;
    return true;
}
