/* answer: looking at what the last request got back.
 *
 * Threads: one run at a time. Ownership: strings live until the next request.
 */
#ifndef ATOLL_SCENARIO_ANSWER_H
#define ATOLL_SCENARIO_ANSWER_H

#include "scenario/run.h"
#include "server/request.h"

#define ANSWER_KEPT_BYTES (1024 * 1024) /* of a body; what is longer is read and dropped */

/* Reads a stored body to its end, as a client would. */
str answer_read_body(struct request *rq);
/* A header of the last answer; STR_NONE when it has none. */
str answer_header(const struct run *run, const char *name);
/* ETag without its quotation marks. */
str answer_etag(struct run *run);
/* Its document; NULL when it is none. */
const struct xml *answer_xml(struct run *run);
/* The first element of this name, at any depth: "Code", or a path of names, "Error/Code". */
const struct xml *answer_element(struct run *run, str path);
/* "HTTP 404", headers and body, for people. */
str answer_text(const struct run *run, struct arena *arena);

#endif
