/* Reading the world: status, links, access points, what is queued, why a request went where. */
#include "replication/link_doc.h"
#include "replication/links.h"
#include "replication/timekeeper.h"
#include "server/admin/call.h"
#include "server/changes.h"
#include "server/auth/replication_role.h"
#include "server/clients.h"
#include "server/job.h"
#include "server/journal.h"
#include "server/mraps.h"
#include "server/regions.h"
#include "storage/queue.h"

#define MOST_COPIES_SHOWN 1000

/* --- links: every ordered pair of Regions that has a bucket, or that a rule queued for --- */

static region_set regions_in_use(const struct bucket_list *buckets)
{
    region_set used = REGION_SET_NONE;
    for (size_t i = 0; i < buckets->count; i++) {
        region_id id = region_find(buckets->at[i].region);
        if (id != REGION_NONE)
            used = region_set_with(used, id);
    }
    return used;
}

static const struct queue_count *count_of(const struct queue_count *counts, size_t count,
                                          region_id from, region_id to)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(counts[i].from_region, region_at(from)->code) &&
            str_eq(counts[i].to_region, region_at(to)->code))
            return &counts[i];
    return NULL;
}

static uint64_t unfinished(const struct queue_count *count)
{
    return count->rows[QUEUE_PENDING] + count->rows[QUEUE_WAITING] + count->rows[QUEUE_HELD];
}

void admin_write_link(struct request *rq, struct json_writer *w, region_id from, region_id to)
{
    struct world *world = rq->world;
    struct link link = links_effective(world->links, rq->arena, from, to);
    json_text(w, "from", from == REGION_NONE ? STR("*") : region_at(from)->code);
    json_text(w, "to", to == REGION_NONE ? STR("*") : region_at(to)->code);
    json_text(w, "lag", lag_text(rq->arena, &link.lag));
    if (link.bandwidth_bytes_per_s)
        json_text(w, "bandwidth",
                  str_format(rq->arena, "%.*s/s",
                             STR_ARG(size_text(rq->arena, link.bandwidth_bytes_per_s))));
    json_boolean(w, "held", link.held);
    link_doc_write_overrides(rq->arena, w, &link);
    if (from != REGION_NONE && to != REGION_NONE)
        json_boolean(w, "partitioned",
                     !links_reachable(world->links, from, to, REGION_SET_NONE, rq->received_at));
}

static enum store_result write_links(struct request *rq, struct json_writer *w, region_set used,
                                     uint64_t *pending)
{
    struct queue_count *counts = NULL;
    size_t count = 0;
    enum store_result result = store_queue_counts(rq->lane->reader, rq->arena, &counts, &count);
    if (result != STORE_OK)
        return result;
    json_array(w, "links");
    for (region_id from = 0; from < region_count(); from++)
        for (region_id to = 0; to < region_count(); to++) {
            if (from == to || !region_set_has(used, from) || !region_set_has(used, to))
                continue;
            const struct queue_count *queued = count_of(counts, count, from, to);
            json_object(w, NULL);
            admin_write_link(rq, w, from, to);
            json_integer(w, "pending", queued ? (int64_t) unfinished(queued) : 0);
            json_integer(w, "pending_bytes", queued ? (int64_t) queued->bytes_pending : 0);
            json_integer(w, "failed", queued ? (int64_t) queued->rows[QUEUE_FAILED] : 0);
            if (queued && unfinished(queued))
                json_text(w, "oldest", instant_iso8601(rq->arena, queued->oldest));
            json_end(w);
        }
    json_end(w);
    *pending = 0;
    for (size_t i = 0; i < count; i++)
        *pending += unfinished(&counts[i]);
    return STORE_OK;
}

static enum store_result all_buckets(struct request *rq, struct bucket_list *out)
{
    return store_bucket_list(rq->lane->reader, rq->arena, &(struct bucket_list_query){ .max = 0 },
                             out);
}

