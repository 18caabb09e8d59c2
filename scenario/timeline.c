/* A list of lines behind a lock; see timeline.h. */
#include "scenario/timeline.h"

#include <stdlib.h>

#include "base/lock.h"

struct entry {
    struct timeline_event event;
    struct entry *next;
};

struct timeline {
    struct mutex lock;
    struct arena *arena;
    instant began;
    struct entry *first;
    struct entry **last;
    size_t count;
};

struct timeline *timeline_new(instant began)
{
    struct timeline *timeline = mem_alloc(sizeof *timeline);
    mutex_init(&timeline->lock);
    timeline->arena = arena_new();
    timeline->began = began;
    timeline->last = &timeline->first;
    return timeline;
}

void timeline_free(struct timeline *timeline)
{
    if (timeline == NULL)
        return;
    arena_free(timeline->arena);
    mutex_fini(&timeline->lock);
    free(timeline);
}

static struct timeline_event copy_event(struct arena *arena, const struct timeline_event *event)
{
    return (struct timeline_event){ .at = event->at,
                                    .text = str_copy(arena, event->text),
                                    .detail = str_copy(arena, event->detail),
                                    .region = str_copy(arena, event->region),
                                    .from = str_copy(arena, event->from) };
}

void timeline_add(struct timeline *timeline, const struct timeline_event *event)
{
    SCOPED_LOCK(&timeline->lock);
    struct entry *entry = ARENA_NEW(timeline->arena, struct entry);
    entry->event = copy_event(timeline->arena, event);
    *timeline->last = entry;
    timeline->last = &entry->next;
    timeline->count++;
}

void timeline_copy(void *timeline, const struct copy_told *copy)
{
    static const char *const outcomes[] = {
        [OUTCOME_COPIED] = "arrived", [OUTCOME_SOURCE_GONE] = "source gone",
        [OUTCOME_WAITING] = "waits",  [OUTCOME_HELD] = "held",
        [OUTCOME_FAILED] = "FAILED",  [OUTCOME_DROPPED] = "dropped"
    };
    struct arena *arena = arena_new();
    const struct queue_row *row = copy->row;
    str text =
        str_format(arena, "copy %.*s/%.*s  %.*s > %.*s  %.8s  %s after %.*s%s%.*s",
                   STR_ARG(row->source_name), STR_ARG(row->key), STR_ARG(row->from_region),
                   STR_ARG(row->to_region), str_c(arena, row->version_id), outcomes[copy->outcome],
                   STR_ARG(duration_told(arena, instant_diff(copy->at, row->queued_at))),
                   copy->reason.size ? ": " : "", STR_ARG(copy->reason));
    timeline_add(timeline, &(struct timeline_event){ .at = copy->at,
                                                     .text = text,
                                                     .region = row->to_region,
                                                     .from = row->from_region });
    arena_free(arena);
}

const struct timeline_event *timeline_events(struct timeline *timeline, struct arena *arena,
                                             size_t *count)
{
    SCOPED_LOCK(&timeline->lock);
    struct timeline_event *events = ARENA_ARRAY(arena, struct timeline_event, timeline->count + 1);
    *count = 0;
    for (const struct entry *entry = timeline->first; entry; entry = entry->next)
        events[(*count)++] = copy_event(arena, &entry->event);
    return events;
}

str timeline_seconds(struct arena *arena, duration d)
{
    return str_format(arena, "%lld.%lld", (long long) (d.ns / 1000000000),
                      (long long) (d.ns / 100000000 % 10));
}

void timeline_write(struct timeline *timeline, size_t most, bool details, struct buf *out)
{
    SCOPED_LOCK(&timeline->lock);
    size_t skip = most && timeline->count > most ? timeline->count - most : 0;
    if (skip > 0)
        buf_addf(out, "                   (%zu earlier)\n", skip);
    for (const struct entry *entry = timeline->first; entry; entry = entry->next) {
        const struct timeline_event *event = &entry->event;
        str rest = event->detail, line;
        if (skip > 0) {
            skip--;
            continue;
        }
        buf_addf(
            out, "  %12.*s s  %.*s\n",
            STR_ARG(timeline_seconds(timeline->arena, instant_diff(event->at, timeline->began))),
            STR_ARG(event->text));
        while (details && rest.size > 0 && str_next(&rest, '\n', &line))
            buf_addf(out, "                   | %.*s\n", STR_ARG(line));
    }
}
