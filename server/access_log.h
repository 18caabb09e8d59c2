/* access_log: server access logging (AWS: "Logging requests with server access logging"). The
 * records of buckets that have a logging configuration, collected per target and written as objects
 * into the target bucket, by a thread of its own: when the emulated clock passes an hour, and
 * earlier when a batch is full. A world in which no bucket logs pays one look at the bucket.
 *
 * Threads: request from any; next and timer from the world thread, which waits in timer until the
 * objects are there, so that after an advance they are seen. Bounds: ACCESS_LOG_BATCHES,
 * ACCESS_LOG_LINES and ACCESS_LOG_BYTES of each; what finds no room is logged and gone, as AWS
 * promises no record either ("best effort"). Ownership: copies what it is given.
 */
#ifndef ATOLL_SERVER_ACCESS_LOG_H
#define ATOLL_SERVER_ACCESS_LOG_H

#include "server/request.h"

#define ACCESS_LOG_KIND "logging"      /* in the store */
#define ACCESS_LOG_BATCHES 64          /* [atoll] open or on their way */
#define ACCESS_LOG_LINES 1000          /* [atoll] of one object */
#define ACCESS_LOG_BYTES (1024 * 1024) /* [atoll] of one object */

struct access_log;

struct access_log *access_log_open(struct world *world);
/* Writes what was collected, ends the thread; later requests are not recorded. */
void access_log_stop(struct access_log *log);
void access_log_close(struct access_log *log);

/* Beside the request's own line, written with it: copies what it is given. Nothing where the note's
 * bucket cannot be logging. */
struct access_note; /* server/access_record.h */
void access_log_note(struct request *rq, const struct access_note *note);
/* What S3 did by itself; any thread that has a reader. */
void access_log_world(struct access_log *log, struct store_reader *reader, struct arena *arena,
                      const struct access_note *note);
/* The request was answered. */
void access_log_request(struct access_log *log, struct request *rq);
/* The hour at which what was collected will be written; INSTANT_NEVER when there is nothing. */
instant access_log_next(struct access_log *log, instant now);
void access_log_timer(struct access_log *log, instant now);
/* Blocks until all that was collected is written. */
void access_log_flush(struct access_log *log);

#endif
