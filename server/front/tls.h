/* tls: the certificate for each TLS client, by the name it asks for (SNI).
 *
 * Leaves are minted on first use and kept, LIMIT_LEAF_CACHE of them; a leaf that is dropped from
 * the cache lives on while a connection holds it, because GnuTLS goes on pointing to it. Threads:
 * any. This file and http's group are what knows GnuTLS and libmicrohttpd.
 */
#ifndef ATOLL_SERVER_FRONT_TLS_H
#define ATOLL_SERVER_FRONT_TLS_H

#include "server/front/ca.h"

/* "3.7.9" of GnuTLS, "0.9.75" of libmicrohttpd: as linked. Static. */
const char *tls_library_version(void);
const char *tls_http_library_version(void);

struct leaves;
struct leaf;

/* Takes the CA. NULL when GnuTLS does not take its key. */
MUST_CHECK struct leaves *tls_leaves_new(struct ca *ca);
void tls_leaves_free(struct leaves *leaves); /* NULL is fine; no leaf may be held */
str tls_ca_pem(const struct leaves *leaves);
void tls_leaf_drop(struct leaves *leaves, struct leaf *leaf); /* NULL is fine */
/* For MHD_OPTION_HTTPS_CERT_CALLBACK. */
void *tls_certificate_callback(void);

/* What was agreed upon, as GnuTLS names it ("TLS1.3", "TLS_AES_256_GCM_SHA384"); static texts.
 * After the handshake. */
struct connection;
void tls_names(struct connection *connection, str *version, str *cipher);

#endif