void admin_write_clock(struct request *rq, struct json_writer *w)
{
    const struct clock *clock = rq->world->clock;
    instant next = INSTANT_NEVER;
    json_text(w, "now", instant_iso8601(rq->arena, clock_now(clock)));
    json_text(w, "mode", clock_mode_name(clock_mode_get(clock)));
    json_real(w, "rate", clock_rate_get(clock));
    if (store_queue_next(rq->lane->reader, &next) == STORE_OK && next.ns != INSTANT_NEVER.ns)
        json_text(w, "next_event", instant_iso8601(rq->arena, next));
}

/* A row for each plane that is down: they may end apart. */
static void write_outages(struct request *rq, struct json_writer *w)
{
    json_array(w, "outages");
    for (region_id id = 0; id < region_count(); id++)
        for (enum region_plane plane = 0; plane < REGION_PLANES; plane++) {
            instant back = regions_back_at(rq->world->regions, plane, id, rq->received_at);
            if (back.ns == rq->received_at.ns)
                continue;
            json_object(w, NULL);
            json_text(w, "region", region_at(id)->code);
            json_text(w, "plane", region_plane_name(plane));
            if (back.ns != INSTANT_NEVER.ns)
                json_text(w, "until", instant_iso8601(rq->arena, back));
            json_end(w);
        }
    json_end(w);
}

static void write_jobs(struct request *rq, struct json_writer *w)
{
    struct job_list jobs;
    json_array(w, "jobs");
    if (!job_list(rq->lane->reader, rq->arena, &jobs))
        jobs.count = 0;
    for (size_t i = 0; i < jobs.count; i++) {
        const struct job *job = &jobs.at[i];
        enum job_status status = job_status_of(job);
        if (job_status_is_end(status))
            continue;
        json_object(w, NULL);
        json_text(w, "id", job->id);
        json_text(w, "status", str_of(job_status_name(status)));
        json_integer(w, "priority", job->priority);
        if (job->state.bucket.size > 0)
            json_text(w, "bucket", job->state.bucket);
        json_integer(w, "tasks", (int64_t) job->state.tasks);
        json_integer(w, "begun", (int64_t) job->state.begun);
        json_end(w);
    }
    json_end(w);
}

enum s3_code admin_status(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct bucket_list buckets = { 0 };
    struct buf buf;
    uint64_t pending = 0;
    enum store_result result = all_buckets(rq, &buckets);
    if (result != STORE_OK)
        return admin_store_problem(rq, result);
    struct json_writer w = admin_begin(rq, &buf);
    json_text(&w, "version", STR(ATOLL_VERSION));
    json_text(&w, "account", rq->world->settings->account);
    json_text(&w, "seed", str_format(rq->arena, "%llu", (unsigned long long) rq->world->seed));
    json_object(&w, "clock");
    admin_write_clock(rq, &w);
    json_end(&w);
    json_integer(&w, "buckets", (int64_t) buckets.count);
    json_array(&w, "bucket_list");
    for (size_t i = 0; i < buckets.count; i++) {
        json_object(&w, NULL);
        json_text(&w, "name", buckets.at[i].name);
        json_text(&w, "region", buckets.at[i].region);
        json_end(&w);
    }
    json_end(&w);
    admin_write_mraps(rq, &w);
    write_outages(rq, &w);
    write_jobs(rq, &w);
    result = write_links(rq, &w, regions_in_use(&buckets), &pending);
    if (result != STORE_OK)
        return admin_store_problem(rq, result);
    json_integer(&w, "pending", (int64_t) pending);
    json_end(&w);
    return admin_reply(rq, &buf);
}

enum s3_code admin_links(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct bucket_list buckets = { 0 };
    struct buf buf;
    uint64_t pending;
    enum store_result result = all_buckets(rq, &buckets);
    struct json_writer w = admin_begin(rq, &buf);
    struct link wild = links_effective(rq->world->links, rq->arena, REGION_NONE, REGION_NONE);
    json_text(&w, "default_lag", lag_text(rq->arena, &wild.lag));
    if (result == STORE_OK)
        result = write_links(rq, &w, regions_in_use(&buckets), &pending);
    if (result != STORE_OK)
        return admin_store_problem(rq, result);
    json_end(&w);
    return admin_reply(rq, &buf);
}

