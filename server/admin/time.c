/* The clock, waiting, and replication by hand: jobs for the world thread, answered when it is done.
 */
#include "replication/links.h"
#include "replication/timekeeper.h"
#include "server/admin/call.h"
#include "server/change_words.h"
#include "server/changes.h"
#include "server/event_of.h"
#include "server/lifecycle_engine.h"
#include "server/fault.h"
#include "server/mraps.h"
#include "server/world.h"

#define MOST_TARGET_BUCKETS 256

struct timing {
    struct time_job job;
    struct store_write write; /* release: the links that hold no more */
    struct changes_pending said;
    uint64_t acted; /* lifecycle */
    str act;        /* the line that repeats it; empty: none, or the link's change says it */
    admin_fn *show;
};

static enum s3_code job_over(struct request *rq)
{
    struct timing *timing = admin_call_of(rq)->state;
    const struct time_job *job = &timing->job;
    store_read_begin(rq->lane->reader);
    if (job->result == TIME_REFUSED && job->kind == TIME_ADVANCE_TO &&
        instant_before(job->to, job->now))
        return admin_problem(rq, 400, "clock-goes-forward",
                             STR("the emulated clock never goes back"),
                             STR("a snapshot brings an earlier world back, clock and all"));
    if (job->result == TIME_REFUSED)
        return admin_problem(rq, 400, "clock-ends",
                             STR("the emulated clock ends at " CLOCK_END_TEXT), STR_NONE);
    if (job->result == TIME_STORE_FAILED)
        return admin_store_problem(rq, job->stored);
    if (job->result == TIME_CLOSED)
        return admin_problem(rq, 503, "closing", STR("the server is stopping"), STR_NONE);
    return timing->show(admin_call_of(rq));
}

static struct timing *timing_new(struct admin_call *call, enum time_job_kind kind, admin_fn *then)
{
    struct timing *timing = ARENA_NEW(call->rq->arena, struct timing);
    timing->job.kind = kind;
    timing->job.arena = call->rq->arena;
    timing->job.done = admin_job_done;
    timing->job.owner = call->rq;
    timing->show = then;
    call->state = timing;
    return timing;
}

static enum s3_code submit(struct admin_call *call)
{
    struct timing *timing = call->state;
    call->rq->resume = job_over;
    timekeeper_submit(call->rq->world->timekeeper, &timing->job);
    return S3_WAIT;
}

/* --- the clock --- */

static enum s3_code show_clock(struct admin_call *call)
{
    const struct timing *timing = call->state;
    struct buf buf;
    struct json_writer w = admin_begin(call->rq, &buf);
    admin_write_clock(call->rq, &w);
    if (timing) {
        json_integer(&w, "applied", (int64_t) timing->job.applied);
        event_of_change(call->rq->world, EVENT_CLOCK,
                        clock_mode_name(clock_mode_get(call->rq->world->clock)),
                        instant_iso8601(call->rq->arena, clock_now(call->rq->world->clock)));
    }
    json_end(&w);
    return admin_reply(call->rq, &buf);
}

enum s3_code admin_get_clock(struct admin_call *call)
{
    return show_clock(call);
}

static enum s3_code bad(struct admin_call *call, const char *what)
{
    return admin_problem(call->rq, 400, "bad-document", str_of(what), STR_NONE);
}

static enum s3_code advance(struct admin_call *call, str text)
{
    struct timing *timing = timing_new(call, TIME_ADVANCE_BY, show_clock);
    if (str_is(text, "next"))
        timing->job.kind = TIME_NEXT;
    else if (!duration_parse(text, &timing->job.by))
        return bad(call, "advance wants a duration such as 15s, or \"next\"");
    return submit(call);
}

enum s3_code admin_post_clock(struct admin_call *call)
{
    static const char *const members[] = { "mode:text", "advance:text", "set:text", "rate:number",
                                           NULL };
    if (!admin_members(call, members))
        return S3_OK;
    if (call->document->count != 1)
        return bad(call, "say one of mode, advance, set or rate");
    const struct json *order = call->document->child;
    if (str_is(order->name, "advance"))
        return advance(call, order->string);
    struct timing *timing = timing_new(call, TIME_RATE, show_clock);
    if (str_is(order->name, "rate")) {
        timing->job.rate = order->number;
        if (!clock_rate_is_sound(order->number))
            return bad(call, "a rate is 0, or emulated seconds per second from 0.001 to 1000000");
    } else if (str_is(order->name, "set")) {
        timing->job.kind = TIME_ADVANCE_TO;
        if (!instant_parse_iso8601(order->string, &timing->job.to))
            return bad(call, "set wants an instant such as 2026-01-02T03:04:05Z");
    } else {
        timing->job.kind = TIME_MODE;
        if (!clock_mode_parse(order->string, &timing->job.mode))
            return bad(call, "a mode is real, manual or auto");
    }
    return submit(call);
}

