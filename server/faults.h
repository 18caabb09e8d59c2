/* faults: the rules in force, and what they do to requests and copies (fault.h says how one reads).
 *
 * Documents of kind "fault" are the truth (id: the name, body: the rule as JSON); this is their
 * image in memory, reloaded after each committed change. Counts (hits, steps of a script, what a
 * throttle has left) are ordinals (ordinals.h): a rule that did not change keeps them over a reload
 * and over any restart; a snapshot has them as documents of kind "fault-counts". Chance: RNG_FAULT
 * keyed by the rule's name and how many requests it has matched.
 *
 * Threads: any; one lock, taken only while there are rules. Bounds: FAULTS_MOST rules,
 * FAULTS_INVOCATIONS remembered for match.attempt.
 */
#ifndef ATOLL_SERVER_FAULTS_H
#define ATOLL_SERVER_FAULTS_H

#include "server/fault.h"
#include "server/ordinals.h"
#include "server/request.h"

#define FAULTS_MOST ORDINALS_FAULTS
#define FAULTS_INVOCATIONS 4096 /* [atoll] a power of two */

struct faults;
struct queue_row;

/* What one or several rules do to one request, beyond an error. In the request's arena. */
struct fault_effect {
    str names; /* with ", " */
    duration delay;
    enum fault_cut cut;
    bool truncates;
    uint64_t truncate_bytes;
    uint64_t slow_bytes_per_s;
    int status; /* 0: the code's own */
};

MUST_CHECK struct faults *faults_open(struct store_reader *reader, struct world *world);
void faults_close(struct faults *faults);
/* Keeps the counts for a snapshot. Blocks; not for a worker. */
void faults_save(struct faults *faults, struct store *store);
/* Another world is in the store: its faults and their counts, none of the old ones. */
void faults_restore(struct faults *faults, struct store_reader *reader, uint64_t seed);
void faults_reload(struct faults *faults, struct store_reader *reader);
size_t faults_count(const struct faults *faults);

/* The document that says this rule; body ptr == NULL when `fault` is NULL: it deletes `name`. */
struct store_doc faults_doc(struct arena *arena, str name, const struct fault *fault);
/* One rule as a JSON object with its hits; false when there is none of that name. */
MUST_CHECK bool faults_show(struct faults *faults, str name, struct json_writer *writer);
/* All of them, as elements of an array; by name. */
void faults_show_all(struct faults *faults, struct json_writer *writer);

/* The step of the walk: S3_OK, or the error that a rule gives. Sets rq->fault when any matched. */
enum s3_code faults_meet(struct request *rq);
/* The last touch to the answer: delay, speed, where it breaks off. */
void faults_shape(struct request *rq);
/* AWS's reason when a rule refuses this copy; unset: none. World thread. */
str faults_refuse_copy(struct faults *faults, const struct queue_row *row);

/* AWS's code when a rule lets this operation's work for access point `mrap` fail in one Region;
 * NULL: none. */
const char *faults_fail_async(struct faults *faults, str api, str mrap, str region);

#endif
