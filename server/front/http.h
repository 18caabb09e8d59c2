/* http: libmicrohttpd behind four calls. This file, exchange.h, head.*, answer.* and tls.* are all
 * that knows it; everybody else sees struct request.
 *
 * Two daemons per worker, plain and TLS, in external polling: the worker waits on their epoll fds
 * and calls http_run. Threads: the worker's own.
 */
#ifndef ATOLL_SERVER_FRONT_HTTP_H
#define ATOLL_SERVER_FRONT_HTTP_H

#include "server/front/connection.h"

MUST_CHECK bool http_open(struct worker *worker);
/* Takes over a peeked socket; connection->tls says which daemon. */
void http_adopt(struct connection *connection);
/* How long the worker may wait for the daemons' sake. */
duration http_patience(struct worker *worker);
/* Runs the daemons that have something to do, or both. */
void http_run(struct worker *worker, bool both);
/* Ends the event streams of this worker: it drains. */
void http_end_streams(struct worker *worker);
/* Cuts every request and stops both daemons. Requests that the store still owns become orphans. */
void http_stop(struct worker *worker);

#endif