/* --- wait --- */

static enum s3_code show_wait(struct admin_call *call)
{
    const struct time_job *job = &((struct timing *) call->state)->job;
    struct request *rq = call->rq;
    struct buf buf;
    bool converged = job->result == TIME_OK;
    struct json_writer w = admin_begin(rq, &buf);
    json_boolean(&w, "converged", converged);
    json_text(&w, "waited", duration_told(rq->arena, job->waited));
    json_real(&w, "waited_s", (double) job->waited.ns / 1e9);
    json_boolean(&w, "jumped",
                 job->waited.ns > 0 && clock_mode_get(rq->world->clock) != CLOCK_REAL_TIME &&
                     !job->wall);
    admin_write_arrived(rq, &w, json_member(admin_call_of(rq)->document, "targets"));
    if (!converged) {
        json_text(&w, "type", STR("urn:atoll:error:not-converged"));
        json_integer(&w, "status", 409);
        json_text(&w, "detail",
                  job->result == TIME_COPY_FAILED
                      ? STR("a copy FAILED; it is not retried by itself")
                      : STR("not the same everywhere within the time given"));
        json_text(&w, "hint",
                  STR("atoll replication list shows what is on its way, held or failed"));
        json_array(&w, "missing");
        for (size_t i = 0; i < job->missing_count; i++)
            admin_write_copy(rq, &w, &job->missing[i]);
        json_end(&w);
    }
    json_end(&w);
    request_reply(rq, converged ? 200 : 409, "application/json", buf_str(&buf));
    return S3_OK;
}

struct targets {
    struct wait_target at[MOST_TARGET_BUCKETS];
    size_t count;
};

static void add_bucket(struct admin_call *call, struct targets *targets, str bucket, str key)
{
    struct bucket_info info;
    if (targets->count == MOST_TARGET_BUCKETS ||
        store_bucket_get(call->rq->lane->reader, call->rq->arena, bucket, &info) != STORE_OK)
        return;
    struct wait_target *target = &targets->at[targets->count++];
    *target = (struct wait_target){ .source_bucket = info.id };
    if (key.size > 0) {
        target->prefix = key.ptr[key.size - 1] == '*';
        target->key = target->prefix ? str_first(key, key.size - 1) : key;
    }
}

/* MRAP[/KEY], BUCKET[/KEY]; a KEY that ends in '*' is a prefix. */
static bool add_target(struct admin_call *call, struct targets *targets, str text)
{
    str place, key;
    size_t before = targets->count;
    (void) str_cut(text, '/', &place, &key);
    const struct mrap *mrap = admin_find_mrap(call->rq, place);
    if (mrap)
        for (size_t i = 0; i < mrap->member_count; i++)
            add_bucket(call, targets, mrap->members[i].bucket, key);
    else
        add_bucket(call, targets, place, key);
    if (targets->count > before)
        return true;
    (void) admin_unknown_target(
        call->rq, place,
        STR("a target is ACCESS_POINT, BUCKET, or one of them and /KEY or /PREFIX*"));
    return false;
}

static bool read_wait(struct admin_call *call, struct time_job *job)
{
    struct targets *targets = ARENA_NEW(call->rq->arena, struct targets);
    const struct json *list = json_member(call->document, "targets");
    for (const struct json *target = list ? list->child : NULL; target; target = target->next)
        if (!add_target(call, targets, target->string))
            return false;
    job->targets = targets->at;
    job->target_count = targets->count;
    list = json_member(call->document, "regions");
    for (const struct json *code = list ? list->child : NULL; code; code = code->next) {
        region_id id = admin_region(call->rq, code->string);
        if (id == REGION_NONE)
            return false;
        job->regions = region_set_with(job->regions, id);
    }
    job->wall = json_bool(call->document, "wall", false);
    job->within = DURATION_S(3600);
    str within = json_string(call->document, "within", STR_NONE);
    if (str_is_set(within) && !duration_parse(within, &job->within)) {
        (void) bad(call, "within wants a duration such as 30s");
        return false;
    }
    return true;
}

