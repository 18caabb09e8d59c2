/* Lines about time: the clock, waiting, and copies by hand. Each is a job for the world thread. */
#include "scenario/facts.h"
#include "scenario/run.h"
#include "server/change_words.h"
#include "server/changes.h"
#include "server/mraps.h"
#include "storage/resync.h"

#define DEFAULT_WAIT DURATION_S(3600)

/* --- the clock --- */

bool time_advance(struct call *call)
{
    struct time_job job = { .kind = TIME_ADVANCE_BY };
    if (!duration_parse(call->args[0], &job.by))
        return run_fail(call, "'%.*s' is no duration", STR_ARG(call->args[0]));
    return run_job(call, &job);
}

bool time_next(struct call *call)
{
    struct time_job job = { .kind = TIME_NEXT };
    return run_job(call, &job);
}

bool time_set(struct call *call)
{
    struct time_job job = { .kind = TIME_ADVANCE_TO };
    if (!instant_parse_iso8601(call->args[0], &job.to))
        return run_fail(call, "'%.*s' is no instant", STR_ARG(call->args[0]));
    return run_job(call, &job);
}

bool time_mode(struct call *call)
{
    str verb = call->line->words[1].text;
    struct time_job job = { .kind = TIME_MODE,
                            .mode = str_is(verb, "pause") ? CLOCK_MANUAL : CLOCK_REAL_TIME };
    if (call->count > 0 && !clock_mode_parse(call->args[0], &job.mode))
        return run_fail(call, "a clock is manual, auto or real");
    return run_job(call, &job);
}

bool time_rate(struct call *call)
{
    struct time_job job = { .kind = TIME_RATE };
    if (!str_to_double(call->args[0], &job.rate) || job.rate < 0)
        return run_fail(call, "'%.*s' is no rate: 60 lets an hour pass in a minute",
                        STR_ARG(call->args[0]));
    return run_job(call, &job);
}

bool time_show(struct call *call)
{
    struct run *run = call->run;
    run_note(run, "the clock is %s and stands at %.*s",
             str_c(run->arena, clock_mode_name(clock_mode_get(run->world->clock))),
             STR_ARG(instant_iso8601(run->arena, run_now(run))));
    return true;
}

/* --- wait --- */

struct targets {
    struct wait_target at[LIMIT_REGIONS_PER_MRAP * 16];
    size_t count;
};

static void add_bucket(struct run *run, struct targets *targets, str name, str key)
{
    struct bucket_info bucket;
    if (targets->count == COUNT(targets->at) ||
        store_bucket_get(run->lane->reader, run->arena, name, &bucket) != STORE_OK)
        return;
    struct wait_target *target = &targets->at[targets->count++];
    *target = (struct wait_target){ .source_bucket = bucket.id };
    if (key.size > 0) {
        target->prefix = key.ptr[key.size - 1] == '*';
        target->key = target->prefix ? str_first(key, key.size - 1) : key;
    }
}

static bool add_target(struct call *call, struct targets *targets, str text)
{
    struct run *run = call->run;
    str place, key;
    size_t before = targets->count;
    (void) str_cut(text, '/', &place, &key);
    const struct mrap_list *list = mraps_acquire(run->world->mraps);
    const struct mrap *mrap = mrap_by_name(list, run->world->settings->account, place);
    store_read_begin(run->lane->reader);
    for (size_t i = 0; mrap && i < mrap->member_count; i++)
        add_bucket(run, targets, mrap->members[i].bucket, key);
    mraps_release(list);
    if (mrap == NULL)
        add_bucket(run, targets, place, key);
    return targets->count > before ||
           run_fail(call, "'%.*s' is no access point and no bucket", STR_ARG(place));
}

static size_t target_words(const struct call *call)
{
    size_t count = 0;
    while (count < call->count && !str_is(call->args[count], "within") &&
           !str_is(call->args[count], "region") && !str_is(call->args[count], "wall"))
        count++;
    return count;
}

static void say_missing(struct call *call, const struct time_job *job)
{
    struct run *run = call->run;
    struct buf why;
    buf_init_arena(&why, run->arena, 4096);
    for (size_t i = 0; i < job->missing_count && i < 3; i++) {
        const struct queue_row *row = &job->missing[i];
        static const char *const states[QUEUE_STATES] = { [QUEUE_PENDING] = "pending",
                                                          [QUEUE_WAITING] = "waiting",
                                                          [QUEUE_HELD] = "held",
                                                          [QUEUE_FAILED] = "FAILED" };
        buf_addf(&why, "%s%.*s/%.*s %.*s -> %.*s is %s%s%.*s", i ? "; " : "",
                 STR_ARG(row->source_name), STR_ARG(row->key), STR_ARG(row->from_region),
                 STR_ARG(row->to_region), states[row->state], row->reason.size ? ": " : "",
                 STR_ARG(row->reason));
    }
    run_why(run, buf_str(&why));
}

static bool judge_wait(struct call *call, const struct time_job *job, size_t target_count)
{
    struct run *run = call->run;
    str waited = timeline_seconds(run->arena, job->waited), got = STR_NONE;
    run_note(run, "%.*s: waited %.*s s", STR_ARG(call->line->text), STR_ARG(waited));
    if (job->result == TIME_COPY_FAILED)
        (void) run_fail(call, "a copy FAILED, and it is not retried by itself");
    else if (job->result != TIME_OK)
        (void) run_fail(call, "not the same after %.*s s", STR_ARG(waited));
    if (job->result != TIME_OK) {
        say_missing(call, job);
        return false;
    }
    if (job->regions != REGION_SET_NONE)
        return true;
    for (size_t i = 0; i < target_count; i++)
        if (!world_facts_same(run, call->args[i], &got)) {
            (void) run_fail(call, "not the same after %.*s s: %.*s", STR_ARG(waited), STR_ARG(got));
            run->failure.about = call->args[i];
            return false;
        }
    return true;
}

