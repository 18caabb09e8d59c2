/* Resync by hand: what S3 Batch Replication does, at once and in one call: queues copies of
 * versions that live replication skips. Page by page, so that the writer is free between them. Who
 * wants to see how far it is asks for a `limit` of versions and goes on with the answer's `next`.
 */
#include "base/encode.h"
#include "replication/timekeeper.h"
#include "server/admin/call.h"
#include "server/change_words.h"
#include "server/changes.h"
#include "storage/resync.h"

#define LIMIT_MOST 1e9
#define JOB "resync" /* marks the rows: what was deleted at the destination by id stays away */

struct resync {
    struct store_resync write;
    struct bucket_list buckets;
    size_t at;
    uint64_t queued, found;
    uint64_t looked, limit; /* versions of this call; no limit: UINT64_MAX */
};

static enum s3_code page_done(struct request *rq);

/* -- where the next call goes on: "BUCKET RANK ORIGIN ID KEY", the last three as a URI has them -
 */

static str place_text(struct arena *arena, const struct resync *resync)
{
    const struct resync_place *place = &resync->write.place;
    return str_format(
        arena, "%.*s %lld %.*s %.*s %.*s", STR_ARG(resync->buckets.at[resync->at].name),
        (long long) place->rank, STR_ARG(encode_uri(arena, place->origin, true)),
        STR_ARG(encode_uri(arena, place->id, true)), STR_ARG(encode_uri(arena, place->key, true)));
}

/* A bucket that has gone since is passed over. */
static bool read_place(struct arena *arena, str text, struct resync *resync)
{
    str fields[5];
    struct resync_place place = { 0 };
    for (size_t i = 0; i < COUNT(fields); i++)
        if (str_cut(text, ' ', &fields[i], &text) != (i + 1 < COUNT(fields)))
            return false;
    if (!str_to_i64(fields[1], &place.rank))
        return false;
    place.origin = decode_uri(arena, fields[2], false);
    place.id = decode_uri(arena, fields[3], false);
    place.key = decode_uri(arena, fields[4], false);
    while (resync->at < resync->buckets.count &&
           str_cmp(resync->buckets.at[resync->at].name, fields[0]) < 0)
        resync->at++;
    if (place.id.size > 0 && resync->at < resync->buckets.count &&
        str_eq(resync->buckets.at[resync->at].name, fields[0]))
        resync->write.place = place;
    return true;
}

static enum s3_code show_resync(struct request *rq, const struct resync *resync)
{
    struct buf buf;
    struct json_writer w = admin_begin(rq, &buf);
    json_integer(&w, "count", (int64_t) resync->queued);
    json_integer(&w, "found", (int64_t) resync->found);
    json_integer(&w, "buckets", (int64_t) resync->buckets.count);
    if (resync->at < resync->buckets.count)
        json_text(&w, "next", place_text(rq->arena, resync));
    json_end(&w);
    return admin_reply(rq, &buf);
}

static enum s3_code next_page(struct request *rq)
{
    struct resync *resync = admin_call_of(rq)->state;
    if (resync->at == resync->buckets.count || resync->looked >= resync->limit)
        return show_resync(rq, resync);
    struct store_resync fresh;
    store_resync_init(&fresh, rq->arena);
    resync->write.head = fresh.head;
    resync->write.bucket = resync->buckets.at[resync->at].id;
    return request_write(rq, &resync->write.head, page_done);
}

/* One line for each bucket, as a scenario says it. */
static void tell(struct request *rq, const struct resync *resync)
{
    const struct resync_names *prefixes = &resync->write.filter.prefixes;
    str key = prefixes->count > 0
                  ? str_format(rq->arena, " key %.*s",
                               STR_ARG(change_words_quote(rq->arena, prefixes->at[0])))
                  : STR_NONE;
    changes_act(rq->lane, rq,
                str_format(rq->arena, "replication resync %.*s%.*s",
                           STR_ARG(resync->buckets.at[resync->at].name), STR_ARG(key)));
}

static enum s3_code page_done(struct request *rq)
{
    struct resync *resync = admin_call_of(rq)->state;
    enum store_result result = resync->write.head.result;
    if (result == STORE_BUSY)
        return admin_problem(
            rq, 503, "queue-full",
            str_format(rq->arena, "the replication queue is full: %llu versions were queued",
                       (unsigned long long) resync->queued),
            STR("let copies arrive (atoll clock advance, atoll heal), then resync again: what is "
                "queued already gets no second copy"));
    if (result != STORE_OK && result != STORE_NO_BUCKET)
        return admin_store_problem(rq, result);
    resync->queued += resync->write.queued;
    resync->found += resync->write.count;
    resync->looked += RESYNC_ROWS; /* or less, at a bucket's end */
    if (result == STORE_NO_BUCKET || !resync->write.more) {
        tell(rq, resync);
        resync->at++;
        resync->write.place = (struct resync_place){ 0 };
    }
    return next_page(rq);
}

