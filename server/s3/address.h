/* address: Host header + raw target -> what is asked for. Pure. The host classes are those of
 * clients.md 7; the path is never normalised: "//", "./", "+" and "%2F" are ordinary in keys. */
#ifndef ATOLL_SERVER_S3_ADDRESS_H
#define ATOLL_SERVER_S3_ADDRESS_H

#include "server/request.h"

/* Names of our own beside the built-in ones (--host-name), lower case. */
struct host_names {
    const str *at;
    size_t count;
};

/* `host` may carry a port; an absolute-form target's authority wins over it. False when the target
 * is no URI path at all. *raw_query is the part after '?', undecoded. */
MUST_CHECK bool address_parse(struct arena *arena, struct host_names own, str host, str target,
                              struct address *out, str *raw_query);
/* '+' is a space; a name without '=' has value.ptr == NULL. Order is kept. */
void query_parse(struct arena *arena, str raw_query, struct fields *out);

#endif
