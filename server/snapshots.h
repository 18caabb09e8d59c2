/* snapshots: the whole world put aside under a name, and brought back, with all that lives outside
 * of its store: the clock, the seed, faults and their counts, the number of the next request.
 *
 * Each is a job of the world thread, so nothing moves meanwhile: no copy, no timer, no other
 * snapshot. After a restore the same requests get the same answers, ids included, as after the
 * snapshot; the journal and the anomalies start anew, events and metrics go on.
 * Threads: any but the world thread and the writer thread.
 */
#ifndef ATOLL_SERVER_SNAPSHOTS_H
#define ATOLL_SERVER_SNAPSHOTS_H

#include "replication/timekeeper.h"
#include "storage/snapshot.h"

struct world;

enum snapshot_verb {
    SNAPSHOT_SAVE,
    SNAPSHOT_RESTORE,
    SNAPSHOT_DELETE,
    SNAPSHOT_READ, /* as a file */
    SNAPSHOT_TAKE  /* from one */
};

struct snapshot_job {
    struct time_job job; /* arena, done and owner by the caller; first, so that it finds the rest */
    struct world *world;
    enum snapshot_verb verb;
    str name;
    struct body_draft draft; /* of SNAPSHOT_TAKE; the caller's */
    /* out */
    enum store_result result; /* STORE_ABSENT, STORE_STATE_REFUSED: `problem` says why */
    str problem;
    struct store_snapshot_info info; /* not of a delete */
    struct body_reader *file;        /* of SNAPSHOT_READ; the caller's to close */
};

/* `done` is called on the world thread. */
void snapshots_submit(struct snapshot_job *job);
/* The same, and blocks: main, scenarios, tests; never a worker. */
enum store_result snapshots_run(struct snapshot_job *job);
/* The world as one file: written, or brought back. False with a sentence in *error, and the world
 * is as it was. */
MUST_CHECK bool snapshots_export(struct world *world, struct arena *arena, str path, str *error);
MUST_CHECK bool snapshots_import(struct world *world, struct arena *arena, str path, str *error);

#endif
