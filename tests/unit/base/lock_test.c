/* Mutex, condition, threads. */
#include "tests/unit/test.h"

#include <signal.h>

#include "base/clock.h"
#include "base/lock.h"

struct shared {
    struct mutex lock;
    struct condition changed;
    long count;
    bool ready;
};

static void shared_init(struct shared *shared)
{
    *shared = (struct shared){ .count = 0 };
    mutex_init(&shared->lock);
    condition_init(&shared->changed);
}

static void shared_fini(struct shared *shared)
{
    condition_fini(&shared->changed);
    mutex_fini(&shared->lock);
}

static void *count_up(void *arg)
{
    struct shared *shared = arg;
    for (int i = 0; i < 10000; i++) {
        SCOPED_LOCK(&shared->lock);
        mutex_assert_held(&shared->lock);
        shared->count++;
    }
    return NULL;
}

TEST(a_scoped_lock_keeps_threads_apart)
{
    struct shared shared;
    pthread_t threads[4];
    shared_init(&shared);
    for (size_t i = 0; i < COUNT(threads); i++)
        threads[i] = thread_start("count", count_up, &shared);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(shared.count, 40000);
    shared_fini(&shared);
}

static void *make_ready(void *arg)
{
    struct shared *shared = arg;
    SCOPED_LOCK(&shared->lock);
    shared->ready = true;
    condition_wake_one(&shared->changed);
    return NULL;
}

TEST(a_waiter_is_woken_and_owns_the_lock_again)
{
    struct shared shared;
    shared_init(&shared);
    mutex_lock(&shared.lock);
    pthread_t thread = thread_start("ready", make_ready, &shared);
    while (!shared.ready)
        assert_true(condition_wait_for(&shared.changed, &shared.lock, (duration){ -1 }));
    mutex_assert_held(&shared.lock);
    mutex_unlock(&shared.lock);
    assert_int_equal(pthread_join(thread, NULL), 0);
    shared_fini(&shared);
}

TEST(a_wait_ends_when_its_time_has_passed)
{
    struct shared shared;
    shared_init(&shared);
    mutex_lock(&shared.lock);
    duration before = clock_mono();
    while (condition_wait_for(&shared.changed, &shared.lock, DURATION_MS(2)))
        continue;
    assert_true(clock_mono().ns - before.ns >= 2000000);
    mutex_assert_held(&shared.lock);
    assert_false(condition_wait_for(&shared.changed, &shared.lock, (duration){ 0 }));
    condition_wake_all(&shared.changed);
    mutex_unlock(&shared.lock);
    shared_fini(&shared);
}

static void *look_around(void *arg)
{
    char *name = arg;
    sigset_t blocked;
    (void) pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    (void) pthread_getname_np(pthread_self(), name + 1, 16);
    name[0] = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGINT) == 1 ? 'y' : 'n';
    return NULL;
}

TEST(a_thread_takes_no_signals_and_ours_stay_as_they_were)
{
    char seen[32] = { 0 };
    sigset_t blocked;
    pthread_t thread = thread_start("a name far too long for a thread", look_around, seen);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(seen[0], 'y');
    (void) pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    assert_int_equal(sigismember(&blocked, SIGTERM), 0);
}