/* --- the queue --- */

static const char *const state_names[QUEUE_STATES] = { "pending", "waiting", "held", "failed" };

void admin_write_copy(struct request *rq, struct json_writer *w, const struct queue_row *row)
{
    static const char *const kinds[] = { "object", "delete marker", "metadata" };
    json_object(w, NULL);
    json_integer(w, "id", row->id);
    json_text(w, "state", str_of(state_names[row->state]));
    json_text(w, "kind", str_of(kinds[row->kind]));
    json_text(w, "bucket", row->source_name);
    json_text(w, "from", row->from_region);
    json_text(w, "to", row->to_region);
    json_text(w, "destination", row->destination);
    json_text(w, "key", row->key);
    json_text(w, "version_id", row->version_id);
    json_text(w, "rule", row->rule);
    json_integer(w, "bytes", (int64_t) row->size_bytes);
    json_text(w, "queued", instant_iso8601(rq->arena, row->queued_at));
    json_text(w, "due", instant_iso8601(rq->arena, row->ready_at));
    if (row->reason.size)
        json_text(w, "reason", row->reason);
    if (str_ends(row->reason, STR("NotPermitted")))
        json_text(w, "missing", replication_role_missing(rq->lane, rq->arena, row));
    json_end(w);
}

static bool read_state(str text, struct queue_filter *filter)
{
    filter->any_state = text.size == 0;
    for (unsigned i = 0; i < QUEUE_STATES; i++)
        if (str_is(text, state_names[i])) {
            filter->state = (enum queue_state) i;
            return true;
        }
    return filter->any_state;
}

bool admin_source_bucket(struct request *rq, str name, struct queue_filter *filter)
{
    struct bucket_info bucket;
    if (!str_is_set(name))
        return true;
    if (!admin_bucket(rq, name, &bucket))
        return false;
    filter->source_bucket = bucket.id;
    return true;
}

/* Copies outlive the rule and the bucket that they were queued for. */
static bool is_queued(struct request *rq, str rule, str destination)
{
    struct queue_filter filter = { .any_state = true, .rule = rule, .destination = destination };
    struct queue_page page = { 0 };
    return store_queue_list(rq->lane->reader, rq->arena, &filter, 1, &page) == STORE_OK &&
           page.count > 0;
}

bool admin_filter_fits(struct request *rq, const struct queue_filter *filter)
{
    struct bucket_info destination;
    const str regions[] = { filter->from_region, filter->to_region };
    for (size_t i = 0; i < COUNT(regions); i++)
        if (regions[i].size > 0 && admin_region(rq, regions[i]) == REGION_NONE)
            return false;
    if (filter->rule.size > 0 && !is_queued(rq, filter->rule, STR_NONE) &&
        !admin_rule(rq, filter->rule))
        return false;
    return filter->destination.size == 0 || is_queued(rq, STR_NONE, filter->destination) ||
           admin_bucket(rq, filter->destination, &destination);
}

enum s3_code admin_replication(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct queue_filter filter = { .from_region = request_query(rq, "src"),
                                   .to_region = request_query(rq, "dst"),
                                   .rule = request_query(rq, "rule"),
                                   .destination = request_query(rq, "destination"),
                                   .version_id = request_query(rq, "version_id"),
                                   .key_prefix = request_query(rq, "key") };
    struct queue_page page = { 0 };
    struct buf buf;
    if (!read_state(admin_query(rq, "state", ""), &filter))
        return admin_problem(rq, 400, "unknown-state",
                             STR("a state is pending, waiting, held or failed"), STR_NONE);
    if (!admin_source_bucket(rq, request_query(rq, "bucket"), &filter) ||
        !admin_filter_fits(rq, &filter))
        return S3_OK;
    enum store_result result =
        store_queue_list(rq->lane->reader, rq->arena, &filter, MOST_COPIES_SHOWN, &page);
    if (result != STORE_OK)
        return admin_store_problem(rq, result);
    struct json_writer w = admin_begin(rq, &buf);
    json_integer(&w, "count", (int64_t) page.count);
    json_array(&w, "copies");
    for (size_t i = 0; i < page.count; i++)
        admin_write_copy(rq, &w, &page.at[i]);
    json_end(&w);
    json_end(&w);
    return admin_reply(rq, &buf);
}