bool time_wait(struct call *call)
{
    struct targets *targets = ARENA_NEW(call->run->arena, struct targets);
    struct time_job job = { .kind = TIME_WAIT, .within = DEFAULT_WAIT, .targets = targets->at };
    str within = call_after(call, "within"), region = call_after(call, "region");
    size_t count = target_words(call);
    for (size_t i = 0; i < count; i++)
        if (!add_target(call, targets, call->args[i]))
            return false;
    job.target_count = targets->count;
    job.wall = call_has(call, "wall");
    if (within.size > 0 && !duration_parse(within, &job.within))
        return run_fail(call, "'%.*s' is no duration", STR_ARG(within));
    if (region.size > 0)
        job.regions = region_set_with(REGION_SET_NONE, region_find(region));
    return run_job(call, &job) && judge_wait(call, &job, count);
}

/* --- copies by hand --- */

static bool find_bucket(struct call *call, str name, int64_t *id)
{
    struct run *run = call->run;
    struct bucket_info bucket;
    store_read_begin(run->lane->reader);
    if (store_bucket_get(run->lane->reader, run->arena, name, &bucket) != STORE_OK)
        return run_fail(call, "there is no bucket '%.*s'", STR_ARG(name));
    *id = bucket.id;
    return true;
}

/* Words that choose among the copies of a link. */
static bool is_narrowed(const struct call *call)
{
    static const char *const words[] = {
        "count", "key", "bucket", "rule", "destination", "version"
    };
    for (size_t i = 0; i < COUNT(words); i++)
        if (call_after(call, words[i]).size > 0)
            return true;
    return false;
}

/* For a record: the line as it ran, variables put in. */
static void remember(const struct call *call)
{
    struct run *run = call->run;
    struct buf line;
    buf_init_arena(&line, run->arena, LIMIT_JSON_BYTES);
    buf_addf(&line, "%s", call->line->command->name);
    for (size_t i = 0; i < call->count; i++)
        buf_addf(&line, " %.*s", STR_ARG(change_words_quote(run->arena, call->args[i])));
    changes_act(run->lane, NULL, buf_str(&line));
}

static bool by_hand(struct call *call, enum time_job_kind kind)
{
    struct run *run = call->run;
    str count = call_after(call, "count"), key = call_after(call, "key");
    str bucket = call_after(call, "bucket");
    uint64_t most = 0;
    struct time_job job = { .kind = kind,
                            .reason = call_after(call, "reason"),
                            .filter = { .rule = call_after(call, "rule"),
                                        .destination = call_after(call, "destination"),
                                        .version_id = call_after(call, "version") } };
    if (count.size > 0 && (!str_to_u64(count, &most) || most > LIMIT_QUEUE_ROWS))
        return run_fail(call, "'%.*s' is no count", STR_ARG(count));
    job.max = (unsigned) most;
    job.early = call_has(call, "early");
    if (key.size > 0)
        job.filter.key_prefix = key;
    if (bucket.size > 0 && !find_bucket(call, bucket, &job.filter.source_bucket))
        return false;
    if (call->count > 1 && region_find(call->args[0]) != REGION_NONE) {
        job.filter.from_region = call->args[0];
        job.filter.to_region = call->args[1];
    }
    run_note(run, "%.*s", STR_ARG(call->line->text));
    return run_job(call, &job);
}

/* Holds what is queued, and, when it names a whole link, what is queued from now on: a change of
 * the link, which says so itself. */
static bool hold_link(struct call *call, bool held)
{
    struct run *run = call->run;
    bool pair = call->count > 1 && region_find(call->args[0]) != REGION_NONE;
    if (is_narrowed(call)) {
        remember(call);
        return true;
    }
    region_id from = pair ? region_find(call->args[0]) : REGION_NONE;
    region_id to = pair ? region_find(call->args[1]) : REGION_NONE;
    struct link link = links_get(run->world->links, run->arena, from, to);
    struct link_docs docs = { 0 };
    if (!held)
        docs = links_unheld(run->world->links, run->arena, from, to);
    else if (!link.held) {
        link.held = true;
        docs.at = ARENA_NEW(run->arena, struct store_doc);
        docs.at[docs.count++] = link_doc(run->arena, from, to, &link);
    }
    if (docs.count > 0)
        return run_commit(call, docs.at, docs.count);
    remember(call);
    return true;
}

bool time_hold(struct call *call)
{
    return hold_link(call, true) && by_hand(call, TIME_HOLD);
}

bool time_release(struct call *call)
{
    return hold_link(call, false) && by_hand(call, TIME_RELEASE);
}

bool time_drop(struct call *call)
{
    remember(call);
    return by_hand(call, TIME_DROP);
}

bool time_retry(struct call *call)
{
    remember(call);
    return by_hand(call, TIME_RETRY);
}

bool time_resync(struct call *call)
{
    struct run *run = call->run;
    struct store_resync resync;
    str key = call_after(call, "key");
    store_resync_init(&resync, run->arena);
    if (!find_bucket(call, call->args[0], &resync.bucket))
        return false;
    remember(call);
    resync.walk = resync.more = true;
    resync.job = STR("resync");
    resync.filter = (struct resync_filter){ .eligible = true, .prefixes = { &key, key.size > 0 } };
    resync.filter.statuses = 1u << REPL_NONE | 1u << REPL_STATUS_FAILED;
    while (resync.more)
        if (store_write_wait(run->world->store, &resync.head) != STORE_OK)
            return run_fail(call, "the resync could not be queued: %s",
                            store_result_name(resync.head.result));
    run_note(run, "%.*s", STR_ARG(call->line->text));
    return true;
}
