/* Looking at jobs of S3 Batch Operations. */
#include "base/encode.h"
#include "server/control/control.h"
#include "server/control/handlers.h"
#include "server/job.h"
#include "server/jobs.h"
#include "server/world.h"

#define JOBS_PATH "/v20180820/jobs/"
#define MOST_RESULTS 1000

enum s3_code control_find_job(struct request *rq, const char *suffix, struct job *out)
{
    enum s3_code code = control_guard_account(rq);
    str path = rq->address.path, id;
    if (code != S3_OK)
        return code;
    id = str_skip(path, strlen(JOBS_PATH));
    id = str_first(id, id.size - (str_ends(id, str_of(suffix)) ? strlen(suffix) : 0));
    bool found = job_find(rq->lane->reader, rq->arena, decode_uri(rq->arena, id, false), out) &&
                 str_eq(out->account, rq->who.account) && !job_is_forgotten(out, rq->received_at);
    if (found && !str_eq(out->region, rq->region))
        request_hint(rq, "The job is in %.*s, this request is for %.*s.", STR_ARG(out->region),
                     STR_ARG(rq->region));
    return found && str_eq(out->region, rq->region) ? S3_OK : S3_NoSuchJobException;
}

/* -- pieces ----------------------------------------------------------------------------------- */

struct progress {
    uint64_t succeeded, failed;
    int64_t active_s;
};

static struct progress progress_of(struct request *rq, const struct job *job)
{
    struct progress progress = { job->state.succeeded, job->state.failed, 0 };
    struct resync_counts counts;
    instant until = job->state.ended_at.ns ? job->state.ended_at : rq->received_at;
    if (job->state.active_at.ns)
        progress.active_s = instant_diff(until, job->state.active_at).ns / 1000000000;
    if ((job->state.status != JOB_ACTIVE && job->state.status != JOB_COMPLETING) ||
        store_resync_counts(rq->lane->reader, job->id, &counts) != STORE_OK)
        return progress;
    uint64_t begun = job->state.begun;
    uint64_t ended = begun > counts.unfinished ? begun - counts.unfinished : 0;
    progress.failed += counts.failed;
    progress.succeeded = ended > progress.failed ? ended - progress.failed : 0;
    return progress;
}

static void write_progress(struct request *rq, struct xml_writer *writer, const struct job *job)
{
    const struct progress progress = progress_of(rq, job);
    xml_open(writer, "ProgressSummary");
    xml_integer(writer, "TotalNumberOfTasks", job->state.tasks);
    xml_integer(writer, "NumberOfTasksSucceeded", progress.succeeded);
    xml_integer(writer, "NumberOfTasksFailed", progress.failed);
    xml_open(writer, "Timers");
    xml_integer(writer, "ElapsedTimeInActiveSeconds", (uint64_t) progress.active_s);
    xml_close(writer);
    xml_close(writer);
}

static void write_instant(struct request *rq, struct xml_writer *writer, const char *name,
                          instant at)
{
    if (at.ns)
        xml_element(writer, name, instant_iso8601(rq->arena, at));
}

static void write_tree(struct request *rq, struct xml_writer *writer, const struct xml *node)
{
    const char *name = str_c(rq->arena, node->name);
    if (node->child == NULL) {
        xml_element(writer, name, node->text);
        return;
    }
    xml_open(writer, name);
    for (const struct xml *child = node->child; child; child = child->next)
        write_tree(rq, writer, child);
    xml_close(writer);
}

static void write_failure(struct xml_writer *writer, const struct job *job)
{
    if (job->state.failure_code.size == 0)
        return;
    xml_open(writer, "FailureReasons");
    xml_open(writer, "member");
    xml_element(writer, "FailureCode", job->state.failure_code);
    xml_element(writer, "FailureReason", job->state.failure_reason);
    xml_close(writer);
    xml_close(writer);
}

static void write_generated(struct request *rq, struct xml_writer *writer, const struct job *job,
                            const struct xml *root)
{
    struct job_spec spec;
    str problem, missing;
    if (job->state.manifest_key.size == 0 ||
        !job_spec_read(rq->arena, root, &spec, &problem, &missing))
        return;
    xml_open(writer, "GeneratedManifestDescriptor");
    xml_element(writer, "Format", STR("S3InventoryReport_CSV_20211130"));
    xml_open(writer, "Location");
    xml_element(writer, "ObjectArn",
                str_format(rq->arena, "arn:aws:s3:::%.*s/%.*s", STR_ARG(spec.output_bucket),
                           STR_ARG(job->state.manifest_key)));
    xml_element(writer, "ETag", job->state.manifest_etag);
    xml_close(writer);
    xml_close(writer);
}

/* -- one -------------------------------------------------------------------------------------- */

static void write_status(struct request *rq, struct xml_writer *writer, const struct job *job)
{
    enum job_status status = job_status_of(job);
    xml_element(writer, "JobId", job->id);
    xml_element(writer, "JobArn",
                str_format(rq->arena, "arn:aws:s3:%.*s:%.*s:job/%.*s", STR_ARG(job->region),
                           STR_ARG(job->account), STR_ARG(job->id)));
    xml_element(writer, "Status", str_of(job_status_name(status)));
    xml_integer(writer, "Priority", (uint64_t) job->priority);
    write_instant(rq, writer, "CreationTime", job->created_at);
    write_instant(rq, writer, "TerminationDate", job_ended_at(job));
    if (job->reason.size > 0)
        xml_element(writer, "StatusUpdateReason", job->reason);
    if (status == JOB_SUSPENDED) {
        write_instant(rq, writer, "SuspendedDate", job->state.prepared_at);
        xml_element(writer, "SuspendedCause", STR("Awaiting confirmation"));
    }
}

