/* The documents of a job. */
#include "server/job.h"

#include <stdlib.h>

#include "base/encode.h"
#include "base/json.h"

static const char *const status_names[JOB_STATUSES] = {
    [JOB_NEW] = "New",
    [JOB_PREPARING] = "Preparing",
    [JOB_SUSPENDED] = "Suspended",
    [JOB_READY] = "Ready",
    [JOB_ACTIVE] = "Active",
    [JOB_COMPLETING] = "Completing",
    [JOB_CANCELLING] = "Cancelling",
    [JOB_FAILING] = "Failing",
    [JOB_COMPLETE] = "Complete",
    [JOB_CANCELLED] = "Cancelled",
    [JOB_FAILED] = "Failed",
};

const char *job_status_name(enum job_status status)
{
    return status_names[status];
}

bool job_status_parse(str name, enum job_status *out)
{
    for (unsigned i = 0; i < JOB_STATUSES; i++)
        if (str_is(name, status_names[i])) {
            *out = (enum job_status) i;
            return true;
        }
    return false;
}

bool job_status_is_end(enum job_status status)
{
    return status >= JOB_COMPLETE;
}

enum job_status job_status_of(const struct job *job)
{
    bool began = job->state.status == JOB_ACTIVE || job->state.status == JOB_COMPLETING;
    if (job_status_is_end(job->state.status))
        return job->state.status;
    if (job->cancelled_at.ns)
        return began ? JOB_CANCELLING : JOB_CANCELLED;
    if (job->state.failure_code.size > 0)
        return JOB_FAILING;
    if (job->state.status == JOB_READY && !job->confirmed)
        return JOB_SUSPENDED;
    return job->state.status;
}

instant job_ended_at(const struct job *job)
{
    bool ended = job_status_is_end(job_status_of(job));
    return job->state.ended_at.ns || !ended ? job->state.ended_at : job->cancelled_at;
}

bool job_is_forgotten(const struct job *job, instant now)
{
    instant ended = job_ended_at(job);
    return ended.ns && instant_before(instant_add(ended, JOB_KEPT), now);
}

/* -- columns ---------------------------------------------------------------------------------- */

bool job_columns_add(struct job_columns *columns, str name)
{
    static const char *const names[] = { [JOB_FIELD_IGNORE] = "Ignore",
                                         [JOB_FIELD_BUCKET] = "Bucket",
                                         [JOB_FIELD_KEY] = "Key",
                                         [JOB_FIELD_VERSION] = "VersionId" };
    unsigned i = 0;
    while (i < COUNT(names) && !str_is(name, names[i]))
        i++;
    if (i == COUNT(names) || columns->count == COUNT(columns->at))
        return false;
    columns->at[columns->count++] = i;
    return true;
}

bool job_columns_are_whole(const struct job_columns *columns)
{
    unsigned seen[JOB_FIELD_VERSION + 1] = { 0 };
    for (size_t i = 0; i < columns->count; i++)
        seen[columns->at[i]]++;
    return seen[JOB_FIELD_BUCKET] == 1 && seen[JOB_FIELD_KEY] == 1 && seen[JOB_FIELD_VERSION] <= 1;
}

/* -- documents -------------------------------------------------------------------------------- */

static struct json_writer begin(struct arena *arena, struct buf *buf)
{
    struct json_writer writer;
    buf_init_arena(buf, arena, SIZE_MAX);
    json_begin(&writer, buf);
    json_object(&writer, NULL);
    return writer;
}

struct store_doc job_doc(struct arena *arena, const struct job *job)
{
    struct buf buf;
    struct json_writer w = begin(arena, &buf);
    json_text(&w, "account", job->account);
    json_text(&w, "region", job->region);
    json_instant(&w, "created_at", job->created_at);
    json_text(&w, "request", job->request);
    json_integer(&w, "priority", job->priority);
    json_boolean(&w, "confirmed", job->confirmed);
    json_instant(&w, "cancelled_at", job->cancelled_at);
    json_text(&w, "reason", job->reason);
    json_text(&w, "tags", job->tags);
    json_end(&w);
    return (struct store_doc){ .kind = STR(JOB_KIND), .id = job->id, .body = buf_str(&buf) };
}

struct store_doc job_state_doc(struct arena *arena, const struct job *job)
{
    const struct job_state *state = &job->state;
    struct buf buf;
    struct json_writer w = begin(arena, &buf);
    json_text(&w, "status", str_of(job_status_name(state->status)));
    json_instant(&w, "prepared_at", state->prepared_at);
    json_instant(&w, "active_at", state->active_at);
    json_instant(&w, "ended_at", state->ended_at);
    json_integer(&w, "tasks", (int64_t) state->tasks);
    json_integer(&w, "chunks", (int64_t) state->chunks);
    json_integer(&w, "queued_chunks", (int64_t) state->queued_chunks);
    json_integer(&w, "begun", (int64_t) state->begun);
    json_integer(&w, "shared", (int64_t) state->shared);
    json_integer(&w, "settled", (int64_t) state->settled);
    json_text(&w, "bucket", state->bucket);
    json_integer(&w, "succeeded", (int64_t) state->succeeded);
    json_integer(&w, "failed", (int64_t) state->failed);
    json_text(&w, "failure_code", state->failure_code);
    json_text(&w, "failure_reason", state->failure_reason);
    json_text(&w, "manifest_key", state->manifest_key);
    json_text(&w, "manifest_etag", state->manifest_etag);
    json_end(&w);
    return (struct store_doc){ .kind = STR(JOB_STATE_KIND), .id = job->id, .body = buf_str(&buf) };
}

