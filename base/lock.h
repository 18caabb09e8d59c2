/* Mutex and condition, with an owner that can be asserted. A function that needs the lock ends in
 * _locked and begins with mutex_assert_held(). Scoped use:
 *
 *     SCOPED_LOCK(&shared->lock);      released at the end of the block, on every path
 */
#ifndef ATOLL_BASE_LOCK_H
#define ATOLL_BASE_LOCK_H

#include <pthread.h>

#include "base/time.h"

struct mutex {
    pthread_mutex_t raw;
    _Atomic(pthread_t) owner;
};
struct condition {
    pthread_cond_t raw; /* waits on the monotonic clock */
};

void mutex_init(struct mutex *mutex);
void mutex_fini(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
void mutex_assert_held(const struct mutex *mutex);

void condition_init(struct condition *condition);
void condition_fini(struct condition *condition);
void condition_wait(struct condition *condition, struct mutex *mutex);
/* False when `at_most` passed; a negative duration waits without end. */
bool condition_wait_for(struct condition *condition, struct mutex *mutex, duration at_most);
void condition_wake_one(struct condition *condition);
void condition_wake_all(struct condition *condition);

static inline void mutex_unlock_scoped(struct mutex **mutex)
{
    mutex_unlock(*mutex);
}
#define SCOPED_LOCK_NAME2(line) scoped_lock_##line
#define SCOPED_LOCK_NAME(line) SCOPED_LOCK_NAME2(line)
#define SCOPED_LOCK(mutex_ptr)                                                                     \
    struct mutex *SCOPED_LOCK_NAME(__LINE__)                                                       \
        __attribute__((cleanup(mutex_unlock_scoped), unused)) =                                    \
            (mutex_lock(mutex_ptr), (mutex_ptr))

/* Starts a joinable thread whose name shows in ps and gdb; ends the process if it cannot. All
 * signals are blocked in it: main alone takes them. */
pthread_t thread_start(const char *name, void *(*run)(void *), void *arg);

#endif
