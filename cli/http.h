/* http: one blocking HTTP/1.1 request to an atoll server; just enough for the admin API.
 * Errors: false with a sentence in *error. Bounds: answers up to LIMIT_ANSWER_BYTES. */
#ifndef ATOLL_CLI_HTTP_H
#define ATOLL_CLI_HTTP_H

#include "base/buf.h"

struct http_answer {
    int status;
    str content_type;
    str body;
};
/* `server` is http://HOST[:PORT]; `body` ptr NULL sends none, else as application/json. */
MUST_CHECK bool http_call(struct arena *arena, str server, const char *method, str path, str body,
                          struct http_answer *out, str *error);

#endif
