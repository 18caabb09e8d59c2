/* Mutexes that know their owner, conditions on the monotonic clock, threads without signals. */
#include "base/lock.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/clock.h"

#define NOBODY ((pthread_t) 0)

void mutex_init(struct mutex *mutex)
{
    BUG_UNLESS(pthread_mutex_init(&mutex->raw, NULL) == 0);
    atomic_init(&mutex->owner, NOBODY);
}

void mutex_fini(struct mutex *mutex)
{
    BUG_UNLESS(pthread_mutex_destroy(&mutex->raw) == 0);
}

static void set_owner(struct mutex *mutex, pthread_t owner)
{
    atomic_store_explicit(&mutex->owner, owner, memory_order_relaxed);
}

void mutex_lock(struct mutex *mutex)
{
    BUG_UNLESS(pthread_mutex_lock(&mutex->raw) == 0);
    set_owner(mutex, pthread_self());
}

void mutex_unlock(struct mutex *mutex)
{
    mutex_assert_held(mutex);
    set_owner(mutex, NOBODY);
    BUG_UNLESS(pthread_mutex_unlock(&mutex->raw) == 0);
}

void mutex_assert_held(const struct mutex *mutex)
{
    pthread_t owner = atomic_load_explicit(&mutex->owner, memory_order_relaxed);
    BUG_UNLESS(pthread_equal(owner, pthread_self()));
}

void condition_init(struct condition *condition)
{
    pthread_condattr_t attr;
    BUG_UNLESS(pthread_condattr_init(&attr) == 0);
    BUG_UNLESS(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    BUG_UNLESS(pthread_cond_init(&condition->raw, &attr) == 0);
    (void) pthread_condattr_destroy(&attr);
}

void condition_fini(struct condition *condition)
{
    BUG_UNLESS(pthread_cond_destroy(&condition->raw) == 0);
}

void condition_wait(struct condition *condition, struct mutex *mutex)
{
    mutex_assert_held(mutex);
    set_owner(mutex, NOBODY);
    BUG_UNLESS(pthread_cond_wait(&condition->raw, &mutex->raw) == 0);
    set_owner(mutex, pthread_self());
}

bool condition_wait_for(struct condition *condition, struct mutex *mutex, duration at_most)
{
    if (at_most.ns < 0) {
        condition_wait(condition, mutex);
        return true;
    }
    mutex_assert_held(mutex);
    int64_t until_ns = instant_add((instant){ clock_mono().ns }, at_most).ns;
    struct timespec until = { until_ns / 1000000000, until_ns % 1000000000 };
    set_owner(mutex, NOBODY);
    int error = pthread_cond_timedwait(&condition->raw, &mutex->raw, &until);
    set_owner(mutex, pthread_self());
    BUG_UNLESS(error == 0 || error == ETIMEDOUT);
    return error == 0;
}

void condition_wake_one(struct condition *condition)
{
    BUG_UNLESS(pthread_cond_signal(&condition->raw) == 0);
}

void condition_wake_all(struct condition *condition)
{
    BUG_UNLESS(pthread_cond_broadcast(&condition->raw) == 0);
}

/* Signals are blocked around the creation, not inside the new thread: it inherits the mask, so that
 * there is no moment at which it could take one. */
pthread_t thread_start(const char *name, void *(*run)(void *), void *arg)
{
    sigset_t all, before;
    (void) sigfillset(&all);
    BUG_UNLESS(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    pthread_t thread;
    int error = pthread_create(&thread, NULL, run, arg);
    BUG_UNLESS(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    if (error != 0) {
        (void) dprintf(STDERR_FILENO, "atoll: cannot start thread %s: %s\n", name, strerror(error));
        abort();
    }
    char short_name[16]; /* the kernel's limit */
    (void) snprintf(short_name, sizeof short_name, "%s", name);
    (void) pthread_setname_np(thread, short_name);
    return thread;
}
