/* call: one call of the admin API, matched and parsed; what its handlers share.
 *
 * A handler reads call->args (the {..} of its path), call->document (the JSON body, NULL when there
 * is none) and answers with admin_reply or admin_problem. One that waits (a write, a time job)
 * returns S3_WAIT through request_write or request_wait, as any handler does.
 */
#ifndef ATOLL_SERVER_ADMIN_CALL_H
#define ATOLL_SERVER_ADMIN_CALL_H

#include "base/json.h"
#include "server/admin/admin.h"
#include "server/world.h"

struct admin_row;
struct admin_call {
    struct request *rq;
    const struct admin_row *row;
    str args[2];
    const struct json *document;
    void *state; /* the handler's own, between continuations */
};
typedef enum s3_code admin_fn(struct admin_call *call);

struct admin_call *admin_call_of(struct request *rq);
/* Starts an answer: an object that json_end closes. */
struct json_writer admin_begin(struct request *rq, struct buf *buf);
/* For time_job.done, with the request as owner: wakes it. */
struct time_job;
void admin_job_done(struct time_job *job);
/* 200 and a JSON document. */
enum s3_code admin_reply(struct request *rq, const struct buf *json_text);
/* RFC 9457: "urn:atoll:error:SLUG". hint may be empty. Always returns S3_OK: the answer stands. */
enum s3_code admin_problem(struct request *rq, int status, const char *slug, str detail, str hint);
/* The same in pieces, for a problem with members of its own: json_end after them, then the reply.
 */
struct admin_trouble {
    int status;
    const char *slug;
    str detail, hint;
};
struct json_writer admin_problem_begin(struct request *rq, struct buf *buf,
                                       const struct admin_trouble *trouble);
enum s3_code admin_problem_reply(struct request *rq, int status, const struct buf *json_text);
enum s3_code admin_store_problem(struct request *rq, enum store_result result);
/* The body is an object: else false, and the problem stands. */
MUST_CHECK bool admin_object(struct admin_call *call);
/* A member that `allowed` (NULL-terminated) does not name is refused with a suggestion: false, and
 * the problem stands. A name may say what its member must be: "hold:bool" (text, bool, number,
 * list, object). Also false when the document is not an object. */
MUST_CHECK bool admin_members(struct admin_call *call, const char *const *allowed);

/* query.c. False, and the problem stands, when a parameter is not this call's, or no flag. */
MUST_CHECK bool admin_query_known(struct request *rq, admin_fn *handle);
MUST_CHECK bool admin_query_flag(struct request *rq, const char *name, bool *out);
str admin_query(const struct request *rq, const char *name, const char *fallback);

/* Pieces of documents that several calls show (status.c). */
struct mrap;
struct queue_filter;
struct queue_row;
void admin_write_link(struct request *rq, struct json_writer *writer, region_id from, region_id to);
void admin_write_clock(struct request *rq, struct json_writer *writer);
/* The copies of this source bucket alone, if one is named; false, and the problem stands, when
 * there is none of that name. */
MUST_CHECK bool admin_source_bucket(struct request *rq, str name, struct queue_filter *filter);
/* Its Regions, rule and destination are there; else false, and the problem stands. */
MUST_CHECK bool admin_filter_fits(struct request *rq, const struct queue_filter *filter);
void admin_write_copy(struct request *rq, struct json_writer *writer, const struct queue_row *row);
/* mraps.c. "mraps": all that are there. */
void admin_write_mraps(struct request *rq, struct json_writer *writer);
/* By name or alias, of any account; NULL when there is none. Pins rq->mraps. */
const struct mrap *admin_find_mrap(struct request *rq, str name);
/* The one that ?mrap= names, or the only one; NULL, and the problem stands, when there is none. */
const struct mrap *admin_which_mrap(struct request *rq);

/* unknown.c: names that are not there. The problem lists those that are, and the one that was
 * probably meant. */
struct admin_unknown {
    int status;
    const char *slug;
    str detail, word;
    const str *names;
    size_t count;
    str near; /* unset: the nearest of the names */
    str hint; /* when nothing is near; may be empty */
};
enum s3_code admin_unknown(struct request *rq, const struct admin_unknown *unknown);
/* The words that a call takes: members of its document, parameters of its query. */
struct admin_words {
    const char *slug, *noun; /* of the problem: "unknown-field", "member" */
    const str *names;
    size_t count;
};
/* *at: which of them `word` is; false, and the problem stands, when it is none. */
bool admin_word(struct request *rq, const struct admin_words *words, str word, size_t *at);
enum s3_code admin_unknown_target(struct request *rq, str place, str hint);
enum s3_code admin_unknown_fault(struct request *rq, str name);
enum s3_code admin_unknown_snapshot(struct request *rq, str name);
/* What has that name; REGION_NONE, NULL or false, and the problem stands, when nothing has. */
struct client;
region_id admin_region(struct request *rq, str code);
const struct mrap *admin_mrap(struct request *rq, str name);
const struct client *admin_client(struct request *rq, str name);
MUST_CHECK bool admin_bucket(struct request *rq, str name, struct bucket_info *out);
MUST_CHECK bool admin_rule(struct request *rq, str id);

/* health.c */
admin_fn admin_live, admin_ready, admin_health;
/* wiring.c: what a client needs to reach us */
admin_fn admin_env, admin_ca, admin_node_preload;
/* status.c */
admin_fn admin_status, admin_links, admin_replication, admin_requests, admin_clear_requests,
    admin_explain;
/* config.c */
admin_fn admin_config, admin_put_config, admin_check_config, admin_config_schema;
/* mraps.c: access points, their routes and how they route */
admin_fn admin_mraps, admin_mrap_show, admin_patch_mrap, admin_patch_routes, admin_route;
/* change.c: Regions, links, partitions, reset */
admin_fn admin_patch_region, admin_patch_link, admin_put_partitions, admin_delete_partitions,
    admin_reset;
/* time.c: clock, wait, replication by hand */
admin_fn admin_get_clock, admin_post_clock, admin_wait, admin_hold, admin_release, admin_drop,
    admin_retry, admin_run_lifecycle;
/* arrived.c: "targets" of a wait; for each key how many Regions hold the version written last. */
void admin_write_arrived(struct request *rq, struct json_writer *writer,
                         const struct json *targets);
/* do.c */
admin_fn admin_do;
/* scenarios.c */
admin_fn admin_scenario, admin_recorded;
/* resync.c */
admin_fn admin_resync;
/* watch.c: events, anomalies, the API's description; metrics.c */
admin_fn admin_events, admin_anomalies, admin_clear_anomalies, admin_openapi, admin_metrics;
/* faults.c */
admin_fn admin_faults, admin_fault, admin_post_fault, admin_put_fault, admin_delete_fault,
    admin_delete_faults;
/* snapshots.c */
enum s3_code admin_reset_to_snapshot(struct admin_call *call, str name);
admin_fn admin_snapshots, admin_put_snapshot, admin_restore_snapshot, admin_delete_snapshot,
    admin_snapshot_file, admin_take_snapshot_file;
/* keys.c: where Regions differ, one key over time */
/* Keys of an access point whose members do not hold the same bytes; looks at *left keys at most,
 * and takes those that it looked at from it. */
size_t admin_divergent_keys(struct request *rq, const struct mrap *mrap, size_t *left);
admin_fn admin_keys, admin_history;

#endif