/* "none,failed", or a list of them. False: the problem stands. */
static bool read_statuses(struct admin_call *call, unsigned *statuses)
{
    static const char *const names[] = { [REPL_NONE] = "none",
                                         [REPL_STATUS_PENDING] = "pending",
                                         [REPL_STATUS_COMPLETED] = "completed",
                                         [REPL_STATUS_FAILED] = "failed",
                                         [REPL_STATUS_REPLICA] = "replica" };
    const struct json *list = json_member(call->document, "statuses");
    *statuses = 1u << REPL_NONE | 1u << REPL_STATUS_FAILED;
    if (list == NULL)
        return true;
    *statuses = 0;
    for (const struct json *one = list->child; one; one = one->next) {
        size_t i = 0;
        while (i < COUNT(names) && !str_is(one->string, names[i]))
            i++;
        if (i == COUNT(names) || one->kind != JSON_STRING) {
            admin_problem(call->rq, 400, "bad-status",
                          str_format(call->rq->arena, "'%.*s' is no replication status",
                                     STR_ARG(one->string)),
                          STR("say none, failed, completed, replica or pending"));
            return false;
        }
        *statuses |= 1u << i;
    }
    if (*statuses)
        return true;
    admin_problem(call->rq, 400, "bad-document", STR("statuses is a list of at least one"),
                  STR("[\"none\", \"failed\"] is what is taken when you leave it out"));
    return false;
}

/* The named bucket, or all that have rules. */
static bool find_buckets(struct admin_call *call, struct resync *resync)
{
    struct request *rq = call->rq;
    str name = json_string(call->document, "bucket", STR_NONE);
    if (str_is_set(name)) {
        resync->buckets.at = ARENA_NEW(rq->arena, struct bucket_info);
        resync->buckets.count = 1;
        return admin_bucket(rq, name, resync->buckets.at);
    }
    const struct bucket_list_query all = { .max = 0 };
    enum store_result result =
        store_bucket_list(rq->lane->reader, rq->arena, &all, &resync->buckets);
    size_t kept = 0;
    str rules;
    for (size_t i = 0; result == STORE_OK && i < resync->buckets.count; i++)
        if (store_config_get(rq->lane->reader, rq->arena, resync->buckets.at[i].id,
                             STR(CONFIG_REPLICATION_RULES), STR(""), &rules) == STORE_OK)
            resync->buckets.at[kept++] = resync->buckets.at[i];
    resync->buckets.count = kept;
    if (result == STORE_OK)
        return true;
    (void) admin_store_problem(rq, result);
    return false;
}

/* Where to begin, and how far to go. */
static bool read_extent(struct admin_call *call, struct resync *resync)
{
    str after = json_string(call->document, "after", STR_NONE);
    double limit = json_number(call->document, "limit", LIMIT_MOST);
    if (!(limit >= 1 && limit <= LIMIT_MOST) || limit > (double) (uint64_t) limit) {
        admin_problem(call->rq, 400, "bad-limit",
                      STR("limit is a whole number of versions from 1 to 1000000000"),
                      STR("leave it out, and one call does it all"));
        return false;
    }
    resync->limit = json_member(call->document, "limit") ? (uint64_t) limit : UINT64_MAX;
    if (!str_is_set(after) || read_place(call->rq->arena, after, resync))
        return true;
    admin_problem(call->rq, 400, "bad-place", STR("after is no place of a resync"),
                  STR("give back what the last answer said in next"));
    return false;
}

enum s3_code admin_resync(struct admin_call *call)
{
    static const char *const members[] = { "bucket:text",  "prefix:text", "statuses:list",
                                           "limit:number", "after:text",  NULL };
    struct resync *resync = ARENA_NEW(call->rq->arena, struct resync);
    struct resync_filter *filter = &resync->write.filter;
    if (!admin_members(call, members) || !read_statuses(call, &filter->statuses) ||
        !find_buckets(call, resync) || !read_extent(call, resync))
        return S3_OK;
    str *prefix = ARENA_NEW(call->rq->arena, str);
    *prefix = json_string(call->document, "prefix", STR_NONE);
    if (prefix->size > 0)
        filter->prefixes = (struct resync_names){ prefix, 1 };
    resync->write.walk = true;
    filter->eligible = true;
    resync->write.job = STR(JOB);
    call->state = resync;
    return next_page(call->rq);
}
