/* S3 Batch Operations, for S3ReplicateObject: creating a job and changing it. What runs jobs is
 * server/jobs.c; what they are asked is a document of their own, so a call never meets a step. */
#include "base/encode.h"
#include "base/rng.h"
#include "server/control/control.h"
#include "server/control/handlers.h"
#include "server/control/role.h"
#include "server/event_of.h"
#include "server/job.h"
#include "server/jobs.h"
#include "server/s3/document.h"
#include "server/world.h"

struct change {
    struct store_write write;
    struct store_doc docs[4];
    struct job job;
    bool answers_priority;
};

/* -- create ----------------------------------------------------------------------------------- */

static enum s3_code answer_id(struct request *rq)
{
    const struct change *change = rq->state;
    struct buf buf;
    struct xml_writer writer;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf, "CreateJobResult", XML_NS_CONTROL);
    xml_element(&writer, "JobId", change->job.id);
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}

static enum s3_code created(struct request *rq)
{
    const struct change *change = rq->state;
    if (change->write.result == STORE_EXISTS)
        return S3_OperationAborted; /* another control change was accepted in between */
    if (change->write.result != STORE_OK)
        return s3_code_from_store(change->write.result);
    jobs_changed(rq->world->jobs);
    event_of_change(rq->world, EVENT_JOB, change->job.id, STR("New"));
    return answer_id(rq);
}

/* A UUID, as AWS's ids are. */
static str draw_id(struct request *rq, uint64_t ordinal)
{
    unsigned char bytes[16];
    rng_bytes(&(struct rng_key){ .seed = rq->world->seed,
                                 .purpose = RNG_ASYNC_TOKEN,
                                 .name = STR("job"),
                                 .ordinal = ordinal },
              bytes, sizeof bytes);
    bytes[6] = (unsigned char) (0x40 | (bytes[6] & 0x0f));
    bytes[8] = (unsigned char) (0x80 | (bytes[8] & 0x3f));
    str hex = encode_hex(rq->arena, bytes, sizeof bytes);
    return str_format(rq->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex.ptr, hex.ptr + 8, hex.ptr + 12,
                      hex.ptr + 16, hex.ptr + 20);
}

/* The same token and body give the same job (AWS: IdempotencyException for another body). */
static enum s3_code judge_token(struct request *rq, str token, struct change *change, bool *again)
{
    str id = str_format(rq->arena, "%.*s/job/%.*s", STR_ARG(rq->who.account), STR_ARG(token));
    str print = str_format(rq->arena, "%016llx", (unsigned long long) rng_hash(rq->body));
    str before, old_print;
    bool known =
        store_doc_get(rq->lane->reader, rq->arena, STR("client-token"), id, &before) == STORE_OK &&
        str_cut(before, ' ', &old_print, &change->job.id);
    /* The token of a job that is forgotten says nothing any more. */
    *again = known && job_find(rq->lane->reader, rq->arena, change->job.id, &change->job) &&
             !job_is_forgotten(&change->job, rq->received_at);
    if (*again && !str_eq(old_print, print))
        return S3_IdempotencyException;
    change->docs[1] = (struct store_doc){
        .kind = STR("client-token"), .id = id, .body = print, .if_absent = !known
    };
    return S3_OK;
}

static enum s3_code judge(struct request *rq, const struct xml *root, struct job_spec *spec)
{
    str problem = STR_NONE, missing;
    if (!job_spec_read(rq->arena, root, spec, &problem, &missing)) {
        request_message(rq, "%.*s", STR_ARG(problem));
        return S3_InvalidRequest;
    }
    if (!str_is_set(missing))
        return S3_OK;
    request_message(rq,
                    "S3 Batch Operations with %.*s is not implemented: this emulator runs "
                    "S3ReplicateObject.",
                    STR_ARG(missing));
    return S3_NotImplemented;
}

/* AWS keeps a job in the Region of its source bucket. */
static enum s3_code judge_region(struct request *rq, const struct job_spec *spec)
{
    struct bucket_info bucket;
    bool elsewhere =
        store_bucket_get(rq->lane->reader, rq->arena, spec->bucket, &bucket) == STORE_OK &&
        !str_eq(bucket.region, rq->region);
    if (!elsewhere ||
        request_nonstandard(rq, "job-region",
                            "InvalidRequest: a job must be created in the Region of its bucket"))
        return S3_OK;
    request_message(rq, "The job must be created in %.*s, the Region of bucket %.*s.",
                    STR_ARG(bucket.region), STR_ARG(bucket.name));
    return S3_InvalidRequest;
}

