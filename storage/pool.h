/* pool: the body threads. A job runs in small steps, one thread at a time, and goes to the end of
 * the line after each step, so that a hundred large bodies share two threads evenly.
 *
 * Ownership: a job belongs to the pool from pool_submit until its step returns false; after that
 * the pool does not touch it. Threads: any may submit. Bounds: the callers' (one job per sink and
 * per hashing).
 */
#ifndef ATOLL_STORAGE_POOL_H
#define ATOLL_STORAGE_POOL_H

#include "base/lock.h"

struct pool;
struct pool_job {
    bool (*step)(struct pool_job *job); /* true: again */
    struct pool_job *next;
};

struct pool *pool_new(unsigned threads);
void pool_free(struct pool *pool); /* runs what is queued to its end, then joins */
void pool_submit(struct pool *pool, struct pool_job *job);

#endif
