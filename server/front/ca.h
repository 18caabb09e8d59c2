/* ca: the certificate authority of this user, and the certificates it signs.
 *
 * Made once, in settings.ca_dir: ca.pem for clients to trust, ca.key (0600) for us. It is of little
 * use to a thief: critical name constraints bind it to AWS's names and this machine's.
 * Ownership: ca_close frees. Threads: any, after ca_open. Errors: a sentence in *error.
 */
#ifndef ATOLL_SERVER_FRONT_CA_H
#define ATOLL_SERVER_FRONT_CA_H

#include "base/arena.h"
#include "base/str.h"

#define CA_FALLBACK_HOST "localhost" /* its certificate also names 127.0.0.1 and ::1 */

struct ca;

/* Loads the CA from `directory`, or makes it there. Safe against another process doing the same:
 * both end up with the same one. *error lives in `arena`. */
MUST_CHECK struct ca *ca_open(struct arena *arena, str directory, str *error);
void ca_close(struct ca *ca); /* NULL is fine */

str ca_pem(const struct ca *ca);          /* text of ca.pem */
str ca_leaf_key_der(const struct ca *ca); /* the one key of all leaves, of this process */
/* Within the constraints: a name that a client would believe us. Lower case. */
bool ca_may_name(str host);
/* A certificate for `host` (lower case) in DER, in the arena. A host that ca_may_name refuses gets
 * the fallback's. STR_NONE when OpenSSL fails, which is logged. */
str ca_mint(const struct ca *ca, struct arena *arena, str host);

#endif
