/* credentials: what auth.c asks of the credential table that auth.h declares: who a key belongs to,
 * and the key material to verify with, derived once and kept.
 *
 * Ownership: answers live in the arena given. Threads: any; locked inside. Bounds: derived SigV4
 * keys are kept in CREDENTIAL_CACHE slots, the oldest of its set makes room.
 */
#ifndef ATOLL_SERVER_AUTH_CREDENTIALS_H
#define ATOLL_SERVER_AUTH_CREDENTIALS_H

#include "server/auth/auth.h"
#include "server/auth/claim.h"
#include "server/auth/sigv4a.h"

#define CREDENTIAL_KEY_BYTES 128
#define CREDENTIAL_SECRET_BYTES 256
#define CREDENTIAL_CACHE 1024

struct credential {
    str account;
    str arn; /* empty: none was set */
    bool from_config;
    str session_token; /* empty: not STS's */
    instant expires;   /* wall; of STS's */
};

/* What a signature is checked with. */
struct verifier {
    enum auth_algorithm algorithm;
    unsigned char hmac_key[32]; /* SigV4 */
    sigv4a_key *point;          /* SigV4A; the arena given to credentials_verifier holds it */
};

bool credentials_find(struct credentials *credentials, struct arena *arena, str access_key,
                      struct credential *out);
/* False when the access key is gone. `claim` says the key, the algorithm and the scope. */
bool credentials_verifier(struct credentials *credentials, struct arena *arena,
                          const struct claim *claim, struct verifier *out);
/* SigV2 signs with the secret itself, which does not leave the table. False too when the key is
 * gone. */
bool credentials_accept_sigv2(struct credentials *credentials, struct arena *arena,
                              const struct claim *claim, str string_to_sign);
bool verifier_accepts(const struct verifier *verifier, str string_to_sign, str signature);

#endif
