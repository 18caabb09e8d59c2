/* The table of transitions of one copy, and its translation from and to the queue's words. */
#include "replication/machine.h"

#include "base/bug.h"

struct copy_rule {
    enum copy_state from;
    enum copy_event event;
    struct copy_step step;
};

/* README.md's diagram shows this table. Permission, versioning and key trouble ends FAILED and is
 * not tried again by itself; trouble with the way (partition, outage) never does: "stays PENDING,
 * resumes by itself" (aws-behaviour C.5). Reasons are AWS's replication failure codes. */
// clang-format off
static const struct copy_rule copy_rules[] = {
    { COPY_PENDING, EV_DUE,             { COPY_COPYING, NULL } },
    { COPY_PENDING, EV_UNREACHABLE,     { COPY_WAITING, "Unreachable" } },
    { COPY_PENDING, EV_REFUSED,         { COPY_FAILED,  "DstPutObjectNotPermitted" } },
    { COPY_PENDING, EV_HOLD,            { COPY_HELD,    NULL } },
    { COPY_PENDING, EV_DROP,            { COPY_DROPPED, NULL } },

    { COPY_COPYING, EV_COPIED,          { COPY_DONE,    NULL } },
    { COPY_COPYING, EV_SOURCE_GONE,     { COPY_DONE,    "SrcVersionNotFound" } },
    { COPY_COPYING, EV_TASK_GONE,       { COPY_FAILED,  "SrcVersionNotFound" } },
    { COPY_COPYING, EV_TASK_BUCKET_GONE, { COPY_FAILED, "SrcBucketNotFound" } },
    { COPY_COPYING, EV_RULES_GONE,      { COPY_FAILED,  "SrcBucketReplicationConfigMissing" } },
    { COPY_COPYING, EV_BUCKET_GONE,     { COPY_FAILED,  "DstBucketNotFound" } },
    { COPY_COPYING, EV_UNVERSIONED,     { COPY_FAILED,  "DstBucketUnversioned" } },
    { COPY_COPYING, EV_LOCK_MISSING,    { COPY_FAILED,  "DstBucketObjectLockConfigMissing" } },
    { COPY_COPYING, EV_HARD_DELETED,    { COPY_FAILED,  "DstObjectHardDeleted" } },
    { COPY_COPYING, EV_VERSION_MISSING, { COPY_WAITING, "DstVersionNotFound" } },

    { COPY_WAITING, EV_DUE,             { COPY_COPYING, NULL } },
    { COPY_WAITING, EV_RESUMED,         { COPY_PENDING, NULL } },
    { COPY_WAITING, EV_UNREACHABLE,     { COPY_WAITING, "Unreachable" } },
    { COPY_WAITING, EV_VERSION_NEVER,   { COPY_FAILED,  "DstVersionNotFound" } },
    { COPY_WAITING, EV_REFUSED,         { COPY_FAILED,  "DstPutObjectNotPermitted" } },
    { COPY_WAITING, EV_HOLD,            { COPY_HELD,    NULL } },
    { COPY_WAITING, EV_DROP,            { COPY_DROPPED, NULL } },

    { COPY_HELD,    EV_DUE,             { COPY_COPYING, NULL } },
    { COPY_HELD,    EV_RESUMED,         { COPY_PENDING, NULL } },
    { COPY_HELD,    EV_UNREACHABLE,     { COPY_WAITING, "Unreachable" } },
    { COPY_HELD,    EV_REFUSED,         { COPY_FAILED,  "DstPutObjectNotPermitted" } },
    { COPY_HELD,    EV_HOLD,            { COPY_HELD,    NULL } },
    { COPY_HELD,    EV_DROP,            { COPY_DROPPED, NULL } },

    { COPY_FAILED,  EV_RETRY,           { COPY_COPYING, NULL } },
    { COPY_FAILED,  EV_UNREACHABLE,     { COPY_WAITING, "Unreachable" } },
    { COPY_FAILED,  EV_REFUSED,         { COPY_FAILED,  "DstPutObjectNotPermitted" } },
    { COPY_FAILED,  EV_DROP,            { COPY_DROPPED, NULL } },
};
// clang-format on

bool machine_find(enum copy_state from, enum copy_event event, struct copy_step *step)
{
    for (size_t i = 0; i < COUNT(copy_rules); i++) {
        if (copy_rules[i].from != from || copy_rules[i].event != event)
            continue;
        *step = copy_rules[i].step;
        return true;
    }
    return false;
}

