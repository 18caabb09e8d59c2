/* The whole table: every pair of state and event, listed or not. */
#include "replication/machine.h"

#include "tests/unit/test.h"

TEST(every_state_meets_every_event)
{
    // clang-format off
    enum { No = COPY_STATES, Pe = COPY_PENDING, Co = COPY_COPYING, Wa = COPY_WAITING,
           He = COPY_HELD, Do = COPY_DONE, Fa = COPY_FAILED, Dr = COPY_DROPPED };
    static const unsigned expected[COPY_STATES][COPY_EVENTS] = {
        /* In the order of enum copy_event: due, copied, source gone, task gone,
         * task's bucket gone, rules gone, bucket gone, unversioned, lock missing, hard deleted, version missing, version never, unreachable, refused, resumed, hold, drop, retry. */
        [COPY_PENDING] = { Co, No, No, No, No, No, No, No, No, No, No, No, Wa, Fa, No, He, Dr, No },
        [COPY_COPYING] = { No, Do, Do, Fa, Fa, Fa, Fa, Fa, Fa, Fa, Wa, No, No, No, No, No, No, No },
        [COPY_WAITING] = { Co, No, No, No, No, No, No, No, No, No, No, Fa, Wa, Fa, Pe, He, Dr, No },
        [COPY_HELD]    = { Co, No, No, No, No, No, No, No, No, No, No, No, Wa, Fa, Pe, He, Dr, No },
        [COPY_DONE]    = { No, No, No, No, No, No, No, No, No, No, No, No, No, No, No, No, No, No },
        [COPY_FAILED]  = { No, No, No, No, No, No, No, No, No, No, No, No, Wa, Fa, No, No, Dr, Co },
        [COPY_DROPPED] = { No, No, No, No, No, No, No, No, No, No, No, No, No, No, No, No, No, No },
    };
    // clang-format on
    for (unsigned from = 0; from < COPY_STATES; from++) {
        for (unsigned event = 0; event < COPY_EVENTS; event++) {
            struct copy_step step = { COPY_STATES, NULL };
            bool found = machine_find((enum copy_state) from, (enum copy_event) event, &step);
            unsigned want = expected[from][event];
            if (found != (want != No) || (found && (unsigned) step.to != want))
                fail_msg("%s meets \"%s\"", machine_state_name((enum copy_state) from),
                         machine_event_name((enum copy_event) event));
        }
    }
}

TEST(what_a_copy_finds_decides_its_row)
{
    static const struct {
        int line;
        enum queue_state state;
        enum copy_finding finding;
        int end;
        const char *reason, *job, *bucket;
    } rows[] = {
        { __LINE__, QUEUE_PENDING, COPY_APPLIED, VERDICT_DONE, "", NULL, NULL },
        { __LINE__, QUEUE_WAITING, COPY_APPLIED, VERDICT_DONE, "", NULL, NULL },
        { __LINE__, QUEUE_HELD, COPY_APPLIED, VERDICT_DONE, "", NULL, NULL },
        { __LINE__, QUEUE_FAILED, COPY_APPLIED, VERDICT_DONE, "", NULL, NULL },
        { __LINE__, QUEUE_PENDING, COPY_SOURCE_GONE, VERDICT_DONE, "SrcVersionNotFound", NULL,
          "b" },
        /* a job's task has to fail */
        { __LINE__, QUEUE_PENDING, COPY_SOURCE_GONE, VERDICT_FAIL, "SrcVersionNotFound", "j", "b" },
        { __LINE__, QUEUE_FAILED, COPY_SOURCE_GONE, VERDICT_FAIL, "SrcBucketNotFound", "j", NULL },
        { __LINE__, QUEUE_PENDING, COPY_BUCKET_GONE, VERDICT_FAIL, "DstBucketNotFound", NULL,
          NULL },
        { __LINE__, QUEUE_FAILED, COPY_BUCKET_GONE, VERDICT_FAIL, "DstBucketNotFound", NULL, NULL },
        { __LINE__, QUEUE_PENDING, COPY_UNVERSIONED, VERDICT_FAIL, "DstBucketUnversioned", NULL,
          NULL },
        { __LINE__, QUEUE_HELD, COPY_RULES_GONE, VERDICT_FAIL, "SrcBucketReplicationConfigMissing",
          NULL, NULL },
        { __LINE__, QUEUE_WAITING, COPY_LOCK_MISSING, VERDICT_FAIL,
          "DstBucketObjectLockConfigMissing", NULL, NULL },
        { __LINE__, QUEUE_PENDING, COPY_HARD_DELETED, VERDICT_FAIL, "DstObjectHardDeleted", NULL,
          NULL },
        { __LINE__, QUEUE_PENDING, COPY_VERSION_MISSING, VERDICT_WAIT, "DstVersionNotFound", NULL,
          NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct queue_row row = { .state = rows[i].state,
                                       .ready_at = { 5 },
                                       .job = str_of(rows[i].job),
                                       .source_name = str_of(rows[i].bucket) };
        struct copy_verdict verdict = machine_judge(NULL, &row, rows[i].finding);
        if ((int) verdict.end != rows[i].end || !str_is(verdict.reason, rows[i].reason))
            fail_msg("line %d: %d \"%.*s\"", rows[i].line, (int) verdict.end,
                     STR_ARG(verdict.reason));
        if (rows[i].finding == COPY_VERSION_MISSING)
            assert_true(verdict.ready_at.ns == INSTANT_NEVER.ns);
    }
}

TEST(an_unreachable_copy_waits_and_keeps_its_place)
{
    const struct queue_row row = { .state = QUEUE_PENDING, .ready_at = { 5 } };
    struct copy_verdict verdict = machine_verdict(&row, machine_step(COPY_PENDING, EV_UNREACHABLE));
    assert_int_equal(verdict.end, VERDICT_WAIT);
    assert_str(verdict.reason, "Unreachable");
    assert_int_equal(verdict.ready_at.ns, 5);
    verdict = machine_verdict(&row, machine_step(COPY_WAITING, EV_RESUMED));
    assert_int_equal(verdict.end, VERDICT_WAIT);
    assert_false(str_is_set(verdict.reason));
    assert_int_equal(verdict.ready_at.ns, 5);
}
