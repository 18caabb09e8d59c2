/* http: one blocking HTTP/1.1 request to an atoll server; just enough for the admin API.
 * The token of $ATOLL_ADMIN_TOKEN_FILE, when there is one, goes along.
 * Errors: false with a sentence in *error. Bounds: answers up to LIMIT_ANSWER_BYTES. */
#ifndef ATOLL_CLI_HTTP_H
#define ATOLL_CLI_HTTP_H

#include "base/buf.h"

struct http_answer {
    int status;
    str content_type;
    bool has_length;
    uint64_t length; /* as declared */
    str body;
};
/* `server` is http://HOST[:PORT]; `body` ptr NULL sends none, else as application/json. */
MUST_CHECK bool http_call(struct arena *arena, str server, const char *method, str path, str body,
                          struct http_answer *out, str *error);

/* Files, of any size: GET whose body, if the status is 200, goes to `fd` as it comes (answer.body
 * is empty then), and PUT of all that `fd` has, as application/x-tar. False with a status: it was
 * answered, but not to the end. */
MUST_CHECK bool http_get_file(struct arena *arena, str server, str path, int fd,
                              struct http_answer *out, str *error);
MUST_CHECK bool http_put_file(struct arena *arena, str server, str path, int fd,
                              struct http_answer *out, str *error);

/* GET that does not end: `take` gets the body's bytes as they come, as NDJSON, until it returns
 * false or the server ends. The status of the answer; 0 when there is none: *error. */
int http_stream(struct arena *arena, str server, str path, bool (*take)(void *ctx, str bytes),
                void *ctx, str *error);

#endif
