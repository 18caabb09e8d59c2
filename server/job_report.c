/* The completion report (AWS: "Examples: S3 Batch Operations completion reports"): a CSV of what
 * succeeded, one of what failed, and a manifest.json that names them. */
#include "server/job_manifest.h"

#include "base/digest.h"
#include "base/encode.h"
#include "base/json.h"
#include "server/request.h"
#include "storage/queue.h"

#define FILE_BYTES (8u << 20) /* [atoll] of one results file */

struct report {
    const struct job_files *files;
    const struct job_spec *spec;
    struct job *job;
    str directory;       /* PREFIX/job-ID/ */
    int64_t bucket;      /* whose versions the tasks are */
    struct buf lines[2]; /* succeeded, failed */
    struct buf manifest;
    struct json_writer json;
    str *problem;
};

static const char *const words[2] = { "succeeded", "failed" };

static bool put_lines(struct report *report, unsigned which)
{
    struct arena *arena = report->files->arena;
    str text = buf_str(&report->lines[which]);
    if (text.size == 0)
        return true;
    struct digest_value sha1 = digest_of(DIGEST_SHA1, text.ptr, text.size);
    struct digest_value md5 = digest_of(DIGEST_MD5, text.ptr, text.size);
    str key = str_format(arena, "%.*sresults/%.*s.csv", STR_ARG(report->directory),
                         STR_ARG(encode_hex(arena, sha1.bytes, sha1.size)));
    json_object(&report->json, NULL);
    json_text(&report->json, "TaskExecutionStatus", str_of(words[which]));
    json_text(&report->json, "Bucket", report->spec->report_bucket);
    json_text(&report->json, "MD5Checksum", encode_hex(arena, md5.bytes, md5.size));
    json_text(&report->json, "Key", key);
    json_end(&report->json);
    bool put = job_file_put(report->files, report->spec->report_bucket, key, "text/csv", text,
                            report->problem);
    buf_init_arena(&report->lines[which], arena, SIZE_MAX);
    return put;
}

/* Why it failed; empty: it did not. */
static str failure_of(const struct report *report, const struct resync_item *item)
{
    struct queue_page page;
    struct queue_filter filter = { .state = QUEUE_FAILED,
                                   .key_prefix = item->key,
                                   .exact_key = true,
                                   .version_id = item->version_id };
    if (item->outcome == RESYNC_ON_ITS_WAY)
        filter.source_bucket = report->bucket; /* the row is not the job's */
    else
        filter.job = report->job->id;
    if (item->outcome == RESYNC_ABSENT)
        return STR("SrcVersionNotFound");
    if (item->outcome == RESYNC_INELIGIBLE)
        return STR("SrcObjectNotEligible");
    bool read = store_queue_list(report->files->lane->reader, report->files->arena, &filter, 1,
                                 &page) == STORE_OK;
    return read && page.count ? page.at[0].reason : STR_NONE;
}

static bool add_task(struct report *report, const struct resync_item *item)
{
    str reason = failure_of(report, item);
    bool failed = reason.size > 0;
    report->job->state.failed += failed;
    report->job->state.succeeded += !failed;
    if (!report->spec->report || (!failed && !report->spec->report_all))
        return true;
    struct buf *lines = &report->lines[failed];
    buf_addf(lines, "%.*s,%.*s,%.*s,%s,%.*s,%d,%s\n", STR_ARG(report->job->state.bucket),
             STR_ARG(encode_uri(report->files->arena, item->key, true)), STR_ARG(item->version_id),
             words[failed], STR_ARG(reason), failed ? 400 : 200,
             failed ? "Replication failed" : "Successful");
    return lines->size < FILE_BYTES || put_lines(report, failed);
}

static bool put_manifest(struct report *report)
{
    json_end(&report->json);
    json_text(&report->json, "ReportSchema",
              STR("Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"));
    json_end(&report->json);
    str key = str_format(report->files->arena, "%.*smanifest.json", STR_ARG(report->directory));
    return job_file_put(report->files, report->spec->report_bucket, key, "application/json",
                        buf_str(&report->manifest), report->problem);
}

static void begin(struct report *report)
{
    struct arena *arena = report->files->arena;
    const struct job_spec *spec = report->spec;
    struct bucket_info bucket;
    if (store_bucket_get(report->files->lane->reader, arena, report->job->state.bucket, &bucket) ==
        STORE_OK)
        report->bucket = bucket.id;
    report->directory = str_format(arena, "%.*s%sjob-%.*s/", STR_ARG(spec->report_prefix),
                                   spec->report_prefix.size ? "/" : "", STR_ARG(report->job->id));
    for (size_t i = 0; i < COUNT(report->lines); i++)
        buf_init_arena(&report->lines[i], arena, SIZE_MAX);
    buf_init_arena(&report->manifest, arena, SIZE_MAX);
    json_begin(&report->json, &report->manifest);
    json_object(&report->json, NULL);
    json_text(&report->json, "Format", STR("Report_CSV_20180820"));
    json_text(&report->json, "ReportCreationDate",
              instant_iso8601(arena, clock_now(report->files->world->clock)));
    json_array(&report->json, "Results");
}

bool job_report_write(const struct job_files *files, const struct job_spec *spec, struct job *job,
                      str *problem)
{
    struct report report = { .files = files, .spec = spec, .job = job, .problem = problem };
    struct job_tasks tasks;
    job->state.succeeded = job->state.failed = 0;
    begin(&report);
    for (uint64_t chunk = 0; chunk < job->state.chunks; chunk++) {
        store_read_begin(files->lane->reader);
        if (!job_tasks_read(files->lane->reader, files->arena, job->id, chunk, &tasks))
            continue;
        for (size_t i = 0; i < tasks.count; i++)
            if (!add_task(&report, &tasks.at[i]))
                return false;
    }
    return !spec->report ||
           (put_lines(&report, 0) && put_lines(&report, 1) && put_manifest(&report));
}
