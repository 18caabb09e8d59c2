/* Who changes the whole waits in line. */
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "server/turn.h"

struct one {
    struct turn_waiter waiter; /* first */
    int *order, *count, number;
};

static void granted(struct turn_waiter *waiter)
{
    struct one *one = (struct one *) waiter;
    one->order[(*one->count)++] = one->number;
}

TEST(turns_come_in_the_order_of_asking)
{
    int order[3] = { 0 }, count = 0;
    struct turn *turn = turn_new();
    struct one all[3];
    for (int i = 0; i < 3; i++)
        all[i] = (struct one){ { .granted = granted }, order, &count, i };
    assert_true(turn_take(turn, &all[0].waiter));
    assert_false(turn_take(turn, &all[1].waiter));
    assert_false(turn_take(turn, &all[2].waiter));
    assert_int_equal(count, 0);
    turn_give(turn);
    assert_int_equal(count, 1);
    assert_int_equal(order[0], 1);
    turn_give(turn);
    assert_int_equal(order[1], 2);
    turn_give(turn);
    assert_true(turn_take(turn, &all[0].waiter));
    turn_give(turn);
    turn_free(turn);
}

struct shared {
    struct turn *turn;
    _Atomic int inside, most;
};

static void *go_round(void *arg)
{
    struct shared *shared = arg;
    for (int i = 0; i < 500; i++) {
        turn_wait(shared->turn);
        int inside = atomic_fetch_add(&shared->inside, 1) + 1;
        if (inside > atomic_load(&shared->most))
            atomic_store(&shared->most, inside);
        atomic_fetch_sub(&shared->inside, 1);
        turn_give(shared->turn);
    }
    return NULL;
}

TEST(threads_that_wait_are_never_two_inside)
{
    struct shared shared = { .turn = turn_new() };
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, go_round, &shared), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&shared.most), 1);
    turn_free(shared.turn);
}