static uint64_t number(const struct json *object, const char *name)
{
    return (uint64_t) json_number(object, name, 0);
}

static void read_state(const struct json *json, struct job_state *out)
{
    *out = (struct job_state){ .prepared_at = json_instant_of(json, "prepared_at"),
                               .active_at = json_instant_of(json, "active_at"),
                               .ended_at = json_instant_of(json, "ended_at"),
                               .tasks = number(json, "tasks"),
                               .chunks = number(json, "chunks"),
                               .queued_chunks = number(json, "queued_chunks"),
                               .begun = number(json, "begun"),
                               .shared = number(json, "shared"),
                               .settled = number(json, "settled"),
                               .bucket = json_string(json, "bucket", STR_NONE),
                               .succeeded = number(json, "succeeded"),
                               .failed = number(json, "failed"),
                               .failure_code = json_string(json, "failure_code", STR_NONE),
                               .failure_reason = json_string(json, "failure_reason", STR_NONE),
                               .manifest_key = json_string(json, "manifest_key", STR_NONE),
                               .manifest_etag = json_string(json, "manifest_etag", STR_NONE) };
    if (!job_status_parse(json_string(json, "status", STR("New")), &out->status))
        out->status = JOB_NEW;
}

static bool read_job(struct store_reader *reader, struct arena *arena, str id, str body,
                     struct job *out)
{
    struct json_error error;
    str state = STR_NONE;
    const struct json *json = json_parse(arena, body, &error);
    if (json == NULL)
        return false;
    *out = (struct job){ .id = str_copy(arena, id),
                         .account = json_string(json, "account", STR_NONE),
                         .region = json_string(json, "region", STR_NONE),
                         .created_at = json_instant_of(json, "created_at"),
                         .request = json_string(json, "request", STR_NONE),
                         .priority = (int64_t) json_number(json, "priority", 0),
                         .confirmed = json_bool(json, "confirmed", false),
                         .cancelled_at = json_instant_of(json, "cancelled_at"),
                         .reason = json_string(json, "reason", STR_NONE),
                         .tags = json_string(json, "tags", STR_NONE) };
    if (store_doc_get(reader, arena, STR(JOB_STATE_KIND), id, &state) == STORE_OK)
        read_state(json_parse(arena, state, &error), &out->state);
    return true;
}

bool job_find(struct store_reader *reader, struct arena *arena, str id, struct job *out)
{
    str body;
    return store_doc_get(reader, arena, STR(JOB_KIND), id, &body) == STORE_OK &&
           read_job(reader, arena, id, body, out);
}

static int newest_first(const void *a, const void *b)
{
    const struct job *left = a, *right = b;
    if (left->created_at.ns != right->created_at.ns)
        return left->created_at.ns < right->created_at.ns ? 1 : -1;
    return str_cmp(left->id, right->id);
}

bool job_list(struct store_reader *reader, struct arena *arena, struct job_list *out)
{
    struct store_doc_list docs;
    *out = (struct job_list){ 0 };
    if (store_doc_list(reader, arena, STR(JOB_KIND), &docs) != STORE_OK)
        return false;
    out->at = ARENA_ARRAY(arena, struct job, docs.count);
    for (size_t i = 0; i < docs.count; i++)
        out->count += read_job(reader, arena, docs.at[i].id, docs.at[i].body, &out->at[out->count]);
    if (out->count > 1)
        qsort(out->at, out->count, sizeof out->at[0], newest_first);
    return true;
}

/* -- tasks: a line each, "OUTCOME VERSION KEY", the key as a URI has it ------------------------ */

static str chunk_id(struct arena *arena, str job, uint64_t chunk)
{
    return str_format(arena, "%.*s/%08llu", STR_ARG(job), (unsigned long long) chunk);
}

struct store_doc job_tasks_doc(struct arena *arena, str job, uint64_t chunk,
                               const struct resync_item *items, size_t count)
{
    struct buf buf;
    buf_init_arena(&buf, arena, SIZE_MAX);
    for (size_t i = 0; i < count; i++)
        buf_addf(&buf, "%d %.*s %.*s\n", (int) items[i].outcome, STR_ARG(items[i].version_id),
                 STR_ARG(encode_uri(arena, items[i].key, true)));
    return (struct store_doc){ .kind = STR(JOB_TASKS_KIND),
                               .id = chunk_id(arena, job, chunk),
                               .body = items ? buf_str(&buf) : STR_NONE };
}

bool job_tasks_read(struct store_reader *reader, struct arena *arena, str job, uint64_t chunk,
                    struct job_tasks *out)
{
    str text, line;
    *out = (struct job_tasks){ 0 };
    if (store_doc_get(reader, arena, STR(JOB_TASKS_KIND), chunk_id(arena, job, chunk), &text) !=
        STORE_OK)
        return false;
    out->at = ARENA_ARRAY(arena, struct resync_item, RESYNC_ROWS);
    while (out->count < RESYNC_ROWS && str_next(&text, '\n', &line)) {
        str outcome, rest, version, key;
        uint64_t code;
        if (!str_cut(line, ' ', &outcome, &rest) || !str_cut(rest, ' ', &version, &key) ||
            !str_to_u64(outcome, &code))
            continue;
        struct resync_item *item = &out->at[out->count++];
        *item = (struct resync_item){ .key = decode_uri(arena, key, false),
                                      .version_id = version.size ? version : STR_NONE,
                                      .outcome = (enum resync_outcome) code };
    }
    return true;
}
