/* proxy: what a CONNECT asks for, and whether atoll answers it itself. Pure.
 *
 * Ownership: results point into the head they were read from, or live in the arena.
 * Threads: any. Errors: false.
 */
#ifndef ATOLL_SERVER_FRONT_PROXY_H
#define ATOLL_SERVER_FRONT_PROXY_H

#include "base/arena.h"
#include "base/str.h"

struct settings;

struct proxy_connect {
    str authority; /* "s3.amazonaws.com:443" as it came */
    str host;      /* without brackets and without a last dot, case as it came */
    str port;      /* digits, 1 to 65535 */
    str user;      /* of Proxy-Authorization: Basic; may be empty; in the arena */
};

/* `head` runs from "CONNECT " to the empty line, included. HTTP/1.0 and 1.1, Host not needed
 * (Python before 3.12 sends neither Host nor anything else: clients.md 3.1). */
MUST_CHECK bool proxy_connect_parse(struct arena *arena, str head, struct proxy_connect *out);
/* The user of "Basic ..."; STR_NONE for any other scheme or broken base64. */
str proxy_user(struct arena *arena, str authorization);
/* AWS's names, this machine's, and the names atoll listens on: answered here. */
bool proxy_is_ours(const struct settings *settings, str host);
bool proxy_is_loopback(str host);

#endif
