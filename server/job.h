/* job: a job of S3 Batch Operations, as two documents: what people asked for (kind "job", written
 * by the calls of S3 Control) and how far it is (kind "job-state", written by the world thread
 * alone), so that neither overwrites the other. Its tasks are documents of kind "job-tasks", up to
 * RESYNC_ROWS in each. Pure, but for job_find and job_list, which read with the given reader.
 *
 * Ownership: strings live in the arena.
 */
#ifndef ATOLL_SERVER_JOB_H
#define ATOLL_SERVER_JOB_H

#include "server/s3/xml.h"
#include "storage/resync.h"

#define JOB_COLUMNS 32 /* [atoll] that a manifest may have */

#define JOB_KIND "job"
#define JOB_STATE_KIND "job-state"
#define JOB_TASKS_KIND "job-tasks" /* id "JOB/00000007" */

/* AWS: "Job statuses". A job here is never Paused: the copies of several travel together. */
enum job_status {
    JOB_NEW,
    JOB_PREPARING,
    JOB_SUSPENDED, /* awaits confirmation */
    JOB_READY,
    JOB_ACTIVE,
    JOB_COMPLETING, /* its report is being written */
    JOB_CANCELLING, /* copies that were queued before are still on their way */
    JOB_FAILING,
    JOB_COMPLETE, /* this and the rest: ends */
    JOB_CANCELLED,
    JOB_FAILED,
    JOB_STATUSES
};

struct job_state {
    /* NEW, PREPARING, READY (prepared), ACTIVE, COMPLETING (all copies ended, whatever for) or an
     * end; job_status_of tells what people see. */
    enum job_status status;
    instant prepared_at, active_at, ended_at;
    uint64_t tasks, chunks;
    uint64_t queued_chunks;           /* whose copies are queued */
    uint64_t begun;                   /* tasks in them */
    uint64_t shared;                  /* tasks whose copies others had queued */
    uint64_t settled;                 /* chunks in which all such copies have ended */
    uint64_t succeeded, failed;       /* before the end: failed at once; then of the whole */
    str bucket;                       /* whose versions they are */
    str failure_code, failure_reason; /* set before the end: it is failing */
    str manifest_key, manifest_etag;  /* of the generated manifest, if it was put out */
};
struct job {
    str id, account, region;
    instant created_at;
    str request; /* the body of CreateJob */
    int64_t priority;
    bool confirmed;
    instant cancelled_at; /* {0}: it is not */
    str reason;           /* of the last change of its status */
    str tags;             /* TagSet, as XML; may be empty */
    struct job_state state;
};

enum job_field { JOB_FIELD_IGNORE, JOB_FIELD_BUCKET, JOB_FIELD_KEY, JOB_FIELD_VERSION };
struct job_columns { /* of a CSV file: enum job_field each */
    unsigned at[JOB_COLUMNS];
    size_t count;
};
/* False: no such column, or too many; what atoll has no use for is "Ignore". */
MUST_CHECK bool job_columns_add(struct job_columns *columns, str name);
/* It names bucket and key, and nothing but Ignore twice. */
bool job_columns_are_whole(const struct job_columns *columns);

/* What a body of CreateJob says. */
struct job_spec {
    bool confirmation;
    str description, role, token;
    bool generated; /* by S3, else a manifest of the caller's */
    str bucket;     /* generated: the source bucket; else where the manifest is */
    str manifest_key, manifest_version, manifest_etag;
    bool inventory; /* it is the manifest.json of an S3 Inventory report */
    struct job_columns columns;
    struct resync_filter filter;
    str owner; /* of the source bucket, as expected; empty: not said */
    str output_bucket, output_prefix, output_owner; /* empty: not put out */
    bool report, report_all;
    str report_bucket, report_prefix, report_owner;
};
/* False with a sentence in *problem; *missing names an operation that atoll does not run. */
MUST_CHECK bool job_spec_read(struct arena *arena, const struct xml *root, struct job_spec *out,
                              str *problem, str *missing);

const char *job_status_name(enum job_status status);
bool job_status_parse(str name, enum job_status *out);
bool job_status_is_end(enum job_status status);
/* As DescribeJob shows it. */
enum job_status job_status_of(const struct job *job);

struct store_doc job_doc(struct arena *arena, const struct job *job);
struct store_doc job_state_doc(struct arena *arena, const struct job *job);
MUST_CHECK bool job_find(struct store_reader *reader, struct arena *arena, str id, struct job *out);
struct job_list {
    struct job *at; /* newest first */
    size_t count;
};
MUST_CHECK bool job_list(struct store_reader *reader, struct arena *arena, struct job_list *out);

#define JOB_KEPT DURATION_S(90 * 86400) /* [AWS] ListJobs: "ended within the last 90 days" */
/* It ended longer ago than that: nobody sees it any more. */
bool job_is_forgotten(const struct job *job, instant now);
/* When it ended, also while the world thread has not noted it; {0}: it has not. */
instant job_ended_at(const struct job *job);

/* Tasks of one chunk, and back; without items: the document's end. */
struct store_doc job_tasks_doc(struct arena *arena, str job, uint64_t chunk,
                               const struct resync_item *items, size_t count);
struct job_tasks {
    struct resync_item *at;
    size_t count;
};
MUST_CHECK bool job_tasks_read(struct store_reader *reader, struct arena *arena, str job,
                               uint64_t chunk, struct job_tasks *out);

#endif
