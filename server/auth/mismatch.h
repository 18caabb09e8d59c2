/* mismatch: why a signature did not match. The usual mistakes of signers are made on purpose, one
 * at a time, and the one whose signature is the client's is named.
 *
 * A diagnosis alone: nothing that it finds is accepted. Ownership: texts in the request's arena.
 * Threads: as the request. Bounds: canonical requests up to MISMATCH_BYTES, MISMATCH_TRIALS
 * signatures. Secrets: session tokens and SSE-C keys are blotted out of the texts.
 */
#ifndef ATOLL_SERVER_AUTH_MISMATCH_H
#define ATOLL_SERVER_AUTH_MISMATCH_H

#include "server/auth/credentials.h"

#define MISMATCH_BYTES 8192
#define MISMATCH_TRIALS 128
#define MISMATCH_NOWHERE SIZE_MAX

struct mismatch {
    str cause;     /* "the path was encoded twice"; what is left to suspect when none is found */
    bool found;    /* the signature proves the cause */
    str canonical; /* the server's canonical request; empty when it is beyond MISMATCH_BYTES */
    str client;    /* the client's, when found */
    size_t at;     /* of the first byte that differs; MISMATCH_NOWHERE: they are the same */
};

/* `verifier`: of the claim, which did not accept `canonical`. Never NULL. */
const struct mismatch *mismatch_find(struct request *rq, const struct claim *claim,
                                     const struct verifier *verifier, str canonical);

/* The same of Version 2, whose string to sign is all there is, and of a form, which signs its
 * policy's text. */
const struct mismatch *mismatch_find_plain(struct request *rq, const struct claim *claim,
                                           str string_to_sign);

#endif
