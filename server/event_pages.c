/* The few newest pages are looked through one by one. A page that nobody uses any more and that
 * was pushed out is freed by whoever let go of it last. */
#include "server/event_pages.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/limits.h"

#define LONGEST_BYTES (EVENT_PAGE_BYTES + LIMIT_ANSWER_BYTES)

void event_pages_init(struct event_pages *pages)
{
    *pages = (struct event_pages){ .arena = arena_new() };
}

void event_pages_fini(struct event_pages *pages)
{
    for (size_t i = 0; i < EVENT_PAGES_KEPT; i++)
        if (pages->kept[i]) {
            BUG_UNLESS(pages->kept[i]->users == 1);
            event_page_release(pages->kept[i]);
        }
    arena_free(pages->arena);
}

struct event_page *event_page_new(void)
{
    struct event_page *page = mem_alloc(sizeof *page);
    page->users = 1;
    buf_init(&page->text, LONGEST_BYTES);
    return page;
}

void event_page_release(struct event_page *page)
{
    if (--page->users > 0)
        return;
    buf_fini(&page->text);
    free(page);
}

static void write_event(struct event_pages *pages, struct event_page *page,
                        const struct event *event)
{
    struct buf *text = &page->text;
    if (page->format == EVENTS_SSE) {
        buf_add(text, STR("id: "));
        buf_add_u64(text, event->number);
        buf_add(text, STR("\nevent: "));
        buf_add(text, str_of(events_kind_name(event->kind)));
        buf_add(text, STR("\ndata: "));
    }
    arena_reset(pages->arena);
    events_write(pages->arena, event, text);
    buf_add(text, page->format == EVENTS_SSE ? STR("\n\n") : STR("\n"));
}

static void fill(struct event_pages *pages, struct event_page *page,
                 const struct event_source *source)
{
    uint64_t number = page->first;
    for (;; number++) {
        const struct event *event = source->at(source->ctx, number);
        if (page->types & 1u << event->kind)
            write_event(pages, page, event);
        if (number == page->last || page->text.size >= EVENT_PAGE_BYTES)
            break;
    }
    page->last = number;
}

struct event_page *event_pages_use(struct event_pages *pages, const struct event_page *wanted,
                                   const struct event_source *source)
{
    uint64_t last = wanted->last;
    for (size_t i = 0; i < EVENT_PAGES_KEPT; i++) {
        struct event_page *page = pages->kept[i];
        if (page == NULL || page->format != wanted->format || page->types != wanted->types)
            continue;
        if (page->first == wanted->first && page->last <= wanted->last) {
            page->users++;
            return page;
        }
        if (page->first < wanted->first && page->last >= wanted->first && page->last < last)
            last = page->last;
    }
    struct event_page *made = event_page_new();
    made->format = wanted->format;
    made->types = wanted->types;
    made->first = wanted->first;
    made->last = last;
    fill(pages, made, source);
    struct event_page **place = &pages->kept[pages->next++ % EVENT_PAGES_KEPT];
    if (*place)
        event_page_release(*place);
    *place = made;
    made->users++;
    return made;
}
