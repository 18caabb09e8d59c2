/* source: what an epoll event leads to; errand: work that another thread leaves for a worker.
 * Both are embedded in what they concern, which outlives them. Threads: see worker.h. */
#ifndef ATOLL_SERVER_FRONT_SOURCE_H
#define ATOLL_SERVER_FRONT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct source {
    void (*ready)(struct source *source, uint32_t events);
    void *owner;
};

/* Posted again only after it ran. */
struct errand {
    void (*run)(struct errand *errand);
    void *owner;
    struct errand *next; /* guarded by the inbox, like queued */
    bool queued;
};

#endif