/* Other jobs act, and what they did is told by their answer. */
static void left(struct request *rq)
{
    struct timing *timing = admin_call_of(rq)->state;
    timekeeper_give_up(rq->world->timekeeper, &timing->job);
}

enum s3_code admin_wait(struct admin_call *call)
{
    static const char *const members[] = { "targets:list", "regions:list", "within:text",
                                           "wall:bool", NULL };
    if (!admin_members(call, members))
        return S3_OK;
    struct timing *timing = timing_new(call, TIME_WAIT, show_wait);
    call->rq->left = left;
    return read_wait(call, &timing->job) ? submit(call) : S3_OK;
}

/* --- replication by hand --- */

/* "replication drop us-east-1 eu-west-1 count 2" */
static str line_by_hand(struct admin_call *call, const char *verb)
{
    static const char *const words[][2] = {
        { "bucket", "bucket" },      { "rule", "rule" }, { "destination", "destination" },
        { "version_id", "version" }, { "key", "key" },   { "reason", "reason" }
    };
    struct arena *arena = call->rq->arena;
    struct buf line;
    double count = json_number(call->document, "count", 0);
    buf_init_arena(&line, arena, LIMIT_JSON_BYTES);
    buf_addf(&line, "replication %s", verb);
    str src = json_string(call->document, "src", STR_NONE);
    str dst = json_string(call->document, "dst", STR_NONE);
    if (src.size > 0 && dst.size > 0)
        buf_addf(&line, " %.*s %.*s", STR_ARG(src), STR_ARG(dst));
    if (count > 0)
        buf_addf(&line, " count %.0f", count);
    for (size_t i = 0; i < COUNT(words); i++)
        if (json_member(call->document, words[i][0]))
            buf_addf(&line, " %s %.*s", words[i][1],
                     STR_ARG(change_words_quote(
                         arena, json_string(call->document, words[i][0], STR_NONE))));
    return buf_str(&line);
}

static enum s3_code show_count(struct admin_call *call)
{
    const struct timing *timing = call->state;
    if (timing->act.size > 0)
        changes_act(call->rq->lane, call->rq, timing->act);
    struct buf buf;
    struct json_writer w = admin_begin(call->rq, &buf);
    json_integer(&w, "count", (int64_t) (timing->job.applied + timing->acted));
    json_end(&w);
    return admin_reply(call->rq, &buf);
}

/* A reason that AWS gives, or none. */
static bool is_reason(struct admin_call *call, str reason)
{
    str near;
    if (!str_is_set(reason) || fault_reason(reason, &near))
        return true;
    admin_problem(call->rq, 400, "unknown-reason",
                  str_format(call->rq->arena, "AWS has no failure reason '%.*s'", STR_ARG(reason)),
                  near.size ? str_format(call->rq->arena, "did you mean '%.*s'?", STR_ARG(near))
                            : STR("AWS's list begins with AssumeRoleNotPermitted, "
                                  "DstBucketInvalidRegion, DstBucketNotFound"));
    return false;
}

/* False: the problem stands. */
static bool read_by_hand(struct admin_call *call, enum time_job_kind kind, enum queue_state state,
                         bool any)
{
    static const char *const members[] = {
        "src:text", "dst:text",     "bucket:text", "rule:text",       "destination:text",
        "key:text", "count:number", "reason:text", "version_id:text", NULL
    };
    if (!admin_members(call, members))
        return false;
    struct timing *timing = timing_new(call, kind, show_count);
    double count = json_number(call->document, "count", 0);
    if (count < 0 || count > LIMIT_QUEUE_ROWS || count > (unsigned) count) {
        (void) bad(call, "count is a whole number");
        return false;
    }
    timing->job.max = (unsigned) count;
    timing->job.reason = json_string(call->document, "reason", STR_NONE);
    timing->job.filter =
        (struct queue_filter){ .any_state = any,
                               .state = state,
                               .from_region = json_string(call->document, "src", STR_NONE),
                               .to_region = json_string(call->document, "dst", STR_NONE),
                               .rule = json_string(call->document, "rule", STR_NONE),
                               .destination = json_string(call->document, "destination", STR_NONE),
                               .version_id = json_string(call->document, "version_id", STR_NONE),
                               .key_prefix = json_string(call->document, "key", STR_NONE) };
    if (!admin_source_bucket(call->rq, json_string(call->document, "bucket", STR_NONE),
                             &timing->job.filter))
        return false;
    if (!admin_filter_fits(call->rq, &timing->job.filter))
        return false;
    timing->act = line_by_hand(call, kind == TIME_RELEASE ? "release"
                                     : kind == TIME_HOLD  ? "hold"
                                     : kind == TIME_DROP  ? "drop"
                                                          : "retry");
    return is_reason(call, timing->job.reason);
}

