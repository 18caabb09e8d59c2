/* canonical: the two texts of Signature Version 4: the canonical request, and the string to sign.
 *
 * The path stands as on the wire: S3 encodes once and never normalises ("//" and "/./" are ordinary
 * in keys), so what the client sent is what it signed, or at least means it. Ownership: texts in
 * the request's arena. Threads: pure. Errors: an empty canonical request when it would pass its
 * bound.
 */
#ifndef ATOLL_SERVER_AUTH_CANONICAL_H
#define ATOLL_SERVER_AUTH_CANONICAL_H

#include "server/auth/claim.h"

str canonical_request(const struct request *rq, const struct claim *claim, str payload_hash);

/* The same, not empty, with the path encoded anew from what it means. S3 verifies that one: the
 * AWS SDK for Java signs "a//b" and sends "a/%2Fb", as Apache's client cannot send the other. */
str canonical_of_decoded_path(struct arena *arena, str canonical);

str canonical_string_to_sign(struct arena *arena, const struct claim *claim, str canonical);

#endif
