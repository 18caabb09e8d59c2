/* machine: what can happen to one copy, as a table of transitions. Pure: no I/O, no clock, no lock.
 *
 * A row of the queue lives in one of these states; COPYING is never stored, it is the moment inside
 * the writer's transaction. A pair of state and event that the table does not list is a bug and
 * stops the process. README.md has the diagram.
 */
#ifndef ATOLL_REPLICATION_MACHINE_H
#define ATOLL_REPLICATION_MACHINE_H

#include "storage/queue.h"

enum copy_state {
    COPY_PENDING,
    COPY_COPYING,
    COPY_WAITING,
    COPY_HELD,
    COPY_DONE,
    COPY_FAILED,
    COPY_DROPPED,
    COPY_STATES
};

enum copy_event {
    EV_DUE, /* its time has come, or what it waited for has */
    EV_COPIED,
    EV_SOURCE_GONE,
    EV_TASK_GONE,        /* the same of a job's task, which has to fail */
    EV_TASK_BUCKET_GONE, /* and its bucket with it */
    EV_RULES_GONE,       /* the source's whole configuration was deleted */
    EV_BUCKET_GONE,
    EV_UNVERSIONED,
    EV_LOCK_MISSING,    /* Object Lock at the source, none at the destination */
    EV_HARD_DELETED,    /* a resync of a replica that was deleted by its version id */
    EV_VERSION_MISSING, /* a change for a version that the destination lacks, so far */
    EV_VERSION_NEVER,   /* and no copy of that version is queued any more */
    EV_UNREACHABLE,     /* partition or outage */
    EV_REFUSED,         /* a fault: no permission, no key, ... */
    EV_RESUMED,         /* the way is open again, the hold is over: due at its own time */
    EV_HOLD,
    EV_DROP,
    EV_RETRY, /* by hand: a failed one again */
    COPY_EVENTS
};

struct copy_step {
    enum copy_state to;
    const char *reason; /* AWS's word (replication failure codes) or ours; NULL: none */
};

/* True and *step filled when the table has the pair. */
bool machine_find(enum copy_state from, enum copy_event event, struct copy_step *step);
/* The same; a pair that is not listed is a bug. */
struct copy_step machine_step(enum copy_state from, enum copy_event event);

enum copy_state machine_state_of(const struct queue_row *row);
/* The verdict that carries a row into the step's state. WAITING rows keep their ready_at, so that
 * they resume in the order in which they were due; those that wait for another row get
 * INSTANT_NEVER, which tells the two apart. */
struct copy_verdict machine_verdict(const struct queue_row *row, struct copy_step step);
copy_judge_fn machine_judge; /* ctx is not used */

const char *machine_state_name(enum copy_state state);
const char *machine_event_name(enum copy_event event);

#endif