/* --- why --- */

static enum s3_code reply_requests(struct request *rq, const struct journal_filter *filter)
{
    struct buf buf;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    journal_list(rq->world->journal, filter, &buf);
    return admin_reply(rq, &buf);
}

/* "503" or "5xx"; false, and the problem stands, when it is neither. */
static bool status_fits(struct request *rq, str status)
{
    bool fits = status.size == 0 || status.size == 3;
    for (size_t i = 0; i < status.size && fits; i++)
        fits = strchr(i == 0 ? "12345x" : "0123456789x", status.ptr[i]) != NULL;
    if (!fits)
        (void) admin_problem(rq, 400, "bad-status",
                             str_format(rq->arena, "'%.*s' is no status", STR_ARG(status)),
                             STR("write one as 503, or all of a class as 5xx"));
    return fits;
}

enum s3_code admin_requests(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct journal_filter filter = { .client = request_query(rq, "client"),
                                     .region = request_query(rq, "region"),
                                     .mrap = request_query(rq, "mrap"),
                                     .bucket = request_query(rq, "bucket"),
                                     .key = request_query(rq, "key"),
                                     .api = request_query(rq, "api"),
                                     .status = request_query(rq, "status") };
    uint64_t limit = 100;
    if (!str_to_u64(admin_query(rq, "limit", "100"), &limit) || limit > LIMIT_JOURNAL)
        return admin_problem(rq, 400, "bad-limit", STR("limit is a whole number up to 10000"),
                             STR_NONE);
    filter.limit = (unsigned) limit;
    if (!admin_query_flag(rq, "stale", &filter.stale) ||
        !admin_query_flag(rq, "errors", &filter.errors) || !status_fits(rq, filter.status) ||
        (filter.region.size > 0 && admin_region(rq, filter.region) == REGION_NONE))
        return S3_OK;
    return reply_requests(rq, &filter);
}

enum s3_code admin_clear_requests(struct admin_call *call)
{
    journal_clear(call->rq->world->journal);
    changes_clear(call->rq->world->changes);
    return reply_requests(call->rq, &(struct journal_filter){ .limit = 0 });
}

/* The copies of the version that still wait or have failed, each with the permission it lacks. */
static void write_copies(struct request *rq, struct json_writer *w,
                         const struct journal_version *at)
{
    struct queue_filter filter = {
        .any_state = true, .key_prefix = at->key, .exact_key = true, .version_id = at->version_id
    };
    struct queue_page page = { 0 };
    struct bucket_info bucket;
    if (at->key.size == 0 || at->version_id.size == 0 ||
        store_bucket_get(rq->lane->reader, rq->arena, at->bucket, &bucket) != STORE_OK)
        return;
    filter.source_bucket = bucket.id;
    if (store_queue_list(rq->lane->reader, rq->arena, &filter, MOST_COPIES_SHOWN, &page) !=
            STORE_OK ||
        page.count == 0)
        return;
    json_array(w, "copies");
    for (size_t i = 0; i < page.count; i++)
        admin_write_copy(rq, w, &page.at[i]);
    json_end(w);
}

enum s3_code admin_explain(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct buf buf;
    struct json_writer w;
    struct journal_version at;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    json_begin(&w, &buf);
    if (!journal_explain(rq->world->journal, rq->arena, call->args[0], &w, &at))
        return admin_problem(
            rq, 404, "unknown-request",
            str_is(call->args[0], "last")
                ? STR("the journal is empty: nobody has sent a request yet")
                : str_format(rq->arena, "there is no request '%.*s' in the journal",
                             STR_ARG(call->args[0])),
            STR("the id is the x-amz-request-id of an answer; the journal keeps the latest ones"));
    write_copies(rq, &w, &at);
    json_end(&w);
    return admin_reply(rq, &buf);
}
