/* deliveries: messages on their way to the targets that a configuration names: a webhook, or a line
 * in a file. From a bounded queue, by a thread of its own, one after another, each tried once; what
 * finds no room, no listener or no 2xx is logged and gone.
 *
 * Threads: give and flush from any. Ownership: give copies; targets must outlive the deliveries.
 */
#ifndef ATOLL_SERVER_DELIVERIES_H
#define ATOLL_SERVER_DELIVERIES_H

#include "base/str.h"

#define DELIVERIES_WAITING 1024 /* [atoll] */

struct deliveries;

struct delivery_target {
    str webhook;   /* "http://127.0.0.1:9000/x"; empty: none */
    str log;       /* path; empty: none */
    bool anywhere; /* the webhook's host was listed; else it must be this machine */
};

/* "http://HOST[:PORT][/PATH]". False for anything else. Pure. */
MUST_CHECK bool deliveries_url(str url, str *host, str *port, str *path);

struct deliveries *deliveries_open(void);
/* Lines are still written; webhooks are not waited for. */
void deliveries_close(struct deliveries *deliveries);
void deliveries_give(struct deliveries *deliveries, const struct delivery_target *target,
                     str message);
/* Blocks until all that was given before is done. */
void deliveries_flush(struct deliveries *deliveries);

#endif