enum s3_code op_describe_job(struct request *rq)
{
    static const char *const echoed[] = {
        "ConfirmationRequired", "Description", "Manifest", "Operation", "Report", "RoleArn",
        "ManifestGenerator"
    };
    struct job job;
    struct buf buf;
    struct xml_writer writer;
    enum s3_code code = control_find_job(rq, "", &job);
    if (code != S3_OK)
        return code;
    const struct xml *root = xml_parse(rq->arena, job.request);
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf, "DescribeJobResult", XML_NS_CONTROL);
    xml_open(&writer, "Job");
    write_status(rq, &writer, &job);
    for (size_t i = 0; i < COUNT(echoed); i++)
        if (xml_child(root, echoed[i]))
            write_tree(rq, &writer, xml_child(root, echoed[i]));
    write_progress(rq, &writer, &job);
    write_failure(&writer, &job);
    write_generated(rq, &writer, &job, root);
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}

enum s3_code op_get_job_tagging(struct request *rq)
{
    struct job job;
    struct buf buf;
    struct xml_writer writer;
    str tag, key, value;
    enum s3_code code = control_find_job(rq, "/tagging", &job);
    if (code != S3_OK)
        return code;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf, "GetJobTaggingResult", XML_NS_CONTROL);
    xml_open(&writer, "Tags");
    while (job.tags.size > 0 && str_next(&job.tags, '&', &tag)) {
        (void) str_cut(tag, '=', &key, &value);
        xml_open(&writer, "member");
        xml_element(&writer, "Key", decode_uri(rq->arena, key, false));
        xml_element(&writer, "Value", decode_uri(rq->arena, value, false));
        xml_close(&writer);
    }
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}

/* -- many ------------------------------------------------------------------------------------- */

/* "jobStatuses" may come several times; none asks for all. */
static bool is_asked_for(const struct request *rq, const struct job *job)
{
    bool any = false;
    for (size_t i = 0; i < rq->query.count; i++) {
        if (!str_is(rq->query.at[i].name, "jobStatuses"))
            continue;
        any = true;
        if (str_is(rq->query.at[i].value, job_status_name(job_status_of(job))))
            return true;
    }
    return !any;
}

static enum s3_code judge_statuses(struct request *rq)
{
    static const char *const never[] = { "Paused", "Pausing" };
    for (size_t i = 0; i < rq->query.count; i++) {
        enum job_status status;
        str value = rq->query.at[i].value;
        bool known =
            !str_is(rq->query.at[i].name, "jobStatuses") || job_status_parse(value, &status);
        for (size_t j = 0; j < COUNT(never) && !known; j++)
            known = str_is(value, never[j]);
        if (!known) {
            request_message(rq, "%.*s is no status of a job.", STR_ARG(value));
            return S3_InvalidRequest;
        }
    }
    return S3_OK;
}

static void write_job(struct request *rq, struct xml_writer *writer, const struct job *job)
{
    const struct xml *root = xml_parse(rq->arena, job->request);
    const struct xml *operation = xml_child(root, "Operation");
    xml_open(writer, "member");
    xml_element(writer, "JobId", job->id);
    if (xml_child(root, "Description"))
        xml_element(writer, "Description", xml_text(root, "Description"));
    if (operation && operation->child)
        xml_element(writer, "Operation", operation->child->name);
    xml_integer(writer, "Priority", (uint64_t) job->priority);
    xml_element(writer, "Status", str_of(job_status_name(job_status_of(job))));
    write_instant(rq, writer, "CreationTime", job->created_at);
    write_instant(rq, writer, "TerminationDate", job_ended_at(job));
    write_progress(rq, writer, job);
    xml_close(writer);
}

/* NextToken is the id of the last job of the page. */
enum s3_code op_list_jobs(struct request *rq)
{
    struct job_list list;
    struct buf buf;
    struct xml_writer writer;
    uint64_t most = MOST_RESULTS, shown = 0;
    str token = request_query(rq, "nextToken"), max = request_query(rq, "maxResults"), last;
    enum s3_code code = control_guard_account(rq);
    if (code == S3_OK)
        code = judge_statuses(rq);
    if (code != S3_OK)
        return code;
    if (str_is_set(max) && (!str_to_u64(max, &most) || most == 0 || most > MOST_RESULTS)) {
        request_message(rq, "MaxResults must be a number from 1 to 1000.");
        return S3_InvalidRequest;
    }
    if (!job_list(rq->lane->reader, rq->arena, &list))
        return S3_InternalError;
    size_t at = 0;
    while (str_is_set(token) && at < list.count && !str_eq(list.at[at].id, token))
        at++;
    if (str_is_set(token) && at++ == list.count)
        return S3_InvalidNextTokenException;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf, "ListJobsResult", XML_NS_CONTROL);
    xml_open(&writer, "Jobs");
    last = STR_NONE;
    bool more = false;
    for (; at < list.count && !more; at++) {
        const struct job *job = &list.at[at];
        if (!str_eq(job->account, rq->who.account) || !str_eq(job->region, rq->region) ||
            job_is_forgotten(job, rq->received_at) || !is_asked_for(rq, job))
            continue;
        more = shown == most;
        if (more)
            break;
        write_job(rq, &writer, job);
        last = job->id;
        shown++;
    }
    xml_close(&writer);
    if (more)
        xml_element(&writer, "NextToken", last);
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}
