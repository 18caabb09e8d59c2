/* What notifications told, as the event stream has it: the names in order, and the last message. */
#ifndef ATOLL_TESTS_UNIT_SERVER_TOLD_H
#define ATOLL_TESTS_UNIT_SERVER_TOLD_H

#include "server/events.h"
#include "tests/unit/server/s3_wire.h"

struct told {
    struct arena *arena;
    struct buf names;
    str last;
};

static inline bool told_see(void *ctx, const struct event *event)
{
    struct told *told = ctx;
    if (event->kind != EVENT_NOTIFICATION)
        return true;
    buf_add(&told->names, event->text[EVENT_REASON]);
    buf_add(&told->names, STR(" "));
    told->last = str_copy(told->arena, event->text[EVENT_DETAIL]);
    return true;
}

static inline struct told told(struct wire *wire)
{
    struct told told = { .arena = wire->arena };
    buf_init_arena(&told.names, wire->arena, 4096);
    events_walk(wire->world->events, told_see, &told);
    return told;
}

#define assert_told(wire, expected)                                                                \
    do {                                                                                           \
        struct told told_now = told(wire);                                                         \
        assert_str(buf_str(&told_now.names), expected);                                            \
    } while (0)

#endif
