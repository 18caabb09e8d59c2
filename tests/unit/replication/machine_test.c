/* The whole table: every pair of state and event, listed or not. */
#include "replication/machine.h"

#include "tests/unit/test.h"

#define NO COPY_STATES /* the pair is not in the table */

TEST(every_state_meets_every_event)
{
    // clang-format off
    static const enum copy_state expected[COPY_STATES][COPY_EVENTS] = {
        /*                  due           copied     source gone bucket gone  unversioned  missing       never        unreachable   refused      resumed       hold       drop          retry */
        [COPY_PENDING] = { COPY_COPYING, NO,        NO,         NO,          NO,          NO,           NO,          COPY_WAITING, COPY_FAILED, NO,           COPY_HELD, COPY_DROPPED, NO },
        [COPY_COPYING] = { NO,           COPY_DONE, COPY_DONE,  COPY_FAILED, COPY_FAILED, COPY_WAITING, NO,          NO,           NO,          NO,           NO,        NO,           NO },
        [COPY_WAITING] = { COPY_COPYING, NO,        NO,         NO,          NO,          NO,           COPY_FAILED, COPY_WAITING, COPY_FAILED, COPY_PENDING, COPY_HELD, COPY_DROPPED, NO },
        [COPY_HELD]    = { COPY_COPYING, NO,        NO,         NO,          NO,          NO,           NO,          COPY_WAITING, COPY_FAILED, COPY_PENDING, COPY_HELD, COPY_DROPPED, NO },
        [COPY_DONE]    = { NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO },
        [COPY_FAILED]  = { NO,           NO,        NO,         NO,          NO,          NO,           NO,          COPY_WAITING, COPY_FAILED, NO,           NO,        COPY_DROPPED, COPY_COPYING },
        [COPY_DROPPED] = { NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO },
    };
    // clang-format on
    for (unsigned from = 0; from < COPY_STATES; from++) {
        for (unsigned event = 0; event < COPY_EVENTS; event++) {
            struct copy_step step = { NO, NULL };
            bool found = machine_find((enum copy_state) from, (enum copy_event) event, &step);
            enum copy_state want = expected[from][event];
            if (found != (want != NO) || (found && step.to != want))
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
        const char *reason;
    } rows[] = {
        { __LINE__, QUEUE_PENDING, COPY_APPLIED, VERDICT_DONE, "" },
        { __LINE__, QUEUE_WAITING, COPY_APPLIED, VERDICT_DONE, "" },
        { __LINE__, QUEUE_HELD, COPY_APPLIED, VERDICT_DONE, "" },
        { __LINE__, QUEUE_FAILED, COPY_APPLIED, VERDICT_DONE, "" },
        { __LINE__, QUEUE_PENDING, COPY_SOURCE_GONE, VERDICT_DONE, "SrcVersionNotFound" },
        { __LINE__, QUEUE_PENDING, COPY_BUCKET_GONE, VERDICT_FAIL, "DstBucketNotFound" },
        { __LINE__, QUEUE_FAILED, COPY_BUCKET_GONE, VERDICT_FAIL, "DstBucketNotFound" },
        { __LINE__, QUEUE_PENDING, COPY_UNVERSIONED, VERDICT_FAIL, "DstBucketUnversioned" },
        { __LINE__, QUEUE_PENDING, COPY_VERSION_MISSING, VERDICT_WAIT, "DstVersionNotFound" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct queue_row row = { .state = rows[i].state, .ready_at = { 5 } };
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
