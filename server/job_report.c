/* The completion report (AWS: "Examples: S3 Batch Operations completion reports"): a CSV of what
 * succeeded, one of what failed, and a manifest.json that names them. */
#include "server/job_report.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base/encode.h"
#include "base/json.h"
#include "server/job_file.h"
#include "storage/queue.h"

#define FILE_BYTES (8u << 20) /* [atoll] of one results file */

struct job_report {
    struct buf lines[2]; /* succeeded, failed */
    struct buf manifest; /* so far */
    struct json_writer json;
    uint64_t chunk, succeeded, failed;
    int64_t bucket;  /* whose versions the tasks are */
    bool any_failed; /* of the copies that the job queued */
    bool over;
};

struct writing { /* one call */
    struct job_report *report;
    const struct job_files *files;
    const struct job_spec *spec;
    struct job *job;
    str *problem;
};

static const char *const words[2] = { "succeeded", "failed" };

static str directory(const struct writing *writing)
{
    str prefix = writing->spec->report_prefix;
    return str_format(writing->files->arena, "%.*s%sjob-%.*s/", STR_ARG(prefix),
                      prefix.size > 0 ? "/" : "", STR_ARG(writing->job->id));
}

static bool put(const struct writing *writing, str key, const char *type, str text)
{
    const struct job_object object = { .bucket = writing->spec->report_bucket, .key = key };
    return job_file_put(writing->files, &object, type, text, writing->problem);
}

static bool put_lines(const struct writing *writing, unsigned which)
{
    struct arena *arena = writing->files->arena;
    struct job_report *report = writing->report;
    str text = buf_str(&report->lines[which]);
    if (text.size == 0)
        return true;
    struct digest_value sha1 = digest_of(DIGEST_SHA1, text.ptr, text.size);
    struct digest_value md5 = digest_of(DIGEST_MD5, text.ptr, text.size);
    str key = str_format(arena, "%.*sresults/%.*s.csv", STR_ARG(directory(writing)),
                         STR_ARG(encode_hex(arena, sha1.bytes, sha1.size)));
    json_object(&report->json, NULL);
    json_text(&report->json, "TaskExecutionStatus", str_of(words[which]));
    json_text(&report->json, "Bucket", writing->spec->report_bucket);
    json_text(&report->json, "MD5Checksum", encode_hex(arena, md5.bytes, md5.size));
    json_text(&report->json, "Key", key);
    json_end(&report->json);
    bool done = put(writing, key, "text/csv", text);
    buf_clear(&report->lines[which]);
    return done;
}

/* Why it failed; empty: it did not. */
static str failure_of(const struct writing *writing, const struct resync_item *item)
{
    struct queue_page page;
    struct queue_filter filter = { .state = QUEUE_FAILED,
                                   .key_prefix = item->key,
                                   .exact_key = true,
                                   .version_id = item->version_id };
    if (item->outcome == RESYNC_ABSENT)
        return STR("SrcVersionNotFound");
    if (item->outcome == RESYNC_INELIGIBLE)
        return STR("SrcObjectNotEligible");
    if (item->outcome == RESYNC_FORBIDDEN)
        return STR("InitiateReplicationNotPermitted");
    if (item->outcome == RESYNC_ON_ITS_WAY)
        filter.source_bucket = writing->report->bucket; /* the row is not the job's */
    else if (writing->report->any_failed)
        filter.job = writing->job->id;
    else
        return STR_NONE;
    bool read = store_queue_list(writing->files->lane->reader, writing->files->arena, &filter, 1,
                                 &page) == STORE_OK;
    return read && page.count ? page.at[0].reason : STR_NONE;
}

static void add_task(const struct writing *writing, const struct resync_item *item)
{
    struct job_report *report = writing->report;
    str reason = failure_of(writing, item);
    bool failed = reason.size > 0;
    report->failed += failed;
    report->succeeded += !failed;
    if (!writing->spec->report || (!failed && !writing->spec->report_all))
        return;
    struct buf *lines = &report->lines[failed];
    buf_addf(lines, "%.*s,%.*s,%.*s,%s,%.*s,%d,%s\n", STR_ARG(writing->job->state.bucket),
             STR_ARG(encode_uri(writing->files->arena, item->key, true)), STR_ARG(item->version_id),
             words[failed], STR_ARG(reason), failed ? 400 : 200,
             failed ? "Replication failed" : "Successful");
}

static bool put_manifest(const struct writing *writing)
{
    struct job_report *report = writing->report;
    json_end(&report->json);
    json_text(&report->json, "ReportSchema",
              STR("Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"));
    json_end(&report->json);
    str key = str_format(writing->files->arena, "%.*smanifest.json", STR_ARG(directory(writing)));
    return put(writing, key, "application/json", buf_str(&report->manifest));
}

struct job_report *job_report_open(const struct job_files *files, const struct job *job)
{
    struct job_report *report = mem_alloc(sizeof *report);
    struct store_reader *reader = files->lane->reader;
    struct resync_counts counts;
    struct bucket_info bucket;
    store_read_begin(reader);
    if (store_bucket_get(reader, files->arena, job->state.bucket, &bucket) == STORE_OK)
        report->bucket = bucket.id;
    report->any_failed =
        store_resync_counts(reader, job->id, &counts) != STORE_OK || counts.failed > 0;
    store_read_idle(reader);
    for (size_t i = 0; i < COUNT(report->lines); i++)
        buf_init(&report->lines[i], SIZE_MAX);
    buf_init(&report->manifest, SIZE_MAX);
    json_begin(&report->json, &report->manifest);
    json_object(&report->json, NULL);
    json_text(&report->json, "Format", STR("Report_CSV_20180820"));
    json_text(&report->json, "ReportCreationDate",
              instant_iso8601(files->arena, clock_now(files->world->clock)));
    json_array(&report->json, "Results");
    return report;
}

void job_report_close(struct job_report *report)
{
    if (report == NULL)
        return;
    for (size_t i = 0; i < COUNT(report->lines); i++)
        buf_fini(&report->lines[i]);
    buf_fini(&report->manifest);
    free(report);
}

/* [AWS] no report when no task was begun. */
static bool end(const struct writing *writing)
{
    struct job_report *report = writing->report;
    writing->job->state.succeeded = report->succeeded;
    writing->job->state.failed = report->failed;
    report->over = true;
    return !writing->spec->report || writing->job->state.begun == 0 ||
           (put_lines(writing, 0) && put_lines(writing, 1) && put_manifest(writing));
}

bool job_report_next(struct job_report *report, const struct job_files *files,
                     const struct job_spec *spec, struct job *job, str *problem)
{
    const struct writing writing = { report, files, spec, job, problem };
    struct job_tasks tasks = { 0 };
    if (report->chunk == job->state.queued_chunks)
        return end(&writing);
    store_read_begin(files->lane->reader);
    bool read = job_tasks_read(files->lane->reader, files->arena, job->id, report->chunk, &tasks);
    report->chunk++;
    for (size_t i = 0; read && i < tasks.count; i++)
        add_task(&writing, &tasks.at[i]);
    store_read_idle(files->lane->reader);
    for (unsigned i = 0; i < COUNT(report->lines); i++)
        if (report->lines[i].size >= FILE_BYTES && !put_lines(&writing, i))
            return false;
    return true;
}

bool job_report_is_over(const struct job_report *report)
{
    return report->over;
}