static enum s3_code unheld(struct request *rq)
{
    struct timing *timing = admin_call_of(rq)->state;
    if (timing->write.result != STORE_OK)
        return admin_store_problem(rq, timing->write.result);
    links_apply(rq->world->links, timing->write.docs, timing->write.doc_count);
    changes_after(&timing->said);
    return submit(admin_call_of(rq));
}

/* The undoing of hold: of one link, or of all where none is named. */
static bool lift_hold(struct admin_call *call, region_id from, region_id to)
{
    struct timing *timing = call->state;
    struct request *rq = call->rq;
    struct link_docs docs = links_unheld(rq->world->links, rq->arena, from, to);
    if (docs.count == 0)
        return false;
    store_docs_init(&timing->write, rq->arena);
    timing->write.docs = docs.at;
    timing->write.doc_count = docs.count;
    timing->act = STR_NONE;
    timing->said = (struct changes_pending){ rq->lane, rq->arena, rq, docs.at, docs.count, NULL };
    changes_before(&timing->said);
    return true;
}

/* Words that choose among the copies of a link. */
static bool is_narrowed(const struct admin_call *call)
{
    static const char *const words[] = { "count",       "key",        "rule",
                                         "destination", "version_id", "bucket" };
    for (size_t i = 0; i < COUNT(words); i++)
        if (json_member(call->document, words[i]))
            return true;
    return false;
}

/* Of a whole link, what comes later is released too; of a count or a key, only what is held now. */
enum s3_code admin_release(struct admin_call *call)
{
    if (!read_by_hand(call, TIME_RELEASE, QUEUE_HELD, false))
        return S3_OK;
    struct timing *timing = call->state;
    str src = timing->job.filter.from_region, dst = timing->job.filter.to_region;
    region_id from = region_find(src), to = region_find(dst);
    bool whole = !is_narrowed(call) && str_is_set(src) == str_is_set(dst);
    if (whole && lift_hold(call, from, to))
        return request_write(call->rq, &timing->write, unheld);
    return submit(call);
}

/* Some copies that are queued; PATCH of a link holds what comes too. */
enum s3_code admin_hold(struct admin_call *call)
{
    if (!read_by_hand(call, TIME_HOLD, QUEUE_PENDING, true))
        return S3_OK;
    if (!is_narrowed(call))
        return admin_problem(call->rq, 400, "which-copies",
                             STR("say which copies: a count, key, rule, bucket, destination or "
                                 "version_id"),
                             STR("PATCH /_atoll/v1/links/SRC/DST with {\"hold\": true} holds a "
                                 "link, with all that comes"));
    return submit(call);
}

enum s3_code admin_drop(struct admin_call *call)
{
    return read_by_hand(call, TIME_DROP, QUEUE_PENDING, true) ? submit(call) : S3_OK;
}

/* What acted was the rules, not copies: counted aside. */
static void run_lifecycle(struct time_job *job)
{
    struct request *rq = job->owner;
    struct timing *timing = admin_call_of(rq)->state;
    timing->acted = lifecycle_engine_run(rq->world->lifecycle);
}

enum s3_code admin_run_lifecycle(struct admin_call *call)
{
    static const char *const members[] = { NULL };
    if (!admin_members(call, members))
        return S3_OK;
    timing_new(call, TIME_TASK, show_count)->job.task = run_lifecycle;
    return submit(call);
}

enum s3_code admin_retry(struct admin_call *call)
{
    return read_by_hand(call, TIME_RETRY, QUEUE_FAILED, false) ? submit(call) : S3_OK;
}
