/* async_work: the work of asynchronous requests about access points, at its instant.
 *
 * AWS authorises at once and does the work later, in us-west-2, whose control plane alone creates,
 * deletes and gives policies; each member's Region then does its part. So a request in progress
 * waits while us-west-2's control plane is down and is done when that is back; a Region whose own
 * control plane is down fails its part, as does one whose bucket went in the meantime. What is left
 * then is PARTIALLY_CREATED, PARTIALLY_DELETED or INCONSISTENT_ACROSS_REGIONS.
 *
 * What is still to be done is a document of kind "async-due" beside the record, so a restart and a
 * restored snapshot do it too. Threads: async_work_do any; open and close whoever opens the world;
 * next and timer the world thread; changed any. Errors are logged; work that was not kept is done
 * again a second later, and what could not be read is read at the world thread's next look.
 */
#ifndef ATOLL_SERVER_ASYNC_WORK_H
#define ATOLL_SERVER_ASYNC_WORK_H

#include "server/async.h"
#include "server/mraps.h"

struct async_work;
MUST_CHECK struct async_work *async_work_open(struct world *world);
void async_work_close(struct async_work *work);
/* A request with work to be done was committed, or the store holds another world: look again. */
void async_work_changed(struct world *world);
/* INSTANT_NEVER: nothing to do, or nobody knows when us-west-2 is back. */
instant async_work_next(struct async_work *work, instant now);
void async_work_timer(struct async_work *work, instant now);

/* That this record's work is still to be done; or no longer. */
struct store_doc async_due_doc(const struct async_record *record, bool due);
/* Is the work of a request due at this instant to be done now? */
bool async_work_is_due(const struct world *world, instant due_at, instant now);

/* The work of one request. */
struct async_task {
    const struct world *world;
    struct store_reader *reader;
    struct arena *arena;
    instant now;
    struct async_record *record; /* afterwards it is over, with its outcome */
    const struct mrap *before;   /* what it is about, as accepted; NULL: it is not there */
    /* out */
    bool changed; /* `before` becomes `after`, or nothing */
    bool removed;
    struct mrap after;
};
void async_work_do(struct async_task *task);

#endif
