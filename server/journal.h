/* journal: the last requests, kept for explain, history and the log.
 *
 * journal_add copies what it keeps, so the request may go. Threads: any; one bounded ring per world
 * behind a mutex held for a copy only. Bounds: settings->journal entries, oldest dropped.
 */
#ifndef ATOLL_SERVER_JOURNAL_H
#define ATOLL_SERVER_JOURNAL_H

#include "server/request.h"

struct journal;
struct copy_told;   /* replication/timekeeper.h */
struct json_writer; /* base/json.h */
struct journal *journal_new(unsigned entries);
void journal_free(struct journal *journal);
/* Writes the log line (product.md 2.9), one more per nonstandard mark, and remembers the request.
 */
void journal_add(struct journal *journal, const struct request *rq, bool sent_whole);
/* A copy arrived, failed, was held ... : its log line. World thread. */
void journal_copy(const struct copy_told *copy);
void journal_clear(struct journal *journal);
struct journal_version {
    str bucket, key, version_id; /* what a request was about; may be empty */
};
/* The explain document (product.md 2.5) as JSON; id empty or "last": the last S3 request. Its
 * object is left open for what the caller knows of the version. False when it is not (or no longer)
 * there. */
MUST_CHECK bool journal_explain(struct journal *journal, struct arena *arena, str id,
                                struct json_writer *out, struct journal_version *at);
struct journal_filter {                         /* empty or false: any */
    str client, region, mrap, bucket, key, api; /* globs */
    str status;                                 /* "503", "5xx" */
    bool stale, errors;
    unsigned limit;
};
/* {"requests":[...]}: the newest `limit` that fit, newest last. */
void journal_list(struct journal *journal, const struct journal_filter *filter, struct buf *out);
/* The same, an object a line, without what it takes to send them again. */
void journal_lines(struct journal *journal, const struct journal_filter *filter, struct buf *out);

#endif
