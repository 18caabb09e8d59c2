/* The cache of leaves, and libmicrohttpd's certificate callback. The callback has no argument of
 * ours; the GnuTLS session leads to libmicrohttpd's connection and that to our own. */
#include "server/front/tls.h"

#include <stdlib.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "base/limits.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/rng.h"
#include "server/front/connection.h"

enum { BUCKETS = 512, HOST_BYTES = 256 };

struct leaf {
    char host[HOST_BYTES];
    str name; /* points into host */
    gnutls_pcert_st certificate;
    unsigned holders; /* the cache, and connections */
    struct leaf *next_in_bucket;
    struct leaf *next_newer;
};

struct leaves {
    struct ca *ca;
    gnutls_privkey_t key;
    struct mutex lock; /* guards the rest */
    struct leaf *buckets[BUCKETS];
    struct leaf *oldest;
    struct leaf *newest;
    unsigned count;
};

const char *tls_library_version(void)
{
    return gnutls_check_version(NULL);
}

const char *tls_http_library_version(void)
{
    return MHD_get_version();
}

struct leaves *tls_leaves_new(struct ca *ca)
{
    struct leaves *leaves = mem_alloc(sizeof *leaves);
    str der = ca_leaf_key_der(ca);
    gnutls_datum_t datum = { .data = (unsigned char *) (uintptr_t) der.ptr,
                             .size = (unsigned) der.size };
    leaves->ca = ca;
    mutex_init(&leaves->lock);
    if (gnutls_privkey_init(&leaves->key) == 0 &&
        gnutls_privkey_import_x509_raw(leaves->key, &datum, GNUTLS_X509_FMT_DER, NULL, 0) == 0)
        return leaves;
    tls_leaves_free(leaves);
    return NULL;
}

static void let_go_locked(struct leaves *leaves, struct leaf *leaf)
{
    mutex_assert_held(&leaves->lock);
    if (--leaf->holders > 0)
        return;
    gnutls_pcert_deinit(&leaf->certificate);
    free(leaf);
}

static struct leaf **bucket_of(struct leaves *leaves, str host)
{
    return &leaves->buckets[rng_hash(host) % BUCKETS];
}

static void evict_oldest_locked(struct leaves *leaves)
{
    struct leaf *leaf = leaves->oldest;
    struct leaf **at = bucket_of(leaves, leaf->name);
    while (*at != leaf)
        at = &(*at)->next_in_bucket;
    *at = leaf->next_in_bucket;
    leaves->oldest = leaf->next_newer;
    if (leaves->oldest == NULL)
        leaves->newest = NULL;
    leaves->count--;
    let_go_locked(leaves, leaf);
}

static struct leaf *mint_locked(struct leaves *leaves, str host)
{
    struct arena *arena = arena_new();
    struct leaf *leaf = mem_alloc(sizeof *leaf);
    str der = ca_mint(leaves->ca, arena, host);
    gnutls_datum_t datum = { .data = (unsigned char *) (uintptr_t) der.ptr,
                             .size = (unsigned) der.size };
    bool ok = der.size > 0 &&
              gnutls_pcert_import_x509_raw(&leaf->certificate, &datum, GNUTLS_X509_FMT_DER, 0) == 0;
    arena_free(arena);
    if (!ok) {
        free(leaf);
        return NULL;
    }
    memcpy(leaf->host, host.ptr, host.size);
    leaf->name = str_from(leaf->host, host.size);
    leaf->holders = 1;
    struct leaf **bucket = bucket_of(leaves, host);
    leaf->next_in_bucket = *bucket;
    *bucket = leaf;
    if (leaves->newest)
        leaves->newest->next_newer = leaf;
    else
        leaves->oldest = leaf;
    leaves->newest = leaf;
    if (++leaves->count > LIMIT_LEAF_CACHE)
        evict_oldest_locked(leaves);
    return leaf;
}

/* Held by the caller until tls_leaf_drop. */
static struct leaf *leaf_for(struct leaves *leaves, str host)
{
    SCOPED_LOCK(&leaves->lock);
    struct leaf *leaf = *bucket_of(leaves, host);
    while (leaf && !str_eq(leaf->name, host))
        leaf = leaf->next_in_bucket;
    if (leaf == NULL)
        leaf = mint_locked(leaves, host);
    if (leaf)
        leaf->holders++;
    return leaf;
}

void tls_leaf_drop(struct leaves *leaves, struct leaf *leaf)
{
    if (leaf == NULL)
        return;
    SCOPED_LOCK(&leaves->lock);
    let_go_locked(leaves, leaf);
}

void tls_leaves_free(struct leaves *leaves)
{
    if (leaves == NULL)
        return;
    mutex_lock(&leaves->lock);
    while (leaves->oldest)
        evict_oldest_locked(leaves);
    mutex_unlock(&leaves->lock);
    mutex_fini(&leaves->lock);
    gnutls_privkey_deinit(leaves->key);
    ca_close(leaves->ca);
    free(leaves);
}

str tls_ca_pem(const struct leaves *leaves)
{
    return ca_pem(leaves->ca);
}

/* The name asked for, in lower case; the fallback where none is, or none that we may certify. */
static str asked_name(gnutls_session_t session, char *name, size_t room)
{
    unsigned type;
    size_t size = room;
    if (gnutls_server_name_get(session, name, &size, &type, 0) != 0 || type != GNUTLS_NAME_DNS)
        return STR(CA_FALLBACK_HOST);
    size = strnlen(name, size);
    for (size_t i = 0; i < size; i++)
        if (name[i] >= 'A' && name[i] <= 'Z')
            name[i] = (char) (name[i] + ('a' - 'A'));
    str host = str_from(name, size);
    return ca_may_name(host) ? host : STR(CA_FALLBACK_HOST);
}

static int certificate(gnutls_session_t session, UNUSED const gnutls_datum_t *issuers,
                       UNUSED int issuer_count, UNUSED const gnutls_pk_algorithm_t *algorithms,
                       UNUSED int algorithm_count, gnutls_pcert_st **chain, unsigned *chain_length,
                       gnutls_privkey_t *key)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        gnutls_session_get_ptr(session), MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *connection = connection_from(info->socket_context);
    struct leaves *leaves = connection->worker->front->leaves;
    char name[HOST_BYTES];
    if (connection->leaf == NULL)
        connection->leaf = leaf_for(leaves, asked_name(session, name, sizeof name - 1));
    if (connection->leaf == NULL)
        return -1;
    *chain = &connection->leaf->certificate;
    *chain_length = 1;
    *key = leaves->key;
    return 0;
}

void tls_names(struct connection *connection, str *version, str *cipher)
{
    if (connection->tls_version == NULL) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
        gnutls_session_t session = info->tls_session;
        connection->tls_version = gnutls_protocol_get_name(gnutls_protocol_get_version(session));
        connection->tls_cipher = gnutls_ciphersuite_get(session);
        if (connection->tls_version == NULL || connection->tls_cipher == NULL)
            connection->tls_version = connection->tls_cipher = "";
    }
    *version = str_of(connection->tls_version);
    *cipher = str_of(connection->tls_cipher);
}

void *tls_certificate_callback(void)
{
    gnutls_certificate_retrieve_function2 *function = certificate;
    void *pointer;
    memcpy(&pointer, &function, sizeof pointer);
    return pointer;
}