/* AWS: a role cannot be passed to another account. */
static enum s3_code judge_role(struct request *rq, const struct job_spec *spec)
{
    str account = STR(""), name;
    if ((role_arn_parse(spec->role, &account, &name) && str_eq(account, rq->who.account)) ||
        request_nonstandard(rq, "job-role-account",
                            "AccessDenied: the role of a job must be of the job's account"))
        return S3_OK;
    request_message(rq, "Cross-account pass role is not allowed.");
    return S3_AccessDenied;
}

/* "Key=Value&...": what is kept of a TagSet. */
static enum s3_code read_tags(struct request *rq, const struct xml *tags, str *out)
{
    struct buf buf;
    size_t count = 0;
    buf_init_arena(&buf, rq->arena, LIMIT_XML_BYTES);
    for (const struct xml *tag = tags ? tags->child : NULL; tag; tag = tag->next) {
        str key = xml_text(tag, "Key"), value = xml_text(tag, "Value");
        if (key.size == 0 || !str_is_set(value))
            return S3_MalformedXML;
        if (++count > LIMIT_TAGS_PER_BUCKET)
            return S3_TooManyTagsException;
        buf_addf(&buf, "%s%.*s=%.*s", buf.size ? "&" : "",
                 STR_ARG(encode_uri(rq->arena, key, false)),
                 STR_ARG(encode_uri(rq->arena, value, false)));
    }
    *out = buf_str(&buf);
    return S3_OK;
}

enum s3_code op_create_job(struct request *rq)
{
    struct change *change = ARENA_NEW(rq->arena, struct change);
    struct job_spec spec;
    bool again = false;
    const struct xml *root = rq->body.size ? xml_parse(rq->arena, rq->body) : NULL;
    enum s3_code code = control_guard_account(rq);
    if (code == S3_OK && (root == NULL || !str_is(root->name, "CreateJobRequest")))
        code = rq->body.size ? S3_MalformedXML : S3_MissingRequestBodyError;
    if (code == S3_OK)
        code = judge(rq, root, &spec);
    if (code == S3_OK)
        code = judge_region(rq, &spec);
    if (code == S3_OK)
        code = judge_role(rq, &spec);
    if (code == S3_OK)
        code = judge_token(rq, spec.token, change, &again);
    if (code != S3_OK)
        return code;
    rq->state = change;
    if (again)
        return answer_id(rq);
    struct job *job = &change->job;
    uint64_t ordinal = control_next_ordinal(rq, &change->docs[0]);
    *job = (struct job){ .id = draw_id(rq, ordinal),
                         .account = rq->who.account,
                         .region = rq->region,
                         .created_at = rq->received_at,
                         .request = rq->body,
                         .confirmed = !spec.confirmation };
    str priority = str_trim(xml_text(root, "Priority"));
    if (!str_to_i64(priority, &job->priority) || job->priority < 0 || job->priority > INT32_MAX) {
        request_message(rq, "Priority must be a number from 0 to 2147483647.");
        return S3_InvalidRequest;
    }
    code = read_tags(rq, xml_child(root, "Tags"), &job->tags);
    if (code != S3_OK)
        return code;
    change->docs[1].body =
        str_format(rq->arena, "%.*s %.*s", STR_ARG(change->docs[1].body), STR_ARG(job->id));
    change->docs[2] = job_doc(rq->arena, job);
    change->docs[2].if_absent = true;
    store_docs_init(&change->write, rq->arena);
    change->write.docs = change->docs;
    change->write.doc_count = 3;
    return request_write(rq, &change->write, created);
}

/* -- change ----------------------------------------------------------------------------------- */

