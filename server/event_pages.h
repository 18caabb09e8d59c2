/* event_pages: what subscribers of the event stream read, as text: stretches of the stream, each
 * written once for all that want the same types in the same format.
 *
 * Subscribers that keep up stand at the same number and so share a page; who stands in the middle
 * of one gets a page of its own that ends where that one does, and shares from there on.
 * Ownership: a page lives until its last user releases it and newer pages have pushed it out.
 * Threads: under the lock of the events; the text of a page that one uses, without it. Bounds:
 * EVENT_PAGE_BYTES and an event each; EVENT_PAGES_KEPT and one for each subscriber.
 */
#ifndef ATOLL_SERVER_EVENT_PAGES_H
#define ATOLL_SERVER_EVENT_PAGES_H

#include "server/events.h"

#define EVENT_PAGE_BYTES (64 * 1024)
#define EVENT_PAGES_KEPT 16

struct event_page {
    enum events_format format;
    unsigned types;
    uint64_t first, last; /* numbers of the stretch; of which `types` are in the text */
    unsigned users;
    struct buf text;
};

struct event_pages {
    struct event_page *kept[EVENT_PAGES_KEPT];
    unsigned next; /* to be pushed out */
    struct arena *arena;
};

/* Where the remembered events are. */
struct event_source {
    const struct event *(*at)(void *ctx, uint64_t number);
    void *ctx;
};

void event_pages_init(struct event_pages *pages);
/* No page may be in use. */
void event_pages_fini(struct event_pages *pages);
/* The page from wanted->first on, wanted->last at most; only `last` of it may come out lower. */
MUST_CHECK struct event_page *event_pages_use(struct event_pages *pages,
                                              const struct event_page *wanted,
                                              const struct event_source *source);
/* A page that nobody shares, empty. */
MUST_CHECK struct event_page *event_page_new(void);
void event_page_release(struct event_page *page);

#endif
