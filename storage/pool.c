/* A line of jobs and the threads that take the first one, run one step of it, and put it back. */
#include "storage/pool.h"

#include <stdlib.h>

#include "base/arena.h"

#define THREADS_MAX 64u

struct pool {
    struct mutex lock;
    struct condition work;
    struct pool_job *first, *last; /* under the lock, as is `running` and `stopping` */
    unsigned running;
    bool stopping;
    unsigned thread_count;
    pthread_t threads[THREADS_MAX];
};

static void append_locked(struct pool *pool, struct pool_job *job)
{
    mutex_assert_held(&pool->lock);
    job->next = NULL;
    if (pool->last != NULL)
        pool->last->next = job;
    else
        pool->first = job;
    pool->last = job;
    condition_wake_one(&pool->work);
}

static struct pool_job *take_locked(struct pool *pool)
{
    mutex_assert_held(&pool->lock);
    struct pool_job *job = pool->first;
    if (job == NULL)
        return NULL;
    pool->first = job->next;
    if (pool->first == NULL)
        pool->last = NULL;
    return job;
}

static void *pool_run(void *arg)
{
    struct pool *pool = arg;

    mutex_lock(&pool->lock);
    for (;;) {
        struct pool_job *job = take_locked(pool);
        if (job == NULL) {
            /* A running job may still come back, so only the last one out ends it. */
            if (pool->stopping && pool->running == 0)
                break;
            condition_wait(&pool->work, &pool->lock);
            continue;
        }
        pool->running++;
        mutex_unlock(&pool->lock);
        bool again = job->step(job);
        mutex_lock(&pool->lock);
        pool->running--;
        if (again)
            append_locked(pool, job);
    }
    condition_wake_all(&pool->work);
    mutex_unlock(&pool->lock);
    return NULL;
}

struct pool *pool_new(unsigned threads)
{
    struct pool *pool = mem_alloc(sizeof(*pool));

    mutex_init(&pool->lock);
    condition_init(&pool->work);
    pool->thread_count = threads < THREADS_MAX ? threads : THREADS_MAX;
    for (unsigned i = 0; i < pool->thread_count; i++)
        pool->threads[i] = thread_start("atoll-body", pool_run, pool);
    return pool;
}

void pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    mutex_lock(&pool->lock);
    pool->stopping = true;
    condition_wake_all(&pool->work);
    mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_count; i++)
        (void) pthread_join(pool->threads[i], NULL);
    condition_fini(&pool->work);
    mutex_fini(&pool->lock);
    free(pool);
}

void pool_submit(struct pool *pool, struct pool_job *job)
{
    SCOPED_LOCK(&pool->lock);
    append_locked(pool, job);
}
