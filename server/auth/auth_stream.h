/* auth_stream: the chain of signatures over a streaming payload; auth.h has the two calls that
 * payloads make. Ownership: the stream lives in the request's arena. Threads: the request's.
 */
#ifndef ATOLL_SERVER_AUTH_AUTH_STREAM_H
#define ATOLL_SERVER_AUTH_AUTH_STREAM_H

#include "server/auth/credentials.h"

/* The chain begins with the request's own signature. */
struct auth_stream *auth_stream_new(struct arena *arena, const struct claim *claim,
                                    const struct verifier *verifier);
/* The last text that was compared, for tests and traces. */
str auth_stream_string_to_sign(const struct auth_stream *stream);

#endif