struct copy_step machine_step(enum copy_state from, enum copy_event event)
{
    struct copy_step step;
    if (!machine_find(from, event, &step))
        BUG("a copy met an event that its state does not know");
    return step;
}

enum copy_state machine_state_of(const struct queue_row *row)
{
    switch (row->state) {
    case QUEUE_PENDING:
        return COPY_PENDING;
    case QUEUE_WAITING:
        return COPY_WAITING;
    case QUEUE_HELD:
        return COPY_HELD;
    case QUEUE_FAILED:
        return COPY_FAILED;
    case QUEUE_STATES:
        break;
    }
    BUG("a queue row in no state");
}

struct copy_verdict machine_verdict(const struct queue_row *row, struct copy_step step)
{
    struct copy_verdict verdict = { .end = VERDICT_DONE, .reason = str_of(step.reason) };
    switch (step.to) {
    case COPY_DONE:
        return verdict;
    case COPY_PENDING: /* the queue's word for it is a wait without a reason */
    case COPY_WAITING:
        verdict.end = VERDICT_WAIT;
        verdict.ready_at = row->ready_at;
        return verdict;
    case COPY_HELD:
        verdict.end = VERDICT_HOLD;
        return verdict;
    case COPY_FAILED:
        verdict.end = VERDICT_FAIL;
        return verdict;
    case COPY_DROPPED:
        verdict.end = VERDICT_DROP;
        return verdict;
    case COPY_COPYING:
    case COPY_STATES:
        break;
    }
    BUG("a copy cannot rest in this state");
}

static enum copy_event event_of(const struct queue_row *row, enum copy_finding finding)
{
    switch (finding) {
    case COPY_APPLIED:
        return EV_COPIED;
    case COPY_SOURCE_GONE:
        if (row->job.size == 0)
            return EV_SOURCE_GONE;
        return row->source_name.size ? EV_TASK_GONE : EV_TASK_BUCKET_GONE;
    case COPY_RULES_GONE:
        return EV_RULES_GONE;
    case COPY_BUCKET_GONE:
        return EV_BUCKET_GONE;
    case COPY_UNVERSIONED:
        return EV_UNVERSIONED;
    case COPY_LOCK_MISSING:
        return EV_LOCK_MISSING;
    case COPY_HARD_DELETED:
        return EV_HARD_DELETED;
    case COPY_VERSION_MISSING:
        return EV_VERSION_MISSING;
    }
    BUG("a copy found nothing known");
}

struct copy_verdict machine_judge(void *ctx, const struct queue_row *row, enum copy_finding finding)
{
    (void) ctx;
    enum copy_event start = row->state == QUEUE_FAILED ? EV_RETRY : EV_DUE;
    struct copy_step step = machine_step(machine_state_of(row), start);
    step = machine_step(step.to, event_of(row, finding));
    struct copy_verdict verdict = machine_verdict(row, step);
    if (finding == COPY_VERSION_MISSING)
        verdict.ready_at = INSTANT_NEVER;
    return verdict;
}

static const char *const state_names[COPY_STATES] = {
    [COPY_PENDING] = "PENDING", [COPY_COPYING] = "COPYING", [COPY_WAITING] = "WAITING",
    [COPY_HELD] = "HELD",       [COPY_DONE] = "DONE",       [COPY_FAILED] = "FAILED",
    [COPY_DROPPED] = "DROPPED",
};
static const char *const event_names[COPY_EVENTS] = {
    [EV_DUE] = "due",
    [EV_COPIED] = "copied",
    [EV_SOURCE_GONE] = "source gone",
    [EV_TASK_GONE] = "task gone",
    [EV_TASK_BUCKET_GONE] = "task's bucket gone",
    [EV_RULES_GONE] = "rules gone",
    [EV_BUCKET_GONE] = "bucket gone",
    [EV_UNVERSIONED] = "unversioned",
    [EV_LOCK_MISSING] = "lock missing",
    [EV_HARD_DELETED] = "hard deleted",
    [EV_VERSION_MISSING] = "version missing",
    [EV_VERSION_NEVER] = "version never comes",
    [EV_UNREACHABLE] = "unreachable",
    [EV_REFUSED] = "refused",
    [EV_RESUMED] = "resumed",
    [EV_HOLD] = "hold",
    [EV_DROP] = "drop",
    [EV_RETRY] = "retry",
};

const char *machine_state_name(enum copy_state state)
{
    return state_names[state];
}

const char *machine_event_name(enum copy_event event)
{
    return event_names[event];
}
