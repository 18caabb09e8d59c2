/* Snapshots by name: taking, listing, bringing back, deleting. */
#include "server/admin/call.h"
#include "server/admin/turns.h"
#include "server/event_of.h"
#include "server/snapshots.h"

static void write_info(struct request *rq, struct json_writer *w,
                       const struct store_snapshot_info *info)
{
    json_text(w, "name", info->name);
    json_text(w, "at", instant_iso8601(rq->arena, info->at));
    json_text(w, "taken", instant_iso8601(rq->arena, info->wall));
    json_integer(w, "buckets", (int64_t) info->buckets);
    json_integer(w, "objects", (int64_t) info->objects);
    json_integer(w, "bytes", (int64_t) info->bytes);
}

enum s3_code admin_snapshots(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct store_snapshot_list list;
    struct buf buf;
    enum store_result result = store_snapshot_list(rq->world->store, rq->arena, &list);
    if (result != STORE_OK)
        return admin_store_problem(rq, result);
    struct json_writer w = admin_begin(rq, &buf);
    json_array(&w, "snapshots");
    for (size_t i = 0; i < list.count; i++) {
        json_object(&w, NULL);
        write_info(rq, &w, &list.at[i]);
        json_end(&w);
    }
    json_end(&w);
    json_end(&w);
    return admin_reply(rq, &buf);
}

static enum s3_code show_outcome(struct request *rq)
{
    const struct snapshot_job *job = admin_call_of(rq)->state;
    struct buf buf;
    if (job->result == STORE_ABSENT)
        return admin_unknown_snapshot(rq, job->name);
    if (job->result == STORE_STATE_REFUSED)
        return admin_problem(
            rq, 409, "broken-snapshot",
            str_format(rq->arena, "the snapshot '%.*s' cannot be %s: %.*s", STR_ARG(job->name),
                       job->verb == SNAPSHOT_READ ? "read" : "restored", STR_ARG(job->problem)),
            STR("the world is as it was"));
    if (job->result != STORE_OK)
        return admin_store_problem(rq, job->result);
    if (job->verb == SNAPSHOT_RESTORE)
        event_of_change(rq->world, EVENT_RESET,
                        str_format(rq->arena, "snapshot:%.*s", STR_ARG(job->name)), STR_NONE);
    struct json_writer w = admin_begin(rq, &buf);
    if (job->verb == SNAPSHOT_DELETE)
        json_text(&w, "deleted", job->name);
    else
        write_info(rq, &w, &job->info);
    if (job->verb == SNAPSHOT_RESTORE)
        json_integer(&w, "took_ms", (clock_mono().ns - rq->received.ns) / 1000000);
    json_end(&w);
    return admin_reply(rq, &buf);
}

/* The client may have gone before it was there. */
static void close_file(void *arg)
{
    const struct snapshot_job *job = arg;
    body_reader_close(job->file);
}

/* A snapshot is of a whole world, not of one that is half another: it has a turn, as resets and new
 * configurations do. */
struct asked {
    struct snapshot_job job; /* first: the call's state */
    struct admin_turn turn;
    enum s3_code (*then)(struct request *rq);
};

static enum s3_code over(struct request *rq)
{
    struct asked *asked = admin_call_of(rq)->state;
    turns_end(&asked->turn);
    return asked->then(rq);
}

static enum s3_code submit(struct request *rq)
{
    struct asked *asked = admin_call_of(rq)->state;
    store_read_idle(rq->lane->reader);
    rq->resume = over;
    snapshots_submit(&asked->job);
    return S3_WAIT;
}

static enum s3_code begin_then(struct admin_call *call, enum snapshot_verb verb, str name,
                               enum s3_code (*then)(struct request *rq))
{
    struct request *rq = call->rq;
    if (!store_snapshot_name_is_sound(name))
        return admin_problem(
            rq, 400, "bad-name",
            str_format(rq->arena, "'%.*s' is no name of a snapshot", STR_ARG(name)),
            STR("letters, digits, '-', '_' and '.', the first a letter or digit, "
                "at most 64"));
    struct asked *asked = ARENA_NEW(rq->arena, struct asked);
    struct snapshot_job *job = &asked->job;
    job->world = rq->world;
    job->verb = verb;
    job->name = name;
    job->job.arena = rq->arena;
    job->job.done = admin_job_done;
    job->job.owner = rq;
    job->draft = rq->draft;
    asked->then = then;
    call->state = asked;
    arena_defer(rq->arena, close_file, job);
    return turns_begin(rq, &asked->turn, submit);
}

static enum s3_code begin(struct admin_call *call, enum snapshot_verb verb, str name)
{
    return begin_then(call, verb, name, show_outcome);
}

/* --- as a file --- */

static enum s3_code send_file(struct request *rq)
{
    struct snapshot_job *job = admin_call_of(rq)->state;
    if (job->result != STORE_OK)
        return show_outcome(rq);
    request_reply(rq, 200, "application/x-tar", STR_NONE);
    request_header(rq, "Content-Disposition",
                   str_format(rq->arena, "attachment; filename=\"%.*s.tar\"", STR_ARG(job->name)));
    rq->reply.body = job->file;
    rq->reply.size_bytes = body_reader_left(job->file);
    job->file = NULL;
    return S3_OK;
}

static enum s3_code show_taken(struct request *rq)
{
    const struct snapshot_job *job = admin_call_of(rq)->state;
    body_draft_drop(&rq->draft);
    if (job->result != STORE_STATE_REFUSED)
        return show_outcome(rq);
    return admin_problem(rq, 400, "broken-snapshot",
                         str_format(rq->arena, "this file is no snapshot that can be kept: %.*s",
                                    STR_ARG(job->problem)),
                         STR("nothing was kept; send what GET /_atoll/v1/snapshots/NAME/file or "
                             "--export-on-exit wrote"));
}

enum s3_code admin_put_snapshot(struct admin_call *call)
{
    return begin(call, SNAPSHOT_SAVE, call->args[0]);
}

enum s3_code admin_restore_snapshot(struct admin_call *call)
{
    return begin(call, SNAPSHOT_RESTORE, call->args[0]);
}

enum s3_code admin_delete_snapshot(struct admin_call *call)
{
    return begin(call, SNAPSHOT_DELETE, call->args[0]);
}

enum s3_code admin_reset_to_snapshot(struct admin_call *call, str name)
{
    return begin(call, SNAPSHOT_RESTORE, name);
}

enum s3_code admin_snapshot_file(struct admin_call *call)
{
    return begin_then(call, SNAPSHOT_READ, call->args[0], send_file);
}

enum s3_code admin_take_snapshot_file(struct admin_call *call)
{
    return begin_then(call, SNAPSHOT_TAKE, call->args[0], show_taken);
}