static enum s3_code changed(struct request *rq)
{
    const struct change *change = rq->state;
    const struct job *job = &change->job;
    struct buf buf;
    struct xml_writer writer;
    if (change->write.result != STORE_OK)
        return s3_code_from_store(change->write.result);
    jobs_changed(rq->world->jobs);
    if (!change->answers_priority)
        event_of_change(rq->world, EVENT_JOB, job->id, str_of(job_status_name(job_status_of(job))));
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf,
              change->answers_priority ? "UpdateJobPriorityResult" : "UpdateJobStatusResult",
              XML_NS_CONTROL);
    xml_element(&writer, "JobId", job->id);
    if (change->answers_priority)
        xml_integer(&writer, "Priority", (uint64_t) job->priority);
    else {
        xml_element(&writer, "Status", str_of(job_status_name(job_status_of(job))));
        if (job->reason.size > 0)
            xml_element(&writer, "StatusUpdateReason", job->reason);
    }
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}

static enum s3_code submit(struct request *rq, struct change *change,
                           enum s3_code (*then)(struct request *rq))
{
    change->docs[0] = job_doc(rq->arena, &change->job);
    store_docs_init(&change->write, rq->arena);
    change->write.docs = change->docs;
    change->write.doc_count = 1;
    rq->state = change;
    return request_write(rq, &change->write, then);
}

enum s3_code op_update_job_priority(struct request *rq)
{
    struct change *change = ARENA_NEW(rq->arena, struct change);
    int64_t priority;
    enum s3_code code = control_find_job(rq, "/priority", &change->job);
    if (code != S3_OK)
        return code;
    if (!str_to_i64(request_query(rq, "priority"), &priority) || priority < 0 ||
        priority > INT32_MAX) {
        request_message(rq, "Priority must be a number from 0 to 2147483647.");
        return S3_InvalidRequest;
    }
    if (job_status_is_end(job_status_of(&change->job))) {
        request_message(rq, "The priority of a job that has ended cannot be changed.");
        return S3_JobStatusException;
    }
    change->job.priority = priority;
    change->answers_priority = true;
    return submit(rq, change, changed);
}

/* AWS: a job that awaits confirmation becomes Ready; any that is not ending can be cancelled. */
enum s3_code op_update_job_status(struct request *rq)
{
    struct change *change = ARENA_NEW(rq->arena, struct change);
    struct job *job = &change->job;
    enum s3_code code = control_find_job(rq, "/status", job);
    if (code != S3_OK)
        return code;
    str wanted = request_query(rq, "requestedJobStatus");
    enum job_status status = job_status_of(job);
    bool ready = str_is(wanted, "Ready"), cancel = str_is(wanted, "Cancelled");
    if (!ready && !cancel) {
        request_message(rq, "RequestedJobStatus must be Ready or Cancelled.");
        return S3_InvalidRequest;
    }
    if (ready ? status != JOB_SUSPENDED : status > JOB_ACTIVE) {
        request_message(rq, "A job that is %s cannot become %.*s.", job_status_name(status),
                        STR_ARG(wanted));
        return S3_JobStatusException;
    }
    if (ready)
        job->confirmed = true;
    else
        job->cancelled_at = rq->received_at;
    job->reason = request_query(rq, "statusUpdateReason");
    return submit(rq, change, changed);
}

/* -- tags ------------------------------------------------------------------------------------- */

static enum s3_code tagged(struct request *rq)
{
    const struct change *change = rq->state;
    bool deleted = str_is(rq->method, "DELETE");
    if (change->write.result != STORE_OK)
        return s3_code_from_store(change->write.result);
    request_reply_empty(rq, deleted ? 204 : 200);
    return S3_OK;
}

enum s3_code op_put_job_tagging(struct request *rq)
{
    struct change *change = ARENA_NEW(rq->arena, struct change);
    enum s3_code code = control_find_job(rq, "/tagging", &change->job);
    const struct xml *root = rq->body.size ? xml_parse(rq->arena, rq->body) : NULL;
    if (code != S3_OK)
        return code;
    if (xml_child(root, "Tags") == NULL)
        return S3_MalformedXML;
    code = read_tags(rq, xml_child(root, "Tags"), &change->job.tags);
    return code == S3_OK ? submit(rq, change, tagged) : code;
}

enum s3_code op_delete_job_tagging(struct request *rq)
{
    struct change *change = ARENA_NEW(rq->arena, struct change);
    enum s3_code code = control_find_job(rq, "/tagging", &change->job);
    change->job.tags = STR("");
    return code == S3_OK ? submit(rq, change, tagged) : code;
}
